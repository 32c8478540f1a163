use std::num::NonZeroUsize;

use super::*;
use crate::fakes::{FakeClock, FakeStore};
use crate::ports::StoreFault;

const INVENTORY: &str = "hosts: {leaf1: {}, leaf2: {groups: [leaf]}, leaf3: {groups: [leaf]}}\ngroups: {leaf: {}}\n";

type TestScheduler<'a> = Scheduler<&'a FakeStore, &'a FakeStore, &'a FakeStore, FakeClock>;

fn scheduler(store: &FakeStore) -> TestScheduler<'_> {
    let default_step = Step::Of(NonZeroUsize::new(2).unwrap());
    Scheduler { inventories: store, queue: store, state: store, clock: FakeClock::default(), default_step }
}

async fn refused(scheduler: &TestScheduler<'_>, body: &str) -> ScheduleError {
    scheduler.configure(body.as_bytes(), None).await.unwrap_err()
}

#[tokio::test]
async fn a_request_becomes_slices_of_the_default_step() {
    let store = FakeStore::with(INVENTORY, &[]);

    let receipt = scheduler(&store).configure(br#"{"devices":["all"]}"#, None).await.unwrap();

    assert_eq!((receipt.devices, receipt.slices), (3, 2));
    let slices = store.slices.lock().unwrap();
    let sizes: Vec<_> = slices.iter().map(|slice| slice.devices.len()).collect();
    assert_eq!(sizes, [2, 1]);
    assert!(slices.iter().all(|slice| slice.run == receipt.run && slice.inventory == ["naas/inventory"]));
}

#[tokio::test]
async fn the_step_of_the_request_wins() {
    for (step, slices) in [("\"max\"", 1), ("\"MAX\"", 1), ("1", 3), ("\"2\"", 2), ("99", 1)] {
        let store = FakeStore::with(INVENTORY, &[]);
        let body = format!(r#"{{"groups":["leaf"],"devices":["leaf1"],"step":{step}}}"#);

        let receipt = scheduler(&store).configure(body.as_bytes(), None).await.unwrap();

        assert_eq!(receipt.slices, slices, "step {step}");
    }
}

#[tokio::test]
async fn an_unknown_name_schedules_nothing_and_every_one_is_named() {
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
async fn a_repeated_request_with_its_key_gets_the_same_run_and_is_queued_once() {
    let store = FakeStore::with(INVENTORY, &[]);
    let scheduler = scheduler(&store);

    let first = scheduler.configure(br#"{"devices":["leaf1"]}"#, Some("k1")).await.unwrap();
    let again = scheduler.configure(br#"{ "devices": ["leaf1"] }"#, Some("k1")).await.unwrap();
    let other = scheduler.configure(br#"{"devices":["leaf1"]}"#, Some("k2")).await.unwrap();

    assert_eq!(first, again);
    assert_ne!(first.run, other.run);
    assert_eq!(store.slices.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_with_another_request_is_refused() {
    let store = FakeStore::with(INVENTORY, &[]);
    let scheduler = scheduler(&store);
    scheduler.configure(br#"{"devices":["leaf1"]}"#, Some("k1")).await.unwrap();

    let error = scheduler.configure(br#"{"devices":["leaf2"]}"#, Some("k1")).await.unwrap_err();

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
        claimed_at: scheduler.clock.now(),
        receipt: None,
    };
    store.keys.lock().unwrap().insert("k1".to_owned(), dead.clone());

    let early = scheduler.configure(body, Some("k1")).await.unwrap_err();
    scheduler.clock.advance(CLAIM_LIFE);
    let late = scheduler.configure(body, Some("k1")).await.unwrap();

    assert!(matches!(early, ScheduleError::KeyInUse), "{early}");
    assert_eq!(late.run, dead.run);
}

#[tokio::test]
async fn a_key_is_free_again_when_its_request_failed() {
    let store = FakeStore::with(INVENTORY, &[]);
    let scheduler = scheduler(&store);
    store.fail("send", StoreFault::Unavailable);
    let failed = scheduler.configure(br#"{"devices":["leaf1"]}"#, Some("k1")).await.unwrap_err();
    store.mend();

    let receipt = scheduler.configure(br#"{"devices":["leaf1"]}"#, Some("k1")).await.unwrap();

    let ScheduleError::Queue { run, .. } = failed else { panic!("{failed}") };
    assert_eq!(receipt.run, run, "slices queued before the failure belong to the same run");
}

#[tokio::test]
async fn a_key_must_be_a_header_value() {
    let store = FakeStore::with(INVENTORY, &[]);

    for key in ["", "with space", "ümlaut", &"k".repeat(256)] {
        let error = scheduler(&store).configure(br#"{"devices":["leaf1"]}"#, Some(key)).await.unwrap_err();
        assert!(matches!(error, ScheduleError::Key(_)), "{key}: {error}");
    }
}

#[tokio::test]
async fn a_run_is_running_until_every_device_has_an_outcome() {
    let store = FakeStore::with(INVENTORY, &[]);
    let scheduler = scheduler(&store);
    let run = scheduler.configure(br#"{"devices":["leaf1","leaf2"]}"#, None).await.unwrap().run;
    let outcome = |device: &str, status| Outcome {
        run: run.clone(),
        device: DeviceName::new(device).unwrap(),
        status,
        switch: crate::outcome::SwitchState::Saved,
        diff: String::new(),
        error: None,
        started_at: scheduler.clock.now(),
        finished_at: scheduler.clock.now(),
    };
    let store = &store;

    store.record(&outcome("leaf1", Status::Changed)).await.unwrap();
    let running = scheduler.run(run.as_ref()).await.unwrap();
    store.record(&outcome("leaf2", Status::InSync)).await.unwrap();
    let finished = scheduler.run(run.as_ref()).await.unwrap();

    assert_eq!((running.status, running.counts[PENDING], running.count(Status::Changed)), ("running", 1, 1));
    assert_eq!((finished.status, finished.devices["leaf2"]), ("finished", "in_sync"));
    assert!(matches!(scheduler.device(run.as_ref(), "leaf3").await, Err(ReportError::NotInRun { .. })));
    assert!(matches!(scheduler.run("../../etc").await, Err(ReportError::NoSuchRun(_))));
}
