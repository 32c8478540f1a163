//! Time that runs out: every put-back is counted, and every counter has an end.

use super::*;

/// Works on `leaf1` again and again until it has an outcome, and returns how often that was.
async fn rounds(site: &Site, message: &str) -> usize {
    let mut message = message.to_owned();
    for round in 1..400 {
        site.receive(&message, Delivery::First).await.unwrap();
        if site.outcome_if_any("leaf1").is_some() {
            return round;
        }
        let mut slices = site.store.slices.lock().unwrap();
        assert_eq!(slices.len(), 1);
        message = slices.remove(0).to_message();
    }
    panic!("it goes round for ever");
}

/// Makes every staging take a quarter of an hour.
fn stage_slowly(site: &Site) {
    let clock = site.clock.clone();
    let after = move || clock.advance(SignedDuration::from_mins(14));
    site.switches.before("leaf1", SwitchCall::Stage, after);
}

#[tokio::test]
async fn a_push_that_is_staged_too_slowly_is_not_committed() {
    let site = Site::usual();
    stage_slowly(&site);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(site.calls(), [SwitchCall::Status, SwitchCall::Stage, SwitchCall::Abort]);
    let again = site.store.slices.lock().unwrap()[0].clone();
    assert_eq!((again.attempt, again.waits), (1, 0));
    let delay = site.store.delays.lock().unwrap()[0].as_secs_f64();
    assert!((7.5..=15.0).contains(&delay), "it comes again after a pause, not at once: {delay}");
}

#[tokio::test]
async fn slow_staging_ends_in_an_outcome() {
    let site = Site::usual();
    let mut message = message("apply", &["leaf1"]);
    for _ in 0..8 {
        stage_slowly(&site);
        site.receive(&message, Delivery::First).await.unwrap();
        if let Some(again) = site.store.slices.lock().unwrap().pop() {
            message = again.to_message();
        }
    }

    let outcome = site.outcome("leaf1");
    assert_eq!((outcome.status, outcome.switch), (Status::Refused, SwitchState::Unchanged));
    assert!(outcome.error.unwrap().contains("staged too slowly"));
    assert_eq!(site.store.parked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_device_that_never_gets_its_turn_ends_in_an_outcome() {
    let site = Site::usual();
    let last = message_with("apply", &["leaf1", "leaf2"], serde_json::json!({"waits": 128}));
    site.switches.fail("leaf1", SwitchCall::Confirm, SwitchFault::Unreachable, SwitchState::Reverting);
    let enforcer = site.enforcer();
    let enforcer = Enforcer { limits: Limits { concurrency: NonZeroUsize::MIN, ..enforcer.limits }, ..enforcer };

    let deadline = site.clock.now() + SignedDuration::from_mins(4);
    enforcer.receive(&last, Delivery::First, deadline).await.unwrap();

    let outcome = site.outcome("leaf2");
    assert_eq!((outcome.status, outcome.switch), (Status::Refused, SwitchState::NotContacted));
    assert!(outcome.error.unwrap().contains("there was no time left for it, as each of the 128 times"));
}

#[tokio::test]
async fn no_device_goes_round_for_ever() {
    type Trouble = fn(&Site);
    let troubles: [(Trouble, &str); 4] = [
        (|site| site.switches.leave_on_trial("leaf1", "maintenance"), "a foreign timer"),
        (|site| site.switches.hang("leaf1", SwitchCall::Stage), "a silent switch"),
        (
            |site| site.switches.fail("leaf1", SwitchCall::Commit, SwitchFault::Busy, SwitchState::Unchanged),
            "a held configuration lock",
        ),
        (|site| site.store.fail("keep", StoreFault::Unavailable), "a failing store"),
    ];
    for (trouble, what) in troubles {
        let site = Site::usual();
        trouble(&site);
        let first = message("apply", &["leaf1"]);
        let last = message_with("apply", &["leaf1"], serde_json::json!({"attempt": 7}));

        // What no outcome can be recorded for ends with the queue's own count.
        if what == "a failing store" {
            assert!(site.receive(&last, Delivery::First).await.is_err(), "{what}");
        } else {
            assert!(rounds(&site, &first).await <= 400, "{what}");
        }
    }
}
