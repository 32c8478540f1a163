use jiff::SignedDuration;
use naas::fakes::FakeClock;
use naas::outcome::SwitchState;
use naas::run::Mode;

use super::*;

fn slice(device: &str) -> Slice {
    Slice {
        version: naas::slice::VERSION,
        run: run(),
        mode: Mode::Apply,
        devices: vec![DeviceName::new(device).unwrap()],
        inventory: vec!["inventory.yaml".to_owned()],
    }
}

fn run() -> RunId {
    RunId::parse("20261123-201530-7f3a9c").unwrap()
}

fn outcome(device: &str, status: Status) -> Outcome {
    let at = "2026-11-23T20:15:30Z".parse().unwrap();
    Outcome {
        run: run(),
        device: DeviceName::new(device).unwrap(),
        status,
        switch: SwitchState::Saved,
        diff: String::new(),
        error: None,
        started_at: at,
        finished_at: at,
    }
}

fn store() -> (tempfile::TempDir, EmbeddedStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(folder.path().join("state.redb")).unwrap();
    (folder, store)
}

#[tokio::test]
async fn messages_come_in_order_and_once() {
    let (_folder, store) = store();
    let clock = FakeClock::default();
    store.send(&[slice("a"), slice("b")]).await.unwrap();

    let first = store.receive(&clock).await.unwrap();
    let second = store.receive(&clock).await.unwrap();
    store.delete(first.id).await.unwrap();
    store.delete(second.id).await.unwrap();

    assert_eq!((first.body, second.body), (slice("a").to_message(), slice("b").to_message()));
    assert_eq!(store.take(clock.now()).unwrap(), None);
}

#[tokio::test]
async fn a_receiver_wakes_when_a_message_arrives() {
    let (_folder, store) = store();
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.receive(&FakeClock::default()).await }
    });
    tokio::task::yield_now().await;

    store.send(&[slice("a")]).await.unwrap();

    assert_eq!(waiting.await.unwrap().unwrap().times_received, 1);
}

#[tokio::test]
async fn a_message_given_back_rests_until_it_is_due() {
    let (_folder, store) = store();
    let clock = FakeClock::default();
    store.send(&[slice("a")]).await.unwrap();
    let received = store.receive(&clock).await.unwrap();

    store.give_back(received.id, clock.now() + SignedDuration::from_secs(5)).await.unwrap();
    let early = store.take(clock.now()).unwrap();
    clock.advance(SignedDuration::from_secs(5));
    let due = store.take(clock.now()).unwrap().unwrap();

    assert_eq!((early, due.times_received), (None, 2));
}

#[tokio::test]
async fn a_message_that_never_succeeds_is_parked_with_a_reason() {
    let (_folder, store) = store();
    let clock = FakeClock::default();
    store.send(&[slice("a")]).await.unwrap();
    for _ in 0..MAX_RECEIVES {
        let received = store.take(clock.now()).unwrap().unwrap();
        store.give_back(received.id, clock.now()).await.unwrap();
    }

    assert_eq!(store.take(clock.now()).unwrap(), None);
    let letters = store.dead_letters().await.unwrap();
    assert_eq!(letters[0].0, slice("a").to_message());
    assert!(letters[0].1.contains("5 times"), "{}", letters[0].1);
}

#[tokio::test]
async fn everything_survives_a_process_that_dies() {
    let (folder, store) = store();
    store.send(&[slice("a")]).await.unwrap();
    store.record(&outcome("a", Status::Changed)).await.unwrap();
    let out = store.take(FakeClock::default().now()).unwrap();
    drop(store);

    let store = EmbeddedStore::open(folder.path().join("state.redb")).unwrap();

    let again = store.take(FakeClock::default().now()).unwrap().unwrap();
    assert_eq!((out.unwrap().times_received, again.times_received), (1, 2));
    assert_eq!(store.statuses(&run()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_second_process_is_told_that_the_site_is_taken() {
    let (folder, _store) = store();

    let error = EmbeddedStore::open(folder.path().join("state.redb")).unwrap_err();

    assert_eq!(error.fault, StoreFault::Denied);
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("another naas"));
}

#[tokio::test]
async fn the_first_outcome_stands() {
    let (_folder, store) = store();

    let first = store.record(&outcome("a", Status::Changed)).await.unwrap();
    let later = store.record(&outcome("a", Status::InSync)).await.unwrap();

    assert_eq!((first, later), (Recorded::Now, Recorded::Before));
    let standing = store.outcome(&run(), &DeviceName::new("a").unwrap()).await.unwrap().unwrap();
    assert_eq!(standing.status, Status::Changed);
}

#[tokio::test]
async fn statuses_are_those_of_one_run() {
    let (_folder, store) = store();
    let other = RunId::parse("20261123-201530-7f3a9d").unwrap();
    store.record(&outcome("a", Status::Changed)).await.unwrap();
    store.record(&Outcome { run: other, ..outcome("b", Status::Refused) }).await.unwrap();

    let statuses = store.statuses(&run()).await.unwrap();

    assert_eq!(statuses, [(DeviceName::new("a").unwrap(), Status::Changed)].into());
}

#[tokio::test]
async fn a_key_is_claimed_once_and_replaced_only_by_who_knows_it() {
    let (_folder, store) = store();
    let at = "2026-11-23T20:15:30Z".parse().unwrap();
    let ours = IdempotencyRecord { fingerprint: "a".to_owned(), run: run(), claimed_at: at, receipt: None };
    let other = IdempotencyRecord { fingerprint: "b".to_owned(), ..ours.clone() };

    assert_eq!(store.claim("k", &ours).await.unwrap(), None);
    assert_eq!(store.claim("k", &other).await.unwrap(), Some(ours.clone()));
    assert!(!store.replace("k", &other, &ours).await.unwrap());
    assert!(store.replace("k", &ours, &other).await.unwrap());
    assert_eq!(store.claim("k", &ours).await.unwrap(), Some(other));
}
