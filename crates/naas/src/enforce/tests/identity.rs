//! Which switch it is: an address may have come to belong to another one.

use super::*;

fn leaf() -> DeviceName {
    DeviceName::new("leaf1").unwrap()
}

async fn accept(site: &Site) {
    lease::accept_replacement(&&site.store, &site.clock, &leaf()).await.unwrap();
}

/// A site that has pushed to `leaf1` when it was the switch with serial number A.
async fn known_site() -> Site {
    let site = Site::usual();
    site.switches.is_switch("leaf1", Some("A"), "leaf1");
    site.enforce("apply", &["leaf1"]).await;
    assert_eq!(site.outcome("leaf1").status, Status::Changed);
    site.forget_outcomes();
    site.calls();
    site
}

#[tokio::test]
async fn another_switch_at_the_address_is_left_alone_in_every_mode() {
    for mode in ["apply", "plan", "check"] {
        let site = known_site().await;
        site.switches.is_switch("leaf1", Some("B"), "leaf1");
        site.switches.leave_session("leaf1", &dead_session());

        site.enforce(mode, &["leaf1"]).await;

        let outcome = site.outcome("leaf1");
        assert_eq!((outcome.status, outcome.switch), (Status::Refused, SwitchState::Unchanged), "{mode}");
        let said = outcome.error.unwrap();
        assert!(said.contains("is not leaf1: serial number B, and before it was A"), "{said}");
        assert!(said.contains("POST /devices/leaf1/accept"), "{said}");
        assert_eq!(site.calls(), [SwitchCall::Status], "{mode}: nothing is staged or aborted");
    }
}

#[tokio::test]
async fn a_replacement_is_accepted_once_by_a_persons_word() {
    let site = known_site().await;
    site.switches.is_switch("leaf1", Some("B"), "localhost");
    accept(&site).await;

    site.enforce("apply", &["leaf1"]).await;
    let accepted = site.outcome("leaf1").status;
    site.forget_outcomes();
    site.switches.is_switch("leaf1", Some("A"), "leaf1");
    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(accepted, Status::InSync);
    assert_eq!(site.outcome("leaf1").status, Status::Refused, "the word holds for one switch");
}

#[tokio::test]
async fn swapped_addresses_are_seen_at_the_first_contact() {
    let site = Site::usual();
    site.switches.is_switch("leaf1", Some("B"), "leaf2");

    site.enforce("apply", &["leaf1"]).await;
    let outcome = site.outcome("leaf1");
    site.forget_outcomes();
    accept(&site).await;
    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(outcome.status, Status::Refused);
    assert!(outcome.error.unwrap().contains("it calls itself leaf2, which is another device of the inventory"));
    assert_eq!(site.outcome("leaf1").status, Status::Changed, "renamed switches are accepted too");
}

#[tokio::test]
async fn a_name_changed_by_hand_is_no_other_switch() {
    let site = known_site().await;
    site.switches.is_switch("leaf1", Some("A"), "leaf2");

    site.enforce("check", &["leaf1"]).await;

    assert_eq!(site.outcome("leaf1").status, Status::InSync, "its serial number says who it is");
}

#[tokio::test]
async fn a_switch_that_was_refused_is_not_remembered() {
    let site = Site::usual();
    site.switches.is_switch("leaf1", Some("B"), "leaf2");
    site.enforce("apply", &["leaf1"]).await;

    let records = site.store.records.lock().unwrap();
    assert_eq!(records[&leaf()].0.identity, None);
}

#[tokio::test]
async fn a_switch_is_remembered_also_if_the_push_failed() {
    let site = Site::usual();
    site.switches.is_switch("leaf1", Some("A"), "leaf1");
    site.switches.fail("leaf1", SwitchCall::Stage, SwitchFault::Refused, SwitchState::Unchanged);
    site.enforce("apply", &["leaf1"]).await;

    let records = site.store.records.lock().unwrap();
    assert_eq!(records[&leaf()].0.identity.as_ref().unwrap().serial.as_deref(), Some("A"));
}

#[tokio::test]
async fn the_serial_number_of_the_inventory_must_be_met() {
    for (serial, status) in [("A", Status::Changed), ("B", Status::Refused)] {
        let site = Site::usual();
        let inventory = INVENTORY.replace("leaf1: {}", "leaf1: {serial: A}");
        site.store.inventory.lock().unwrap().insert("naas/inventory".to_owned(), inventory.into_bytes());
        site.switches.is_switch("leaf1", Some(serial), "leaf1");
        accept(&site).await;

        site.enforce("apply", &["leaf1"]).await;

        let outcome = site.outcome("leaf1");
        assert_eq!(outcome.status, status, "no word of acceptance stands against the inventory: {outcome:?}");
    }
}
