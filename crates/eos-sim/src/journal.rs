//! What happened on a device, in the order it happened.

use jiff::Timestamp;
use serde::Serialize;

/// One entry: `{"at": RFC 3339, "event": ..., ...}` in JSON.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// When it happened, by the device's clock.
    pub at: Timestamp,
    /// The event itself.
    #[serde(flatten)]
    pub event: Event,
}

/// An event on a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A session was created; re-entering one is not an event.
    SessionOpened {
        /// The name of the session.
        session: String,
    },
    /// A session became the running-config.
    SessionCommitted {
        /// The name of the session.
        session: String,
        /// After how many seconds it is reverted, where it was committed with a timer.
        #[serde(skip_serializing_if = "Option::is_none")]
        timer_s: Option<u64>,
    },
    /// A session whose commit timer was running was committed for good.
    SessionConfirmed {
        /// The name of the session.
        session: String,
    },
    /// A committed session was undone: its commit timer ran out, or it was aborted while that was
    /// running.
    SessionReverted {
        /// The name of the session.
        session: String,
    },
    /// A session was discarded.
    SessionAborted {
        /// The name of the session.
        session: String,
    },
    /// A session was discarded because it was pending for a day.
    SessionTimedOut {
        /// The name of the session.
        session: String,
    },
    /// The running-config was saved as startup-config.
    Saved,
    /// A save failed, and the startup-config is what it was.
    SaveFailed,
    /// The running-config was replaced by `configure replace`.
    Replaced {
        /// The file that it was replaced with.
        source: String,
    },
    /// A request changed the running-config outside of a session.
    ConfiguredByHand,
    /// A configuration or a file was copied to another place than the startup-config.
    Copied {
        /// The configuration or file that was copied.
        source: String,
        /// The place that it was copied to.
        target: String,
    },
    /// A file was deleted.
    Deleted {
        /// The path of the file, as it was given.
        file: String,
    },
    /// A checkpoint was saved by hand.
    CheckpointSaved,
    /// An EXEC command that acts and is not imitated, such as `clear` or `bash`, was taken and only
    /// noted.
    CommandRun {
        /// The command as it was sent.
        command: String,
    },
    /// Somebody took the configuration lock.
    ConfigurationLocked,
    /// The configuration lock was given back.
    ConfigurationUnlocked,
    /// The device was reloaded: what was not saved is gone.
    Rebooted,
    /// An event-handler's action was started.
    ActionStarted {
        /// The name of the event-handler.
        handler: String,
    },
    /// An action ended, or was ended.
    ActionEnded {
        /// The name of the event-handler.
        handler: String,
        /// The exit status; `None` if the action was killed or could not be started.
        exit_status: Option<i32>,
        /// What the action wrote to standard output, then to standard error.
        output: String,
    },
    /// An action was due on a device that may not run any.
    ActionNotRun {
        /// The name of the event-handler.
        handler: String,
    },
    /// A request came with a wrong user name, password or cookie.
    LoginRefused,
}

/// The events of a device, in order.
#[derive(Debug, Default)]
pub(crate) struct Journal(Vec<Entry>);

impl Journal {
    pub(crate) fn note(&mut self, at: Timestamp, event: Event) {
        tracing::debug!(?event, "journal");
        self.0.push(Entry { at, event });
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_flat_objects() {
        let mut journal = Journal::default();
        let event = Event::ActionEnded { handler: "x".into(), exit_status: None, output: String::new() };
        journal.note(Timestamp::UNIX_EPOCH, event);
        let json = serde_json::to_value(journal.entries()).unwrap();
        assert_eq!(json[0]["event"], "action_ended");
        assert_eq!(json[0]["exit_status"], serde_json::Value::Null);
        assert!(json[0]["at"].as_str().unwrap().ends_with('Z'));
    }
}
