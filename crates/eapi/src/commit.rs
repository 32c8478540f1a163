//! Committing a session and saving the running-config.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::command_error::{FailedAt, output};
use crate::error::Error;
use crate::error_kind::Sent;
use crate::redact;
use crate::session::{Left, Session};
use crate::session_name::SessionName;
use crate::status::{DIGEST, digest};

/// A configuration that is in force and saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The digest of the running-config right after the save, from the same request. `None` on a
    /// release that has no digest.
    pub digest: Option<String>,
}

/// How long a commit waits for its confirmation: from one second to less than a day, in whole
/// seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitTimer(u32);

impl TryFrom<Duration> for CommitTimer {
    type Error = BadCommitTimer;

    fn try_from(duration: Duration) -> Result<Self, BadCommitTimer> {
        match u32::try_from(duration.as_secs()) {
            Ok(seconds @ 1..86_400) if duration.subsec_nanos() == 0 => Ok(Self(seconds)),
            _ => Err(BadCommitTimer(duration)),
        }
    }
}

/// Writes the timer as EOS takes it: `hh:mm:ss`.
impl fmt::Display for CommitTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.0 / 3600, self.0 / 60 % 60, self.0 % 60)
    }
}

/// The error for a duration that a commit timer cannot have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a commit timer runs from 1 s to less than a day, in whole seconds, not {} s", .0.as_secs_f64())]
pub struct BadCommitTimer(Duration);

/// A session that was not both committed and saved.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The running-config is as it was.
    #[error("nothing changed, session {session} was not committed; {left}")]
    NotCommitted {
        /// The name of the session.
        session: SessionName,
        /// What is left of it on the switch.
        left: Left,
        /// The request that failed.
        #[source]
        cause: Error,
    },
    /// The new configuration is in force until its timer runs out. Then the switch goes back to
    /// what it ran before.
    #[error("session {session} was not confirmed, its commit timer will revert it")]
    NotConfirmed {
        /// The name of the session.
        session: SessionName,
        /// The request that failed.
        #[source]
        cause: Error,
    },
    /// The last safe moment had passed before a confirmation could be sent, so none was sent.
    #[error("it was too late to confirm session {session}, its commit timer will revert it")]
    TooLate {
        /// The name of the session.
        session: SessionName,
    },
    /// The new configuration is in force, but the startup-config is the old one. A reload would
    /// bring that back.
    #[error("session {session} was committed but not saved, `write memory` answered: {words}")]
    NotSaved {
        /// The name of the session.
        session: SessionName,
        /// The words of the switch.
        words: String,
    },
    /// The request was sent and no intelligible answer came. The switch may run the old or the new
    /// configuration, saved or not, or have lost its management with the new one.
    #[error("it is unknown whether session {session} was committed; compare the running-config before another push")]
    Unknown {
        /// The name of the session.
        session: SessionName,
        /// The request that failed.
        #[source]
        cause: Error,
    },
}

impl Session {
    /// Puts the session into force and saves the running-config as startup-config, in one request.
    /// EOS replaces the whole running-config: changes that others made since the session was opened
    /// are undone.
    ///
    /// # Errors
    ///
    /// Says whether the switch may run the new configuration. A session that was not committed is
    /// aborted if that is possible.
    // EOS-56: a commit overwrites what others changed meanwhile.
    pub async fn commit_and_save(&self) -> Result<Saved, CommitError> {
        match self.commit_then_save(self.client.timeouts().commit).await {
            Err(SaveFailure::Commit(cause)) => Err(self.not_committed(cause).await),
            ended => ended.map_err(|failed| failed.into_error(&self.name)),
        }
    }

    /// Puts the session into force until `timer` runs out, and does not save it. Unless it is
    /// confirmed before, the switch goes back by itself to what it ran. A switch has one timer, and
    /// nobody else can commit while it runs.
    ///
    /// Returns the digest of what the switch runs then, from the same request, or `None` on a
    /// release that has no digest.
    ///
    /// # Errors
    ///
    /// Says whether the switch may run the new configuration. A session that was not committed is
    /// aborted if that is possible.
    pub async fn commit_with_timer(&self, timer: CommitTimer) -> Result<Option<String>, CommitError> {
        // EOS-58: EOS goes back by itself if nobody confirms.
        let commands = [format!("configure session {} commit timer {timer}", self.name), DIGEST.to_owned()];
        match self.run(self.client.timeouts().commit, commands).await {
            Ok(results) => Ok(results.get(1).and_then(digest)),
            Err(Error::Command(error)) if error.at == FailedAt::Command(1) => Ok(None),
            Err(cause) if cause.sent() == Sent::Maybe => {
                Err(CommitError::Unknown { session: self.name.clone(), cause })
            }
            Err(cause) => Err(self.not_committed(cause).await),
        }
    }

    /// Saves the running-config as startup-config. The session only names the error.
    ///
    /// # Errors
    ///
    /// [`CommitError::NotSaved`], or [`CommitError::Unknown`] if no intelligible answer came.
    pub async fn save(&self) -> Result<Saved, CommitError> {
        let saved = self.save_after(self.client.timeouts().commit, []).await;
        saved.map_err(|failed| match failed {
            SaveFailure::Commit(cause) => CommitError::Unknown { session: self.name.clone(), cause },
            failed => failed.into_error(&self.name),
        })
    }

    /// Commits or confirms the session, saves, and asks for the digest of what was saved.
    pub(crate) async fn commit_then_save(&self, timeout: Duration) -> Result<Saved, SaveFailure> {
        // EOS-59: from any connection.
        self.save_after(timeout, [format!("configure session {} commit", self.name)]).await
    }

    /// Runs `first`, saves, and asks for the digest of what was saved, in one request.
    async fn save_after<const N: usize>(&self, timeout: Duration, first: [String; N]) -> Result<Saved, SaveFailure> {
        let commands = first.into_iter().chain([SAVE.to_owned(), DIGEST.to_owned()]);
        match self.run(timeout, commands).await {
            Ok(results) => saved(results.get(N), results.get(N + 1).and_then(digest)),
            Err(Error::Command(error)) if error.at == FailedAt::Command(N) => Err(SaveFailure::Save(error.words())),
            // A release without a digest.
            Err(Error::Command(error)) if error.at == FailedAt::Command(N + 1) => saved(error.passed.get(N), None),
            Err(cause) if cause.sent() == Sent::Maybe => Err(SaveFailure::Unknown(cause)),
            Err(cause) => Err(SaveFailure::Commit(cause)),
        }
    }

    async fn not_committed(&self, cause: Error) -> CommitError {
        let left = match &cause {
            Error::ForeignSession { .. } => Left::NotOpened,
            _ => self.abort().await.map_or(Left::MayBePending, |()| Left::Aborted),
        };
        CommitError::NotCommitted { session: self.name.clone(), left, cause }
    }
}

/// Reads whether a save worked from what it printed.
fn saved(result: Option<&Value>, digest: Option<String>) -> Result<Saved, SaveFailure> {
    match result.and_then(output).unwrap_or_default() {
        said if said.contains(SAVED) => Ok(Saved { digest }),
        said => Err(SaveFailure::Save(redact::words(said, []))),
    }
}

/// The command that saves the running-config.
// EOS-57: a commit does not save.
const SAVE: &str = "write memory";

/// What [`SAVE`] prints when it has worked.
// EOS-70: the words of a save that worked.
const SAVED: &str = "Copy completed successfully.";

/// Where a commit with its save stopped.
pub(crate) enum SaveFailure {
    /// The commit was not sent or was refused.
    Commit(Error),
    /// The commit worked. The save did not, in these words.
    Save(String),
    /// No intelligible answer came.
    Unknown(Error),
}

impl SaveFailure {
    /// The error of a commit whose session is in force already.
    pub(crate) fn into_error(self, session: &SessionName) -> CommitError {
        let session = session.clone();
        match self {
            Self::Commit(cause) => CommitError::NotConfirmed { session, cause },
            Self::Save(words) => CommitError::NotSaved { session, words },
            Self::Unknown(cause) => CommitError::Unknown { session, cause },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_timer_is_written_as_eos_takes_it() {
        for (seconds, written) in [(1, "00:00:01"), (300, "00:05:00"), (86_399, "23:59:59")] {
            assert_eq!(CommitTimer::try_from(Duration::from_secs(seconds)).unwrap().to_string(), written);
        }
        for duration in [Duration::ZERO, Duration::from_millis(1500), Duration::from_secs(86_400), Duration::MAX] {
            assert_eq!(CommitTimer::try_from(duration), Err(BadCommitTimer(duration)));
        }
    }
}
