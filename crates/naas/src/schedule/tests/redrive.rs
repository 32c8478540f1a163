//! Sending parked slices again.

use intent::hash::ContentHash;

use super::*;
use crate::ports::DeadLetters;
use crate::records::slice::Slice;

/// A store with one run of `devices`, whose slices are taken out of the queue and returned.
async fn run_of(store: &FakeStore, body: &str) -> (RunId, Vec<Slice>) {
    let run = scheduler(store).configure(&ana(), body.as_bytes(), None).await.unwrap().run;
    (run, std::mem::take(&mut *store.slices.lock().unwrap()))
}

async fn park(store: &FakeStore, slice: &Slice) {
    store.park(&slice.to_message(), "it did not work").await.unwrap();
}

/// A scheduler whose runs have other names than those of [`scheduler`].
fn later(store: &FakeStore) -> TestScheduler<'_> {
    let scheduler = scheduler(store);
    scheduler.ports().clock.advance(SignedDuration::from_hours(1));
    scheduler
}

fn devices(slices: &[Slice]) -> Vec<&str> {
    slices.iter().flat_map(|slice| slice.devices.iter().map(DeviceName::as_ref)).collect()
}

fn parked(store: &FakeStore) -> Vec<Slice> {
    store.parked.lock().unwrap().iter().map(|(message, _)| Slice::parse(message).unwrap()).collect()
}

#[tokio::test]
async fn open_devices_go_on_and_ended_ones_get_a_new_run() {
    let store = &FakeStore::with(INVENTORY, &[]);
    let (run, slices) = run_of(store, r#"{"devices":["all"],"step":"max"}"#).await;
    let slice = slices[0].clone();
    store.record(&outcome(&run, "leaf1", Status::Unreachable)).await.unwrap();
    park(store, &Slice { attempt: 7, ..slice.clone() }).await;
    park(store, &slice).await;
    store.park("no slice", "it did not work").await.unwrap();

    let redriven = later(store).redrive(&ana(), b"").await.unwrap();

    assert_eq!(redriven.resumed, std::slice::from_ref(&run));
    assert_eq!((redriven.started.len(), redriven.started[0].devices), (1, 1));
    assert_eq!((redriven.left.len(), redriven.left[0].message.as_str()), (1, "no slice"));
    let slices = store.slices.lock().unwrap();
    let sent: Vec<_> = slices.iter().map(|slice| (slice.task.run == run, slice.devices.len(), slice.attempt)).collect();
    assert_eq!(sent, [(true, 2, 0), (false, 1, 0)]);
    assert_eq!(store.parked.lock().unwrap().len(), 1, "and only what is no slice stays");
}

#[tokio::test]
async fn what_cannot_be_queued_stays_parked() {
    let store = &FakeStore::with(INVENTORY, &[]);
    let (_, slices) = run_of(store, r#"{"devices":["leaf1"]}"#).await;
    park(store, &slices[0]).await;
    store.fail("send", StoreFault::Unavailable);

    later(store).redrive(&ana(), b"").await.unwrap_err();

    assert_eq!(store.parked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn only_the_selected_devices_are_sent_again() {
    let store = &FakeStore::with(INVENTORY, &[]);
    let (_, slices) = run_of(store, r#"{"devices":["all"],"step":"max"}"#).await;
    park(store, &slices[0]).await;

    let redriven = later(store).redrive(&ana(), br#"{"devices":["leaf2"]}"#).await.unwrap();

    assert_eq!(redriven.resumed.len(), 1);
    assert_eq!(devices(&store.slices.lock().unwrap()), ["leaf2"]);
    assert_eq!(devices(&parked(store)), ["leaf1", "leaf3"], "and the others stay parked");
}

#[tokio::test]
async fn only_the_selected_run_is_sent_again() {
    let store = &FakeStore::with(INVENTORY, &[]);
    let (first, slices) = run_of(store, r#"{"devices":["leaf1"]}"#).await;
    park(store, &slices[0]).await;
    let second = later(store).configure(&ana(), br#"{"devices":["leaf1"]}"#, None).await.unwrap().run;
    let slice = store.slices.lock().unwrap().remove(0);
    park(store, &slice).await;

    let body = format!(r#"{{"run":"{second}"}}"#);
    let redriven = later(store).redrive(&ana(), body.as_bytes()).await.unwrap();

    assert_eq!(redriven.resumed, [second]);
    assert_eq!(parked(store).iter().map(|slice| slice.task.run.clone()).collect::<Vec<_>>(), [first]);
}

#[tokio::test]
async fn a_selection_that_is_malformed_sends_nothing() {
    let store = &FakeStore::with(INVENTORY, &[]);
    let (_, slices) = run_of(store, r#"{"devices":["leaf1"]}"#).await;
    park(store, &slices[0]).await;
    for (body, said) in [
        (&br#"{"device":["leaf1"]}"#[..], "did you mean `devices`"),
        (br#"{"devices":[]}"#, "devices: expected at least one name"),
        (br#"{"run":"latest"}"#, "run: \"latest\" is not a run"),
        (b"[]", "expected a map, found a list"),
    ] {
        let error = later(store).redrive(&ana(), body).await.unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
    assert_eq!(parked(store).len(), 1);
}

#[tokio::test]
async fn a_redriven_restore_keeps_its_place_among_restores() {
    let store = &FakeStore::with(INVENTORY, &[]);
    let (first, slices) = run_of(store, r#"{"devices":["leaf1"]}"#).await;
    let task = Task { restore: Some(ContentHash::of("one\n")), ..slices[0].task.clone() };
    let restore = Slice { task, ..slices[0].clone() };
    park(store, &restore).await;
    store.record(&outcome(&first, "leaf1", Status::Unreachable)).await.unwrap();

    let again = later(store).redrive(&ana(), b"").await.unwrap().started[0].run.clone();
    let redriven = store.slices.lock().unwrap().remove(0);
    park(store, &redriven).await;
    store.record(&outcome(&again, "leaf1", Status::Unreachable)).await.unwrap();
    let much_later = later(store);
    much_later.ports().clock.advance(SignedDuration::from_hours(1));
    much_later.redrive(&ana(), b"").await.unwrap();

    assert_eq!((redriven.task.run, redriven.task.repeats.as_ref()), (again, Some(&first)));
    let thrice = store.slices.lock().unwrap().remove(0);
    assert_eq!(thrice.task.restore_order(), &first, "also when it is sent a third time");
}

#[tokio::test]
async fn slices_of_older_runs_are_sent_first() {
    let store = &FakeStore::with(INVENTORY, &[]);
    let (first, slices) = run_of(store, r#"{"devices":["leaf1"]}"#).await;
    let second = later(store).configure(&ana(), br#"{"devices":["leaf1"]}"#, None).await.unwrap().run;
    let newer = store.slices.lock().unwrap().remove(0);
    park(store, &newer).await;
    park(store, &slices[0]).await;

    let redriven = later(store).redrive(&ana(), b"null").await.unwrap();

    assert_eq!(redriven.resumed, [first, second]);
}
