//! Orders of ports through the API.

use std::num::NonZeroUsize;
use std::sync::LazyLock;

use intent::name::{DeviceName, GroupName, RunId, TenantName};
use intent::tenancy::PortName;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::access::{Grant, Scope};
use crate::api::{ApiRequest, ApiResponse, answer};
use crate::caller::{Caller, Subject};
use crate::fakes::{FakeClock, FakeStore, blank};
use crate::ports::{Clock, StoreFault};
use crate::records::applied_ports::AppliedPorts;
use crate::records::order::Load;
use crate::records::outcome::{Outcome, Status};
use crate::schedule::request::Step;
use crate::schedule::{Ports, Scheduler};

const INVENTORY: &str = "hosts: {leaf1: {}, leaf2: {}}\n";
const TENANTS: &str = "template: port.tera\nidle_vlan: 999\nconflicts: name\ntenants:\n  \
    red: {patch: [{device: leaf1, ports: '1-4,3/1-4'}], vlans: 110-119, quota: {ports_per_device: 3}}\n  \
    blue: {patch: [{device: [leaf1, gone], ports: 4-8}], vlans: 120}\n";

/// One for all calls, so that no two of them name the same run.
static CLOCK: LazyLock<FakeClock> = LazyLock::new(FakeClock::default);

fn site() -> FakeStore {
    let models = [
        ("tenants.yaml", TENANTS),
        ("port.tera", "interface {{ model.port }}\n"),
        ("m.yaml", "{name: m, group: global, template: t.cfg}"),
        ("t.cfg", "hostname leaf1\ninterface Ethernet8\n   no switchport\n"),
    ];
    FakeStore::with(INVENTORY, &models)
}

async fn call(store: &FakeStore, line: &str, if_match: Option<&str>, body: &str) -> ApiResponse {
    call_as(&Caller::owner_of_this_machine("ana@red"), store, line, if_match, body).await
}

async fn call_as(caller: &Caller, store: &FakeStore, line: &str, if_match: Option<&str>, body: &str) -> ApiResponse {
    let (method, path) = line.split_once(' ').unwrap();
    let clock = &*CLOCK;
    let ports = Ports { inventories: store, models: store, queue: store, state: store, dead_letters: store, clock };
    let request = ApiRequest {
        method,
        path,
        query: None,
        caller,
        content_type: Some("application/json"),
        if_match,
        idempotency_key: None,
        body: body.as_bytes(),
    };
    answer(&Scheduler::new(ports, Step::Of(NonZeroUsize::MIN)), request).await
}

async fn ask(store: &FakeStore, line: &str, body: &str) -> (u16, Value) {
    let answer = call(store, line, None, body).await;
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

fn header<'a>(answer: &'a ApiResponse, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

const PORT: &str = "/tenants/red/ports/leaf1/Ethernet3/1";

#[tokio::test]
async fn an_order_is_taken_with_the_run_that_brings_it() {
    let store = site();

    let answer = call(&store, &format!("PUT {PORT}"), None, r#"{"vlan": 110, "description": "web 1"}"#).await;

    let document: Value = serde_json::from_str(&answer.body).unwrap();
    let port = &document["ports"][0];
    assert_eq!((answer.status, header(&answer, "etag")), (202, Some("\"1\"")), "{document}");
    assert_eq!(
        (&port["port"], &port["status"], &port["desired"]["vlan"]),
        (&json!("Ethernet3/1"), &json!("waiting"), &json!(110))
    );
    let slices = store.slices.lock().unwrap();
    let [slice] = slices.as_slice() else { panic!("{} slices", slices.len()) };
    assert_eq!((json!(slice.task.run), slice.task.load), (port["run"].clone(), Load::Merge));
    assert_eq!(slice.task.order.as_ref().unwrap().ports.len(), 1);
    assert_eq!(slice.task.by.as_deref(), Some("ana@red"));
    assert!(store.runs.lock().unwrap().contains_key(&slice.task.run));
}

#[tokio::test]
async fn the_same_order_again_changes_and_queues_nothing() {
    let store = site();
    ask(&store, &format!("PUT {PORT}"), r#"{"vlan": 110}"#).await;

    let (status, document) = ask(&store, &format!("PUT {PORT}"), r#"{"vlan": 110, "shutdown": true}"#).await;

    assert_eq!((status, &document["ports"][0]["version"]), (200, &json!(1)));
    assert_eq!(store.slices.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn several_ports_are_ordered_as_one() {
    let store = site();

    let (status, document) =
        ask(&store, "PUT /tenants/red/ports/leaf1", r#"{"ports": "1-2", "trunk": "110-111"}"#).await;
    let (refused, problem) = ask(&store, "PUT /tenants/red/ports/leaf1", r#"{"ports": "3,4,3/1", "vlan": 110}"#).await;

    assert_eq!((status, document["ports"].as_array().unwrap().len()), (202, 2), "{document}");
    assert_eq!((refused, &problem["type"]), (422, &json!("urn:naas:problem:no-quota-left")));
    let (_, listed) = ask(&store, "GET /tenants/red/ports", "").await;
    assert_eq!(listed["ports"].as_array().unwrap().len(), 2, "{listed}");
    assert_eq!(store.slices.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_answered_with_its_kind() {
    let store = site();
    ask(&store, "PUT /tenants/blue/ports/leaf1/Ethernet4", r#"{"vlan": 120}"#).await;
    for (line, body, status, kind, words) in [
        (format!("PUT {PORT}"), r#"{"vlan": 0}"#, 400, "invalid-request", "expected a VLAN from 1 to 4094, found 0"),
        (format!("PUT {PORT}"), r#"{"vlan": "10"}"#, 400, "invalid-request", "found the text"),
        (format!("PUT {PORT}"), r#"{"vlan": 120}"#, 422, "foreign-vlan", "tenant red has no VLAN 120"),
        (
            "PUT /tenants/white/ports/leaf1/Ethernet1".to_owned(),
            r#"{"vlan": 110}"#,
            404,
            "unknown-tenant",
            "no tenant white",
        ),
        (
            "PUT /tenants/red/ports/leaf1/Ethernet4".to_owned(),
            r#"{"vlan": 110}"#,
            409,
            "owned-port",
            "belongs to tenant blue",
        ),
        (
            "PUT /tenants/blue/ports/leaf1/Ethernet8".to_owned(),
            r#"{"vlan": 120}"#,
            409,
            "operators-port",
            "operator's models",
        ),
        (
            "PUT /tenants/red/ports/leaf1/Ethernet9".to_owned(),
            r#"{"vlan": 110}"#,
            404,
            "unknown-port",
            "no port Ethernet9",
        ),
        (
            "PUT /tenants/red/ports/leaf1/Ethernet1-4x".to_owned(),
            r#"{"vlan": 110}"#,
            404,
            "unknown-port",
            "is not a port",
        ),
        (
            "PUT /tenants/red/ports/spine9/Ethernet1".to_owned(),
            r#"{"vlan": 110}"#,
            404,
            "unknown-device",
            "does not have device spine9",
        ),
        (
            "PUT /tenants/blue/ports/gone/Ethernet4".to_owned(),
            r#"{"vlan": 120}"#,
            404,
            "unknown-device",
            "does not have device gone",
        ),
        ("POST /tenants/red/ports/leaf1/Ethernet1".to_owned(), "{}", 405, "method-not-allowed", "GET, PUT, DELETE"),
        ("PUT /tenants/red/ports".to_owned(), "{}", 405, "method-not-allowed", "expected GET"),
    ] {
        let (found, problem) = ask(&store, &line, body).await;
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert_eq!(
            (found, &problem["type"]),
            (status, &json!(format!("urn:naas:problem:{kind}"))),
            "{line}: {problem}"
        );
        assert!(detail.contains(words), "{line}: {detail}");
    }
    assert_eq!(store.slices.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_if_match_of_yesterday_is_a_412() {
    let store = site();
    let line = format!("PUT {PORT}");
    call(&store, &line, Some("\"0\""), r#"{"vlan": 110}"#).await;
    call(&store, &line, Some("\"1\""), r#"{"vlan": 111}"#).await;

    let late = call(&store, &line, Some("\"1\""), r#"{"vlan": 112}"#).await;
    let nonsense = call(&store, &line, Some("yesterday"), r#"{"vlan": 112}"#).await;

    assert_eq!((late.status, nonsense.status), (412, 400), "{}", nonsense.body);
    assert!(late.body.contains("expected version 1, found 2; read it again"), "{}", late.body);
    assert!(nonsense.body.contains("expected the ETag of the port, such as"), "{}", nonsense.body);
}

#[tokio::test]
async fn a_port_that_is_given_back_is_anybodys() {
    let store = site();
    ask(&store, "PUT /tenants/red/ports/leaf1/Ethernet4", r#"{"vlan": 110}"#).await;

    let (status, document) = ask(&store, "DELETE /tenants/red/ports/leaf1/Ethernet4", "").await;
    let (taken, _) = ask(&store, "PUT /tenants/blue/ports/leaf1/Ethernet4", r#"{"vlan": 120}"#).await;

    assert_eq!((status, &document["ports"][0]["desired"]["vlan"]), (202, &json!(999)), "{document}");
    assert_eq!(taken, 202);
    let (_, shown) = ask(&store, "GET /tenants/red/ports/leaf1/Ethernet4", "").await;
    assert_eq!(shown["status"], "free", "nothing of blue's order: {shown}");
    assert!(shown.get("by").is_none() && shown.get("desired").is_none(), "{shown}");
}

#[tokio::test]
async fn desired_stands_beside_applied_with_what_is_in_the_way() {
    let store = site();
    let leaf1 = DeviceName::new("leaf1").unwrap();
    ask(&store, &format!("PUT {PORT}"), r#"{"vlan": 110}"#).await;
    let document = store.port_documents.lock().unwrap()[&leaf1].clone();
    let entry = document.ports[&PortName::parse("Ethernet3/1").unwrap()].clone();
    let mut applied = AppliedPorts::default();
    applied.note(&document, document.ports.keys(), &entry.request, entry.at);
    store.applied_ports.lock().unwrap().insert(leaf1.clone(), applied);
    let (_, first) = ask(&store, &format!("GET {PORT}"), "").await;

    let (_, ordered) = ask(&store, &format!("PUT {PORT}"), r#"{"vlan": 111}"#).await;
    let run = RunId::parse(ordered["ports"][0]["run"].as_str().unwrap()).unwrap();
    let outcome = Outcome {
        error: Some("+ in `router bgp 65001`: secrets of others".to_owned()),
        ..blank::outcome(&run, &leaf1, Status::OutOfScope)
    };
    store.outcomes.lock().unwrap().insert((run, leaf1), outcome);
    let (_, second) = ask(&store, &format!("GET {PORT}"), "").await;

    assert_eq!((&first["status"], &first["applied"]["vlan"]), (&json!("applied"), &json!(110)), "{first}");
    assert_eq!((&second["desired"]["vlan"], &second["applied"]["vlan"]), (&json!(111), &json!(110)), "{second}");
    assert_eq!(second["status"], "failed");
    let words = second["in_the_way"].as_str().unwrap();
    assert!(words.contains("the switch was not changed (out_of_scope)") && !words.contains("bgp"), "{words}");
}

#[tokio::test]
async fn a_repeat_starts_the_run_that_a_dead_scheduler_owes() {
    let store = site();
    ask(&store, &format!("PUT {PORT}"), r#"{"vlan": 110}"#).await;
    let run = store.slices.lock().unwrap().remove(0).task.run;
    store.runs.lock().unwrap().remove(&run);

    let (status, _) = ask(&store, &format!("PUT {PORT}"), r#"{"vlan": 110}"#).await;

    assert_eq!(status, 200);
    assert_eq!(store.slices.lock().unwrap()[0].task.run, run);
}

#[tokio::test]
async fn a_repeat_queues_the_run_that_a_dead_scheduler_recorded() {
    let store = site();
    ask(&store, &format!("PUT {PORT}"), r#"{"vlan": 110}"#).await;
    let run = store.slices.lock().unwrap().remove(0).task.run;
    let minutes_ago = CLOCK.now() - SignedDuration::from_mins(5);
    store.runs.lock().unwrap().get_mut(&run).unwrap().accepted_at = minutes_ago;
    for document in store.port_documents.lock().unwrap().values_mut() {
        document.ports.values_mut().for_each(|entry| entry.at = minutes_ago);
    }

    let (status, _) = ask(&store, &format!("PUT {PORT}"), r#"{"vlan": 110}"#).await;

    assert_eq!(status, 200);
    assert_eq!(store.slices.lock().unwrap()[0].task.run, run);
}

#[tokio::test]
async fn a_site_without_tenants_and_broken_stores_say_so() {
    let store = site();
    let body = r#"{"vlan": 110}"#;
    store.fail("order", StoreFault::Unavailable);
    let (unavailable, problem) = ask(&store, &format!("PUT {PORT}"), body).await;
    store.mend();
    store.set_models(&[("m.yaml", "{name: m, group: global, template: t.cfg}"), ("t.cfg", "hostname a\n")]);
    let (none, without) = ask(&store, &format!("PUT {PORT}"), body).await;
    store.set_models(&[("tenants.yaml", "template: [")]);
    let (broken, models) = ask(&store, &format!("PUT {PORT}"), body).await;

    assert_eq!((unavailable, none, broken), (503, 404, 500), "{problem} {without} {models}");
    assert!(without["detail"].as_str().unwrap().contains("there is no tenants.yaml among the models"), "{without}");
    assert!(models["detail"].as_str().unwrap().contains("model tenants.yaml, line 1"), "{models}");
    assert!(store.slices.lock().unwrap().is_empty());
}

#[tokio::test]
async fn ten_megabytes_are_refused() {
    let store = site();

    let (status, _) = ask(&store, &format!("PUT {PORT}"), &"x".repeat(10_000_000)).await;

    assert_eq!(status, 413);
}

#[tokio::test]
async fn a_tenant_reaches_its_own_ports_only() {
    let store = site();
    ask(&store, &format!("PUT {PORT}"), r#"{"vlan": 110}"#).await;
    let caller = |grant| Caller::verified(Subject::new("somebody").unwrap(), [grant]);
    let tenant = |name: &str| caller(Grant::Tenant(TenantName::new(name).unwrap()));
    let leaf = Scope::Groups([GroupName::new("leaf").unwrap()].into());
    let list = "GET /tenants/red/ports";
    let put = format!("PUT {PORT}");
    for (caller, reads, orders) in [
        (tenant("red"), 200, 202),
        (tenant("blue"), 404, 404),
        (caller(Grant::Viewer(Scope::Every)), 200, 404),
        (caller(Grant::Operator(leaf)), 404, 404),
        (caller(Grant::Device(DeviceName::new("leaf1").unwrap())), 404, 404),
    ] {
        let read = call_as(&caller, &store, list, None, "").await;
        let ordered = call_as(&caller, &store, &put, None, r#"{"vlan": 111}"#).await;

        assert_eq!((read.status, ordered.status), (reads, orders), "{caller:?}");
        if reads == 404 {
            assert!(!read.body.contains("Ethernet") && !read.body.contains("110"), "{}", read.body);
        }
        ask(&store, &put, r#"{"vlan": 110}"#).await;
    }
}

#[tokio::test]
async fn a_foreign_tenant_and_one_that_is_not_there_answer_alike() {
    let store = site();
    let blue = Grant::Tenant(TenantName::new("blue").unwrap());
    let blue = Caller::verified(Subject::new("bob").unwrap(), [blue]);

    let [foreign, missing] = ["red", "tan"].map(|name| format!("GET /tenants/{name}/ports/leaf1/Ethernet1"));
    let foreign = call_as(&blue, &store, &foreign, None, "").await;
    let missing = call_as(&blue, &store, &missing, None, "").await;

    assert_eq!(foreign.body.replace("red", "tan"), missing.body);
}
