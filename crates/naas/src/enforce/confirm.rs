//! The fourth phase: a commit with the switch's own timer, checked and confirmed over a fresh
//! connection.
//!
//! A push that cuts the switch off is never confirmed, and so is undone by the switch itself. A
//! commit whose answer is lost is treated like one that worked: whether it did is what the
//! confirmation asks first.

use std::time::Duration;

use intent::check::Check;
use jiff::{SignedDuration, Timestamp};
use tracing::warn;

use super::enforcer_ports::{EnforcerPorts, SwitchOf};
use super::push_job::{Ending, PushJob, SavedConfig, SwitchFailure};
use crate::ports::{Clock, Confirmation, Switch, SwitchError, SwitchFault, SwitchStatus};
use crate::records::outcome::SwitchState;

/// Between two attempts to confirm: a switch may take a moment to move its management.
const PAUSE: Duration = Duration::from_secs(3);

/// How long an answer to a confirmation is waited for at least.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often what was saved is compared with the target, when answers do not come.
const COMPARISONS: u32 = 3;

/// A session of a job, from its commit to its confirmation.
pub(super) struct ConfirmedCommit<'p, P: EnforcerPorts> {
    pub(super) job: &'p PushJob<'p, P>,
    pub(super) session: &'p str,
}

/// A configuration that runs until its commit timer runs out.
pub(super) struct Trial {
    /// When the timer was started, or a moment before that.
    pub(super) began: Timestamp,
    /// The digest of what the switch ran before, if it is known.
    pub(super) before: Option<String>,
    /// The digest of what it runs since, if it is known.
    pub(super) committed: Option<String>,
}

impl<P: EnforcerPorts> ConfirmedCommit<'_, P> {
    /// Commits the staged session with a timer, and confirms it. `before` is the digest of what the
    /// switch ran.
    pub(super) async fn run(
        &self,
        switch: &mut SwitchOf<P>,
        before: Option<String>,
    ) -> Result<SavedConfig, SwitchFailure> {
        let began = self.clock().now();
        let committed = match switch.commit(self.session, self.job.prepared.confirm.timer()).await {
            Ok(digest) => digest,
            // If it was committed at all, its timer runs.
            Err(error) if error.state == SwitchState::Reverting => None,
            Err(error) => return Err(error.into()),
        };
        self.confirm(&Trial { began, before, committed }).await
    }

    fn clock(&self) -> &P::Clock {
        &self.job.work.ports.clock
    }

    /// Checks and confirms a session whose timer runs, as often as that takes and until the last
    /// moment at which a confirmation is safe: no fault that may pass ends it before. It is
    /// confirmed only if the switch answered a confirmation, or if its digest proves it.
    pub(super) async fn confirm(&self, trial: &Trial) -> Result<SavedConfig, SwitchFailure> {
        let last_try = trial.began + self.job.prepared.confirm.last_try();
        let mut unchecked = self.job.prepared.config.checks.as_slice();
        let (mut unanswered, mut running) = (None, trial.committed.clone());
        loop {
            let error = match self.confirm_once(&mut unchecked, &mut running, last_try).await {
                Ok(Confirmation::Taken { digest }) => return Ok(self.saved(digest, running.as_ref(), trial).await),
                Ok(Confirmation::TimerGone(status)) => return self.timer_gone(trial, running, status).await,
                Err(failure) if failure.ending == Ending::Reverted => return Err(failure),
                Err(failure) => failure.error,
            };
            if error.state == SwitchState::Unknown {
                unanswered = Some(error.clone());
            }
            if !comes_again(&error) || self.clock().now() + PAUSE > last_try {
                // That the switch is silent, or refuses now, does not undo a confirmation that it
                // may have had before.
                let unanswered = unanswered.filter(|_| error.state == SwitchState::Reverting);
                return Err(unanswered.unwrap_or(error).into());
            }
            self.clock().sleep(PAUSE).await;
        }
    }

    /// What was saved. If the answer of the commit was lost, no digest tells whether somebody changed
    /// the switch before it was first seen `running` on trial; then another comparison does.
    async fn saved(&self, digest: Option<String>, running: Option<&String>, trial: &Trial) -> SavedConfig {
        if trial.committed.is_some() || digest.is_none() {
            return SavedConfig::of(digest, trial.committed.as_ref());
        }
        if running.is_some_and(|running| digest.as_ref() != Some(running)) {
            return SavedConfig::Edited;
        }
        for _ in 0..COMPARISONS {
            match self.is_target(digest.as_ref()).await {
                Ok(true) => return SavedConfig::Target(digest),
                Ok(false) => return SavedConfig::Edited,
                Err(error) => {
                    warn!(device = %self.job.prepared.device.name, %error, "what was saved could not be compared with the target");
                }
            }
            self.clock().sleep(PAUSE).await;
        }
        SavedConfig::Target(None)
    }

    /// Whether the switch runs the target configuration and nothing else, and still what has this
    /// digest.
    async fn is_target(&self, digest: Option<&String>) -> Result<bool, SwitchError> {
        let mut switch = self.job.open()?;
        let staged = self.job.stage(&mut switch).await?;
        let after = switch.abort(&staged.name).await?;
        Ok(staged.staged.diff.is_empty() && after.digest.as_ref() == digest)
    }

    /// No timer runs for the session. How the switch lists it proves nothing; what it runs does,
    /// compared with what was `running` while the timer ran.
    async fn timer_gone(
        &self,
        trial: &Trial,
        running: Option<String>,
        status: SwitchStatus,
    ) -> Result<SavedConfig, SwitchFailure> {
        match status.digest {
            Some(digest) if running.as_ref() == Some(&digest) => {
                let saved = if status.unsaved { self.save().await? } else { Some(digest) };
                Ok(self.saved(saved, running.as_ref(), trial).await)
            }
            Some(digest) if trial.before.as_ref() == Some(&digest) => Err(self.went_back()),
            _ => Err(self.unknown().into()),
        }
    }

    async fn save(&self) -> Result<Option<String>, SwitchError> {
        self.job.open()?.save(self.session).await
    }

    fn went_back(&self) -> SwitchFailure {
        let message = format!(
            "session {} was not confirmed before its commit timer ended: it ran out, or somebody ended it; the switch runs what it \
             ran before",
            self.session
        );
        let error = SwitchError { fault: SwitchFault::Refused, state: SwitchState::Unchanged, line: None, message };
        SwitchFailure { error, staged: Box::default(), ending: Ending::Reverted }
    }

    fn unknown(&self) -> SwitchError {
        let message = format!(
            "the commit timer of session {} runs no more, no confirmation was answered, and the digest of what the switch runs does \
             not tell whether it stayed; a run in mode plan will tell",
            self.session
        );
        SwitchError { fault: SwitchFault::Refused, state: SwitchState::Unknown, line: None, message }
    }

    /// One attempt, over a connection of its own. It notes what is `running` while the timer runs,
    /// unless that is known.
    async fn confirm_once(
        &self,
        unchecked: &mut &[Check],
        running: &mut Option<String>,
        last_try: Timestamp,
    ) -> Result<Confirmation, SwitchFailure> {
        let mut switch = self.job.open()?;
        // The commit's answer was lost. Later only what runs on trial now can prove that it stayed.
        if running.is_none()
            && let Ok(status) = switch.status().await
            && status.on_trial.as_deref() == Some(self.session)
        {
            *running = status.digest;
        }
        while let Some((check, rest)) = unchecked.split_first() {
            if let Err(found) = self.check(check, &mut switch, last_try).await? {
                return Err(undo(&mut switch, self.session, check, &found).await);
            }
            *unchecked = rest;
        }
        // Half of what is left, so that an answer that never comes leaves time to ask again.
        let left = last_try.duration_since(self.clock().now()).max(SignedDuration::ZERO).unsigned_abs();
        Ok(switch.confirm(self.session, (left / 2).max(PATIENCE)).await?)
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
                Err(error) if comes_again(&error) => return Err(error),
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

/// Whether another attempt before the timer runs out may work. The same credentials committed the
/// session, so even a refusal of them may pass.
fn comes_again(error: &SwitchError) -> bool {
    let may_be_on_trial = matches!(error.state, SwitchState::Reverting | SwitchState::Unknown);
    may_be_on_trial && !matches!(error.fault, SwitchFault::Refused | SwitchFault::Misconfigured)
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
    SwitchFailure { error, staged: Box::default(), ending: Ending::Reverted }
}
