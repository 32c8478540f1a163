//! The scheduler: from a request to slices in the queue, and from a run's name to its report.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tracing::info;

use crate::inventory::{Inventory, InventoryError};
use crate::name::{DeviceName, RunId};
use crate::outcome::{Outcome, Status};
use crate::ports::{Clock, IdempotencyKeys, Inventories, Runs, SliceQueue, StoreError};
use crate::run::{Mode, Run};
use crate::selection::{InvalidRequest, Request, Step, UnknownNames, select};
use crate::slice::{MAX_STEP, cut};

/// How long a claimed `Idempotency-Key` keeps others out before its holder is taken for dead. Longer than API Gateway
/// lets any request live (29 s), so a holder that is late cannot come back.
pub const CLAIM_LIFE: SignedDuration = SignedDuration::from_secs(60);

/// Accepts requests. One value serves many requests at a time.
pub struct Scheduler<I, Q, S, C> {
    /// Where the inventory is read, anew for every request.
    pub inventories: I,
    /// Where slices go.
    pub queue: Q,
    /// Where runs and idempotency keys are recorded.
    pub state: S,
    /// The time of day.
    pub clock: C,
    /// The step of a request that names none.
    pub default_step: Step,
}

/// The answer to an accepted request; `status` and `message` are the words of the 2019 original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// `OK`.
    pub status: String,
    /// `Scheduled`.
    pub message: String,
    /// The run to ask about.
    pub run: RunId,
    /// How many devices it concerns.
    pub devices: usize,
    /// How many slices were queued.
    pub slices: usize,
}

/// What is remembered of a request with an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotencyRecord {
    /// SHA-256 of the request, hexadecimal: the same key with another request is a mistake worth an error.
    pub fingerprint: String,
    /// The run this key stands for.
    pub run: RunId,
    /// When the present holder took it.
    pub claimed_at: Timestamp,
    /// The answer, once everything was queued.
    pub receipt: Option<Receipt>,
}

/// A run as it stands now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunReport {
    /// The run.
    pub run: RunId,
    /// `running` until every device has an outcome, then `finished`.
    pub status: &'static str,
    /// What is done with each device.
    pub mode: Mode,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// How many devices are in each status; `pending` are those without an outcome yet.
    pub counts: BTreeMap<&'static str, usize>,
    /// Each device's status.
    pub devices: BTreeMap<DeviceName, &'static str>,
}

/// Why a request was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The body is not a request.
    #[error(transparent)]
    Request(#[from] InvalidRequest),
    /// The `Idempotency-Key` header is not one.
    #[error(transparent)]
    Key(#[from] InvalidKey),
    /// It names devices or groups the inventory does not have.
    #[error(transparent)]
    Unknown(#[from] UnknownNames),
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
    /// Runs and keys could not be recorded.
    #[error("the run could not be recorded")]
    State(#[source] StoreError),
    /// Not every slice could be queued.
    #[error("slices of run {run} could not be queued")]
    Queue {
        /// The run some of whose slices may be queued.
        run: RunId,
        /// What went wrong.
        #[source]
        source: StoreError,
    },
}

/// Why a run cannot be reported on.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It was never accepted.
    #[error("no run {0} was ever accepted here")]
    NoSuchRun(String),
    /// The run exists but does not concern the device.
    #[error("run {run} does not concern device {device}")]
    NotInRun {
        /// The run.
        run: RunId,
        /// The device asked for.
        device: String,
    },
    /// The record could not be read.
    #[error("the record of the run could not be read")]
    State(#[source] StoreError),
}

/// A header value that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Idempotency-Key: expected 1 to 255 visible ASCII characters, found {0}")]
pub struct InvalidKey(&'static str);

impl<I: Inventories, Q: SliceQueue, S: Runs + IdempotencyKeys, C: Clock> Scheduler<I, Q, S, C> {
    /// Accepts the request in `body`. When it returns, every slice is queued; on an error before the queue, nothing is.
    /// With a `key`, the same request gets the same run however often it is sent.
    pub async fn configure(&self, body: &[u8], key: Option<&str>) -> Result<Receipt, ScheduleError> {
        let request = Request::parse(body)?;
        match key {
            Some(key) => self.accept_once(&request, checked(key)?).await,
            None => self.accept(&request, self.new_run(), None).await,
        }
    }

    async fn accept_once(&self, request: &Request, key: &str) -> Result<Receipt, ScheduleError> {
        let now = self.clock.now();
        let new = IdempotencyRecord {
            fingerprint: fingerprint(request),
            run: self.new_run(),
            claimed_at: now,
            receipt: None,
        };
        let (ours, started) = match self.state.claim(key, &new).await.map_err(ScheduleError::State)? {
            None => (new, None),
            Some(held) if held.fingerprint != new.fingerprint => return Err(ScheduleError::KeyReused),
            Some(IdempotencyRecord { receipt: Some(receipt), .. }) => return Ok(receipt),
            Some(held) if now.duration_since(held.claimed_at) < CLAIM_LIFE => return Err(ScheduleError::KeyInUse),
            Some(held) => {
                let taken = IdempotencyRecord { claimed_at: now, ..held.clone() };
                if !self.state.replace(key, &held, &taken).await.map_err(ScheduleError::State)? {
                    return Err(ScheduleError::KeyInUse);
                }
                // The dead holder may have recorded the run and queued some of it: the same devices under the same name.
                let started = self.state.load(&taken.run).await.map_err(ScheduleError::State)?;
                (taken, started)
            }
        };
        let accepted = self.accept(request, ours.run.clone(), started).await;
        let settled = match &accepted {
            Ok(receipt) => IdempotencyRecord { receipt: Some(receipt.clone()), ..ours.clone() },
            // Nobody has to wait for a claim that came to nothing.
            Err(_) => IdempotencyRecord { claimed_at: Timestamp::UNIX_EPOCH, ..ours.clone() },
        };
        let kept = self.state.replace(key, &ours, &settled).await;
        if accepted.is_ok() {
            kept.map_err(ScheduleError::State)?;
        }
        accepted
    }

    async fn accept(&self, request: &Request, name: RunId, started: Option<Run>) -> Result<Receipt, ScheduleError> {
        let run = match started {
            Some(run) => run,
            None => self.resolve(request, name).await?,
        };
        // Recorded before it is queued: an enforcer may be done before this function is.
        self.state.create(&run).await.map_err(ScheduleError::State)?;
        let slices = cut(&run);
        self.queue.send(&slices).await.map_err(|source| ScheduleError::Queue { run: run.run.clone(), source })?;
        info!(run = %run.run, devices = run.devices.len(), slices = slices.len(), mode = %run.mode, "scheduled");
        Ok(Receipt {
            status: "OK".to_owned(),
            message: "Scheduled".to_owned(),
            devices: run.devices.len(),
            slices: slices.len(),
            run: run.run,
        })
    }

    async fn resolve(&self, request: &Request, name: RunId) -> Result<Run, ScheduleError> {
        let documents = self.inventories.all().await.map_err(ScheduleError::InventoryStore)?;
        let inventory = Inventory::parse(&documents)?;
        let devices = select(&inventory, request)?;
        let step = match request.step.unwrap_or(self.default_step) {
            Step::Max => MAX_STEP,
            Step::Of(step) => step.get().min(MAX_STEP),
        };
        Ok(Run {
            run: name,
            accepted_at: self.clock.now(),
            mode: request.mode,
            inventory: inventory.documents_of(&devices),
            devices,
            step,
        })
    }

    fn new_run(&self) -> RunId {
        RunId::new(self.clock.now(), self.clock.entropy())
    }

    /// The run of this name as it stands now.
    pub async fn run(&self, name: &str) -> Result<RunReport, ReportError> {
        let run = self.recorded(name).await?;
        let known = self.state.statuses(&run.run).await.map_err(ReportError::State)?;
        let mut counts = BTreeMap::new();
        let mut devices = BTreeMap::new();
        for device in run.devices {
            let word = known.get(&device).map_or(PENDING, |status| status.word());
            *counts.entry(word).or_insert(0) += 1;
            devices.insert(device, word);
        }
        let status = if counts.contains_key(PENDING) { "running" } else { "finished" };
        Ok(RunReport { run: run.run, status, mode: run.mode, accepted_at: run.accepted_at, counts, devices })
    }

    /// The outcome of one device of a run; `None` while it is pending.
    pub async fn device(&self, name: &str, device: &str) -> Result<Option<Outcome>, ReportError> {
        let run = self.recorded(name).await?;
        let Some(device) = run.devices.iter().find(|known| known.as_ref() == device) else {
            return Err(ReportError::NotInRun { run: run.run, device: device.chars().take(64).collect() });
        };
        self.state.outcome(&run.run, device).await.map_err(ReportError::State)
    }

    async fn recorded(&self, name: &str) -> Result<Run, ReportError> {
        let unknown = || ReportError::NoSuchRun(name.chars().take(64).collect());
        let run = RunId::parse(name).map_err(|_| unknown())?;
        self.state.load(&run).await.map_err(ReportError::State)?.ok_or_else(unknown)
    }
}

/// The word for a device without an outcome.
pub const PENDING: &str = "pending";

impl RunReport {
    /// How many devices ended in `status`.
    pub fn count(&self, status: Status) -> usize {
        self.counts.get(status.word()).copied().unwrap_or(0)
    }
}

fn checked(key: &str) -> Result<&str, InvalidKey> {
    match key.len() {
        0 => Err(InvalidKey("none")),
        1..=255 if key.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(key),
        1..=255 => Err(InvalidKey("others")),
        _ => Err(InvalidKey("more")),
    }
}

fn fingerprint(request: &Request) -> String {
    let canonical = serde_json::to_vec(request).expect("a request always serialises");
    Sha256::digest(canonical).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
