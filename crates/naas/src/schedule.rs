//! The scheduler: from a request to slices in the queue, and from a run's name to its report.

mod admission;
mod blame;
mod error;
mod history;
mod idempotency;
mod orders;
mod pattern;
mod ports;
mod redrive;
mod report;
pub mod request;
mod selection;

use std::time::Duration;

use intent::inventory::Inventory;
use intent::name::RunId;
use tracing::info;

pub use blame::{Blame, Line};
pub use error::{ReportError, ScheduleError};
pub use history::{Blamed, Configuration, DeviceHistory, RevisionReport};
pub use idempotency::{CLAIM_LIFE, InvalidKey};
pub use orders::{AppliedState, OrderError, OrderState, Ordered, PortPath, PortReport, PortsReport};
pub use pattern::{InvalidPattern, Pattern};
pub use ports::{Ports, PortsOf, SchedulerPorts};
pub use redrive::{LeftParked, RedriveRequest, Redriven};
pub use report::{DeviceOutcome, DeviceReport, Pending, RunReport, RunsReport};
pub use selection::{UnknownNames, select};

use crate::access::{Action, On, may};
use crate::caller::Caller;
use crate::history::{SEARCHED, find};
use crate::ports::{Clock, Created, History, Inventories, Runs, SliceQueue};
use crate::records::idempotency::Receipt;
use crate::records::outcome::Status;
use crate::records::run::{Mode, Run};
use crate::records::slice::{MAX_STEP, cut};
use crate::records::task::Task;
use crate::schedule::request::{Request, Step};

/// Accepts requests. One value serves many requests at a time.
pub struct Scheduler<P> {
    ports: P,
    default_step: Step,
}

/// A request, and who asks.
struct Asked<'c> {
    request: Request,
    caller: &'c Caller,
}

impl<P: SchedulerPorts> Scheduler<P> {
    /// A scheduler over these ports. A request that names no step is cut into slices of
    /// `default_step`.
    pub fn new(ports: P, default_step: Step) -> Self {
        Self { ports, default_step }
    }

    fn ports(&self) -> &PortsOf<P> {
        self.ports.ports()
    }

    /// Accepts the request in `body`. When it returns, every slice is queued; on an error before
    /// the queue, nothing is. With a `key`, the same request gets the same run however often it is
    /// sent.
    pub async fn configure(&self, caller: &Caller, body: &[u8], key: Option<&str>) -> Result<Receipt, ScheduleError> {
        let asked = Asked { request: Request::parse(body)?, caller };
        may(caller, asked.action(), On::Nothing, None)?;
        match key {
            Some(key) => self.accept_once(&asked, key).await,
            None => self.accept(&asked, self.new_run(), None).await,
        }
    }

    async fn accept(&self, asked: &Asked<'_>, name: RunId, started: Option<Run>) -> Result<Receipt, ScheduleError> {
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
        if self.ports().state.create(&run).await.map_err(ScheduleError::State)? == Created::NameTaken {
            return Err(ScheduleError::NameTaken(run.task.run));
        }
        let slices = cut(&run);
        self.ports()
            .queue
            .send(&slices, Duration::ZERO)
            .await
            .map_err(|source| ScheduleError::Queue { run: run.task.run.clone(), source })?;
        info!(run = %run.task.run, devices = run.devices.len(), slices = slices.len(), mode = %run.task.mode, "scheduled");
        Ok(Receipt {
            status: "OK".to_owned(),
            message: "Scheduled".to_owned(),
            devices: run.devices.len(),
            slices: slices.len(),
            run: run.task.run,
        })
    }

    /// The run that does what the request asks for, with its devices looked up in the inventory.
    async fn resolve(&self, asked: &Asked<'_>, name: RunId) -> Result<Run, ScheduleError> {
        let request = &asked.request;
        let documents = self.ports().inventories.all().await.map_err(ScheduleError::InventoryStore)?;
        let inventory = Inventory::parse(&documents)?;
        asked.admit(&inventory)?;
        let devices = select(&inventory, request)?;
        let restore = match (&request.restore, devices.first()) {
            (Some(reference), Some(device)) => {
                let entries = self.ports().state.entries(device, SEARCHED).await.map_err(ScheduleError::State)?;
                Some(find(device, &entries, reference)?)
            }
            _ => None,
        };
        let task = Task {
            confirm: request.confirm,
            restore,
            load: request.load,
            by: Some(asked.caller.subject().to_owned()),
            ..Task::new(name, request.mode, inventory.documents_of(&devices))
        };
        Ok(Run { task, accepted_at: self.ports().clock.now(), devices, step: self.step(request.step) })
    }

    /// The run that applies `plan` to the devices it would change.
    async fn planned(&self, asked: &Asked<'_>, name: RunId, plan: &RunId) -> Result<Run, ScheduleError> {
        let state = &self.ports().state;
        let planned = state.load(plan).await.map_err(ScheduleError::State)?;
        let planned = planned.ok_or_else(|| ScheduleError::NoSuchPlan(plan.clone()))?;
        self.admit(asked.caller, Action::ApplyPlan, On::Run(plan, &planned.devices)).await?;
        if planned.task.mode != Mode::Plan {
            return Err(ScheduleError::NotAPlan { run: plan.clone(), mode: planned.task.mode });
        }
        let known = state.statuses(&planned).await.map_err(ScheduleError::State)?;
        let pending = planned.devices.iter().filter(|device| !known.contains_key(*device)).count();
        if pending > 0 {
            return Err(ScheduleError::PlanUnfinished { run: plan.clone(), pending });
        }
        let changes = |device: &_| known.get(device) == Some(&Status::Planned);
        let devices: Vec<_> = planned.devices.into_iter().filter(changes).collect();
        if devices.is_empty() {
            return Err(ScheduleError::NothingPlanned(plan.clone()));
        }
        let task = Task {
            // A plan binds the commit timer too.
            confirm: asked.request.confirm.or(planned.task.confirm),
            plan: Some(plan.clone()),
            restore: planned.task.restore,
            load: planned.task.load,
            by: Some(asked.caller.subject().to_owned()),
            ..Task::new(name, Mode::Apply, planned.task.inventory)
        };
        Ok(Run { task, accepted_at: self.ports().clock.now(), devices, step: self.step(asked.request.step) })
    }

    fn step(&self, asked: Option<Step>) -> usize {
        match asked.unwrap_or(self.default_step) {
            Step::Max => MAX_STEP,
            Step::Of(step) => step.get().min(MAX_STEP),
        }
    }

    /// A name that no other run has: its random bits are the operating system's.
    fn new_run(&self) -> RunId {
        let clock = &self.ports().clock;
        // Half of the bits are enough.
        RunId::new(clock.now(), clock.random() as u64)
    }
}

#[cfg(test)]
mod tests;
