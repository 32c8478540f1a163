//! One device of a slice: its lease, the work under it, and what becomes of the result.

use std::pin::pin;

use futures::future::{Either, select};
use jiff::Timestamp;
use tracing::warn;

use super::fresh::Fresh;
use super::hours::Hours;
use super::push::{Ending, Failure, Job};
use super::{Enforcer, Outside, Read, Unfinished, Why};
use crate::lease::{self, Acquired, Asker, Held};
use crate::lockout;
use crate::name::{DeviceName, RunId};
use crate::outcome::{Outcome, Plan, Status, SwitchState};
use crate::ports::{Clock, DeadLetters, Runs, StoreError, StoreFault};
use crate::record::{DeviceRecord, InSync, Last, Token};
use crate::redact;
use crate::render::Intended;
use crate::retry::MAX_WAITS;
use crate::slice::Slice;
use crate::text_hash::sha256;

/// How the work under a lease ended.
struct Worked {
    outcome: Outcome,
    /// What the switch is known to run now.
    in_sync: Option<InSync>,
    /// The outcome is not the last word: unless attempts are exhausted, the device comes again.
    again: Option<Why>,
}

impl From<Outcome> for Worked {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, in_sync: None, again: None }
    }
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
            return Ok(None);
        }
        let confirm = slice.confirm.unwrap_or(self.limits.confirm);
        if hours.can_ever_suffice(confirm).is_ok() && !hours.suffice(ports.clock.now(), confirm) {
            return unfinished(Why::OutOfTime, "there was no time left for it");
        }
        let asker = Asker {
            run: slice.run.clone(),
            mode: slice.mode,
            bound: slice.plan.is_some(),
            token: Token::new(ports.clock.entropy()),
        };
        let held = match lease::acquire(&ports.state, &ports.clock, device, &asker, &hours.terms()).await? {
            Acquired::Held(held) => *held,
            Acquired::Superseded(by) => {
                self.record(&self.superseded(slice, device, by, came_before)).await?;
                return Ok(None);
            }
            Acquired::Settling => return unfinished(Why::Settles, "the same was done a moment ago"),
            Acquired::Busy(run) if slice.waits < MAX_WAITS => {
                return unfinished(Why::Waits, &format!("run {run} is at work on it"));
            }
            Acquired::Busy(run) => {
                lease::forsake(&ports.state, &ports.clock, device, &slice.run).await?;
                let reason = format!("run {run} was at work on it each of the {MAX_WAITS} times that its turn came");
                let outcome = Outcome { error: Some(reason), ..self.outcome(slice, device, Status::Refused) };
                self.give_up(slice, &outcome).await?;
                return Ok(None);
            }
        };
        let left = hours.work_until.duration_since(ports.clock.now()).unsigned_abs();
        let worked = {
            let work = pin!(self.work(slice, device, held.record(), hours, reading));
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
        record: &DeviceRecord,
        hours: &Hours,
        reading: &Fresh<Read>,
    ) -> Result<Worked, StoreError> {
        let blank = self.outcome(slice, device, Status::Invalid);
        let invalid = |reason: String| Ok(Outcome { error: Some(reason), ..blank.clone() }.into());
        // Read only now: whoever came later has the newer intent, and nobody an older one.
        let Read { cancelled, intent } = reading.since_now(async || self.read(slice).await).await?;
        // Whoever was left to this run never asked for it to be cancelled.
        if let Some(at) = cancelled.filter(|_| !record.is_relied_on()) {
            let reason = format!("the run was cancelled at {at:.0}");
            return Ok(Outcome { status: Status::Cancelled, error: Some(reason), ..blank }.into());
        }
        let read = match intent {
            Ok(read) => read,
            Err(reason) => return invalid(reason),
        };
        let (inventory, intent) = &*read;
        let Some(target) = inventory.device(device) else {
            return invalid("no longer in the inventory".to_owned());
        };
        let Intended { configuration, confirm, checks, allowed } = match intent.render(&target) {
            Ok(intended) => intended,
            Err(error) => return invalid(error.to_string()),
        };
        if let Err(lockout) = lockout::look(&configuration, &target, &allowed) {
            return invalid(lockout.to_string());
        }
        let confirm = slice.confirm.or(confirm).unwrap_or(self.limits.confirm);
        if let Err(seconds) = hours.can_ever_suffice(confirm) {
            let asked = confirm.timer().as_secs();
            return invalid(format!(
                "a confirm of {asked} s does not fit into the {seconds} s that an enforcer has; lower it, or raise its timeout"
            ));
        }
        let hash = sha256(&configuration);
        let plan = match self.plan(slice, device, &hash).await? {
            Ok(plan) => plan,
            Err(reason) => return Ok(Outcome { status: Status::Refused, error: Some(reason), ..blank }.into()),
        };
        let job = Job {
            run: &slice.run,
            mode: slice.mode,
            target: &target,
            configuration: &configuration,
            intent: &hash,
            confirm,
            checks: &checks,
            in_sync: record.in_sync.as_ref(),
            plan: plan.as_ref(),
            hours,
        };
        let pushed = self.push(&job).await;
        let finished_at = self.clock().now();
        Ok(match pushed {
            Ok(done) => Worked {
                in_sync: done.digest.map(|digest| InSync {
                    intent: hash.clone(),
                    digest,
                    at: finished_at,
                    run: slice.run.clone(),
                }),
                outcome: Outcome {
                    status: done.status,
                    switch: done.switch,
                    diff: redact::secrets(&done.diff),
                    plan: done.plan,
                    finished_at,
                    ..blank
                },
                again: None,
            },
            Err(Failure { error, diff, ending }) => Worked {
                again: match ending {
                    Ending::OutOfTime => Some(Why::OutOfTime),
                    _ => error.may_pass().then_some(Why::Failed).filter(|_| ending == Ending::Failed),
                },
                outcome: Outcome {
                    status: if ending == Ending::Reverted { Status::Reverted } else { error.status() },
                    error: Some(redact::secrets(&error.message)),
                    switch: error.state,
                    diff: redact::secrets(&diff),
                    finished_at,
                    ..blank
                },
                in_sync: None,
            },
        })
    }

    /// The plan that an apply is bound to, if it is; or why it does not hold any more.
    async fn plan(
        &self,
        slice: &Slice,
        device: &DeviceName,
        intent: &str,
    ) -> Result<Result<Option<Plan>, String>, StoreError> {
        let Some(run) = &slice.plan else { return Ok(Ok(None)) };
        let planned = self.ports.ports().state.outcome(run, device).await?;
        Ok(match planned.and_then(|outcome| outcome.plan) {
            None => Err(format!("run {run} has no plan for it; nothing was sent to the switch")),
            Some(plan) if plan.intent != intent => Err(format!(
                "models, templates or inventory have changed since plan {run}, and it would get something else now; make a new \
                 plan; nothing was sent to the switch"
            )),
            Some(plan) => Ok(Some(plan)),
        })
    }

    /// Records the outcome or sends the device round again, and gives the lease back.
    async fn settle(
        &self,
        slice: &Slice,
        held: Held,
        worked: Result<Worked, StoreError>,
    ) -> Result<Option<Unfinished>, StoreError> {
        let Worked { outcome, in_sync, again } = match worked {
            Ok(worked) => worked,
            Err(error) => {
                self.release(held, None, None).await;
                return Err(error);
            }
        };
        let exhausted = self.limits.retries.exhausted(slice.attempt);
        if let Some(why) = again.filter(|why| *why != Why::Failed || !exhausted) {
            self.release(held, None, None).await;
            let Outcome { device, error, .. } = outcome;
            return Ok(Some(Unfinished { device, why, reason: error.unwrap_or_default() }));
        }
        // The outcome first: whoever gets the lease next must not find the device without one. If it cannot be written, the
        // device comes again, and the lease is free by then.
        let recorded = if again.is_some() { self.give_up(slice, &outcome).await } else { self.record(&outcome).await };
        let last = Last { run: outcome.run, mode: slice.mode, status: outcome.status, at: outcome.finished_at };
        self.release(held, in_sync, Some(last)).await;
        recorded.map(|()| None)
    }

    /// A lease that cannot be given back ends by itself.
    async fn release(&self, held: Held, in_sync: Option<InSync>, last: Option<Last>) {
        let ports = self.ports.ports();
        if let Err(error) = lease::release(&ports.state, &ports.clock, held, in_sync, last).await {
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

    fn superseded(&self, slice: &Slice, device: &DeviceName, by: RunId, came_before: bool) -> Outcome {
        let before = if came_before { "; an earlier attempt of this run may have reached the switch" } else { "" };
        let reason = format!("left to run {by}, which waits for the device and will read the newest models{before}");
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
            started_at: now,
            finished_at: now,
        }
    }
}
