//! Why the scheduler refuses a request.

use intent::inventory::InventoryError;
use intent::name::{DeviceName, RunId};

use super::idempotency::InvalidKey;
use super::request::InvalidRequest;
use super::selection::UnknownNames;
use crate::access::Refused;
use crate::history::NoSuchConfiguration;
use crate::ports::StoreError;
use crate::records::run::Mode;

/// Why a request was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The body is not a request.
    #[error(transparent)]
    Request(#[from] InvalidRequest),
    /// The caller may not do this.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The `Idempotency-Key` header is not a key.
    #[error(transparent)]
    Key(#[from] InvalidKey),
    /// The request names devices or groups that the inventory does not have.
    #[error(transparent)]
    Unknown(#[from] UnknownNames),
    /// The request restores a configuration that is not stored.
    #[error(transparent)]
    NoSuchConfiguration(#[from] NoSuchConfiguration),
    /// The request applies a plan that was never made.
    #[error("no run {0} was ever accepted here, so there is no such plan")]
    NoSuchPlan(RunId),
    /// The request applies a run that was not a plan.
    #[error("run {run} is no plan, its mode is {mode}; make one with the mode \"plan\"")]
    NotAPlan {
        /// The run that was named as the plan.
        run: RunId,
        /// The mode of that run.
        mode: Mode,
    },
    /// The request applies a plan that is not finished.
    #[error("plan {run} has no outcome yet for {pending} of its devices; ask again when it is finished")]
    PlanUnfinished {
        /// The run that is the plan.
        run: RunId,
        /// How many of its devices have no outcome yet.
        pending: usize,
    },
    /// The request applies a plan without changes.
    #[error("plan {0} would change no device")]
    NothingPlanned(RunId),
    /// The same request is being accepted right now.
    #[error("a request with this Idempotency-Key is being scheduled right now; ask again in a few seconds")]
    KeyInUse,
    /// Another request had this key.
    #[error("this Idempotency-Key was used with another request; use a new key for a new request")]
    KeyReused,
    /// The inventory is stored but cannot be read.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// The inventory could not be fetched.
    #[error("the inventory could not be fetched")]
    InventoryStore(#[source] StoreError),
    /// Another run has the name that the new run was to have.
    #[error("another run has the name {0} already, so this one was not recorded")]
    NameTaken(RunId),
    /// Runs and keys could not be recorded.
    #[error("the run could not be recorded")]
    State(#[source] StoreError),
    /// Not every slice could be queued.
    #[error("slices of run {run} could not be queued")]
    Queue {
        /// The run some of whose slices may be queued.
        run: RunId,
        /// The error of the queue.
        #[source]
        source: StoreError,
    },
}

/// Why there is nothing to report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The caller may not do this.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The groups of devices, which decide what the caller may see, could not be looked up.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// The inventory could not be fetched.
    #[error("the inventory could not be fetched")]
    InventoryStore(#[source] StoreError),
    /// No run of this name was ever accepted.
    #[error("no run {0} was ever accepted here")]
    NoSuchRun(String),
    /// The run exists but does not concern the device.
    #[error("run {run} does not concern device {device}")]
    NotInRun {
        /// The run whose slices could not all be queued.
        run: RunId,
        /// The device that was asked for.
        device: String,
    },
    /// No run ever worked on the device.
    #[error("no run has worked on device {0} yet")]
    NoSuchDevice(String),
    /// The configuration is not in the device's history.
    #[error(transparent)]
    NoSuchConfiguration(#[from] NoSuchConfiguration),
    /// The device has no history yet.
    #[error(
        "no configuration of device {0} is kept yet; the first one is with the next push, or when it is found in sync"
    )]
    NoHistory(DeviceName),
    /// The path or query of the call makes no sense.
    #[error("{0}")]
    BadQuery(String),
    /// The record could not be read or written.
    #[error("the record could not be read or written")]
    State(#[source] StoreError),
}
