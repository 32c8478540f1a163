//! Configuration sessions: a candidate is loaded and compared in one request, then committed and saved in another, or
//! aborted. Nothing of it touches the running-config before the commit. Source: EOS user manual, "Configure Session".
//!
//! A session outlives the client: one that is neither committed nor aborted stays pending for 24 hours, and five
//! pending ones are all EOS allows. So a load that fails is aborted, and an error says whether that worked. Names are for
//! one use: EOS remembers the last one it completed and refuses to open it again.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use crate::candidate::Candidate;
use crate::client::Client;
use crate::error::{Error, FailedAt, Sent, output};
use crate::redact;
use crate::sessions::{SessionState, Sessions};
use crate::standing::Standing;
use crate::wire::{Command, Format};

/// A named configuration session on a switch.
#[derive(Debug, Clone)]
pub struct Session {
    client: Client,
    name: SessionName,
}

/// A session with a candidate loaded, pending on the switch.
#[derive(Clone)]
pub struct Staged {
    /// The session, to be committed or aborted.
    pub session: Session,
    /// What a commit would change, as the switch computed it: a unified diff with three lines of context. Empty when
    /// nothing would change.
    pub diff: String,
    /// What the switch said about lines that it took nevertheless.
    pub remarks: Vec<Remark>,
}

/// What the switch said about a line that it took nevertheless, such as an interface it does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The line in the configuration text, from 1.
    pub line: usize,
    /// The switch's words.
    pub words: String,
}

/// How a candidate is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// In place of everything the switch has. What the candidate does not say is gone after the commit, users and the
    /// management address included.
    Replace,
    /// On top of what the switch has.
    Merge,
}

impl Session {
    /// Opens the session `name`, loads `candidate` and asks for the difference, in one request. Nothing is changed yet.
    pub async fn stage(
        client: &Client,
        name: SessionName,
        candidate: &Candidate,
        load: Load,
    ) -> Result<Staged, StageError> {
        let session = Self::resume(client, name);
        let request = StageRequest::new(&session.name, candidate, load);
        let loaded = client.run_within(client.timeouts().commit, request.commands.clone(), Format::Text).await;
        match loaded.and_then(|results| request.read(client, &results)) {
            Ok((diff, remarks)) => Ok(Staged { session, diff, remarks }),
            Err(cause) => {
                let line = request.line_of(&cause);
                let left = session.clean_up(&cause).await;
                Err(StageError { session: session.name, line, left, cause })
            }
        }
    }

    /// The session `name` as it already is on the switch, for instance to go on with it over another connection. Sends
    /// nothing.
    pub fn resume(client: &Client, name: SessionName) -> Self {
        Self { client: client.clone(), name }
    }

    /// The session's name on the switch.
    pub fn name(&self) -> &SessionName {
        &self.name
    }

    /// Puts the session into force and saves the running-config as startup-config, in one request. EOS replaces the
    /// whole running-config: changes others made since the session was opened are undone.
    pub async fn commit_and_save(&self) -> Result<Saved, CommitError> {
        match self.commit_then_save().await {
            Err(Failed::Commit(cause)) => Err(self.not_committed(cause).await),
            ended => ended.map_err(|failed| failed.into_error(&self.name)),
        }
    }

    /// Puts the session into force until `timer` runs out, and does not save it. Unless it is confirmed before, the switch
    /// goes back to what it ran by itself. There is one timer for a switch, and nobody else can commit while it runs.
    /// Returns the digest of what it runs then, from the same request; none where EOS has no digest.
    pub async fn commit_with_timer(&self, timer: CommitTimer) -> Result<Option<String>, CommitError> {
        let commands = [format!("configure session {} commit timer {timer}", self.name), Standing::DIGEST.to_owned()];
        match self.client.run_within(self.client.timeouts().commit, commands, Format::Text).await {
            Ok(results) => Ok(results.get(1).and_then(digest)),
            Err(Error::Command(error)) if error.at == FailedAt::Command(1) => Ok(None),
            Err(cause) if cause.sent() == Sent::Maybe => {
                Err(CommitError::Unknown { session: self.name.clone(), cause })
            }
            Err(cause) => Err(self.not_committed(cause).await),
        }
    }

    /// Confirms a commit whose timer still runs, and saves. Best over another connection than the commit's, as proof that
    /// the switch can still be reached. Asks first whether the timer still runs, since EOS may well accept a confirmation
    /// that comes too late.
    pub async fn confirm_and_save(&self) -> Result<Saved, CommitError> {
        let not_confirmed = |cause| CommitError::NotConfirmed { session: self.name.clone(), cause };
        let sessions = Sessions::of(&self.client).await.map_err(not_confirmed)?;
        if sessions.state(&self.name) != Some(&SessionState::TimerRunning) {
            return Err(CommitError::TimerGone { session: self.name.clone() });
        }
        // No abort when it is refused: that would revert at once what the timer leaves time to look at.
        self.commit_then_save().await.map_err(|failed| failed.into_error(&self.name))
    }

    /// Saves the running-config as startup-config: what is left to do after a confirmation whose answer was lost.
    pub async fn save(&self) -> Result<Saved, CommitError> {
        let saved = self.save_after([]).await;
        saved.map_err(|failed| match failed {
            Failed::Commit(cause) => CommitError::Unknown { session: self.name.clone(), cause },
            failed => failed.into_error(&self.name),
        })
    }

    async fn commit_then_save(&self) -> Result<Saved, Failed> {
        self.save_after([format!("configure session {} commit", self.name)]).await
    }

    /// Runs `first`, saves, and asks for the digest of what was saved, in one request.
    async fn save_after<const N: usize>(&self, first: [String; N]) -> Result<Saved, Failed> {
        let commands = first.into_iter().chain([SAVE.to_owned(), Standing::DIGEST.to_owned()]);
        match self.client.run_within(self.client.timeouts().commit, commands, Format::Text).await {
            Ok(results) => saved(results.get(N), results.get(N + 1).and_then(digest)),
            Err(Error::Command(error)) if error.at == FailedAt::Command(N) => Err(Failed::Save(error.words())),
            // EOS without a digest.
            Err(Error::Command(error)) if error.at == FailedAt::Command(N + 1) => saved(error.passed.get(N), None),
            Err(cause) if cause.sent() == Sent::Maybe => Err(Failed::Unknown(cause)),
            Err(cause) => Err(Failed::Commit(cause)),
        }
    }

    async fn not_committed(&self, cause: Error) -> CommitError {
        let left = self.abort().await.map_or(Left::MayBePending, |()| Left::Aborted);
        CommitError::NotCommitted { session: self.name.clone(), left, cause }
    }

    /// Discards the session.
    pub async fn abort(&self) -> Result<(), Error> {
        let commands = [format!("configure session {} abort", self.name)];
        self.client.run(commands, Format::Text).await.map(|_| ())
    }

    /// Discards the session and asks how the switch stands then, in one request.
    pub async fn abort_and_look(&self) -> Result<Standing, Error> {
        Standing::after(&self.client, [format!("configure session {} abort", self.name)]).await
    }

    /// Aborts a session whose load failed, if there may be one.
    async fn clean_up(&self, cause: &Error) -> Left {
        let not_opened = match cause {
            Error::Command(error) => matches!(error.at, FailedAt::Enable | FailedAt::Command(0)),
            cause => cause.sent() == Sent::No,
        };
        if not_opened {
            return Left::NotOpened;
        }
        match self.abort().await {
            Ok(()) => Left::Aborted,
            Err(error) => {
                let (address, session) = (self.client.address(), &self.name);
                tracing::warn!(%address, %session, %error, "a session could not be aborted and may still be pending");
                Left::MayBePending
            }
        }
    }
}

/// Shows the diff's size only: configurations hold hashes and keys.
impl fmt::Debug for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staged")
            .field("session", &self.session.name)
            .field("diff", &format_args!("<{} lines>", self.diff.lines().count()))
            .field("remarks", &self.remarks.len())
            .finish()
    }
}

/// A configuration that is in force and saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The digest of the running-config right after the save, from the same request; none where EOS has no digest.
    pub digest: Option<String>,
}

/// What a save came to that answered with `result`.
fn saved(result: Option<&Value>, digest: Option<String>) -> Result<Saved, Failed> {
    match result.and_then(output).unwrap_or_default() {
        said if said.contains(SAVED) => Ok(Saved { digest }),
        said => Err(Failed::Save(redact::words(said, []))),
    }
}

/// The digest in an answer in text format: a line that ends with it.
fn digest(result: &Value) -> Option<String> {
    output(result)?.split_whitespace().next_back().map(str::to_owned)
}

/// Where a commit with its save stopped.
enum Failed {
    Commit(Error),
    Save(String),
    Unknown(Error),
}

impl Failed {
    fn into_error(self, session: &SessionName) -> CommitError {
        let session = session.clone();
        match self {
            Self::Commit(cause) => CommitError::NotConfirmed { session, cause },
            Self::Save(words) => CommitError::NotSaved { session, words },
            Self::Unknown(cause) => CommitError::Unknown { session, cause },
        }
    }
}

const SAVE: &str = "write memory";

/// What [`SAVE`] prints when it has worked.
const SAVED: &str = "Copy completed successfully.";

const CLEAN: &str = "rollback clean-config";

/// Leaves every configuration mode and the session, which stays pending.
const LEAVE: &str = "end";

/// The commands of a load, and the way back from their indices to lines.
struct StageRequest<'c> {
    commands: Vec<Command>,
    candidate: &'c Candidate,
    /// Index of the candidate's first command.
    first: usize,
}

impl<'c> StageRequest<'c> {
    fn new(name: &SessionName, candidate: &'c Candidate, load: Load) -> Self {
        let mut commands: Vec<Command> = vec![format!("configure session {name}").into()];
        if load == Load::Replace {
            commands.push(CLEAN.into());
        }
        let first = commands.len();
        commands.extend(candidate.commands().cloned());
        // The lines of an ACL, a policy-map or a qos profile are stored when their mode is left, so a difference that is
        // asked for inside such a mode lacks them. `end` leaves every mode at once and the session as well, which stays
        // pending. Source: EOS user manual, "ACLs and Route Maps", "Saving List Modifications".
        commands.push(LEAVE.into());
        // By name, since no session is open any more. Without a JSON model: asked for as JSON it fails, and the session
        // stays pending.
        commands.push(format!("show session-config named {name} diffs").into());
        Self { commands, candidate, first }
    }

    fn line(&self, index: usize) -> Option<usize> {
        self.candidate.line_of(index.checked_sub(self.first)?)
    }

    fn line_of(&self, error: &Error) -> Option<usize> {
        match error {
            Error::Command(error) => match error.at {
                FailedAt::Command(index) => self.line(index),
                FailedAt::Enable | FailedAt::Unknown => None,
            },
            _ => None,
        }
    }

    fn read(&self, client: &Client, results: &[Value]) -> Result<(String, Vec<Remark>), Error> {
        let not_text = || Error::NotEapi {
            address: client.address().to_owned(),
            what: "a result has no `output`, which text format has".to_owned(),
        };
        let outputs: Vec<&str> = results.iter().map(output).collect::<Option<_>>().ok_or_else(not_text)?;
        let (diff, outputs) = outputs.split_last().ok_or_else(not_text)?;
        // Had this failed, the load would have been a merge.
        for (command, words) in self.commands.iter().zip(outputs) {
            if command.line() == CLEAN && !words.trim().is_empty() {
                return Err(Error::NotSilent { command: CLEAN.to_owned(), words: redact::words(words, []) });
            }
        }
        let spoken = outputs.iter().enumerate().filter(|(_, words)| !words.trim().is_empty());
        let remarks = spoken
            .filter_map(|(index, words)| Some(Remark { line: self.line(index)?, words: redact::words(words, []) }))
            .collect();
        let diff = if diff.trim().is_empty() { "" } else { diff };
        Ok((diff.to_owned(), remarks))
    }
}

/// The name of a session: ASCII letters, digits, `-`, `_` and `.`, at most 64 of them. Make it unique, and begin it with
/// something of your own, so that leftovers can be told from other people's sessions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionName(String);

impl SessionName {
    /// The name as the switch knows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SessionName {
    type Err = BadSessionName;

    fn from_str(name: &str) -> Result<Self, BadSessionName> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if (1..=64).contains(&name.len()) && name.chars().all(allowed) {
            Ok(Self(name.to_owned()))
        } else {
            Err(BadSessionName(name.to_owned()))
        }
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Not a session name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a session name: 1 to 64 ASCII letters, digits, `-`, `_` and `.` were expected")]
pub struct BadSessionName(String);

/// How long a commit waits for its confirmation: from one second to a day, in whole seconds.
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

/// As EOS takes it: `hh:mm:ss`.
impl fmt::Display for CommitTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.0 / 3600, self.0 / 60 % 60, self.0 % 60)
    }
}

/// Not a duration for a commit timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a commit timer runs from 1 s to less than a day, in whole seconds, not {} s", .0.as_secs_f64())]
pub struct BadCommitTimer(Duration);

/// What a failure left of its session on the switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// It was never opened.
    NotOpened,
    /// It was aborted.
    Aborted,
    /// It could not be aborted: it may be pending, and counts towards the switch's limit until it is aborted by name, times
    /// out after 24 hours, or the switch reloads.
    MayBePending,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOpened => "it was not opened",
            Self::Aborted => "it was aborted",
            Self::MayBePending => "it may still be pending on the switch, abort it by name",
        })
    }
}

/// A candidate that could not be loaded or compared. The running-config is as it was.
#[derive(Debug, thiserror::Error)]
#[error("nothing changed, session {session} failed{}; {left}", at(*line))]
pub struct StageError {
    /// The session.
    pub session: SessionName,
    /// The line in the configuration text, from 1, that the switch refused, where it refused one.
    pub line: Option<usize>,
    /// What is left of the session on the switch.
    pub left: Left,
    /// What went wrong.
    #[source]
    pub cause: Error,
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!(" at line {line}")).unwrap_or_default()
}

/// A session that was not both committed and saved.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The running-config is as it was.
    #[error("nothing changed, session {session} was not committed; {left}")]
    NotCommitted {
        /// The session.
        session: SessionName,
        /// What is left of it on the switch.
        left: Left,
        /// What went wrong.
        #[source]
        cause: Error,
    },
    /// The new configuration is in force until its timer runs out; then the switch goes back to what it ran.
    #[error("session {session} was not confirmed, its commit timer will revert it")]
    NotConfirmed {
        /// The session.
        session: SessionName,
        /// What went wrong.
        #[source]
        cause: Error,
    },
    /// No commit timer runs for the session: it ran out and the switch went back to what it ran before, or somebody
    /// confirmed or aborted it.
    #[error(
        "the commit timer of session {session} does not run any more; compare the running-config before another push"
    )]
    TimerGone {
        /// The session.
        session: SessionName,
    },
    /// The new configuration is in force, but the startup-config is the old one: a reload would bring that back.
    #[error("session {session} was committed but not saved, `write memory` answered: {words}")]
    NotSaved {
        /// The session.
        session: SessionName,
        /// What the switch said.
        words: String,
    },
    /// The request was sent and no intelligible answer came. The switch may run the old or the new configuration, saved or
    /// not, or have lost its management with the new one.
    #[error("it is unknown whether session {session} was committed; compare the running-config before another push")]
    Unknown {
        /// The session.
        session: SessionName,
        /// What went wrong.
        #[source]
        cause: Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_is_left_before_the_diff_is_asked_for() {
        let candidate = Candidate::parse("hostname a\nip access-list A\n   10 deny ip any any\n!\nend\n").unwrap();
        for load in [Load::Replace, Load::Merge] {
            let request = StageRequest::new(&"s".parse().unwrap(), &candidate, load);
            let lines: Vec<&str> = request.commands.iter().map(Command::line).collect();
            assert_eq!(lines[lines.len() - 3..], ["10 deny ip any any", "end", "show session-config named s diffs"]);
        }
    }

    #[test]
    fn a_session_name_cannot_smuggle_in_a_command() {
        for name in ["", "a b", "a\ncommit", "ü", &"a".repeat(65)] {
            assert!(name.parse::<SessionName>().is_err(), "{name:?}");
        }
        assert_eq!("mine-1.b_C".parse::<SessionName>().unwrap().to_string(), "mine-1.b_C");
    }

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
