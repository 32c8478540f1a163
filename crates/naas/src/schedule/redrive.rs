//! Sending parked slices again, once an operator has seen to what was wrong.

use std::collections::BTreeSet;
use std::time::Duration;

use intent::name::{DeviceName, RunId};
use serde::Serialize;
use tracing::info;

use super::{ScheduleError, Scheduler, SchedulerPorts};
use crate::ports::{Clock, DeadLetters, Parked, Runs, SliceQueue};
use crate::records::idempotency::Receipt;
use crate::records::run::Run;
use crate::records::slice::{Slice, VERSION};

/// Most messages looked at in one call, so that it ends in time.
const AT_MOST: usize = 200;

/// What became of the parked messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Redriven {
    /// Runs whose devices had no outcome yet, and go on.
    pub resumed: Vec<RunId>,
    /// New runs, for devices whose run had ended for them.
    pub started: Vec<Receipt>,
    /// Messages that are no slices: they stay parked.
    pub left: Vec<LeftParked>,
}

/// A message that stays parked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftParked {
    /// Why it was parked, and why it cannot be sent.
    pub reason: String,
    /// Its beginning.
    pub message: String,
}

impl<P: SchedulerPorts> Scheduler<P> {
    /// Sends parked slices again, up to two hundred. A device that its run has no outcome for goes on under it; for one that has, a new
    /// run is accepted, since an outcome is the last word of its run. A message is taken out of the dead letters only after that.
    pub async fn redrive(&self) -> Result<Redriven, ScheduleError> {
        let mut redriven = Redriven::default();
        let mut seen = BTreeSet::new();
        let mut sent = BTreeSet::new();
        while seen.len() < AT_MOST {
            let parked = self.ports().dead_letters.parked().await.map_err(ScheduleError::State)?;
            // A queue may show what it has shown before.
            let parked: Vec<_> = parked.into_iter().filter(|parked| seen.insert(parked.handle.clone())).collect();
            if parked.is_empty() {
                break;
            }
            for parked in parked {
                match Slice::parse(&parked.message) {
                    Ok(slice) => {
                        self.send_again(slice, &mut sent, &mut redriven).await?;
                        self.ports().dead_letters.unpark(&parked).await.map_err(ScheduleError::State)?;
                    }
                    Err(error) => redriven.left.push(left(&parked, &error.to_string())),
                }
            }
        }
        info!(
            resumed = redriven.resumed.len(),
            started = redriven.started.len(),
            left = redriven.left.len(),
            "redriven"
        );
        Ok(redriven)
    }

    /// `sent` keeps a device that was parked twice from being sent twice.
    async fn send_again(
        &self,
        slice: Slice,
        sent: &mut BTreeSet<(RunId, DeviceName)>,
        redriven: &mut Redriven,
    ) -> Result<(), ScheduleError> {
        let (mut open, mut ended) = (Vec::new(), Vec::new());
        for device in slice.devices.iter().filter(|device| sent.insert((slice.run.clone(), (*device).clone()))) {
            let outcome = self.ports().state.outcome(&slice.run, device).await.map_err(ScheduleError::State)?;
            if outcome.is_some() { &mut ended } else { &mut open }.push(device.clone());
        }
        if !open.is_empty() {
            let again = Slice { version: VERSION, devices: open, attempt: 0, waits: 0, ..slice.clone() };
            let queued = self.ports().queue.send(&[again], Duration::ZERO).await;
            queued.map_err(|source| ScheduleError::Queue { run: slice.run.clone(), source })?;
            redriven.resumed.push(slice.run.clone());
        }
        if !ended.is_empty() {
            let run = Run {
                run: self.new_run(),
                accepted_at: self.ports().clock.now(),
                mode: slice.mode,
                step: self.step(None),
                devices: ended,
                inventory: slice.inventory,
                confirm: slice.confirm,
                plan: slice.plan,
                restore: slice.restore,
                by: slice.by,
            };
            redriven.started.push(self.start(run).await?);
        }
        Ok(())
    }
}

fn left(parked: &Parked, error: &str) -> LeftParked {
    let reason = parked.reason.as_deref().map_or_else(|| error.to_owned(), |reason| format!("{reason}; {error}"));
    LeftParked { reason, message: parked.message.chars().take(200).collect() }
}
