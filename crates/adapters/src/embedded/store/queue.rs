//! The queue of slices and the dead letters: messages of each run in the order they came, each of
//! them waiting, out, or parked.
//!
//! Runs take turns: a run of one device waits for one slice of each other run, and not behind a run
//! of thousands. The index of what waits tells the next message of each run without reading the
//! others.

use std::ops::Bound;
use std::sync::PoisonError;
use std::time::Duration;

use intent::name::RunId;
use jiff::Timestamp;
use naas::ports::{Clock, DeadLetters, Parked, SliceQueue, StoreError};
use naas::records::slice::Slice;
use redb::{ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};

use super::{EmbeddedStore, Fault, json, read_table};

pub(super) const QUEUE: TableDefinition<'_, u64, &str> = TableDefinition::new("queue");
/// What waits: run, when it is due in microseconds, and the number in [`QUEUE`].
pub(super) const WAITING: TableDefinition<'_, (&str, i64, u64), ()> = TableDefinition::new("waiting");
const DEAD_LETTERS: TableDefinition<'_, u64, &str> = TableDefinition::new("dead-letters");

/// How often a message is handed out before it is parked.
pub(super) const MAX_RECEIVES: u32 = 5;

/// Longest sleep of a receiver while a message rests: it becomes due by the clock, which wakes
/// nobody.
pub(super) const NAP: Duration = Duration::from_millis(500);

/// Longest sleep of a receiver while nothing rests. Whatever arrives wakes it.
const LONG_NAP: Duration = Duration::from_secs(60);

/// A message handed out. It waits for [`EmbeddedStore::delete`] or [`EmbeddedStore::give_back`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The number that names the message in the answer.
    pub id: u64,
    /// The text of the message.
    pub body: String,
    /// How many times the message was handed out, this time included.
    pub times_received: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Queued {
    body: String,
    times_received: u32,
    waits: Waits,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Waits {
    Until(Timestamp),
    /// The message is handed out, and somebody works on it.
    Out,
}

#[derive(Debug, Serialize, Deserialize)]
struct DeadLetter {
    body: String,
    reason: String,
}

/// How long a message may wait that was sent with no delay.
pub(super) const AT_ONCE: Timestamp = Timestamp::UNIX_EPOCH;

impl EmbeddedStore {
    /// Hands out the next message that is due, waiting for one: the oldest of its run, and runs
    /// take turns. A message that was handed out five times is parked instead. Dropping the future
    /// loses nothing: until it returns, the message is not handed out.
    pub async fn receive(&self, clock: &impl Clock) -> Result<Received, StoreError> {
        self.receive_if(clock, |_| true).await
    }

    /// As [`receive`](Self::receive), of the runs that are `wanted` only; the messages of others
    /// are left as they are.
    pub async fn receive_if(
        &self,
        clock: &impl Clock,
        wanted: impl Fn(&RunId) -> bool,
    ) -> Result<Received, StoreError> {
        loop {
            let arrived = self.shared.arrived.notified();
            let (next, rests) = self.next_due(clock.now(), &wanted)?;
            if next.is_some()
                && let Some(received) = self.take(clock.now(), &wanted)?
            {
                return Ok(received);
            }
            let nap = if rests || next.is_some() { NAP } else { LONG_NAP };
            let _ = tokio::time::timeout(nap, arrived).await;
        }
    }

    /// Deletes a message that was handed out and is done with.
    pub async fn delete(&self, id: u64) -> Result<(), StoreError> {
        self.write(move |transaction| take_out(transaction, id).map(drop)).await
    }

    /// Hands a message out again, but not before `due`.
    pub async fn give_back(&self, id: u64, due: Timestamp) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let message = take_out(transaction, id)?;
            message.map_or(Ok(()), |message| put(transaction, id, &Queued { waits: Waits::Until(due), ..message }))
        })
        .await?;
        self.shared.arrived.notify_waiters();
        Ok(())
    }

    /// Every parked message with its reason, oldest first.
    pub async fn dead_letters(&self) -> Result<Vec<Parked>, StoreError> {
        self.read(|database| {
            let transaction = database.begin_read()?;
            let Some(table) = read_table(&transaction, DEAD_LETTERS)? else { return Ok(Vec::new()) };
            let mut letters = Vec::new();
            for entry in table.iter()? {
                let (id, letter) = entry?;
                let DeadLetter { body, reason } = serde_json::from_str(letter.value())?;
                letters.push(Parked { handle: id.value().to_string(), message: body, reason: Some(reason) });
            }
            Ok(letters)
        })
        .await
    }

    pub(super) fn take(&self, now: Timestamp, wanted: impl Fn(&RunId) -> bool) -> Result<Option<Received>, StoreError> {
        let served = self.shared.served.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // Synced on the caller's thread: a future that can be dropped must not hand a message to
        // nobody.
        let taken = self.write_now(|transaction| {
            loop {
                let next = next_due(&transaction.open_table(WAITING)?, &served, now, &wanted)?.0;
                let Some(Place { run, due, id }) = next else { return Ok(None) };
                transaction.open_table(WAITING)?.remove((run.as_str(), due, id))?;
                if let Some(received) = hand_out(transaction, id)? {
                    return Ok(Some((run, received)));
                }
            }
        })?;
        Ok(taken.map(|(run, received)| {
            *self.shared.served.lock().unwrap_or_else(PoisonError::into_inner) = run;
            received
        }))
    }

    /// The place of the next message that is due, and whether one rests that is not. Writes
    /// nothing.
    fn next_due(&self, now: Timestamp, wanted: impl Fn(&RunId) -> bool) -> Result<(Option<Place>, bool), StoreError> {
        let looked = || {
            let transaction = self.shared.database.begin_read()?;
            let Some(waiting) = read_table(&transaction, WAITING)? else { return Ok((None, false)) };
            next_due(&waiting, "", now, &wanted)
        };
        looked().map_err(|fault| self.failed(fault))
    }
}

/// Where a waiting message stands in [`WAITING`].
struct Place {
    run: String,
    due: i64,
    id: u64,
}

/// The first message that is due of the first wanted run behind `served` that has one, round and
/// round; and whether a message of a wanted run rests.
fn next_due(
    waiting: &impl ReadableTable<(&'static str, i64, u64), ()>,
    served: &str,
    now: Timestamp,
    wanted: impl Fn(&RunId) -> bool,
) -> Result<(Option<Place>, bool), Fault> {
    let (now, mut rests) = (now.as_microsecond(), false);
    for (mut behind, last) in [(served.to_owned(), None), (String::new(), Some(served))] {
        while let Some(place) = first_behind(waiting, &behind)? {
            if last.is_some_and(|last| place.run.as_str() > last) {
                break;
            }
            if wanted(&RunId::parse(&place.run)?) {
                if place.due <= now {
                    return Ok((Some(place), rests));
                }
                rests = true;
            }
            behind = place.run;
        }
    }
    Ok((None, rests))
}

/// The place of the message that is due first, of the first run behind `run`.
fn first_behind(waiting: &impl ReadableTable<(&'static str, i64, u64), ()>, run: &str) -> Result<Option<Place>, Fault> {
    let first = waiting.range((Bound::Excluded((run, i64::MAX, u64::MAX)), Bound::Unbounded))?.next().transpose()?;
    Ok(first.map(|(key, _)| {
        let (run, due, id) = key.value();
        Place { run: run.to_owned(), due, id }
    }))
}

/// Hands out a message whose place is taken, unless that was done too often: then it is parked.
fn hand_out(transaction: &redb::WriteTransaction, id: u64) -> Result<Option<Received>, Fault> {
    let mut queue = transaction.open_table(QUEUE)?;
    let Some(message) = queue.get(id)?.map(|message| parse(message.value())).transpose()? else { return Ok(None) };
    if message.times_received >= MAX_RECEIVES {
        let reason = format!("handed out {MAX_RECEIVES} times without success; the log has the causes");
        park(transaction, &message.body, &reason)?;
        queue.remove(id)?;
        return Ok(None);
    }
    let times_received = message.times_received + 1;
    let out = Queued { times_received, waits: Waits::Out, body: message.body };
    queue.insert(id, json(&out).as_str())?;
    Ok(Some(Received { id, body: out.body, times_received }))
}

impl SliceQueue for EmbeddedStore {
    async fn send(&self, slices: &[Slice], delay: Duration) -> Result<(), StoreError> {
        let messages: Vec<_> = slices.iter().map(Slice::to_message).collect();
        let due = if delay.is_zero() { AT_ONCE } else { Timestamp::now() + delay };
        self.write(move |transaction| insert(transaction, messages.iter().cloned(), due)).await?;
        self.shared.arrived.notify_waiters();
        Ok(())
    }
}

impl DeadLetters for EmbeddedStore {
    async fn park(&self, message: &str, reason: &str) -> Result<(), StoreError> {
        let (message, reason) = (message.to_owned(), reason.to_owned());
        self.write(move |transaction| park(transaction, &message, &reason)).await
    }

    async fn parked(&self) -> Result<Vec<Parked>, StoreError> {
        self.dead_letters().await
    }

    async fn unpark(&self, parked: &Parked) -> Result<(), StoreError> {
        let Ok(id) = parked.handle.parse::<u64>() else { return Ok(()) };
        self.write(move |transaction| {
            transaction.open_table(DEAD_LETTERS)?.remove(id)?;
            Ok(())
        })
        .await
    }
}

/// Queues messages that are due at this moment.
pub(super) fn insert(
    transaction: &redb::WriteTransaction,
    messages: impl IntoIterator<Item = String>,
    due: Timestamp,
) -> Result<(), Fault> {
    let mut id = transaction.open_table(QUEUE)?.last()?.map_or(0, |(id, _)| id.value());
    for body in messages {
        id += 1;
        put(transaction, id, &Queued { body, times_received: 0, waits: Waits::Until(due) })?;
    }
    Ok(())
}

/// Messages that were out when a process died are waiting again. The index is made anew: an earlier
/// version had none.
pub(super) fn put_back_all(transaction: &redb::WriteTransaction) -> Result<(), Fault> {
    transaction.delete_table(WAITING)?;
    let messages = entries(&transaction.open_table(QUEUE)?)?;
    for (id, message) in messages {
        let waits = if matches!(message.waits, Waits::Out) { Waits::Until(AT_ONCE) } else { message.waits };
        put(transaction, id, &Queued { waits, ..message })?;
    }
    Ok(())
}

/// Stores a message, and its place if it waits. What is not a slice is parked: it has no run to
/// take its turn in, and no retry can cure it.
fn put(transaction: &redb::WriteTransaction, id: u64, message: &Queued) -> Result<(), Fault> {
    let run = match Slice::parse(&message.body) {
        Ok(slice) => slice.task.run.to_string(),
        Err(error) => {
            transaction.open_table(QUEUE)?.remove(id)?;
            return park(transaction, &message.body, &error.to_string());
        }
    };
    transaction.open_table(QUEUE)?.insert(id, json(message).as_str())?;
    if let Waits::Until(due) = message.waits {
        transaction.open_table(WAITING)?.insert((run.as_str(), due.as_microsecond(), id), ())?;
    }
    Ok(())
}

/// Takes a message out of the queue, and its place if it waits: it does when whoever had it was cut
/// off before.
fn take_out(transaction: &redb::WriteTransaction, id: u64) -> Result<Option<Queued>, Fault> {
    let message = transaction.open_table(QUEUE)?.remove(id)?.map(|message| parse(message.value())).transpose()?;
    if let Some(Queued { waits: Waits::Until(due), body, .. }) = &message {
        let run = Slice::parse(body)?.task.run.to_string();
        transaction.open_table(WAITING)?.remove((run.as_str(), due.as_microsecond(), id))?;
    }
    Ok(message)
}

fn parse(message: &str) -> Result<Queued, Fault> {
    Ok(serde_json::from_str(message)?)
}

fn park(transaction: &redb::WriteTransaction, body: &str, reason: &str) -> Result<(), Fault> {
    let mut letters = transaction.open_table(DEAD_LETTERS)?;
    let id = letters.last()?.map_or(0, |(id, _)| id.value()) + 1;
    let letter = DeadLetter { body: body.to_owned(), reason: reason.to_owned() };
    letters.insert(id, json(&letter).as_str())?;
    Ok(())
}

fn entries(queue: &impl ReadableTable<u64, &'static str>) -> Result<Vec<(u64, Queued)>, Fault> {
    let mut messages = Vec::new();
    for entry in queue.iter()? {
        let (id, message) = entry?;
        messages.push((id.value(), parse(message.value())?));
    }
    Ok(messages)
}
