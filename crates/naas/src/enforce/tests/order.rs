//! The order of what is written: each of these orders is there for a process that dies in between.

use serde_json::json;

use super::*;

fn writes(site: &Site) -> Vec<String> {
    site.store.writes.lock().unwrap().clone()
}

#[tokio::test]
async fn the_outcome_is_recorded_before_the_lease_is_given_back() {
    let site = Site::usual();

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(writes(&site), ["outcome leaf1", "release leaf1"]);
}

#[tokio::test]
async fn a_device_is_parked_before_its_outcome_is_recorded() {
    let site = Site::usual();
    site.switches.fail("leaf1", SwitchCall::Status, SwitchFault::Unreachable, SwitchState::NotContacted);

    site.receive(&message_with("apply", &["leaf1"], json!({"attempt": 7})), Delivery::First).await.unwrap();

    assert_eq!(writes(&site), ["park", "outcome leaf1", "release leaf1"]);
}

#[tokio::test]
async fn work_that_is_cut_off_keeps_its_lease() {
    for attempt in [0, 7] {
        let site = Site::usual();
        site.switches.hang("leaf1", SwitchCall::Commit);

        site.receive(&message_with("apply", &["leaf1"], json!({"attempt": attempt})), Delivery::First).await.unwrap();

        let record = site.store.records.lock().unwrap().values().next().unwrap().0.clone();
        assert!(record.lease.is_some(), "the switch may still be at it");
        let unknown = site.outcome_if_any("leaf1").map(|outcome| (outcome.status, outcome.switch));
        assert_eq!(unknown, (attempt == 7).then_some((Status::Unknown, SwitchState::Unknown)));
    }
}

#[tokio::test]
async fn a_restore_pins_before_the_switch_is_committed() {
    let site = Site::usual();
    site.enforce("apply", &["leaf1"]).await;
    let first = intent::hash::ContentHash::of(&site.switches.running("leaf1"));
    site.forget_outcomes();
    site.switches.run("leaf1", "hostname other\n");
    site.switches.hang("leaf1", SwitchCall::Commit);

    site.receive(&message_with("apply", &["leaf1"], json!({"restore": first})), Delivery::First).await.unwrap();

    let record = site.store.records.lock().unwrap().values().next().unwrap().0.clone();
    assert_eq!(record.pinned.map(|pin| pin.configuration), Some(first));
}
