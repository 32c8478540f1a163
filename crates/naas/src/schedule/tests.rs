mod access;
mod history;
mod redrive;

use std::num::NonZeroUsize;

use intent::name::DeviceName;
use jiff::SignedDuration;

use super::idempotency::fingerprint;
use super::*;
use crate::fakes::{FakeClock, FakeStore, blank};
use crate::ports::StoreFault;
use crate::records::idempotency::IdempotencyRecord;
use crate::records::outcome::{Attempt, Outcome};

const INVENTORY: &str = "hosts: {leaf1: {}, leaf2: {groups: [leaf]}, leaf3: {groups: [leaf]}}\ngroups: {leaf: {}}\n";

type TestScheduler<'a> =
    Scheduler<Ports<&'a FakeStore, &'a FakeStore, &'a FakeStore, &'a FakeStore, &'a FakeStore, FakeClock>>;

fn scheduler(store: &FakeStore) -> TestScheduler<'_> {
    let default_step = Step::Of(NonZeroUsize::new(2).unwrap());
    Scheduler::new(
        Ports {
            inventories: store,
            models: store,
            queue: store,
            state: store,
            dead_letters: store,
            clock: FakeClock::default(),
        },
        default_step,
    )
}

fn ana() -> Caller {
    Caller::owner_of_this_machine("ana")
}

async fn refused(scheduler: &TestScheduler<'_>, body: &str) -> ScheduleError {
    scheduler.configure(&ana(), body.as_bytes(), None).await.unwrap_err()
}

#[tokio::test]
async fn a_request_becomes_slices_of_the_default_step() {
    let store = FakeStore::with(INVENTORY, &[]);

    let receipt = scheduler(&store).configure(&ana(), br#"{"devices":["all"]}"#, None).await.unwrap();

    assert_eq!((receipt.devices, receipt.slices), (3, 2));
    let slices = store.slices.lock().unwrap();
    let sizes: Vec<_> = slices.iter().map(|slice| slice.devices.len()).collect();
    assert_eq!(sizes, [2, 1]);
    assert!(slices.iter().all(|slice| slice.task.run == receipt.run && slice.task.inventory == ["naas/inventory"]));
}

#[tokio::test]
async fn the_step_of_the_request_wins() {
    for (step, slices) in [("\"max\"", 1), ("\"MAX\"", 1), ("1", 3), ("\"2\"", 2), ("99", 1)] {
        let store = FakeStore::with(INVENTORY, &[]);
        let body = format!(r#"{{"groups":["leaf"],"devices":["leaf1"],"step":{step}}}"#);

        let receipt = scheduler(&store).configure(&ana(), body.as_bytes(), None).await.unwrap();

        assert_eq!(receipt.slices, slices, "step {step}");
    }
}

#[tokio::test]
async fn unknown_names_are_all_named_and_schedule_nothing() {
    let store = FakeStore::with(INVENTORY, &[]);

    let error = refused(&scheduler(&store), r#"{"devices":["leaf1","nope","never"],"groups":["none"]}"#).await;

    let ScheduleError::Unknown(unknown) = error else { panic!("{error}") };
    assert_eq!((unknown.devices.len(), unknown.groups.len()), (2, 1));
    assert!(store.slices.lock().unwrap().is_empty() && store.runs.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_run_is_on_record_before_anything_is_queued() {
    let store = FakeStore::with(INVENTORY, &[]);
    store.fail("create", StoreFault::Unavailable);

    let error = refused(&scheduler(&store), r#"{"devices":["leaf1"]}"#).await;

    assert!(matches!(error, ScheduleError::State(_)), "{error}");
    assert!(store.slices.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_repeated_request_with_its_key_is_the_same_run() {
    let store = FakeStore::with(INVENTORY, &[]);
    let scheduler = scheduler(&store);

    let first = scheduler.configure(&ana(), br#"{"devices":["leaf1"]}"#, Some("k1")).await.unwrap();
    let again = scheduler.configure(&ana(), br#"{ "devices": ["leaf1"] }"#, Some("k1")).await.unwrap();
    let other = scheduler.configure(&ana(), br#"{"devices":["leaf1"]}"#, Some("k2")).await.unwrap();

    assert_eq!(first, again);
    assert_ne!(first.run, other.run);
    assert_eq!(store.slices.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_with_another_request_is_refused() {
    let store = FakeStore::with(INVENTORY, &[]);
    let scheduler = scheduler(&store);
    scheduler.configure(&ana(), br#"{"devices":["leaf1"]}"#, Some("k1")).await.unwrap();

    let error = scheduler.configure(&ana(), br#"{"devices":["leaf2"]}"#, Some("k1")).await.unwrap_err();

    assert!(matches!(error, ScheduleError::KeyReused), "{error}");
}

#[tokio::test]
async fn a_key_of_a_dead_holder_is_taken_over_with_the_same_run() {
    let store = FakeStore::with(INVENTORY, &[]);
    let scheduler = scheduler(&store);
    let body = br#"{"devices":["leaf1"]}"#;
    let dead = IdempotencyRecord {
        fingerprint: fingerprint(&Request::parse(body).unwrap()),
        run: scheduler.new_run(),
        claimed_at: scheduler.ports().clock.now(),
        receipt: None,
    };
    store.keys.lock().unwrap().insert("ana\nk1".to_owned(), dead.clone());

    let early = scheduler.configure(&ana(), body, Some("k1")).await.unwrap_err();
    scheduler.ports().clock.advance(CLAIM_LIFE);
    let late = scheduler.configure(&ana(), body, Some("k1")).await.unwrap();

    assert!(matches!(early, ScheduleError::KeyInUse), "{early}");
    assert_eq!(late.run, dead.run);
}

#[tokio::test]
async fn a_key_is_free_again_when_its_request_failed() {
    let store = FakeStore::with(INVENTORY, &[]);
    let scheduler = scheduler(&store);
    store.fail("send", StoreFault::Unavailable);
    let failed = scheduler.configure(&ana(), br#"{"devices":["leaf1"]}"#, Some("k1")).await.unwrap_err();
    store.mend();

    let receipt = scheduler.configure(&ana(), br#"{"devices":["leaf1"]}"#, Some("k1")).await.unwrap();

    let ScheduleError::Queue { run, .. } = failed else { panic!("{failed}") };
    assert_eq!(receipt.run, run, "slices queued before the failure belong to the same run");
}

#[tokio::test]
async fn a_run_whose_name_is_taken_is_not_queued() {
    let store = FakeStore::with(INVENTORY, &[]);
    let first = scheduler(&store).configure(&ana(), br#"{"devices":["leaf1"]}"#, None).await.unwrap();
    store.slices.lock().unwrap().clear();

    // Its clock and random numbers begin again, so the next run gets the same name.
    let error = refused(&scheduler(&store), r#"{"devices":["leaf2"]}"#).await;

    assert!(matches!(&error, ScheduleError::NameTaken(name) if *name == first.run), "{error}");
    assert!(store.slices.lock().unwrap().is_empty());
    assert_eq!(store.runs.lock().unwrap()[&first.run].devices[0].as_ref(), "leaf1");
}

#[tokio::test]
async fn a_key_must_be_a_header_value() {
    let store = FakeStore::with(INVENTORY, &[]);

    for key in ["", "with space", "ümlaut", &"k".repeat(256)] {
        let error = scheduler(&store).configure(&ana(), br#"{"devices":["leaf1"]}"#, Some(key)).await.unwrap_err();
        assert!(matches!(error, ScheduleError::Key(_)), "{key}: {error}");
    }
}

fn outcome(run: &RunId, device: &str, status: Status) -> Outcome {
    blank::outcome(run, &DeviceName::new(device).unwrap(), status)
}

#[tokio::test]
async fn a_run_is_running_until_every_device_has_an_outcome() {
    let store = &FakeStore::with(INVENTORY, &[]);
    let scheduler = scheduler(store);
    let run = scheduler.configure(&ana(), br#"{"devices":["leaf1","leaf2"]}"#, None).await.unwrap().run;

    store.record(&outcome(&run, "leaf1", Status::Changed)).await.unwrap();
    let running = scheduler.run(&ana(), run.as_ref()).await.unwrap();
    store.record(&outcome(&run, "leaf2", Status::InSync)).await.unwrap();
    let finished = scheduler.run(&ana(), run.as_ref()).await.unwrap();

    assert_eq!((running.status, running.counts["pending"], running.count(Status::Changed)), ("running", 1, 1));
    assert_eq!((finished.status, finished.devices["leaf2"]), ("finished", "in_sync"));
    assert!(matches!(scheduler.outcome(&ana(), run.as_ref(), "leaf3").await, Err(ReportError::NotInRun { .. })));
    assert!(matches!(scheduler.run(&ana(), "../../etc").await, Err(ReportError::NoSuchRun(_))));
}

#[tokio::test]
async fn a_pending_device_says_what_was_tried() {
    let store = &FakeStore::with(INVENTORY, &[]);
    let scheduler = scheduler(store);
    let run = scheduler.configure(&ana(), br#"{"devices":["leaf1"]}"#, None).await.unwrap().run;
    let now = scheduler.ports().clock.now();
    let attempt = Attempt {
        run: run.clone(),
        device: DeviceName::new("leaf1").unwrap(),
        attempts: 3,
        at: now,
        reason: "no connection".to_owned(),
        again_at: now + SignedDuration::from_secs(60),
    };
    store.note(&attempt).await.unwrap();

    let pending = scheduler.outcome(&ana(), run.as_ref(), "leaf1").await.unwrap();

    let shown = serde_json::to_value(&pending).unwrap();
    assert_eq!(
        (&shown["status"], &shown["attempts"], &shown["reason"]),
        (&"pending".into(), &3.into(), &"no connection".into())
    );
    assert_eq!(shown["again_at"], "2026-11-23T20:16:30Z");
}

#[tokio::test]
async fn a_cancelled_run_is_cancelling_until_its_devices_end() {
    let store = &FakeStore::with(INVENTORY, &[]);
    let scheduler = scheduler(store);
    let run = scheduler.configure(&ana(), br#"{"devices":["leaf1"]}"#, None).await.unwrap().run;

    let cancelling = scheduler.cancel(&ana(), run.as_ref()).await.unwrap();
    store.record(&outcome(&run, "leaf1", Status::Cancelled)).await.unwrap();
    let finished = scheduler.cancel(&ana(), run.as_ref()).await.unwrap();

    assert_eq!((cancelling.status, finished.status), ("cancelling", "finished"));
}

#[tokio::test]
async fn a_plan_is_applied_to_the_devices_it_would_change() {
    let store = &FakeStore::with(INVENTORY, &[]);
    let scheduler = scheduler(store);
    let plan = scheduler.configure(&ana(), br#"{"devices":["all"],"mode":"plan"}"#, None).await.unwrap().run;
    let apply = format!(r#"{{"plan":"{plan}","confirm":60}}"#);

    let early = refused(&scheduler, &apply).await;
    for (device, status) in [("leaf1", Status::Planned), ("leaf2", Status::InSync), ("leaf3", Status::Unreachable)] {
        store.record(&outcome(&plan, device, status)).await.unwrap();
    }
    store.slices.lock().unwrap().clear();
    let receipt = scheduler.configure(&ana(), apply.as_bytes(), None).await.unwrap();

    assert!(matches!(early, ScheduleError::PlanUnfinished { pending: 3, .. }), "{early}");
    assert_eq!(receipt.devices, 1);
    let slice = store.slices.lock().unwrap()[0].clone();
    assert_eq!((slice.task.plan, slice.task.mode, slice.devices[0].as_ref()), (Some(plan), Mode::Apply, "leaf1"));
    let not_a_plan = refused(&scheduler, &format!(r#"{{"plan":"{}"}}"#, receipt.run)).await;
    assert!(matches!(not_a_plan, ScheduleError::NotAPlan { .. }), "{not_a_plan}");
}
