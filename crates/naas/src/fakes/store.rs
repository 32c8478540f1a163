//! A store for tests: inventory, models, queue, parked messages, runs, outcomes, device records,
//! history and keys.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use intent::hash::ContentHash;
use intent::inventory::Document;
use intent::model::ModelFiles;
use intent::name::{DeviceName, RunId};
use intent::tenancy::PortDocument;
use jiff::Timestamp;

use super::guard::lock;
use crate::ports::{
    Created, DeadLetters, DeviceRecords, History, IdempotencyKeys, Installation, Inventories, Models, Parked, Recorded,
    Runs, SliceQueue, StoreError, StoreFault, Stored, Version,
};
use crate::records::applied_ports::AppliedPorts;
use crate::records::device_state::DeviceRecord;
use crate::records::idempotency::IdempotencyRecord;
use crate::records::installation::InstallationId;
use crate::records::outcome::{Attempt, Outcome, Status};
use crate::records::revision::{Entry, Revision};
use crate::records::run::{Run, RunSummary};
use crate::records::slice::Slice;

/// Everything that is stored: inventory, models, queue, parked messages, runs, outcomes and keys.
#[derive(Debug, Default)]
pub struct FakeStore {
    /// Inventory documents by name.
    pub inventory: Mutex<BTreeMap<String, Vec<u8>>>,
    /// All models and templates, as one snapshot.
    pub models: Mutex<Arc<ModelFiles>>,
    /// Slices sent, oldest first.
    pub slices: Mutex<Vec<Slice>>,
    /// After what delay each of them was to be delivered.
    pub delays: Mutex<Vec<Duration>>,
    /// Parked messages and why.
    pub parked: Mutex<Vec<(String, String)>>,
    /// The runs that were accepted, by their names.
    pub runs: Mutex<BTreeMap<RunId, Run>>,
    /// Outcomes by run and device.
    pub outcomes: Mutex<BTreeMap<(RunId, DeviceName), Outcome>>,
    /// Attempts that came to nothing, by run and device.
    pub attempts: Mutex<BTreeMap<(RunId, DeviceName), Attempt>>,
    /// Cancelled runs, and since when.
    pub cancelled: Mutex<BTreeMap<RunId, Timestamp>>,
    /// Device records, and how often each was written.
    pub records: Mutex<BTreeMap<DeviceName, (DeviceRecord, u64)>>,
    /// Kept configurations by device and hash.
    pub texts: Mutex<BTreeMap<(DeviceName, ContentHash), String>>,
    /// Every device's history, in the order it was added.
    pub revisions: Mutex<Vec<Revision>>,
    /// The documents of ordered ports.
    pub port_documents: Mutex<BTreeMap<DeviceName, PortDocument>>,
    /// The ports that switches run.
    pub applied_ports: Mutex<BTreeMap<DeviceName, AppliedPorts>>,
    /// Idempotency records by key.
    pub keys: Mutex<BTreeMap<String, IdempotencyRecord>>,
    /// The id of this installation, once one was asked for.
    pub installation: Mutex<Option<InstallationId>>,
    /// What was written, in its order: `park`, `pin`, `outcome`, `release`, each with the device's
    /// name where it has one.
    pub writes: Mutex<Vec<String>>,
    broken: Mutex<BTreeMap<&'static str, StoreFault>>,
}

impl FakeStore {
    /// A store that holds this inventory document and these models and templates.
    pub fn with(inventory: &str, models: &[(&str, &str)]) -> Self {
        let store = Self::default();
        lock(&store.inventory).insert("naas/inventory".to_owned(), inventory.as_bytes().to_vec());
        store.set_models(models);
        store
    }

    /// Puts these models and templates in place of all others.
    pub fn set_models(&self, models: &[(&str, &str)]) {
        let files = models.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        *lock(&self.models) = Arc::new(ModelFiles(files));
    }

    /// Makes one verb fail from now on: `inventory`, `models`, `send`, `park`, `create`, `record`,
    /// `read`, `keys`, `lease`, `keep`, `add`, `history` (reading it), `installation`, `ports` (reading
    /// them), `order`, `applied`.
    pub fn fail(&self, verb: &'static str, fault: StoreFault) {
        lock(&self.broken).insert(verb, fault);
    }

    /// Lets every verb work again.
    pub fn mend(&self) {
        lock(&self.broken).clear();
    }

    fn wrote(&self, what: String) {
        lock(&self.writes).push(what);
    }

    pub(super) fn check(&self, verb: &'static str) -> Result<(), StoreError> {
        match lock(&self.broken).get(verb) {
            Some(fault) => Err(StoreError::new(format!("fake {verb}"), *fault, "told to fail")),
            None => Ok(()),
        }
    }
}

impl Inventories for &FakeStore {
    async fn all(&self) -> Result<Vec<Document>, StoreError> {
        self.check("inventory")?;
        let documents: Vec<_> = lock(&self.inventory)
            .iter()
            .map(|(name, body)| Document::new(name, body.clone()).with_local_addresses())
            .collect();
        if documents.is_empty() { Err(StoreError::not_found("secret naas/inventory")) } else { Ok(documents) }
    }

    async fn named(&self, names: &[String]) -> Result<Vec<Document>, StoreError> {
        self.check("inventory")?;
        let documents = lock(&self.inventory);
        names
            .iter()
            .map(|name| match documents.get(name) {
                Some(body) => Ok(Document::new(name, body.clone()).with_local_addresses()),
                None => Err(StoreError::not_found(format!("secret {name}"))),
            })
            .collect()
    }
}

impl Models for &FakeStore {
    async fn snapshot(&self) -> Result<Arc<ModelFiles>, StoreError> {
        self.check("models")?;
        Ok(Arc::clone(&lock(&self.models)))
    }
}

impl SliceQueue for &FakeStore {
    async fn send(&self, slices: &[Slice], delay: Duration) -> Result<(), StoreError> {
        self.check("send")?;
        lock(&self.slices).extend_from_slice(slices);
        lock(&self.delays).extend(slices.iter().map(|_| delay));
        Ok(())
    }
}

impl DeadLetters for &FakeStore {
    async fn park(&self, message: &str, reason: &str) -> Result<(), StoreError> {
        self.check("park")?;
        self.wrote("park".to_owned());
        lock(&self.parked).push((message.to_owned(), reason.to_owned()));
        Ok(())
    }

    async fn parked(&self) -> Result<Vec<Parked>, StoreError> {
        self.check("park")?;
        let parked = |(message, reason): &(String, String)| Parked {
            handle: message.clone(),
            message: message.clone(),
            reason: Some(reason.clone()),
        };
        Ok(lock(&self.parked).iter().take(10).map(parked).collect())
    }

    async fn unpark(&self, parked: &Parked) -> Result<(), StoreError> {
        self.check("park")?;
        lock(&self.parked).retain(|(message, _)| *message != parked.handle);
        Ok(())
    }
}

impl DeviceRecords for &FakeStore {
    async fn device_record(&self, device: &DeviceName) -> Result<Option<Stored>, StoreError> {
        self.check("lease")?;
        let stored = |(record, version): &(DeviceRecord, u64)| Stored {
            record: record.clone(),
            version: Version(version.to_string()),
        };
        Ok(lock(&self.records).get(device).map(stored))
    }

    async fn replace_device_record(
        &self,
        device: &DeviceName,
        record: &DeviceRecord,
        expected: Option<&Version>,
    ) -> Result<Option<Version>, StoreError> {
        self.check("lease")?;
        let mut records = lock(&self.records);
        let stands = records.get(device).map(|(_, version)| Version(version.to_string()));
        if stands.as_ref() != expected {
            return Ok(None);
        }
        let before = records.get(device).map(|(before, _)| before.clone()).unwrap_or_default();
        if before.lease.is_some() && record.lease.is_none() {
            self.wrote(format!("release {device}"));
        }
        if before.pinned.is_none() && record.pinned.is_some() {
            self.wrote(format!("pin {device}"));
        }
        let version = records.get(device).map_or(1, |(_, version)| version + 1);
        records.insert(device.clone(), (record.clone(), version));
        Ok(Some(Version(version.to_string())))
    }
}

impl History for &FakeStore {
    async fn keep(&self, device: &DeviceName, hash: &ContentHash, text: &str) -> Result<(), StoreError> {
        self.check("keep")?;
        lock(&self.texts).entry((device.clone(), hash.clone())).or_insert_with(|| text.to_owned());
        Ok(())
    }

    async fn kept(&self, device: &DeviceName, hash: &ContentHash) -> Result<Option<String>, StoreError> {
        self.check("history")?;
        Ok(lock(&self.texts).get(&(device.clone(), hash.clone())).cloned())
    }

    async fn add(&self, revision: &Revision) -> Result<(), StoreError> {
        self.check("add")?;
        let mut revisions = lock(&self.revisions);
        let stands = |other: &Revision| other.device == revision.device && other.entry() == revision.entry();
        if !revisions.iter().any(stands) {
            revisions.push(revision.clone());
        }
        Ok(())
    }

    async fn entries(&self, device: &DeviceName, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.check("history")?;
        let revisions = lock(&self.revisions);
        let mut entries: Vec<_> =
            revisions.iter().rev().filter(|other| other.device == *device).map(Revision::entry).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
        entries.truncate(limit);
        Ok(entries)
    }

    async fn revision(&self, device: &DeviceName, entry: &Entry) -> Result<Option<Revision>, StoreError> {
        self.check("history")?;
        let is = |other: &&Revision| other.device == *device && other.entry() == *entry;
        Ok(lock(&self.revisions).iter().find(is).cloned())
    }
}

impl Runs for &FakeStore {
    async fn create(&self, run: &Run) -> Result<Created, StoreError> {
        self.check("create")?;
        let mut runs = lock(&self.runs);
        let created = Created::given(runs.get(&run.task.run), run);
        runs.entry(run.task.run.clone()).or_insert_with(|| run.clone());
        Ok(created)
    }

    async fn recent(&self, limit: usize) -> Result<Vec<RunSummary>, StoreError> {
        self.check("read")?;
        let mut runs: Vec<_> = lock(&self.runs).values().map(Run::summary).collect();
        runs.sort_by(|a, b| (b.accepted_at, &b.run).cmp(&(a.accepted_at, &a.run)));
        runs.truncate(limit);
        Ok(runs)
    }

    async fn load(&self, run: &RunId) -> Result<Option<Run>, StoreError> {
        self.check("read")?;
        Ok(lock(&self.runs).get(run).cloned())
    }

    async fn record(&self, outcome: &Outcome) -> Result<Recorded, StoreError> {
        self.check("record")?;
        let mut outcomes = lock(&self.outcomes);
        let key = (outcome.run.clone(), outcome.device.clone());
        if outcomes.contains_key(&key) {
            return Ok(Recorded::Before);
        }
        self.wrote(format!("outcome {}", outcome.device));
        outcomes.insert(key, outcome.clone());
        Ok(Recorded::Now)
    }

    async fn outcome(&self, run: &RunId, device: &DeviceName) -> Result<Option<Outcome>, StoreError> {
        self.check("read")?;
        Ok(lock(&self.outcomes).get(&(run.clone(), device.clone())).cloned())
    }

    async fn statuses(&self, run: &Run) -> Result<BTreeMap<DeviceName, Status>, StoreError> {
        self.check("read")?;
        let outcomes = lock(&self.outcomes);
        let of_run = outcomes.values().filter(|outcome| outcome.run == run.task.run);
        Ok(of_run.map(|it| (it.device.clone(), it.status)).collect())
    }

    async fn note(&self, attempt: &Attempt) -> Result<(), StoreError> {
        self.check("record")?;
        lock(&self.attempts).insert((attempt.run.clone(), attempt.device.clone()), attempt.clone());
        Ok(())
    }

    async fn attempt(&self, run: &RunId, device: &DeviceName) -> Result<Option<Attempt>, StoreError> {
        self.check("read")?;
        Ok(lock(&self.attempts).get(&(run.clone(), device.clone())).cloned())
    }

    async fn cancel(&self, run: &RunId, at: Timestamp) -> Result<(), StoreError> {
        self.check("create")?;
        lock(&self.cancelled).entry(run.clone()).or_insert(at);
        Ok(())
    }

    async fn cancelled(&self, run: &RunId) -> Result<Option<Timestamp>, StoreError> {
        self.check("read")?;
        Ok(lock(&self.cancelled).get(run).copied())
    }
}

impl Installation for &FakeStore {
    async fn installation_id(&self, new: &InstallationId) -> Result<InstallationId, StoreError> {
        self.check("installation")?;
        Ok(lock(&self.installation).get_or_insert_with(|| new.clone()).clone())
    }
}

impl IdempotencyKeys for &FakeStore {
    async fn claim(&self, key: &str, record: &IdempotencyRecord) -> Result<Option<IdempotencyRecord>, StoreError> {
        self.check("keys")?;
        let mut keys = lock(&self.keys);
        let held = keys.get(key).cloned();
        keys.entry(key.to_owned()).or_insert_with(|| record.clone());
        Ok(held)
    }

    async fn replace(
        &self,
        key: &str,
        expected: &IdempotencyRecord,
        new: &IdempotencyRecord,
    ) -> Result<bool, StoreError> {
        self.check("keys")?;
        let mut keys = lock(&self.keys);
        let stands = keys.get(key) == Some(expected);
        if stands {
            keys.insert(key.to_owned(), new.clone());
        }
        Ok(stands)
    }
}
