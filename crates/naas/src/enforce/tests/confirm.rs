//! A configuration on trial: the timer, the checks, the confirmation and every way it can go wrong.

use super::*;

#[tokio::test]
async fn a_confirmation_is_tried_until_the_last_safe_moment() {
    for (fault, confirm, tries) in [
        (SwitchFault::Unreachable, 120, 36),
        (SwitchFault::Unreachable, 30, 10),
        (SwitchFault::Denied, 120, 36),
        (SwitchFault::NotEapi, 120, 36),
        (SwitchFault::Busy, 120, 36),
        (SwitchFault::Refused, 120, 1),
    ] {
        let site = Site::usual();
        site.switches.fail("leaf1", SwitchCall::Confirm, fault, SwitchState::Reverting);

        let message = message_with("apply", &["leaf1"], serde_json::json!({"confirm": confirm}));
        site.receive(&message, Delivery::First).await.unwrap();

        let confirmations = site.calls().into_iter().filter(|verb| *verb == SwitchCall::Confirm).count();
        assert_eq!(confirmations, tries, "{fault:?} {confirm}");
        let took = site.outcome("leaf1").finished_at - site.outcome("leaf1").started_at;
        assert!(took.as_secs() < confirm, "none may come after the switch has gone back");
    }
}

#[tokio::test]
async fn a_confirmation_that_was_never_answered_is_not_called_undone() {
    for later in [SwitchFault::Unreachable, SwitchFault::Refused] {
        let site = Site::usual();
        site.switches.fail_once("leaf1", SwitchCall::Confirm, SwitchFault::Unreachable, SwitchState::Unknown);
        // The switch is silent after that, or was reloaded and knows the session no more.
        site.switches.fail("leaf1", SwitchCall::Confirm, later, SwitchState::Reverting);

        site.enforce("apply", &["leaf1"]).await;

        let outcome = site.outcome("leaf1");
        assert_eq!((outcome.status, outcome.switch), (Status::Unknown, SwitchState::Unknown), "{later:?}");
    }
}

#[tokio::test]
async fn an_edit_during_the_trial_is_not_taken_for_the_target() {
    let site = Site::usual();
    let trial = &dead_session();
    site.enforce("apply", &["leaf1"]).await;
    let intent = site.switches.running("leaf1");
    let dead_push = |site: &Site| {
        site.switches.run("leaf1", &intent);
        site.switches.leave_on_trial("leaf1", trial);
    };
    let own_push = |_: &Site| {};
    for prepare in [&own_push as &dyn Fn(&Site), &dead_push] {
        let site = Site::usual();
        prepare(&site);
        site.switches.run_before("leaf1", SwitchCall::Confirm, "hostname changed-by-hand\n");
        site.enforce("apply", &["leaf1"]).await;
        let edited = site.outcome("leaf1").status;
        site.forget_outcomes();

        site.enforce("apply", &["leaf1"]).await;

        assert_eq!((edited, site.outcome("leaf1").status), (Status::EditedMeanwhile, Status::Changed));
        assert_eq!(site.switches.running("leaf1"), intent);
    }
}

#[tokio::test]
async fn a_models_timer_is_taken_unless_the_request_has_one() {
    let slow = "{name: slow, device: leaf1, template: t.tera, confirm: 300}";
    for (request, expected) in [(serde_json::json!({}), 285), (serde_json::json!({"confirm": 60}), 53)] {
        let models = [("slow.yaml", slow), ("m.yaml", MODEL.1), TEMPLATE];
        let site = Site::new(&models);
        site.switches.fail("leaf1", SwitchCall::Confirm, SwitchFault::Unreachable, SwitchState::Reverting);

        site.receive(&message_with("apply", &["leaf1"], request), Delivery::First).await.unwrap();

        let took = site.outcome("leaf1").finished_at - site.outcome("leaf1").started_at;
        assert!((expected - 3..=expected).contains(&took.as_secs()), "{took:?}");
    }
}

#[tokio::test]
async fn a_confirm_longer_than_a_function_lives_is_refused() {
    let site = Site::usual();
    let enforcer = site.enforcer();
    let message = message_with("apply", &["leaf1"], serde_json::json!({"confirm": 600}));

    enforcer.receive(&message, Delivery::First, site.clock.now() + SignedDuration::from_mins(5)).await.unwrap();

    let outcome = site.outcome("leaf1");
    assert_eq!(outcome.status, Status::Invalid);
    assert!(outcome.error.unwrap().contains("a confirm of 600 s does not fit into the 295 s"));
    assert!(site.calls().is_empty());
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_confirmed_all_the_same() {
    let site = Site::usual();
    site.switches.lose_answer("leaf1", SwitchCall::Commit, SwitchState::Reverting);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(site.outcome("leaf1").status, Status::Changed);
    let records = site.store.records.lock().unwrap();
    assert!(records.values().next().unwrap().0.in_sync.is_some(), "another comparison shows what was saved");
}

const CHECKED: &str = "{name: m, group: global, template: t.tera, allow: {management-address: no need}, checks: [
  {command: show lldp neighbors, pattern: spine1, tries: 4, pause: 5}, {command: show version, path: $.ok, expect: true}]}";

#[tokio::test]
async fn a_failing_check_puts_the_switch_back_at_once() {
    let site = Site::new(&[("m.yaml", CHECKED), TEMPLATE]);
    site.switches.run("leaf1", "hostname before\n");

    site.enforce("apply", &["leaf1"]).await;

    let outcome = site.outcome("leaf1");
    assert_eq!((outcome.status, &outcome.switch), (Status::Reverted, &SwitchState::Unchanged));
    let said = outcome.error.unwrap();
    assert!(said.contains("check `show lldp neighbors`: /spine1/ is there failed: found none in 4 tries"), "{said}");
    assert!(said.contains("it was put back"), "{said}");
    assert!(outcome.diff.contains("+hostname leaf1"));
    assert_eq!(site.switches.running("leaf1"), "hostname before\n");
    let calls = site.calls();
    assert!(
        !calls.contains(&SwitchCall::Confirm) && calls.iter().filter(|verb| **verb == SwitchCall::Show).count() == 4,
        "{calls:?}"
    );
}

#[tokio::test]
async fn checks_that_hold_are_followed_by_the_confirmation() {
    let site = Site::new(&[("m.yaml", CHECKED), TEMPLATE]);
    site.switches.answer("leaf1", r#"{"ok": true, "neighbor": "spine1"}"#);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(site.outcome("leaf1").status, Status::Changed);
    let calls = [
        SwitchCall::Status,
        SwitchCall::Stage,
        SwitchCall::Commit,
        SwitchCall::Show,
        SwitchCall::Show,
        SwitchCall::Confirm,
    ];
    assert_eq!(site.calls(), calls);
}

#[tokio::test]
async fn a_check_of_a_silent_switch_leaves_it_to_the_timer() {
    let site = Site::new(&[("m.yaml", CHECKED), TEMPLATE]);
    site.switches.fail("leaf1", SwitchCall::Show, SwitchFault::Unreachable, SwitchState::Reverting);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(
        (site.outcome("leaf1").status, site.outcome("leaf1").switch),
        (Status::Reverted, SwitchState::Reverting)
    );
}

#[tokio::test]
async fn one_passing_fault_does_not_end_a_confirmation() {
    for (fault, state) in [
        (SwitchFault::Denied, SwitchState::Reverting),
        (SwitchFault::NotEapi, SwitchState::Reverting),
        (SwitchFault::NotEapi, SwitchState::Unknown),
        (SwitchFault::Busy, SwitchState::Reverting),
        (SwitchFault::Unreachable, SwitchState::Unknown),
    ] {
        for call in [SwitchCall::Confirm, SwitchCall::Show] {
            let site = Site::new(&[("m.yaml", CHECKED), TEMPLATE]);
            site.switches.answer("leaf1", r#"{"ok": true, "neighbor": "spine1"}"#);
            site.switches.fail_once("leaf1", call, fault, state.clone());

            site.enforce("apply", &["leaf1"]).await;

            assert_eq!(site.outcome("leaf1").status, Status::Changed, "{call:?} {fault:?} {state:?}");
        }
    }
}

#[tokio::test]
async fn a_lost_confirmation_is_proved_by_the_digest() {
    let site = Site::usual();
    site.switches.lose_answer("leaf1", SwitchCall::Confirm, SwitchState::Unknown);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!((site.outcome("leaf1").status, site.outcome("leaf1").switch), (Status::Changed, SwitchState::Saved));
    site.forget_outcomes();
    site.enforce("apply", &["leaf1"]).await;
    assert_eq!(site.outcome("leaf1").status, Status::InSync, "and the digest is known from then on");
}

#[tokio::test]
async fn a_timer_that_ran_out_is_never_taken_for_a_confirmation() {
    let site = Site::usual();
    site.switches.run("leaf1", "hostname before\n");
    site.switches.expire_before("leaf1", SwitchCall::Confirm);

    site.enforce("apply", &["leaf1"]).await;

    let outcome = site.outcome("leaf1");
    assert_eq!((outcome.status, outcome.switch), (Status::Reverted, SwitchState::Unchanged));
    assert!(outcome.error.unwrap().contains("the switch runs what it ran before"));
    assert_eq!(site.switches.running("leaf1"), "hostname before\n");
}

#[tokio::test]
async fn without_proof_a_lost_confirmation_is_unknown() {
    let has_no_digest = |site: &Site| {
        site.switches.has_no_digest("leaf1");
        site.switches.lose_answer("leaf1", SwitchCall::Confirm, SwitchState::Unknown);
    };
    let is_taken_over = |site: &Site| site.switches.take_over_before("leaf1", SwitchCall::Confirm, "hostname edited\n");
    for (what, prepare) in [("no digest", &has_no_digest as &dyn Fn(&Site)), ("taken over", &is_taken_over)] {
        let site = Site::usual();
        prepare(&site);

        site.enforce("apply", &["leaf1"]).await;

        let outcome = site.outcome("leaf1");
        assert_eq!((outcome.status, outcome.switch), (Status::Unknown, SwitchState::Unknown), "{what}");
        assert!(outcome.error.unwrap().contains("no confirmation was answered"), "{what}");
        let records = site.store.records.lock().unwrap();
        assert_eq!(records.values().next().unwrap().0.in_sync, None);
    }
}

#[tokio::test]
async fn a_confirmation_never_goes_over_the_commits_connection() {
    let site = Site::usual();
    site.switches.fail_once("leaf1", SwitchCall::Confirm, SwitchFault::Unreachable, SwitchState::Reverting);

    site.enforce("apply", &["leaf1"]).await;

    let connections = site.switches.connections();
    let of = |wanted| connections.iter().filter(move |(call, _)| *call == wanted).map(|(_, connection)| *connection);
    let (committed, confirmed) = (of(SwitchCall::Commit).next().unwrap(), of(SwitchCall::Confirm).collect::<Vec<_>>());
    assert_eq!(confirmed.len(), 2);
    assert!(!confirmed.contains(&committed) && confirmed[0] != confirmed[1], "{connections:?}");
}

#[tokio::test]
async fn a_push_whose_answers_are_all_lost_is_found_out_about() {
    let site = Site::usual();
    site.switches.lose_answer("leaf1", SwitchCall::Commit, SwitchState::Reverting);
    site.switches.lose_answer("leaf1", SwitchCall::Confirm, SwitchState::Unknown);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!((site.outcome("leaf1").status, site.outcome("leaf1").switch), (Status::Changed, SwitchState::Saved));
    let records = site.store.records.lock().unwrap();
    let known = &records.values().next().unwrap().0.in_sync;
    assert!(known.is_some(), "another comparison shows that nobody edited it before it was looked at");
}
