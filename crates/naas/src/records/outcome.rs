//! What became of one device in one run. Every device of an accepted run ends in exactly one
//! outcome.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use intent::hash::ContentHash;
use intent::name::{DeviceName, RunId};

/// The word an operator reads first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The switch's own diff was empty; nothing was committed, and saved only what an earlier push
    /// could not save.
    InSync,
    /// Replaced and saved; the diff is what the switch computed before the commit.
    Changed,
    /// The switch runs what was intended, and besides what somebody changed by hand while it was
    /// being committed or saved. Both are saved. A check follows, and tells the difference.
    EditedMeanwhile,
    /// It runs what was intended, but its startup-config is another one, which a reload brings
    /// back: the switch could not save it, or a plan or check found it unsaved.
    NotSaved,
    /// Replaced, and then not confirmed: a check failed, the switch could not be reached any more,
    /// or somebody else ended the commit timer. It goes back to what it ran.
    Reverted,
    /// A plan: the diff is what would change.
    Planned,
    /// A check: it does not run what it should, and the diff says what it would take.
    Drifted,
    /// Left to another run, which came later, waited for the device and had the same to do.
    Superseded,
    /// The run was cancelled before the switch was touched.
    Cancelled,
    /// The intent could not be rendered; the switch was not contacted.
    Invalid,
    /// The switch refused a line or a command; its running-config is as it was.
    Refused,
    /// The order of a port would change lines that are not the order's; the switch runs what it ran.
    OutOfScope,
    /// No answer from the switch before anything was changed.
    Unreachable,
    /// The switch refused the credentials, or their right to run a command.
    Denied,
    /// The last answer never came: the switch runs the new configuration, or goes back to the old
    /// one by its commit timer.
    Unknown,
}

impl Status {
    /// Every status, in the order a summary lists them.
    pub const ALL: [Self; 15] = [
        Self::InSync,
        Self::Changed,
        Self::EditedMeanwhile,
        Self::NotSaved,
        Self::Reverted,
        Self::Planned,
        Self::Drifted,
        Self::Superseded,
        Self::Cancelled,
        Self::Invalid,
        Self::Refused,
        Self::OutOfScope,
        Self::Unreachable,
        Self::Denied,
        Self::Unknown,
    ];

    /// The word as it stands in answers and keys, such as `in_sync`.
    pub fn word(self) -> &'static str {
        match self {
            Self::InSync => "in_sync",
            Self::Changed => "changed",
            Self::EditedMeanwhile => "edited_meanwhile",
            Self::NotSaved => "not_saved",
            Self::Reverted => "reverted",
            Self::Planned => "planned",
            Self::Drifted => "drifted",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
            Self::Invalid => "invalid",
            Self::Refused => "refused",
            Self::OutOfScope => "out_of_scope",
            Self::Unreachable => "unreachable",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the switch runs what was intended, saved.
    pub fn is_intent(self) -> bool {
        matches!(self, Self::InSync | Self::Changed)
    }

    /// The status a [`word`](Self::word) stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// Whether the switch may have been changed: the first question at 3 a.m.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchState {
    /// Nothing was sent to it.
    NotContacted,
    /// It runs what it ran before, and no session of ours is left on it.
    Unchanged,
    /// It runs what it ran before, but this pending session of ours may still be on it.
    SessionLeft(String),
    /// It runs the new configuration, saved.
    Saved,
    /// It runs the new configuration, but the startup-config is the old one: a reload brings that
    /// back.
    NotSaved,
    /// It ran the new configuration, unconfirmed: its commit timer brings back what it ran before,
    /// without anybody's help.
    Reverting,
    /// A confirmation was sent and its answer never came.
    Unknown,
}

/// The record of one device in one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The name of the run.
    pub run: RunId,
    /// The name of the device.
    pub device: DeviceName,
    /// The word for how the work on the device ended.
    pub status: Status,
    /// Whether the switch may have changed.
    pub switch: SwitchState,
    /// The switch's own unified diff from what it ran to what was rendered; empty when in sync.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub diff: String,
    /// What the switch said about lines that it took, in the order of the lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remark>,
    /// What went wrong: file, line and name, or the switch's words, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Who does what this run was to do, if it is superseded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<RunId>,
    /// What an apply that is bound to this plan compares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// The stored configuration that the device is pinned to, and that took the place of what
    /// models say.
    #[serde(default, alias = "held", skip_serializing_if = "Option::is_none")]
    pub pinned: Option<ContentHash>,
    /// When the work on the device began.
    pub started_at: Timestamp,
    /// When its outcome was known.
    pub finished_at: Timestamp,
}

/// What the switch said about a line that it took, such as that it takes effect only after a
/// reload. Without secrets.
// EOS-45: EOS remarks on lines that it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// The number of the line in the rendered configuration, from 1.
    pub line: usize,
    /// The line itself, without indentation.
    pub command: String,
    /// The words of the switch, on one line.
    pub text: String,
}

/// What a plan was made of, and what must still be so when it is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// SHA-256 of the rendered configuration, hexadecimal.
    pub intent: String,
    /// EOS's digest of the running-config; none where EOS has no digest.
    pub digest: Option<String>,
    /// SHA-256 of the switch's diff without its two headings, hexadecimal.
    pub diff: String,
    /// SHA-256 of what guards the push, hexadecimal: its checks, its commit timer and the lock-out
    /// rules that it may break. None in a plan of an earlier version, which binds no apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safety: Option<String>,
}

/// A device whose run has no outcome for it yet, and what happened so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The name of the run.
    pub run: RunId,
    /// The name of the device.
    pub device: DeviceName,
    /// How many attempts were made, or how often others were at work.
    pub attempts: u32,
    /// When the last one was made.
    pub at: Timestamp,
    /// Why it came to nothing.
    pub reason: String,
    /// Not before then it is tried again.
    pub again_at: Timestamp,
}

/// How many lines a unified diff adds and removes.
pub fn changed_lines(diff: &str) -> (usize, usize) {
    let count = |sign: char, header: &str| {
        diff.lines().filter(|line| line.starts_with(sign) && !line.starts_with(header)).count()
    };
    (count('+', "+++ "), count('-', "--- "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_with_the_old_word_for_pinned_is_read() {
        let hash = ContentHash::of("hostname leaf1\n");
        let document = serde_json::json!({
            "run": "20261123-201530-000007", "device": "leaf1", "status": "in_sync", "switch": "unchanged", "held": hash,
            "started_at": "2026-11-23T20:15:30Z", "finished_at": "2026-11-23T20:15:31Z",
        });

        let outcome: Outcome = serde_json::from_value(document).unwrap();

        assert_eq!(outcome.pinned, Some(hash));
    }

    #[test]
    fn a_status_is_written_as_its_word() {
        for status in Status::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
            assert_eq!(Status::from_word(status.word()), Some(status));
        }
    }
}
