//! Requests that did not succeed, told apart as far as a caller would act differently.

use std::time::Duration;

use crate::command_error::{CommandError, FailedAt};
use crate::error_kind::{ErrorKind, Sent};

/// A request that did not succeed. Neither `Debug` nor `Display` shows a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client cannot be built from these settings. Nothing was sent.
    #[error("{what}")]
    Settings {
        /// Which setting, what is wrong with it and what was expected.
        what: String,
    },
    /// There is no connection. Nothing was sent.
    #[error("no connection to {address}: {fault}")]
    Connect {
        /// Host and port of the switch.
        address: String,
        /// What kind of failure it was.
        fault: ConnectFault,
        /// The error of the transport library.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is a connection, but no TLS on it. Nothing was sent.
    #[error("no TLS with {address}: {fault}")]
    Tls {
        /// Host and port of the switch.
        address: String,
        /// What kind of failure it was.
        fault: TlsFault,
        /// The error of the transport library.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer did not come in time. The switch may still be working on the request.
    #[error("no answer from {address} within {} s", after.as_secs_f64())]
    Timeout {
        /// Host and port of the switch.
        address: String,
        /// How long the client waited.
        after: Duration,
    },
    /// The connection broke before the whole answer had arrived.
    #[error("the connection to {address} broke before the answer was complete")]
    Lost {
        /// Host and port of the switch.
        address: String,
        /// The error of the transport library.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// HTTP 401: the switch refused the user name and password and ran nothing.
    #[error("{address} refused the credentials of `{user}`: {words}")]
    Denied {
        /// Host and port of the switch.
        address: String,
        /// The user name that was sent.
        user: String,
        /// The words of the switch.
        words: String,
    },
    /// Any other HTTP status than 200.
    #[error("{address} answered with HTTP status {status}: {words}")]
    Http {
        /// Host and port of the switch.
        address: String,
        /// The HTTP status code.
        status: u16,
        /// The first characters of the body.
        words: String,
    },
    /// HTTP 200 with a body that does not answer the request.
    #[error("{address} does not answer as eAPI does: {what}")]
    NotEapi {
        /// Host and port of the switch.
        address: String,
        /// What was found and what was expected.
        what: String,
    },
    /// The answer is larger than [`ClientBuilder::reply_limit`](crate::ClientBuilder::reply_limit).
    #[error("the answer from {address} is larger than {limit} bytes")]
    TooLarge {
        /// Host and port of the switch.
        address: String,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A command that prints nothing when it succeeds printed something.
    #[error("the switch answered `{command}` with words where none were expected: {words}")]
    NotSilent {
        /// The command that printed something.
        command: String,
        /// The words of the switch.
        words: String,
    },
    /// The session does not belong to the owner that the client was built with. Nothing was sent.
    #[error("session {session} was left alone: only sessions whose names begin with `{prefix}` are ours")]
    ForeignSession {
        /// The name of the session.
        session: String,
        /// The prefix of our own sessions.
        prefix: String,
    },
    /// The switch refused a command.
    #[error(transparent)]
    Command(Box<CommandError>),
}

impl Error {
    /// Whether commands of the request may have run.
    pub fn sent(&self) -> Sent {
        match self {
            Self::Settings { .. } | Self::ForeignSession { .. } => Sent::No,
            Self::Connect { .. } | Self::Tls { .. } | Self::Denied { .. } => Sent::No,
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

    /// What helps against the error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Settings { .. } | Self::ForeignSession { .. } => ErrorKind::Settings,
            Self::Connect { .. } | Self::Timeout { .. } | Self::Lost { .. } => ErrorKind::Unreachable,
            Self::Tls { .. } => ErrorKind::Tls,
            Self::Denied { .. } => ErrorKind::Denied,
            Self::Http { .. } | Self::NotEapi { .. } | Self::TooLarge { .. } => ErrorKind::NotEapi,
            Self::NotSilent { .. } => ErrorKind::Refused,
            Self::Command(error) => error.kind(),
        }
    }

    /// Returns true if the same request can succeed later although nobody corrects anything. For a
    /// request that acts, look at [`sent`](Self::sent) before sending it again.
    ///
    /// A 401 ([`Error::Denied`]) is not passing in general: mostly the password is wrong.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Timeout { .. } | Self::Lost { .. } => true,
            Self::Http { status, .. } => matches!(status, 408 | 429 | 500..=599),
            Self::Command(error) => error.is_passing(),
            _ => false,
        }
    }
}

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectFault {
    /// Nothing listens there: eAPI is off (`management api http-commands`, `no shutdown`), in
    /// another VRF or on another port.
    #[error("connection refused; is eAPI enabled on this port, in this VRF")]
    Refused,
    /// The attempt was not answered.
    #[error("timed out")]
    TimedOut,
    /// The host name has no address.
    #[error("the host name does not resolve")]
    NotResolved,
    /// Any other failure.
    #[error("connection failed")]
    Other,
}

/// Why there is no TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    /// The switch broke off the handshake. Older EOS releases offer only static-RSA and DHE suites
    /// with CBC by default. rustls does not speak these; OpenSSL does, with the feature
    /// `legacy-tls`.
    #[error(
        "the switch broke off the handshake, probably for want of a common cipher suite; give it an `ssl profile` with \
         `tls versions 1.2` and `cipher-list ECDHE-RSA-AES256-GCM-SHA384`, and name it under `protocol https ssl profile`, or build with \
         the feature `legacy-tls` and choose OpenSSL"
    )]
    // EOS-13: rustls does not speak the default suites of older releases.
    NoCommonCipher,
    /// No trusted authority signed the certificate.
    #[error("the certificate is not trusted; give its CA, or pin its SHA-256 fingerprint")]
    Untrusted,
    /// The switch showed another certificate than the pinned one.
    #[error("the certificate is not the pinned one; was it renewed, or is this another device")]
    WrongFingerprint,
    /// The peer does not speak TLS.
    #[error("what answers there does not speak TLS; is this the plain HTTP port")]
    NotTls,
    /// Any other failure.
    #[error("the handshake failed")]
    Other,
}
