//! The queue of slices and the dead letters: messages in the order they came, each of them waiting,
//! out, or parked.

use std::time::Duration;

use jiff::Timestamp;
use naas::ports::{Clock, DeadLetters, Parked, SliceQueue, StoreError};
use naas::records::slice::Slice;
use redb::{ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};

use super::{EmbeddedStore, Fault, json, read_table};

const QUEUE: TableDefinition<'_, u64, &str> = TableDefinition::new("queue");
const DEAD_LETTERS: TableDefinition<'_, u64, &str> = TableDefinition::new("dead-letters");

/// How often a message is handed out before it is parked.
pub(super) const MAX_RECEIVES: u32 = 5;

/// Longest sleep of a waiting receiver: a message that was given back becomes due by the clock,
/// which wakes nobody.
const NAP: Duration = Duration::from_millis(500);

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
    /// Hands out the oldest message that is due, waiting for one. A message that was handed out
    /// five times is parked instead. Dropping the future loses nothing: until it returns, the
    /// message is not handed out.
    pub async fn receive(&self, clock: &impl Clock) -> Result<Received, StoreError> {
        self.receive_if(clock, |_| true).await
    }

    /// As [`receive`](Self::receive), of the messages that are `wanted` only; the others are left
    /// as they are.
    pub async fn receive_if(&self, clock: &impl Clock, wanted: impl Fn(&str) -> bool) -> Result<Received, StoreError> {
        loop {
            let arrived = self.shared.arrived.notified();
            if let Some(received) = self.take(clock.now(), &wanted)? {
                return Ok(received);
            }
            let _ = tokio::time::timeout(NAP, arrived).await;
        }
    }

    /// Deletes a message that was handed out and is done with.
    pub async fn delete(&self, id: u64) -> Result<(), StoreError> {
        self.write(move |transaction| {
            transaction.open_table(QUEUE)?.remove(id)?;
            Ok(())
        })
        .await
    }

    /// Hands a message out again, but not before `due`.
    pub async fn give_back(&self, id: u64, due: Timestamp) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let mut queue = transaction.open_table(QUEUE)?;
            let message = queue.get(id)?.map(|message| serde_json::from_str::<Queued>(message.value())).transpose()?;
            if let Some(message) = message {
                let message = Queued { waits: Waits::Until(due), ..message };
                queue.insert(id, json(&message).as_str())?;
            }
            Ok(())
        })
        .await
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

    pub(super) fn take(&self, now: Timestamp, wanted: impl Fn(&str) -> bool) -> Result<Option<Received>, StoreError> {
        // Synced on the caller's thread: a future that can be dropped must not hand a message to
        // nobody.
        self.write_now(|transaction| {
            let mut queue = transaction.open_table(QUEUE)?;
            for (id, message) in entries(&queue)? {
                match message.waits {
                    Waits::Until(due) if due <= now && wanted(&message.body) => {}
                    _ => continue,
                }
                if message.times_received >= MAX_RECEIVES {
                    let reason = format!("handed out {MAX_RECEIVES} times without success; the log has the causes");
                    park(transaction, &message.body, &reason)?;
                    queue.remove(id)?;
                    continue;
                }
                let times_received = message.times_received + 1;
                let out = Queued { times_received, waits: Waits::Out, body: message.body };
                queue.insert(id, json(&out).as_str())?;
                return Ok(Some(Received { id, body: out.body, times_received }));
            }
            Ok(None)
        })
    }
}

impl SliceQueue for EmbeddedStore {
    async fn send(&self, slices: &[Slice], delay: Duration) -> Result<(), StoreError> {
        let messages: Vec<_> = slices.iter().map(Slice::to_message).collect();
        let due = if delay.is_zero() { AT_ONCE } else { Timestamp::now() + delay };
        self.write(move |transaction| insert(transaction, messages, due)).await?;
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
    let mut queue = transaction.open_table(QUEUE)?;
    let mut id = queue.last()?.map_or(0, |(id, _)| id.value());
    for body in messages {
        id += 1;
        let message = Queued { body, times_received: 0, waits: Waits::Until(due) };
        queue.insert(id, json(&message).as_str())?;
    }
    Ok(())
}

/// Messages that were out when a process died are waiting again.
pub(super) fn put_back_all(transaction: &redb::WriteTransaction) -> Result<(), Fault> {
    let mut queue = transaction.open_table(QUEUE)?;
    for (id, mut message) in entries(&queue)? {
        if matches!(message.waits, Waits::Out) {
            message.waits = Waits::Until(AT_ONCE);
            queue.insert(id, json(&message).as_str())?;
        }
    }
    Ok(())
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
        messages.push((id.value(), serde_json::from_str(message.value())?));
    }
    Ok(messages)
}
