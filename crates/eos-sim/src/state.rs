//! What a device holds, and how commits, timers, saves and reloads change it. Nothing here waits or
//! talks to anybody: time comes in as an argument, and whatever is due by then happens first.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::config::Config;
use crate::faults::Faults;
use crate::flash::Flash;
use crate::journal::{Event, Journal};
use crate::login::Logins;
use crate::session::{Abort, Commit, Entered, Sessions};

/// The state of a device: what changes while it runs.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) running: Arc<Config>,
    pub(crate) startup: Arc<Config>,
    /// When the startup-config was last written.
    pub(crate) saved: Option<Timestamp>,
    pub(crate) sessions: Sessions,
    /// The configuration lock, while somebody holds it.
    pub(crate) lock: Option<Lock>,
    pub(crate) flash: Flash,
    pub(crate) logins: Logins,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    /// When the device came up last, or will come up.
    pub(crate) booted: Timestamp,
    always_answers: bool,
    management_lost: bool,
}

/// The configuration lock that somebody holds.
// EOS-75: whether EOS has such a lock is not established.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lock {
    /// The name given after `transaction`, if one was given.
    pub(crate) transaction: Option<String>,
    pub(crate) reason: String,
}

/// Why something could not be written to flash, in the words of the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DiskFull;

impl State {
    pub(crate) fn new(startup: Config, booted: Timestamp, always_answers: bool) -> Self {
        let startup = Arc::new(startup);
        Self {
            running: startup.clone(),
            startup,
            saved: None,
            sessions: Sessions::default(),
            lock: None,
            flash: Flash::default(),
            logins: Logins::default(),
            faults: Faults::default(),
            journal: Journal::default(),
            booted,
            always_answers,
            management_lost: false,
        }
    }

    /// Makes everything happen that is due by `now`.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        if let Some(armed) = self.sessions.expired(now) {
            self.sessions.list_expired(&armed, self.faults.expired_session);
            self.revert(armed.name, armed.before, armed.until);
        }
        for (session, at) in self.sessions.timed_out(now) {
            self.journal.note(at, Event::SessionTimedOut { session });
        }
    }

    /// True if the device answers. It does not while it is down or reloading, nor when its
    /// configuration has no eAPI any more.
    pub(crate) fn answers(&self, now: Timestamp) -> bool {
        let reachable = !self.faults.down && !self.management_lost && self.booted <= now;
        reachable && (self.always_answers || self.running.has("management api http-commands", "no shutdown"))
    }

    pub(crate) fn enter_session(&mut self, name: &str, now: Timestamp) -> Result<(), String> {
        let entered = self.sessions.enter(name, &self.running, now)?;
        if entered == Entered::New {
            self.journal.note(now, Event::SessionOpened { session: name.to_owned() });
        }
        Ok(())
    }

    /// Puts a session into force, until `timer` runs out if there is one. What ran before is kept
    /// as a checkpoint.
    // EOS-84: no event-handler fires at a commit.
    pub(crate) fn commit(&mut self, name: &str, timer: Option<Duration>, now: Timestamp) -> Result<(), String> {
        let session = name.to_owned();
        match self.sessions.commit(name, timer, &self.running, now)? {
            Commit::Confirmed => self.journal.note(now, Event::SessionConfirmed { session }),
            Commit::Applied(config) => {
                self.flash.keep(None, &self.running, now);
                self.running = config;
                self.management_lost |= self.faults.lose_management_on_commit;
                self.journal
                    .note(now, Event::SessionCommitted { session, timer_s: timer.map(|timer| timer.as_secs()) });
            }
            Commit::Rearmed => {
                self.journal
                    .note(now, Event::SessionCommitted { session, timer_s: timer.map(|timer| timer.as_secs()) });
            }
        }
        Ok(())
    }

    pub(crate) fn abort(&mut self, name: &str, now: Timestamp) -> Result<(), String> {
        match self.sessions.abort(name)? {
            Abort::Discarded => self.journal.note(now, Event::SessionAborted { session: name.to_owned() }),
            Abort::Reverted(before) => self.revert(name.to_owned(), before, now),
        }
        Ok(())
    }

    fn revert(&mut self, session: String, before: Arc<Config>, at: Timestamp) {
        self.running = before;
        self.management_lost = false;
        self.journal.note(at, Event::SessionReverted { session });
    }

    pub(crate) fn replace(&mut self, config: Config, source: &str, now: Timestamp) {
        self.flash.keep(None, &self.running, now);
        self.running = Arc::new(config);
        self.journal.note(now, Event::Replaced { source: source.to_owned() });
    }

    /// Saves `config` as the startup-config.
    pub(crate) fn save(&mut self, config: Arc<Config>, now: Timestamp) -> Result<(), DiskFull> {
        if self.faults.disk_full {
            self.journal.note(now, Event::SaveFailed);
            return Err(DiskFull);
        }
        self.startup = config;
        self.saved = Some(now);
        self.journal.note(now, Event::Saved);
        Ok(())
    }

    pub(crate) fn write(&mut self, path: &str, text: String) -> Result<(), DiskFull> {
        if self.faults.disk_full {
            return Err(DiskFull);
        }
        self.flash.write(path, text);
        Ok(())
    }

    /// Reloads: what was not saved, sessions and logins are gone, and nothing answers for `down`.
    pub(crate) fn reboot(&mut self, down: Duration, now: Timestamp) {
        self.running = self.startup.clone();
        self.sessions = Sessions::default();
        self.lock = None;
        self.logins.expire();
        self.management_lost = false;
        self.booted = now.checked_add(down).unwrap_or(Timestamp::MAX);
        self.journal.note(now, Event::Rebooted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Dialect;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn config(name: &str) -> Config {
        let mut config = Config::default();
        let text = format!("hostname {name}\nmanagement api http-commands\nno shutdown\n");
        assert_eq!(crate::load::text_into(&mut config, &text, Dialect::strict()), []);
        config
    }

    fn committed(timer: u64) -> State {
        let mut state = State::new(config("old"), at(0), false);
        state.enter_session("s", at(0)).unwrap();
        *state.sessions.candidate_mut("s").unwrap() = config("new");
        state.commit("s", Some(Duration::from_secs(timer)), at(0)).unwrap();
        state
    }

    #[test]
    fn a_timer_that_runs_out_brings_the_management_back() {
        let mut state = State::new(config("old"), at(0), false);
        state.faults.lose_management_on_commit = true;
        state.enter_session("s", at(0)).unwrap();
        state.commit("s", Some(Duration::from_secs(60)), at(0)).unwrap();
        assert!(!state.answers(at(59)));
        state.settle(at(60));
        assert!(state.answers(at(60)));
    }

    #[test]
    fn a_reverted_commit_is_noted_at_the_moment_its_timer_ran_out() {
        let mut state = committed(60);
        assert_eq!(state.running.hostname(), "new");
        state.settle(at(1000));
        assert_eq!(state.running.hostname(), "old");
        let last = state.journal.entries().last().unwrap();
        assert_eq!((last.at, &last.event), (at(60), &Event::SessionReverted { session: "s".into() }));
    }

    #[test]
    fn a_reload_forgets_what_was_not_saved_and_its_timers() {
        let mut state = committed(60);
        state.reboot(Duration::from_secs(30), at(10));
        assert!(!state.answers(at(39)) && state.answers(at(40)));
        state.settle(at(100));
        assert_eq!(state.running.hostname(), "old");
        assert_eq!(state.journal.entries().last().unwrap().event, Event::Rebooted);
    }

    #[test]
    fn a_full_disk_keeps_the_startup_config() {
        let mut state = committed(60);
        state.faults.disk_full = true;
        assert_eq!(state.save(state.running.clone(), at(1)), Err(DiskFull));
        assert_eq!(state.startup.hostname(), "old");
        assert_eq!(state.write("flash:x", String::new()), Err(DiskFull));
    }

    #[test]
    fn what_a_commit_replaced_is_a_checkpoint() {
        let state = committed(60);
        let kept: Vec<_> =
            state.flash.checkpoints().map(|checkpoint| checkpoint.config.hostname().to_owned()).collect();
        assert_eq!(kept, ["old"]);
    }
}
