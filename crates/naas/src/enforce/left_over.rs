//! What dead pushes of ours left on a switch, put in order before the next push. Whoever comes here
//! holds the device's lease, so those pushes are dead.

use tracing::{info, warn};

use super::confirm::{ConfirmedCommit, Trial};
use super::enforcer_ports::{EnforcerPorts, SwitchOf};
use super::push_job::{PushError, PushJob, Pushed, StagedSession, SwitchFailure};
use crate::ports::{Clock, Switch, SwitchFault, SwitchStatus};
use crate::records::order::Load;
use crate::records::run::Mode;
use crate::session;

/// What earlier pushes left on the switch of a job.
pub(super) struct LeftOver<'p, P: EnforcerPorts> {
    pub(super) job: &'p PushJob<'p, P>,
    pub(super) status: &'p SwitchStatus,
}

impl<P: EnforcerPorts> LeftOver<'_, P> {
    /// Aborts the pending sessions that dead pushes left: five of them, and nobody could open
    /// another.
    pub(super) async fn abort_sessions(&self, switch: &mut SwitchOf<P>) {
        let work = self.job.work;
        let old = work.ports.clock.now() - work.budget.longest_push();
        let dead_before = work.limits.alone_since.map_or(old, |alone| old.max(alone));
        let is_left_over = |name: &&String| {
            session::is_left_over(name, &self.job.prepared.installation, &work.slice.task.run, dead_before)
        };
        for session in self.status.pending.iter().filter(is_left_over) {
            let device = &self.job.prepared.device.name;
            match switch.abort(session).await {
                Ok(_) => info!(%device, session, "aborted a session that an earlier push left behind"),
                Err(error) => {
                    warn!(%device, session, %error, "a session that an earlier push left behind cannot be aborted");
                }
            }
        }
    }

    /// Ends the commit timer of `session`. One that a dead push of ours left is confirmed if the
    /// switch runs the target configuration, and then the push is done; it is undone if not.
    /// Anybody else's is theirs to confirm.
    pub(super) async fn end_trial(&self, switch: &mut SwitchOf<P>, session: &str) -> Result<Option<Pushed>, PushError> {
        self.may_end(session)?;
        if self.job.prepared.config.load == Load::Merge {
            // What is on trial may be more than what is to be merged.
            switch.abort(session).await?;
            return Ok(None);
        }
        let StagedSession { name, staged } = self.job.stage(switch).await?;
        let after = switch.abort(&name).await?;
        if !staged.diff.is_empty() {
            switch.abort(session).await?;
            return Ok(None);
        }
        self.job.store_configuration().await?;
        // As after a commit: nobody may have changed it by hand since its status was asked for.
        let committed = after.digest.filter(|digest| self.status.digest.as_ref() == Some(digest));
        let trial = Trial { began: self.job.work.ports.clock.now(), before: None, committed };
        let saved = ConfirmedCommit { job: self.job, session }.confirm(&trial).await?;
        Ok(Some(saved.brought(staged)))
    }

    fn may_end(&self, session: &str) -> Result<(), SwitchFailure> {
        let busy = |words| Err(SwitchFailure::refused(SwitchFault::Busy, words));
        // EOS-60: a switch has one commit timer, and while it runs nobody else can commit.
        if !session::is_ours(session, &self.job.prepared.installation) {
            return busy(format!(
                "the commit timer of session {session}, which this installation of naas did not open, is running, and until it is confirmed, aborted or \
                 has run out nobody else can commit"
            ));
        }
        if self.job.mode() != Mode::Apply || !self.job.is_as_planned(self.status) {
            return busy(format!(
                "a configuration of ours is on trial, session {session}; what the switch runs will tell when that is over"
            ));
        }
        Ok(())
    }
}
