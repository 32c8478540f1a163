//! What can go wrong on the way to a switch and there, told apart as far as a caller would act differently, and each
//! with whether anything may have run.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::wire::code;

/// A request that did not succeed. Neither `Debug` nor `Display` shows a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client cannot be built from these settings; nothing was sent.
    #[error("{what}")]
    Settings {
        /// Which setting, what is wrong with it and what was expected.
        what: String,
    },
    /// No connection; nothing was sent.
    #[error("no connection to {address}: {fault}")]
    Connect {
        /// Host and port.
        address: String,
        /// What kind of failure it was.
        fault: ConnectFault,
        /// The transport's account of it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A connection, but no TLS on it; nothing was sent.
    #[error("no TLS with {address}: {fault}")]
    Tls {
        /// Host and port.
        address: String,
        /// What kind of failure it was.
        fault: TlsFault,
        /// The transport's account of it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer did not come in time. The switch may still be working on the request.
    #[error("no answer from {address} within {} s", after.as_secs_f64())]
    Timeout {
        /// Host and port.
        address: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The connection broke before the whole answer was here.
    #[error("the connection to {address} broke before the answer was complete")]
    Lost {
        /// Host and port.
        address: String,
        /// The transport's account of it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// HTTP 401: the switch refused the user name and password, and ran nothing.
    #[error("{address} refused the credentials of `{user}`: {words}")]
    Denied {
        /// Host and port.
        address: String,
        /// The user name that was sent.
        user: String,
        /// What the switch said.
        words: String,
    },
    /// Any other HTTP status than 200.
    #[error("{address} answered with HTTP status {status}: {words}")]
    Http {
        /// Host and port.
        address: String,
        /// The status code.
        status: u16,
        /// The beginning of the body.
        words: String,
    },
    /// HTTP 200 and a body that is not an answer to what was asked.
    #[error("{address} does not answer as eAPI does: {what}")]
    NotEapi {
        /// Host and port.
        address: String,
        /// What was found, and what was expected.
        what: String,
    },
    /// The body is larger than the client was told to read.
    #[error("the answer from {address} is larger than {limit} bytes")]
    TooLarge {
        /// Host and port.
        address: String,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A command that is silent when it succeeds was not.
    #[error("the switch answered `{command}` with words where none were expected: {words}")]
    NotSilent {
        /// The command.
        command: String,
        /// What the switch said.
        words: String,
    },
    /// The switch refused a command.
    #[error(transparent)]
    Command(Box<CommandError>),
}

impl Error {
    /// Whether commands of the request may have run.
    pub fn sent(&self) -> Sent {
        match self {
            Self::Settings { .. } | Self::Connect { .. } | Self::Tls { .. } | Self::Denied { .. } => Sent::No,
            Self::Timeout { .. } | Self::Lost { .. } | Self::Http { .. } => Sent::Maybe,
            Self::NotEapi { .. } | Self::TooLarge { .. } => Sent::Maybe,
            Self::NotSilent { .. } => Sent::Yes,
            Self::Command(error) => match error.at {
                FailedAt::Enable => Sent::No,
                FailedAt::Command(_) => Sent::Yes,
                FailedAt::Unknown => Sent::Maybe,
            },
        }
    }

    /// What to do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Settings { .. } => Kind::Settings,
            Self::Connect { .. } | Self::Timeout { .. } | Self::Lost { .. } => Kind::Unreachable,
            Self::Tls { .. } => Kind::Tls,
            Self::Denied { .. } => Kind::Denied,
            Self::Http { .. } | Self::NotEapi { .. } | Self::TooLarge { .. } => Kind::NotEapi,
            Self::NotSilent { .. } => Kind::Refused,
            Self::Command(error) => error.kind(),
        }
    }
}

/// Whether commands of a request may have run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// None did: the switch was not reached, or refused the request before its first command.
    No,
    /// The request may have reached the switch; it may have run none, some or all of it, and may still be running it.
    Maybe,
    /// It did, as far as the error says.
    Yes,
}

/// What kind of failure an [`Error`] is, by what helps against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Correct the client's settings.
    Settings,
    /// Try later: no connection, no answer in time, or the connection broke.
    Unreachable,
    /// Correct the trust settings or the switch's certificate or `ssl profile`.
    Tls,
    /// Correct the credentials, or what the switch lets them do.
    Denied,
    /// Correct the command or configuration line.
    Refused,
    /// Try later: the switch has no room for another pending session.
    Busy,
    /// Look at what answers there: not eAPI, or not in a way this client understands.
    NotEapi,
}

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectFault {
    /// Nothing listens there: eAPI is off (`management api http-commands`, `no shutdown`), in another VRF or on another
    /// port.
    #[error("connection refused; is eAPI enabled on this port, in this VRF")]
    Refused,
    /// No answer to the attempt.
    #[error("timed out")]
    TimedOut,
    /// The host name has no address.
    #[error("the host name does not resolve")]
    NotResolved,
    /// Anything else.
    #[error("connection failed")]
    Other,
}

/// Why there is no TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    /// The switch broke off the handshake. Older EOS releases offer only static-RSA and DHE suites with CBC by default,
    /// which rustls does not speak; with the feature `legacy-tls` OpenSSL does.
    #[error(
        "the switch broke off the handshake, probably for want of a common cipher suite; give it an `ssl profile` with \
         `tls versions 1.2` and `cipher-list ECDHE-RSA-AES256-GCM-SHA384`, and name it under `protocol https ssl profile`, or build with \
         the feature `legacy-tls` and choose OpenSSL"
    )]
    NoCommonCipher,
    /// The certificate was not accepted.
    #[error("the certificate is not trusted; give its CA, or pin its SHA-256 fingerprint")]
    Untrusted,
    /// Another certificate than the pinned one.
    #[error("the certificate is not the pinned one; was it renewed, or is this another device")]
    WrongFingerprint,
    /// What answers does not speak TLS.
    #[error("what answers there does not speak TLS; is this the plain HTTP port")]
    NotTls,
    /// Anything else.
    #[error("the handshake failed")]
    Other,
}

/// Where in a request the switch stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedAt {
    /// At the `enable` this crate puts first; none of the caller's commands ran.
    Enable,
    /// At this one of the caller's commands, from 0.
    Command(usize),
    /// The switch did not say.
    Unknown,
}

/// A command the switch refused, in its own words. Commands before it have taken effect.
pub struct CommandError {
    /// Which command it was.
    pub at: FailedAt,
    /// How many commands the caller gave.
    pub total: usize,
    /// The refused line, without what follows a word that announces a secret; empty when the switch did not say which.
    pub command: String,
    /// The JSON-RPC code, see [`code`].
    pub code: i64,
    /// The end of the JSON-RPC message, such as `invalid command`.
    pub reason: String,
    /// The switch's `errors`; may be empty.
    pub errors: Vec<String>,
    /// The results of the caller's commands that passed, as far as the switch sent them.
    pub passed: Vec<Value>,
}

impl CommandError {
    /// How many of the caller's commands never ran; `None` when the switch did not say where it stopped.
    pub fn never_ran(&self) -> Option<usize> {
        match self.at {
            FailedAt::Enable => Some(self.total),
            FailedAt::Command(index) => Some(self.total.saturating_sub(index + 1)),
            FailedAt::Unknown => None,
        }
    }

    /// The switch's words: its `errors`, or the reason when it gave none.
    pub fn words(&self) -> String {
        if self.errors.is_empty() { self.reason.clone() } else { self.errors.join("; ") }
    }

    /// What to do about it.
    pub fn kind(&self) -> Kind {
        let words = self.words();
        if words.contains(SESSION_LIMIT) || self.passed.iter().filter_map(output).any(|o| o.contains(SESSION_LIMIT)) {
            Kind::Busy
        } else if self.at == FailedAt::Enable || self.code == code::DENIED || words.contains(PRIVILEGE) {
            Kind::Denied
        } else {
            Kind::Refused
        }
    }
}

/// How EOS begins to say that there are too many pending sessions; what follows differs.
const SESSION_LIMIT: &str = "Maximum number of pending sessions has been reached";

/// What EOS says of a command that wants `enable` first.
const PRIVILEGE: &str = "privileged mode required";

/// The text of a result in text format.
pub(crate) fn output(result: &Value) -> Option<&str> {
    result.get("output")?.as_str()
}

impl std::error::Error for CommandError {}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (total, code, words) = (self.total, self.code, self.words());
        match self.at {
            FailedAt::Enable => write!(f, "the switch refused `enable`, so ran nothing: {words} (code {code})"),
            FailedAt::Command(index) => {
                let (command, number) = (&self.command, index + 1);
                write!(f, "the switch refused `{command}`: {words} (code {code}, command {number} of {total})")
            }
            FailedAt::Unknown => write!(f, "the switch refused one of {total} commands: {words} (code {code})"),
        }
    }
}

/// Results may hold whole configurations, so only their number is shown.
impl fmt::Debug for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandError")
            .field("at", &self.at)
            .field("total", &self.total)
            .field("command", &self.command)
            .field("code", &self.code)
            .field("reason", &self.reason)
            .field("errors", &self.errors)
            .field("passed", &self.passed.len())
            .finish()
    }
}
