//! What helps against an error, and whether the request may have run.

/// Whether commands of a request may have run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// No command ran: the switch was not reached, or it refused the request before its first
    /// command.
    No,
    /// The request may have reached the switch. The switch may have run none, some or all of it,
    /// and may still be running it.
    Maybe,
    /// Commands ran, as far as the error says.
    Yes,
}

/// The kind of an [`Error`](crate::Error), by what helps against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Correct the settings of the client.
    Settings,
    /// Try later: there was no connection, no answer in time, or the connection broke.
    Unreachable,
    /// Correct the trust settings, or the certificate or `ssl profile` of the switch.
    Tls,
    /// Correct the credentials, or what the switch lets them do.
    Denied,
    /// Correct the command or the configuration line.
    Refused,
    /// Try later: the switch has no room for another pending session, somebody holds its
    /// configuration lock, or it failed for reasons of its own.
    Busy,
    /// Look at what answers there: it is not eAPI, or not in a way this client understands.
    NotEapi,
}
