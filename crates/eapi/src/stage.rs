//! Loading a candidate into a new session, and the difference that it makes.

use std::fmt;

use serde_json::Value;

use crate::candidate::Candidate;
use crate::client::Client;
use crate::command_error::{FailedAt, output};
use crate::error::Error;
use crate::error_kind::Sent;
use crate::redact::{self, ShownLine};
use crate::session::{Left, Session};
use crate::session_name::SessionName;
use crate::wire::Command;

/// A session with a candidate loaded, pending on the switch.
#[derive(Clone)]
pub struct Staged {
    /// The session, to be committed or aborted.
    pub session: Session,
    /// What a commit would change, as the switch computed it: a unified diff with three lines of
    /// context. Empty if nothing would change.
    pub diff: String,
    /// What the switch said about lines that it accepted.
    pub remarks: Vec<Remark>,
}

/// What the switch said about a line that it accepted, such as `! VLAN id 5 not found in current
/// VLAN configuration`. Remarks that came when the last mode was left belong to the last line.
#[derive(Debug, Clone, PartialEq, Eq)]
// EOS-45: EOS remarks on lines that it takes.
pub struct Remark {
    /// The number of the line in the configuration text, from 1.
    pub line_number: usize,
    /// The line without indentation, and without what follows a word that announces a secret.
    pub line: String,
    /// The words of the switch, on one line.
    pub text: String,
}

/// How a candidate is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// In place of everything the switch has. What the candidate does not say is gone after the
    /// commit, including users and the management address.
    Replace,
    /// On top of what the switch has.
    Merge,
}

/// A candidate that could not be loaded or compared. The running-config is as it was.
#[derive(Debug, thiserror::Error)]
#[error("nothing changed, session {session} failed{}; {left}", at(*line))]
pub struct StageError {
    /// The name of the session.
    pub session: SessionName,
    /// The line in the configuration text, from 1, that the switch refused, if it refused one.
    pub line: Option<usize>,
    /// What is left of the session on the switch.
    pub left: Left,
    /// The request that failed.
    #[source]
    pub cause: Error,
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!(" at line {line}")).unwrap_or_default()
}

impl Session {
    /// Opens the session `name`, loads `candidate` and asks for the difference, in one request.
    /// Nothing is changed yet.
    ///
    /// # Errors
    ///
    /// A line that the switch refused, or a request that failed. The session is then aborted if
    /// that is possible, and [`StageError::left`] says whether it was.
    // EOS-69: session, lines and diff fit into one request.
    pub async fn stage(
        client: &Client,
        name: SessionName,
        candidate: &Candidate,
        load: Load,
    ) -> Result<Staged, StageError> {
        let session = Self::resume(client, name);
        let request = StageRequest::new(&session.name, candidate, load);
        let loaded = session.run(client.timeouts().commit, request.commands.clone()).await;
        match loaded.and_then(|results| request.read(client, &results)) {
            Ok((diff, remarks)) => Ok(Staged { session, diff, remarks }),
            Err(cause) => {
                let line = request.line_of(&cause);
                let left = session.clean_up(&cause).await;
                Err(StageError { session: session.name, line, left, cause })
            }
        }
    }

    /// Aborts a session whose load failed, unless it cannot be there.
    // EOS-52: a session outlives a request that failed.
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

/// Shows the size of the diff only, because configurations hold hashes and keys.
impl fmt::Debug for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staged")
            .field("session", self.session.name())
            .field("diff", &format_args!("<{} lines>", self.diff.lines().count()))
            .field("remarks", &self.remarks.len())
            .finish()
    }
}

/// Empties a candidate, so that a load replaces instead of merging.
// EOS-49: without it the load is a merge.
const CLEAN: &str = "rollback clean-config";

/// Leaves every configuration mode and the session, which stays pending.
// EOS-44: a diff lacks the block of an access list that is still open.
const LEAVE: &str = "end";

/// The commands of a load, and the way back from their indices to lines.
// EOS-68: line by line, since a copied file hides its refused lines.
struct StageRequest<'c> {
    commands: Vec<Command>,
    candidate: &'c Candidate,
    /// The index of the first command of the candidate.
    first: usize,
}

impl<'c> StageRequest<'c> {
    fn new(name: &SessionName, candidate: &'c Candidate, load: Load) -> Self {
        // EOS-48: opens the session, or enters the one that is pending.
        let mut commands: Vec<Command> = vec![format!("configure session {name}").into()];
        if load == Load::Replace {
            commands.push(CLEAN.into());
        }
        let first = commands.len();
        commands.extend(candidate.commands().cloned());
        // The lines of an ACL, a policy-map or a qos profile are stored when their mode is left, so
        // a difference that is asked for inside such a mode lacks them. `end` leaves every mode at
        // once and the session as well, which stays pending. Source: EOS user manual, "ACLs and
        // Route Maps", "Saving List Modifications".
        commands.push(LEAVE.into());
        // By name, since no session is open any more. The command has no JSON model: asked for as
        // JSON it fails, and the session stays pending.
        // EOS-50: exists as text only.
        commands.push(format!("show session-config named {name} diffs").into());
        Self { commands, candidate, first }
    }

    fn line_number(&self, index: usize) -> Option<usize> {
        let index = index.checked_sub(self.first)?;
        self.candidate.line_of(index.min(self.candidate.len() - 1))
    }

    /// The line that the switch refused, if it refused a line of the candidate.
    fn line_of(&self, error: &Error) -> Option<usize> {
        let Error::Command(error) = error else { return None };
        let FailedAt::Command(index) = error.at else { return None };
        let last = self.first + self.candidate.len();
        self.line_number(index).filter(|_| index < last)
    }

    /// Reads the diff and the remarks from the results.
    fn read(&self, client: &Client, results: &[Value]) -> Result<(String, Vec<Remark>), Error> {
        let not_text = || Error::NotEapi {
            address: client.address().to_owned(),
            what: "a result has no `output`, which text format has".to_owned(),
        };
        let outputs: Vec<&str> = results.iter().map(output).collect::<Option<_>>().ok_or_else(not_text)?;
        let (diff, outputs) = outputs.split_last().ok_or_else(not_text)?;
        let mut remarks = Vec::new();
        for (index, words) in outputs.iter().enumerate().filter(|(_, words)| !words.trim().is_empty()) {
            let command = self.commands[index].line();
            let failed = command == CLEAN || command == LEAVE && words.trim_start().starts_with('%');
            if failed {
                let words = redact::words(words, []);
                return Err(Error::NotSilent { command: command.to_owned(), words });
            }
            remarks.extend(self.remark(index, words));
        }
        let diff = if diff.trim().is_empty() { "" } else { diff };
        Ok((diff.to_owned(), remarks))
    }

    /// The remark about the command at `index`. `None` for what comes before the candidate.
    fn remark(&self, index: usize, words: &str) -> Option<Remark> {
        let line_number = self.line_number(index)?;
        let shown = ShownLine::new(self.commands[index].line());
        let text = shown.clean(&redact::words(words, []));
        Some(Remark { line_number, line: shown.text, text })
    }
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
}
