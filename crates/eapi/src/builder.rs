//! The settings of a client, from host name to client.

use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use reqwest::Url;
use secrecy::SecretString;

use crate::client::Client;
use crate::connection::Connection;
use crate::error::Error;
use crate::session_owner::SessionOwner;
use crate::settings::{Authentication, Timeouts, Transport};
use crate::tls::{ClientCertificate, TlsBackend, TlsTrust};
use crate::transport::{Carrier, Http, HttpSettings};
use crate::wire::COMMAND_API;

/// The settings of a [`Client`]. `Debug` shows no password.
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
    owner: Option<SessionOwner>,
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

impl Client {
    /// Starts the settings of a client for the switch at `host`: a name, an IPv4 or an IPv6
    /// address. The default is HTTPS with the certificate authorities of the system.
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
            owner: None,
        }
    }
}

impl ClientBuilder {
    /// Sets the port. The default is the port of the transport.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Sets the transport and whom to trust on it.
    #[must_use]
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// Sets how the client authenticates. The default is [`Authentication::Basic`].
    #[must_use]
    pub fn authentication(mut self, authentication: Authentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// Sets the certificate that the client shows in the TLS handshake.
    #[must_use]
    pub fn client_certificate(mut self, certificate: ClientCertificate) -> Self {
        self.client_certificate = Some(certificate);
        self
    }

    /// Sets the TLS library. The default is rustls.
    #[must_use]
    pub fn tls_backend(mut self, backend: TlsBackend) -> Self {
        self.backend = backend;
        self
    }

    /// Sets the password that `enable` asks for.
    #[must_use]
    pub fn enable_password(mut self, password: SecretString) -> Self {
        self.enable_password = Some(password);
        self
    }

    /// Sets how long the client waits.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets how large an answer may be, in bytes. The default is 64 MiB.
    #[must_use]
    pub fn reply_limit(mut self, bytes: usize) -> Self {
        self.reply_limit = bytes;
        self
    }

    /// Limits the client to the sessions of `owner`: it opens, commits, confirms and aborts no
    /// other, and answers [`Error::ForeignSession`] instead. By default it takes any session name.
    #[must_use]
    pub fn session_owner(mut self, owner: SessionOwner) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Sets another way to the switch than HTTP from here. Host and port then only name the switch
    /// in errors; transport, TLS and authentication are up to the carrier.
    #[must_use]
    pub fn carrier(mut self, carrier: Arc<dyn Carrier>) -> Self {
        self.carrier = Some(carrier);
        self
    }

    /// Builds the client. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] names the setting that makes no sense.
    pub fn build(self) -> Result<Client, Error> {
        let url = self.url().map_err(|what| Error::Settings { what })?;
        let host = url.host_str().unwrap_or_default();
        let address = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
        let trust = self.trust().map_err(|what| Error::Settings { what: what.to_owned() })?;
        if trust == Some(&TlsTrust::Insecure) {
            tracing::warn!(%address, "certificates are not verified, so the switch may be anyone");
        }
        let http = self.http(trust).map_err(|what| Error::Settings { what })?;
        Ok(Client {
            connection: Connection {
                http,
                url,
                address,
                user: self.user,
                password: self.password,
                reply_limit: self.reply_limit,
                answered: Arc::default(),
            },
            authentication: self.authentication,
            login: Arc::default(),
            enable_password: self.enable_password,
            timeouts: self.timeouts,
            owner: self.owner,
            ids: Arc::new(AtomicU64::new(1)),
        })
    }

    /// Whom to trust, or `None` on plain HTTP. Fails if the certificate settings contradict the
    /// others.
    fn trust(&self) -> Result<Option<&TlsTrust>, &'static str> {
        let has_certificate = self.client_certificate.is_some();
        if self.authentication == Authentication::Certificate && !has_certificate {
            return Err("authentication by certificate was asked for, but no client certificate was given");
        }
        match &self.transport {
            Transport::Http if has_certificate => {
                Err("a client certificate was given, but plain HTTP has no place for it")
            }
            Transport::Http => Ok(None),
            Transport::Https(trust) => Ok(Some(trust)),
        }
    }

    fn http(&self, trust: Option<&TlsTrust>) -> Result<Http, String> {
        match &self.carrier {
            Some(carrier) => Ok(Http::Carried(Arc::clone(carrier))),
            None => Http::new(&HttpSettings {
                trust,
                backend: self.backend,
                own: self.client_certificate.as_ref(),
                connect_timeout: self.timeouts.connect,
            }),
        }
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
        // The default port of the scheme is left out of the URL; only a URL without a host refuses
        // one.
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
