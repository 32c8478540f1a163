//! A command that the switch refused, in its own words.

use std::fmt;

use serde_json::Value;

use crate::error_kind::ErrorKind;
use crate::wire::code;

/// Where in a request the switch stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedAt {
    /// At the `enable` that this crate sends first. None of the caller's commands ran.
    Enable,
    /// At the caller's command with this index, from 0.
    Command(usize),
    /// The switch did not say where.
    Unknown,
}

/// A command that the switch refused. The commands before it have taken effect.
pub struct CommandError {
    /// The command that was refused.
    pub at: FailedAt,
    /// The number of commands that the caller gave.
    pub total: usize,
    /// The refused line without what follows a word that announces a secret. Empty if the switch
    /// did not say which line it refused.
    pub command: String,
    /// The JSON-RPC code, see [`code`].
    pub code: i64,
    /// The end of the JSON-RPC message, such as `invalid command`.
    pub reason: String,
    /// The `errors` of the switch. It may send none.
    pub errors: Vec<String>,
    /// The results of the caller's commands that passed, as far as the switch sent them.
    pub passed: Vec<Value>,
}

impl CommandError {
    /// The number of the caller's commands that never ran, or `None` if the switch did not say
    /// where it stopped.
    pub fn never_ran(&self) -> Option<usize> {
        match self.at {
            FailedAt::Enable => Some(self.total),
            FailedAt::Command(index) => Some(self.total.saturating_sub(index + 1)),
            FailedAt::Unknown => None,
        }
    }

    /// The words of the switch: its `errors`, or the reason if it gave none.
    pub fn words(&self) -> String {
        if self.errors.is_empty() { self.reason.clone() } else { self.errors.join("; ") }
    }

    /// What helps against the refusal.
    pub fn kind(&self) -> ErrorKind {
        if self.is_busy() {
            ErrorKind::Busy
        } else if self.at == FailedAt::Enable || self.code == code::DENIED || self.words().contains(PRIVILEGE) {
            ErrorKind::Denied
        } else {
            ErrorKind::Refused
        }
    }

    /// Returns true if the same request can succeed later although nobody corrects anything.
    ///
    /// That includes a refused `enable` (code 1005): a switch that cannot reach its TACACS+ or
    /// RADIUS server refuses it, and accepts it again when the server answers. A wrong enable
    /// password is told by its words and is not passing.
    pub fn is_passing(&self) -> bool {
        let refused_enable = self.at == FailedAt::Enable && self.code == code::DENIED;
        self.is_busy() || refused_enable && !self.words().contains(BAD_SECRET)
    }

    fn is_busy(&self) -> bool {
        let words = self.words();
        self.code == code::INTERNAL
            || self.code != code::INVALID && is_held_lock(&words)
            || words.contains(SESSION_LIMIT)
            || self.passed.iter().filter_map(output).any(|text| text.contains(SESSION_LIMIT))
    }
}

/// The first words of EOS about too many pending sessions. What follows them differs by release.
// EOS-53: what follows these words is not known.
const SESSION_LIMIT: &str = "Maximum number of pending sessions has been reached";

/// The words of EOS about a command that wants `enable` first.
// EOS-25: said of a command without `enable`.
const PRIVILEGE: &str = "privileged mode required";

/// The words of EOS about a wrong enable password.
const BAD_SECRET: &str = "Bad secret";

/// Returns true if the words are about a configuration lock (`configure lock`) that somebody holds.
/// The exact sentence is not established, so two words are looked for.
fn is_held_lock(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    words.contains("configur") && words.contains("lock")
}

/// The text of a result in text format.
// EOS-26: in text format each result has `output`.
pub(crate) fn output(result: &Value) -> Option<&str> {
    result.get("output")?.as_str()
}

impl std::error::Error for CommandError {}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (total, code, words) = (self.total, self.code, self.words());
        match self.at {
            FailedAt::Enable => write!(f, "the switch refused `enable`, so ran nothing: {words} (code {code})"),
            FailedAt::Command(index) => {
                let (command, number) = (&self.command, index + 1);
                write!(f, "the switch refused `{command}`: {words} (code {code}, command {number} of {total})")
            }
            FailedAt::Unknown => write!(f, "the switch refused one of {total} commands: {words} (code {code})"),
        }
    }
}

/// Shows the number of results only, because results may hold whole configurations.
impl fmt::Debug for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandError")
            .field("at", &self.at)
            .field("total", &self.total)
            .field("command", &self.command)
            .field("code", &self.code)
            .field("reason", &self.reason)
            .field("errors", &self.errors)
            .field("passed", &self.passed.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(at: FailedAt, code: i64, words: &str) -> CommandError {
        let (command, reason) = (String::new(), "could not run command".to_owned());
        CommandError { at, total: 2, command, code, reason, errors: vec![words.to_owned()], passed: Vec::new() }
    }

    #[test]
    fn passing_refusals_are_told_from_lasting_ones() {
        use FailedAt::{Command, Enable};
        for (at, code, words, kind, passing) in [
            (Enable, 1005, "permission to run command denied", ErrorKind::Denied, true),
            (Enable, 1005, "Bad secret", ErrorKind::Denied, false),
            (Enable, 1001, "internal error", ErrorKind::Busy, true),
            (Command(0), 1001, "internal error", ErrorKind::Busy, true),
            (Command(0), 1005, "permission to run command denied", ErrorKind::Denied, false),
            (Command(0), 1000, "Unable to run this command (configuration locked by bob)", ErrorKind::Busy, true),
            (Command(0), 1000, "Configuration is locked", ErrorKind::Busy, true),
            (Command(1), 1002, "Invalid input (at token 1: 'configlock')", ErrorKind::Refused, false),
            (Command(0), 1000, "Maximum number of pending sessions has been reached", ErrorKind::Busy, true),
            (Command(1), 1000, "no room in TCAM", ErrorKind::Refused, false),
        ] {
            let error = refused(at, code, words);
            assert_eq!((error.kind(), error.is_passing()), (kind, passing), "{error}");
        }
    }
}
