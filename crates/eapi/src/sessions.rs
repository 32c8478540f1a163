//! The sessions of a switch, read from `show configuration sessions detail`.
//!
//! EOS shows a running commit timer in different ways. Up to 4.31 the state of the session is
//! `pendingCommitTimer`. Since 4.32 its state is `committed` and the timer has a line (in JSON a
//! key) of its own. Sources: NAPALM issue 2166 for JSON; for the table, outputs that users
//! published for releases from 2017 to 4.35.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::client::Client;
use crate::error::Error;
use crate::session_name::SessionName;
use crate::wire::Format;

/// The sessions of a switch at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessions {
    /// The state of each session by its name.
    pub states: BTreeMap<String, SessionState>,
}

/// The state of a session as the switch lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionState {
    /// Open: neither committed nor aborted.
    Pending,
    /// Committed, and reverted by the switch unless it is confirmed in time.
    TimerRunning,
    /// Listed as `completed` (up to 4.31) or `committed` (since 4.32) without a running timer. That
    /// is no proof that the configuration stayed: it is not established what EOS lists after a
    /// commit timer has run out.
    Completed,
    /// Listed as `aborted`, which newer releases do for a while.
    Aborted,
    /// A state that this version does not know, in the word of the switch.
    Other(String),
}

impl Sessions {
    /// Asks the switch in one request.
    ///
    /// # Errors
    ///
    /// If the request fails, or the answer has another shape ([`Error::NotEapi`]).
    pub async fn of(client: &Client) -> Result<Self, Error> {
        Self::within(client, client.timeouts().command).await
    }

    /// Asks the switch and waits `timeout` for the answer.
    pub(crate) async fn within(client: &Client, timeout: Duration) -> Result<Self, Error> {
        let results = client.run_within(timeout, [Self::COMMAND], Format::Json).await?;
        Self::from_json(results.into_iter().next().unwrap_or_default()).map_err(|error| Error::NotEapi {
            address: client.address().to_owned(),
            what: format!("`{}` has another shape than expected: {error}", Self::COMMAND),
        })
    }

    /// The command that lists sessions.
    pub(crate) const COMMAND: &str = "show configuration sessions detail";

    /// The session whose commit timer runs. There is at most one.
    pub fn on_trial(&self) -> Option<&str> {
        let running = self.states.iter().find(|(_, state)| **state == SessionState::TimerRunning);
        running.map(|(name, _)| name.as_str())
    }

    /// The state of a session, or `None` if the switch does not list it.
    pub fn state(&self, name: &SessionName) -> Option<&SessionState> {
        self.states.get(name.as_str())
    }

    fn from_json(answer: Value) -> Result<Self, serde_json::Error> {
        let shown: SessionsJson = serde_json::from_value(answer)?;
        let timer = shown.commit_timer_session_name.as_deref();
        let states = shown.sessions.into_iter().map(|(name, session)| {
            let state = state(&name, &session.state, timer);
            (name, state)
        });
        Ok(Self { states: states.collect() })
    }

    /// Reads the table that EOS prints in text format. `None` if it does not look as expected, for
    /// instance because a long name was broken over two lines.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(|line| line.trim_start_matches([' ', '*']).trim_end());
        let (mut timer, mut has_header) = (None, false);
        for line in lines.by_ref() {
            timer = line.strip_prefix("Session with pending commit timer: ").or(timer);
            let mut words = line.split_whitespace();
            if (words.next(), words.next()) == (Some("Name"), Some("State")) {
                has_header = true;
                break;
            }
        }
        let is_rule = |line: &&str| line.chars().all(|c| matches!(c, '-' | ' ')) && !line.is_empty();
        let rows = lines.skip_while(is_rule).take_while(|line| !line.is_empty());
        let states = rows.map(|row| row_of(row, timer)).collect::<Option<BTreeMap<_, _>>>();
        states
            .filter(|states| has_header && timer.is_none_or(|timer| states.contains_key(timer)))
            .map(|states| Self { states })
    }
}

/// Reads the first two columns of a row, the name and the state.
fn row_of(row: &str, timer: Option<&str>) -> Option<(String, SessionState)> {
    let mut words = row.split_whitespace();
    let (name, word) = (words.next()?, words.next()?);
    let is_state = word.chars().all(|c| c.is_ascii_alphabetic());
    is_state.then(|| (name.to_owned(), state(name, word, timer)))
}

/// The state of the session `name` that is listed with `word` while the timer of `timer` runs.
fn state(name: &str, word: &str, timer: Option<&str>) -> SessionState {
    match word {
        _ if timer == Some(name) => SessionState::TimerRunning,
        // EOS-62: up to 4.31; later releases name the session at the top.
        "pendingCommitTimer" => SessionState::TimerRunning,
        "pending" => SessionState::Pending,
        "completed" | "committed" => SessionState::Completed,
        "aborted" => SessionState::Aborted,
        word => SessionState::Other(word.to_owned()),
    }
}

/// The part of the JSON answer that is used.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionsJson {
    sessions: BTreeMap<String, SessionJson>,
    /// Since 4.32, while a timer runs.
    commit_timer_session_name: Option<String>,
}

#[derive(Deserialize)]
struct SessionJson {
    state: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use SessionState::{Aborted, Completed, Other, Pending, TimerRunning};

    fn states(sessions: Sessions) -> Vec<(String, SessionState)> {
        sessions.states.into_iter().collect()
    }

    #[test]
    fn a_running_timer_is_seen_in_json_up_to_4_31() {
        let answer = json!({"maxSavedSessions": 1, "maxOpenSessions": 5, "sessions": {
            "a": {"state": "pendingCommitTimer", "commitBy": 1_700_000_000.5, "instances": {}},
            "b": {"state": "completed", "completedTime": 1.5},
            "c": {"state": "pending", "instances": {"7": {"user": "x"}}},
        }});
        let sessions = Sessions::from_json(answer).unwrap();
        assert_eq!(sessions.on_trial(), Some("a"));
        let expected = [("a".into(), TimerRunning), ("b".into(), Completed), ("c".into(), Pending)];
        assert_eq!(states(sessions), expected);
    }

    #[test]
    fn a_running_timer_is_seen_in_json_since_4_32() {
        let answer = json!({"maxOpenSessions": 5, "commitTimerSessionName": "a", "commitTimerExpireTime": 12.5,
            "sessions": {
                "a": {"state": "committed"}, "b": {"state": "committed"}, "c": {"state": "brandNew"},
                "d": {"state": "aborted"},
            },
        });
        let expected = [
            ("a".into(), TimerRunning),
            ("b".into(), Completed),
            ("c".into(), Other("brandNew".into())),
            ("d".into(), Aborted),
        ];
        assert_eq!(states(Sessions::from_json(answer).unwrap()), expected);
    }

    #[test]
    fn other_json_shapes_are_errors() {
        for answer in [json!({}), json!(null), json!({"sessions": []}), json!({"sessions": {"a": {}}})] {
            assert!(Sessions::from_json(answer.clone()).is_err(), "{answer}");
        }
    }

    const OLD: &str = "Maximum number of completed sessions: 1\nMaximum number of pending sessions: 5\n\n  \
        Name        State               User       Terminal    Commit Time Left    Description\n  \
        ----------- ------------------- ---------- ----------- ------------------- -----------\n  \
        a           pendingCommitTimer                                   4m56s\n  \
        b           completed\n* c           pending             admin      vty5\n\n\
        config replace of commitTimerCheckPointConfig\n";

    const NEW: &str = "Maximum number of completed sessions: 1\nMaximum number of pending sessions: 5\n\
        Merge on commit is disabled\nAutosave to startup-config on commit is disabled\n\n\
        Session with pending commit timer: a\nTime left until commit timer expiry: in 0:01:59\n\n  \
        Name             State     User  Terminal Completed Time      Committed By\n\
        - ---------------- --------- ----- -------- ------------------- ------------\n  \
        a                committed                2026-09-20 23:35:15 admin\n  \
        c                pending   admin vty8\n* s1               aborted   admin vty9     2026-09-20 22:19:28\n";

    #[test]
    fn the_tables_of_old_and_new_releases_are_read() {
        let old = states(Sessions::from_text(OLD).unwrap());
        assert_eq!(old, [("a".into(), TimerRunning), ("b".into(), Completed), ("c".into(), Pending)]);
        let new = states(Sessions::from_text(NEW).unwrap());
        assert_eq!(new, [("a".into(), TimerRunning), ("c".into(), Pending), ("s1".into(), Aborted)]);
    }

    #[test]
    fn a_table_without_sessions_is_read() {
        let text = "Maximum number of pending sessions: 5\n\n  Name    State    User    Terminal\n";
        assert_eq!(states(Sessions::from_text(text).unwrap()), []);
        assert_eq!(states(Sessions::from_text(&format!("{text}  ---- -----\n\n")).unwrap()), []);
    }

    #[test]
    fn an_unexpected_table_is_not_guessed_at() {
        let broken = OLD.replace("  b           completed\n", "  long-name-that-\n  was-broken completed\n");
        let without_row = NEW.replace("  a                committed                2026-09-20 23:35:15 admin\n", "");
        let no_state = OLD.replace("b           completed", "b           2026-09-20");
        for text in ["", "% Invalid input", "a pending", &broken, &without_row, &no_state] {
            assert_eq!(Sessions::from_text(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_table_makes_it_panic(text in "(?s).{0,300}", tail in "(?s)[ *a-z\n-]{0,200}") {
            let _ = Sessions::from_text(&text);
            let _ = Sessions::from_text(&format!("  Name State\n{tail}"));
        }
    }
}
