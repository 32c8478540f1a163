//! The scheduler: from a request to slices in the queue, and from a run's name to its report.

mod blame;
mod history;
mod redrive;
mod report;
pub mod request;

use std::time::Duration;

use intent::hash::sha256;
use intent::inventory::{Inventory, InventoryError};
use intent::name::RunId;
use jiff::{SignedDuration, Timestamp};
use tracing::info;

pub use blame::{Blame, Line};
pub use history::{Blamed, Configuration, DeviceHistory, RevisionReport};
pub use redrive::Redriven;
pub use report::{DeviceReport, Pending, ReportError, RunReport, RunsReport};

use crate::history::NoSuchConfiguration;
use crate::ports::{Clock, History, IdempotencyKeys, Inventories, Runs, SliceQueue, StoreError};
use crate::records::idempotency::{IdempotencyRecord, Receipt};
use crate::records::outcome::Status;
use crate::records::run::{Mode, Run, asked_by};
use crate::records::slice::{MAX_STEP, cut};
use crate::schedule::request::{InvalidRequest, Request, Step, UnknownNames, select};

/// How long a claimed `Idempotency-Key` keeps others out before its holder is taken for dead. Longer than API Gateway
/// lets any request live (29 s), so a holder that is late cannot come back.
pub const CLAIM_LIFE: SignedDuration = SignedDuration::from_secs(60);

/// Accepts requests. One value serves many requests at a time.
pub struct Scheduler<I, Q, S, D, C> {
    /// Where the inventory is read, anew for every request.
    pub inventories: I,
    /// Where slices go.
    pub queue: Q,
    /// Where runs, device records, histories and idempotency keys are kept.
    pub state: S,
    /// Where messages are that no retry could cure.
    pub dead_letters: D,
    /// The time of day.
    pub clock: C,
    /// The step of a request that names none.
    pub default_step: Step,
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
    /// It is to restore what is not kept.
    #[error(transparent)]
    NoSuchConfiguration(#[from] NoSuchConfiguration),
    /// It is to apply what was never planned.
    #[error("no run {0} was ever accepted here, so there is no such plan")]
    NoSuchPlan(RunId),
    /// It is to apply a run that was no plan.
    #[error("run {run} is no plan, its mode is {mode}; make one with the mode \"plan\"")]
    NotAPlan {
        /// The run.
        run: RunId,
        /// What it is.
        mode: Mode,
    },
    /// It is to apply a plan that is not finished.
    #[error("plan {run} has no outcome yet for {pending} of its devices; ask again when it is finished")]
    PlanUnfinished {
        /// The plan.
        run: RunId,
        /// How many are missing.
        pending: usize,
    },
    /// It is to apply a plan without changes.
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

/// A request, and who asks.
struct Asked {
    request: Request,
    by: Option<String>,
}

/// A header value that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Idempotency-Key: expected 1 to 255 visible ASCII characters, found {0}")]
pub struct InvalidKey(&'static str);

impl<I, Q, S, D, C> Scheduler<I, Q, S, D, C>
where
    I: Inventories,
    Q: SliceQueue,
    S: Runs + History + IdempotencyKeys,
    C: Clock,
{
    /// Accepts the request in `body`, asked `by` somebody if that is known. When it returns, every slice is queued; on an error before
    /// the queue, nothing is. With a `key`, the same request gets the same run however often it is sent.
    pub async fn configure(&self, body: &[u8], key: Option<&str>, by: Option<&str>) -> Result<Receipt, ScheduleError> {
        let asked = Asked { request: Request::parse(body)?, by: by.and_then(asked_by) };
        match key {
            Some(key) => self.accept_once(&asked, checked(key)?).await,
            None => self.accept(&asked, self.new_run(), None).await,
        }
    }

    async fn accept_once(&self, asked: &Asked, key: &str) -> Result<Receipt, ScheduleError> {
        let now = self.clock.now();
        let new = IdempotencyRecord {
            fingerprint: fingerprint(&asked.request),
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
        let accepted = self.accept(asked, ours.run.clone(), started).await;
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

    async fn accept(&self, asked: &Asked, name: RunId, started: Option<Run>) -> Result<Receipt, ScheduleError> {
        let run = match (started, &asked.request.plan) {
            (Some(run), _) => run,
            (None, Some(plan)) => self.planned(asked, name, plan).await?,
            (None, None) => self.resolve(asked, name).await?,
        };
        self.start(run).await
    }

    /// Records a run and queues its slices.
    async fn start(&self, run: Run) -> Result<Receipt, ScheduleError> {
        // Recorded before it is queued: an enforcer may be done before this function is.
        self.state.create(&run).await.map_err(ScheduleError::State)?;
        let slices = cut(&run);
        self.queue
            .send(&slices, Duration::ZERO)
            .await
            .map_err(|source| ScheduleError::Queue { run: run.run.clone(), source })?;
        info!(run = %run.run, devices = run.devices.len(), slices = slices.len(), mode = %run.mode, "scheduled");
        Ok(Receipt {
            status: "OK".to_owned(),
            message: "Scheduled".to_owned(),
            devices: run.devices.len(),
            slices: slices.len(),
            run: run.run,
        })
    }

    async fn resolve(&self, Asked { request, by }: &Asked, name: RunId) -> Result<Run, ScheduleError> {
        let documents = self.inventories.all().await.map_err(ScheduleError::InventoryStore)?;
        let inventory = Inventory::parse(&documents)?;
        let devices = select(&inventory, request)?;
        let restore = match (&request.restore, devices.first()) {
            (Some(reference), Some(device)) => Some(self.find(device, reference).await.map_err(ScheduleError::State)??),
            _ => None,
        };
        Ok(Run {
            run: name,
            accepted_at: self.clock.now(),
            mode: request.mode,
            inventory: inventory.documents_of(&devices),
            devices,
            step: self.step(request.step),
            confirm: request.confirm,
            plan: None,
            restore,
            by: by.clone(),
        })
    }

    /// The run that applies `plan` to the devices it would change.
    async fn planned(&self, Asked { request, by }: &Asked, name: RunId, plan: &RunId) -> Result<Run, ScheduleError> {
        let planned = self.state.load(plan).await.map_err(ScheduleError::State)?;
        let planned = planned.ok_or_else(|| ScheduleError::NoSuchPlan(plan.clone()))?;
        if planned.mode != Mode::Plan {
            return Err(ScheduleError::NotAPlan { run: plan.clone(), mode: planned.mode });
        }
        let known = self.state.statuses(&planned).await.map_err(ScheduleError::State)?;
        let pending = planned.devices.iter().filter(|device| !known.contains_key(*device)).count();
        if pending > 0 {
            return Err(ScheduleError::PlanUnfinished { run: plan.clone(), pending });
        }
        let changes = |device: &_| known.get(device) == Some(&Status::Planned);
        let devices: Vec<_> = planned.devices.into_iter().filter(changes).collect();
        if devices.is_empty() {
            return Err(ScheduleError::NothingPlanned(plan.clone()));
        }
        Ok(Run {
            run: name,
            accepted_at: self.clock.now(),
            mode: Mode::Apply,
            devices,
            step: self.step(request.step),
            inventory: planned.inventory,
            // A plan binds the commit timer too.
            confirm: request.confirm.or(planned.confirm),
            plan: Some(plan.clone()),
            restore: planned.restore,
            by: by.clone(),
        })
    }

    fn step(&self, asked: Option<Step>) -> usize {
        match asked.unwrap_or(self.default_step) {
            Step::Max => MAX_STEP,
            Step::Of(step) => step.get().min(MAX_STEP),
        }
    }

    fn new_run(&self) -> RunId {
        RunId::new(self.clock.now(), self.clock.entropy())
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
    sha256(serde_json::to_vec(request).expect("a request always serialises"))
}

#[cfg(test)]
mod tests;
