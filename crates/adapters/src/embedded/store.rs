//! Everything naas remembers on one machine, in one [redb](https://docs.rs/redb) file: queue, dead
//! letters, runs, outcomes, device records and histories, ordered ports, idempotency keys.
//!
//! Every write is in a transaction, which writes of the same moment share, and which is synced to
//! disk before they return (redb's default, `Durability::Immediate`), so what was accepted survives
//! `kill -9` and power cuts. One process owns the file. Messages that were being worked on when a
//! process died are waiting again when the next one opens the file, and its leases and claims are
//! gone: nobody else can hold one.

mod history;
mod ports;
mod queue;
mod retention;
mod runs;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex};

use intent::name::DeviceName;
use intent::tenancy::NotPorts;
use jiff::Timestamp;
use naas::ports::{DeviceRecords, IdempotencyKeys, Installation, StoreError, StoreFault, Stored, Version};
use naas::records::device_state::{DeviceRecord, Lease, NotARecord, Waiting};
use naas::records::idempotency::IdempotencyRecord;
use naas::records::installation::{BadInstallationId, InstallationId};
use naas::records::revision::NotARevision;
use redb::backends::FileBackend;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Notify;

use super::private;

pub use queue::Received;
use writer::Writer;

const DEVICES: TableDefinition<'_, &str, (u64, &str)> = TableDefinition::new("devices");
/// The id of this installation, under the empty key.
const INSTALLATION: TableDefinition<'_, &str, &str> = TableDefinition::new("installation");
const KEYS: TableDefinition<'_, &str, &str> = TableDefinition::new("idempotency-keys");

/// The store; clones share it.
#[derive(Debug, Clone)]
pub struct EmbeddedStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    database: Database,
    path: String,
    /// Wakes receivers when a message arrives or is given back.
    arrived: Notify,
    /// The run whose message was handed out last.
    served: Mutex<String>,
    writer: Writer,
}

/// Why a store cannot be opened that another process has open.
#[derive(Debug, thiserror::Error)]
#[error("another naas has it open; one process serves a site")]
pub struct AlreadyOpen;

/// What a transaction may fail with, whatever step of it.
type Fault = Box<dyn std::error::Error + Send + Sync>;

impl EmbeddedStore {
    /// Opens the file, or makes it; only its owner may read it. Messages left behind by a process
    /// that died are waiting again.
    ///
    /// # Errors
    ///
    /// [`StoreFault::Denied`] when another process has the file open, or when it belongs to
    /// somebody else; [`StoreFault::Unreadable`] when it is something else than a store.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let (file, path) = (private::open(path.as_ref()), path.as_ref().display().to_string());
        let file = file.map_err(|error| StoreError::new(&path, StoreFault::Denied, error))?;
        let failed = |error: redb::DatabaseError| match error {
            redb::DatabaseError::DatabaseAlreadyOpen => StoreError::new(&path, StoreFault::Denied, AlreadyOpen),
            error => StoreError::new(&path, StoreFault::Unreadable, error),
        };
        let database = FileBackend::new(file)
            .and_then(|backend| Database::builder().create_with_backend(backend))
            .map_err(failed)?;
        let store = Self {
            shared: Arc::new(Shared {
                database,
                path,
                arrived: Notify::new(),
                served: Mutex::default(),
                writer: Writer::default(),
            }),
        };
        store.free_what_nobody_works_on()?;
        store.write_now(|transaction| retention::forget_old(transaction, Timestamp::now()))?;
        Ok(store)
    }

    /// Queues the messages again that are handed out, and ends every lease, every waiting place and
    /// every claim of an unanswered request. To be called when nobody works with the store: before
    /// the first work of a process and after its last.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn free_what_nobody_works_on(&self) -> Result<(), StoreError> {
        self.write_now(|transaction| {
            queue::put_back_all(transaction)?;
            free_devices(transaction)?;
            free_keys(transaction)
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

    /// Does `work` in a transaction that it may share with others; it may be called twice, and only
    /// one of the calls is committed.
    async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&redb::WriteTransaction) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let written = self.shared.writer.add(work);
        let shared = Arc::clone(&self.shared);
        let committed = tokio::task::spawn_blocking(move || shared.writer.commit_waiting(&shared.database)).await;
        let written = match committed {
            Ok(()) => written.await.unwrap_or_else(|lost| Err(lost.into())),
            Err(panicked) => Err(panicked.into()),
        };
        written.map_err(|fault| self.failed(fault))
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
        let unreadable = fault.is::<serde_json::Error>()
            || fault.is::<NotARecord>()
            || fault.is::<NotARevision>()
            || fault.is::<NotPorts>()
            || fault.is::<BadInstallationId>();
        let kind = if unreadable { StoreFault::Unreadable } else { StoreFault::Unavailable };
        StoreError::new(&self.shared.path, kind, fault)
    }
}

impl DeviceRecords for EmbeddedStore {
    async fn device_record(&self, device: &DeviceName) -> Result<Option<Stored>, StoreError> {
        let device = device.to_string();
        self.read(move |database| {
            let transaction = database.begin_read()?;
            let Some(table) = read_table(&transaction, DEVICES)? else { return Ok(None) };
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

impl Installation for EmbeddedStore {
    async fn installation_id(&self, new: &InstallationId) -> Result<InstallationId, StoreError> {
        let new = new.clone();
        self.write(move |transaction| {
            let mut table = transaction.open_table(INSTALLATION)?;
            let stored = table.get("")?.map(|stored| stored.value().to_owned());
            if let Some(stored) = stored {
                return Ok(InstallationId::parse(&stored)?);
            }
            table.insert("", new.to_string().as_str())?;
            Ok(new.clone())
        })
        .await
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

/// Ends every lease and every place of a run that waits: nobody works on a slice of theirs now, and
/// nobody may be left to them. That other runs were left to them is kept for when their slices come
/// again. A record that cannot be read is left as it is, for the outcome to say so.
fn free_devices(transaction: &redb::WriteTransaction) -> Result<(), Fault> {
    let mut devices = transaction.open_table(DEVICES)?;
    let mut freed = Vec::new();
    for entry in devices.iter()? {
        let (device, stored) = entry?;
        let (version, record) = stored.value();
        let Ok(record) = DeviceRecord::parse(record.as_bytes()) else { continue };
        let until = Timestamp::UNIX_EPOCH;
        let free = DeviceRecord {
            lease: record.lease.clone().map(|lease| Lease { until, ..lease }),
            waiting: record.waiting.clone().map(|waiting| Waiting { until, ..waiting }),
            ..record.clone()
        };
        if free != record {
            freed.push((device.value().to_owned(), version + 1, free));
        }
    }
    for (device, version, record) in freed {
        devices.insert(device.as_str(), (version, record.to_document().as_str()))?;
    }
    Ok(())
}

/// Gives back the idempotency keys of requests that were never answered, so that they can be
/// repeated at once.
fn free_keys(transaction: &redb::WriteTransaction) -> Result<(), Fault> {
    let mut keys = transaction.open_table(KEYS)?;
    let mut claimed = Vec::new();
    for entry in keys.iter()? {
        let (key, stored) = entry?;
        if let Ok(record @ IdempotencyRecord { receipt: None, .. }) = serde_json::from_str(stored.value()) {
            claimed.push((key.value().to_owned(), IdempotencyRecord { claimed_at: Timestamp::UNIX_EPOCH, ..record }));
        }
    }
    for (key, record) in claimed {
        keys.insert(key.as_str(), json(&record).as_str())?;
    }
    Ok(())
}

/// A table to read from; none if nothing was ever written to it.
fn read_table<K: redb::Key + 'static, V: redb::Value + 'static>(
    transaction: &redb::ReadTransaction,
    table: TableDefinition<'_, K, V>,
) -> Result<Option<redb::ReadOnlyTable<K, V>>, Fault> {
    match transaction.open_table(table) {
        Ok(table) => Ok(Some(table)),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn get<'k, K: redb::Key + 'static, T: DeserializeOwned>(
    database: &Database,
    table: TableDefinition<'_, K, &'static str>,
    key: K::SelfType<'k>,
) -> Result<Option<T>, Fault> {
    let transaction = database.begin_read()?;
    let Some(table) = read_table(&transaction, table)? else { return Ok(None) };
    let value = table.get(key)?;
    value.map(|value| serde_json::from_str(value.value())).transpose().map_err(Into::into)
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("state has text keys only and always serialises")
}

#[cfg(test)]
mod tests;
