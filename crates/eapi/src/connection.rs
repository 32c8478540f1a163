//! One switch over HTTP: where it is, who asks, and what its HTTP answers mean.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::Error;
use crate::redact;
use crate::transport::{Http, HttpRequest, HttpResponse, TransportFault};
use crate::wire::COMMAND_API;

/// The address, the credentials and the kept-alive connection of a switch. Clones share the
/// connection.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) http: Http,
    pub(crate) url: Url,
    /// Host and port, as errors name them.
    pub(crate) address: String,
    pub(crate) user: String,
    pub(crate) password: SecretString,
    /// How large an answer may be, in bytes.
    pub(crate) reply_limit: usize,
    /// True once the switch has answered. From then on the kept-alive connection can be stale.
    pub(crate) answered: Arc<AtomicBool>,
}

/// What is sent to a path of the switch.
pub(crate) struct Exchange {
    pub(crate) path: &'static str,
    /// The header that authenticates the request.
    pub(crate) credentials: Option<(HeaderName, HeaderValue)>,
    pub(crate) body: Vec<u8>,
    pub(crate) timeout: Duration,
    pub(crate) repeat: Repeat,
}

/// Whether a request may be sent a second time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Never: it acts, and the switch may have received it although no answer came.
    Never,
    /// Once, over a new connection, if the kept-alive one ended before an answer began. Only for
    /// requests that read.
    IfStale,
}

impl Connection {
    /// Sends a request and returns the answer, whatever its HTTP status.
    pub(crate) async fn exchange(&self, exchange: Exchange) -> Result<HttpResponse, Error> {
        let (started, timeout) = (Instant::now(), exchange.timeout);
        let again = (exchange.repeat == Repeat::IfStale && self.answered.load(Ordering::Relaxed))
            .then(|| exchange.body.clone());
        let mut answer = self.post(&exchange, exchange.body.clone(), timeout).await;
        if let (Err(TransportFault::NoAnswer(_)), Some(body)) = (&answer, again) {
            tracing::debug!(address = %self.address, "the kept-alive connection was closed, and is opened again");
            answer = self.post(&exchange, body, timeout.saturating_sub(started.elapsed())).await;
        }
        self.answered.fetch_or(answer.is_ok(), Ordering::Relaxed);
        answer.map_err(|fault| self.failed(fault, timeout))
    }

    async fn post(
        &self,
        exchange: &Exchange,
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<HttpResponse, TransportFault> {
        // EOS-10: EOS takes both media types.
        let media_type = if exchange.path == COMMAND_API { "application/json-rpc" } else { "application/json" };
        let content_type = (CONTENT_TYPE, HeaderValue::from_static(media_type));
        let headers = exchange.credentials.iter().cloned().chain([content_type]).collect();
        let mut url = self.url.clone();
        url.set_path(exchange.path);
        self.http.post(HttpRequest { url: &url, headers, body, timeout, limit: self.reply_limit }).await
    }

    fn failed(&self, fault: TransportFault, after: Duration) -> Error {
        let address = self.address.clone();
        match fault {
            TransportFault::Connect(fault, source) => Error::Connect { address, fault, source },
            TransportFault::Tls(fault, source) => Error::Tls { address, fault, source },
            TransportFault::Timeout => Error::Timeout { address, after },
            TransportFault::NoAnswer(source) | TransportFault::Lost(source) => Error::Lost { address, source },
            TransportFault::TooLarge => Error::TooLarge { address, limit: self.reply_limit },
        }
    }

    /// The error that an answer with another status than 200 means.
    pub(crate) fn unexpected(&self, answer: &HttpResponse) -> Error {
        let words = redact::words(&String::from_utf8_lossy(&answer.body), [&self.password]);
        let address = self.address.clone();
        match answer.status {
            // EOS-7: wrong credentials are a 401 with plain text.
            StatusCode::UNAUTHORIZED => Error::Denied { address, user: self.user.clone(), words },
            status => Error::Http { address, status: status.as_u16(), words },
        }
    }

    /// The header of HTTP basic authentication.
    pub(crate) fn basic(&self) -> (HeaderName, HeaderValue) {
        let credentials = STANDARD.encode(format!("{}:{}", self.user, self.password.expose_secret()));
        let mut value = HeaderValue::from_str(&format!("Basic {credentials}")).expect("base64 is visible ASCII");
        value.set_sensitive(true);
        (AUTHORIZATION, value)
    }
}
