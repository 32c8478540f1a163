//! One HTTP request and its answer, whatever carries them.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{StatusCode, Url};

use super::fault::{ConnectFailure, Source};
use crate::error::{ConnectFault, TlsFault};
use crate::tls::{ClientCertificate, TlsBackend, TlsTrust};

pub(crate) const USER_AGENT: &str = concat!("eapi/", env!("CARGO_PKG_VERSION"));

/// The settings that an HTTP client is built from.
pub(crate) struct HttpSettings<'s> {
    /// Whom to trust on HTTPS. `None` is plain HTTP.
    pub(crate) trust: Option<&'s TlsTrust>,
    /// The TLS library to use.
    pub(crate) backend: TlsBackend,
    /// The certificate that this client shows.
    pub(crate) own: Option<&'s ClientCertificate>,
    /// How long a connection with its TLS handshake may take.
    pub(crate) connect_timeout: Duration,
}

/// A POST request.
pub(crate) struct HttpRequest<'p> {
    pub(crate) url: &'p Url,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Vec<u8>,
    /// For everything, from the connection to the last byte of the answer.
    pub(crate) timeout: Duration,
    /// How large the answer may be, in bytes.
    pub(crate) limit: usize,
}

/// The whole answer to a request, whatever its status.
pub(crate) struct HttpResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
pub(crate) enum TransportFault {
    /// There is no connection.
    Connect(ConnectFault, Source),
    /// There is a connection without TLS.
    Tls(TlsFault, Source),
    /// The answer was not complete in time.
    Timeout,
    /// The connection ended before the first byte of the answer. A connection that was kept alive
    /// and that the switch closed meanwhile ends like this.
    NoAnswer(Source),
    /// The connection ended in the middle of the answer.
    Lost(Source),
    /// The answer is larger than [`HttpRequest::limit`].
    TooLarge,
}

impl TransportFault {
    pub(crate) fn from_connecting(failure: ConnectFailure, source: Source) -> Self {
        match failure {
            ConnectFailure::Connect(fault) => Self::Connect(fault, source),
            ConnectFailure::Tls(fault) => Self::Tls(fault, source),
        }
    }
}
