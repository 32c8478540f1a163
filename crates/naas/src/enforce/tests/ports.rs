//! What a run of an order does, and what an operator's runs do with ordered ports.

use intent::name::TenantName;
use intent::tenancy::{PortEntry, PortName, single};
use serde_json::json;

use super::*;
use crate::ports::PortDocuments;
use crate::records::device_state::Pin;

const TENANTS: (&str, &str) = ("tenants.yaml", "template: port.tera\nidle_vlan: 999\ntenants: {}\n");
const PORT: (&str, &str) = ("port.tera", "interface {{ model.port }}\n   switchport access vlan {{ model.vlan }}\n");
const GLOBAL: (&str, &str) = ("port.tera", "no ip routing\ninterface {{ model.port }}\n   description x\n");

/// What an engineer has left on the switch: a drift that no order is about.
const RUNNING: &str = "hostname by-hand\ninterface Ethernet1\n   description up\ninterface Ethernet3\n   mtu 9000\n";

fn port(name: &str) -> PortName {
    PortName::parse(name).unwrap()
}

fn leaf1() -> DeviceName {
    DeviceName::new("leaf1").unwrap()
}

impl Site {
    fn with_tenants(template: (&str, &str)) -> Self {
        let site = Self::new(&[MODEL, TEMPLATE, TENANTS, template]);
        site.switches.run("leaf1", RUNNING);
        site
    }

    /// Puts an order into the document.
    fn order(&self, tenant: &str, name: &str, vlan: u16) {
        let mut documents = self.store.port_documents.lock().unwrap();
        let document = documents.entry(leaf1()).or_default();
        document.generation += 1;
        let entry = PortEntry {
            tenant: TenantName::new(tenant).unwrap(),
            idle: false,
            intent: single(format!(r#"{{"vlan": {vlan}}}"#).as_bytes()).unwrap(),
            by: "ana".to_owned(),
            at: self.clock.now(),
            request: RunId::parse(RUN).unwrap(),
            generation: document.generation,
        };
        document.ports.insert(port(name), entry);
    }

    async fn bring(&self, tenant: &str, ports: &[&str]) -> Outcome {
        self.forget_outcomes();
        let order = json!({"load": "merge", "order": {"tenant": tenant, "ports": ports}});
        self.receive(&message_with("apply", &["leaf1"], order), Delivery::First).await.unwrap();
        self.outcome("leaf1")
    }

    async fn applied(&self) -> Vec<(String, u64)> {
        let applied = (&self.store).applied_ports(&leaf1()).await.unwrap();
        applied.generations().into_iter().map(|(port, generation)| (port.to_string(), generation)).collect()
    }
}

#[tokio::test]
async fn an_order_changes_its_port_and_leaves_drift_alone() {
    let site = Site::with_tenants(PORT);
    site.order("red", "Ethernet3", 110);

    let outcome = site.bring("red", &["Ethernet3"]).await;

    assert_eq!(outcome.status, Status::Changed, "{:?}", outcome.error);
    let running = site.switches.running("leaf1");
    assert!(running.contains("hostname by-hand\n") && !running.contains("mtu 9000"), "{running}");
    assert!(running.contains("interface Ethernet3\n   switchport access vlan 110\n"), "{running}");
    assert_eq!(site.applied().await, [("Ethernet3".to_owned(), 1)]);
    let record = site.store.records.lock().unwrap()[&leaf1()].0.clone();
    assert!(record.in_sync.is_none(), "a merge says nothing about the whole");
    let revision = site.store.revisions.lock().unwrap()[0].clone();
    assert_eq!(
        site.store.texts.lock().unwrap()[&(leaf1(), revision.configuration.clone())],
        running,
        "the whole is kept"
    );
    assert!(
        revision.parts.iter().any(|part| part.model.starts_with("port Ethernet3 of tenant red")),
        "{:?}",
        revision.parts
    );
}

#[tokio::test]
async fn an_order_that_would_change_more_is_out_of_scope() {
    let site = Site::with_tenants(GLOBAL);
    site.order("red", "Ethernet3", 110);

    let outcome = site.bring("red", &["Ethernet3"]).await;

    assert_eq!((outcome.status, outcome.switch), (Status::OutOfScope, SwitchState::Unchanged));
    let error = outcome.error.unwrap();
    assert!(
        error.contains("the order of Ethernet3 would also change another line of the switch: + in `no ip routing`"),
        "{error}"
    );
    assert_eq!(site.switches.running("leaf1"), RUNNING);
    assert_eq!(site.switches.pending("leaf1"), Vec::<String>::new());
    assert_eq!(site.applied().await, []);
}

#[tokio::test]
async fn a_run_brings_what_its_tenant_ordered_since_and_nothing_else() {
    let site = Site::with_tenants(PORT);
    for (tenant, name, vlan) in [("red", "Ethernet3", 110), ("red", "Ethernet4", 111), ("blue", "Ethernet5", 120)] {
        site.order(tenant, name, vlan);
    }

    let first = site.bring("red", &["Ethernet3"]).await;
    site.switches.take_calls();
    let second = site.bring("red", &["Ethernet4"]).await;

    assert_eq!((first.status, second.status), (Status::Changed, Status::Superseded));
    assert!(second.error.unwrap().contains("which has the newest orders of its ports"));
    assert_eq!(site.calls(), [], "the switch is not asked again");
    assert!(!site.switches.running("leaf1").contains("Ethernet5"), "another tenant's order is for its own run");
}

#[tokio::test]
async fn a_replace_contains_every_order() {
    let site = Site::with_tenants(PORT);
    site.order("red", "Ethernet3", 110);
    site.order("blue", "Ethernet5", 120);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(site.outcome("leaf1").status, Status::Changed, "{:?}", site.outcome("leaf1").error);
    let running = site.switches.running("leaf1");
    assert!(
        running.contains("hostname leaf1") && running.contains("vlan 110") && running.contains("vlan 120"),
        "{running}"
    );
    assert_eq!(site.applied().await.len(), 2);
    let revision = site.store.revisions.lock().unwrap()[0].clone();
    assert!(revision.parts[1].model.starts_with("port Ethernet3 of tenant red, order "), "{:?}", revision.parts);
    assert!(revision.models.iter().any(|file| file.path == "port.tera"), "{:?}", revision.models);
}

#[tokio::test]
async fn an_order_waits_while_its_device_is_pinned() {
    let site = Site::with_tenants(PORT);
    site.order("red", "Ethernet3", 110);
    let pin = Pin {
        configuration: intent::hash::ContentHash::of(RUNNING),
        run: RunId::parse(RUN).unwrap(),
        at: site.clock.now(),
        repeats: None,
        by: None,
    };
    let record = DeviceRecord { pinned: Some(pin), ..DeviceRecord::default() };
    site.store.records.lock().unwrap().insert(leaf1(), (record, 1));

    let outcome = site.bring("red", &["Ethernet3"]).await;

    assert_eq!(outcome.status, Status::Refused);
    assert!(outcome.error.unwrap().contains("the order stands, and comes with the next apply after it is unpinned"));
    assert_eq!(site.switches.running("leaf1"), RUNNING);
}

#[tokio::test]
async fn an_operator_merges_without_taking_anything_away() {
    let site = Site::usual();
    site.switches.run("leaf1", "alias A B\n");

    site.receive(&message_with("apply", &["leaf1"], json!({"load": "merge"})), Delivery::First).await.unwrap();

    assert_eq!(site.outcome("leaf1").status, Status::Changed, "{:?}", site.outcome("leaf1").error);
    let running = site.switches.running("leaf1");
    assert!(running.contains("alias A B\n") && running.contains("hostname leaf1\n"), "{running}");
    let record = site.store.records.lock().unwrap()[&leaf1()].0.clone();
    assert!(record.in_sync.is_none(), "a merge is never the whole");
}

#[tokio::test]
async fn an_order_is_noted_before_its_outcome() {
    let site = Site::with_tenants(PORT);
    site.order("red", "Ethernet3", 110);
    site.store.fail("applied", StoreFault::Unavailable);
    let order = json!({"load": "merge", "order": {"tenant": "red", "ports": ["Ethernet3"]}});
    let message = message_with("apply", &["leaf1"], order);

    let _ = site.receive(&message, Delivery::First).await;
    let before = site.outcome_if_any("leaf1");
    site.store.mend();
    site.receive(&message, Delivery::Again).await.unwrap();

    assert!(before.is_none(), "it comes again");
    assert_eq!(site.outcome("leaf1").status, Status::InSync, "{:?}", site.outcome("leaf1").error);
    assert_eq!(site.applied().await, [("Ethernet3".to_owned(), 1)]);
}
