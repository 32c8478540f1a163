//! Slices that the queue delivers twice: what has an outcome is not done again.

use intent::hash::ContentHash;
use serde_json::json;

use super::*;
use crate::records::device_state::Pin;

fn leaf() -> DeviceName {
    DeviceName::new("leaf1").unwrap()
}

fn pinned(site: &Site) -> Option<Pin> {
    site.store.records.lock().unwrap()[&leaf()].0.pinned.clone()
}

/// Pushes the template, then another one, and returns the hash of the first configuration.
async fn pushed_twice(site: &Site) -> ContentHash {
    site.enforce("apply", &["leaf1"]).await;
    let first = ContentHash::of(&site.switches.running("leaf1"));
    site.forget_outcomes();
    site.store.set_models(&[MODEL, ("t.tera", &TEMPLATE.1.replace("hostname", "hostname new-"))]);
    site.enforce("apply", &["leaf1"]).await;
    site.forget_outcomes();
    site.calls();
    first
}

#[tokio::test]
async fn a_first_delivery_that_has_an_outcome_is_not_done_again() {
    let site = Site::usual();
    site.enforce("apply", &["leaf1"]).await;
    site.switches.run("leaf1", "hostname by-hand\n");
    site.calls();

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!((site.switches.running("leaf1").as_str(), site.calls()), ("hostname by-hand\n", vec![]));
    assert_eq!(site.store.records.lock().unwrap()[&leaf()].0.lease, None, "the lease is given back");
}

#[tokio::test]
async fn an_unreachable_outcome_is_not_followed_by_a_push() {
    let site = Site::usual();
    site.switches.fail("leaf1", SwitchCall::Status, SwitchFault::Unreachable, SwitchState::NotContacted);
    site.receive(&message_with("apply", &["leaf1"], json!({"attempt": 7})), Delivery::First).await.unwrap();
    site.switches.mend();
    site.calls();

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!((site.outcome("leaf1").status, site.calls()), (Status::Unreachable, vec![]));
}

#[tokio::test]
async fn a_duplicate_of_a_restore_does_not_pin_again() {
    let site = Site::usual();
    let first = pushed_twice(&site).await;
    let restore = message_with("apply", &["leaf1"], json!({"restore": first}));
    site.receive(&restore, Delivery::First).await.unwrap();
    lease::unpin(&&site.store, &site.clock, &leaf()).await.unwrap();
    site.calls();

    site.receive(&restore, Delivery::First).await.unwrap();

    assert_eq!((pinned(&site), site.calls()), (None, vec![]));
}

#[tokio::test]
async fn a_restore_that_died_does_not_pin_again_once_unpinned() {
    let site = Site::usual();
    let first = pushed_twice(&site).await;
    let restore = message_with("apply", &["leaf1"], json!({"restore": first}));
    site.receive(&restore, Delivery::First).await.unwrap();
    // As if the enforcer had died right before it recorded the outcome.
    site.forget_outcomes();
    // A run's name tells its second: what was decided in the same one does not count as later.
    site.clock.advance(SignedDuration::from_secs(1));
    lease::unpin(&&site.store, &site.clock, &leaf()).await.unwrap();
    site.calls();

    site.receive(&restore, Delivery::Again).await.unwrap();

    assert_eq!((site.outcome("leaf1").status, pinned(&site), site.calls()), (Status::Cancelled, None, vec![]));
    assert!(site.outcome("leaf1").error.unwrap().contains("after this restore was asked for"));
}

#[tokio::test]
async fn a_later_restore_pins_again_after_an_unpin() {
    let site = Site::usual();
    let first = pushed_twice(&site).await;
    let restore = message_with("apply", &["leaf1"], json!({"restore": first}));
    site.receive(&restore, Delivery::First).await.unwrap();
    lease::unpin(&&site.store, &site.clock, &leaf()).await.unwrap();

    let later = restore.replace(RUN, "20261123-201630-000009");
    site.receive(&later, Delivery::First).await.unwrap();

    assert_eq!(pinned(&site).unwrap().configuration, first);
}

#[tokio::test]
async fn an_outcome_that_cannot_be_read_gives_the_lease_back() {
    let site = Site::usual();
    site.store.fail("read", StoreFault::Unavailable);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(site.calls(), []);
    assert_eq!(site.store.records.lock().unwrap()[&leaf()].0.lease, None);
    assert_eq!(site.store.slices.lock().unwrap()[0].attempt, 1);
}
