//! One device, one push: render, stage in a session of its own, look at the switch's diff, commit and save.

use std::sync::Arc;

use super::Enforcer;
use crate::inventory::Inventory;
use crate::name::{DeviceName, RunId};
use crate::outcome::{Outcome, Status, SwitchState};
use crate::ports::{Clock, DeadLetters, Inventories, Models, Runs, Switch, SwitchError, SwitchFault, Switches};
use crate::redact;
use crate::render::Intent;
use crate::run::Mode;
use crate::slice::Slice;

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
        let result = match self.switches.open(&target) {
            Ok(mut switch) => replace(&mut switch, &session, &configuration, slice.mode).await,
            Err(error) => Err(Failure { error, diff: String::new() }),
        };
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
        format!("naas-{run}-{:08x}", self.clock.entropy() & 0xffff_ffff)
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

async fn replace<S: Switch>(switch: &mut S, session: &str, configuration: &str, mode: Mode) -> Result<Done, Failure> {
    let diff = switch.stage(session, configuration).await.map_err(|error| Failure { error, diff: String::new() })?;
    let status = match mode {
        _ if diff.is_empty() => Status::InSync,
        Mode::Plan => Status::Planned,
        Mode::Apply => {
            return match switch.commit(session).await {
                Ok(()) => Ok(Done { status: Status::Changed, switch: SwitchState::Saved, diff }),
                Err(error) => Err(Failure { error, diff }),
            };
        }
    };
    match switch.abort(session).await {
        Ok(()) => Ok(Done { status, switch: SwitchState::Unchanged, diff }),
        Err(error) => Err(Failure { error, diff }),
    }
}

fn status_of(error: &SwitchError) -> Status {
    match (&error.state, error.fault) {
        (SwitchState::Unknown, _) => Status::Unknown,
        (SwitchState::NotSaved, _) => Status::NotSaved,
        (_, SwitchFault::Unreachable | SwitchFault::NotEapi) => Status::Unreachable,
        (_, SwitchFault::Denied) => Status::Denied,
        (_, SwitchFault::Refused | SwitchFault::Busy) => Status::Refused,
        (_, SwitchFault::Misconfigured) => Status::Invalid,
    }
}
