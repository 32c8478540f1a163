//! The command line as one request sees it: its mode begins unprivileged and ends with the request.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use crate::config::{Changed, Config, Dialect, Position};
use crate::copy;
use crate::device::Device;
use crate::exec;
use crate::journal::Event;
use crate::lock;
use crate::reply::{Failure, Reply};
use crate::show;
use crate::state::State;
use crate::vocabulary;

/// The command line of one request.
pub(crate) struct Cli {
    pub(crate) device: Arc<Device>,
    mode: Mode,
    /// Whether keywords of configuration lines may be abbreviated.
    abbreviations: bool,
    /// Whether the running-config was changed outside of a session.
    by_hand: bool,
}

#[derive(Debug)]
enum Mode {
    Exec,
    Privileged,
    Config { session: Option<String>, position: Position },
}

impl Cli {
    pub(crate) fn new(device: Arc<Device>, abbreviations: bool) -> Self {
        let mode = if starts_privileged(&device) { Mode::Privileged } else { Mode::Exec };
        Self { device, mode, abbreviations, by_hand: false }
    }

    /// Runs one command in the mode that the request is in.
    pub(crate) fn run(&mut self, line: &str, input: Option<&str>) -> Result<Reply, Failure> {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let Some(failure) = self.device.state().faults.failure_of(line) {
            return Err(failure);
        }
        match words.as_slice() {
            [] => Ok(Reply::silent()),
            [first, ..] if first.starts_with('!') && !first.starts_with("!!") => Ok(Reply::silent()),
            ["enable"] => self.enable(input),
            ["show", rest @ ..] => {
                let secret = matches!(rest, ["running-config" | "startup-config" | "session-config", ..]);
                if secret && matches!(self.mode, Mode::Exec) {
                    return Err(Failure::unprivileged(1, rest[0]));
                }
                show::run(&self.device, self.session(), &words)
            }
            [first, ..] if matches!(self.mode, Mode::Exec) => Err(Failure::unprivileged(0, first)),
            // An EXEC command acts wherever it is typed, also inside of a session.
            ["do", rest @ ..] if !rest.is_empty() => self.run(&rest.join(" "), input),
            ["no", "configure", ..] => self.privileged(&words, input),
            [first, ..] if vocabulary::owns(first) => self.privileged(&words, input),
            _ if exec::acts(&words) => exec::run(&self.device, &words),
            _ => self.in_config(line, &words, input),
        }
    }

    /// Ends the request: leaves all modes, and notes in the journal what only the whole request
    /// tells.
    pub(crate) fn finish(mut self) {
        self.close();
        if self.by_hand {
            self.device.note(Event::ConfiguredByHand);
        }
    }

    /// The session that the request is in.
    pub(crate) fn session(&self) -> Option<&str> {
        match &self.mode {
            Mode::Config { session, .. } => session.as_deref(),
            _ => None,
        }
    }

    fn at(&self) -> copy::At<'_> {
        copy::At { device: &self.device, session: self.session(), runner: run_lines }
    }

    fn copy(&mut self, from: &str, to: &str, input: Option<&str>) -> Result<Reply, Failure> {
        let reply = copy::run(self.at(), from, to, input)?;
        self.by_hand |= to == "running-config";
        Ok(reply)
    }

    fn enable(&mut self, input: Option<&str>) -> Result<Reply, Failure> {
        if let Some(secret) = &self.device.spec.enable_password {
            // pyeapi ends what it enters with a newline.
            if input.map(|input| input.trim_end_matches('\n')) != Some(secret.expose_secret()) {
                return Err(Failure::denied("Bad secret"));
            }
        }
        if matches!(self.mode, Mode::Exec) {
            self.mode = Mode::Privileged;
        }
        Ok(Reply::silent())
    }

    fn privileged(&mut self, words: &[&str], input: Option<&str>) -> Result<Reply, Failure> {
        match words {
            ["disable"] => self.leave(Mode::Exec),
            ["end"] => self.leave(Mode::Privileged),
            ["write"] | ["write", "memory"] => self.copy("running-config", "startup-config", input),
            ["copy", from, to, ..] => self.copy(from, to, input),
            ["more", file] => copy::more(&self.device, file),
            ["delete", file] => copy::delete(&self.device, file),
            ["dir"] | ["dir", _] => Ok(copy::dir(&self.device)),
            ["reload", "now" | "force"] => {
                self.device.state().reboot(Duration::ZERO, self.device.clock.now());
                self.leave(Mode::Privileged)
            }
            ["configure", "lock", rest @ ..] => lock::take(&self.device, rest),
            ["configure", "unlock", rest @ ..] => lock::release(&self.device, rest),
            ["configure"] | ["configure", "terminal"] => {
                self.unlocked()?;
                self.leave(Mode::Config { session: None, position: Position::default() })
            }
            ["configure", "session"] => {
                let name = self.device.state().sessions.unnamed();
                self.enter_session(&name)
            }
            ["configure", "session", name] => self.enter_session(name),
            ["configure", "session", name, "commit"] => self.commit(name, None),
            ["configure", "session", name, "commit", "timer", time] => self.commit(name, Some((5, time))),
            ["configure", "session", name, "abort"] | ["no", "configure", "session", name] => self.abort(name),
            ["configure", "replace", from, ..] => {
                self.unlocked()?;
                copy::replace(self.at(), from)?;
                self.leave(Mode::Privileged)
            }
            ["configure", "checkpoint", "save", rest @ ..] if rest.len() <= 1 => {
                let mut state = self.device.state();
                let (running, now) = (state.running.clone(), self.device.clock.now());
                state.flash.keep(rest.first().copied(), &running, now);
                state.journal.note(now, Event::CheckpointSaved);
                Ok(Reply::silent())
            }
            words => Err(vocabulary::refusal(words)),
        }
    }

    fn leave(&mut self, mode: Mode) -> Result<Reply, Failure> {
        self.close();
        self.mode = mode;
        Ok(Reply::silent())
    }

    /// Leaves all configuration modes, and stores a group-change mode among them. That of a session
    /// that has ended is lost.
    fn close(&mut self) {
        let Mode::Config { session, position } = &mut self.mode else { return };
        if position.is_root() {
            return;
        }
        let mut state = self.device.state();
        let changed = match target(&mut state, session.as_deref()) {
            Some(config) => config.leave(position, 0),
            None => Changed::No,
        };
        self.by_hand |= session.is_none() && changed == Changed::Yes;
    }

    /// Refuses what a held configuration lock keeps from happening.
    fn unlocked(&self) -> Result<(), Failure> {
        lock::refusal(&self.device.state()).map_or(Ok(()), Err)
    }

    fn enter_session(&mut self, name: &str) -> Result<Reply, Failure> {
        self.unlocked()?;
        self.device.state().enter_session(name, self.device.clock.now()).map_err(Failure::could_not_run)?;
        self.leave(Mode::Config { session: Some(name.to_owned()), position: Position::default() })
    }

    /// Commits a session; `timer` is `hh:mm:ss` with the token it stands at.
    fn commit(&mut self, name: &str, timer: Option<(usize, &str)>) -> Result<Reply, Failure> {
        let invalid = |(token, word)| Failure::invalid(format!("Invalid input (at token {token}: '{word}')"));
        let timer = timer.map(|(token, word)| duration(word).ok_or_else(|| invalid((token, word)))).transpose()?;
        self.unlocked()?;
        self.device.state().commit(name, timer, self.device.clock.now()).map_err(Failure::could_not_run)?;
        self.leave(Mode::Privileged)
    }

    fn abort(&mut self, name: &str) -> Result<Reply, Failure> {
        self.device.state().abort(name, self.device.clock.now()).map_err(Failure::could_not_run)?;
        self.leave(Mode::Privileged)
    }

    fn in_config(&mut self, line: &str, words: &[&str], input: Option<&str>) -> Result<Reply, Failure> {
        let invalid = || Failure::invalid(format!("Invalid input (at token 0: '{}')", words[0]));
        let Mode::Config { session, position } = &mut self.mode else { return Err(vocabulary::refusal(words)) };
        match (words, session.clone()) {
            // A command of the session's own mode leaves those below it first.
            (["commit"], Some(name)) => {
                self.close();
                self.commit(&name, None)
            }
            (["commit", "timer", time], Some(name)) => {
                self.close();
                self.commit(&name, Some((2, time)))
            }
            (["abort"], Some(name)) if position.is_root() => self.abort(&name),
            (["abort"], _) if position.abort() => Ok(Reply::silent()),
            (["rollback", "clean-config"], Some(name)) => {
                *position = Position::default();
                let mut state = self.device.state();
                *state.sessions.candidate_mut(&name).ok_or_else(|| no_session(&name))? = Config::default();
                Ok(Reply::silent())
            }
            (["commit" | "abort" | "rollback", ..], _) => Err(invalid()),
            (["exit"], _) if position.is_root() => self.leave(Mode::Privileged),
            _ => self.enter(line, input),
        }
    }

    fn enter(&mut self, line: &str, input: Option<&str>) -> Result<Reply, Failure> {
        let Mode::Config { session, position } = &mut self.mode else { return Ok(Reply::silent()) };
        let dialect = Dialect { abbreviations: self.abbreviations, ..self.device.dialect() };
        let mut state = self.device.state();
        if state.faults.refuse_lines.iter().any(|part| line.contains(part.as_str())) {
            let first = line.split_whitespace().next().unwrap_or_default();
            return Err(Failure::invalid(format!("Invalid input (at token 0: '{first}')")));
        }
        let config = target(&mut state, session.as_deref());
        let config = config.ok_or_else(|| no_session(session.as_deref().unwrap_or_default()))?;
        let entered = config.enter(position, line, input, dialect);
        let changed = entered.map_err(|refused| match refused.is_computed() {
            // EOS-90: the code is that of a command which was parsed and could not be run.
            true => Failure::could_not_run(refused.to_string()),
            false => Failure::invalid(refused.to_string()),
        })?;
        self.by_hand |= session.is_none() && changed == Changed::Yes;
        let remarks = state.faults.remarks(line);
        Ok(if remarks.is_empty() { Reply::silent() } else { Reply::messages(&remarks) })
    }
}

/// Runs lines of commands as a privileged user, as `FastCli -p 15` does, and returns what they
/// print. It ends at the first one that is refused.
pub(crate) fn run_lines(device: &Arc<Device>, lines: &str) -> String {
    let mut cli = Cli::new(device.clone(), true);
    cli.mode = Mode::Privileged;
    let mut out = String::new();
    for line in lines.lines() {
        match cli.run(&vocabulary::completed(line), None) {
            Ok(reply) => out.push_str(&reply.text),
            Err(failure) => {
                failure.errors.iter().for_each(|error| out.push_str(&format!("% {error}\n")));
                break;
            }
        }
    }
    cli.finish();
    out
}

/// The configuration that lines go to: the session's candidate, or else the running-config.
fn target<'s>(state: &'s mut State, session: Option<&str>) -> Option<&'s mut Config> {
    match session {
        Some(name) => state.sessions.candidate_mut(name),
        None => Some(Arc::make_mut(&mut state.running)),
    }
}

/// Whether the user needs no `enable`: one of privilege 15, on a device that authorises `exec` from
/// its own list of users.
fn starts_privileged(device: &Device) -> bool {
    let state = device.state();
    let level = format!("username {} privilege 15 ", device.spec.username);
    state.running.value("aaa authorization exec default local").is_some() && state.running.value(&level).is_some()
}

/// From `hh:mm:ss`, a second to a day.
fn duration(text: &str) -> Option<Duration> {
    let mut parts = text.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let whole = parts.next().is_none() && hours < 24 && minutes < 60 && seconds < 60;
    let seconds = hours * 3600 + minutes * 60 + seconds;
    (whole && seconds > 0).then(|| Duration::from_secs(seconds))
}

fn no_session(name: &str) -> Failure {
    Failure::could_not_run(format!("Session {name} does not exist"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_timer_is_written_in_hours_minutes_and_seconds() {
        assert_eq!(duration("00:05:00"), Some(Duration::from_secs(300)));
        assert_eq!(duration("0:0:1"), Some(Duration::from_secs(1)));
        for text in ["", "5", "00:05", "00:00:00", "24:00:00", "00:60:00", "00:05:00:00", "-1:00:00", "a:b:c"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
