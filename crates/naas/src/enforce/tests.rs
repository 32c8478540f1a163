mod confirm;
mod duplicates;
mod edits;
mod history;
mod identity;
mod left_over;
mod order;
mod plans;
mod ports;
mod restores;
mod saving;
mod time;
mod waiting;

use std::num::NonZeroUsize;
use std::time::Duration;

use intent::name::{DeviceName, RunId};
use jiff::SignedDuration;

use super::*;
use crate::fakes::{FakeClock, FakeStore, FakeSwitches, SwitchCall};
use crate::lease::{self, Acquired, LeaseRequest, Terms, WorkResult};
use crate::ports::{DeviceRecords, Runs, StoreFault, SwitchFault};
use crate::records::device_state::{DeviceRecord, Last, Token, Waiting};
use crate::records::installation::InstallationId;
use crate::records::outcome::{Outcome, Status, SwitchState};
use crate::records::run::Mode;
use crate::session;

const INVENTORY: &str = "hosts: {leaf1: {}, leaf2: {}, leaf3: {}}\ndefaults: {username: admin}";
const MODEL: (&str, &str) =
    ("m.yaml", "{name: m, group: global, template: t.tera, allow: {management-address: no need}}");
const TEMPLATE: (&str, &str) = (
    "t.tera",
    "hostname {{ host.name }}\nusername admin secret sha512 CANARY\nmanagement api http-commands\n   no shutdown\n",
);
const RUN: &str = "20261123-201530-000007";

/// The installation that is tested.
fn installation() -> InstallationId {
    InstallationId::new(0x7f3a_9c21)
}

/// A session that a dead push of this installation left, an hour before now.
fn dead_session() -> String {
    let opened = FakeClock::default().now() - SignedDuration::from_hours(1);
    session::name(&installation(), &RunId::new(opened, 1), opened, 1)
}

struct Site {
    store: FakeStore,
    switches: FakeSwitches,
    clock: FakeClock,
}

type TestPorts<'s> =
    Ports<&'s FakeStore, &'s FakeStore, &'s FakeSwitches, &'s FakeStore, &'s FakeStore, &'s FakeStore, &'s FakeClock>;

impl Site {
    fn new(models: &[(&str, &str)]) -> Self {
        let store = FakeStore::with(INVENTORY, models);
        *store.installation.lock().unwrap() = Some(installation());
        Self { store, switches: FakeSwitches::default(), clock: FakeClock::default() }
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
        let deadline = self.clock.now() + SignedDuration::from_mins(15);
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

    fn calls(&self) -> Vec<SwitchCall> {
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
async fn a_device_is_changed_once_and_then_in_sync() {
    let site = Site::usual();

    site.enforce("apply", &["leaf1"]).await;
    let first = (site.outcome("leaf1"), site.calls());
    site.forget_outcomes();
    site.enforce("apply", &["leaf1"]).await;
    let second = (site.outcome("leaf1"), site.calls());

    assert_eq!((first.0.status, first.0.switch), (Status::Changed, SwitchState::Saved));
    assert_eq!(first.1, [SwitchCall::Status, SwitchCall::Stage, SwitchCall::Commit, SwitchCall::Confirm]);
    assert_eq!((second.0.status, second.0.diff.as_str()), (Status::InSync, ""));
    assert_eq!(second.1, [SwitchCall::Status], "its digest is that of the intent");
}

#[tokio::test]
async fn a_device_in_sync_by_other_hands_is_compared_only_once() {
    let site = Site::usual();
    site.enforce("apply", &["leaf1"]).await;
    let intent = site.switches.running("leaf1");
    let site = Site::usual();
    site.switches.run("leaf1", &intent);

    site.enforce("apply", &["leaf1"]).await;
    let first = site.calls();
    site.forget_outcomes();
    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(first, [SwitchCall::Status, SwitchCall::Stage, SwitchCall::Abort]);
    assert_eq!(site.calls(), [SwitchCall::Status]);
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

    assert_eq!((before, calls), (Status::InSync, vec![SwitchCall::Status]));
    let drifted = site.outcome("leaf1");
    assert_eq!(drifted.status, Status::Drifted);
    assert!(drifted.diff.contains("-hostname changed-by-hand"), "{}", drifted.diff);
    assert_eq!(site.calls(), [SwitchCall::Status, SwitchCall::Stage, SwitchCall::Abort]);
}

#[tokio::test]
async fn a_devices_failure_is_its_own() {
    for (verb, fault, state, status) in [
        (SwitchCall::Status, SwitchFault::Denied, SwitchState::Unchanged, Status::Denied),
        (SwitchCall::Stage, SwitchFault::Denied, SwitchState::Unchanged, Status::Denied),
        (SwitchCall::Stage, SwitchFault::Refused, SwitchState::Unchanged, Status::Refused),
        (SwitchCall::Stage, SwitchFault::Misconfigured, SwitchState::NotContacted, Status::Invalid),
        (SwitchCall::Commit, SwitchFault::Refused, SwitchState::Unchanged, Status::Refused),
        (SwitchCall::Confirm, SwitchFault::Unreachable, SwitchState::Reverting, Status::Reverted),
        (SwitchCall::Confirm, SwitchFault::Denied, SwitchState::Reverting, Status::Reverted),
        (SwitchCall::Confirm, SwitchFault::Unreachable, SwitchState::Unknown, Status::Unknown),
        (SwitchCall::Confirm, SwitchFault::Refused, SwitchState::NotSaved, Status::NotSaved),
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
async fn what_may_pass_goes_back_alone_and_later() {
    for (verb, fault, state) in [
        (SwitchCall::Status, SwitchFault::Unreachable, SwitchState::NotContacted),
        (SwitchCall::Status, SwitchFault::NotEapi, SwitchState::Unchanged),
        (SwitchCall::Stage, SwitchFault::Busy, SwitchState::Unchanged),
        (SwitchCall::Stage, SwitchFault::Unreachable, SwitchState::SessionLeft("x".to_owned())),
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
async fn what_is_exhausted_is_parked_and_has_an_outcome() {
    let site = Site::usual();
    site.switches.fail("leaf2", SwitchCall::Status, SwitchFault::Unreachable, SwitchState::NotContacted);

    let last = message_with("apply", &["leaf2"], serde_json::json!({"attempt": 7}));
    site.receive(&last, Delivery::First).await.unwrap();

    assert_eq!(site.outcome("leaf2").status, Status::Unreachable);
    let parked = site.store.parked.lock().unwrap();
    assert_eq!(Slice::parse(&parked[0].0).unwrap().devices[0].as_ref(), "leaf2");
    assert_eq!(parked[0].1, "leaf2 is unreachable after 8 attempts: leaf2 was told to fail");
    assert!(site.store.slices.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_bad_or_locking_out_config_never_reaches_the_switch() {
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
async fn a_message_that_is_not_ours_is_parked() {
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
async fn a_failing_store_brings_the_device_then_the_message_again() {
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
    site.switches.fail("leaf1", SwitchCall::Status, SwitchFault::Unreachable, SwitchState::NotContacted);
    site.store.fail("send", StoreFault::Unavailable);

    assert!(site.receive(&message("apply", &["leaf1"]), Delivery::First).await.is_err());
}

#[tokio::test]
async fn a_slice_that_comes_again_skips_devices_that_are_done() {
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
