//! One switch over eAPI: settings, connection, requests. Sends and classifies; what an answer says is read in `reply`.

use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Response, StatusCode, Url, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::error::Error;
use crate::redact;
use crate::reply::{Asked, Fault};
use crate::tls::{self, Attempt, TlsTrust};
use crate::wire::{COMMAND_API, Command, Format, Params, Request};

/// One switch. Requests made one after the other share one connection, which is opened by the first and kept alive; a
/// clone shares it too. Requests made at the same time each get a connection, though EOS runs them in turn.
///
/// Environment variables that name proxies are ignored, redirects are not followed: a password goes to the switch only.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: Url,
    address: String,
    user: String,
    password: SecretString,
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
            enable_password: None,
            timeouts: Timeouts::default(),
            reply_limit: 64 << 20,
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
            Fault::Command(error) => Error::Command(error),
            Fault::NotEapi(what) => Error::NotEapi { address: self.address.clone(), what },
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

    /// The body of an answer with HTTP status 200.
    async fn send(&self, request: &Request, timeout: Duration) -> Result<Vec<u8>, Error> {
        let sent = self
            .http
            .post(self.url.clone())
            .basic_auth(&self.user, Some(self.password.expose_secret()))
            .timeout(timeout)
            .header(header::CONTENT_TYPE, "application/json-rpc")
            .json(request)
            .send();
        let response = sent.await.map_err(|error| self.broken(error, timeout))?;
        let status = response.status();
        if status == StatusCode::OK {
            return self.body(response, timeout).await;
        }
        // The words are a courtesy: without them the status still says what happened.
        let body = self.body(response, timeout).await.unwrap_or_default();
        let words = redact::words(&String::from_utf8_lossy(&body), [&self.password]);
        let address = self.address.clone();
        Err(match status {
            StatusCode::UNAUTHORIZED => Error::Denied { address, user: self.user.clone(), words },
            _ => Error::Http { address, status: status.as_u16(), words },
        })
    }

    async fn body(&self, mut response: Response, timeout: Duration) -> Result<Vec<u8>, Error> {
        let too_large = || Error::TooLarge { address: self.address.clone(), limit: self.reply_limit };
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(error, timeout))? {
            if body.len() + chunk.len() > self.reply_limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn broken(&self, error: reqwest::Error, timeout: Duration) -> Error {
        let address = self.address.clone();
        let source = error.without_url();
        if source.is_connect() {
            return match Attempt::of(&source) {
                Attempt::Connect(fault) => Error::Connect { address, fault, source },
                Attempt::Tls(fault) => Error::Tls { address, fault, source },
            };
        }
        if source.is_timeout() {
            return Error::Timeout { address, after: timeout };
        }
        Error::Lost { address, source }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.url.as_str()).field("user", &self.user).finish_non_exhaustive()
    }
}

/// Settings of a [`Client`]. `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct ClientBuilder {
    host: String,
    port: Option<u16>,
    transport: Transport,
    user: String,
    password: SecretString,
    enable_password: Option<SecretString>,
    timeouts: Timeouts,
    reply_limit: usize,
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

    /// The client. Sends nothing yet.
    pub fn build(self) -> Result<Client, Error> {
        let url = self.url().map_err(|what| Error::Settings { what })?;
        let address =
            format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
        let http = reqwest::Client::builder()
            .user_agent(concat!("eapi/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never()) // a commit must not be sent twice
            .http1_only()
            .pool_max_idle_per_host(1)
            .connect_timeout(self.timeouts.connect);
        let http = match &self.transport {
            // Without this, every client would read the system's certificates, and fail where there are none.
            Transport::Http => http.tls_certs_only([]),
            Transport::Https(trust) => {
                if *trust == TlsTrust::Insecure {
                    tracing::warn!(%address, "certificates are not verified, so the switch may be anyone");
                }
                tls::configure(http, trust).map_err(|what| Error::Settings { what })?
            }
        };
        let http = http.build().map_err(|error| Error::Settings { what: format!("no HTTP client: {error:?}") })?;
        Ok(Client {
            http,
            url,
            address,
            user: self.user,
            password: self.password,
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
