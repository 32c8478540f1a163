//! What the domain asks of the outside, in its own verbs. Adapters answer for S3, SQS, Secrets
//! Manager and eAPI, or for a folder and an embedded store; the guarantees stand here, on the
//! traits, and hold for every adapter.

mod port_documents;
mod switches;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use intent::hash::ContentHash;
use intent::inventory::Document;
use intent::model::ModelFiles;
use intent::name::{DeviceName, RunId};
use jiff::Timestamp;

pub use port_documents::{PortDocuments, PortsOrdered, StoredPorts};
pub use switches::{Confirmation, Staged, Switch, SwitchError, SwitchFault, SwitchIdentity, SwitchStatus, Switches};

use crate::records::device_state::DeviceRecord;
use crate::records::idempotency::IdempotencyRecord;
use crate::records::installation::InstallationId;
use crate::records::outcome::{Attempt, Outcome, Status};
use crate::records::revision::{Entry, Revision};
use crate::records::run::{Run, RunSummary};
use crate::records::slice::Slice;

/// The time of day and random numbers, so that tests own them.
pub trait Clock: Send + Sync {
    /// The present moment, UTC.
    fn now(&self) -> Timestamp;
    /// Returns after this time has passed.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
    /// Random bits of any quality, to spread what would happen in the same moment. Nothing is named
    /// by them.
    fn entropy(&self) -> u64;
    /// 128 random bits of the operating system, for names of runs and tokens of leases: two of them
    /// must never meet.
    fn random(&self) -> u128;
}

impl<C: Clock> Clock for &C {
    fn now(&self) -> Timestamp {
        (**self).now()
    }

    async fn sleep(&self, duration: Duration) {
        (**self).sleep(duration).await;
    }

    fn entropy(&self) -> u64 {
        (**self).entropy()
    }

    fn random(&self) -> u128 {
        (**self).random()
    }
}

/// Where the inventory is kept.
pub trait Inventories: Send + Sync {
    /// Every document of the inventory, sorted by name. [`StoreFault::NotFound`] when there is
    /// none.
    fn all(&self) -> impl Future<Output = Result<Vec<Document>, StoreError>> + Send;

    /// The documents of these names, newest versions. [`StoreFault::NotFound`] names the first that
    /// is missing.
    fn named(&self, names: &[String]) -> impl Future<Output = Result<Vec<Document>, StoreError>> + Send;
}

/// Where models and templates are kept.
pub trait Models: Send + Sync {
    /// All models and templates as they are now. The same `Arc` comes back as long as nothing
    /// changed.
    fn snapshot(&self) -> impl Future<Output = Result<Arc<ModelFiles>, StoreError>> + Send;
}

/// Where slices wait for an enforcer.
pub trait SliceQueue: Send + Sync {
    /// Queues every slice, to be delivered after `delay`, at most [`crate::retry::LONGEST`]; when
    /// it returns `Ok`, none can be lost. On `Err` some may be queued already, so sending again may
    /// deliver those twice; enforcers expect that.
    fn send(&self, slices: &[Slice], delay: Duration) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Where messages go that no retry can cure.
pub trait DeadLetters: Send + Sync {
    /// Keeps `message` unchanged with the reason beside it; when it returns `Ok`, it cannot be
    /// lost.
    fn park(&self, message: &str, reason: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Some parked messages, ten at most; none when there are none. A message may be out of sight
    /// for a minute after it was seen.
    fn parked(&self) -> impl Future<Output = Result<Vec<Parked>, StoreError>> + Send;

    /// Done with a parked message.
    fn unpark(&self, parked: &Parked) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A message among the dead letters, which nobody works on until it is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// What [`DeadLetters::unpark`] knows it by; it may be another one each time it is seen.
    pub handle: String,
    /// The text of the message, byte for byte as it was parked.
    pub message: String,
    /// Why it was parked; none if the queue gave up on it by itself.
    pub reason: Option<String>,
}

/// What is remembered of each device from push to push.
pub trait DeviceRecords: Send + Sync {
    /// A device's record, if it has one. [`StoreFault::Unreadable`] if something else is stored
    /// there.
    fn device_record(&self, device: &DeviceName) -> impl Future<Output = Result<Option<Stored>, StoreError>> + Send;

    /// Compare and set: writes `record` if the one that stands is of version `expected` (none: if
    /// there is none), and returns its version; `None` if something else stands there. After an
    /// `Err` it may be written or not.
    fn replace_device_record(
        &self,
        device: &DeviceName,
        record: &DeviceRecord,
        expected: Option<&Version>,
    ) -> impl Future<Output = Result<Option<Version>, StoreError>> + Send;
}

/// A record as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The record, in the form of this version whatever version wrote it.
    pub record: DeviceRecord,
    /// The version to give to [`DeviceRecords::replace_device_record`] to write over it.
    pub version: Version,
}

/// Tells the versions of a stored document apart: an ETag, a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(pub String);

/// What devices were made to run, see [`crate::history`]. Nothing of it is ever changed or taken
/// away.
pub trait History: Send + Sync {
    /// Keeps a configuration of a device under its hash; when it returns `Ok`, it cannot be lost.
    /// Keeping it again changes nothing.
    fn keep(
        &self,
        device: &DeviceName,
        hash: &ContentHash,
        text: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// A text that was kept, byte for byte; none if none was.
    fn kept(
        &self,
        device: &DeviceName,
        hash: &ContentHash,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;

    /// Adds a revision. The first one of its [entry](Revision::entry) stands: adding it again
    /// changes nothing.
    fn add(&self, revision: &Revision) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The entries of a device's history by their time, which they tell to the millisecond: newest
    /// first, at most `limit`. Costs listings, not one read per entry.
    fn entries(&self, device: &DeviceName, limit: usize)
    -> impl Future<Output = Result<Vec<Entry>, StoreError>> + Send;

    /// The revision of an entry, if there is one.
    fn revision(
        &self,
        device: &DeviceName,
        entry: &Entry,
    ) -> impl Future<Output = Result<Option<Revision>, StoreError>> + Send;
}

/// The record of runs and outcomes.
pub trait Runs: Send + Sync {
    /// Records a run. Recording the same run again changes nothing. Another run under the same name
    /// is not recorded, and the one that stands is not changed.
    fn create(&self, run: &Run) -> impl Future<Output = Result<Created, StoreError>> + Send;

    /// The last `limit` runs by the time they were accepted, newest first. A run is among them once
    /// [`Runs::create`] has returned.
    fn recent(&self, limit: usize) -> impl Future<Output = Result<Vec<RunSummary>, StoreError>> + Send;

    /// A run, if it was ever accepted.
    fn load(&self, run: &RunId) -> impl Future<Output = Result<Option<Run>, StoreError>> + Send;

    /// Records a device's outcome. The first one recorded stands: a later one, from a slice
    /// delivered twice, is dropped and answered with [`Recorded::Before`].
    fn record(&self, outcome: &Outcome) -> impl Future<Output = Result<Recorded, StoreError>> + Send;

    /// A device's outcome, if it is known yet.
    fn outcome(
        &self,
        run: &RunId,
        device: &DeviceName,
    ) -> impl Future<Output = Result<Option<Outcome>, StoreError>> + Send;

    /// The status of every device whose outcome is known. Costs listings, not one read per device.
    fn statuses(&self, run: &Run) -> impl Future<Output = Result<BTreeMap<DeviceName, Status>, StoreError>> + Send;

    /// Notes an attempt that came to nothing, in place of the one before.
    fn note(&self, attempt: &Attempt) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// A device's last attempt that came to nothing, if there was one.
    fn attempt(
        &self,
        run: &RunId,
        device: &DeviceName,
    ) -> impl Future<Output = Result<Option<Attempt>, StoreError>> + Send;

    /// Records that a run is cancelled since `at`. The first time stands.
    fn cancel(&self, run: &RunId, at: Timestamp) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Since when a run is cancelled, if it is.
    fn cancelled(&self, run: &RunId) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;
}

/// Whether a run is on record under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// The run is on record, by this call or an earlier one.
    Recorded,
    /// Another run has that name.
    NameTaken,
}

impl Created {
    /// The answer for `run`, given the run that stands under its name, if one stood there before.
    pub fn given(before: Option<&Run>, run: &Run) -> Self {
        if before.is_none_or(|before| before == run) { Self::Recorded } else { Self::NameTaken }
    }
}

/// Whether an outcome was the first of its device in its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It was the first, and stands from now on.
    Now,
    /// Another one stood already, and still does.
    Before,
}

/// Who this installation is, so that its sessions on switches can be told from those of people and
/// of other installations.
pub trait Installation: Send + Sync {
    /// The id of this installation. If none is stored yet, `new` is stored; whichever was stored
    /// first stands for ever.
    fn installation_id(&self, new: &InstallationId) -> impl Future<Output = Result<InstallationId, StoreError>> + Send;
}

/// The memory behind `Idempotency-Key`.
pub trait IdempotencyKeys: Send + Sync {
    /// Stores `record` unless the key is taken; the record that then stands is returned if it is
    /// not ours.
    fn claim(
        &self,
        key: &str,
        record: &IdempotencyRecord,
    ) -> impl Future<Output = Result<Option<IdempotencyRecord>, StoreError>> + Send;

    /// Compare and set: puts `new` in place of `expected`; `false` when something else stands there
    /// by now.
    fn replace(
        &self,
        key: &str,
        expected: &IdempotencyRecord,
        new: &IdempotencyRecord,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// What went wrong with a store (a bucket, secret, queue or file), and which.
#[derive(Debug, thiserror::Error)]
#[error("{resource}: {fault}")]
pub struct StoreError {
    /// The secret, bucket and key, queue or path, as an operator would look it up.
    pub resource: String,
    /// What kind of failure it was.
    pub fault: StoreFault,
    /// What the store or its client said, if there is more to say than the fault.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Kinds of [`StoreError`], as far as they are treated differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// It is not there.
    #[error("not found")]
    NotFound,
    /// The caller has no right to it.
    #[error("access denied")]
    Denied,
    /// It did not answer, or asked to slow down; trying again may help.
    #[error("not available now")]
    Unavailable,
    /// Something is stored there that this version did not write.
    #[error("holds something this version cannot read")]
    Unreadable,
}

impl StoreError {
    /// An error with its cause.
    pub fn new(
        resource: impl Into<String>,
        fault: StoreFault,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { resource: resource.into(), fault, source: Some(source.into()) }
    }

    /// Something that is not there.
    pub fn not_found(resource: impl Into<String>) -> Self {
        Self { resource: resource.into(), fault: StoreFault::NotFound, source: None }
    }
}
