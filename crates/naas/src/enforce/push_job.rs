//! What a push has to do and what it comes to, and the small steps that its phases share.

use intent::hash::sha256;

use super::enforcer_ports::{EnforcerPorts, SwitchOf};
use super::prepare::Prepared;
use super::slice_work::SliceWork;
use crate::ports::{Clock, History, StoreError, Switch, SwitchError, SwitchFault, SwitchStatus, Switches};
use crate::records::device_state::InSync;
use crate::records::outcome::{Plan, Status, SwitchState};
use crate::records::run::Mode;
use crate::session;

/// What is to be done with one switch, by whoever holds its lease.
pub(super) struct PushJob<'p, P: EnforcerPorts> {
    pub(super) work: &'p SliceWork<'p, P>,
    pub(super) prepared: &'p Prepared,
    /// What the switch was last known to run.
    pub(super) known: Option<&'p InSync>,
}

/// A push that ended well.
#[derive(Debug)]
pub(super) struct Pushed {
    pub(super) status: Status,
    pub(super) switch: SwitchState,
    /// The switch's own diff; empty if nothing was changed.
    pub(super) diff: String,
    /// The digest that stands for the target configuration from now on, if one does.
    pub(super) digest: Option<String>,
    /// What an apply that is bound to this plan compares.
    pub(super) plan: Option<Plan>,
}

/// Why a push did not end well.
#[derive(Debug)]
pub(super) enum PushError {
    /// The switch failed, or was found in the way.
    Switch(SwitchFailure),
    /// What was to be committed could not be stored in the history. The switch runs what it ran.
    Store(StoreError),
}

/// A failure at a switch, and the diff if the push got that far.
#[derive(Debug)]
pub(super) struct SwitchFailure {
    pub(super) error: SwitchError,
    pub(super) diff: String,
    pub(super) ending: Ending,
}

/// How a push failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The error tells how the switch was left.
    Failed,
    /// The switch went, or goes, back to what it ran.
    Reverted,
    /// There was no time left to commit.
    OutOfTime,
}

impl<F: Into<SwitchFailure>> From<F> for PushError {
    fn from(failure: F) -> Self {
        Self::Switch(failure.into())
    }
}

impl From<SwitchError> for SwitchFailure {
    fn from(error: SwitchError) -> Self {
        Self { error, diff: String::new(), ending: Ending::Failed }
    }
}

impl SwitchFailure {
    /// A refusal of our own. The switch runs what it ran.
    pub(super) fn refused(fault: SwitchFault, message: impl Into<String>) -> Self {
        SwitchError { fault, state: SwitchState::Unchanged, line: None, message: message.into() }.into()
    }
}

/// A session with the target configuration in it, pending on the switch.
pub(super) struct StagedSession {
    pub(super) name: String,
    /// The switch's own diff; empty when nothing would change.
    pub(super) diff: String,
}

impl<P: EnforcerPorts> PushJob<'_, P> {
    /// Opens a connection. Sends nothing yet.
    pub(super) fn open(&self) -> Result<SwitchOf<P>, SwitchError> {
        self.work.ports.switches.open(&self.prepared.device)
    }

    /// What is to be done.
    pub(super) fn mode(&self) -> Mode {
        self.work.slice.mode
    }

    /// Opens a session with the target configuration in it.
    pub(super) async fn stage(&self, switch: &mut SwitchOf<P>) -> Result<StagedSession, SwitchError> {
        let clock = &self.work.ports.clock;
        let name = session::name(&self.work.slice.run, clock.now(), clock.entropy());
        let diff = switch.stage(&name, &self.prepared.config.configuration).await?;
        Ok(StagedSession { name, diff })
    }

    /// Stores what is about to be committed in the device's history: nothing is ever run that is not there.
    pub(super) async fn store_configuration(&self) -> Result<(), PushError> {
        let Prepared { device, config, .. } = self.prepared;
        let stored = self.work.ports.state.keep(&device.name, &config.hash, &config.configuration).await;
        stored.map_err(PushError::Store)
    }

    /// Whether the switch runs what it was last known to run, and that is the target configuration.
    pub(super) fn is_known(&self, status: &SwitchStatus) -> bool {
        self.known.is_some_and(|known| {
            known.intent == self.prepared.config.hash.as_ref() && status.digest.as_ref() == Some(&known.digest)
        })
    }

    /// Whether the switch runs what it ran when the run's plan was made, as far as its digest tells.
    pub(super) fn is_as_planned(&self, status: &SwitchStatus) -> bool {
        self.prepared.plan.as_ref().is_none_or(|plan| plan.digest == status.digest)
    }

    /// Whether the switch's diff is the one of the run's plan.
    pub(super) fn is_planned(&self, diff: &str) -> bool {
        self.prepared.plan.as_ref().is_none_or(|plan| plan.diff == hash_of(diff))
    }

    /// The switch runs the target configuration.
    pub(super) fn in_sync(&self, digest: Option<String>) -> Pushed {
        let plan = self.sealed("", digest.clone());
        Pushed { status: Status::InSync, switch: SwitchState::Unchanged, diff: String::new(), digest, plan }
    }

    /// A plan or a check of a switch that runs something else.
    pub(super) fn differs(&self, diff: String, digest: Option<String>) -> Pushed {
        let status = if self.mode() == Mode::Plan { Status::Planned } else { Status::Drifted };
        let plan = self.sealed(&diff, digest);
        Pushed { status, switch: SwitchState::Unchanged, diff, digest: None, plan }
    }

    fn sealed(&self, diff: &str, digest: Option<String>) -> Option<Plan> {
        let intent = self.prepared.config.hash.to_string();
        (self.mode() == Mode::Plan).then(|| Plan { intent, digest, diff: hash_of(diff) })
    }
}

/// The target configuration is in force and saved. A digest stands for it from now on, if one is given.
pub(super) fn changed(diff: String, digest: Option<String>) -> Pushed {
    Pushed { status: Status::Changed, switch: SwitchState::Saved, diff, digest, plan: None }
}

/// The refusal of an apply whose plan does not fit any more.
pub(super) fn has_moved() -> SwitchFailure {
    SwitchFailure::refused(
        SwitchFault::Refused,
        "the switch runs something else than when this was planned, perhaps because the plan was applied already; make a new plan; \
         its running-config is unchanged",
    )
}

/// The hash of what a diff changes. Its two headings name the session, which is another one each time.
fn hash_of(diff: &str) -> String {
    let changes = diff.split_inclusive('\n').skip_while(|line| line.starts_with("--- ") || line.starts_with("+++ "));
    sha256(changes.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_one_hash_whatever_its_session_is_called() {
        let diff =
            |session: &str| format!("--- system:/running-config\n+++ session:/{session}\n@@ -1 +1,2 @@\n a\n+b\n");

        assert_eq!(hash_of(&diff("naas-1-session-config")), hash_of(&diff("naas-2-session-config")));
        assert_ne!(hash_of(&diff("naas-1-session-config")), hash_of("@@ -1 +1,2 @@\n a\n+c\n"));
    }
}
