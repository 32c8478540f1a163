//! How switches are reached, and what they answer.

use std::future::Future;
use std::time::Duration;

use intent::check::{Form, Shown};
use intent::inventory::Device;

use crate::records::order::Load;
use crate::records::outcome::{Remark, Status, SwitchState};

/// How switches are reached.
pub trait Switches: Send + Sync {
    /// One connection to one switch.
    type Switch: Switch;

    /// Prepares a connection from the device's address, credentials and connection options; sends
    /// nothing yet.
    fn open(&self, device: &Device) -> Result<Self::Switch, SwitchError>;
}

/// One switch, over one connection kept alive for the whole push.
pub trait Switch: Send {
    /// The status of the switch, in one request that changes nothing.
    fn status(&mut self) -> impl Future<Output = Result<SwitchStatus, SwitchError>> + Send;

    /// Loads `configuration` into a new session named `session`, in place of everything the switch
    /// has or on top of it, and returns what the switch makes of it. The session stays pending. On
    /// `Err` the session has been aborted if that was possible, and [`SwitchError::state`] tells.
    fn stage(
        &mut self,
        session: &str,
        configuration: &str,
        load: Load,
    ) -> impl Future<Output = Result<Staged, SwitchError>> + Send;

    /// What the switch runs, as it shows it.
    fn running_config(&mut self) -> impl Future<Output = Result<String, SwitchError>> + Send;

    /// Puts a staged session into force for `timer`, a whole number of seconds: unless it is
    /// confirmed before, the switch goes back to what it ran by itself. Nothing is saved. Returns
    /// the digest of what it runs then, from the same request, where EOS has one.
    fn commit(
        &mut self,
        session: &str,
        timer: Duration,
    ) -> impl Future<Output = Result<Option<String>, SwitchError>> + Send;

    /// Runs a show command.
    fn show(&mut self, command: &str, form: Form) -> impl Future<Output = Result<Shown, SwitchError>> + Send;

    /// Confirms a session whose timer still runs, and saves the running-config to the
    /// startup-config. It must be sent over another connection than the commit, which shows that
    /// the switch can still be reached. It may be sent again after an answer that was lost.
    /// [`SwitchState::Unknown`] if the confirmation may have been sent and was not answered
    /// `within` this time.
    fn confirm(
        &mut self,
        session: &str,
        within: Duration,
    ) -> impl Future<Output = Result<Confirmation, SwitchError>> + Send;

    /// Saves the running-config to the startup-config, and returns the digest of what was saved,
    /// from the same request, where EOS has one. The session only names the error.
    /// [`SwitchState::NotSaved`] if it could not be saved, or it is not known whether it was.
    fn save(&mut self, session: &str) -> impl Future<Output = Result<Option<String>, SwitchError>> + Send;

    /// Discards a session: a pending one is gone, one whose timer runs is undone at once. Returns
    /// the status after that, from the same request.
    fn abort(&mut self, session: &str) -> impl Future<Output = Result<SwitchStatus, SwitchError>> + Send;
}

/// What a switch makes of a configuration that was loaded into a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Staged {
    /// The switch's own unified diff; empty when nothing would change.
    pub diff: String,
    /// What the switch said about lines that it took, in their order.
    pub remarks: Vec<Remark>,
}

/// The answer to a confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// The switch took this confirmation, and saved.
    Taken {
        /// The digest of what was saved, from the same request; none where EOS has no digest.
        digest: Option<String>,
    },
    /// No timer runs for the session, and this call confirmed nothing. The timer may have run out,
    /// somebody may have ended it, or an earlier confirmation was taken and its answer was lost.
    /// How the switch lists the session does not tell these apart; the digest of what it runs may.
    TimerGone(SwitchStatus),
}

/// A switch at one moment, from one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SwitchStatus {
    /// EOS's own hash of the running-config; none where EOS has no digest.
    pub digest: Option<String>,
    /// The session whose commit timer runs; there is one at most. The switch runs its configuration
    /// until the timer runs out.
    pub on_trial: Option<String>,
    /// Sessions that are neither committed nor aborted.
    pub pending: Vec<String>,
    /// True if the startup-config is another one than the running-config, so that a reload would
    /// change what it runs.
    pub unsaved: bool,
    /// Which switch it is.
    pub identity: SwitchIdentity,
}

/// What tells one switch from another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SwitchIdentity {
    /// The serial number; none where it is empty, as on virtual switches.
    pub serial: Option<String>,
    /// The host name without its domain.
    pub hostname: Option<String>,
}

/// What went wrong with a switch, and how it was left.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SwitchError {
    /// What kind of failure it was.
    pub fault: SwitchFault,
    /// How the switch was left.
    pub state: SwitchState,
    /// The configuration line the switch refused, from 1, where it refused one.
    pub line: Option<usize>,
    /// The switch's own words or the transport's, what was expected, and what to do next.
    pub message: String,
}

impl SwitchError {
    /// Whether it may pass by itself, and the switch runs what it ran: then the same can be tried
    /// again later.
    pub fn may_pass(&self) -> bool {
        matches!(self.fault, SwitchFault::Unreachable | SwitchFault::Busy | SwitchFault::NotEapi)
            && matches!(self.state, SwitchState::NotContacted | SwitchState::Unchanged | SwitchState::SessionLeft(_))
    }

    /// The word for it.
    pub fn status(&self) -> Status {
        match (&self.state, self.fault) {
            (SwitchState::Unknown, _) => Status::Unknown,
            (SwitchState::NotSaved, _) => Status::NotSaved,
            (SwitchState::Reverting, _) => Status::Reverted,
            (_, SwitchFault::Unreachable | SwitchFault::NotEapi) => Status::Unreachable,
            (_, SwitchFault::Denied) => Status::Denied,
            (_, SwitchFault::Refused | SwitchFault::Busy) => Status::Refused,
            (_, SwitchFault::Misconfigured) => Status::Invalid,
            (_, SwitchFault::OutOfScope) => Status::OutOfScope,
        }
    }
}

/// Kinds of [`SwitchError`], as far as they are treated differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwitchFault {
    /// No connection, no TLS, or no answer.
    Unreachable,
    /// Wrong credentials, or no right to run a command.
    Denied,
    /// The switch refused a line or command.
    Refused,
    /// The switch has no room for another session now.
    Busy,
    /// The inventory's connection options make no sense; nothing was sent.
    Misconfigured,
    /// Something answers there, but not as eAPI does.
    NotEapi,
    /// The switch would change more than the ports of the order.
    OutOfScope,
}
