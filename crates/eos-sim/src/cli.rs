//! The command line as one request sees it: its mode begins unprivileged and ends with the request.

use std::sync::Arc;

use eapi::wire::code;
use serde_json::{Value, json};

use crate::config::{Config, Strictness};
use crate::device::Device;
use crate::journal::Event;
use crate::session::Entered;
use crate::show;

/// What a command answers.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) text: String,
    /// None for a command without a JSON model.
    pub(crate) json: Option<Value>,
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: i64,
    pub(crate) errors: Vec<String>,
}

impl Reply {
    /// Nothing to say.
    pub(crate) fn silent() -> Self {
        Self { text: String::new(), json: Some(json!({})) }
    }

    fn message(text: &str) -> Self {
        Self { text: format!("{text}\n"), json: Some(json!({"messages": [text]})) }
    }
}

impl Failure {
    pub(crate) fn invalid(error: impl Into<String>) -> Self {
        Self { code: code::INVALID, errors: vec![error.into()] }
    }

    pub(crate) fn could_not_run(error: impl Into<String>) -> Self {
        Self { code: code::COULD_NOT_RUN, errors: vec![error.into()] }
    }
}

/// The command line of one request.
pub(crate) struct Cli {
    device: Arc<Device>,
    mode: Mode,
    /// Whether the running-config was changed outside of a session.
    by_hand: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Mode {
    Exec,
    Privileged,
    Config { session: Option<String>, path: Vec<String> },
}

impl Cli {
    pub(crate) fn new(device: Arc<Device>) -> Self {
        Self { device, mode: Mode::Exec, by_hand: false }
    }

    /// Runs one command.
    pub(crate) fn run(&mut self, line: &str, input: Option<&str>) -> Result<Reply, Failure> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => return Ok(Reply::silent()),
            ["enable"] => {
                if self.mode == Mode::Exec {
                    self.mode = Mode::Privileged;
                }
                return Ok(Reply::silent());
            }
            ["show", ..] => return show::run(&self.device, self.session(), self.mode != Mode::Exec, &words),
            [first, ..] if first.starts_with('!') && !first.starts_with("!!") => return Ok(Reply::silent()),
            _ if self.mode == Mode::Exec => {
                return Err(Failure::invalid(format!(
                    "Invalid input (at token 0: '{}') (privileged mode required)",
                    words[0]
                )));
            }
            _ => {}
        }
        match words.as_slice() {
            ["write", "memory"] | ["write"] | ["copy", "running-config", "startup-config"] => {
                self.device.save();
                Ok(Reply::message("Copy completed successfully."))
            }
            ["configure"] | ["configure", "terminal"] => {
                self.mode = Mode::Config { session: None, path: Vec::new() };
                Ok(Reply::silent())
            }
            ["configure", "session", rest @ ..] => self.configure_session(rest),
            ["no", "configure", "session", name] => self.abort(name),
            ["end"] => {
                self.mode = Mode::Privileged;
                Ok(Reply::silent())
            }
            _ => self.in_config(line, &words, input),
        }
    }

    /// Notes in the journal what only the whole request tells.
    pub(crate) fn finish(self) {
        if self.by_hand {
            self.device.journal.note(Event::ConfiguredByHand);
        }
    }

    fn session(&self) -> Option<&str> {
        match &self.mode {
            Mode::Config { session, .. } => session.as_deref(),
            _ => None,
        }
    }

    fn configure_session(&mut self, rest: &[&str]) -> Result<Reply, Failure> {
        match rest {
            [] => {
                let name = self.device.state().sessions.unnamed();
                self.enter_session(&name)
            }
            [name] => self.enter_session(name),
            [name, "commit"] => self.commit(name),
            [name, "abort"] => self.abort(name),
            [_, word, ..] => Err(Failure::invalid(format!("Invalid input (at token 3: '{word}')"))),
        }
    }

    fn enter_session(&mut self, name: &str) -> Result<Reply, Failure> {
        let mut state = self.device.state();
        let running = state.running.clone();
        let entered = state.sessions.enter(name, &running).map_err(Failure::could_not_run)?;
        drop(state);
        if entered == Entered::New {
            self.device.journal.note(Event::SessionOpened { session: name.to_owned() });
        }
        self.mode = Mode::Config { session: Some(name.to_owned()), path: Vec::new() };
        Ok(Reply::silent())
    }

    fn commit(&mut self, name: &str) -> Result<Reply, Failure> {
        let mut state = self.device.state();
        let Some(config) = state.sessions.commit(name) else { return Err(no_session(name)) };
        state.running = config;
        drop(state);
        self.device.journal.note(Event::SessionCommitted { session: name.to_owned() });
        self.mode = Mode::Privileged;
        Ok(Reply::silent())
    }

    fn abort(&mut self, name: &str) -> Result<Reply, Failure> {
        if !self.device.state().sessions.abort(name) {
            return Err(no_session(name));
        }
        self.device.journal.note(Event::SessionAborted { session: name.to_owned() });
        self.mode = Mode::Privileged;
        Ok(Reply::silent())
    }

    fn in_config(&mut self, line: &str, words: &[&str], input: Option<&str>) -> Result<Reply, Failure> {
        let invalid = || Failure::invalid(format!("Invalid input (at token 0: '{}')", words[0]));
        let Mode::Config { session, path } = &mut self.mode else { return Err(invalid()) };
        match (words, session.as_deref()) {
            (["commit"], Some(name)) => {
                let name = name.to_owned();
                return self.commit(&name);
            }
            (["abort"], Some(name)) if path.is_empty() => {
                let name = name.to_owned();
                return self.abort(&name);
            }
            (["commit" | "abort" | "rollback", ..], None) | (["commit" | "abort", ..], _) => return Err(invalid()),
            (["rollback", "clean-config"], Some(_)) => {
                path.clear();
                let mut state = self.device.state();
                let Some(config) = session.as_deref().and_then(|name| state.sessions.candidate(name)) else {
                    return Err(invalid());
                };
                *config = Config::default();
            }
            (["exit"], _) if path.is_empty() => self.mode = Mode::Privileged,
            _ => self.enter(line, input)?,
        }
        Ok(Reply::silent())
    }

    fn enter(&mut self, line: &str, input: Option<&str>) -> Result<(), Failure> {
        let Mode::Config { session, path } = &mut self.mode else { return Ok(()) };
        let strictness: Strictness = self.device.spec.mode;
        let mut state = self.device.state();
        if state.faults.refuse_lines.iter().any(|part| line.contains(part.as_str())) {
            let first = line.split_whitespace().next().unwrap_or_default();
            return Err(Failure::invalid(format!("Invalid input (at token 0: '{first}')")));
        }
        match session {
            Some(name) => {
                let config = state.sessions.candidate(name).ok_or_else(|| no_session(name))?;
                config.enter(path, line, input, strictness).map_err(|refused| Failure::invalid(refused.to_string()))
            }
            None => {
                let before = state.running.clone();
                let entered = state.running.enter(path, line, input, strictness);
                self.by_hand |= before != state.running;
                entered.map_err(|refused| Failure::invalid(refused.to_string()))
            }
        }
    }
}

fn no_session(name: &str) -> Failure {
    Failure::could_not_run(format!("Session {name} does not exist"))
}
