//! Sending parked slices again, once an operator has seen to what was wrong.

use std::collections::BTreeSet;
use std::time::Duration;

use intent::name::{DeviceName, RunId};
use intent::yaml::from_json;
use serde::{Deserialize, Serialize};
use tracing::info;

use super::request::{InvalidRequest, given, names};
use super::{ScheduleError, Scheduler, SchedulerPorts};
use crate::access::{Action, On, may};
use crate::caller::Caller;
use crate::ports::{Clock, DeadLetters, Parked, Runs, SliceQueue, StoreError};
use crate::records::idempotency::Receipt;
use crate::records::run::Run;
use crate::records::slice::{Slice, VERSION};
use crate::records::task::Task;

/// The most messages that one call looks at, so that it ends in time.
const AT_MOST: usize = 200;

/// The body of `POST /redrive`: which parked devices are sent again. Without devices and run, all
/// are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedriveRequest {
    /// The names of the devices; none stands for every device.
    #[serde(default, deserialize_with = "names")]
    devices: Vec<String>,
    /// The run that was parked; none stands for every run.
    #[serde(default, deserialize_with = "given")]
    run: Option<RunId>,
}

/// What became of the parked messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Redriven {
    /// Runs whose devices had no outcome yet, and go on.
    pub resumed: Vec<RunId>,
    /// New runs, for devices whose run had an outcome for them.
    pub started: Vec<Receipt>,
    /// Messages that are not slices. They stay parked.
    pub left: Vec<LeftParked>,
    /// True if more messages may be parked than one call looks at.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// A message that stays parked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftParked {
    /// Why it was parked, and why it cannot be sent.
    pub reason: String,
    /// The beginning of the message.
    pub message: String,
}

/// A slice among the dead letters, split by whether its devices are selected.
struct ParkedSlice {
    parked: Parked,
    /// The devices that are sent again.
    selected: Slice,
    /// The devices that stay parked.
    rest: Option<Slice>,
}

impl RedriveRequest {
    /// Reads a body such as `{"devices": ["leaf1"], "run": "…"}`. No body, and the body `null`,
    /// select everything.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidRequest> {
        match body.trim_ascii() {
            b"" | b"null" => Ok(Self::default()),
            body => Ok(from_json(body)?),
        }
    }

    fn selects(&self, run: &RunId, device: &DeviceName) -> bool {
        let of_run = self.run.as_ref().is_none_or(|selected| selected == run);
        of_run && (self.devices.is_empty() || self.devices.iter().any(|name| name == device.as_ref()))
    }

    /// The devices of a slice that are selected, and those that are not; nothing if none is
    /// selected.
    fn split(&self, slice: Slice) -> Option<(Slice, Option<Slice>)> {
        let (selected, rest): (Vec<_>, Vec<_>) =
            slice.devices.iter().cloned().partition(|device| self.selects(&slice.task.run, device));
        let rest = (!rest.is_empty()).then(|| Slice { devices: rest, ..slice.clone() });
        (!selected.is_empty()).then_some((Slice { devices: selected, ..slice }, rest))
    }
}

impl<P: SchedulerPorts> Scheduler<P> {
    /// Sends the parked slices again that the request in `body` selects, those of the oldest runs
    /// first.
    ///
    /// A device that has no outcome goes on under its run. For a device that has one, a new run is
    /// accepted, since an outcome is the last word of its run; a restore takes the place of the run
    /// that it repeats, so that it cannot overtake a later one. A message is taken out of the dead
    /// letters only after that.
    pub async fn redrive(&self, caller: &Caller, body: &[u8]) -> Result<Redriven, ScheduleError> {
        may(caller, Action::Redrive, On::Nothing, None)?;
        let request = RedriveRequest::parse(body)?;
        let mut redriven = Redriven::default();
        let mut slices = self.parked_slices(&request, &mut redriven).await?;
        slices.sort_by(|a, b| a.selected.task.restore_order().cmp(b.selected.task.restore_order()));
        let mut sent = BTreeSet::new();
        for ParkedSlice { parked, selected, rest } in slices {
            self.send_again(selected, &mut sent, &mut redriven).await?;
            self.take_out(&parked, rest).await.map_err(ScheduleError::State)?;
        }
        let Redriven { resumed, started, left, more } = &redriven;
        let (resumed, started, left) = (resumed.len(), started.len(), left.len());
        info!(%caller, resumed, started, left, more, "redriven");
        Ok(redriven)
    }

    /// The parked slices that are selected. Messages that are not slices are noted in `redriven`.
    async fn parked_slices(
        &self,
        request: &RedriveRequest,
        redriven: &mut Redriven,
    ) -> Result<Vec<ParkedSlice>, ScheduleError> {
        let mut seen = BTreeSet::new();
        let mut slices = Vec::new();
        while seen.len() < AT_MOST {
            let parked = self.ports().dead_letters.parked().await.map_err(ScheduleError::State)?;
            // A queue may show what it has shown before.
            let new: Vec<_> = parked.into_iter().filter(|parked| seen.insert(parked.handle.clone())).collect();
            if new.is_empty() {
                return Ok(slices);
            }
            for parked in new {
                match Slice::parse(&parked.message) {
                    Ok(slice) => slices.extend(request.split(slice).map(|(selected, rest)| ParkedSlice {
                        parked,
                        selected,
                        rest,
                    })),
                    Err(error) => redriven.left.push(left(&parked, &error.to_string())),
                }
            }
        }
        redriven.more = true;
        Ok(slices)
    }

    /// Takes a message out of the dead letters, whose devices were sent again except for those of
    /// `rest`. These are parked first: killed in between, they are parked twice rather than not at
    /// all.
    async fn take_out(&self, parked: &Parked, rest: Option<Slice>) -> Result<(), StoreError> {
        let dead_letters = &self.ports().dead_letters;
        if let Some(rest) = rest {
            let reason = parked.reason.as_deref().unwrap_or("the queue gave it up after it failed too often");
            dead_letters.park(&rest.to_message(), reason).await?;
        }
        dead_letters.unpark(parked).await
    }

    /// Sends the devices of a slice again. `sent` keeps a device that was parked twice from being
    /// sent twice.
    async fn send_again(
        &self,
        slice: Slice,
        sent: &mut BTreeSet<(RunId, DeviceName)>,
        redriven: &mut Redriven,
    ) -> Result<(), ScheduleError> {
        let (mut open, mut ended) = (Vec::new(), Vec::new());
        for device in slice.devices.iter().filter(|device| sent.insert((slice.task.run.clone(), (*device).clone()))) {
            let outcome = self.ports().state.outcome(&slice.task.run, device).await.map_err(ScheduleError::State)?;
            if outcome.is_some() { &mut ended } else { &mut open }.push(device.clone());
        }
        if !open.is_empty() {
            let again = Slice { version: VERSION, devices: open, attempt: 0, waits: 0, ..slice.clone() };
            let queued = self.ports().queue.send(&[again], Duration::ZERO).await;
            queued.map_err(|source| ScheduleError::Queue { run: slice.task.run.clone(), source })?;
            redriven.resumed.push(slice.task.run.clone());
        }
        if !ended.is_empty() {
            redriven.started.push(self.start(self.repeated(slice, ended)).await?);
        }
        Ok(())
    }

    /// The run that does again what `slice` was to do with these devices.
    fn repeated(&self, slice: Slice, devices: Vec<DeviceName>) -> Run {
        let repeats = slice.task.restore.is_some().then(|| slice.task.restore_order().clone());
        let task = Task { run: self.new_run(), repeats, ..slice.task };
        Run { task, accepted_at: self.ports().clock.now(), step: self.step(None), devices }
    }
}

fn left(parked: &Parked, error: &str) -> LeftParked {
    let reason = parked.reason.as_deref().map_or_else(|| error.to_owned(), |reason| format!("{reason}; {error}"));
    LeftParked { reason, message: parked.message.chars().take(200).collect() }
}
