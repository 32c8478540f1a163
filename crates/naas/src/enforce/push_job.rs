//! What a push has to do and what it comes to, and the small steps that its phases share.

use std::sync::OnceLock;

use intent::hash::sha256;

use super::enforcer_ports::{EnforcerPorts, SwitchOf};
use super::prepare::Prepared;
use super::slice_work::SliceWork;
use super::target_config::TargetConfig;
use crate::ports::{Clock, History, Staged, StoreError, Switch, SwitchError, SwitchFault, SwitchStatus, Switches};
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
    /// What the switch will run once its merge is committed.
    pub(super) merged: OnceLock<TargetConfig>,
}

/// A push that ended well.
#[derive(Debug)]
pub(super) struct Pushed {
    pub(super) status: Status,
    pub(super) switch: SwitchState,
    /// What an operator must know of it, if anything.
    pub(super) note: Option<String>,
    /// What the switch made of the configuration; blank if nothing was staged.
    pub(super) staged: Staged,
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

/// A failure at a switch.
#[derive(Debug)]
pub(super) struct SwitchFailure {
    pub(super) error: SwitchError,
    /// What the switch made of the configuration; blank if the push did not get that far.
    pub(super) staged: Box<Staged>,
    pub(super) ending: Ending,
}

/// How a push failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The error tells how the switch was left.
    Failed,
    /// The switch went, or goes, back to what it ran.
    Reverted,
}

impl<F: Into<SwitchFailure>> From<F> for PushError {
    fn from(failure: F) -> Self {
        Self::Switch(failure.into())
    }
}

impl From<SwitchError> for SwitchFailure {
    fn from(error: SwitchError) -> Self {
        Self { error, staged: Box::default(), ending: Ending::Failed }
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
    /// What the switch makes of it.
    pub(super) staged: Staged,
}

impl<P: EnforcerPorts> PushJob<'_, P> {
    /// Opens a connection. Sends nothing yet.
    pub(super) fn open(&self) -> Result<SwitchOf<P>, SwitchError> {
        self.work.ports.switches.open(&self.prepared.device)
    }

    /// The mode of the run.
    pub(super) fn mode(&self) -> Mode {
        self.work.slice.task.mode
    }

    /// Opens a session with the target configuration in it.
    pub(super) async fn stage(&self, switch: &mut SwitchOf<P>) -> Result<StagedSession, SwitchError> {
        let name = self.session_name();
        let config = &self.prepared.config;
        let staged = switch.stage(&name, &config.configuration, config.load).await?;
        Ok(StagedSession { name, staged })
    }

    /// The whole configuration that the switch runs after the push, as far as it is known.
    pub(super) fn whole(&self) -> &TargetConfig {
        self.merged.get().unwrap_or(&self.prepared.config)
    }

    /// The name of a session that was never opened.
    pub(super) fn session_name(&self) -> String {
        let clock = &self.work.ports.clock;
        session::name(&self.prepared.installation, &self.work.slice.task.run, clock.now(), clock.entropy())
    }

    /// Stores what is about to be committed in the device's history: nothing is ever run that is
    /// not there.
    pub(super) async fn store_configuration(&self) -> Result<(), PushError> {
        let (device, config) = (&self.prepared.device, self.whole());
        let stored = self.work.ports.state.keep(&device.name, &config.hash, &config.configuration).await;
        stored.map_err(PushError::Store)
    }

    /// Whether the switch runs what it was last known to run, and that is the target configuration.
    pub(super) fn is_known(&self, status: &SwitchStatus) -> bool {
        self.known.is_some_and(|known| {
            known.intent == self.prepared.config.hash.as_ref() && status.digest.as_ref() == Some(&known.digest)
        })
    }

    /// Whether the switch runs what it ran when the run's plan was made, as far as its digest
    /// tells.
    pub(super) fn is_as_planned(&self, status: &SwitchStatus) -> bool {
        self.prepared.plan.as_ref().is_none_or(|plan| plan.digest == status.digest)
    }

    /// Whether the switch's diff is the one of the run's plan.
    pub(super) fn is_planned(&self, diff: &str) -> bool {
        self.prepared.plan.as_ref().is_none_or(|plan| plan.diff == hash_of(diff))
    }

    /// The switch runs the target configuration, saved.
    pub(super) fn in_sync(&self, digest: Option<String>) -> Pushed {
        let plan = self.sealed("", digest.clone());
        let (status, switch) = (Status::InSync, SwitchState::Unchanged);
        Pushed { status, switch, note: None, staged: Staged::default(), digest, plan }
    }

    /// A plan or a check of a switch that runs the target configuration, and would lose it in a
    /// reload.
    pub(super) fn unsaved(&self, digest: Option<String>) -> Pushed {
        let note = "it runs what is intended, but its startup-config is another one, which a reload brings back; an apply saves it";
        let (status, switch) = (Status::NotSaved, SwitchState::NotSaved);
        Pushed { status, switch, note: Some(note.to_owned()), ..self.in_sync(digest) }
    }

    /// A plan or a check of a switch that runs something else.
    pub(super) fn differs(&self, staged: Staged, digest: Option<String>) -> Pushed {
        let status = if self.mode() == Mode::Plan { Status::Planned } else { Status::Drifted };
        let plan = self.sealed(&staged.diff, digest);
        Pushed { status, switch: SwitchState::Unchanged, note: None, staged, digest: None, plan }
    }

    fn sealed(&self, diff: &str, digest: Option<String>) -> Option<Plan> {
        let intent = self.prepared.config.hash.to_string();
        (self.mode() == Mode::Plan).then(|| {
            let safety = Some(self.prepared.safety());
            Plan { intent, digest, diff: hash_of(diff), safety }
        })
    }
}

/// What was saved, compared with the target configuration that the switch was known to run before
/// that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SavedConfig {
    /// The target configuration. The digest stands for it, if it is known.
    Target(Option<String>),
    /// The target configuration, and besides what somebody changed by hand meanwhile.
    Edited,
}

impl SavedConfig {
    /// Compares what was `saved` with what the target configuration was known to be. Without both
    /// digests nothing shows that it is not the target, and no digest is taken for it.
    pub(super) fn of(saved: Option<String>, target: Option<&String>) -> Self {
        match (saved, target) {
            (Some(saved), Some(target)) if saved != *target => Self::Edited,
            (saved, target) => Self::Target(saved.filter(|_| target.is_some())),
        }
    }

    /// What the push came to that brought the target configuration in, of which the switch
    /// made this.
    pub(super) fn brought(self, staged: Staged) -> Pushed {
        self.saved(Status::Changed, staged)
    }

    /// What the push came to that found the target configuration, and saved it.
    pub(super) fn found(self) -> Pushed {
        self.saved(Status::InSync, Staged::default())
    }

    fn saved(self, status: Status, staged: Staged) -> Pushed {
        let switch = SwitchState::Saved;
        match self {
            Self::Target(digest) => Pushed { status, switch, note: None, staged, digest, plan: None },
            Self::Edited => {
                let note = "somebody changed the switch by hand at about the time when this was saved, so their change may have been \
                            saved with it";
                let (status, note) = (Status::EditedMeanwhile, Some(note.to_owned()));
                Pushed { status, switch, note, staged, digest: None, plan: None }
            }
        }
    }
}

/// The refusal of an apply whose plan does not fit any more.
pub(super) fn has_moved() -> SwitchFailure {
    SwitchFailure::refused(
        SwitchFault::Refused,
        "the switch runs something else than when this was planned, perhaps because the plan was applied already; make a new plan; \
         its running-config is unchanged",
    )
}

/// The hash of what a diff changes. Its two headings name the session, which is another one each
/// time.
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
