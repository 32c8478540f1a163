//! How a client reaches a switch, how it authenticates and how long it waits.

use std::time::Duration;

use crate::tls::TlsTrust;

/// How a switch is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// Unencrypted, on port 80 by default. Everybody on the path can read the password.
    Http,
    /// TLS, on port 443 by default.
    // EOS-2: HTTPS is on with eAPI, plain HTTP only with `protocol http`.
    Https(TlsTrust),
}

/// How a client authenticates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Authentication {
    /// User name and password with every request.
    #[default]
    // EOS-4.
    Basic,
    /// User name and password once, in exchange for a cookie that goes with every request after
    /// that. An expired cookie is renewed. [`Client::logout`](crate::Client::logout) ends it on the
    /// switch.
    // EOS-5.
    Cookie,
    /// The client certificate alone. The user is the one that the certificate names.
    // EOS-9: EOS maps the certificate to a user.
    Certificate,
}

/// How long a client waits for a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection with its TLS handshake; 10 s by default.
    pub connect: Duration,
    /// For the whole answer to a request that runs commands; 60 s by default.
    pub command: Duration,
    /// For the whole answer to a request that loads, commits or saves a configuration; 300 s by
    /// default, because a full replace has been seen to take four minutes when TACACS+ authorises
    /// every command (napalm-ansible issue 165).
    // EOS-12.
    pub commit: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), command: Duration::from_secs(60), commit: Duration::from_secs(300) }
    }
}
