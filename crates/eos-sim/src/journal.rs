//! What happened on a device, in the order it happened.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

/// One entry: `{"at": RFC 3339, "event": ..., ...}` in JSON.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A session was created; re-entering one is not an event.
    SessionOpened {
        /// Its name.
        session: String,
    },
    /// A session became the running-config.
    SessionCommitted {
        /// Its name.
        session: String,
    },
    /// A session was discarded.
    SessionAborted {
        /// Its name.
        session: String,
    },
    /// The running-config was saved as startup-config.
    Saved,
    /// A request changed the running-config outside of a session.
    ConfiguredByHand,
    /// An event-handler's action was started.
    ActionStarted {
        /// The event-handler.
        handler: String,
    },
    /// An action ended, or was ended.
    ActionEnded {
        /// The event-handler.
        handler: String,
        /// None if it was killed or could not be started.
        exit_status: Option<i32>,
        /// What it wrote to standard output, then to standard error.
        output: String,
    },
    /// An action was due on a device that may not run any.
    ActionNotRun {
        /// The event-handler.
        handler: String,
    },
    /// Somebody came with a wrong user name or password.
    LoginRefused,
}

/// A device's journal.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Vec<Entry>>);

impl Journal {
    pub(crate) fn note(&self, event: Event) {
        tracing::debug!(?event, "journal");
        self.entries_mut().push(Entry { at: Timestamp::now(), event });
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries_mut().clone()
    }

    fn entries_mut(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_flat_objects() {
        let journal = Journal::default();
        journal.note(Event::ActionEnded { handler: "x".into(), exit_status: None, output: String::new() });
        let json = serde_json::to_value(journal.entries()).unwrap();
        assert_eq!(json[0]["event"], "action_ended");
        assert_eq!(json[0]["exit_status"], serde_json::Value::Null);
        assert!(json[0]["at"].as_str().unwrap().ends_with('Z'));
    }
}
