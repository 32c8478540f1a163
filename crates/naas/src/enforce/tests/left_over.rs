//! What dead pushes and people leave on a switch: pending sessions, and commit timers that run.

use super::*;

#[tokio::test]
async fn only_sessions_of_our_dead_pushes_are_aborted() {
    let site = Site::usual();
    let now = FakeClock::default().now();
    let old = dead_session();
    let young = session::name(&installation(), &RunId::new(now, 1), now, 1);
    let ours = session::name(&installation(), &RunId::parse(RUN).unwrap(), now, 1);
    let (mine, theirs) = ("naas-lab-change", session::name(&InstallationId::new(2), &RunId::new(now, 1), now, 1));
    for session in [&old, &young, &ours, mine, &theirs] {
        site.switches.leave_session("leaf1", session);
    }

    site.enforce("apply", &["leaf1"]).await;

    let mut left = vec![young, mine.to_owned(), theirs];
    left.sort();
    assert_eq!(site.switches.pending("leaf1"), left);
}

#[tokio::test]
async fn one_who_is_alone_aborts_what_was_opened_before() {
    let site = Site::usual();
    let now = FakeClock::default().now();
    let [before, since] = [-1, 0].map(|second| {
        let opened = now + SignedDuration::from_secs(second);
        session::name(&installation(), &RunId::new(opened, 1), opened, 1)
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
async fn a_foreign_commit_timer_is_waited_for_then_reported() {
    let site = Site::usual();
    site.switches.leave_on_trial("leaf1", "maintenance");

    site.enforce("apply", &["leaf1"]).await;
    let waited = site.store.slices.lock().unwrap().len();
    let last = message_with("apply", &["leaf1"], serde_json::json!({"attempt": 7}));
    site.receive(&last, Delivery::First).await.unwrap();

    assert_eq!(waited, 1);
    assert_eq!(site.outcome("leaf1").status, Status::Refused);
    assert!(
        site.outcome("leaf1")
            .error
            .unwrap()
            .contains("session maintenance, which this installation of naas did not open")
    );
    assert_eq!(site.calls(), [SwitchCall::Status, SwitchCall::Status], "and it is left alone");
}

#[tokio::test]
async fn a_dead_pushs_trial_is_confirmed_or_undone() {
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
        site.switches.leave_on_trial("leaf1", &dead_session());

        site.enforce("apply", &["leaf1"]).await;

        assert_eq!(site.outcome("leaf1").status, Status::Changed);
        assert_eq!(site.switches.running("leaf1"), intent);
        assert_eq!(site.calls(), calls);
    }
}

#[tokio::test]
async fn a_trial_of_a_person_or_another_installation_stands() {
    let now = FakeClock::default().now();
    let theirs = session::name(&InstallationId::new(2), &RunId::parse(RUN).unwrap(), now, 1);
    for session in ["naas-lab-change", &theirs] {
        let site = Site::usual();
        site.switches.run("leaf1", "hostname theirs\n");
        site.switches.leave_on_trial("leaf1", session);

        site.enforce("apply", &["leaf1"]).await;

        assert_eq!(site.outcome_if_any("leaf1"), None, "it comes again");
        assert_eq!(
            (site.switches.running("leaf1").as_str(), site.calls()),
            ("hostname theirs\n", vec![SwitchCall::Status])
        );
    }
}

#[tokio::test]
async fn a_plan_or_check_never_ends_a_trial() {
    for mode in ["plan", "check"] {
        for running in ["hostname older\n", TEMPLATE.1] {
            let site = Site::usual();
            site.switches.run("leaf1", running);
            site.switches.leave_on_trial("leaf1", &dead_session());

            site.enforce(mode, &["leaf1"]).await;

            assert_eq!(site.calls(), [SwitchCall::Status], "{mode}");
            assert_eq!(site.store.slices.lock().unwrap()[0].attempt, 1, "it comes again");
        }
    }
}
