//! One HTTP request and its answer, by rustls or by OpenSSL: which of them is decided once, when the client is built.

#[cfg(feature = "legacy-tls")]
mod openssl;
mod rustls;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{StatusCode, Url};

use crate::error::{ConnectFault, TlsFault};
use crate::tls::{ClientCertificate, TlsBackend, TlsTrust};

const USER_AGENT: &str = concat!("eapi/", env!("CARGO_PKG_VERSION"));

/// The account that a transport gives of a failure.
pub(crate) type Source = Box<dyn std::error::Error + Send + Sync>;

/// What a client is built for.
pub(crate) struct Settings<'s> {
    /// None is plain HTTP.
    pub(crate) trust: Option<&'s TlsTrust>,
    pub(crate) backend: TlsBackend,
    pub(crate) own: Option<&'s ClientCertificate>,
    pub(crate) connect_timeout: Duration,
}

/// Another way to a switch than HTTP from here: its Unix socket, a tunnel, a simulated switch in the same process. See
/// [`ClientBuilder::carrier`](crate::ClientBuilder::carrier).
pub trait Carrier: Send + Sync {
    /// Brings the body of a `POST /command-api` to the switch, and back what it answers. The future may be dropped.
    fn carry(&self, body: Vec<u8>) -> Carried<'_>;
}

/// The body of an answer with HTTP status 200, or why there is none.
pub type Carried<'c> = Pin<Box<dyn Future<Output = Result<Vec<u8>, CarryFault>> + Send + 'c>>;

/// Why a [`Carrier`] has no answer.
#[derive(Debug)]
pub enum CarryFault {
    /// The switch cannot have seen the request.
    NotSent(Box<dyn std::error::Error + Send + Sync>),
    /// The switch may have run the request.
    NoAnswer(Box<dyn std::error::Error + Send + Sync>),
    /// The switch answered with this HTTP status instead of 200, such as 401 or 502.
    Status(u16),
}

/// An HTTP client that keeps one connection alive, follows nothing, repeats nothing and heeds no proxy.
#[derive(Clone)]
pub(crate) enum Http {
    Rustls(reqwest::Client),
    #[cfg(feature = "legacy-tls")]
    OpenSsl(Arc<openssl::Client>),
    Carried(Arc<dyn Carrier>),
}

/// A request.
pub(crate) struct Post<'p> {
    pub(crate) url: &'p Url,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Vec<u8>,
    /// For everything, from the connection to the last byte of the answer.
    pub(crate) timeout: Duration,
    /// How large the answer may be, in bytes.
    pub(crate) limit: usize,
}

/// An answer, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
pub(crate) enum Fault {
    Connect(ConnectFault, Source),
    Tls(TlsFault, Source),
    Timeout,
    Lost(Source),
    TooLarge,
}

/// What an attempt to connect failed of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connecting {
    Connect(ConnectFault),
    Tls(TlsFault),
}

impl Http {
    /// A client; the error says which setting makes no sense.
    pub(crate) fn new(settings: &Settings<'_>) -> Result<Self, String> {
        match settings.backend {
            TlsBackend::Rustls => rustls::client(settings).map(Self::Rustls),
            #[cfg(feature = "legacy-tls")]
            TlsBackend::OpenSsl => openssl::client(settings).map(|client| Self::OpenSsl(client.into())),
        }
    }

    pub(crate) async fn post(&self, post: Post<'_>) -> Result<Answer, Fault> {
        match self {
            Self::Rustls(client) => rustls::post(client, post).await,
            #[cfg(feature = "legacy-tls")]
            Self::OpenSsl(client) => openssl::post(client, post).await,
            Self::Carried(carrier) => carry(&**carrier, post).await,
        }
    }
}

async fn carry(carrier: &dyn Carrier, post: Post<'_>) -> Result<Answer, Fault> {
    let body = match tokio::time::timeout(post.timeout, carrier.carry(post.body)).await {
        Ok(Ok(body)) if body.len() > post.limit => return Err(Fault::TooLarge),
        Ok(Ok(body)) => body,
        Ok(Err(CarryFault::NotSent(source))) => return Err(Fault::Connect(ConnectFault::Other, source)),
        Ok(Err(CarryFault::NoAnswer(source))) => return Err(Fault::Lost(source)),
        Ok(Err(CarryFault::Status(status))) => {
            let status = StatusCode::from_u16(status).map_err(|error| Fault::Lost(error.into()))?;
            return Ok(Answer { status, headers: HeaderMap::new(), body: Vec::new() });
        }
        Err(_) => return Err(Fault::Timeout),
    };
    Ok(Answer { status: StatusCode::OK, headers: HeaderMap::new(), body })
}

impl Fault {
    fn of(connecting: Connecting, source: Source) -> Self {
        match connecting {
            Connecting::Connect(fault) => Self::Connect(fault, source),
            Connecting::Tls(fault) => Self::Tls(fault, source),
        }
    }
}

/// Reads from an error's chain what an attempt to connect failed of; `tls` recognises the backend's own errors.
fn connecting(
    error: &(dyn std::error::Error + 'static),
    tls: &dyn Fn(&(dyn std::error::Error + 'static)) -> Option<Connecting>,
    timed_out: bool,
) -> Connecting {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(fault) = tls(error).or_else(|| io_fault(error, tls)) {
            return fault;
        }
        cause = error.source();
    }
    Connecting::Connect(if timed_out { ConnectFault::TimedOut } else { ConnectFault::Other })
}

fn io_fault(
    error: &(dyn std::error::Error + 'static),
    tls: &dyn Fn(&(dyn std::error::Error + 'static)) -> Option<Connecting>,
) -> Option<Connecting> {
    let Some(error) = error.downcast_ref::<std::io::Error>() else {
        // hyper-util's error for it is not public, its text is.
        return (error.to_string() == "dns error").then_some(Connecting::Connect(ConnectFault::NotResolved));
    };
    // An io::Error's source skips the error it wraps, so that is looked at here.
    if let Some(fault) = error.get_ref().and_then(|inner| tls(inner).or_else(|| io_fault(inner, tls))) {
        return Some(fault);
    }
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => Some(Connecting::Connect(ConnectFault::Refused)),
        std::io::ErrorKind::TimedOut => Some(Connecting::Connect(ConnectFault::TimedOut)),
        // While connecting, only the handshake reads: the peer hung up in it.
        std::io::ErrorKind::UnexpectedEof => Some(Connecting::Tls(TlsFault::NoCommonCipher)),
        _ => None,
    }
}
