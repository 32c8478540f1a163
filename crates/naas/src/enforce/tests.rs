use super::*;
use crate::fakes::{FakeClock, FakeStore, FakeSwitches, Verb};
use crate::name::RunId;
use crate::ports::SwitchFault;

const INVENTORY: &str = "hosts: {leaf1: {}, leaf2: {}, leaf3: {}}";
const MODEL: (&str, &str) = ("m.yaml", "{name: m, group: global, template: t.tera}");
const TEMPLATE: (&str, &str) = ("t.tera", "hostname {{ host.name }}\nusername admin secret sha512 CANARY\n");
const RUN: &str = "20261123-201530-000007";

type TestEnforcer<'a> =
    Enforcer<&'a FakeStore, &'a FakeStore, &'a FakeSwitches, &'a FakeStore, &'a FakeStore, FakeClock>;

fn enforcer<'a>(store: &'a FakeStore, switches: &'a FakeSwitches) -> TestEnforcer<'a> {
    let clock = FakeClock::default();
    let ports = Ports { inventories: store, models: store, switches, runs: store, dead_letters: store, clock };
    Enforcer::new(ports, NonZeroUsize::new(8).unwrap())
}

fn message(mode: &str, devices: &[&str]) -> String {
    serde_json::json!({"version": 1, "run": RUN, "mode": mode, "devices": devices, "inventory": ["naas/inventory"]})
        .to_string()
}

fn outcome(store: &FakeStore, device: &str) -> Outcome {
    let key = (RunId::parse(RUN).unwrap(), DeviceName::new(device).unwrap());
    store.outcomes.lock().unwrap().get(&key).cloned().unwrap_or_else(|| panic!("{device} has no outcome"))
}

#[tokio::test]
async fn a_device_is_changed_once_and_then_in_sync_without_commit() {
    let (store, switches) = (FakeStore::with(INVENTORY, &[MODEL, TEMPLATE]), FakeSwitches::default());
    let enforcer = enforcer(&store, &switches);

    enforcer.receive(&message("apply", &["leaf1"]), Delivery::First).await.unwrap();
    let first = (outcome(&store, "leaf1"), switches.take_calls());
    store.outcomes.lock().unwrap().clear();
    enforcer.receive(&message("apply", &["leaf1"]), Delivery::First).await.unwrap();
    let second = (outcome(&store, "leaf1"), switches.take_calls());

    assert_eq!((first.0.status, first.0.switch), (Status::Changed, SwitchState::Saved));
    let pushed = [Verb::Stage, Verb::Commit, Verb::Confirm].map(|verb| ("leaf1".to_owned(), verb));
    assert_eq!(first.1, pushed);
    assert_eq!((second.0.status, second.0.diff.as_str()), (Status::InSync, ""));
    assert_eq!(second.1, [("leaf1".to_owned(), Verb::Stage), ("leaf1".to_owned(), Verb::Abort)]);
    assert_eq!(switches.sessions().len(), 2, "each push has a session name of its own");
}

#[tokio::test]
async fn a_confirmation_is_tried_for_as_long_as_the_timer_leaves_time() {
    for (fault, tries) in [(SwitchFault::Unreachable, 36), (SwitchFault::Denied, 1)] {
        let (store, switches) = (FakeStore::with(INVENTORY, &[MODEL, TEMPLATE]), FakeSwitches::default());
        switches.fail("leaf1", Verb::Confirm, fault, SwitchState::Reverting);

        enforcer(&store, &switches).receive(&message("apply", &["leaf1"]), Delivery::First).await.unwrap();

        let confirmations = switches.take_calls().iter().filter(|(_, verb)| *verb == Verb::Confirm).count();
        assert_eq!(confirmations, tries, "{fault:?}");
        let took = outcome(&store, "leaf1").finished_at - outcome(&store, "leaf1").started_at;
        assert!(took.as_secs() <= 105, "none may come after the switch has gone back");
    }
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_confirmed_all_the_same() {
    let (store, switches) = (FakeStore::with(INVENTORY, &[MODEL, TEMPLATE]), FakeSwitches::default());
    switches.fail("leaf1", Verb::Commit, SwitchFault::Unreachable, SwitchState::Reverting);

    enforcer(&store, &switches).receive(&message("apply", &["leaf1"]), Delivery::First).await.unwrap();

    assert_eq!(outcome(&store, "leaf1").status, Status::Changed);
}

#[tokio::test]
async fn a_plan_changes_nothing_and_records_the_diff_without_its_secrets() {
    let (store, switches) = (FakeStore::with(INVENTORY, &[MODEL, TEMPLATE]), FakeSwitches::default());

    enforcer(&store, &switches).receive(&message("plan", &["leaf1"]), Delivery::First).await.unwrap();

    let outcome = outcome(&store, "leaf1");
    assert_eq!((outcome.status, switches.running("leaf1").as_str()), (Status::Planned, ""));
    assert_eq!(outcome.diff, "+hostname leaf1\n+username admin secret sha512 <removed>\n");
}

#[tokio::test]
async fn a_devices_failure_is_its_own() {
    for (verb, fault, state, status) in [
        (Verb::Stage, SwitchFault::Unreachable, SwitchState::NotContacted, Status::Unreachable),
        (Verb::Stage, SwitchFault::Denied, SwitchState::Unchanged, Status::Denied),
        (Verb::Stage, SwitchFault::Refused, SwitchState::Unchanged, Status::Refused),
        (Verb::Stage, SwitchFault::Busy, SwitchState::Unchanged, Status::Refused),
        (Verb::Stage, SwitchFault::Misconfigured, SwitchState::NotContacted, Status::Invalid),
        (Verb::Commit, SwitchFault::Refused, SwitchState::Unchanged, Status::Refused),
        (Verb::Confirm, SwitchFault::Unreachable, SwitchState::Reverting, Status::Reverted),
        (Verb::Confirm, SwitchFault::Denied, SwitchState::Reverting, Status::Reverted),
        (Verb::Confirm, SwitchFault::Unreachable, SwitchState::Unknown, Status::Unknown),
        (Verb::Confirm, SwitchFault::Refused, SwitchState::NotSaved, Status::NotSaved),
    ] {
        let (store, switches) = (FakeStore::with(INVENTORY, &[MODEL, TEMPLATE]), FakeSwitches::default());
        switches.fail("leaf2", verb, fault, state.clone());

        let message = message("apply", &["leaf1", "leaf2", "leaf3"]);
        enforcer(&store, &switches).receive(&message, Delivery::First).await.unwrap();

        let failed = outcome(&store, "leaf2");
        assert_eq!((failed.status, failed.switch), (status, state));
        assert_eq!(failed.error.as_deref(), Some("leaf2 was told to fail"));
        assert_eq!(outcome(&store, "leaf1").status, Status::Changed);
        assert_eq!(outcome(&store, "leaf3").status, Status::Changed);
    }
}

#[tokio::test]
async fn what_cannot_be_rendered_never_reaches_the_switch() {
    for (models, said) in [
        (vec![MODEL], "template t.tera does not exist"),
        (vec![MODEL, ("t.tera", "{{ model.none }}")], "t.tera, line 1, column 10: Field `none` is not defined"),
        (vec![MODEL, ("t.tera", "{% endfor %}")], "line 1"),
        (vec![("m.yaml", "{name: m, group: none, template: t.tera}"), TEMPLATE], "no model is for this device"),
        (vec![("m.yaml", "name: ["), TEMPLATE], "model m.yaml"),
    ] {
        let (store, switches) = (FakeStore::with(INVENTORY, &models), FakeSwitches::default());

        enforcer(&store, &switches).receive(&message("apply", &["leaf1"]), Delivery::First).await.unwrap();

        let outcome = outcome(&store, "leaf1");
        assert_eq!((outcome.status, &outcome.switch), (Status::Invalid, &SwitchState::NotContacted));
        assert!(outcome.error.as_deref().unwrap().contains(said), "{outcome:?}");
        assert!(switches.take_calls().is_empty());
    }
}

#[tokio::test]
async fn a_device_that_left_the_inventory_says_so() {
    let (store, switches) = (FakeStore::with(INVENTORY, &[MODEL, TEMPLATE]), FakeSwitches::default());

    enforcer(&store, &switches).receive(&message("apply", &["leaf9"]), Delivery::First).await.unwrap();

    assert_eq!(outcome(&store, "leaf9").error.as_deref(), Some("no longer in the inventory"));
}

#[tokio::test]
async fn a_message_that_is_not_ours_is_parked_and_not_delivered_again() {
    let (store, switches) = (FakeStore::with(INVENTORY, &[MODEL, TEMPLATE]), FakeSwitches::default());
    let enforcer = enforcer(&store, &switches);

    enforcer.receive("hello", Delivery::First).await.unwrap();
    store.fail("park", StoreFault::Unavailable);
    let unparked = enforcer.receive("hello again", Delivery::First).await;

    let parked = store.parked.lock().unwrap();
    assert_eq!(parked[0].0, "hello");
    assert!(parked[0].1.contains("not a slice message"), "{}", parked[0].1);
    assert!(unparked.is_err(), "a message that could not be parked must come again");
}

#[tokio::test]
async fn what_may_pass_by_itself_brings_the_slice_again() {
    for verb in ["inventory", "models", "record"] {
        let (store, switches) = (FakeStore::with(INVENTORY, &[MODEL, TEMPLATE]), FakeSwitches::default());
        store.fail(verb, StoreFault::Unavailable);

        let result = enforcer(&store, &switches).receive(&message("apply", &["leaf1"]), Delivery::First).await;

        assert!(result.is_err(), "{verb}");
    }
}

#[tokio::test]
async fn a_slice_delivered_again_leaves_the_devices_alone_that_are_done() {
    let (store, switches) = (FakeStore::with(INVENTORY, &[MODEL, TEMPLATE]), FakeSwitches::default());
    let enforcer = enforcer(&store, &switches);
    enforcer.receive(&message("apply", &["leaf1"]), Delivery::First).await.unwrap();
    switches.take_calls();

    enforcer.receive(&message("apply", &["leaf1", "leaf2"]), Delivery::Again).await.unwrap();

    let devices: Vec<_> = switches.take_calls().into_iter().map(|(device, _)| device).collect();
    assert_eq!(devices, ["leaf2", "leaf2", "leaf2"]);
}

#[tokio::test]
async fn a_changed_model_is_seen_by_the_next_slice() {
    let (store, switches) = (FakeStore::with(INVENTORY, &[MODEL, ("t.tera", "old")]), FakeSwitches::default());
    let enforcer = enforcer(&store, &switches);
    enforcer.receive(&message("apply", &["leaf1"]), Delivery::First).await.unwrap();
    store.set_models(&[MODEL, ("t.tera", "new")]);

    enforcer.receive(&message("apply", &["leaf1"]), Delivery::First).await.unwrap();

    assert_eq!(switches.running("leaf1"), "new\n");
}
