//! What became of runs and devices, from the records.

use std::collections::BTreeMap;

use intent::hash::ContentHash;
use intent::name::{DeviceName, RunId};
use jiff::Timestamp;
use serde::Serialize;

use super::{Scheduler, SchedulerPorts};
use crate::history::NoSuchConfiguration;
use crate::ports::{Clock, DeviceRecords, Runs, StoreError};
use crate::records::device_state::{DeviceRecord, InSync, Last, Pin};
use crate::records::outcome::{Attempt, Outcome, Status};
use crate::records::run::{Mode, Run, Summary};

/// The word for a device without an outcome.
const PENDING: &str = "pending";

/// A run as it stands now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunReport {
    /// The run.
    pub run: RunId,
    /// `running` until every device has an outcome, `cancelling` if the rest is to be left alone, then `finished`.
    pub status: &'static str,
    /// What is done with each device.
    pub mode: Mode,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Who asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The plan it applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<RunId>,
    /// The kept configuration it restores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore: Option<ContentHash>,
    /// How many devices are in each status; `pending` are those without an outcome yet.
    pub counts: BTreeMap<&'static str, usize>,
    /// Each device's status.
    pub devices: BTreeMap<DeviceName, &'static str>,
}

/// The last runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunsReport {
    /// Newest first.
    pub runs: Vec<Summary>,
}

/// A device of a run that has no outcome yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// The run.
    pub run: RunId,
    /// The device.
    pub device: DeviceName,
    /// `pending`.
    pub status: &'static str,
    /// Why it is, if it was tried already.
    #[serde(flatten)]
    pub attempt: Option<Tried>,
}

/// An attempt that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// How many there were.
    pub attempts: u32,
    /// Why the last one came to nothing.
    pub reason: String,
    /// When it was made.
    pub tried_at: Timestamp,
    /// Not before then it is tried again.
    pub again_at: Timestamp,
}

/// What is remembered of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceReport {
    /// The device.
    pub device: DeviceName,
    /// The run that works on it now, and until when it has the right to.
    pub worked_on_by: Option<Holder>,
    /// The run that comes next.
    pub waiting: Option<RunId>,
    /// How the last work on it ended.
    pub last: Option<Last>,
    /// The configuration it is held at, instead of what models say, until it is released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<Pin>,
    /// When it was last known to run what was intended, and with which digest of its running-config.
    pub in_sync: Option<InSync>,
}

/// Who works on a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// The run.
    pub run: RunId,
    /// From then on it is anybody's.
    pub until: Timestamp,
}

/// Why there is nothing to report.
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
    /// No run ever worked on it.
    #[error("no run has worked on device {0} yet")]
    NoSuchDevice(String),
    /// It is not among the kept configurations.
    #[error(transparent)]
    NoSuchConfiguration(#[from] NoSuchConfiguration),
    /// No configuration of the device was kept yet.
    #[error(
        "no configuration of device {0} is kept yet; the first one is with the next push, or when it is found in sync"
    )]
    NoHistory(DeviceName),
    /// The caller asks for what there cannot be.
    #[error("{0}")]
    BadQuery(String),
    /// The record could not be read or written.
    #[error("the record could not be read or written")]
    State(#[source] StoreError),
}

impl<P: SchedulerPorts> Scheduler<P> {
    /// The run of this name as it stands now.
    pub async fn run(&self, name: &str) -> Result<RunReport, ReportError> {
        let run = self.recorded(name).await?;
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
            true if self.ports().state.cancelled(&run.run).await.map_err(ReportError::State)?.is_some() => "cancelling",
            true => "running",
        };
        let Run { run, mode, accepted_at, by, plan, restore, .. } = run;
        Ok(RunReport { run, status, mode, accepted_at, by, plan, restore, counts, devices })
    }

    /// The last runs, at most `limit`.
    pub async fn runs(&self, limit: usize) -> Result<RunsReport, ReportError> {
        let runs = self.ports().state.recent(limit).await.map_err(ReportError::State)?;
        Ok(RunsReport { runs })
    }

    /// The outcome of one device of a run, or why it has none yet.
    pub async fn outcome(&self, name: &str, device: &str) -> Result<Result<Outcome, Pending>, ReportError> {
        let run = self.recorded(name).await?;
        let Some(device) = run.devices.iter().find(|known| known.as_ref() == device) else {
            return Err(ReportError::NotInRun { run: run.run, device: excerpt(device) });
        };
        if let Some(outcome) = self.ports().state.outcome(&run.run, device).await.map_err(ReportError::State)? {
            return Ok(Ok(outcome));
        }
        let attempt = self.ports().state.attempt(&run.run, device).await.map_err(ReportError::State)?;
        let attempt = attempt.map(|Attempt { attempts, reason, at, again_at, .. }| Tried {
            attempts,
            reason,
            tried_at: at,
            again_at,
        });
        Ok(Err(Pending { run: run.run, device: device.clone(), status: PENDING, attempt }))
    }

    /// What is remembered of a device.
    pub async fn device(&self, name: &str) -> Result<DeviceReport, ReportError> {
        let (device, record) = self.known(name).await?;
        let DeviceRecord { lease, waiting, in_sync, last, pinned, .. } = record;
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
        })
    }

    /// A device that there is a record of.
    pub(super) async fn known(&self, name: &str) -> Result<(DeviceName, DeviceRecord), ReportError> {
        let unknown = || ReportError::NoSuchDevice(excerpt(name));
        let device = DeviceName::new(name).map_err(|_| unknown())?;
        let stored = self.ports().state.device_record(&device).await.map_err(ReportError::State)?;
        Ok((device, stored.ok_or_else(unknown)?.record))
    }

    /// Cancels a run: devices that are not being worked on yet are left alone. Cancelling it again changes nothing.
    pub async fn cancel(&self, name: &str) -> Result<RunReport, ReportError> {
        let run = self.recorded(name).await?;
        self.ports().state.cancel(&run.run, self.ports().clock.now()).await.map_err(ReportError::State)?;
        self.run(name).await
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

fn excerpt(name: &str) -> String {
    name.chars().take(64).collect()
}
