//! The contracts of [`SliceQueue`] and [`DeadLetters`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::slice;
use crate::ports::{DeadLetters, SliceQueue};
use crate::records::slice::Slice;

/// How many slices are sent at once: more than a batch of any queue holds.
const SLICES: usize = 25;

/// How often a queue is asked that hands out some of its messages at a time.
const ATTEMPTS: usize = 50;

/// Every slice that was sent is delivered, unchanged and at least once. `take` receives some
/// messages of the queue and deletes them.
pub async fn slice_queue(queue: &impl SliceQueue, take: impl AsyncFn() -> Vec<String>, seed: u64) {
    let slices: Vec<_> = (0..SLICES).map(|number| slice(seed, &format!("leaf{number}"))).collect();
    let mut expected: BTreeSet<_> = slices.iter().map(Slice::to_message).collect();

    queue.send(&[], Duration::ZERO).await.expect("sending nothing");
    queue.send(&slices, Duration::ZERO).await.expect("sending");

    for _ in 0..ATTEMPTS {
        for message in take().await {
            expected.remove(&message);
        }
        if expected.is_empty() {
            return;
        }
    }
    panic!("{} of {SLICES} slices were never delivered: {expected:?}", expected.len());
}

/// A parked message comes back unchanged with its reason, and is gone once it was taken out.
pub async fn dead_letters(letters: &impl DeadLetters, seed: u64) {
    let messages = ["", "not a slice, ü", "{\"version\":1}"].map(|text| format!("{seed} {text}"));
    for message in &messages {
        letters.park(message, &format!("reason of {message}")).await.expect("parking");
    }

    let mut found = BTreeMap::new();
    for _ in 0..ATTEMPTS {
        for parked in letters.parked().await.expect("looking") {
            if messages.contains(&parked.message) {
                found.insert(parked.message.clone(), parked);
            }
        }
        if found.len() == messages.len() {
            break;
        }
    }
    for message in &messages {
        let parked = found.get(message).unwrap_or_else(|| panic!("{message:?} was parked and is not there"));
        assert_eq!(parked.reason.as_deref(), Some(format!("reason of {message}").as_str()));
        letters.unpark(parked).await.expect("taking out");
    }
    let left = letters.parked().await.expect("looking");
    let left: Vec<_> = left.into_iter().filter(|parked| messages.contains(&parked.message)).collect();
    assert_eq!(left, [], "taken out");
}
