//! Which sessions a switch has, from the answers of EOS up to 4.31 and since 4.32, which differ in how they show a commit
//! timer.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::client::Client;
use crate::error::Error;
use crate::session::{Session, SessionName};
use crate::wire::Format;

/// The sessions of a switch at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessions {
    /// Each session by name.
    pub states: BTreeMap<String, SessionState>,
    /// How many may be pending at once; 5 unless configured otherwise.
    pub pending_limit: Option<u32>,
}

/// What has become of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionState {
    /// Open, neither committed nor aborted.
    Pending,
    /// Committed, and will be reverted unless it is confirmed in time.
    TimerRunning,
    /// Committed.
    Completed,
    /// A state this version does not know.
    Other(String),
}

impl Sessions {
    /// Asks the switch.
    pub async fn of(client: &Client) -> Result<Self, Error> {
        let results = client.run([Self::COMMAND], Format::Json).await?;
        Self::from_answer(client, results.into_iter().next().unwrap_or_default())
    }

    /// The command whose answer this is.
    pub(crate) const COMMAND: &str = "show configuration sessions detail";

    pub(crate) fn from_answer(client: &Client, answer: Value) -> Result<Self, Error> {
        Self::read(answer).map_err(|error| Error::NotEapi {
            address: client.address().to_owned(),
            what: format!("`{}` has another shape than expected: {error}", Self::COMMAND),
        })
    }

    /// The session whose commit timer runs; there is one at most.
    pub fn on_trial(&self) -> Option<&str> {
        self.states.iter().find(|(_, state)| **state == SessionState::TimerRunning).map(|(name, _)| name.as_str())
    }

    /// The state of a session, if the switch still knows it.
    pub fn state(&self, name: &SessionName) -> Option<&SessionState> {
        self.states.get(name.as_str())
    }

    /// Aborts the pending sessions whose name begins with `prefix`, and returns those that are gone. One whose timer runs
    /// is left alone, since aborting it would revert it. Make sure that nobody is at work in one of them, and that the
    /// prefix is yours.
    pub async fn reclaim(&self, client: &Client, prefix: &SessionName) -> Result<Vec<SessionName>, Error> {
        let mut reclaimed = Vec::new();
        let pending = self.states.iter().filter(|(_, state)| **state == SessionState::Pending);
        // A name we could not have given is not ours.
        let names = pending.filter_map(|(name, _)| name.parse::<SessionName>().ok());
        for name in names.filter(|name| name.as_str().starts_with(prefix.as_str())) {
            Session::resume(client, name.clone()).abort().await?;
            reclaimed.push(name);
        }
        Ok(reclaimed)
    }

    fn read(answer: Value) -> Result<Self, serde_json::Error> {
        let shown: Shown = serde_json::from_value(answer)?;
        let timer = shown.commit_timer_session_name;
        let state = |name: &str, state: String| match state.as_str() {
            _ if timer.as_deref() == Some(name) => SessionState::TimerRunning,
            "pendingCommitTimer" => SessionState::TimerRunning,
            "pending" => SessionState::Pending,
            "completed" | "committed" => SessionState::Completed,
            _ => SessionState::Other(state),
        };
        let states = shown.sessions.into_iter().map(|(name, session)| {
            let state = state(&name, session.state);
            (name, state)
        });
        Ok(Self { states: states.collect(), pending_limit: shown.max_open_sessions })
    }
}

/// The part of the answer that is used.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    sessions: BTreeMap<String, ShownSession>,
    max_open_sessions: Option<u32>,
    /// Since 4.32, while a timer runs.
    commit_timer_session_name: Option<String>,
}

#[derive(Deserialize)]
struct ShownSession {
    state: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn states(answer: Value) -> Vec<(String, SessionState)> {
        Sessions::read(answer).unwrap().states.into_iter().collect()
    }

    #[test]
    fn a_running_timer_is_seen_up_to_4_31() {
        let answer = json!({"maxSavedSessions": 1, "maxOpenSessions": 5, "sessions": {
            "a": {"state": "pendingCommitTimer", "commitBy": 1_700_000_000.5, "instances": {}},
            "b": {"state": "completed", "completedTime": 1.5},
            "c": {"state": "pending", "instances": {"7": {"user": "x"}}},
        }});
        use SessionState::{Completed, Pending, TimerRunning};
        assert_eq!(Sessions::read(answer.clone()).unwrap().on_trial(), Some("a"));
        assert_eq!(states(answer), [("a".into(), TimerRunning), ("b".into(), Completed), ("c".into(), Pending)]);
    }

    #[test]
    fn a_running_timer_is_seen_since_4_32() {
        let answer = json!({"maxOpenSessions": 5, "commitTimerSessionName": "a", "commitTimerExpireTime": 12.5, "sessions": {
            "a": {"state": "committed"}, "b": {"state": "committed"}, "c": {"state": "brandNew"},
        }});
        use SessionState::{Completed, Other, TimerRunning};
        let expected = [("a".into(), TimerRunning), ("b".into(), Completed), ("c".into(), Other("brandNew".into()))];
        assert_eq!(states(answer), expected);
    }

    #[test]
    fn other_shapes_are_errors() {
        for answer in [json!({}), json!(null), json!({"sessions": []}), json!({"sessions": {"a": {}}})] {
            assert!(Sessions::read(answer.clone()).is_err(), "{answer}");
        }
    }
}
