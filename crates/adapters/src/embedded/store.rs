//! Everything naas remembers on one machine, in one [redb](https://docs.rs/redb) file: queue, dead letters, runs, outcomes,
//! device records, idempotency keys.
//!
//! Every write is a transaction that is synced to disk before it returns (redb's default, `Durability::Immediate`), so what was
//! accepted survives `kill -9` and power cuts. One process owns the file. Messages that were being worked on when a process died are
//! waiting again when the next one opens the file, and its leases are gone: nobody else can hold one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use naas::name::{DeviceName, RunId};
use naas::outcome::{Attempt, Outcome, Status};
use naas::ports::{
    Clock, DeadLetters, DeviceRecords, IdempotencyKeys, Parked, Recorded, Runs, SliceQueue, StoreError, StoreFault,
    Stored, Version,
};
use naas::record::DeviceRecord;
use naas::run::Run;
use naas::schedule::IdempotencyRecord;
use naas::slice::Slice;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

const QUEUE: TableDefinition<'_, u64, &str> = TableDefinition::new("queue");
const DEAD_LETTERS: TableDefinition<'_, u64, &str> = TableDefinition::new("dead-letters");
const RUNS: TableDefinition<'_, &str, &str> = TableDefinition::new("runs");
const OUTCOMES: TableDefinition<'_, (&str, &str), &str> = TableDefinition::new("outcomes");
const ATTEMPTS: TableDefinition<'_, (&str, &str), &str> = TableDefinition::new("attempts");
const CANCELLED: TableDefinition<'_, &str, &str> = TableDefinition::new("cancelled");
const DEVICES: TableDefinition<'_, &str, (u64, &str)> = TableDefinition::new("devices");
const KEYS: TableDefinition<'_, &str, &str> = TableDefinition::new("idempotency-keys");

/// How often a message is handed out before it is parked.
const MAX_RECEIVES: u32 = 5;

/// Longest sleep of a waiting receiver: a message that was given back becomes due by the clock, which wakes nobody.
const NAP: Duration = Duration::from_millis(500);

/// The store; clones share it.
#[derive(Debug, Clone)]
pub struct EmbeddedStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    database: Database,
    path: String,
    arrived: Notify,
}

/// A message handed out. It waits for [`EmbeddedStore::delete`] or [`EmbeddedStore::give_back`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// What to call it in the answer.
    pub id: u64,
    /// The message.
    pub body: String,
    /// How often it was handed out, this time included.
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
    /// Somebody works on it.
    Out,
}

#[derive(Debug, Serialize, Deserialize)]
struct DeadLetter {
    body: String,
    reason: String,
}

/// How long a message may wait that was sent with no delay.
const AT_ONCE: Timestamp = Timestamp::UNIX_EPOCH;

/// What a transaction may fail with, whatever step of it.
type Fault = Box<dyn std::error::Error + Send + Sync>;

impl EmbeddedStore {
    /// Opens the file, or makes it. Messages left behind by a process that died are waiting again.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref().display().to_string();
        let failed = |error: redb::DatabaseError| match error {
            redb::DatabaseError::DatabaseAlreadyOpen => {
                StoreError::new(&path, StoreFault::Denied, "another naas has it open; one process serves a site")
            }
            error => StoreError::new(&path, StoreFault::Unreadable, error),
        };
        let database = Database::create(&path).map_err(failed)?;
        let store = Self { shared: Arc::new(Shared { database, path, arrived: Notify::new() }) };
        store.write_now(|transaction| {
            let mut queue = transaction.open_table(QUEUE)?;
            for (id, mut message) in entries(&queue)? {
                if matches!(message.waits, Waits::Out) {
                    message.waits = Waits::Until(AT_ONCE);
                    queue.insert(id, json(&message).as_str())?;
                }
            }
            free_devices(transaction)
        })?;
        Ok(store)
    }

    /// Hands out the oldest message that is due, waiting for one. A message that was handed out five times is parked
    /// instead. Dropping the future loses nothing: until it returns, the message is not handed out.
    pub async fn receive(&self, clock: &impl Clock) -> Result<Received, StoreError> {
        loop {
            let arrived = self.shared.arrived.notified();
            if let Some(received) = self.take(clock.now())? {
                return Ok(received);
            }
            let _ = tokio::time::timeout(NAP, arrived).await;
        }
    }

    /// Done with a message.
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
            let table = match transaction.open_table(DEAD_LETTERS) {
                Ok(table) => table,
                Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
                Err(error) => return Err(error.into()),
            };
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

    fn take(&self, now: Timestamp) -> Result<Option<Received>, StoreError> {
        // Synced on the caller's thread: a future that can be dropped must not hand a message to nobody.
        self.write_now(|transaction| {
            let mut queue = transaction.open_table(QUEUE)?;
            for (id, message) in entries(&queue)? {
                match message.waits {
                    Waits::Until(due) if due <= now => {}
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

    fn write_now<T>(&self, work: impl FnOnce(&redb::WriteTransaction) -> Result<T, Fault>) -> Result<T, StoreError> {
        let written = || {
            let transaction = self.shared.database.begin_write()?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        written().map_err(|fault| self.failed(fault))
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&redb::WriteTransaction) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        let written = tokio::task::spawn_blocking(move || store.write_now(work)).await;
        written.unwrap_or_else(|error| Err(self.failed(error.into())))
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        let read = tokio::task::spawn_blocking(move || work(&shared.database)).await;
        read.unwrap_or_else(|error| Err(error.into())).map_err(|fault| self.failed(fault))
    }

    fn failed(&self, fault: Fault) -> StoreError {
        let unreadable = fault.is::<serde_json::Error>() || fault.is::<naas::record::NotARecord>();
        let kind = if unreadable { StoreFault::Unreadable } else { StoreFault::Unavailable };
        StoreError::new(&self.shared.path, kind, fault)
    }
}

impl SliceQueue for EmbeddedStore {
    async fn send(&self, slices: &[Slice], delay: Duration) -> Result<(), StoreError> {
        let messages: Vec<_> = slices.iter().map(Slice::to_message).collect();
        let due = if delay.is_zero() { AT_ONCE } else { Timestamp::now() + delay };
        self.write(move |transaction| {
            let mut queue = transaction.open_table(QUEUE)?;
            let mut id = queue.last()?.map_or(0, |(id, _)| id.value());
            for body in messages {
                id += 1;
                let message = Queued { body, times_received: 0, waits: Waits::Until(due) };
                queue.insert(id, json(&message).as_str())?;
            }
            Ok(())
        })
        .await?;
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

impl DeviceRecords for EmbeddedStore {
    async fn device_record(&self, device: &DeviceName) -> Result<Option<Stored>, StoreError> {
        let device = device.to_string();
        self.read(move |database| {
            let transaction = database.begin_read()?;
            let table = match transaction.open_table(DEVICES) {
                Ok(table) => table,
                Err(TableError::TableDoesNotExist(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            let Some(stored) = table.get(device.as_str())? else { return Ok(None) };
            let (version, record) = stored.value();
            let record = DeviceRecord::parse(record.as_bytes())?;
            Ok(Some(Stored { record, version: Version(version.to_string()) }))
        })
        .await
    }

    async fn replace_device_record(
        &self,
        device: &DeviceName,
        record: &DeviceRecord,
        expected: Option<&Version>,
    ) -> Result<Option<Version>, StoreError> {
        let (device, record, expected) = (device.to_string(), record.to_document(), expected.cloned());
        self.write(move |transaction| {
            let mut devices = transaction.open_table(DEVICES)?;
            let stands = devices.get(device.as_str())?.map(|stored| stored.value().0);
            if stands.map(|version| Version(version.to_string())) != expected {
                return Ok(None);
            }
            let version = stands.unwrap_or_default() + 1;
            devices.insert(device.as_str(), (version, record.as_str()))?;
            Ok(Some(Version(version.to_string())))
        })
        .await
    }
}

impl Runs for EmbeddedStore {
    async fn create(&self, run: &Run) -> Result<(), StoreError> {
        let (name, run) = (run.run.to_string(), json(run));
        self.write(move |transaction| {
            let mut runs = transaction.open_table(RUNS)?;
            if runs.get(name.as_str())?.is_none() {
                runs.insert(name.as_str(), run.as_str())?;
            }
            Ok(())
        })
        .await
    }

    async fn load(&self, run: &RunId) -> Result<Option<Run>, StoreError> {
        let run = run.to_string();
        self.read(move |database| get(database, RUNS, run.as_str())).await
    }

    async fn record(&self, outcome: &Outcome) -> Result<Recorded, StoreError> {
        let (run, device) = (outcome.run.to_string(), outcome.device.to_string());
        let outcome = json(outcome);
        self.write(move |transaction| {
            let mut outcomes = transaction.open_table(OUTCOMES)?;
            let key = (run.as_str(), device.as_str());
            if outcomes.get(key)?.is_some() {
                return Ok(Recorded::Before);
            }
            outcomes.insert(key, outcome.as_str())?;
            Ok(Recorded::Now)
        })
        .await
    }

    async fn outcome(&self, run: &RunId, device: &DeviceName) -> Result<Option<Outcome>, StoreError> {
        let (run, device) = (run.to_string(), device.to_string());
        self.read(move |database| get(database, OUTCOMES, (run.as_str(), device.as_str()))).await
    }

    async fn statuses(&self, run: &Run) -> Result<BTreeMap<DeviceName, Status>, StoreError> {
        /// The one field of an [`Outcome`] that is needed here.
        #[derive(Deserialize)]
        struct Brief {
            status: Status,
        }
        let run = run.run.to_string();
        self.read(move |database| {
            let transaction = database.begin_read()?;
            let mut statuses = BTreeMap::new();
            let table = match transaction.open_table(OUTCOMES) {
                Ok(table) => table,
                Err(TableError::TableDoesNotExist(_)) => return Ok(statuses),
                Err(error) => return Err(error.into()),
            };
            for entry in table.range((run.as_str(), "")..)? {
                let (key, outcome) = entry?;
                let (of_run, device) = key.value();
                if of_run != run {
                    break;
                }
                let Brief { status } = serde_json::from_str(outcome.value())?;
                statuses.insert(DeviceName::new(device)?, status);
            }
            Ok(statuses)
        })
        .await
    }

    async fn note(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let (run, device, attempt) = (attempt.run.to_string(), attempt.device.to_string(), json(attempt));
        self.write(move |transaction| {
            transaction.open_table(ATTEMPTS)?.insert((run.as_str(), device.as_str()), attempt.as_str())?;
            Ok(())
        })
        .await
    }

    async fn attempt(&self, run: &RunId, device: &DeviceName) -> Result<Option<Attempt>, StoreError> {
        let (run, device) = (run.to_string(), device.to_string());
        self.read(move |database| get(database, ATTEMPTS, (run.as_str(), device.as_str()))).await
    }

    async fn cancel(&self, run: &RunId, at: Timestamp) -> Result<(), StoreError> {
        let (run, at) = (run.to_string(), json(&at));
        self.write(move |transaction| {
            let mut cancelled = transaction.open_table(CANCELLED)?;
            if cancelled.get(run.as_str())?.is_none() {
                cancelled.insert(run.as_str(), at.as_str())?;
            }
            Ok(())
        })
        .await
    }

    async fn cancelled(&self, run: &RunId) -> Result<Option<Timestamp>, StoreError> {
        let run = run.to_string();
        self.read(move |database| get(database, CANCELLED, run.as_str())).await
    }
}

impl IdempotencyKeys for EmbeddedStore {
    async fn claim(&self, key: &str, record: &IdempotencyRecord) -> Result<Option<IdempotencyRecord>, StoreError> {
        let (key, record) = (key.to_owned(), json(record));
        self.write(move |transaction| {
            let mut keys = transaction.open_table(KEYS)?;
            let held = keys.get(key.as_str())?.map(|held| serde_json::from_str(held.value())).transpose()?;
            if held.is_none() {
                keys.insert(key.as_str(), record.as_str())?;
            }
            Ok(held)
        })
        .await
    }

    async fn replace(
        &self,
        key: &str,
        expected: &IdempotencyRecord,
        new: &IdempotencyRecord,
    ) -> Result<bool, StoreError> {
        let (key, expected, new) = (key.to_owned(), expected.clone(), json(new));
        self.write(move |transaction| {
            let mut keys = transaction.open_table(KEYS)?;
            let held: Option<IdempotencyRecord> =
                keys.get(key.as_str())?.map(|held| serde_json::from_str(held.value())).transpose()?;
            let stands = held.as_ref() == Some(&expected);
            if stands {
                keys.insert(key.as_str(), new.as_str())?;
            }
            Ok(stands)
        })
        .await
    }
}

/// Ends every lease. A record that cannot be read is left as it is, for the outcome to say so.
fn free_devices(transaction: &redb::WriteTransaction) -> Result<(), Fault> {
    let mut devices = transaction.open_table(DEVICES)?;
    let mut held = Vec::new();
    for entry in devices.iter()? {
        let (device, stored) = entry?;
        let (version, record) = stored.value();
        if let Ok(record @ DeviceRecord { lease: Some(_), .. }) = DeviceRecord::parse(record.as_bytes()) {
            held.push((device.value().to_owned(), version + 1, DeviceRecord { lease: None, ..record }));
        }
    }
    for (device, version, record) in held {
        devices.insert(device.as_str(), (version, record.to_document().as_str()))?;
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

fn get<'k, K: redb::Key + 'static, T: DeserializeOwned>(
    database: &Database,
    table: TableDefinition<'_, K, &'static str>,
    key: K::SelfType<'k>,
) -> Result<Option<T>, Fault> {
    let transaction = database.begin_read()?;
    let table = match transaction.open_table(table) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let value = table.get(key)?;
    value.map(|value| serde_json::from_str(value.value())).transpose().map_err(Into::into)
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("state has text keys only and always serialises")
}

#[cfg(test)]
mod tests;
