//! One device of a slice: its lease, the work under it, and what becomes of the result.

use std::pin::pin;

use futures::future::{Either, select};
use intent::confirm::ConfirmWithin;
use intent::hash::ContentHash;
use intent::inventory::Device;
use intent::name::{DeviceName, RunId};
use intent::redact;
use jiff::Timestamp;
use tracing::warn;

use super::fresh::Fresh;
use super::hours::Hours;
use super::push::{Done, Ending, Failure, Job, Stopped};
use super::wanted::Wanted;
use super::{Enforcer, Outside, Read, Unfinished, Why};
use crate::lease::{self, Acquired, HeldLease, LeaseRequest, WorkResult};
use crate::ports::{Clock, DeadLetters, Runs, StoreError, StoreFault};
use crate::records::device_state::{InSync, Last, Pin, Token};
use crate::records::outcome::{Outcome, Plan, Status, SwitchState};
use crate::records::slice::Slice;
use crate::retry::MAX_WAITS;

/// How the work under a lease ended.
struct Worked {
    outcome: Outcome,
    /// What the switch is known to run now.
    in_sync: Option<InSync>,
    /// The outcome is not the last word: unless attempts are exhausted, the device comes again.
    again: Option<Why>,
    /// The newest configuration of its history, if it is the one that was wanted; or why that could not be written.
    newest_revision: Result<Option<ContentHash>, StoreError>,
}

impl From<Outcome> for Worked {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, in_sync: None, again: None, newest_revision: Ok(None) }
    }
}

impl Worked {
    /// Whether a hold that was set for it must be taken back: the switch does not run, and cannot be running, what it is to be held at.
    fn undoes_pin(&self) -> bool {
        let runs_it =
            [Status::Changed, Status::InSync, Status::NotSaved, Status::Unknown].contains(&self.outcome.status);
        self.again.is_some() || !runs_it
    }
}

/// What is to be done with a device, once nothing stands against it.
struct Ready {
    target: Device,
    wanted: Wanted,
    confirm: ConfirmWithin,
    plan: Option<Plan>,
}

impl<P: Outside> Enforcer<P> {
    /// Works on one device: afterwards it has an outcome on record, or must come again. An error brings the whole message again.
    pub(super) async fn work_on(
        &self,
        slice: &Slice,
        device: &DeviceName,
        came_before: bool,
        hours: &Hours,
        reading: &Fresh<Read>,
    ) -> Result<Option<Unfinished>, StoreError> {
        match self.attempt(slice, device, came_before, hours, reading).await {
            Err(error) if error.fault == StoreFault::Unreadable => {
                let outcome =
                    Outcome { error: Some(error.to_string()), ..self.outcome(slice, device, Status::Invalid) };
                self.record(&outcome).await.map(|()| None)
            }
            // What cannot be recorded comes again as long as that may help; then the queue itself gives the message up.
            Err(error) if !self.limits.retries.exhausted(slice.attempt) => {
                Ok(Some(Unfinished { device: device.clone(), why: Why::Failed, reason: error.to_string() }))
            }
            ended => ended,
        }
    }

    async fn attempt(
        &self,
        slice: &Slice,
        device: &DeviceName,
        came_before: bool,
        hours: &Hours,
        reading: &Fresh<Read>,
    ) -> Result<Option<Unfinished>, StoreError> {
        let ports = self.ports.ports();
        let unfinished =
            |why, reason: &str| Ok(Some(Unfinished { device: device.clone(), why, reason: reason.to_owned() }));
        if came_before && let Some(outcome) = ports.state.outcome(&slice.run, device).await? {
            // Whoever recorded it may have died before all of it was written.
            ports.state.record(&outcome).await?;
            // Its slice may have come twice, and waited for the device after it was done: then others were left to it.
            if !lease::has_followers(&ports.state, device, &slice.run).await? {
                return Ok(None);
            }
        }
        let confirm = slice.confirm.unwrap_or(self.limits.confirm);
        if hours.can_ever_suffice(confirm).is_ok() && !hours.suffice(ports.clock.now(), confirm) {
            return unfinished(Why::OutOfTime, "there was no time left for it");
        }
        let request = LeaseRequest {
            run: slice.run.clone(),
            mode: slice.mode,
            exclusive: slice.plan.is_some() || slice.restore.is_some(),
            token: Token::new(ports.clock.random()),
        };
        let mut held = match lease::acquire(&ports.state, &ports.clock, device, &request, &hours.terms()).await? {
            Acquired::Held(held) => *held,
            Acquired::Superseded(by) => {
                let before =
                    if came_before { "; an earlier attempt of this run may have reached the switch" } else { "" };
                let why = format!("which waits for the device and will read the newest models{before}");
                self.record(&self.superseded(slice, device, by, &why)).await?;
                return Ok(None);
            }
            Acquired::Settling => return unfinished(Why::Settles, "the same was done a moment ago"),
            Acquired::Busy(run) if slice.waits < MAX_WAITS => {
                return unfinished(Why::Waits, &format!("run {run} is at work on it"));
            }
            Acquired::Busy(run) => {
                lease::withdraw(&ports.state, &ports.clock, device, &slice.run).await?;
                let reason = format!("run {run} was at work on it each of the {MAX_WAITS} times that its turn came");
                let outcome = Outcome { error: Some(reason), ..self.outcome(slice, device, Status::Refused) };
                self.give_up(slice, &outcome).await?;
                return Ok(None);
            }
        };
        let left = hours.work_until.duration_since(ports.clock.now()).unsigned_abs();
        let pinned_at = slice.restores().or(held.record().pinned.as_ref().map(|pin| &pin.configuration)).cloned();
        let worked = {
            let work = pin!(self.work(slice, device, &mut held, hours, reading));
            match select(work, pin!(ports.clock.sleep(left))).await {
                Either::Left((worked, _)) => Some(worked),
                Either::Right(_) => None,
            }
        };
        if let Some(worked) = worked {
            return self.settle(slice, held, worked).await;
        }
        // The lease is not given back: the switch may still be at what was sent last.
        let reason = "the switch was at it for longer than a function lives";
        if !self.limits.retries.exhausted(slice.attempt) {
            return unfinished(Why::Failed, reason);
        }
        let outcome = Outcome {
            switch: SwitchState::Unknown,
            error: Some(format!("{reason}; a run in mode plan will tell how it stands")),
            pinned: pinned_at,
            ..self.outcome(slice, device, Status::Unknown)
        };
        self.give_up(slice, &outcome).await?;
        Ok(None)
    }

    /// Does with the lease held what is to be done. An error is a store's, and nothing was done.
    async fn work(
        &self,
        slice: &Slice,
        device: &DeviceName,
        held: &mut HeldLease,
        hours: &Hours,
        reading: &Fresh<Read>,
    ) -> Result<Worked, StoreError> {
        let pinned_at = held.record().pinned.as_ref().map(|pin| pin.configuration.clone());
        let blank = Outcome { pinned: pinned_at, ..self.outcome(slice, device, Status::Invalid) };
        let ready = match self.ready(slice, &blank, held, hours, reading).await? {
            Ok(ready) => ready,
            Err(outcome) => return Ok((*outcome).into()),
        };
        if let Some(configuration) = slice.restores() {
            self.pin(slice, held, configuration).await?;
        }
        let job = Job {
            run: &slice.run,
            mode: slice.mode,
            target: &ready.target,
            wanted: &ready.wanted,
            confirm: ready.confirm,
            in_sync: held.record().in_sync.as_ref(),
            plan: ready.plan.as_ref(),
            hours,
        };
        let pushed = self.push(&job).await;
        let blank = Outcome { finished_at: self.clock().now(), ..blank };
        let mut worked = match pushed {
            Ok(done) => succeeded(done, &ready.wanted, blank),
            Err(Stopped::Failed(failure)) => failed(failure, &ready, blank),
            Err(Stopped::NotKept(error)) => return Err(error),
        };
        worked.outcome.pinned = held.pin_after(worked.undoes_pin()).map(|pin| pin.configuration.clone());
        let is_newest = self.remember(slice, held.record(), &ready.wanted, &worked.outcome).await;
        worked.newest_revision = is_newest.map(|is_newest| is_newest.then_some(ready.wanted.hash));
        Ok(worked)
    }

    /// Reads what the device is to run, and looks whether anything stands against it: then that is the outcome.
    async fn ready(
        &self,
        slice: &Slice,
        blank: &Outcome,
        held: &HeldLease,
        hours: &Hours,
        reading: &Fresh<Read>,
    ) -> Result<Result<Ready, Box<Outcome>>, StoreError> {
        let device = &blank.device;
        let ended = |status, reason| Ok(Err(Box::new(Outcome { status, error: Some(reason), ..blank.clone() })));
        let invalid = |reason| ended(Status::Invalid, reason);
        // Read only now: whoever came later has the newer intent, and nobody an older one.
        let Read { cancelled, site } = reading.since_now(async || self.read(slice).await).await?;
        // Whoever was left to this run never asked for it to be cancelled.
        if let Some(at) = cancelled.filter(|_| !held.record().has_followers()) {
            return ended(Status::Cancelled, format!("the run was cancelled at {at:.0}"));
        }
        let site = match site {
            Ok(site) => site,
            Err(reason) => return invalid(reason),
        };
        let Some(target) = site.inventory.device(device) else {
            return invalid("no longer in the inventory".to_owned());
        };
        let pin = held.record().pinned.as_ref();
        if let Some(pin) = pin.filter(|pin| slice.restores().is_some() && slice.run.is_older_than(&pin.run)) {
            let outcome = self.superseded(
                slice,
                device,
                pin.run.clone(),
                "which was asked for later and has restored it already",
            );
            return Ok(Err(Box::new(Outcome { pinned: blank.pinned.clone(), ..outcome })));
        }
        let kept = slice.restore.as_ref().or(pin.map(|pin| &pin.configuration));
        let wanted = match self.wanted(&target, &site, kept).await? {
            Ok(wanted) => wanted,
            Err(reason) => return invalid(reason),
        };
        if let Err(reason) = wanted.is_safe_for(&target) {
            return invalid(reason);
        }
        let confirm = slice.confirm.or(wanted.confirm).unwrap_or(self.limits.confirm);
        if let Err(seconds) = hours.can_ever_suffice(confirm) {
            let asked = confirm.timer().as_secs();
            return invalid(format!(
                "a confirm of {asked} s does not fit into the {seconds} s that an enforcer has; lower it, or raise its timeout"
            ));
        }
        match self.plan(slice, device, &wanted.hash).await? {
            Ok(plan) => Ok(Ok(Ready { target, wanted, confirm, plan })),
            Err(reason) => ended(Status::Refused, reason),
        }
    }

    /// Holds the device at what it is restored to. Before the switch is touched: whoever its save calls must find it.
    async fn pin(&self, slice: &Slice, held: &mut HeldLease, configuration: &ContentHash) -> Result<(), StoreError> {
        let ports = self.ports.ports();
        let pin = Pin {
            configuration: configuration.clone(),
            run: slice.run.clone(),
            at: ports.clock.now(),
            repeats: slice.repeats.clone(),
            by: slice.by.clone(),
        };
        lease::pin(&ports.state, &ports.clock, held, pin).await
    }

    /// The plan that an apply is bound to, if it is; or why it does not hold any more.
    async fn plan(
        &self,
        slice: &Slice,
        device: &DeviceName,
        intent: &ContentHash,
    ) -> Result<Result<Option<Plan>, String>, StoreError> {
        let Some(run) = &slice.plan else { return Ok(Ok(None)) };
        let planned = self.ports.ports().state.outcome(run, device).await?;
        Ok(match planned.and_then(|outcome| outcome.plan) {
            None => Err(format!("run {run} has no plan for it; nothing was sent to the switch")),
            Some(plan) if plan.intent != intent.as_ref() => Err(format!(
                "models, templates or inventory have changed since plan {run}, or it was pinned or unpinned, and it would get something \
                 else now; make a new plan; nothing was sent to the switch"
            )),
            Some(plan) => Ok(Some(plan)),
        })
    }

    /// Records the outcome or sends the device round again, and gives the lease back.
    async fn settle(
        &self,
        slice: &Slice,
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
        let Worked { outcome, in_sync, again, newest_revision } = worked;
        let exhausted = self.limits.retries.exhausted(slice.attempt);
        if let Some(why) = again.filter(|why| *why != Why::Failed || !exhausted) {
            self.release(held, WorkResult { undo_pin, ..WorkResult::default() }).await;
            let Outcome { device, error, .. } = outcome;
            return Ok(Some(Unfinished { device, why, reason: error.unwrap_or_default() }));
        }
        // The outcome first: whoever gets the lease next must not find the device without one. If it cannot be written, or what was
        // pushed is not in the history, the device comes again, and the lease is free by then.
        let (newest_revision, recorded) = match newest_revision {
            Err(error) => (None, Err(error)),
            Ok(newest_revision) if again.is_some() => (newest_revision, self.give_up(slice, &outcome).await),
            Ok(newest_revision) => (newest_revision, self.record(&outcome).await),
        };
        let last = Last { run: outcome.run, mode: slice.mode, status: outcome.status, at: outcome.finished_at };
        self.release(held, WorkResult { in_sync, last: Some(last), newest_revision, undo_pin }).await;
        recorded.map(|()| None)
    }

    /// A lease that cannot be given back ends by itself.
    async fn release(&self, held: HeldLease, result: WorkResult) {
        let ports = self.ports.ports();
        if let Err(error) = lease::release(&ports.state, &ports.clock, held, result).await {
            warn!(%error, "a lease could not be given back and must run out");
        }
    }

    /// Parks the device with its reason, for an operator to send it again, and records how it ended. In this order: killed in between,
    /// it is parked twice rather than not at all.
    async fn give_up(&self, slice: &Slice, outcome: &Outcome) -> Result<(), StoreError> {
        let alone = Slice { devices: vec![outcome.device.clone()], ..slice.clone() };
        let reason = format!(
            "{} is {} after {} attempts: {}",
            outcome.device,
            outcome.status.word(),
            slice.attempt + slice.waits + 1,
            outcome.error.as_deref().unwrap_or("no reason given"),
        );
        self.ports.ports().dead_letters.park(&alone.to_message(), &reason).await?;
        self.record(outcome).await
    }

    fn superseded(&self, slice: &Slice, device: &DeviceName, by: RunId, why: &str) -> Outcome {
        let reason = format!("left to run {by}, {why}");
        Outcome { error: Some(reason), superseded_by: Some(by), ..self.outcome(slice, device, Status::Superseded) }
    }

    /// An outcome of this moment, for a switch that was not contacted.
    fn outcome(&self, slice: &Slice, device: &DeviceName, status: Status) -> Outcome {
        let now: Timestamp = self.clock().now();
        Outcome {
            run: slice.run.clone(),
            device: device.clone(),
            status,
            switch: SwitchState::NotContacted,
            diff: String::new(),
            error: None,
            superseded_by: None,
            plan: None,
            pinned: None,
            started_at: now,
            finished_at: now,
        }
    }
}

fn succeeded(done: Done, wanted: &Wanted, blank: Outcome) -> Worked {
    let known =
        |digest| InSync { intent: wanted.hash.to_string(), digest, at: blank.finished_at, run: blank.run.clone() };
    let in_sync = done.digest.map(known);
    let diff = redact::secrets(&done.diff);
    let outcome = Outcome { status: done.status, switch: done.switch, diff, plan: done.plan, ..blank };
    Worked { in_sync, ..outcome.into() }
}

fn failed(Failure { error, diff, ending }: Failure, ready: &Ready, blank: Outcome) -> Worked {
    let comes_from = error.line.and_then(|line| ready.wanted.comes_from(line, &ready.target)).unwrap_or_default();
    let again = match ending {
        Ending::OutOfTime => Some(Why::OutOfTime),
        _ => error.may_pass().then_some(Why::Failed).filter(|_| ending == Ending::Failed),
    };
    let outcome = Outcome {
        status: if ending == Ending::Reverted { Status::Reverted } else { error.status() },
        error: Some(redact::secrets(&error.message) + &comes_from),
        switch: error.state,
        diff: redact::secrets(&diff),
        ..blank
    };
    Worked { again, ..outcome.into() }
}
