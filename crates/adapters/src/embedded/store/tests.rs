use std::time::Duration;

use intent::hash::ContentHash;
use intent::name::RunId;
use intent::tenancy::PortDocument;
use jiff::{SignedDuration, Timestamp};
use naas::contract;
use naas::fakes::{FakeClock, blank};
use naas::ports::{Clock, History, Installation, PortDocuments, Runs, SliceQueue};
use naas::records::device_state::{Lease, Token};
use naas::records::idempotency::Receipt;
use naas::records::installation::InstallationId;
use naas::records::outcome::{Outcome, Status};
use naas::records::run::Run;
use naas::records::slice::Slice;
use naas::records::task::Task;

use super::queue::{MAX_RECEIVES, NAP, QUEUE, WAITING};
use super::runs::OUTCOMES;
use super::*;

fn slice(device: &str) -> Slice {
    blank::slice(run(), DeviceName::new(device).unwrap())
}

fn run() -> RunId {
    RunId::parse("20261123-201530-7f3a9c").unwrap()
}

fn whole_run() -> Run {
    blank::run(run(), vec![DeviceName::new("a").unwrap()])
}

fn outcome(device: &str, status: Status) -> Outcome {
    blank::outcome(&run(), &DeviceName::new(device).unwrap(), status)
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
    store.send(&[slice("a"), slice("b")], Duration::ZERO).await.unwrap();

    let first = store.receive(&clock).await.unwrap();
    let second = store.receive(&clock).await.unwrap();
    store.delete(first.id).await.unwrap();
    store.delete(second.id).await.unwrap();

    assert_eq!((first.body, second.body), (slice("a").to_message(), slice("b").to_message()));
    assert_eq!(store.take(clock.now(), |_| true).unwrap(), None);
}

#[tokio::test]
async fn a_receiver_wakes_when_a_message_arrives() {
    let (_folder, store) = store();
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.receive(&FakeClock::default()).await }
    });
    tokio::task::yield_now().await;

    store.send(&[slice("a")], Duration::ZERO).await.unwrap();

    assert_eq!(waiting.await.unwrap().unwrap().times_received, 1);
}

#[tokio::test]
async fn a_receiver_that_waits_writes_nothing() {
    let (folder, store) = store();
    store.send(&[slice("a")], Duration::from_secs(60)).await.unwrap();
    let file = || std::fs::read(folder.path().join("state.redb")).unwrap();
    let (before, clock) = (file(), FakeClock::default());
    let now = Timestamp::now();
    clock.advance(now.duration_since(clock.now()));

    let nothing = tokio::time::timeout(NAP + NAP, store.receive(&clock)).await;

    assert!(nothing.is_err(), "{nothing:?}");
    assert!(file() == before);
}

#[tokio::test]
async fn a_message_given_back_rests_until_it_is_due() {
    let (_folder, store) = store();
    let clock = FakeClock::default();
    store.send(&[slice("a")], Duration::ZERO).await.unwrap();
    let received = store.receive(&clock).await.unwrap();

    store.give_back(received.id, clock.now() + SignedDuration::from_secs(5)).await.unwrap();
    let early = store.take(clock.now(), |_| true).unwrap();
    clock.advance(SignedDuration::from_secs(5));
    let due = store.take(clock.now(), |_| true).unwrap().unwrap();

    assert_eq!((early, due.times_received), (None, 2));
}

#[tokio::test]
async fn a_message_that_never_succeeds_is_parked_with_a_reason() {
    let (_folder, store) = store();
    let clock = FakeClock::default();
    store.send(&[slice("a")], Duration::ZERO).await.unwrap();
    for _ in 0..MAX_RECEIVES {
        let received = store.take(clock.now(), |_| true).unwrap().unwrap();
        store.give_back(received.id, clock.now()).await.unwrap();
    }

    assert_eq!(store.take(clock.now(), |_| true).unwrap(), None);
    let letters = store.dead_letters().await.unwrap();
    assert_eq!(letters[0].message, slice("a").to_message());
    let reason = letters[0].reason.as_deref().unwrap();
    assert!(reason.contains("5 times"), "{reason}");
}

#[tokio::test]
async fn everything_survives_a_process_that_dies() {
    let (folder, store) = store();
    store.send(&[slice("a")], Duration::ZERO).await.unwrap();
    store.record(&outcome("a", Status::Changed)).await.unwrap();
    let out = store.take(FakeClock::default().now(), |_| true).unwrap();
    drop(store);

    let store = EmbeddedStore::open(folder.path().join("state.redb")).unwrap();

    let again = store.take(FakeClock::default().now(), |_| true).unwrap().unwrap();
    assert_eq!((out.unwrap().times_received, again.times_received), (1, 2));
    assert_eq!(store.statuses(&whole_run()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_second_process_is_told_that_the_site_is_taken() {
    let (folder, _store) = store();

    let error = EmbeddedStore::open(folder.path().join("state.redb")).unwrap_err();

    assert_eq!(error.fault, StoreFault::Denied);
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("another naas"));
}

#[tokio::test]
async fn the_embedded_store_keeps_the_contract() {
    let (_folder, store) = store();
    for seed in [1, 2] {
        contract::runs(&store, seed).await;
        contract::outcomes(&store, seed).await;
        contract::device_records(&store, seed).await;
        contract::history(&store, seed).await;
        contract::idempotency_keys(&store, seed).await;
        contract::port_documents(&store, seed).await;
        contract::dead_letters(&store, seed).await;
        let take = async || {
            let received = store.receive(&FakeClock::default()).await.unwrap();
            store.delete(received.id).await.unwrap();
            vec![received.body]
        };
        contract::slice_queue(&store, take, seed).await;
    }
}

#[tokio::test]
async fn a_process_that_died_holds_no_device() {
    let (folder, store) = store();
    let device = DeviceName::new("a").unwrap();
    let lease = Lease {
        run: run(),
        token: Token::new(1),
        until: "2099-01-01T00:00:00Z".parse().unwrap(),
        has_followers: false,
    };
    let held = DeviceRecord { lease: Some(lease), ..DeviceRecord::default() };
    store.replace_device_record(&device, &held, None).await.unwrap();
    drop(store);

    let store = EmbeddedStore::open(folder.path().join("state.redb")).unwrap();

    let record = store.device_record(&device).await.unwrap().unwrap().record;
    assert!(record.lease.is_some_and(|lease| lease.until < Timestamp::now()));
}

#[tokio::test]
async fn a_process_that_died_holds_no_key_and_its_answers_stand() {
    let (folder, store) = store();
    let at = Timestamp::now();
    let claimed = IdempotencyRecord { fingerprint: "a".to_owned(), run: run(), claimed_at: at, receipt: None };
    let receipt =
        Receipt { status: "OK".to_owned(), message: "Scheduled".to_owned(), run: run(), devices: 1, slices: 1 };
    let answered = IdempotencyRecord { receipt: Some(receipt), ..claimed.clone() };
    store.claim("claimed", &claimed).await.unwrap();
    store.claim("answered", &answered).await.unwrap();
    drop(store);

    let store = EmbeddedStore::open(folder.path().join("state.redb")).unwrap();

    let free = IdempotencyRecord { claimed_at: Timestamp::UNIX_EPOCH, ..claimed.clone() };
    assert_eq!(store.claim("claimed", &claimed).await.unwrap(), Some(free), "under the name that its run has");
    assert_eq!(store.claim("answered", &claimed).await.unwrap(), Some(answered));
}

#[tokio::test]
async fn what_is_no_device_record_is_unreadable_and_stays() {
    for (document, said) in [
        (r#"{"version":3,"lease":{"of":"another shape"}}"#, "version 3, expected 2"),
        ("", "EOF while parsing"),
        (r#"{"version":1,"lease":{"run":"20261123-20"#, "EOF while parsing"),
        (r#"{"version":1,"lease":"mine","waiting":null,"in_sync":null,"last":null}"#, "was it edited by hand"),
    ] {
        let (folder, store) = store();
        let put = |transaction: &redb::WriteTransaction| {
            transaction.open_table(DEVICES)?.insert("a", (7, document))?;
            Ok(())
        };
        store.write_now(put).unwrap();
        drop(store);

        let store = EmbeddedStore::open(folder.path().join("state.redb")).unwrap();
        let error = store.device_record(&DeviceName::new("a").unwrap()).await.unwrap_err();

        assert_eq!(error.fault, StoreFault::Unreadable, "{document}");
        assert!(std::error::Error::source(&error).unwrap().to_string().contains(said), "{document}: {error:?}");
        let kept = |transaction: &redb::WriteTransaction| {
            Ok(transaction.open_table(DEVICES)?.get("a")?.map(|stored| stored.value().1.to_owned()))
        };
        assert_eq!(store.write_now(kept).unwrap().as_deref(), Some(document));
    }
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "a figure for whoever asks for it")]
async fn ten_thousand_statuses_are_listed_without_other_runs() {
    let (_folder, store) = store();
    let other = RunId::parse("20261123-201530-7f3a9d").unwrap();
    let put = |transaction: &redb::WriteTransaction| {
        let mut outcomes = transaction.open_table(OUTCOMES)?;
        for number in 0..10_000 {
            let device = format!("leaf{number}");
            for (run, status) in [(run(), Status::InSync), (other.clone(), Status::Refused)] {
                let outcome = Outcome { run: run.clone(), diff: "+".repeat(1_000), ..outcome(&device, status) };
                outcomes.insert((run.to_string().as_str(), device.as_str()), json(&outcome).as_str())?;
            }
        }
        Ok(())
    };
    store.write_now(put).unwrap();

    let began = std::time::Instant::now();
    let statuses = store.statuses(&whole_run()).await.unwrap();
    // Seen with `cargo test --release -p adapters ten_thousand -- --nocapture`.
    println!("the statuses of ten thousand devices took {:?}", began.elapsed());

    assert_eq!(statuses.len(), 10_000);
    assert!(statuses.values().all(|status| *status == Status::InSync));
}

#[tokio::test]
async fn a_delayed_message_comes_when_it_is_due() {
    let (_folder, store) = store();
    store.send(&[slice("a")], Duration::from_secs(60)).await.unwrap();

    let now = Timestamp::now();

    assert_eq!(store.take(now, |_| true).unwrap(), None);
    assert!(store.take(now + SignedDuration::from_secs(61), |_| true).unwrap().is_some());
}

/// A slice of another run than [`run`].
fn slice_of(run: &RunId, device: &str) -> Slice {
    let slice = slice(device);
    Slice { task: Task { run: run.clone(), ..slice.task }, ..slice }
}

#[tokio::test]
async fn a_message_that_is_not_wanted_stays_for_whoever_wants_it() {
    let ((_folder, store), clock) = (store(), FakeClock::default());
    let other = RunId::parse("20261123-201531-7f3a9c").unwrap();
    store.send(&[slice("leaf1"), slice_of(&other, "leaf2")], Duration::ZERO).await.unwrap();

    let wanted = store.receive_if(&clock, |run| *run == other).await.unwrap();
    let rest = store.receive(&clock).await.unwrap();

    assert!(wanted.body.contains("leaf2"), "{wanted:?}");
    assert!(rest.body.contains("leaf1") && rest.times_received == 1, "{rest:?}");
}

#[tokio::test]
async fn one_device_does_not_wait_behind_a_run_of_many() {
    let ((_folder, store), clock) = (store(), FakeClock::default());
    let (many, one) = (run(), RunId::parse("20261123-201531-7f3a9c").unwrap());
    let slices: Vec<_> = (0..50).map(|number| slice_of(&many, &format!("leaf{number}"))).collect();
    store.send(&slices, Duration::ZERO).await.unwrap();
    store.send(&[slice_of(&one, "urgent")], Duration::ZERO).await.unwrap();

    let mut bodies = Vec::new();
    for _ in 0..3 {
        bodies.push(store.receive(&clock).await.unwrap().body);
    }

    let expected = [&slices[0], &slice_of(&one, "urgent"), &slices[1]].map(Slice::to_message);
    assert_eq!(bodies, expected, "runs take turns, and the slices of each keep their order");
}

#[tokio::test]
async fn a_queue_of_an_earlier_version_is_handed_out() {
    let (folder, store) = store();
    store.send(&[slice("a")], Duration::ZERO).await.unwrap();
    store.write_now(|transaction| Ok(transaction.delete_table(WAITING)?)).unwrap();
    drop(store);

    let store = EmbeddedStore::open(folder.path().join("state.redb")).unwrap();

    assert!(store.take(FakeClock::default().now(), |_| true).unwrap().is_some());
}

#[tokio::test]
async fn a_slice_of_an_order_is_handed_out() {
    let (_folder, store) = store();
    let device = DeviceName::new("a").unwrap();

    store.order_ports(&device, &PortDocument::default(), None, &whole_run()).await.unwrap();

    assert!(store.take(FakeClock::default().now(), |_| true).unwrap().is_some());
}

#[tokio::test]
async fn what_is_no_slice_is_parked_and_holds_nothing_up() {
    let (folder, store) = store();
    store.send(&[slice("a")], Duration::ZERO).await.unwrap();
    let put = |transaction: &redb::WriteTransaction| {
        let queued = r#"{"body":"hello","times_received":0,"waits":{"Until":"1970-01-01T00:00:00Z"}}"#;
        transaction.open_table(QUEUE)?.insert(7, queued)?;
        Ok(())
    };
    store.write_now(put).unwrap();
    drop(store);

    let store = EmbeddedStore::open(folder.path().join("state.redb")).unwrap();

    let letters = store.dead_letters().await.unwrap();
    assert_eq!(letters[0].message, "hello");
    assert!(letters[0].reason.as_deref().unwrap().starts_with("not a slice message"), "{letters:?}");
    assert_eq!(store.receive(&FakeClock::default()).await.unwrap().body, slice("a").to_message());
}

#[tokio::test]
async fn who_was_cut_off_has_no_message_handed_out_twice() {
    let ((_folder, store), clock) = (store(), FakeClock::default());
    store.send(&[slice("a"), slice("b")], Duration::ZERO).await.unwrap();
    let [given_back, deleted] = [store.receive(&clock).await.unwrap(), store.receive(&clock).await.unwrap()];
    store.free_what_nobody_works_on().unwrap();

    store.give_back(given_back.id, clock.now() + SignedDuration::from_secs(5)).await.unwrap();
    store.delete(deleted.id).await.unwrap();
    let early = store.take(clock.now(), |_| true).unwrap();
    clock.advance(SignedDuration::from_secs(5));
    let [due, again] = [(); 2].map(|()| store.take(clock.now(), |_| true).unwrap());

    assert_eq!((early, due.unwrap().body, again), (None, slice("a").to_message(), None));
}

fn run_of(at: Timestamp) -> Run {
    Run { task: Task { run: RunId::new(at, 8), ..whole_run().task }, accepted_at: at, ..whole_run() }
}

#[tokio::test]
async fn a_clock_that_is_far_ahead_forgets_no_run() {
    let (folder, store) = store();
    // To a store that was last used two years ago, the present looks like such a clock.
    let run = run_of(Timestamp::now() - SignedDuration::from_hours(2 * 365 * 24));
    store.create(&run).await.unwrap();
    drop(store);

    let store = EmbeddedStore::open(folder.path().join("state.redb")).unwrap();

    assert!(store.load(&run.task.run).await.unwrap().is_some());
}

#[tokio::test]
async fn old_runs_and_keys_are_forgotten_and_histories_kept() {
    let (folder, store) = store();
    let (now, leaf) = (Timestamp::now(), DeviceName::new("a").unwrap());
    let old = RunId::new(now - SignedDuration::from_hours(401 * 24), 7);
    let young = RunId::new(now - SignedDuration::from_hours(399 * 24), 7);
    let receipt =
        Receipt { status: "OK".to_owned(), message: "Scheduled".to_owned(), run: young.clone(), devices: 1, slices: 1 };
    for (run, days) in [(&old, 2), (&young, 0)] {
        store.create(&Run { task: Task { run: run.clone(), ..whole_run().task }, ..whole_run() }).await.unwrap();
        store.record(&Outcome { run: run.clone(), ..outcome("a", Status::Changed) }).await.unwrap();
        let claimed_at = now - SignedDuration::from_hours(24 * days);
        let record = IdempotencyRecord {
            fingerprint: String::new(),
            run: run.clone(),
            claimed_at,
            receipt: Some(receipt.clone()),
        };
        store.claim(run.as_ref(), &record).await.unwrap();
    }
    store.create(&run_of(now)).await.unwrap();
    store.keep(&leaf, &ContentHash::of("text"), "text").await.unwrap();
    drop(store);

    let store = EmbeddedStore::open(folder.path().join("state.redb")).unwrap();

    assert_eq!((store.load(&old).await.unwrap(), store.outcome(&old, &leaf).await.unwrap()), (None, None));
    assert!(store.load(&young).await.unwrap().is_some() && store.outcome(&young, &leaf).await.unwrap().is_some());
    let claim = IdempotencyRecord { fingerprint: String::new(), run: young.clone(), claimed_at: now, receipt: None };
    assert_eq!(store.claim(old.as_ref(), &claim).await.unwrap(), None, "the key is free again");
    assert!(store.claim(young.as_ref(), &claim).await.unwrap().is_some());
    assert!(store.kept(&leaf, &ContentHash::of("text")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_write_that_fails_fails_no_other() {
    let (_folder, store) = store();
    let write = |fails: bool| {
        store.write(move |transaction| {
            transaction.open_table(KEYS)?.insert(if fails { "bad" } else { "good" }, "{}")?;
            if fails { Err("told to fail".into()) } else { Ok(()) }
        })
    };

    let (first, failed, last) = tokio::join!(write(false), write(true), write(false));

    assert!(first.is_ok() && last.is_ok());
    assert!(std::error::Error::source(&failed.unwrap_err()).unwrap().to_string().contains("told to fail"));
    let stored = |key| {
        let transaction = store.shared.database.begin_read().unwrap();
        transaction.open_table(KEYS).unwrap().get(key).unwrap().is_some()
    };
    assert!(stored("good") && !stored("bad"));
}

#[tokio::test]
async fn a_configuration_survives_the_process() {
    let (folder, store) = store();
    let [leaf, other] = ["leaf1", "leaf2"].map(|name| DeviceName::new(name).unwrap());
    let text = "hostname leaf1\r\n\n  alias ü \t\n";
    let hash = ContentHash::of(text);
    store.keep(&leaf, &hash, text).await.unwrap();
    store.keep(&leaf, &hash, "something else under the same hash").await.unwrap();
    drop(store);

    let store = EmbeddedStore::open(folder.path().join("state.redb")).unwrap();

    assert_eq!(store.kept(&leaf, &hash).await.unwrap().as_deref(), Some(text));
    assert_eq!(store.kept(&other, &hash).await.unwrap(), None);
}

#[tokio::test]
async fn an_installation_is_drawn_once_and_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.redb");
    let (one, other) = (InstallationId::new(1), InstallationId::new(2));

    let store = EmbeddedStore::open(&file).unwrap();
    let first = store.installation_id(&one).await.unwrap();
    drop(store);
    let second = EmbeddedStore::open(&file).unwrap().installation_id(&other).await.unwrap();

    assert_eq!((first, second), (one.clone(), one));
}
