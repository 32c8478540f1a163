//! One push: look how the switch stands, stage in a session of its own, look at the switch's diff, commit on trial, confirm and save.
//!
//! What an earlier push left behind is put in order first. Whoever comes here holds the device's lease, so that push is dead.

use intent::confirm::ConfirmWithin;
use intent::hash::sha256;
use intent::inventory::Device;
use intent::name::RunId;
use tracing::{info, warn};

use super::hours::Hours;
use super::wanted::Wanted;
use super::{Enforcer, Outside};
use crate::ports::{Clock, History, Standing, StoreError, Switch, SwitchError, SwitchFault, Switches};
use crate::records::device_state::InSync;
use crate::records::outcome::{Plan, Status, SwitchState};
use crate::records::run::Mode;
use crate::session;

/// What is to be done with one switch.
pub(super) struct Job<'j> {
    pub(super) run: &'j RunId,
    pub(super) mode: Mode,
    pub(super) target: &'j Device,
    pub(super) wanted: &'j Wanted,
    pub(super) confirm: ConfirmWithin,
    /// What it was last known to run.
    pub(super) in_sync: Option<&'j InSync>,
    /// What it was when this was planned.
    pub(super) plan: Option<&'j Plan>,
    pub(super) hours: &'j Hours,
}

/// A push that ended well.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) status: Status,
    pub(super) switch: SwitchState,
    pub(super) diff: String,
    /// Stands for the intent from now on.
    pub(super) digest: Option<String>,
    pub(super) plan: Option<Plan>,
}

/// A push that did not, and the diff if it got that far.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: SwitchError,
    pub(super) diff: String,
    pub(super) ending: Ending,
}

/// How a push failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// As the error says.
    Failed,
    /// The switch went, or goes, back to what it ran.
    Reverted,
    /// There was no time left to commit.
    OutOfTime,
}

/// Why a push stopped.
pub(super) enum Stopped {
    /// It failed.
    Failed(Failure),
    /// What was to be committed could not be kept. The switch runs what it ran.
    NotKept(StoreError),
}

impl<F: Into<Failure>> From<F> for Stopped {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

impl From<SwitchError> for Failure {
    fn from(error: SwitchError) -> Self {
        Self { error, diff: String::new(), ending: Ending::Failed }
    }
}

impl Failure {
    /// A refusal of our own: the switch runs what it ran.
    fn refused(fault: SwitchFault, message: impl Into<String>) -> Self {
        SwitchError { fault, state: SwitchState::Unchanged, line: None, message: message.into() }.into()
    }
}

impl<P: Outside> Enforcer<P> {
    /// Does `job`.
    pub(super) async fn push(&self, job: &Job<'_>) -> Result<Done, Stopped> {
        let mut switch = self.ports.ports().switches.open(job.target)?;
        let mut standing = switch.look().await?;
        self.clear_left_over(job, &mut switch, &standing).await;
        if let Some(on_trial) = standing.on_trial.clone() {
            match self.end_trial(job, &mut switch, &standing, &on_trial).await? {
                Some(done) => return Ok(done),
                None => standing = switch.look().await?,
            }
        }
        if job.plan.is_some_and(|plan| plan.digest != standing.digest) {
            return Err(moved().into());
        }
        if job.is_known(&standing) {
            return Ok(job.in_sync(standing.digest));
        }
        let (session, diff) = self.stage(job, &mut switch).await?;
        if diff.is_empty() {
            let after = switch.abort(&session).await?;
            // The digest is that of the intent only if it was nobody else's work in between.
            let in_sync = job.in_sync(after.digest.filter(|digest| standing.digest.as_ref() == Some(digest)));
            // It may be the work of a push that could not save it, and then a reload would undo it.
            let was_unsaved = job.mode == Mode::Apply && switch.save(&session).await?;
            return Ok(if was_unsaved { Done { switch: SwitchState::Saved, ..in_sync } } else { in_sync });
        }
        if job.plan.is_some_and(|plan| plan.diff != hash_of(&diff)) {
            switch.abort(&session).await?;
            return Err(moved().into());
        }
        if job.mode != Mode::Apply {
            let aborted = switch.abort(&session).await;
            return match aborted {
                Ok(_) => Ok(job.differs(diff, standing.digest)),
                Err(error) => Err(Failure { error, diff, ending: Ending::Failed }.into()),
            };
        }
        if !job.hours.suffice(self.clock().now(), job.confirm) {
            switch.abort(&session).await?;
            let failure =
                Failure::refused(SwitchFault::Busy, "it was staged too slowly for a commit to be confirmed in time");
            return Err(Failure { ending: Ending::OutOfTime, ..failure }.into());
        }
        if let Err(error) = self.keep(job).await {
            switch.abort(&session).await?;
            return Err(Stopped::NotKept(error));
        }
        match self.try_out(job, &mut switch, &session).await {
            Ok(digest) => Ok(Done { status: Status::Changed, switch: SwitchState::Saved, diff, digest, plan: None }),
            Err(failure) => Err(Failure { diff, ..failure }.into()),
        }
    }

    /// Keeps what is about to be committed: nothing is ever run that is not kept.
    async fn keep(&self, job: &Job<'_>) -> Result<(), StoreError> {
        let Wanted { hash, configuration, .. } = job.wanted;
        self.ports.ports().state.keep(&job.target.name, hash, configuration).await
    }

    /// Opens a session with the configuration in it, and returns its name and the switch's diff.
    async fn stage(
        &self,
        job: &Job<'_>,
        switch: &mut <P::Switches as Switches>::Switch,
    ) -> Result<(String, String), SwitchError> {
        let session = session::name(job.run, self.clock().now(), self.clock().entropy());
        let diff = switch.stage(&session, &job.wanted.configuration).await?;
        Ok((session, diff))
    }

    /// Aborts the pending sessions that dead pushes left: five of them, and nobody could open another.
    async fn clear_left_over(
        &self,
        job: &Job<'_>,
        switch: &mut <P::Switches as Switches>::Switch,
        standing: &Standing,
    ) {
        let old = self.clock().now() - job.hours.longest_push();
        let dead_before = self.limits.alone_since.map_or(old, |alone| old.max(alone));
        let left_over = |name: &&String| session::is_left_over(name, job.run, dead_before);
        for session in standing.pending.iter().filter(left_over) {
            let device = &job.target.name;
            match switch.abort(session).await {
                Ok(_) => info!(%device, session, "aborted a session that an earlier push left behind"),
                Err(error) => {
                    warn!(%device, session, %error, "a session that an earlier push left behind cannot be aborted")
                }
            }
        }
    }

    /// Another configuration is on trial. One that a dead push of ours left is confirmed if it is what is intended now, and
    /// undone if not; anybody else's is theirs to confirm.
    async fn end_trial(
        &self,
        job: &Job<'_>,
        switch: &mut <P::Switches as Switches>::Switch,
        standing: &Standing,
        on_trial: &str,
    ) -> Result<Option<Done>, Stopped> {
        // EOS-60: a switch has one timer, and nobody else can commit.
        if !session::is_ours(on_trial) {
            let refused = Failure::refused(
                SwitchFault::Busy,
                format!(
                    "the commit timer of session {on_trial}, which is not ours, is running, and until it is confirmed, aborted or has \
                     run out nobody else can commit"
                ),
            );
            return Err(refused.into());
        }
        if job.mode != Mode::Apply || job.plan.is_some_and(|plan| plan.digest != standing.digest) {
            let words = format!(
                "a configuration of ours is on trial, session {on_trial}; what the switch runs will tell when that is over"
            );
            return Err(Failure::refused(SwitchFault::Busy, words).into());
        }
        let (session, diff) = self.stage(job, switch).await?;
        let after = switch.abort(&session).await?;
        if diff.is_empty() {
            self.keep(job).await.map_err(Stopped::NotKept)?;
            // As after a commit: nobody may have changed it by hand since it was looked at.
            let committed = after.digest.filter(|digest| standing.digest.as_ref() == Some(digest));
            let digest = self.confirm(job, on_trial, committed, self.clock().now()).await?;
            return Ok(Some(Done { status: Status::Changed, switch: SwitchState::Saved, diff, digest, plan: None }));
        }
        switch.abort(on_trial).await?;
        Ok(None)
    }
}

impl Job<'_> {
    /// Whether the switch runs what it was last known to run, and that is what is intended.
    fn is_known(&self, standing: &Standing) -> bool {
        self.in_sync.is_some_and(|known| {
            known.intent == self.wanted.hash.as_ref() && standing.digest.as_ref() == Some(&known.digest)
        })
    }

    fn in_sync(&self, digest: Option<String>) -> Done {
        let plan = self.sealed("", digest.clone());
        Done { status: Status::InSync, switch: SwitchState::Unchanged, diff: String::new(), digest, plan }
    }

    /// A plan or a check of a switch that does not run what is intended.
    fn differs(&self, diff: String, digest: Option<String>) -> Done {
        let status = if self.mode == Mode::Plan { Status::Planned } else { Status::Drifted };
        let plan = self.sealed(&diff, digest);
        Done { status, switch: SwitchState::Unchanged, diff, digest: None, plan }
    }

    fn sealed(&self, diff: &str, digest: Option<String>) -> Option<Plan> {
        (self.mode == Mode::Plan).then(|| Plan { intent: self.wanted.hash.to_string(), digest, diff: hash_of(diff) })
    }
}

/// The hash of what a diff changes. Its two headings name the session, which is another one each time.
fn hash_of(diff: &str) -> String {
    let changes = diff.split_inclusive('\n').skip_while(|line| line.starts_with("--- ") || line.starts_with("+++ "));
    sha256(changes.collect::<String>())
}

fn moved() -> Failure {
    Failure::refused(
        SwitchFault::Refused,
        "the switch runs something else than when this was planned, perhaps because the plan was applied already; make a new plan; \
         its running-config is unchanged",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_change_has_the_same_hash_whatever_its_session_is_called() {
        let diff =
            |session: &str| format!("--- system:/running-config\n+++ session:/{session}\n@@ -1 +1,2 @@\n a\n+b\n");

        assert_eq!(hash_of(&diff("naas-1-session-config")), hash_of(&diff("naas-2-session-config")));
        assert_ne!(hash_of(&diff("naas-1-session-config")), hash_of("@@ -1 +1,2 @@\n a\n+c\n"));
    }
}
