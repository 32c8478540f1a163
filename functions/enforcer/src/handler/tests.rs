use std::num::NonZeroUsize;

use naas::enforce::{Limits, Ports};
use naas::fakes::{FakeClock, FakeStore, FakeSwitches};
use naas::ports::{Clock, StoreFault};
use serde_json::{Value, json};

use super::*;

const SLICE: &str = r#"{"version":2,"run":"20261123-201530-7f3a9c","mode":"apply","devices":["devicea"],"inventory":["naas/inventory"]}"#;

async fn invoke(store: &FakeStore, records: Value) -> Vec<String> {
    let switches = FakeSwitches::default();
    let ports = Ports {
        inventories: store,
        models: store,
        switches: &switches,
        state: store,
        queue: store,
        dead_letters: store,
        clock: FakeClock::default(),
    };
    let deadline = (FakeClock::default().now() + jiff::SignedDuration::from_mins(15)).as_millisecond();
    let enforcer = Enforcer::new(ports, Limits { concurrency: NonZeroUsize::MIN, ..Limits::default() });
    let event = serde_json::from_value(json!({ "Records": records })).unwrap();
    let mut context = Context::default();
    context.deadline = deadline.try_into().unwrap();
    let response = handle(&enforcer, LambdaEvent::new(event, context)).await.unwrap();
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

fn store() -> FakeStore {
    let models = [
        ("m.yaml", "{name: m, group: global, template: t.tera}"),
        ("t.tera", "interface Management1\n ip address 192.0.2.1/24\nmanagement api http-commands\n no shutdown"),
    ];
    FakeStore::with("hosts: {devicea: {}}", &models)
}

fn record(id: &str, body: &str, received: &str) -> Value {
    json!({"messageId": id, "body": body, "attributes": {"ApproximateReceiveCount": received}})
}

#[tokio::test]
async fn a_batch_of_good_and_foreign_messages_is_done_with() {
    let store = store();

    let failures = invoke(&store, json!([record("1", SLICE, "1"), record("2", "hello", "1")])).await;

    assert!(failures.is_empty(), "{failures:?}");
    assert_eq!(store.outcomes.lock().unwrap().len(), 1);
    assert_eq!(store.parked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn only_the_message_that_failed_comes_again() {
    let store = store();
    store.fail("park", StoreFault::Unavailable);

    let failures = invoke(&store, json!([record("1", SLICE, "1"), record("2", "hello", "1")])).await;

    assert_eq!(failures, ["2"]);
}

#[tokio::test]
async fn a_message_received_before_leaves_devices_alone_that_are_done() {
    let store = store();
    invoke(&store, json!([record("1", SLICE, "1")])).await;
    store.fail("record", StoreFault::Unavailable);

    let failures = invoke(&store, json!([record("1", SLICE, "2")])).await;

    assert!(failures.is_empty(), "nothing was left to record: {failures:?}");
}
