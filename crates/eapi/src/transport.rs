//! HTTP by rustls, by OpenSSL or by the caller's own way: which of them is decided once, when the
//! client is built.

mod carrier;
mod fault;
mod message;
#[cfg(feature = "legacy-tls")]
mod openssl;
mod rustls;

use std::sync::Arc;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

pub use carrier::{Carried, Carrier, CarryFault};
pub(crate) use message::{HttpRequest, HttpResponse, HttpSettings, TransportFault};

use crate::error::ConnectFault;
use crate::tls::TlsBackend;

/// An HTTP client that keeps one connection alive. It follows no redirect, repeats no request and
/// ignores proxies.
#[derive(Clone)]
pub(crate) enum Http {
    Rustls(reqwest::Client),
    #[cfg(feature = "legacy-tls")]
    OpenSsl(Arc<openssl::Client>),
    Carried(Arc<dyn Carrier>),
}

impl Http {
    /// Builds a client. The error says which setting makes no sense.
    pub(crate) fn new(settings: &HttpSettings<'_>) -> Result<Self, String> {
        match settings.backend {
            TlsBackend::Rustls => rustls::client(settings).map(Self::Rustls),
            #[cfg(feature = "legacy-tls")]
            TlsBackend::OpenSsl => openssl::client(settings).map(|client| Self::OpenSsl(client.into())),
        }
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn post(&self, request: HttpRequest<'_>) -> Result<HttpResponse, TransportFault> {
        match self {
            Self::Rustls(client) => rustls::post(client, request).await,
            #[cfg(feature = "legacy-tls")]
            Self::OpenSsl(client) => openssl::post(client, request).await,
            Self::Carried(carrier) => carry(&**carrier, request).await,
        }
    }
}

async fn carry(carrier: &dyn Carrier, request: HttpRequest<'_>) -> Result<HttpResponse, TransportFault> {
    let body = match tokio::time::timeout(request.timeout, carrier.carry(request.body)).await {
        Ok(Ok(body)) if body.len() > request.limit => return Err(TransportFault::TooLarge),
        Ok(Ok(body)) => body,
        Ok(Err(CarryFault::NotSent(source))) => return Err(TransportFault::Connect(ConnectFault::Other, source)),
        Ok(Err(CarryFault::NoAnswer(source))) => return Err(TransportFault::Lost(source)),
        Ok(Err(CarryFault::Status(status))) => {
            let status = StatusCode::from_u16(status).map_err(|error| TransportFault::Lost(error.into()))?;
            return Ok(HttpResponse { status, headers: HeaderMap::new(), body: Vec::new() });
        }
        Err(_) => return Err(TransportFault::Timeout),
    };
    Ok(HttpResponse { status: StatusCode::OK, headers: HeaderMap::new(), body })
}
