//! One device, one push: render, stage in a session of its own, look at the switch's diff, commit with a timer, confirm over a
//! fresh connection and save.
//!
//! A push that cuts the switch off is never confirmed, and so is undone by the switch itself. A commit whose answer is lost is
//! treated like one that worked: whether it did is what the confirmation asks first.

use std::sync::Arc;
use std::time::Duration;

use super::Enforcer;
use crate::inventory::{Device, Inventory};
use crate::name::{DeviceName, RunId};
use crate::outcome::{Outcome, Status, SwitchState};
use crate::ports::{Clock, DeadLetters, Inventories, Models, Runs, Switch, SwitchError, SwitchFault, Switches};
use crate::redact;
use crate::render::Intent;
use crate::run::Mode;
use crate::slice::Slice;

/// What the names of our sessions begin with, and nobody else's should.
const SESSION_PREFIX: &str = "naas-";

/// For how long a switch runs a configuration on trial: enough for a slow one to be asked several times, and short enough to be
/// waited for by somebody who was cut off.
const CONFIRM_WITHIN: Duration = Duration::from_secs(120);

/// How long before the end of that no confirmation is begun any more, so that none comes too late.
const CONFIRM_MARGIN: Duration = Duration::from_secs(15);

/// Between two attempts to confirm: a switch may take a moment to move its management.
const CONFIRM_PAUSE: Duration = Duration::from_secs(3);

impl<I, M, W, R, D, C> Enforcer<I, M, W, R, D, C>
where
    I: Inventories,
    M: Models,
    W: Switches,
    R: Runs,
    D: DeadLetters,
    C: Clock,
{
    /// Brings `device` to its intent, or says why not. Never fails: a failure is an outcome, and that device's own.
    pub(super) async fn push(
        &self,
        slice: &Slice,
        device: &DeviceName,
        inventory: &Inventory,
        intent: &Arc<Intent>,
    ) -> Outcome {
        let started_at = self.clock.now();
        let Some(target) = inventory.device(device) else {
            return self.not_contacted(slice, device, "no longer in the inventory".to_owned());
        };
        let configuration = match intent.render(&target) {
            Ok(configuration) => configuration,
            Err(error) => return self.not_contacted(slice, device, error.to_string()),
        };
        let session = self.session_name(&slice.run);
        let result = self.replace(&target, &session, &configuration, slice.mode).await;
        let (status, switch, diff, error) = match result {
            Ok(done) => (done.status, done.switch, done.diff, None),
            Err(Failure { error, diff }) => {
                (status_of(&error), error.state.clone(), diff, Some(redact::secrets(&error.message)))
            }
        };
        Outcome {
            run: slice.run.clone(),
            device: device.clone(),
            status,
            switch,
            diff: redact::secrets(&diff),
            error,
            started_at,
            finished_at: self.clock.now(),
        }
    }

    /// A name no session on any switch has had: EOS refuses to reopen a completed name, and a redelivered slice comes
    /// under the same run.
    fn session_name(&self, run: &RunId) -> String {
        format!("{SESSION_PREFIX}{run}-{:08x}", self.clock.entropy() & 0xffff_ffff)
    }

    async fn replace(&self, target: &Device, session: &str, configuration: &str, mode: Mode) -> Result<Done, Failure> {
        let without_diff = |error| Failure { error, diff: String::new() };
        let mut switch = self.switches.open(target).map_err(without_diff)?;
        let diff = switch.stage(session, configuration).await.map_err(without_diff)?;
        if mode == Mode::Apply && !diff.is_empty() {
            return match self.commit(&mut switch, target, session).await {
                Ok(()) => Ok(Done { status: Status::Changed, switch: SwitchState::Saved, diff }),
                Err(error) => Err(Failure { error, diff }),
            };
        }
        let on_trial = match switch.abort(session).await {
            Ok(on_trial) => on_trial,
            Err(error) => return Err(Failure { error, diff }),
        };
        let unchanged = |status, diff| Ok(Done { status, switch: SwitchState::Unchanged, diff });
        match on_trial {
            _ if !diff.is_empty() => unchanged(Status::Planned, diff),
            Some(session) if mode == Mode::Apply => self.finish(switch, &session).await.map_err(without_diff),
            _ => unchanged(Status::InSync, diff),
        }
    }

    /// What the switch runs is what it should, but on trial: a push of ours was cut off before its confirmation, and would be
    /// undone. A timer of somebody else's is theirs to confirm.
    async fn finish(&self, mut switch: W::Switch, on_trial: &str) -> Result<Done, SwitchError> {
        if on_trial.starts_with(SESSION_PREFIX) {
            switch.confirm(on_trial).await?;
            return Ok(Done { status: Status::Changed, switch: SwitchState::Saved, diff: String::new() });
        }
        Err(SwitchError {
            fault: SwitchFault::Busy,
            state: SwitchState::Unchanged,
            line: None,
            message: format!(
                "it runs what it should, but on trial: the commit timer of session {on_trial}, which is not ours, is running; \
                 send the request again once it is confirmed or has run out"
            ),
        })
    }

    /// Commits with a timer and confirms over another connection, as often as that takes and as long as the timer leaves time.
    async fn commit(&self, switch: &mut W::Switch, target: &Device, session: &str) -> Result<(), SwitchError> {
        let last_try = self.clock.now() + (CONFIRM_WITHIN - CONFIRM_MARGIN);
        if let Err(error) = switch.commit(session, CONFIRM_WITHIN).await
            && error.state != SwitchState::Reverting
        {
            return Err(error);
        }
        loop {
            let confirmed = self.switches.open(target)?.confirm(session).await;
            let again = confirmed.as_ref().is_err_and(|error| {
                error.fault == SwitchFault::Unreachable
                    && matches!(error.state, SwitchState::Reverting | SwitchState::Unknown)
            });
            if !again || self.clock.now() + CONFIRM_PAUSE > last_try {
                return confirmed;
            }
            self.clock.sleep(CONFIRM_PAUSE).await;
        }
    }
}

/// A push that ended well.
struct Done {
    status: Status,
    switch: SwitchState,
    diff: String,
}

/// A push that did not, and the diff if it got that far.
struct Failure {
    error: SwitchError,
    diff: String,
}

fn status_of(error: &SwitchError) -> Status {
    match (&error.state, error.fault) {
        (SwitchState::Unknown, _) => Status::Unknown,
        (SwitchState::NotSaved, _) => Status::NotSaved,
        (SwitchState::Reverting, _) => Status::Reverted,
        (_, SwitchFault::Unreachable | SwitchFault::NotEapi) => Status::Unreachable,
        (_, SwitchFault::Denied) => Status::Denied,
        (_, SwitchFault::Refused | SwitchFault::Busy) => Status::Refused,
        (_, SwitchFault::Misconfigured) => Status::Invalid,
    }
}
