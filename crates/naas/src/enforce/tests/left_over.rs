//! What dead pushes and people leave on a switch: pending sessions, and commit timers that run.

use super::*;

#[tokio::test]
async fn sessions_of_dead_pushes_are_aborted_and_a_persons_are_not() {
    let site = Site::usual();
    let now = FakeClock::default().now();
    let old = session::name(&RunId::new(now, 1), now - SignedDuration::from_hours(1), 1);
    let young = session::name(&RunId::new(now, 1), now, 1);
    let ours = session::name(&RunId::parse(RUN).unwrap(), now, 1);
    for session in [&old, &young, &ours, "maintenance"] {
        site.switches.leave_session("leaf1", session);
    }

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(site.switches.pending("leaf1"), ["maintenance".to_owned(), young]);
}

#[tokio::test]
async fn one_who_is_alone_aborts_what_was_opened_before() {
    let site = Site::usual();
    let now = FakeClock::default().now();
    let [before, since] = [-1, 0].map(|second| {
        let opened = now + SignedDuration::from_secs(second);
        session::name(&RunId::new(opened, 1), opened, 1)
    });
    for session in [&before, &since, "maintenance"] {
        site.switches.leave_session("leaf1", session);
    }
    let enforcer = site.enforcer();
    let enforcer = Enforcer { limits: Limits { alone_since: Some(now), ..enforcer.limits }, ..enforcer };

    let deadline = now + SignedDuration::from_mins(15);
    enforcer.receive(&message("apply", &["leaf1"]), Delivery::First, deadline).await.unwrap();

    assert_eq!(site.switches.pending("leaf1"), ["maintenance".to_owned(), since]);
}

#[tokio::test]
async fn a_foreign_commit_timer_is_waited_for_and_then_reported() {
    let site = Site::usual();
    site.switches.leave_on_trial("leaf1", "maintenance");

    site.enforce("apply", &["leaf1"]).await;
    let waited = site.store.slices.lock().unwrap().len();
    let last = message_with("apply", &["leaf1"], serde_json::json!({"attempt": 7}));
    site.receive(&last, Delivery::First).await.unwrap();

    assert_eq!(waited, 1);
    assert_eq!(site.outcome("leaf1").status, Status::Refused);
    assert!(site.outcome("leaf1").error.unwrap().contains("session maintenance, which is not ours"));
    assert_eq!(site.calls(), [SwitchCall::Status, SwitchCall::Status], "and it is left alone");
}

#[tokio::test]
async fn what_a_dead_push_left_on_trial_is_confirmed_if_it_is_intended_and_undone_if_not() {
    for (intended, calls) in [
        (true, vec![SwitchCall::Status, SwitchCall::Stage, SwitchCall::Abort, SwitchCall::Confirm]),
        (
            false,
            vec![
                SwitchCall::Status,
                SwitchCall::Stage,
                SwitchCall::Abort,
                SwitchCall::Abort,
                SwitchCall::Status,
                SwitchCall::Stage,
                SwitchCall::Commit,
                SwitchCall::Confirm,
            ],
        ),
    ] {
        let site = Site::usual();
        site.enforce("apply", &["leaf1"]).await;
        let intent = site.switches.running("leaf1");
        let site = Site::usual();
        site.switches.run("leaf1", if intended { &intent } else { "hostname older\n" });
        site.switches.leave_on_trial("leaf1", "naas-20261123-201500-000001-20261123T201501Z-0001");

        site.enforce("apply", &["leaf1"]).await;

        assert_eq!(site.outcome("leaf1").status, Status::Changed);
        assert_eq!(site.switches.running("leaf1"), intent);
        assert_eq!(site.calls(), calls);
    }
}
