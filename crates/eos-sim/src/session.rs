//! Configuration sessions: candidates that start as a copy of the running-config. Source: EOS user manual, "Configure
//! Session".

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::config::Config;

/// How many sessions may be pending at once.
const PENDING: usize = 5;

/// The sessions of a device. Of those that are completed, the last one is remembered.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    pending: BTreeMap<String, Config>,
    completed: Option<String>,
    unnamed: usize,
}

/// How a session was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entered {
    New,
    Again,
}

impl Sessions {
    /// Creates the session `name` with a copy of `running`, or goes back into it.
    pub(crate) fn enter(&mut self, name: &str, running: &Config) -> Result<Entered, String> {
        if self.pending.contains_key(name) {
            return Ok(Entered::Again);
        }
        if self.completed.as_deref() == Some(name) {
            return Err(format!("Cannot enter session {name}: it is already completed"));
        }
        if self.pending.len() >= PENDING {
            return Err("Maximum number of pending sessions has been reached".to_owned());
        }
        self.pending.insert(name.to_owned(), running.clone());
        Ok(Entered::New)
    }

    /// A name for a session that was given none.
    pub(crate) fn unnamed(&mut self) -> String {
        self.unnamed += 1;
        format!("sess-{}-{}-0", std::process::id(), self.unnamed)
    }

    pub(crate) fn candidate(&mut self, name: &str) -> Option<&mut Config> {
        self.pending.get_mut(name)
    }

    /// Ends a session by commit and hands over its configuration.
    pub(crate) fn commit(&mut self, name: &str) -> Option<Config> {
        let config = self.pending.remove(name)?;
        self.completed = Some(name.to_owned());
        Some(config)
    }

    /// Discards a session; false if there is none of that name.
    pub(crate) fn abort(&mut self, name: &str) -> bool {
        self.pending.remove(name).is_some()
    }

    /// Each session's name and state, `pending` or `completed`.
    pub(crate) fn states(&self) -> BTreeMap<String, &'static str> {
        let pending = self.pending.keys().map(|name| (name.clone(), "pending"));
        pending.chain(self.completed.iter().map(|name| (name.clone(), "completed"))).collect()
    }

    pub(crate) fn json(&self, user: &str) -> Value {
        let sessions = self.states().into_iter().map(|(name, state)| {
            let session = json!({"state": state, "commitUser": user, "description": "", "instances": {}});
            (name, session)
        });
        json!({
            "maxSavedSessions": 1, "maxOpenSessions": PENDING, "mergeOnCommit": false, "saveToStartupConfigOnCommit": false,
            "sessions": sessions.collect::<serde_json::Map<_, _>>(),
        })
    }

    pub(crate) fn text(&self, user: &str) -> String {
        let mut out = format!(
            "Maximum number of completed sessions: 1\nMaximum number of pending sessions: {PENDING}\nMerge on commit is \
             disabled\nAutosave to startup-config on commit is disabled\n\n  Name{:28}State         User\n",
            ""
        );
        for (name, state) in self.states() {
            out.push_str(&format!("  {name:<31} {state:<13} {user}\n"));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_may_be_pending() {
        let (mut sessions, running) = (Sessions::default(), Config::default());
        (0..5).for_each(|n| assert_eq!(sessions.enter(&format!("s{n}"), &running), Ok(Entered::New)));
        assert_eq!(sessions.enter("s0", &running), Ok(Entered::Again));
        assert!(sessions.enter("s5", &running).unwrap_err().starts_with("Maximum number of pending sessions"));
        assert!(sessions.abort("s0"));
        assert_eq!(sessions.enter("s5", &running), Ok(Entered::New));
    }

    #[test]
    fn a_completed_name_is_used_up_until_another_is_completed() {
        let (mut sessions, running) = (Sessions::default(), Config::default());
        for name in ["a", "b"] {
            sessions.enter(name, &running).unwrap();
        }
        sessions.commit("a").unwrap();
        assert!(sessions.enter("a", &running).unwrap_err().contains("already completed"));
        sessions.commit("b").unwrap();
        assert_eq!(sessions.enter("a", &running), Ok(Entered::New));
    }
}
