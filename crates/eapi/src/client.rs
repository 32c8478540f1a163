//! One switch over eAPI: settings, connection, requests. Sends and classifies; what an answer says is read in `reply`.

use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::error::Error;
use crate::login::{self, Login};
use crate::redact;
use crate::reply::{self, Asked};
use crate::tls::{ClientCertificate, TlsBackend, TlsTrust};
use crate::transport::{Answer, Carrier, Fault, Http, Post, Settings};
use crate::wire::{COMMAND_API, Command, Format, Params, Request};

/// One switch. Requests made one after the other share one connection, which is opened by the first and kept alive; a
/// clone shares it too. Requests made at the same time each get a connection, though EOS runs them in turn.
///
/// Environment variables that name proxies are ignored, redirects are not followed: a password goes to the switch only.
#[derive(Clone)]
pub struct Client {
    http: Http,
    url: Url,
    address: String,
    user: String,
    password: SecretString,
    authentication: Authentication,
    login: Arc<Login>,
    enable_password: Option<SecretString>,
    timeouts: Timeouts,
    reply_limit: usize,
    ids: Arc<AtomicU64>,
}

/// How a switch is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// Unencrypted; port 80 unless told otherwise. The password is readable on the path.
    Http,
    /// TLS; port 443 unless told otherwise.
    Https(TlsTrust),
}

/// How a client says who it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Authentication {
    /// User name and password with every request.
    #[default]
    Basic,
    /// User name and password once, for a cookie that goes with every request after that and is renewed when it expires.
    /// [`Client::logout`] ends it on the switch.
    Cookie,
    /// The client certificate alone; the user is the one it is made out to.
    Certificate,
}

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection with its TLS handshake; 10 s by default.
    pub connect: Duration,
    /// For the whole answer to a request that runs commands; 60 s by default.
    pub command: Duration,
    /// For the whole answer to a request that loads, commits or saves a configuration; 300 s by default, since with
    /// TACACS+ authorisation of every command a full replace has been seen to take four minutes.
    pub commit: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), command: Duration::from_secs(60), commit: Duration::from_secs(300) }
    }
}

impl Client {
    /// Settings for a client of the switch at `host`: a name, an IPv4 or an IPv6 address.
    pub fn builder(host: impl Into<String>, user: impl Into<String>, password: SecretString) -> ClientBuilder {
        ClientBuilder {
            host: host.into(),
            port: None,
            transport: Transport::Https(TlsTrust::System),
            user: user.into(),
            password,
            authentication: Authentication::Basic,
            client_certificate: None,
            backend: TlsBackend::default(),
            enable_password: None,
            timeouts: Timeouts::default(),
            reply_limit: 64 << 20,
            carrier: None,
        }
    }

    /// Host and port, as errors name them.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How long it waits.
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Runs commands in one request, after an `enable`, and returns one result for each. The first that fails stops the
    /// request; those before it have taken effect. The mode they leave behind ends with the request.
    pub async fn run<C: Into<Command>>(
        &self,
        commands: impl IntoIterator<Item = C>,
        format: Format,
    ) -> Result<Vec<Value>, Error> {
        self.run_within(self.timeouts.command, commands, format).await
    }

    /// [`run`](Self::run), waiting `timeout` for the whole answer.
    pub async fn run_within<C: Into<Command>>(
        &self,
        timeout: Duration,
        commands: impl IntoIterator<Item = C>,
        format: Format,
    ) -> Result<Vec<Value>, Error> {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let cmds: Vec<Command> = std::iter::once(self.enable()).chain(commands.into_iter().map(Into::into)).collect();
        let params =
            Params { version: 1.into(), cmds, format, timestamps: false, auto_complete: false, stop_on_error: true };
        let request = Request { jsonrpc: "2.0".to_owned(), method: "runCmds".to_owned(), params, id: id.into() };
        let started = Instant::now();
        let body = self.send(&request, timeout).await?;
        let (address, commands) = (&self.address, request.params.cmds.len());
        tracing::debug!(%address, commands, bytes = body.len(), elapsed_ms = started.elapsed().as_millis(), "answered");
        let secrets: Vec<&SecretString> = std::iter::once(&self.password).chain(&self.enable_password).collect();
        Asked { id, commands: &request.params.cmds, secrets: &secrets }.results(&body).map_err(|fault| match fault {
            reply::Fault::Command(error) => Error::Command(error),
            reply::Fault::NotEapi(what) => Error::NotEapi { address: self.address.clone(), what },
        })
    }

    fn enable(&self) -> Command {
        match &self.enable_password {
            None => "enable".into(),
            Some(password) => Command::WithInput {
                cmd: "enable".to_owned(),
                input: Some(password.expose_secret().to_owned()),
                revision: None,
            },
        }
    }

    /// Ends the login of [`Authentication::Cookie`], if there is one; the next request opens another.
    pub async fn logout(&self) -> Result<(), Error> {
        self.login.close(self).await
    }

    /// The body of an answer with HTTP status 200.
    async fn send(&self, request: &Request, timeout: Duration) -> Result<Vec<u8>, Error> {
        let body = serde_json::to_vec(request)
            .map_err(|error| Error::Settings { what: format!("the request cannot be written as JSON: {error}") })?;
        let answer = match self.authentication {
            Authentication::Basic => self.exchange(COMMAND_API, vec![self.basic()], body, timeout).await?,
            Authentication::Certificate => self.exchange(COMMAND_API, Vec::new(), body, timeout).await?,
            Authentication::Cookie => self.send_with_cookie(body, timeout).await?,
        };
        if answer.status == StatusCode::OK { Ok(answer.body) } else { Err(self.unexpected(&answer)) }
    }

    /// Sends a request again, once, if its cookie has expired: EOS runs nothing of a request that it does not let in.
    async fn send_with_cookie(&self, body: Vec<u8>, timeout: Duration) -> Result<Answer, Error> {
        let token = self.login.token(self).await?;
        let answer = self.exchange(COMMAND_API, vec![login::cookie(&token)], body.clone(), timeout).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        tracing::debug!(address = %self.address, "the login has expired, and is renewed");
        self.login.forget(&token).await;
        let token = self.login.token(self).await?;
        self.exchange(COMMAND_API, vec![login::cookie(&token)], body, timeout).await
    }

    /// One request to the switch.
    pub(crate) async fn exchange(
        &self,
        path: &str,
        mut headers: Vec<(HeaderName, HeaderValue)>,
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<Answer, Error> {
        let media_type = if path == COMMAND_API { "application/json-rpc" } else { "application/json" };
        headers.push((CONTENT_TYPE, HeaderValue::from_static(media_type)));
        let mut url = self.url.clone();
        url.set_path(path);
        let post = Post { url: &url, headers, body, timeout, limit: self.reply_limit };
        let address = || self.address.clone();
        self.http.post(post).await.map_err(|fault| match fault {
            Fault::Connect(fault, source) => Error::Connect { address: address(), fault, source },
            Fault::Tls(fault, source) => Error::Tls { address: address(), fault, source },
            Fault::Timeout => Error::Timeout { address: address(), after: timeout },
            Fault::Lost(source) => Error::Lost { address: address(), source },
            Fault::TooLarge => Error::TooLarge { address: address(), limit: self.reply_limit },
        })
    }

    /// What an answer with another status than 200 means.
    pub(crate) fn unexpected(&self, answer: &Answer) -> Error {
        let words = redact::words(&String::from_utf8_lossy(&answer.body), [&self.password]);
        let address = self.address.clone();
        match answer.status {
            StatusCode::UNAUTHORIZED => Error::Denied { address, user: self.user.clone(), words },
            status => Error::Http { address, status: status.as_u16(), words },
        }
    }

    pub(crate) fn credentials(&self) -> (&str, &SecretString) {
        (&self.user, &self.password)
    }

    fn basic(&self) -> (HeaderName, HeaderValue) {
        let credentials = STANDARD.encode(format!("{}:{}", self.user, self.password.expose_secret()));
        let mut value = HeaderValue::from_str(&format!("Basic {credentials}")).expect("base64 is visible ASCII");
        value.set_sensitive(true);
        (AUTHORIZATION, value)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.url.as_str()).field("user", &self.user).finish_non_exhaustive()
    }
}

/// Settings of a [`Client`]. `Debug` shows no password.
#[derive(Clone)]
pub struct ClientBuilder {
    host: String,
    port: Option<u16>,
    transport: Transport,
    user: String,
    password: SecretString,
    authentication: Authentication,
    client_certificate: Option<ClientCertificate>,
    backend: TlsBackend,
    enable_password: Option<SecretString>,
    timeouts: Timeouts,
    reply_limit: usize,
    carrier: Option<Arc<dyn Carrier>>,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, transport, user, .. } = self;
        f.debug_struct("ClientBuilder")
            .field("host", host)
            .field("port", port)
            .field("transport", transport)
            .field("user", user)
            .finish_non_exhaustive()
    }
}

impl ClientBuilder {
    /// Another port than the transport's own.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Another transport than HTTPS with the system's certificate authorities.
    #[must_use]
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// Another authentication than [`Authentication::Basic`].
    #[must_use]
    pub fn authentication(mut self, authentication: Authentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// What to show of oneself in the TLS handshake.
    #[must_use]
    pub fn client_certificate(mut self, certificate: ClientCertificate) -> Self {
        self.client_certificate = Some(certificate);
        self
    }

    /// Another TLS than rustls.
    #[must_use]
    pub fn tls_backend(mut self, backend: TlsBackend) -> Self {
        self.backend = backend;
        self
    }

    /// The password that `enable` asks for.
    #[must_use]
    pub fn enable_password(mut self, password: SecretString) -> Self {
        self.enable_password = Some(password);
        self
    }

    /// Other timeouts than the defaults.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// How large an answer may be, in bytes; 64 MiB by default.
    #[must_use]
    pub fn reply_limit(mut self, bytes: usize) -> Self {
        self.reply_limit = bytes;
        self
    }

    /// Another way to the switch than HTTP from here. Host and port then serve to name the switch in errors only; transport,
    /// TLS and authentication are the carrier's own affair.
    #[must_use]
    pub fn carrier(mut self, carrier: Arc<dyn Carrier>) -> Self {
        self.carrier = Some(carrier);
        self
    }

    /// The client. Sends nothing yet.
    pub fn build(self) -> Result<Client, Error> {
        let url = self.url().map_err(|what| Error::Settings { what })?;
        let address =
            format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
        let settings = |what: &str| Err(Error::Settings { what: what.to_owned() });
        let trust = match &self.transport {
            Transport::Http if self.client_certificate.is_some() => {
                return settings("a client certificate was given, but plain HTTP has no place for it");
            }
            Transport::Http => None,
            Transport::Https(trust) => Some(trust),
        };
        if self.authentication == Authentication::Certificate && self.client_certificate.is_none() {
            return settings("authentication by certificate was asked for, but no client certificate was given");
        }
        if trust == Some(&TlsTrust::Insecure) {
            tracing::warn!(%address, "certificates are not verified, so the switch may be anyone");
        }
        let settings = Settings {
            trust,
            backend: self.backend,
            own: self.client_certificate.as_ref(),
            connect_timeout: self.timeouts.connect,
        };
        let http = match self.carrier {
            Some(carrier) => Http::Carried(carrier),
            None => Http::new(&settings).map_err(|what| Error::Settings { what })?,
        };
        Ok(Client {
            http,
            url,
            address,
            user: self.user,
            password: self.password,
            authentication: self.authentication,
            login: Arc::default(),
            enable_password: self.enable_password,
            timeouts: self.timeouts,
            reply_limit: self.reply_limit,
            ids: Arc::new(AtomicU64::new(1)),
        })
    }

    fn url(&self) -> Result<Url, String> {
        let scheme = match self.transport {
            Transport::Http => "http",
            Transport::Https(_) => "https",
        };
        let host = self.host.as_str();
        let bad_host = || format!("`{host}` is not a host name, an IPv4 or an IPv6 address");
        let bracketed =
            host.trim_start_matches('[').trim_end_matches(']').parse::<Ipv6Addr>().map(|ip| format!("[{ip}]"));
        let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let authority = match bracketed {
            Ok(ip) => ip,
            Err(_) if !host.is_empty() && host.chars().all(name) => host.to_owned(),
            Err(_) => return Err(bad_host()),
        };
        let mut url = Url::parse(&format!("{scheme}://{authority}{COMMAND_API}")).map_err(|_| bad_host())?;
        // A port that is the scheme's own is left out of the URL; only URLs without a host refuse one.
        url.set_port(self.port).map_err(|()| bad_host())?;
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(host: &str, transport: Transport) -> Result<Client, Error> {
        Client::builder(host, "admin", "canary".into()).transport(transport).build()
    }

    #[test]
    fn hosts_are_names_or_addresses_of_both_families() {
        for (host, address) in [
            ("leaf1.example", "leaf1.example:80"),
            ("10.0.0.1", "10.0.0.1:80"),
            ("2001:db8::1", "[2001:db8::1]:80"),
            ("[2001:db8::1]", "[2001:db8::1]:80"),
        ] {
            assert_eq!(built(host, Transport::Http).unwrap().address(), address);
        }
        assert_eq!(built("leaf1", Transport::Https(TlsTrust::Insecure)).unwrap().address(), "leaf1:443");
    }

    #[test]
    fn anything_else_is_not_a_host() {
        for host in ["", "a b", "a/b", "user@leaf1", "leaf1:80", "leaf1#", "1.2.3.999"] {
            let error = built(host, Transport::Http).unwrap_err();
            assert!(matches!(&error, Error::Settings { what } if what.contains(host)), "{host}: {error}");
        }
    }

    #[test]
    fn a_ca_that_is_not_pem_is_an_error_before_anything_is_sent() {
        for pem in ["", "not a certificate", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"] {
            let error = built("leaf1", Transport::Https(TlsTrust::AlsoCa(pem.to_owned()))).unwrap_err();
            assert!(matches!(error, Error::Settings { .. }), "{error}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let builder = Client::builder("leaf1", "admin", "canary".into()).enable_password("canary".into());
        let shown = format!("{builder:?} {:?}", builder.clone().build().unwrap());
        assert!(shown.contains("admin") && !shown.contains("canary"), "{shown}");
    }
}
