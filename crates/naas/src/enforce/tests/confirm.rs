//! A configuration on trial: the timer, the checks, the confirmation and every way it can go wrong.

use super::*;

#[tokio::test]
async fn a_confirmation_is_tried_for_as_long_as_the_timer_leaves_time() {
    for (fault, confirm, tries) in
        [(SwitchFault::Unreachable, 120, 36), (SwitchFault::Unreachable, 30, 10), (SwitchFault::Denied, 120, 1)]
    {
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
async fn what_was_changed_by_hand_while_on_trial_is_not_taken_for_the_intent() {
    let site = Site::usual();
    let trial = "naas-20261123-201500-000001-20261123T201501Z-0001";
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
        site.forget_outcomes();

        site.enforce("apply", &["leaf1"]).await;

        assert_eq!(site.outcome("leaf1").status, Status::Changed);
        assert_eq!(site.switches.running("leaf1"), intent);
    }
}

#[tokio::test]
async fn the_timer_of_a_model_is_taken_unless_the_request_says_otherwise() {
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
async fn a_confirm_that_no_function_lives_for_is_refused_before_the_switch_is_touched() {
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
    site.switches.fail("leaf1", SwitchCall::Commit, SwitchFault::Unreachable, SwitchState::Reverting);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(site.outcome("leaf1").status, Status::Changed);
}

const CHECKED: &str = "{name: m, group: global, template: t.tera, allow: {management-address: no need}, checks: [
  {command: show lldp neighbors, pattern: spine1, tries: 4, pause: 5}, {command: show version, path: $.ok, expect: true}]}";

#[tokio::test]
async fn a_failing_check_puts_the_switch_back_at_once_and_says_which() {
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
async fn a_check_that_cannot_be_asked_leaves_it_to_the_timer_if_the_switch_is_gone() {
    let site = Site::new(&[("m.yaml", CHECKED), TEMPLATE]);
    site.switches.fail("leaf1", SwitchCall::Show, SwitchFault::Unreachable, SwitchState::Reverting);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(
        (site.outcome("leaf1").status, site.outcome("leaf1").switch),
        (Status::Reverted, SwitchState::Reverting)
    );
}
