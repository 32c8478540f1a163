//! How to speak eAPI to a device: from `connection_options.eapi`, or from the options of NAPALM or
//! pyeapi that a Nornir user has already.
//!
//! ```yaml
//! connection_options:
//!   eapi:
//!     port: 8443                  # also hostname, username, password
//!     extras:
//!       transport: https          # or http
//!       verify: ca                # or insecure: any certificate is taken, which is logged
//!       ca_certificates: |        # PEM, trusted beside the system's
//!         -----BEGIN CERTIFICATE-----
//!       fingerprint: AB:CD:…      # SHA-256 of the switch's own certificate, instead of verify
//!       tls: modern               # or legacy: the suites that older EOS offers by default
//!       enable_password: …        # a secret; also {env: NAME} or {command: [PROGRAM, …]}
//!       allow_local: true         # an address of this machine or of its link is meant
//! ```

use serde::Serialize;

use super::InventoryError;
use super::field::Field;
use super::password::Password;
use crate::yaml::{Node, NodeKind};

/// The plugins whose options are understood, in the order they are looked for.
pub(super) const PLUGINS: [&str; 3] = ["eapi", "napalm", "pyeapi"];

/// How a device's eAPI is reached, resolved.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Whether it is reached in clear or over TLS.
    pub transport: Transport,
    /// Which certificates are believed.
    pub verify: Verify,
    /// Which TLS suites the switch has.
    pub tls: Tls,
    /// The TCP port; the transport's own if there is none.
    pub port: Option<u16>,
    /// The password that is typed at the prompt of `enable`.
    pub enable_password: Option<Password>,
}

/// What eAPI travels over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TLS, port 443: EOS's default.
    #[default]
    Https,
    /// In clear, port 80: passwords can be read on the way.
    Http,
}

/// Which certificates are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Verify {
    /// Those of the system's authorities.
    #[default]
    Ca,
    /// Those of the system's authorities and of these, PEM.
    AlsoCa(String),
    /// The one whose SHA-256 fingerprint this is, hexadecimal with or without colons.
    Fingerprint(String),
    /// Any certificate is accepted.
    Insecure,
}

/// Which TLS suites a switch has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Such as have forward secrecy, as after `ssl profile` with `cipher-list`.
    #[default]
    Modern,
    /// Only static RSA and DHE with CBC, the default of older EOS releases.
    Legacy,
}

/// The options of one plugin in one element, as written.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) hostname: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) username: Option<String>,
    pub(super) password: Option<Password>,
    pub(super) extras: Option<Extras>,
}

/// The `extras` of one plugin in one element, as written.
#[derive(Debug, Default)]
pub(super) struct Extras {
    pub(super) transport: Option<Transport>,
    pub(super) verify: Option<Verify>,
    pub(super) tls: Option<Tls>,
    pub(super) port: Option<u16>,
    pub(super) enable_password: Option<Password>,
    pub(super) allow_local: Option<bool>,
}

impl Transport {
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    /// Where EOS serves it unless it is told otherwise.
    pub(crate) fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

impl Verify {
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Ca => "ca".to_owned(),
            Self::AlsoCa(_) => "ca, and the certificates in the inventory".to_owned(),
            Self::Fingerprint(fingerprint) => format!("fingerprint {fingerprint}"),
            Self::Insecure => "insecure".to_owned(),
        }
    }
}

impl Options {
    /// Reads the options of `plugin`. Those of plugins that are not ours may hold anything.
    pub(super) fn read(at: &Field<'_>, plugin: &str, node: Node) -> Result<Self, InventoryError> {
        let mut options = Self::default();
        if !PLUGINS.contains(&plugin) || matches!(node.kind, NodeKind::Null) {
            return Ok(options);
        }
        for (key, node) in at.map(node.kind)? {
            let at = at.below(&key, &node);
            if matches!(node.kind, NodeKind::Null) {
                continue;
            }
            match key.as_str() {
                "hostname" => options.hostname = Some(at.text(node.kind)?),
                "port" => options.port = Some(at.port(&node.kind)?),
                "username" => options.username = Some(at.text(node.kind)?),
                "password" => options.password = Some(at.password(node.kind)?),
                "platform" => {}
                "extras" => options.extras = Some(Extras::read(&at, plugin, node)?),
                _ => {
                    let known = "hostname, port, username, password, platform, extras";
                    return Err(at.fault(format!("is not a connection option; known are {known}")));
                }
            }
        }
        Ok(options)
    }
}

impl Extras {
    fn read(at: &Field<'_>, plugin: &str, node: Node) -> Result<Self, InventoryError> {
        let mut extras = Self::default();
        for (key, node) in at.map(node.kind)? {
            let at = at.below(&key, &node);
            match (plugin, key.as_str()) {
                _ if matches!(node.kind, NodeKind::Null) => {}
                ("napalm", "optional_args") => return Self::read(&at, "optional_args", node),
                (_, "transport") => extras.transport = Some(transport(&at, node)?),
                ("pyeapi" | "optional_args", "port") => extras.port = Some(at.port(&node.kind)?),
                ("pyeapi", "enablepwd") | ("optional_args", "enable_password") | ("eapi", "enable_password") => {
                    extras.enable_password = Some(at.password(node.kind)?);
                }
                ("eapi", "verify") => extras.verify = Some(verify(&at, node)?),
                ("eapi", "ca_certificates") => extras.verify = Some(Verify::AlsoCa(at.text(node.kind)?)),
                ("eapi", "fingerprint") => extras.verify = Some(Verify::Fingerprint(at.text(node.kind)?)),
                ("eapi", "tls") => extras.tls = Some(tls(&at, node)?),
                ("eapi", "allow_local") => extras.allow_local = Some(at.flag(&node.kind)?),
                ("eapi", _) => {
                    let known = "transport, verify, ca_certificates, fingerprint, tls, enable_password, allow_local";
                    return Err(at.fault(format!("is not an option of eapi; known are {known}")));
                }
                _ => {}
            }
        }
        Ok(extras)
    }
}

fn transport(at: &Field<'_>, node: Node) -> Result<Transport, InventoryError> {
    match at.text(node.kind)?.as_str() {
        "https" => Ok(Transport::Https),
        "http" => Ok(Transport::Http),
        _ => Err(at.fault("expected https or http")),
    }
}

fn tls(at: &Field<'_>, node: Node) -> Result<Tls, InventoryError> {
    match at.text(node.kind)?.as_str() {
        "modern" => Ok(Tls::Modern),
        "legacy" => Ok(Tls::Legacy),
        _ => Err(at.fault("expected modern or legacy")),
    }
}

fn verify(at: &Field<'_>, node: Node) -> Result<Verify, InventoryError> {
    match node.kind {
        NodeKind::Text(text) if text == "ca" => Ok(Verify::Ca),
        NodeKind::Text(text) if text == "insecure" => Ok(Verify::Insecure),
        NodeKind::Text(_) => Err(at.fault("expected ca or insecure")),
        kind => Ok(if at.flag(&kind)? { Verify::Ca } else { Verify::Insecure }),
    }
}
