//! The fourth phase: a commit with the switch's own timer, checked and confirmed over a fresh connection.
//!
//! A push that cuts the switch off is never confirmed, and so is undone by the switch itself. A commit whose answer is lost is
//! treated like one that worked: whether it did is what the confirmation asks first.

use std::time::Duration;

use intent::check::Check;
use jiff::Timestamp;

use super::enforcer_ports::{EnforcerPorts, SwitchOf};
use super::push_job::{Ending, PushJob, SwitchFailure};
use crate::ports::{Clock, Switch, SwitchError, SwitchFault};
use crate::records::outcome::SwitchState;

/// Between two attempts to confirm: a switch may take a moment to move its management.
const PAUSE: Duration = Duration::from_secs(3);

/// A session of a job, from its commit to its confirmation.
pub(super) struct ConfirmedCommit<'p, P: EnforcerPorts> {
    pub(super) job: &'p PushJob<'p, P>,
    pub(super) session: &'p str,
}

impl<P: EnforcerPorts> ConfirmedCommit<'_, P> {
    /// Commits the staged session with a timer, and confirms it. Returns the digest of what was saved, if that is what was
    /// committed.
    pub(super) async fn run(&self, switch: &mut SwitchOf<P>) -> Result<Option<String>, SwitchFailure> {
        let began = self.clock().now();
        let committed = match switch.commit(self.session, self.job.prepared.confirm.timer()).await {
            Ok(digest) => digest,
            Err(error) if error.state == SwitchState::Reverting => None,
            Err(error) => return Err(error.into()),
        };
        self.confirm(committed, began).await
    }

    fn clock(&self) -> &P::Clock {
        &self.job.work.ports.clock
    }

    /// Checks and confirms a session on trial since `began`, as often as that takes and as long as its timer leaves time. A digest
    /// that is not the one of what was `committed` is not returned: somebody changed the switch meanwhile, and what they did
    /// must not be taken for the target configuration.
    pub(super) async fn confirm(
        &self,
        committed: Option<String>,
        began: Timestamp,
    ) -> Result<Option<String>, SwitchFailure> {
        let last_try = began + self.job.prepared.confirm.last_try();
        let mut unchecked = self.job.prepared.config.checks.as_slice();
        let mut unanswered = None;
        loop {
            let error = match self.confirm_once(&mut unchecked, last_try).await {
                Ok(digest) => return Ok(digest.filter(|digest| Some(digest) == committed.as_ref())),
                Err(failure) if failure.ending == Ending::Reverted => return Err(failure),
                Err(failure) => failure.error,
            };
            let again = error.fault == SwitchFault::Unreachable
                && matches!(error.state, SwitchState::Reverting | SwitchState::Unknown);
            if error.state == SwitchState::Unknown {
                unanswered = Some(error.clone());
            }
            if !again || self.clock().now() + PAUSE > last_try {
                // That the switch is silent, or knows the session no more, does not undo a confirmation that it may have had before.
                let unanswered = unanswered.filter(|_| error.state == SwitchState::Reverting);
                return Err(unanswered.unwrap_or(error).into());
            }
            self.clock().sleep(PAUSE).await;
        }
    }

    async fn confirm_once(
        &self,
        unchecked: &mut &[Check],
        last_try: Timestamp,
    ) -> Result<Option<String>, SwitchFailure> {
        let mut switch = self.job.open()?;
        while let Some((check, rest)) = unchecked.split_first() {
            if let Err(found) = self.check(check, &mut switch, last_try).await? {
                return Err(undo(&mut switch, self.session, check, &found).await);
            }
            *unchecked = rest;
        }
        Ok(switch.confirm(self.session).await?)
    }

    /// Whether the check holds, within its tries and the time there is; if not, what was found.
    async fn check(
        &self,
        check: &Check,
        switch: &mut SwitchOf<P>,
        last_try: Timestamp,
    ) -> Result<Result<(), String>, SwitchError> {
        for attempt in 1.. {
            let found = match switch.show(&check.command, check.form()).await {
                Ok(shown) => check.holds(&shown),
                Err(error) if error.fault == SwitchFault::Unreachable => return Err(error),
                Err(error) => Err(error.message),
            };
            let Err(found) = found else { break };
            if attempt >= check.tries {
                return Ok(Err(format!("{found} in {attempt} tries")));
            }
            if self.clock().now() + check.pause > last_try {
                return Ok(Err(format!("{found} in {attempt} tries, and the commit timer left no time for another")));
            }
            self.clock().sleep(check.pause).await;
        }
        Ok(Ok(()))
    }
}

/// Puts a switch back at once that failed a check, instead of waiting for its timer.
async fn undo(switch: &mut impl Switch, session: &str, check: &Check, found: &str) -> SwitchFailure {
    let (state, consequence) = match switch.abort(session).await {
        Ok(_) => (SwitchState::Unchanged, "it was put back to what it ran before".to_owned()),
        Err(error) => {
            let words = format!(
                "it goes back to what it ran before when its commit timer runs out, since the session could not be aborted: {error}"
            );
            (SwitchState::Reverting, words)
        }
    };
    let message = format!("check {} failed: {found}; {consequence}", check.describe());
    let error = SwitchError { fault: SwitchFault::Refused, state, line: None, message };
    SwitchFailure { error, diff: String::new(), ending: Ending::Reverted }
}
