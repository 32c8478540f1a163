//! Configuration sessions: candidates that start as a copy of the running-config, and the one
//! commit timer of a device. Source: EOS user manual, "Configure Session".

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::config::Config;
use crate::faults::ExpiredSession;
use crate::release::Release;

/// How many sessions may be pending at once.
const PENDING: usize = 5;

/// For how long a session may be pending.
const LIFE: SignedDuration = SignedDuration::from_hours(24);

/// The sessions of a device. Of those that have ended, the last one that stays listed is
/// remembered.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    pending: BTreeMap<String, Pending>,
    ended: Option<Ended>,
    armed: Option<Armed>,
    unnamed: usize,
}

#[derive(Debug)]
struct Pending {
    candidate: Arc<Config>,
    opened: Timestamp,
}

/// A session that has ended and is still listed.
#[derive(Debug)]
struct Ended {
    name: String,
    at: Timestamp,
    /// The state it is listed with: completed or aborted.
    state: SessionState,
}

/// A session that is in force until its commit timer runs out.
#[derive(Debug)]
pub(crate) struct Armed {
    pub(crate) name: String,
    /// The configuration that the device goes back to.
    pub(crate) before: Arc<Config>,
    pub(crate) until: Timestamp,
}

/// What has become of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// It was neither committed nor aborted.
    Pending,
    /// It is in force until its commit timer runs out or it is confirmed.
    TimerRunning,
    /// It was committed for good; or, with the fault `expired_session`, it was undone and is listed
    /// like one that was committed.
    Completed,
    /// It was undone and is still listed, which happens only with the fault `expired_session`.
    Aborted,
}

impl SessionState {
    fn shown(self, generation: Generation) -> &'static str {
        match (self, generation) {
            (Self::Pending, _) => "pending",
            (Self::Aborted, _) => "aborted",
            (Self::TimerRunning, Generation::UpTo431) => "pendingCommitTimer",
            (Self::Completed, Generation::UpTo431) => "completed",
            (Self::TimerRunning | Self::Completed, Generation::Since432) => "committed",
        }
    }
}

/// How a session was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entered {
    New,
    Again,
}

/// What a commit did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Commit {
    /// This configuration becomes the running-config.
    Applied(Arc<Config>),
    /// The commit confirmed what runs under a commit timer.
    Confirmed,
    /// The commit timer starts anew.
    Rearmed,
}

/// What an abort did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Abort {
    Discarded,
    /// The running-config goes back to this.
    Reverted(Arc<Config>),
}

/// Which shape the JSON of sessions has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generation {
    UpTo431,
    Since432,
}

impl Generation {
    /// The shape in a version such as `4.32.0F`; a version that cannot be read counts as new.
    pub(crate) fn of(eos: &str) -> Self {
        if Release::of(eos).is_since(4, 32) { Self::Since432 } else { Self::UpTo431 }
    }
}

impl Sessions {
    /// Creates the session `name` with a copy of `running`, or goes back into it.
    pub(crate) fn enter(&mut self, name: &str, running: &Arc<Config>, now: Timestamp) -> Result<Entered, String> {
        if self.pending.contains_key(name) {
            return Ok(Entered::Again);
        }
        let armed = self.armed.as_ref().is_some_and(|armed| armed.name == name);
        if armed || self.ended.as_ref().is_some_and(|ended| ended.name == name) {
            return Err(format!("Cannot enter session {name}: it is already completed"));
        }
        if self.pending.len() >= PENDING {
            return Err("Maximum number of pending sessions has been reached".to_owned());
        }
        self.pending.insert(name.to_owned(), Pending { candidate: running.clone(), opened: now });
        Ok(Entered::New)
    }

    /// A name for a session that was given none.
    pub(crate) fn unnamed(&mut self) -> String {
        self.unnamed += 1;
        format!("sess-{}-{}-0", std::process::id(), self.unnamed)
    }

    pub(crate) fn candidate(&self, name: &str) -> Option<&Arc<Config>> {
        self.pending.get(name).map(|pending| &pending.candidate)
    }

    pub(crate) fn candidate_mut(&mut self, name: &str) -> Option<&mut Config> {
        self.pending.get_mut(name).map(|pending| Arc::make_mut(&mut pending.candidate))
    }

    /// Commits a session, for as long as `timer` says if there is one; `running` is what that would
    /// go back to. While one timer runs, no other session can be committed.
    pub(crate) fn commit(
        &mut self,
        name: &str,
        timer: Option<Duration>,
        running: &Arc<Config>,
        now: Timestamp,
    ) -> Result<Commit, String> {
        if let Some(armed) = &mut self.armed {
            if armed.name != name {
                return Err(format!("Cannot commit: the commit timer of session {} is running", armed.name));
            }
            if let Some(timer) = timer {
                armed.until = after(now, timer);
                return Ok(Commit::Rearmed);
            }
            self.armed = None;
            self.end(name, now, SessionState::Completed);
            return Ok(Commit::Confirmed);
        }
        let pending = self.pending.remove(name).ok_or_else(|| missing(name))?;
        match timer {
            Some(timer) => {
                let (name, before) = (name.to_owned(), running.clone());
                self.armed = Some(Armed { name, before, until: after(now, timer) });
            }
            None => self.end(name, now, SessionState::Completed),
        }
        Ok(Commit::Applied(pending.candidate))
    }

    /// Discards a session, or undoes the one whose timer is running.
    pub(crate) fn abort(&mut self, name: &str) -> Result<Abort, String> {
        if let Some(armed) = self.armed.take_if(|armed| armed.name == name) {
            return Ok(Abort::Reverted(armed.before));
        }
        self.pending.remove(name).map(|_| Abort::Discarded).ok_or_else(|| missing(name))
    }

    /// The session whose timer has run out by `now`, once.
    pub(crate) fn expired(&mut self, now: Timestamp) -> Option<Armed> {
        self.armed.take_if(|armed| armed.until <= now)
    }

    /// Lists a session whose timer has run out, as `shown` says. Whether EOS does is not known.
    pub(crate) fn list_expired(&mut self, armed: &Armed, shown: ExpiredSession) {
        match shown {
            ExpiredSession::Gone => {}
            ExpiredSession::Completed => self.end(&armed.name, armed.until, SessionState::Completed),
            ExpiredSession::Aborted => self.end(&armed.name, armed.until, SessionState::Aborted),
        }
    }

    fn end(&mut self, name: &str, at: Timestamp, state: SessionState) {
        self.ended = Some(Ended { name: name.to_owned(), at, state });
    }

    /// Discards what was pending for too long, and says when each of them ended.
    pub(crate) fn timed_out(&mut self, now: Timestamp) -> Vec<(String, Timestamp)> {
        let end = |pending: &Pending| pending.opened.checked_add(LIFE).unwrap_or(Timestamp::MAX);
        let old: Vec<_> = self.pending.iter().map(|(name, pending)| (name.clone(), end(pending))).collect();
        let old: Vec<_> = old.into_iter().filter(|(_, end)| *end <= now).collect();
        self.pending.retain(|name, _| !old.iter().any(|(old, _)| old == name));
        old
    }

    /// The state of each listed session, by its name.
    pub(crate) fn states(&self) -> BTreeMap<String, SessionState> {
        let pending = self.pending.keys().map(|name| (name.clone(), SessionState::Pending));
        let ended = self.ended.iter().map(|ended| (ended.name.clone(), ended.state));
        let armed = self.armed.iter().map(|armed| (armed.name.clone(), SessionState::TimerRunning));
        pending.chain(ended).chain(armed).collect()
    }

    /// The answer of `show configuration sessions detail`.
    pub(crate) fn json(&self, user: &str, generation: Generation, booted: Timestamp) -> Value {
        // In seconds of uptime, as NAPALM reads it: it compares it with that of `show version`.
        let expires = self.armed.as_ref().map(|armed| seconds(armed.until) - seconds(booted));
        let mut sessions = Map::new();
        for (name, state) in self.states() {
            let state = state.shown(generation);
            let mut session = json!({"state": state, "commitUser": user, "description": "", "instances": {}});
            if let Some(ended) = self.ended.as_ref().filter(|ended| ended.name == name) {
                session["completedTime"] = json!(seconds(ended.at));
            }
            let armed = self.armed.as_ref().is_some_and(|armed| armed.name == name);
            if armed && generation == Generation::UpTo431 {
                session["commitBy"] = json!(expires);
            }
            sessions.insert(name, session);
        }
        let mut json = json!({
            "maxSavedSessions": 1, "maxOpenSessions": PENDING, "mergeOnCommit": false, "saveToStartupConfigOnCommit": false,
            "sessions": sessions,
        });
        if let (Some(armed), Generation::Since432) = (&self.armed, generation) {
            json["commitTimerSessionName"] = json!(armed.name);
            json["commitTimerExpireTime"] = json!(expires);
        }
        json
    }

    pub(crate) fn text(&self, user: &str, generation: Generation, now: Timestamp) -> String {
        let mut out = format!(
            "Maximum number of completed sessions: 1\nMaximum number of pending sessions: {PENDING}\nMerge on commit is \
             disabled\nAutosave to startup-config on commit is disabled\n"
        );
        if let Some(armed) = &self.armed {
            let left = armed.until.duration_since(now).as_secs().max(0);
            let (hours, minutes, seconds) = (left / 3600, left / 60 % 60, left % 60);
            out.push_str(&format!(
                "Session with pending commit timer: {}\nTime left until commit timer expiry: in \
                 {hours}:{minutes:02}:{seconds:02}\n",
                armed.name
            ));
        }
        out.push_str(&format!("\n  Name{:28}State              User\n", ""));
        for (name, state) in self.states() {
            out.push_str(&format!("  {name:<31} {:<18} {user}\n", state.shown(generation)));
        }
        out
    }
}

fn missing(name: &str) -> String {
    format!("Session {name} does not exist")
}

fn after(now: Timestamp, timer: Duration) -> Timestamp {
    now.checked_add(timer).unwrap_or(Timestamp::MAX)
}

fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn started(names: &[&str]) -> (Sessions, Arc<Config>) {
        let (mut sessions, running) = (Sessions::default(), Arc::new(Config::default()));
        for name in names {
            assert_eq!(sessions.enter(name, &running, NOW), Ok(Entered::New));
        }
        (sessions, running)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn five_may_be_pending() {
        let (mut sessions, running) = started(&["s0", "s1", "s2", "s3", "s4"]);
        assert_eq!(sessions.enter("s0", &running, NOW), Ok(Entered::Again));
        assert!(sessions.enter("s5", &running, NOW).unwrap_err().starts_with("Maximum number of pending sessions"));
        assert_eq!(sessions.abort("s0"), Ok(Abort::Discarded));
        assert_eq!(sessions.enter("s5", &running, NOW), Ok(Entered::New));
    }

    #[test]
    fn a_completed_name_is_used_up_until_another_is_completed() {
        let (mut sessions, running) = started(&["a", "b"]);
        sessions.commit("a", None, &running, NOW).unwrap();
        assert!(sessions.enter("a", &running, NOW).unwrap_err().contains("already completed"));
        sessions.commit("b", None, &running, NOW).unwrap();
        assert_eq!(sessions.enter("a", &running, NOW), Ok(Entered::New));
    }

    #[test]
    fn a_timer_that_runs_out_gives_back_what_was_before() {
        let (mut sessions, running) = started(&["a", "b"]);
        sessions.commit("a", Some(Duration::from_secs(60)), &running, NOW).unwrap();
        assert!(sessions.commit("b", None, &running, NOW).unwrap_err().contains("session a"));
        assert!(sessions.expired(at(59)).is_none());
        let armed = sessions.expired(at(60)).unwrap();
        assert_eq!((armed.name.as_str(), armed.until), ("a", at(60)));
        assert!(Arc::ptr_eq(&armed.before, &running));
        assert!(sessions.expired(at(61)).is_none());
    }

    #[test]
    fn only_its_session_confirms_restarts_or_aborts_a_timer() {
        let (mut sessions, running) = started(&["a", "b"]);
        let minute = Some(Duration::from_secs(60));
        sessions.commit("a", minute, &running, NOW).unwrap();
        assert_eq!(sessions.commit("a", minute, &running, at(30)), Ok(Commit::Rearmed));
        assert!(sessions.expired(at(60)).is_none());
        assert_eq!(sessions.commit("a", None, &running, at(61)), Ok(Commit::Confirmed));
        assert!(sessions.expired(at(600)).is_none());
        sessions.commit("b", minute, &running, at(61)).unwrap();
        assert_eq!(sessions.abort("b"), Ok(Abort::Reverted(running)));
    }

    #[test]
    fn a_day_is_as_long_as_a_session_may_be_pending() {
        let (mut sessions, running) = started(&["a"]);
        sessions.enter("b", &running, at(10)).unwrap();
        assert_eq!(sessions.timed_out(at(86_399)), []);
        assert_eq!(sessions.timed_out(at(86_405)), [("a".to_owned(), at(86_400))]);
        assert_eq!(sessions.states().len(), 1);
    }

    #[test]
    fn both_generations_show_a_timer_in_their_own_way() {
        let (mut sessions, running) = started(&["a"]);
        sessions.commit("a", Some(Duration::from_secs(60)), &running, at(1000)).unwrap();
        let old = sessions.json("u", Generation::of("4.31.2F"), at(900));
        assert_eq!(old["sessions"]["a"]["state"], "pendingCommitTimer");
        assert_eq!(old["sessions"]["a"]["commitBy"], 160.0);
        assert_eq!(old.get("commitTimerSessionName"), None);
        let new = sessions.json("u", Generation::of("4.32.0F"), at(900));
        assert_eq!(new["sessions"]["a"]["state"], "committed");
        assert_eq!((&new["commitTimerSessionName"], &new["commitTimerExpireTime"]), (&json!("a"), &json!(160.0)));
    }
}
