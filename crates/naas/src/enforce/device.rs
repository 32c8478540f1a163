//! One device of a slice, led through the phases: acquire, prepare, push, confirm, record.

use std::pin::pin;
use std::sync::OnceLock;

use futures::future::{Either, select};
use intent::hash::ContentHash;
use intent::name::DeviceName;
use intent::redact;

use super::acquire::{Acquire, NotAcquired};
use super::enforcer_ports::EnforcerPorts;
use super::prepare::{Prepare, Prepared};
use super::push_job::{Ending, PushError, PushJob, Pushed, SwitchFailure};
use super::put_back::{Unfinished, Why};
use super::record::{Record, Worked};
use super::record_revision::RecordRevision;
use super::slice_work::SliceWork;
use super::stop::Stop;
use crate::lease::{self, HeldLease};
use crate::ports::{Clock, StoreError, StoreFault};
use crate::records::device_state::{InSync, KnownSwitch, Pin};
use crate::records::order::Load;
use crate::records::outcome::{Outcome, Remark, Status};

/// How many remarks of a switch are recorded of one push.
const MOST_REMARKS: usize = 200;

/// One device of a slice.
pub(super) struct DeviceWork<'w, P: EnforcerPorts> {
    pub(super) work: &'w SliceWork<'w, P>,
    pub(super) device: &'w DeviceName,
}

impl<P: EnforcerPorts> DeviceWork<'_, P> {
    /// Works on the device: afterwards it has an outcome on record, or must come again. An error
    /// brings the whole message again.
    pub(super) async fn run(&self) -> Result<Option<Unfinished>, StoreError> {
        match self.attempt().await {
            Err(error) if error.fault == StoreFault::Unreadable => {
                let outcome = self.work.outcome(self.device, Status::Invalid, Some(error.to_string()));
                self.recorder().outcome(&outcome).await.map(|()| None)
            }
            // What cannot be recorded comes again as long as that may help; then the queue itself
            // gives the message up.
            Err(error) if !self.work.is_last_attempt() => {
                Ok(self.recorder().comes_again(Why::Failed, error.to_string()))
            }
            ended => ended,
        }
    }

    async fn attempt(&self) -> Result<Option<Unfinished>, StoreError> {
        let mut held = match (Acquire { work: self.work, device: self.device }).lease().await {
            Ok(held) => held,
            Err(not_acquired) => return self.without_lease(not_acquired).await,
        };
        let clock = &self.work.ports.clock;
        let pinned = self.pinned(&held);
        let worked = {
            let left = self.work.budget.left(clock.now());
            match select(pin!(self.under_lease(&mut held)), pin!(clock.sleep(left))).await {
                Either::Left((worked, _)) => Some(worked),
                Either::Right(_) => None,
            }
        };
        match worked {
            Some(worked) => self.recorder().settle(held, worked).await,
            None => self.recorder().cut_off(pinned).await,
        }
    }

    async fn without_lease(&self, not_acquired: NotAcquired) -> Result<Option<Unfinished>, StoreError> {
        match not_acquired {
            NotAcquired::Done => Ok(None),
            NotAcquired::ComesAgain(why, reason) => Ok(self.recorder().comes_again(why, reason)),
            NotAcquired::WaitedInVain(reason) => {
                let outcome = self.work.outcome(self.device, Status::Refused, Some(reason));
                self.recorder().give_up(&outcome).await.map(|()| None)
            }
            NotAcquired::Superseded { by, why } => {
                let blank = self.work.outcome(self.device, Status::Superseded, None);
                let outcome = Stop::Superseded { by, why }.outcome(blank)?;
                self.recorder().outcome(&outcome).await.map(|()| None)
            }
            NotAcquired::Store(error) => Err(error),
        }
    }

    /// Does what is to be done while the lease is held. An error is a store's, and nothing was
    /// done.
    async fn under_lease(&self, held: &mut HeldLease) -> Result<Worked, StoreError> {
        let pinned = held.record().pinned.as_ref().map(|pin| pin.configuration.clone());
        let blank = Outcome { pinned, ..self.work.outcome(self.device, Status::Invalid, None) };
        let prepare = Prepare { work: self.work, device: self.device, record: held.record() };
        let prepared = match prepare.read().await {
            Ok(prepared) => prepared,
            Err(stop) => return Ok(stop.outcome(blank)?.into()),
        };
        if let Some(configuration) = self.work.slice.task.restores() {
            self.pin(held, configuration).await?;
        }
        let job = PushJob {
            work: self.work,
            prepared: &prepared,
            known: held.record().in_sync.as_ref(),
            merged: OnceLock::new(),
        };
        let (identity, pushed) = self.push(&job).await;
        let blank = Outcome { finished_at: self.work.ports.clock.now(), ..blank };
        let worked = match pushed {
            Ok(pushed) => succeeded(pushed, &prepared, blank),
            Err(PushError::Switch(failure)) => failed(failure, &prepared, blank),
            Err(PushError::Store(error)) => return Err(error),
        };
        Ok(self.remembered(held, &job, Worked { identity, ..worked }).await)
    }

    /// Pushes to the switch, once it is known to be the right one. Returns which switch it is, if
    /// the record does not say so yet.
    async fn push(&self, job: &PushJob<'_, P>) -> (Option<KnownSwitch>, Result<Pushed, PushError>) {
        let contact = match job.contact().await {
            Ok(contact) => contact,
            Err(error) => return (None, Err(error)),
        };
        let (now, run) = (self.work.ports.clock.now(), &self.work.slice.task.run);
        let identity = job.prepared.expected.learnt(contact.identity(), now, run);
        (identity, job.run(contact).await)
    }

    /// Completes how the work ended by its pin and its place in the device's history.
    async fn remembered(&self, held: &HeldLease, job: &PushJob<'_, P>, mut worked: Worked) -> Worked {
        worked.outcome.pinned = held.pin_after(worked.undoes_pin()).map(|pin| pin.configuration.clone());
        worked.newest_revision = self.written(held, job, &worked.outcome).await;
        worked
    }

    /// Writes the revision, and which ordered ports the switch runs. Returns the newest revision, if it
    /// is of this push.
    async fn written(
        &self,
        held: &HeldLease,
        job: &PushJob<'_, P>,
        outcome: &Outcome,
    ) -> Result<Option<ContentHash>, StoreError> {
        let (state, config) = (&self.work.ports.state, job.whole());
        let is_whole = job.prepared.config.load == Load::Replace || job.merged.get().is_some();
        let revision =
            RecordRevision { history: state, slice: self.work.slice, record: held.record(), config, outcome };
        // A merge that changed nothing does not tell what the switch runs as a whole.
        let is_newest = if is_whole { revision.record().await? } else { false };
        job.prepared.ports.note(state, config, outcome).await?;
        Ok(is_newest.then(|| config.hash.clone()))
    }

    /// Pins the device to what it is restored to. Before the switch is touched: whoever its save
    /// calls must find the pin.
    async fn pin(&self, held: &mut HeldLease, configuration: &ContentHash) -> Result<(), StoreError> {
        let SliceWork { ports, slice, .. } = self.work;
        let pin = Pin {
            configuration: configuration.clone(),
            run: slice.task.run.clone(),
            at: ports.clock.now(),
            repeats: slice.task.repeats.clone(),
            by: slice.task.by.clone(),
        };
        lease::pin(&ports.state, &ports.clock, held, pin).await
    }

    /// What the device is pinned to if its work is cut off.
    fn pinned(&self, held: &HeldLease) -> Option<ContentHash> {
        let pinned = held.record().pinned.as_ref().map(|pin| &pin.configuration);
        self.work.slice.task.restores().or(pinned).cloned()
    }

    fn recorder(&self) -> Record<'_, P> {
        Record { work: self.work, device: self.device }
    }
}

fn succeeded(pushed: Pushed, prepared: &Prepared, blank: Outcome) -> Worked {
    let intent = prepared.config.hash.to_string();
    let known = |digest| InSync { intent, digest, at: blank.finished_at, run: blank.run.clone() };
    // A digest stands for the whole, and a merge is not the whole.
    let in_sync = pushed.digest.filter(|_| prepared.config.load == Load::Replace).map(known);
    let outcome = Outcome {
        status: pushed.status,
        switch: pushed.switch,
        error: pushed.note,
        diff: redact::secrets(&pushed.staged.diff),
        remarks: shown(pushed.staged.remarks),
        plan: pushed.plan,
        ..blank
    };
    Worked { in_sync, ..outcome.into() }
}

fn failed(SwitchFailure { error, staged, ending }: SwitchFailure, prepared: &Prepared, blank: Outcome) -> Worked {
    let comes_from = error
        .line
        .and_then(|line| prepared.config.comes_from(line, &prepared.device, &prepared.ports.document))
        .unwrap_or_default();
    let again = (error.may_pass() && ending == Ending::Failed).then_some(Why::Failed);
    let outcome = Outcome {
        status: if ending == Ending::Reverted { Status::Reverted } else { error.status() },
        error: Some(redact::secrets(&error.message) + &comes_from),
        switch: error.state,
        diff: redact::secrets(&staged.diff),
        remarks: shown(staged.remarks),
        ..blank
    };
    Worked { again, ..outcome.into() }
}

/// The remarks without secrets. Each is one line; together they must fit into an answer.
fn shown(remarks: Vec<Remark>) -> Vec<Remark> {
    let left_out = remarks.len().saturating_sub(MOST_REMARKS);
    let mut shown: Vec<_> = remarks
        .into_iter()
        .take(MOST_REMARKS)
        .map(|Remark { line, command, text }| Remark {
            line,
            command: redact::secrets(&command),
            text: redact::secrets(&text),
        })
        .collect();
    if let Some(last) = shown.last_mut().filter(|_| left_out > 0) {
        last.text += &format!(" (and remarks on {left_out} more lines)");
    }
    shown
}
