//! Orders of ports on simulated switches.

use intent::name::TenantName;
use intent::tenancy::{PortEntry, PortName, single};
use jiff::Timestamp;
use naas::ports::PortDocuments;
use serde_json::json;

use super::*;

const TENANTS: &str = "template: port.j2\nidle_vlan: 999\ntenants: {}\n";
const PORT: &str = "{% for vlan in model.vlans %}\nvlan {{ vlan }}\n{% endfor %}\ninterface {{ model.port }}\n\
    {% if model.description %}\n   description {{ model.description }}\n{% endif %}\n   switchport access vlan {{ model.vlan }}\n\
    {% if model.shutdown %}\n   shutdown\n{% endif %}\n   spanning-tree portfast\n";

fn order(store: &FakeStore, name: &str, body: &str) {
    let mut documents = store.port_documents.lock().unwrap();
    let document = documents.entry(DeviceName::new("a").unwrap()).or_default();
    document.generation += 1;
    let entry = PortEntry {
        tenant: TenantName::new("red").unwrap(),
        idle: false,
        intent: single(body.as_bytes()).unwrap(),
        by: "ana".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        request: RunId::parse(RUN).unwrap(),
        generation: document.generation,
    };
    document.ports.insert(PortName::parse(name).unwrap(), entry);
}

fn add_models(store: &FakeStore, more: &[(&str, &str)]) {
    let mut models = store.models.lock().unwrap();
    let mut files = models.0.clone();
    files.extend(more.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())));
    *models = std::sync::Arc::new(intent::model::ModelFiles(files));
}

/// A site with tenants, whose switches run what models say.
async fn ordered_site() -> (Handle, FakeStore) {
    let fleet = fleet().await;
    let store = store(&fleet, "pw");
    add_models(&store, &[("tenants.yaml", TENANTS), ("port.j2", PORT)]);
    (fleet, store)
}

fn by_hand(device: &DeviceHandle, lines: &[&str]) {
    let cmds: Vec<_> = ["enable", "configure"].iter().chain(lines).chain(&["end", "write memory"]).collect();
    let params = json!({"version": 1, "cmds": cmds, "format": "text"});
    let request = json!({"jsonrpc": "2.0", "method": "runCmds", "params": params, "id": 1});
    let answer = device.call(request.to_string().as_bytes()).unwrap();
    assert!(!String::from_utf8_lossy(&answer).contains("error"), "{}", String::from_utf8_lossy(&answer));
}

async fn bring(fleet: &Handle, store: &FakeStore, name: &str) -> Outcome {
    store.outcomes.lock().unwrap().clear();
    let order = json!({"load": "merge", "order": {"tenant": "red", "ports": [name]}});
    enforce_with(fleet, store, "apply", &["a"], order).await;
    outcome(store, "a")
}

#[tokio::test]
async fn a_tenants_port_moves_and_hand_drift_stays() {
    let (fleet, store) = ordered_site().await;
    let device = fleet.device("a").unwrap();
    enforce_devices(&fleet, &store, "apply", &["a"]).await;
    by_hand(&device, &["ntp server 192.0.2.99", "interface Ethernet3", "mtu 9000", "no switchport"]);
    order(&store, "Ethernet3", r#"{"vlan": 110, "description": "web 1", "shutdown": false}"#);

    let first = bring(&fleet, &store, "Ethernet3").await;
    order(&store, "Ethernet3", r#"{"vlan": 111, "shutdown": false}"#);
    let second = bring(&fleet, &store, "Ethernet3").await;

    assert_eq!(
        (first.status, second.status),
        (Status::Changed, Status::Changed),
        "{:?} {:?}",
        first.error,
        second.error
    );
    let running = device.running_config();
    assert!(running.contains("ntp server 192.0.2.99"), "{running}");
    assert!(
        running.contains("interface Ethernet3\n   switchport access vlan 111\n   spanning-tree portfast\n"),
        "{running}"
    );
    assert!(!running.contains("mtu 9000") && !running.contains("web 1"), "{running}");
    let applied = (&store).applied_ports(&DeviceName::new("a").unwrap()).await.unwrap();
    assert_eq!(applied.generations()[&PortName::parse("Ethernet3").unwrap()], 2);
}

#[tokio::test]
async fn a_template_of_ports_with_a_global_line_is_out_of_scope() {
    let (fleet, store) = ordered_site().await;
    let device = fleet.device("a").unwrap();
    enforce_devices(&fleet, &store, "apply", &["a"]).await;
    let before = device.running_config();
    add_models(&store, &[("port.j2", &format!("{PORT}ip routing\n"))]);
    order(&store, "Ethernet3", r#"{"vlan": 110}"#);

    let outcome = bring(&fleet, &store, "Ethernet3").await;

    assert_eq!((outcome.status, &outcome.switch), (Status::OutOfScope, &SwitchState::Unchanged), "{:?}", outcome.error);
    assert!(outcome.error.unwrap().contains("+ in `ip routing`: ip routing"));
    assert_eq!(device.running_config(), before);
}

#[tokio::test]
async fn an_operators_replace_has_the_ports_and_ends_in_sync() {
    let (fleet, store) = ordered_site().await;
    order(&store, "Ethernet3", r#"{"vlan": 110}"#);

    enforce_devices(&fleet, &store, "apply", &["a"]).await;
    let first = outcome(&store, "a");
    store.outcomes.lock().unwrap().clear();
    enforce_devices(&fleet, &store, "check", &["a"]).await;

    assert_eq!((first.status, outcome(&store, "a").status), (Status::Changed, Status::InSync));
    assert!(fleet.device("a").unwrap().running_config().contains("switchport access vlan 110"));
}
