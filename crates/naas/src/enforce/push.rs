//! The third phase: the status of the switch, a session with the target configuration, and the
//! switch's own diff, which decides. What is to be committed goes on to the next phase.

use super::confirm::ConfirmedCommit;
use super::enforcer_ports::{EnforcerPorts, SwitchOf};
use super::left_over::LeftOver;
use super::push_job::{Ending, PushError, PushJob, Pushed, SavedConfig, StagedSession, SwitchFailure, has_moved};
use crate::ports::{Clock, Switch, SwitchFault, SwitchIdentity, SwitchStatus};
use crate::records::order::Load;
use crate::records::run::Mode;

/// A switch that answered, and that is the right one.
pub(super) struct Contact<P: EnforcerPorts> {
    switch: SwitchOf<P>,
    status: SwitchStatus,
}

impl<P: EnforcerPorts> Contact<P> {
    /// Which switch it is.
    pub(super) fn identity(&self) -> &SwitchIdentity {
        &self.status.identity
    }
}

impl<P: EnforcerPorts> PushJob<'_, P> {
    /// Asks the switch for its status, and makes sure that it is the switch of this device. Nothing
    /// is changed or staged before.
    pub(super) async fn contact(&self) -> Result<Contact<P>, PushError> {
        let mut switch = self.open()?;
        let status = switch.status().await?;
        let is_right = self.prepared.expected.check(&status.identity);
        is_right.map_err(|words| SwitchFailure::refused(SwitchFault::Refused, words))?;
        Ok(Contact { switch, status })
    }

    /// Brings the switch to its target configuration, or tells by how much it differs, as the run's
    /// mode says.
    pub(super) async fn run(&self, contact: Contact<P>) -> Result<Pushed, PushError> {
        let Contact { mut switch, mut status } = contact;
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
            let session = self.session_name();
            return self.found(&mut switch, &session, status.unsaved, status.digest).await;
        }
        self.compare(&mut switch, status).await
    }

    /// The switch runs the target configuration, for which this digest stands, if one does. It may
    /// be the work of a push that could not save it, and then a reload would undo it.
    async fn found(
        &self,
        switch: &mut SwitchOf<P>,
        session: &str,
        unsaved: bool,
        digest: Option<String>,
    ) -> Result<Pushed, PushError> {
        match self.mode() {
            _ if !unsaved => Ok(self.in_sync(digest)),
            Mode::Plan | Mode::Check => Ok(self.unsaved(digest)),
            Mode::Apply => Ok(SavedConfig::of(switch.save(session).await?, digest.as_ref()).found()),
        }
    }

    async fn compare(&self, switch: &mut SwitchOf<P>, status: SwitchStatus) -> Result<Pushed, PushError> {
        let StagedSession { name, staged } = self.stage(switch).await?;
        if staged.diff.is_empty() {
            let pushed = self.found_in_sync(switch, &name, status).await?;
            return Ok(Pushed { staged, ..pushed });
        }
        if !self.is_planned(&staged.diff) {
            switch.abort(&name).await?;
            return Err(has_moved().into());
        }
        if self.mode() != Mode::Apply {
            let aborted = switch.abort(&name).await;
            return match aborted {
                Ok(_) => Ok(self.differs(staged, status.digest)),
                Err(error) => Err(SwitchFailure { error, staged: Box::new(staged), ending: Ending::Failed }.into()),
            };
        }
        if self.prepared.config.load == Load::Merge {
            match self.judge_merge(switch, &staged.diff).await {
                Ok(whole) => drop(self.merged.set(whole)),
                Err(failure) => {
                    switch.abort(&name).await?;
                    return Err(SwitchFailure { staged: Box::new(staged), ..failure }.into());
                }
            }
        }
        self.commit(switch, StagedSession { name, staged }, status.digest).await
    }

    async fn found_in_sync(
        &self,
        switch: &mut SwitchOf<P>,
        session: &str,
        status: SwitchStatus,
    ) -> Result<Pushed, PushError> {
        let after = switch.abort(session).await?;
        // The digest is that of the target only if it was nobody else's work in between.
        let digest = after.digest.filter(|digest| status.digest.as_ref() == Some(digest));
        self.found(switch, session, after.unsaved, digest).await
    }

    async fn commit(
        &self,
        switch: &mut SwitchOf<P>,
        StagedSession { name, staged }: StagedSession,
        before: Option<String>,
    ) -> Result<Pushed, PushError> {
        if !self.work.budget.allows(self.work.ports.clock.now(), self.prepared.confirm) {
            switch.abort(&name).await?;
            let late = "it was staged too slowly for a commit to be confirmed in time";
            return Err(SwitchFailure::refused(SwitchFault::Busy, late).into());
        }
        if let Err(error) = self.store_configuration().await {
            switch.abort(&name).await?;
            return Err(error);
        }
        match (ConfirmedCommit { job: self, session: &name }).run(switch, before).await {
            Ok(saved) => Ok(saved.brought(staged)),
            Err(failure) => Err(SwitchFailure { staged: Box::new(staged), ..failure }.into()),
        }
    }
}
