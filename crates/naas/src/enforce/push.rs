//! The third phase: the status of the switch, a session with the target configuration, and the switch's own diff, which
//! decides. What is to be committed goes on to the next phase.

use super::confirm::ConfirmedCommit;
use super::enforcer_ports::{EnforcerPorts, SwitchOf};
use super::left_over::LeftOver;
use super::push_job::{Ending, PushError, PushJob, Pushed, StagedSession, SwitchFailure, changed, has_moved};
use crate::ports::{Clock, Switch, SwitchFault, SwitchStatus};
use crate::records::outcome::SwitchState;
use crate::records::run::Mode;

impl<P: EnforcerPorts> PushJob<'_, P> {
    /// Brings the switch to its target configuration, or tells by how much it differs, as the run's mode says.
    pub(super) async fn run(&self) -> Result<Pushed, PushError> {
        let mut switch = self.open()?;
        let mut status = switch.status().await?;
        let left_over = LeftOver { job: self, status: &status };
        left_over.abort_sessions(&mut switch).await;
        if let Some(session) = &status.on_trial {
            match left_over.end_trial(&mut switch, session).await? {
                Some(pushed) => return Ok(pushed),
                None => status = switch.status().await?,
            }
        }
        if !self.is_as_planned(&status) {
            return Err(has_moved().into());
        }
        if self.is_known(&status) {
            return Ok(self.in_sync(status.digest));
        }
        self.compare(&mut switch, status).await
    }

    async fn compare(&self, switch: &mut SwitchOf<P>, status: SwitchStatus) -> Result<Pushed, PushError> {
        let staged = self.stage(switch).await?;
        if staged.diff.is_empty() {
            return self.found_in_sync(switch, &staged, status).await;
        }
        if !self.is_planned(&staged.diff) {
            switch.abort(&staged.name).await?;
            return Err(has_moved().into());
        }
        if self.mode() != Mode::Apply {
            let aborted = switch.abort(&staged.name).await;
            return match aborted {
                Ok(_) => Ok(self.differs(staged.diff, status.digest)),
                Err(error) => Err(SwitchFailure { error, diff: staged.diff, ending: Ending::Failed }.into()),
            };
        }
        self.commit(switch, staged).await
    }

    async fn found_in_sync(
        &self,
        switch: &mut SwitchOf<P>,
        staged: &StagedSession,
        status: SwitchStatus,
    ) -> Result<Pushed, PushError> {
        let after = switch.abort(&staged.name).await?;
        // The digest is that of the target only if it was nobody else's work in between.
        let in_sync = self.in_sync(after.digest.filter(|digest| status.digest.as_ref() == Some(digest)));
        // It may be the work of a push that could not save it, and then a reload would undo it.
        let was_unsaved = self.mode() == Mode::Apply && switch.save(&staged.name).await?;
        Ok(if was_unsaved { Pushed { switch: SwitchState::Saved, ..in_sync } } else { in_sync })
    }

    async fn commit(&self, switch: &mut SwitchOf<P>, staged: StagedSession) -> Result<Pushed, PushError> {
        if !self.work.budget.allows(self.work.ports.clock.now(), self.prepared.confirm) {
            switch.abort(&staged.name).await?;
            let late = "it was staged too slowly for a commit to be confirmed in time";
            let failure = SwitchFailure::refused(SwitchFault::Busy, late);
            return Err(SwitchFailure { ending: Ending::OutOfTime, ..failure }.into());
        }
        if let Err(error) = self.store_configuration().await {
            switch.abort(&staged.name).await?;
            return Err(error);
        }
        let StagedSession { name, diff } = staged;
        match (ConfirmedCommit { job: self, session: &name }).run(switch).await {
            Ok(digest) => Ok(changed(diff, digest)),
            Err(failure) => Err(SwitchFailure { diff, ..failure }.into()),
        }
    }
}
