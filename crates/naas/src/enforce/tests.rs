mod history;

use std::num::NonZeroUsize;

use super::*;
use crate::fakes::{FakeClock, FakeStore, FakeSwitches, Verb};
use crate::lease::{self, Acquired, Asker, Learnt, Terms};
use crate::name::RunId;
use crate::outcome::{Status, SwitchState};
use crate::ports::{DeviceRecords, SwitchFault};
use crate::record::{DeviceRecord, Last, Token, Waiting};
use crate::run::Mode;
use crate::session;

const INVENTORY: &str = "hosts: {leaf1: {}, leaf2: {}, leaf3: {}}\ndefaults: {username: admin}";
const MODEL: (&str, &str) =
    ("m.yaml", "{name: m, group: global, template: t.tera, allow: {management-address: no need}}");
const TEMPLATE: (&str, &str) = (
    "t.tera",
    "hostname {{ host.name }}\nusername admin secret sha512 CANARY\nmanagement api http-commands\n   no shutdown\n",
);
const RUN: &str = "20261123-201530-000007";

struct Site {
    store: FakeStore,
    switches: FakeSwitches,
    clock: FakeClock,
}

type TestPorts<'s> =
    Ports<&'s FakeStore, &'s FakeStore, &'s FakeSwitches, &'s FakeStore, &'s FakeStore, &'s FakeStore, &'s FakeClock>;

impl Site {
    fn new(models: &[(&str, &str)]) -> Self {
        Self {
            store: FakeStore::with(INVENTORY, models),
            switches: FakeSwitches::default(),
            clock: FakeClock::default(),
        }
    }

    fn usual() -> Self {
        Self::new(&[MODEL, TEMPLATE])
    }

    fn enforcer(&self) -> Enforcer<TestPorts<'_>> {
        let store = &self.store;
        let ports = Ports {
            inventories: store,
            models: store,
            switches: &self.switches,
            state: store,
            queue: store,
            dead_letters: store,
            clock: &self.clock,
        };
        Enforcer::new(ports, Limits { concurrency: NonZeroUsize::new(8).unwrap(), ..Limits::default() })
    }

    /// Works on one message, with a quarter of an hour to do it.
    async fn receive(&self, message: &str, delivery: Delivery) -> Result<(), StoreError> {
        let enforcer = self.enforcer();
        let deadline = enforcer.clock().now() + SignedDuration::from_mins(15);
        enforcer.receive(message, delivery, deadline).await
    }

    async fn enforce(&self, mode: &str, devices: &[&str]) {
        self.receive(&message(mode, devices), Delivery::First).await.unwrap();
    }

    fn outcome(&self, device: &str) -> Outcome {
        self.outcome_if_any(device).unwrap_or_else(|| panic!("{device} has no outcome"))
    }

    fn outcome_if_any(&self, device: &str) -> Option<Outcome> {
        let key = (RunId::parse(RUN).unwrap(), DeviceName::new(device).unwrap());
        self.store.outcomes.lock().unwrap().get(&key).cloned()
    }

    /// As if it were another run.
    fn forget_outcomes(&self) {
        self.store.outcomes.lock().unwrap().clear();
    }

    fn calls(&self) -> Vec<Verb> {
        self.switches.take_calls().into_iter().map(|(_, verb)| verb).collect()
    }
}

fn message(mode: &str, devices: &[&str]) -> String {
    message_with(mode, devices, serde_json::json!({}))
}

fn message_with(mode: &str, devices: &[&str], more: serde_json::Value) -> String {
    let mut slice = serde_json::json!({
        "version": 2, "run": RUN, "mode": mode, "devices": devices, "inventory": ["naas/inventory"],
    });
    slice.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    slice.to_string()
}

#[tokio::test]
async fn a_device_is_changed_once_and_then_in_sync_without_a_session() {
    let site = Site::usual();

    site.enforce("apply", &["leaf1"]).await;
    let first = (site.outcome("leaf1"), site.calls());
    site.forget_outcomes();
    site.enforce("apply", &["leaf1"]).await;
    let second = (site.outcome("leaf1"), site.calls());

    assert_eq!((first.0.status, first.0.switch), (Status::Changed, SwitchState::Saved));
    assert_eq!(first.1, [Verb::Look, Verb::Stage, Verb::Commit, Verb::Confirm]);
    assert_eq!((second.0.status, second.0.diff.as_str()), (Status::InSync, ""));
    assert_eq!(second.1, [Verb::Look], "its digest is that of the intent");
}

#[tokio::test]
async fn a_device_that_runs_its_intent_by_other_hands_is_compared_once_and_then_known() {
    let site = Site::usual();
    site.enforce("apply", &["leaf1"]).await;
    let intent = site.switches.running("leaf1");
    let site = Site::usual();
    site.switches.run("leaf1", &intent);

    site.enforce("apply", &["leaf1"]).await;
    let first = site.calls();
    site.forget_outcomes();
    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(first, [Verb::Look, Verb::Stage, Verb::Abort]);
    assert_eq!(site.calls(), [Verb::Look]);
}

#[tokio::test]
async fn a_check_is_one_request_and_reports_drift_with_its_diff() {
    let site = Site::usual();
    site.enforce("apply", &["leaf1"]).await;
    site.calls();

    site.forget_outcomes();
    site.enforce("check", &["leaf1"]).await;
    let (before, calls) = (site.outcome("leaf1").status, site.calls());
    site.switches.run("leaf1", "hostname changed-by-hand\n");
    site.forget_outcomes();
    site.enforce("check", &["leaf1"]).await;

    assert_eq!((before, calls), (Status::InSync, vec![Verb::Look]));
    let drifted = site.outcome("leaf1");
    assert_eq!(drifted.status, Status::Drifted);
    assert!(drifted.diff.contains("-hostname changed-by-hand"), "{}", drifted.diff);
    assert_eq!(site.calls(), [Verb::Look, Verb::Stage, Verb::Abort]);
}

#[tokio::test]
async fn a_confirmation_is_tried_for_as_long_as_the_timer_leaves_time() {
    for (fault, confirm, tries) in
        [(SwitchFault::Unreachable, 120, 36), (SwitchFault::Unreachable, 30, 10), (SwitchFault::Denied, 120, 1)]
    {
        let site = Site::usual();
        site.switches.fail("leaf1", Verb::Confirm, fault, SwitchState::Reverting);

        let message = message_with("apply", &["leaf1"], serde_json::json!({"confirm": confirm}));
        site.receive(&message, Delivery::First).await.unwrap();

        let confirmations = site.calls().into_iter().filter(|verb| *verb == Verb::Confirm).count();
        assert_eq!(confirmations, tries, "{fault:?} {confirm}");
        let took = site.outcome("leaf1").finished_at - site.outcome("leaf1").started_at;
        assert!(took.as_secs() < confirm, "none may come after the switch has gone back");
    }
}

#[tokio::test]
async fn a_confirmation_that_was_never_answered_is_not_called_undone() {
    for later in [SwitchFault::Unreachable, SwitchFault::Refused] {
        let site = Site::usual();
        site.switches.fail_once("leaf1", Verb::Confirm, SwitchFault::Unreachable, SwitchState::Unknown);
        // The switch is silent after that, or was reloaded and knows the session no more.
        site.switches.fail("leaf1", Verb::Confirm, later, SwitchState::Reverting);

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
        site.switches.try_out("leaf1", trial);
    };
    let own_push = |_: &Site| {};
    for prepare in [&own_push as &dyn Fn(&Site), &dead_push] {
        let site = Site::usual();
        prepare(&site);
        site.switches.run_before("leaf1", Verb::Confirm, "hostname changed-by-hand\n");
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
        site.switches.fail("leaf1", Verb::Confirm, SwitchFault::Unreachable, SwitchState::Reverting);

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

    enforcer.receive(&message, Delivery::First, enforcer.clock().now() + SignedDuration::from_mins(5)).await.unwrap();

    let outcome = site.outcome("leaf1");
    assert_eq!(outcome.status, Status::Invalid);
    assert!(outcome.error.unwrap().contains("a confirm of 600 s does not fit into the 295 s"));
    assert!(site.calls().is_empty());
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_confirmed_all_the_same() {
    let site = Site::usual();
    site.switches.fail("leaf1", Verb::Commit, SwitchFault::Unreachable, SwitchState::Reverting);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(site.outcome("leaf1").status, Status::Changed);
}

#[tokio::test]
async fn a_plan_changes_nothing_and_records_the_diff_without_its_secrets() {
    let site = Site::usual();

    site.enforce("plan", &["leaf1"]).await;

    let outcome = site.outcome("leaf1");
    assert_eq!((outcome.status, site.switches.running("leaf1").as_str()), (Status::Planned, ""));
    assert!(outcome.diff.contains("+hostname leaf1\n+username admin secret sha512 <removed>\n"), "{}", outcome.diff);
}

/// A second run, bound to the plan that [`RUN`] was.
fn bound(devices: &[&str]) -> String {
    message_with("apply", devices, serde_json::json!({"plan": RUN}))
        .replace(&format!(r#""run":"{RUN}""#), r#""run":"20261123-201531-000008""#)
}

fn bound_outcome(site: &Site) -> Outcome {
    let key = (RunId::parse("20261123-201531-000008").unwrap(), DeviceName::new("leaf1").unwrap());
    site.store.outcomes.lock().unwrap()[&key].clone()
}

#[tokio::test]
async fn a_plan_is_applied_as_long_as_nothing_has_moved() {
    let site = Site::usual();
    site.enforce("plan", &["leaf1"]).await;

    site.receive(&bound(&["leaf1"]), Delivery::First).await.unwrap();

    assert_eq!(bound_outcome(&site).status, Status::Changed);
}

#[tokio::test]
async fn a_plan_whose_intent_or_device_moved_is_refused_and_the_switch_left_alone() {
    type Move = fn(&Site);
    let moves: [(Move, &str); 3] = [
        (
            |site| site.switches.run("leaf1", "hostname other\n"),
            "the switch runs something else than when this was planned",
        ),
        (
            |site| site.store.set_models(&[MODEL, ("t.tera", &TEMPLATE.1.replace("hostname", "hostname x"))]),
            "models, templates or inventory have changed since plan",
        ),
        (Site::forget_outcomes, "has no plan for it"),
    ];
    for (moved, said) in moves {
        let site = Site::usual();
        site.enforce("plan", &["leaf1"]).await;
        moved(&site);
        let running = site.switches.running("leaf1");

        site.receive(&bound(&["leaf1"]), Delivery::First).await.unwrap();

        let outcome = bound_outcome(&site);
        assert_eq!(outcome.status, Status::Refused);
        assert!(outcome.error.as_deref().unwrap().contains(said), "{outcome:?}");
        assert_eq!(site.switches.running("leaf1"), running);
    }
}

#[tokio::test]
async fn a_plan_applied_twice_is_refused_the_second_time() {
    let site = Site::usual();
    site.enforce("plan", &["leaf1"]).await;
    site.receive(&bound(&["leaf1"]), Delivery::First).await.unwrap();

    let twice = bound(&["leaf1"]).replace("20261123-201531-000008", "20261123-201532-000009");
    site.receive(&twice, Delivery::First).await.unwrap();

    let outcomes = site.store.outcomes.lock().unwrap();
    let second = outcomes.values().last().unwrap();
    assert_eq!(second.status, Status::Refused);
    assert!(second.error.as_deref().unwrap().contains("perhaps because the plan was applied already"), "{second:?}");
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
        !calls.contains(&Verb::Confirm) && calls.iter().filter(|verb| **verb == Verb::Show).count() == 4,
        "{calls:?}"
    );
}

#[tokio::test]
async fn checks_that_hold_are_followed_by_the_confirmation() {
    let site = Site::new(&[("m.yaml", CHECKED), TEMPLATE]);
    site.switches.answer("leaf1", r#"{"ok": true, "neighbor": "spine1"}"#);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(site.outcome("leaf1").status, Status::Changed);
    let calls = [Verb::Look, Verb::Stage, Verb::Commit, Verb::Show, Verb::Show, Verb::Confirm];
    assert_eq!(site.calls(), calls);
}

#[tokio::test]
async fn a_check_that_cannot_be_asked_leaves_it_to_the_timer_if_the_switch_is_gone() {
    let site = Site::new(&[("m.yaml", CHECKED), TEMPLATE]);
    site.switches.fail("leaf1", Verb::Show, SwitchFault::Unreachable, SwitchState::Reverting);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(
        (site.outcome("leaf1").status, site.outcome("leaf1").switch),
        (Status::Reverted, SwitchState::Reverting)
    );
}

#[tokio::test]
async fn a_devices_failure_is_its_own() {
    for (verb, fault, state, status) in [
        (Verb::Look, SwitchFault::Denied, SwitchState::Unchanged, Status::Denied),
        (Verb::Stage, SwitchFault::Denied, SwitchState::Unchanged, Status::Denied),
        (Verb::Stage, SwitchFault::Refused, SwitchState::Unchanged, Status::Refused),
        (Verb::Stage, SwitchFault::Misconfigured, SwitchState::NotContacted, Status::Invalid),
        (Verb::Commit, SwitchFault::Refused, SwitchState::Unchanged, Status::Refused),
        (Verb::Confirm, SwitchFault::Unreachable, SwitchState::Reverting, Status::Reverted),
        (Verb::Confirm, SwitchFault::Denied, SwitchState::Reverting, Status::Reverted),
        (Verb::Confirm, SwitchFault::Unreachable, SwitchState::Unknown, Status::Unknown),
        (Verb::Confirm, SwitchFault::Refused, SwitchState::NotSaved, Status::NotSaved),
    ] {
        let site = Site::usual();
        site.switches.fail("leaf2", verb, fault, state.clone());

        site.enforce("apply", &["leaf1", "leaf2", "leaf3"]).await;

        let failed = site.outcome("leaf2");
        assert_eq!((failed.status, failed.switch), (status, state));
        assert_eq!(failed.error.as_deref(), Some("leaf2 was told to fail"));
        assert_eq!(site.outcome("leaf1").status, Status::Changed);
        assert_eq!(site.outcome("leaf3").status, Status::Changed);
        assert!(site.store.slices.lock().unwrap().is_empty(), "no retry cures {fault:?}");
    }
}

#[tokio::test]
async fn what_may_pass_goes_back_alone_and_later_and_the_others_are_done() {
    for (verb, fault, state) in [
        (Verb::Look, SwitchFault::Unreachable, SwitchState::NotContacted),
        (Verb::Look, SwitchFault::NotEapi, SwitchState::Unchanged),
        (Verb::Stage, SwitchFault::Busy, SwitchState::Unchanged),
        (Verb::Stage, SwitchFault::Unreachable, SwitchState::SessionLeft("x".to_owned())),
    ] {
        let site = Site::usual();
        site.switches.fail("leaf2", verb, fault, state);

        site.enforce("apply", &["leaf1", "leaf2", "leaf3"]).await;

        assert!(site.outcome_if_any("leaf2").is_none());
        assert_eq!(site.outcome("leaf3").status, Status::Changed);
        let again = site.store.slices.lock().unwrap().clone();
        assert_eq!(again.len(), 1);
        assert_eq!((again[0].devices[0].as_ref(), again[0].devices.len(), again[0].attempt), ("leaf2", 1, 1));
        let delay = site.store.delays.lock().unwrap()[0].as_secs_f64();
        assert!((7.5..=15.0).contains(&delay), "{delay}");
        let noted = site.store.attempts.lock().unwrap().values().next().cloned().unwrap();
        assert_eq!((noted.attempts, noted.reason.as_str()), (1, "leaf2 was told to fail"));
    }
}

#[tokio::test]
async fn what_is_exhausted_is_parked_with_its_reason_and_has_an_outcome() {
    let site = Site::usual();
    site.switches.fail("leaf2", Verb::Look, SwitchFault::Unreachable, SwitchState::NotContacted);

    let last = message_with("apply", &["leaf2"], serde_json::json!({"attempt": 7}));
    site.receive(&last, Delivery::First).await.unwrap();

    assert_eq!(site.outcome("leaf2").status, Status::Unreachable);
    let parked = site.store.parked.lock().unwrap();
    assert_eq!(Slice::parse(&parked[0].0).unwrap().devices[0].as_ref(), "leaf2");
    assert_eq!(parked[0].1, "leaf2 is unreachable after 8 attempts: leaf2 was told to fail");
    assert!(site.store.slices.lock().unwrap().is_empty());
}

/// Holds the device for another run.
async fn hold(site: &Site, number: u64) {
    let clock = &site.clock;
    let run = RunId::new(clock.now(), number);
    let asker = Asker { run, mode: Mode::Apply, bound: false, token: Token::new(1_000 + number) };
    let terms = Terms { work_until: clock.now(), clock_skew: SignedDuration::from_mins(5) };
    let device = DeviceName::new("leaf1").unwrap();
    let acquired = lease::acquire(&&site.store, clock, &device, &asker, &terms).await.unwrap();
    assert!(matches!(acquired, Acquired::Held(_) | Acquired::Busy(_)));
}

/// Another run works on leaf1 and gives it back.
async fn hold_and_end(site: &Site, number: u64, status: Status) {
    let (run, now) = (RunId::new(site.clock.now(), number), site.clock.now());
    let asker = Asker { run: run.clone(), mode: Mode::Apply, bound: false, token: Token::new(number) };
    let terms = Terms { work_until: now, clock_skew: SignedDuration::ZERO };
    let leaf1 = DeviceName::new("leaf1").unwrap();
    let Acquired::Held(held) = lease::acquire(&&site.store, &site.clock, &leaf1, &asker, &terms).await.unwrap() else {
        panic!("nobody else holds it");
    };
    let last = Last { run, mode: Mode::Apply, status, at: now };
    lease::release(&&site.store, &site.clock, *held, Learnt { last: Some(last), ..Learnt::default() }).await.unwrap();
}

#[tokio::test]
async fn a_device_that_another_run_works_on_is_not_touched_and_waited_for() {
    let site = Site::usual();
    hold(&site, 1).await;

    site.enforce("apply", &["leaf1", "leaf2"]).await;

    assert_eq!(site.outcome("leaf2").status, Status::Changed);
    assert!(site.switches.take_calls().iter().all(|(device, _)| device == "leaf2"));
    let again = site.store.slices.lock().unwrap()[0].clone();
    assert_eq!((again.devices[0].as_ref(), again.attempt, again.waits), ("leaf1", 0, 1));
}

#[tokio::test]
async fn a_device_that_somebody_waits_for_is_left_to_them() {
    let site = Site::usual();
    hold(&site, 1).await;
    hold(&site, 2).await;

    site.enforce("apply", &["leaf1"]).await;

    let outcome = site.outcome("leaf1");
    assert_eq!((outcome.status, outcome.switch), (Status::Superseded, SwitchState::NotContacted));
    assert_eq!(outcome.superseded_by, Some(RunId::new(FakeClock::default().now(), 2)));
}

#[tokio::test]
async fn whoever_waits_does_what_was_left_to_them_even_if_they_are_done_already() {
    let site = Site::usual();
    site.enforce("apply", &["leaf1"]).await;
    site.clock.advance(lease::SETTLE);
    hold(&site, 1).await;
    // The slice came twice: its run has an outcome, and waits once more.
    site.enforce("apply", &["leaf1"]).await;
    let again = site.store.slices.lock().unwrap()[0].to_message();
    let later = RunId::new(site.clock.now(), 9).to_string();
    site.store.set_models(&[MODEL, ("t.tera", &TEMPLATE.1.replace("hostname", "hostname new-"))]);
    site.receive(&message_with("apply", &["leaf1"], serde_json::json!({"run": later})), Delivery::First).await.unwrap();
    site.clock.advance(SignedDuration::from_mins(12));

    site.receive(&again, Delivery::First).await.unwrap();

    let outcomes = site.store.outcomes.lock().unwrap();
    assert_eq!(outcomes.values().map(|it| it.status).collect::<Vec<_>>(), [Status::Changed, Status::Superseded]);
    assert!(site.switches.running("leaf1").starts_with("hostname new- leaf1"));
    assert_eq!(site.store.records.lock().unwrap().values().next().unwrap().0.waiting, None);
}

#[tokio::test]
async fn whoever_waited_in_vain_is_parked_and_nobody_counts_on_them() {
    let site = Site::usual();
    hold(&site, 1).await;

    let last = message_with("apply", &["leaf1"], serde_json::json!({"waits": 128}));
    site.receive(&last, Delivery::First).await.unwrap();

    assert_eq!(site.outcome("leaf1").status, Status::Refused);
    assert!(site.store.parked.lock().unwrap()[0].1.contains("was at work on it each of the 128 times"));
    let records = site.store.records.lock().unwrap();
    assert_eq!(records.values().next().unwrap().0.waiting, None);
}

#[tokio::test]
async fn models_are_read_after_the_lease_is_held() {
    let site = Site::usual();
    site.store.fail("lease", StoreFault::Unavailable);
    site.enforce("apply", &["leaf1"]).await;
    site.store.mend();
    site.store.set_models(&[MODEL, ("t.tera", &TEMPLATE.1.replace("leaf", "l"))]);
    let again = site.store.slices.lock().unwrap()[0].to_message();

    site.receive(&again, Delivery::First).await.unwrap();

    assert_eq!(site.outcome("leaf1").status, Status::Changed);
    assert!(site.switches.running("leaf1").starts_with("hostname leaf1\n"));
}

#[tokio::test]
async fn the_lease_is_given_back_however_the_work_ended() {
    for fault in [None, Some(SwitchFault::Denied), Some(SwitchFault::Unreachable)] {
        let site = Site::usual();
        if let Some(fault) = fault {
            site.switches.fail("leaf1", Verb::Stage, fault, SwitchState::Unchanged);
        }

        site.enforce("apply", &["leaf1"]).await;

        let records = site.store.records.lock().unwrap();
        assert_eq!(records.values().next().unwrap().0.lease, None, "{fault:?}");
    }
}

#[tokio::test]
async fn devices_there_is_no_time_for_are_put_back_untouched() {
    let site = Site::usual();
    let enforcer = site.enforcer();
    // Enough for one push, and none for a second: the first one uses its timer up.
    site.switches.fail("leaf1", Verb::Confirm, SwitchFault::Unreachable, SwitchState::Reverting);
    let enforcer = Enforcer { limits: Limits { concurrency: NonZeroUsize::MIN, ..enforcer.limits }, ..enforcer };

    let deadline = enforcer.clock().now() + SignedDuration::from_mins(4);
    enforcer.receive(&message("apply", &["leaf1", "leaf2"]), Delivery::First, deadline).await.unwrap();

    assert!(site.switches.take_calls().iter().all(|(device, _)| device == "leaf1"));
    let again = site.store.slices.lock().unwrap()[0].clone();
    assert_eq!((again.devices[0].as_ref(), again.attempt, again.waits), ("leaf2", 0, 0));
    assert_eq!(site.store.delays.lock().unwrap()[0], Duration::ZERO);
}

#[tokio::test]
async fn a_cancelled_run_leaves_the_rest_alone() {
    let site = Site::usual();
    let clock = FakeClock::default();
    (&site.store).cancel(&RunId::parse(RUN).unwrap(), clock.now()).await.unwrap();

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(site.outcome("leaf1").status, Status::Cancelled);
    assert!(site.calls().is_empty());
}

#[tokio::test]
async fn a_cancelled_run_that_others_were_left_to_does_its_work() {
    let site = Site::usual();
    let waiting = RunId::parse(RUN).unwrap();
    let mut record = DeviceRecord::default();
    let until = FakeClock::default().now() + SignedDuration::from_mins(30);
    record.waiting = Some(Waiting { run: waiting.clone(), mode: Mode::Apply, until, relied_on: true });
    let leaf1 = DeviceName::new("leaf1").unwrap();
    (&site.store).replace_device_record(&leaf1, &record, None).await.unwrap();
    (&site.store).cancel(&waiting, until).await.unwrap();

    site.enforce("apply", &["leaf1", "leaf2"]).await;

    assert_eq!(site.outcome("leaf1").status, Status::Changed);
    assert_eq!(site.outcome("leaf2").status, Status::Cancelled);
}

#[tokio::test]
async fn what_was_just_done_for_another_run_is_done_again_after_a_moment() {
    let site = Site::usual();
    hold_and_end(&site, 1, Status::Changed).await;

    site.enforce("apply", &["leaf1"]).await;

    let again = site.store.slices.lock().unwrap()[0].clone();
    assert_eq!((again.attempt, again.waits), (0, 1));
    assert_eq!(site.store.delays.lock().unwrap()[0], lease::SETTLE.unsigned_abs());
    assert!(site.calls().is_empty());
}

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
    site.switches.try_out("leaf1", "maintenance");

    site.enforce("apply", &["leaf1"]).await;
    let waited = site.store.slices.lock().unwrap().len();
    let last = message_with("apply", &["leaf1"], serde_json::json!({"attempt": 7}));
    site.receive(&last, Delivery::First).await.unwrap();

    assert_eq!(waited, 1);
    assert_eq!(site.outcome("leaf1").status, Status::Refused);
    assert!(site.outcome("leaf1").error.unwrap().contains("session maintenance, which is not ours"));
    assert_eq!(site.calls(), [Verb::Look, Verb::Look], "and it is left alone");
}

#[tokio::test]
async fn what_a_dead_push_left_on_trial_is_confirmed_if_it_is_intended_and_undone_if_not() {
    for (intended, calls) in [
        (true, vec![Verb::Look, Verb::Stage, Verb::Abort, Verb::Confirm]),
        (
            false,
            vec![
                Verb::Look,
                Verb::Stage,
                Verb::Abort,
                Verb::Abort,
                Verb::Look,
                Verb::Stage,
                Verb::Commit,
                Verb::Confirm,
            ],
        ),
    ] {
        let site = Site::usual();
        site.enforce("apply", &["leaf1"]).await;
        let intent = site.switches.running("leaf1");
        let site = Site::usual();
        site.switches.run("leaf1", if intended { &intent } else { "hostname older\n" });
        site.switches.try_out("leaf1", "naas-20261123-201500-000001-20261123T201501Z-0001");

        site.enforce("apply", &["leaf1"]).await;

        assert_eq!(site.outcome("leaf1").status, Status::Changed);
        assert_eq!(site.switches.running("leaf1"), intent);
        assert_eq!(site.calls(), calls);
    }
}

#[tokio::test]
async fn what_cannot_be_rendered_or_would_lock_naas_out_never_reaches_the_switch() {
    for (models, said) in [
        (vec![MODEL], "template t.tera does not exist"),
        (vec![MODEL, ("t.tera", "{{ model.none }}")], "t.tera, line 1, column 10: Field `none` is not defined"),
        (vec![MODEL, ("t.tera", "{% endfor %}")], "line 1"),
        (vec![("m.yaml", "{name: m, group: none, template: t.tera}"), TEMPLATE], "no model is for this device"),
        (vec![("m.yaml", "name: ["), TEMPLATE], "model m.yaml"),
        (vec![MODEL, ("t.tera", "hostname x")], "there is no `management api http-commands`"),
        (
            vec![("m.yaml", "{name: m, group: global, template: t.tera}"), TEMPLATE],
            "allow it in a model, with the reason",
        ),
    ] {
        let site = Site::new(&models);

        site.enforce("apply", &["leaf1"]).await;

        let outcome = site.outcome("leaf1");
        assert_eq!((outcome.status, &outcome.switch), (Status::Invalid, &SwitchState::NotContacted));
        assert!(outcome.error.as_deref().unwrap().contains(said), "{outcome:?}");
        assert!(site.calls().is_empty());
    }
}

#[tokio::test]
async fn a_device_that_left_the_inventory_says_so() {
    let site = Site::usual();

    site.enforce("apply", &["leaf9"]).await;

    assert_eq!(site.outcome("leaf9").error.as_deref(), Some("no longer in the inventory"));
}

#[tokio::test]
async fn a_message_that_is_not_ours_is_parked_and_not_delivered_again() {
    let site = Site::usual();

    site.receive("hello", Delivery::First).await.unwrap();
    site.store.fail("park", StoreFault::Unavailable);
    let unparked = site.receive("hello again", Delivery::First).await;

    let parked = site.store.parked.lock().unwrap();
    assert_eq!(parked[0].0, "hello");
    assert!(parked[0].1.contains("not a slice message"), "{}", parked[0].1);
    assert!(unparked.is_err(), "a message that could not be parked must come again");
}

#[tokio::test]
async fn a_store_that_fails_sends_the_device_round_and_in_the_end_brings_the_message_again() {
    for verb in ["inventory", "models", "record", "lease"] {
        let site = Site::usual();
        site.store.fail(verb, StoreFault::Unavailable);

        site.enforce("apply", &["leaf1"]).await;
        let last = message_with("apply", &["leaf1"], serde_json::json!({"attempt": 7}));
        let given_up = site.receive(&last, Delivery::First).await;

        assert_eq!(site.store.slices.lock().unwrap()[0].attempt, 1, "{verb}");
        assert!(given_up.is_err(), "{verb}: the queue parks it after its own count");
    }
}

#[tokio::test]
async fn a_queue_that_fails_brings_the_message_again() {
    let site = Site::usual();
    site.switches.fail("leaf1", Verb::Look, SwitchFault::Unreachable, SwitchState::NotContacted);
    site.store.fail("send", StoreFault::Unavailable);

    assert!(site.receive(&message("apply", &["leaf1"]), Delivery::First).await.is_err());
}

#[tokio::test]
async fn a_slice_delivered_again_leaves_the_devices_alone_that_are_done() {
    let site = Site::usual();
    site.enforce("apply", &["leaf1"]).await;
    site.switches.take_calls();

    site.receive(&message("apply", &["leaf1", "leaf2"]), Delivery::Again).await.unwrap();

    let devices: Vec<_> = site.switches.take_calls().into_iter().map(|(device, _)| device).collect();
    assert_eq!(devices, ["leaf2"; 4]);
}

#[tokio::test]
async fn a_changed_model_is_seen_by_the_next_slice() {
    let site = Site::usual();
    site.enforce("apply", &["leaf1"]).await;
    site.forget_outcomes();
    site.store.set_models(&[MODEL, ("t.tera", &TEMPLATE.1.replace("hostname", "hostname new-"))]);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(site.outcome("leaf1").status, Status::Changed);
    assert!(site.switches.running("leaf1").starts_with("hostname new- leaf1"));
}
