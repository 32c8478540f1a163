//! What became of runs and devices, from the records.

use std::collections::BTreeMap;

use intent::hash::ContentHash;
use intent::name::{DeviceName, RunId, excerpt};
use jiff::Timestamp;
use serde::Serialize;
use tracing::{debug, info};

use super::{ReportError, Scheduler, SchedulerPorts};
use crate::access::{Action, On, may};
use crate::caller::Caller;
use crate::ports::{Clock, DeviceRecords, Runs};
use crate::records::device_state::{DeviceRecord, InSync, KnownSwitch, Last, Pin};
use crate::records::outcome::{Attempt, Outcome, Status};
use crate::records::run::{Mode, Run, RunSummary};
use crate::records::task::Task;

/// The word for a device without an outcome.
const PENDING: &str = "pending";

/// A run as it stands now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunReport {
    /// The name of the run.
    pub run: RunId,
    /// `running` until every device has an outcome, or `cancelling` once it is cancelled; then
    /// `finished`.
    pub status: &'static str,
    /// What is done with each device.
    pub mode: Mode,
    /// When the run was accepted.
    pub accepted_at: Timestamp,
    /// Who asked for the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The plan that the run applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<RunId>,
    /// The stored configuration that the run restores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore: Option<ContentHash>,
    /// How many devices have each status. Devices without an outcome are `pending`.
    pub counts: BTreeMap<&'static str, usize>,
    /// The status of each device.
    pub devices: BTreeMap<DeviceName, &'static str>,
}

/// A list of runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunsReport {
    /// The runs, newest first.
    pub runs: Vec<RunSummary>,
}

/// What there is to say about one device of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum DeviceOutcome {
    /// The work on the device has ended.
    Ended(Box<Outcome>),
    /// The device has no outcome yet.
    Pending(Pending),
}

/// A device of a run that has no outcome yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// The name of the run.
    pub run: RunId,
    /// The name of the device.
    pub device: DeviceName,
    /// The word `pending`, in the place where an outcome has its status.
    pub status: &'static str,
    /// The last attempt, if the device was tried already.
    #[serde(flatten)]
    pub attempt: Option<Tried>,
}

/// An attempt that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// How many attempts came to nothing.
    pub attempts: u32,
    /// Why the last one came to nothing.
    pub reason: String,
    /// When the last one was made.
    pub tried_at: Timestamp,
    /// The device is not tried again before this moment.
    pub again_at: Timestamp,
}

/// What is remembered of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceReport {
    /// The name of the device.
    pub device: DeviceName,
    /// The run that works on the device now.
    pub worked_on_by: Option<Holder>,
    /// The run that works on the device next.
    pub waiting: Option<RunId>,
    /// How the last work on the device ended.
    pub last: Option<Last>,
    /// The configuration that the device is pinned to, instead of what models say, until it is
    /// unpinned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<Pin>,
    /// When the device was last known to run its intent, and the digest of its running-config then.
    pub in_sync: Option<InSync>,
    /// The switch that the device is, since it was first seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<KnownSwitch>,
    /// True if the next switch that answers for the device takes its place.
    pub accepts_replacement: bool,
}

/// The run that works on a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// The name of the run.
    pub run: RunId,
    /// From this moment on, any run may work on the device.
    pub until: Timestamp,
}

impl<P: SchedulerPorts> Scheduler<P> {
    /// The run of this name as it stands now.
    pub async fn run(&self, caller: &Caller, name: &str) -> Result<RunReport, ReportError> {
        debug!(%caller, run = name, "a run is read");
        may(caller, Action::ReadRun, On::Nothing, None)?;
        let run = self.recorded(name).await?;
        self.run_report(caller, run).await
    }

    /// How a run stands, as far as its devices are ones that the caller may see.
    async fn run_report(&self, caller: &Caller, mut run: Run) -> Result<RunReport, ReportError> {
        run.devices = self.visible(caller, &run).await?;
        let known = self.ports().state.statuses(&run).await.map_err(ReportError::State)?;
        let mut counts = BTreeMap::new();
        let mut devices = BTreeMap::new();
        for device in run.devices {
            let word = known.get(&device).map_or(PENDING, |status| status.word());
            *counts.entry(word).or_insert(0) += 1;
            devices.insert(device, word);
        }
        let status = match counts.contains_key(PENDING) {
            false => "finished",
            true if self.ports().state.cancelled(&run.task.run).await.map_err(ReportError::State)?.is_some() => {
                "cancelling"
            }
            true => "running",
        };
        let accepted_at = run.accepted_at;
        let Task { run, mode, by, plan, restore, .. } = run.task;
        Ok(RunReport { run, status, mode, accepted_at, by, plan, restore, counts, devices })
    }

    /// The last runs, at most `limit`.
    pub async fn runs(&self, caller: &Caller, limit: usize) -> Result<RunsReport, ReportError> {
        debug!(%caller, limit, "the last runs are read");
        may(caller, Action::ListRuns, On::Nothing, None)?;
        let runs = self.ports().state.recent(limit).await.map_err(ReportError::State)?;
        Ok(RunsReport { runs })
    }

    /// The outcome of one device of a run, or why it has none yet.
    pub async fn outcome(&self, caller: &Caller, name: &str, device: &str) -> Result<DeviceOutcome, ReportError> {
        debug!(%caller, run = name, device, "an outcome is read");
        may(caller, Action::ReadRun, On::Nothing, None)?;
        let run = self.recorded(name).await?;
        self.admit_named(caller, Action::ReadRun, device).await?;
        let Some(device) = run.devices.iter().find(|known| known.as_ref() == device) else {
            return Err(ReportError::NotInRun { run: run.task.run, device: excerpt(device) });
        };
        if let Some(outcome) = self.ports().state.outcome(&run.task.run, device).await.map_err(ReportError::State)? {
            return Ok(DeviceOutcome::Ended(Box::new(outcome)));
        }
        let attempt = self.ports().state.attempt(&run.task.run, device).await.map_err(ReportError::State)?;
        let attempt = attempt.map(|Attempt { attempts, reason, at, again_at, .. }| Tried {
            attempts,
            reason,
            tried_at: at,
            again_at,
        });
        Ok(DeviceOutcome::Pending(Pending { run: run.task.run, device: device.clone(), status: PENDING, attempt }))
    }

    /// What is remembered of a device.
    pub async fn device(&self, caller: &Caller, name: &str) -> Result<DeviceReport, ReportError> {
        debug!(%caller, device = name, "a device is read");
        self.admit_named(caller, Action::ReadDevice, name).await?;
        self.device_report(name).await
    }

    pub(super) async fn device_report(&self, name: &str) -> Result<DeviceReport, ReportError> {
        let (device, record) = self.known(name).await?;
        let DeviceRecord { lease, waiting, in_sync, last, pinned, identity, accepts_replacement, .. } = record;
        let now = self.ports().clock.now();
        Ok(DeviceReport {
            device,
            worked_on_by: lease
                .filter(|lease| lease.until > now)
                .map(|lease| Holder { run: lease.run, until: lease.until }),
            waiting: waiting.filter(|waiting| waiting.until > now).map(|waiting| waiting.run),
            last,
            pinned,
            in_sync,
            identity,
            accepts_replacement,
        })
    }

    /// The device of this name, and its record.
    pub(super) async fn known(&self, name: &str) -> Result<(DeviceName, DeviceRecord), ReportError> {
        let unknown = || ReportError::NoSuchDevice(excerpt(name));
        let device = DeviceName::new(name).map_err(|_| unknown())?;
        let stored = self.ports().state.device_record(&device).await.map_err(ReportError::State)?;
        Ok((device, stored.ok_or_else(unknown)?.record))
    }

    /// Cancels the devices of a run that have not started yet. Cancelling the run again changes
    /// nothing.
    pub async fn cancel(&self, caller: &Caller, name: &str) -> Result<RunReport, ReportError> {
        may(caller, Action::Cancel, On::Nothing, None)?;
        let run = self.recorded(name).await?;
        self.admit(caller, Action::Cancel, On::Run(&run.task.run, &run.devices)).await?;
        self.ports().state.cancel(&run.task.run, self.ports().clock.now()).await.map_err(ReportError::State)?;
        info!(%caller, run = name, "cancelled");
        self.run_report(caller, run).await
    }

    async fn recorded(&self, name: &str) -> Result<Run, ReportError> {
        let unknown = || ReportError::NoSuchRun(excerpt(name));
        let run = RunId::parse(name).map_err(|_| unknown())?;
        self.ports().state.load(&run).await.map_err(ReportError::State)?.ok_or_else(unknown)
    }
}

impl RunReport {
    /// How many devices ended in `status`.
    pub fn count(&self, status: Status) -> usize {
        self.counts.get(status.word()).copied().unwrap_or(0)
    }
}
