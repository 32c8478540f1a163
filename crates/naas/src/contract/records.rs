//! The contracts of [`DeviceRecords`], [`History`] and [`IdempotencyKeys`].

use futures::future::join_all;
use intent::hash::ContentHash;

use super::{device, moment, run_id};
use crate::fakes::blank;
use crate::ports::{DeviceRecords, History, IdempotencyKeys, Stored};
use crate::records::device_state::{DeviceRecord, Last};
use crate::records::idempotency::{IdempotencyRecord, Receipt};
use crate::records::outcome::Status;
use crate::records::revision::{Entry, Revision};
use crate::records::run::Mode;

/// How many write the same record at the same moment.
const RACERS: u64 = 8;

/// Compare and set: of several who write over the same version, one succeeds.
pub async fn device_records(store: &impl DeviceRecords, seed: u64) {
    let leaf = device(seed, "leaf1");
    let record = |number: u64| {
        let last = Last { run: run_id(seed, number), mode: Mode::Apply, status: Status::Changed, at: moment(seed, 0) };
        DeviceRecord { last: Some(last), ..DeviceRecord::default() }
    };
    assert_eq!(store.device_record(&leaf).await.expect("reading"), None);

    let write =
        async |number, expected| store.replace_device_record(&leaf, &record(number), expected).await.expect("writing");
    let first = write(0, None).await.expect("the first write over nothing");
    assert_eq!(write(1, None).await, None, "a second write over nothing");
    let second = write(2, Some(&first)).await.expect("a write over the version that stands");
    assert_eq!(write(3, Some(&first)).await, None, "a write over a version that is gone");
    assert_ne!(first, second);
    let stands = store.device_record(&leaf).await.expect("reading");
    assert_eq!(stands, Some(Stored { record: record(2), version: second.clone() }));

    let written = join_all((10..10 + RACERS).map(|number| write(number, Some(&second)))).await;
    let winners: Vec<_> =
        (10..).zip(&written).filter_map(|(number, version)| Some((number, version.clone()?))).collect();
    let [(number, version)] = winners.as_slice() else { panic!("{} of {RACERS} succeeded", winners.len()) };
    let stands = store.device_record(&leaf).await.expect("reading");
    assert_eq!(stands, Some(Stored { record: record(*number), version: version.clone() }));
    assert_eq!(store.device_record(&device(seed, "leaf10")).await.expect("reading"), None, "another device");
}

/// Configurations are stored byte for byte, and a history is listed newest first; what was first
/// stands.
pub async fn history(store: &impl History, seed: u64) {
    texts(store, seed).await;
    revisions(store, seed).await;
}

async fn texts(store: &impl History, seed: u64) {
    let [leaf, other] = ["leaf1", "leaf10"].map(|name| device(seed, name));
    let text = format!("hostname leaf1\r\n\n  alias ü \t{seed}\n");
    let hash = ContentHash::of(&text);
    assert_eq!(store.kept(&leaf, &hash).await.expect("reading"), None);

    store.keep(&leaf, &hash, &text).await.expect("storing");
    store.keep(&leaf, &hash, "something else under the same hash").await.expect("storing again");

    assert_eq!(store.kept(&leaf, &hash).await.expect("reading").as_deref(), Some(text.as_str()));
    assert_eq!(store.kept(&other, &hash).await.expect("reading"), None, "another device");
}

async fn revisions(store: &impl History, seed: u64) {
    let leaf = device(seed, "leaf1");
    let revision = |name: &str, number: u64, milliseconds: i64| Revision {
        at: moment(seed, milliseconds),
        diff: "+vlan 10\n".to_owned(),
        ..blank::revision(run_id(seed, number), device(seed, name), &format!("{seed} {number}"))
    };
    let [first, second, third] = [(9, 0), (1, 5), (5, 1_000)].map(|(number, at)| revision("leaf1", number, at));
    for revision in [&second, &first, &third, &revision("leaf10", 2, 1), &revision("leaf", 3, 1)] {
        store.add(revision).await.expect("adding");
    }
    store.add(&Revision { by: Some("late".to_owned()), ..first.clone() }).await.expect("adding again");

    let entries = store.entries(&leaf, 200).await.expect("listing");

    assert_eq!(entries, [&third, &second, &first].map(Revision::entry));
    assert_eq!(store.entries(&leaf, 2).await.expect("listing"), entries[..2]);
    assert_eq!(store.revision(&leaf, &entries[2]).await.expect("reading"), Some(first), "the first one stands");
    let other = Entry { configuration: ContentHash::of("other"), ..entries[0].clone() };
    assert_eq!(store.revision(&leaf, &other).await.expect("reading"), None);
    assert_eq!(store.revision(&device(seed, "leaf10"), &entries[0]).await.expect("reading"), None);
}

/// A key is claimed once, and replaced only by somebody who knows what stands there.
pub async fn idempotency_keys(store: &impl IdempotencyKeys, seed: u64) {
    let (key, other_key) = (format!("key {seed}"), format!("key {seed} and more"));
    let claim = |fingerprint: &str| IdempotencyRecord {
        fingerprint: fingerprint.to_owned(),
        run: run_id(seed, 0),
        claimed_at: moment(seed, 0),
        receipt: None,
    };
    let (ours, theirs) = (claim("ours"), claim("theirs"));
    let receipt = Receipt {
        status: "OK".to_owned(),
        message: "Scheduled".to_owned(),
        run: run_id(seed, 0),
        devices: 3,
        slices: 1,
    };
    let answered = IdempotencyRecord { receipt: Some(receipt), ..ours.clone() };

    assert_eq!(store.claim(&key, &ours).await.expect("claiming"), None);
    assert_eq!(store.claim(&key, &theirs).await.expect("claiming"), Some(ours.clone()));
    assert!(!store.replace(&key, &theirs, &answered).await.expect("replacing"), "what never stood there");
    assert!(store.replace(&key, &ours, &answered).await.expect("replacing"));
    assert!(!store.replace(&key, &ours, &theirs).await.expect("replacing"), "what stands there no more");
    assert_eq!(store.claim(&key, &theirs).await.expect("claiming"), Some(answered.clone()));
    assert!(!store.replace(&other_key, &ours, &theirs).await.expect("replacing"), "a key that nobody claimed");
    assert_eq!(store.claim(&other_key, &theirs).await.expect("claiming"), None);

    let claims = (0..RACERS).map(|racer| IdempotencyRecord { fingerprint: racer.to_string(), ..ours.clone() });
    let claims: Vec<_> = claims.collect();
    let raced = format!("raced {seed}");
    let held = join_all(claims.iter().map(|claim| store.claim(&raced, claim))).await;
    let winners = held.into_iter().filter(|held| held.as_ref().expect("claiming").is_none()).count();
    assert_eq!(winners, 1, "of {RACERS} claims at the same moment one is the first");
}
