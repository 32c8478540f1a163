//! The last phase: the outcome goes on record, or the device goes back into the queue, and the
//! lease is given back.

use intent::hash::ContentHash;
use intent::name::DeviceName;
use tracing::{info, warn};

use super::enforcer_ports::EnforcerPorts;
use super::follow_up::check_again;
use super::put_back::{Unfinished, Why};
use super::slice_work::SliceWork;
use crate::lease::{self, HeldLease, WorkResult};
use crate::ports::{DeadLetters, Recorded, Runs, StoreError};
use crate::records::device_state::{InSync, KnownSwitch, Last};
use crate::records::outcome::{Outcome, Status, SwitchState, changed_lines};
use crate::records::run::Mode;
use crate::records::slice::Slice;

/// How the work under a lease ended.
pub(super) struct Worked {
    pub(super) outcome: Outcome,
    /// What the switch is known to run now.
    pub(super) in_sync: Option<InSync>,
    /// The outcome is not the last word: unless attempts are exhausted, the device comes again.
    pub(super) again: Option<Why>,
    /// The newest configuration of the device's history, if it is the target configuration; or why
    /// that could not be written.
    pub(super) newest_revision: Result<Option<ContentHash>, StoreError>,
    /// The switch that was seen, if it is to be remembered.
    pub(super) identity: Option<KnownSwitch>,
}

impl From<Outcome> for Worked {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, in_sync: None, again: None, newest_revision: Ok(None), identity: None }
    }
}

impl Worked {
    /// Whether a pin that was set for it must be taken back: the switch does not run, and cannot be
    /// running, what it is to be pinned to.
    pub(super) fn undoes_pin(&self) -> bool {
        let runs_it = [Status::Changed, Status::InSync, Status::EditedMeanwhile, Status::NotSaved, Status::Unknown];
        let runs_it = runs_it.contains(&self.outcome.status);
        self.again.is_some() || !runs_it
    }
}

/// A device whose work has ended.
pub(super) struct Record<'w, P: EnforcerPorts> {
    pub(super) work: &'w SliceWork<'w, P>,
    pub(super) device: &'w DeviceName,
}

impl<P: EnforcerPorts> Record<'_, P> {
    /// Records the outcome or sends the device round again, and gives the lease back.
    pub(super) async fn settle(
        &self,
        held: HeldLease,
        worked: Result<Worked, StoreError>,
    ) -> Result<Option<Unfinished>, StoreError> {
        let worked = match worked {
            Ok(worked) => worked,
            Err(error) => {
                self.release(held, WorkResult { undo_pin: true, ..WorkResult::default() }).await;
                return Err(error);
            }
        };
        let undo_pin = worked.undoes_pin();
        let is_last = self.work.is_last_attempt();
        if let Some(why) = worked.again.filter(|why| *why != Why::Failed || !is_last) {
            let identity = worked.identity;
            self.release(held, WorkResult { undo_pin, identity, ..WorkResult::default() }).await;
            return Ok(self.comes_again(why, worked.outcome.error.unwrap_or_default()));
        }
        self.end(held, worked).await
    }

    /// Records the outcome, and then gives the lease back: whoever gets it next must not find the
    /// device without an outcome. If it cannot be written, or what was pushed is not in the
    /// history, the device comes again, and the lease is free by then.
    async fn end(&self, held: HeldLease, worked: Worked) -> Result<Option<Unfinished>, StoreError> {
        let undo_pin = worked.undoes_pin();
        let Worked { outcome, in_sync, again, newest_revision, identity } = worked;
        let (newest_revision, recorded) = match newest_revision {
            Err(error) => (None, Err(error)),
            Ok(newest_revision) if again.is_some() => (newest_revision, self.give_up(&outcome).await),
            Ok(newest_revision) => (newest_revision, self.followed_up(outcome.clone()).await),
        };
        let mode = self.work.slice.task.mode;
        let last = Last { run: outcome.run, mode, status: outcome.status, at: outcome.finished_at };
        self.release(held, WorkResult { in_sync, last: Some(last), newest_revision, undo_pin, identity }).await;
        recorded.map(|()| None)
    }

    /// Puts an outcome on record, after the check that follows a hand change was queued.
    async fn followed_up(&self, outcome: Outcome) -> Result<(), StoreError> {
        if outcome.status != Status::EditedMeanwhile {
            return self.outcome(&outcome).await;
        }
        let check = check_again(self.work, self.device).await?;
        let words = outcome.error.as_deref().unwrap_or_default();
        let error = Some(format!("{words}; run {check} checks by how much it differs now"));
        self.outcome(&Outcome { error, ..outcome }).await
    }

    /// The device goes back into the queue.
    pub(super) fn comes_again(&self, why: Why, reason: String) -> Option<Unfinished> {
        Some(Unfinished { device: self.device.clone(), why, reason })
    }

    /// Ends the work that was cut off when the function's time was over. The lease is not given
    /// back: the switch may still be at work on what was sent last.
    pub(super) async fn cut_off(&self, pinned: Option<ContentHash>) -> Result<Option<Unfinished>, StoreError> {
        let reason = "the switch was at it for longer than a function lives";
        if !self.work.is_last_attempt() {
            return Ok(self.comes_again(Why::Failed, reason.to_owned()));
        }
        let words = format!("{reason}; a run in mode plan will tell how it stands");
        let outcome = self.work.outcome(self.device, Status::Unknown, Some(words));
        let outcome = Outcome { switch: SwitchState::Unknown, pinned, ..outcome };
        self.give_up(&outcome).await.map(|()| None)
    }

    /// Parks the device with its reason, for an operator to send it again, and records how it
    /// ended. In this order: killed in between, it is parked twice rather than not at all. A plan
    /// or check is only recorded: nobody needs a late one.
    pub(super) async fn give_up(&self, outcome: &Outcome) -> Result<(), StoreError> {
        let slice = self.work.slice;
        if slice.task.mode != Mode::Apply {
            return self.outcome(outcome).await;
        }
        let alone = Slice { devices: vec![self.device.clone()], ..slice.clone() };
        let reason = format!(
            "{} is {} after {} attempts: {}",
            self.device,
            outcome.status.word(),
            slice.attempt + slice.waits + 1,
            outcome.error.as_deref().unwrap_or("no reason given"),
        );
        self.work.ports.dead_letters.park(&alone.to_message(), &reason).await?;
        self.outcome(outcome).await
    }

    /// Puts an outcome on record.
    pub(super) async fn outcome(&self, outcome: &Outcome) -> Result<(), StoreError> {
        let recorded = self.work.ports.state.record(outcome).await?;
        let Outcome { run, device, status, .. } = outcome;
        let (added, removed) = changed_lines(&outcome.diff);
        let took_ms = outcome.finished_at.duration_since(outcome.started_at).as_millis();
        match (&outcome.error, recorded) {
            (_, Recorded::Before) => info!(%run, %device, "an outcome was on record already and stands"),
            (None, _) => info!(%run, %device, status = status.word(), added, removed, took_ms, "device done"),
            (Some(error), _) => {
                warn!(%run, %device, status = status.word(), switch = ?outcome.switch, took_ms, error, "device not done");
            }
        }
        Ok(())
    }

    /// Gives the lease back. A lease that cannot be given back ends by itself.
    async fn release(&self, held: HeldLease, result: WorkResult) {
        if let Err(error) = lease::release(&self.work.ports.state, &self.work.ports.clock, held, result).await {
            warn!(%error, "a lease could not be given back and must run out");
        }
    }
}
