//! Faults that a test sets on a device.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::reply::Failure;

/// Faults of a device; the default is none. They last until others are set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Connections are accepted and dropped without an answer.
    pub down: bool,
    /// Every login is refused with status 401, as if the password had been changed.
    pub refuse_login: bool,
    /// Configuration lines that contain one of these are refused with code 1002.
    pub refuse_lines: Vec<String>,
    /// Commands that contain one of these are refused with code 1005, as by a TACACS+ server.
    pub deny_commands: Vec<String>,
    /// Requests that fail in passing, each a limited number of times.
    pub failing_requests: Vec<FailingRequest>,
    /// Configuration lines that contain a key are taken, and answered with its value: a remark such
    /// as `! Change will take effect only after switch reboot`.
    pub remark_lines: BTreeMap<String, String>,
    /// Somebody else holds the configuration lock: entering a configuration mode and committing are
    /// refused with code 1000.
    pub config_locked: bool,
    /// How a session is listed after its commit timer has run out. What EOS does is not known.
    pub expired_session: ExpiredSession,
    /// A request with a command that contains this is dropped before any of it is run.
    pub drop_request_of: Option<String>,
    /// A request with a command that contains this is run whole, and then dropped without an
    /// answer.
    pub drop_reply_of: Option<String>,
    /// From the next commit on nothing answers any more, until that commit is reverted or the
    /// device reloads.
    pub lose_management_on_commit: bool,
    /// Nothing can be written to flash: saves and copies fail, the startup-config stays what it is.
    pub disk_full: bool,
    /// Each request waits this long, in milliseconds, before it is run.
    pub latency_ms: u64,
    /// A request waits this much longer for each of its commands, in microseconds, as with
    /// authorisation of every command.
    pub command_latency_us: u64,
    /// A request waits this much longer for each commit in it, in milliseconds.
    pub commit_latency_ms: u64,
}

/// A failure that passes: it happens to the next requests that have a certain command, and then no
/// more.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailingRequest {
    /// What the command contains; empty for any command.
    #[serde(default)]
    pub with: String,
    /// How the request fails.
    pub answer: Answer,
    /// How many times the failure happens; once if it is not given.
    #[serde(default = "once")]
    pub times: u32,
}

/// How a request fails in passing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// HTTP status 401, before anything is run.
    Unauthorized,
    /// HTTP status 502, before anything is run.
    BadGateway,
    /// Error 1001 at the command, after those before it were run.
    InternalError,
    /// Error 1005 at the command, after those before it were run.
    Denied,
}

/// How a session is listed after its commit timer has run out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiredSession {
    /// The session is not listed any more.
    #[default]
    Gone,
    /// The session is listed as `completed`, like one that was committed for good.
    Completed,
    /// The session is listed as `aborted`.
    Aborted,
}

impl Faults {
    /// The HTTP status that a request with these commands fails with, if it does; this counts as
    /// one time.
    pub(crate) fn status_of<'l>(&mut self, mut lines: impl Iterator<Item = &'l str> + Clone) -> Option<u16> {
        self.pass(|fault| fault.answer.status().filter(|_| lines.any(|line| line.contains(&fault.with))))
    }

    /// Why this command fails, if it does; one that fails in passing counts as one time.
    pub(crate) fn failure_of(&mut self, line: &str) -> Option<Failure> {
        if self.deny_commands.iter().any(|part| line.contains(part.as_str())) {
            return Some(denied());
        }
        self.pass(|fault| fault.answer.failure().filter(|_| line.contains(&fault.with)))
    }

    /// The remarks that the device answers this configuration line with.
    pub(crate) fn remarks(&self, line: &str) -> Vec<String> {
        self.remark_lines
            .iter()
            .filter(|(part, _)| line.contains(part.as_str()))
            .map(|(_, says)| says.clone())
            .collect()
    }

    /// The first failure that `fits`; it happens once less from now on.
    fn pass<T>(&mut self, mut fits: impl FnMut(&FailingRequest) -> Option<T>) -> Option<T> {
        let left = self.failing_requests.iter_mut().filter(|fault| fault.times > 0);
        let (fault, found) = left.filter_map(|fault| fits(fault).map(|found| (fault, found))).next()?;
        fault.times -= 1;
        Some(found)
    }
}

impl Answer {
    fn status(self) -> Option<u16> {
        match self {
            Self::Unauthorized => Some(401),
            Self::BadGateway => Some(502),
            Self::InternalError | Self::Denied => None,
        }
    }

    fn failure(self) -> Option<Failure> {
        match self {
            Self::InternalError => Some(Failure::internal("internal error")),
            Self::Denied => Some(denied()),
            Self::Unauthorized | Self::BadGateway => None,
        }
    }
}

fn denied() -> Failure {
    Failure::denied("Command unauthorized: user has insufficient permissions to run the command")
}

fn once() -> u32 {
    1
}
