//! Why a connection could not be made, read from the errors of the HTTP and TLS libraries.

use std::io;

use crate::error::{ConnectFault, TlsFault};

/// The account that a library gives of a failure.
pub(crate) type Source = Box<dyn std::error::Error + Send + Sync>;

/// Any error in a chain of causes.
type Cause = dyn std::error::Error + 'static;

/// Why an attempt to connect failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectFailure {
    /// There was no connection.
    Connect(ConnectFault),
    /// There was a connection, but no TLS on it.
    Tls(TlsFault),
}

/// Reads from the causes of `error` why an attempt to connect failed. `tls` recognises the errors
/// of the TLS library.
pub(crate) fn connect_failure(
    error: &Cause,
    tls: &dyn Fn(&Cause) -> Option<ConnectFailure>,
    timed_out: bool,
) -> ConnectFailure {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(fault) = tls(error).or_else(|| io_failure(error, tls)) {
            return fault;
        }
        cause = error.source();
    }
    ConnectFailure::Connect(if timed_out { ConnectFault::TimedOut } else { ConnectFault::Other })
}

fn io_failure(error: &Cause, tls: &dyn Fn(&Cause) -> Option<ConnectFailure>) -> Option<ConnectFailure> {
    let Some(error) = error.downcast_ref::<io::Error>() else {
        // The type that hyper-util uses for it is not public, its text is.
        return (error.to_string() == "dns error").then_some(ConnectFailure::Connect(ConnectFault::NotResolved));
    };
    // The source of an io::Error skips the error it wraps, so that one is looked at here.
    if let Some(fault) = error.get_ref().and_then(|inner| tls(inner).or_else(|| io_failure(inner, tls))) {
        return Some(fault);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some(ConnectFailure::Connect(ConnectFault::Refused)),
        io::ErrorKind::TimedOut => Some(ConnectFailure::Connect(ConnectFault::TimedOut)),
        // While connecting only the handshake reads: the peer hung up in the middle of it.
        io::ErrorKind::UnexpectedEof => Some(ConnectFailure::Tls(TlsFault::NoCommonCipher)),
        _ => None,
    }
}
