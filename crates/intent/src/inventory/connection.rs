//! How to speak eAPI to a device: from `connection_options.eapi`, or from the options of NAPALM or pyeapi that a Nornir user
//! has already.
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
//!       tls: modern               # or legacy: the switch only has the suites that older EOS offers by default
//!       enable_password: …        # a secret
//! ```

use secrecy::SecretString;
use serde::Serialize;

use super::InventoryError;
use super::document::{Element, Merge, Place};
use crate::yaml::{Kind, Node};

/// The plugins whose options are understood, in the order they are looked for.
const PLUGINS: [&str; 3] = ["eapi", "napalm", "pyeapi"];

/// How a device's eAPI is reached, resolved.
#[derive(Debug, Clone)]
pub struct Connection {
    /// In clear or over TLS.
    pub transport: Transport,
    /// Whose certificates are believed.
    pub verify: Verify,
    /// Which suites the switch has.
    pub tls: Tls,
    /// TCP port; the transport's own if none is given.
    pub port: Option<u16>,
    /// Typed at `enable`'s prompt.
    pub enable_password: Option<SecretString>,
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
    /// Any.
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
    hostname: Option<String>,
    port: Option<u16>,
    username: Option<String>,
    password: Option<SecretString>,
    extras: Option<Extras>,
}

#[derive(Debug, Default)]
struct Extras {
    transport: Option<Transport>,
    verify: Option<Verify>,
    tls: Option<Tls>,
    port: Option<u16>,
    enable_password: Option<SecretString>,
}

/// A value, the level it was found at (0 is the host itself), and its key there.
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) level: usize,
    pub(super) key: String,
}

/// The value under `key` of the nearest element that has it.
pub(super) fn nearest<'a, T>(
    elements: &[&'a Element],
    key: &str,
    get: impl Fn(&'a Element) -> Option<T>,
) -> Option<Found<T>> {
    let mut levels = elements.iter().enumerate();
    levels.find_map(|(level, element)| get(element).map(|value| Found { value, level, key: key.to_owned() }))
}

/// What the elements of a device say about its connection, and where.
pub(super) struct Resolved<'a> {
    pub(super) transport: Option<Found<&'a Transport>>,
    pub(super) verify: Option<Found<&'a Verify>>,
    pub(super) tls: Option<Found<&'a Tls>>,
    pub(super) port: Option<Found<u16>>,
    pub(super) enable_password: Option<Found<&'a SecretString>>,
    pub(super) hostname: Option<Found<&'a String>>,
    pub(super) username: Option<Found<&'a String>>,
    pub(super) password: Option<Found<&'a SecretString>>,
}

impl<'a> Resolved<'a> {
    /// From the first of [`PLUGINS`] that any element has options for; each of its options from the nearest element that has
    /// it. `extras` are taken whole, as in Nornir, or one by one if the inventory merges. What the connection says goes before
    /// what the device says, as with Nornir's connection parameters.
    pub(super) fn new(elements: &[&'a Element], merge: Merge) -> Self {
        let plugin = PLUGINS.iter().find(|plugin| elements.iter().any(|element| element.options(plugin).is_some()));
        let plugin = plugin.copied().unwrap_or(PLUGINS[0]);
        let whole = elements.iter().position(|element| element.extras(plugin).is_some());
        let (nearer, elements_of_extras) = match (merge, whole) {
            (Merge::Shallow, Some(level)) => (level, &elements[level..=level]),
            _ => (0, elements),
        };
        let option = |key: &str| format!("connection_options.{plugin}.{key}");
        let extra = |key: &str| format!("connection_options.{plugin}.extras.{key}");
        fn further<T>(found: Option<Found<T>>, by: usize) -> Option<Found<T>> {
            found.map(|found| Found { level: found.level + by, ..found })
        }
        let of = elements_of_extras;
        let port = further(nearest(of, &extra("port"), |element| element.extras(plugin)?.port), nearer)
            .or_else(|| nearest(elements, &option("port"), |element| element.options(plugin)?.port))
            .or_else(|| nearest(elements, "port", |element| element.port));
        let hostname = nearest(elements, &option("hostname"), |element| element.options(plugin)?.hostname.as_ref())
            .or_else(|| nearest(elements, "hostname", |element| element.hostname.as_ref()));
        let username = nearest(elements, &option("username"), |element| element.options(plugin)?.username.as_ref())
            .or_else(|| nearest(elements, "username", |element| element.username.as_ref()));
        let password = nearest(elements, &option("password"), |element| element.options(plugin)?.password.as_ref())
            .or_else(|| nearest(elements, "password", |element| element.password.as_ref()));
        let enable = |element: &'a Element| element.extras(plugin)?.enable_password.as_ref();
        Self {
            transport: further(
                nearest(of, &extra("transport"), |element| element.extras(plugin)?.transport.as_ref()),
                nearer,
            ),
            verify: further(nearest(of, &extra("verify"), |element| element.extras(plugin)?.verify.as_ref()), nearer),
            tls: further(nearest(of, &extra("tls"), |element| element.extras(plugin)?.tls.as_ref()), nearer),
            enable_password: further(nearest(of, &extra("enable_password"), enable), nearer),
            port,
            hostname,
            username,
            password,
        }
    }

    pub(super) fn connection(&self) -> Connection {
        Connection {
            transport: self.transport.as_ref().map(|found| *found.value).unwrap_or_default(),
            verify: self.verify.as_ref().map(|found| found.value.clone()).unwrap_or_default(),
            tls: self.tls.as_ref().map(|found| *found.value).unwrap_or_default(),
            port: self.port.as_ref().map(|found| found.value),
            enable_password: self.enable_password.as_ref().map(|found| found.value.clone()),
        }
    }
}

impl Element {
    fn options(&self, plugin: &str) -> Option<&Options> {
        self.connections.iter().find(|(name, _)| name == plugin).map(|(_, options)| options)
    }

    fn extras(&self, plugin: &str) -> Option<&Extras> {
        self.options(plugin)?.extras.as_ref()
    }
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
    pub(super) fn read(at: &Place<'_>, plugin: &str, node: Node) -> Result<Self, InventoryError> {
        let mut options = Self::default();
        if !PLUGINS.contains(&plugin) || matches!(node.kind, Kind::Null) {
            return Ok(options);
        }
        for (key, node) in at.map(node.kind)? {
            let at = at.below(&key, &node);
            if matches!(node.kind, Kind::Null) {
                continue;
            }
            match key.as_str() {
                "hostname" => options.hostname = Some(at.text(node.kind)?),
                "port" => options.port = Some(at.port(&node.kind)?),
                "username" => options.username = Some(at.text(node.kind)?),
                "password" => options.password = Some(at.text(node.kind)?.into()),
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
    fn read(at: &Place<'_>, plugin: &str, node: Node) -> Result<Self, InventoryError> {
        let mut extras = Self::default();
        for (key, node) in at.map(node.kind)? {
            let at = at.below(&key, &node);
            match (plugin, key.as_str()) {
                _ if matches!(node.kind, Kind::Null) => {}
                ("napalm", "optional_args") => return Self::read(&at, "optional_args", node),
                (_, "transport") => extras.transport = Some(transport(&at, node)?),
                ("pyeapi" | "optional_args", "port") => extras.port = Some(at.port(&node.kind)?),
                ("pyeapi", "enablepwd") | ("optional_args", "enable_password") | ("eapi", "enable_password") => {
                    extras.enable_password = Some(at.text(node.kind)?.into());
                }
                ("eapi", "verify") => extras.verify = Some(verify(&at, node)?),
                ("eapi", "ca_certificates") => extras.verify = Some(Verify::AlsoCa(at.text(node.kind)?)),
                ("eapi", "fingerprint") => extras.verify = Some(Verify::Fingerprint(at.text(node.kind)?)),
                ("eapi", "tls") => extras.tls = Some(tls(&at, node)?),
                ("eapi", _) => {
                    let known = "transport, verify, ca_certificates, fingerprint, tls, enable_password";
                    return Err(at.fault(format!("is not an option of eapi; known are {known}")));
                }
                _ => {}
            }
        }
        Ok(extras)
    }
}

fn transport(at: &Place<'_>, node: Node) -> Result<Transport, InventoryError> {
    match at.text(node.kind)?.as_str() {
        "https" => Ok(Transport::Https),
        "http" => Ok(Transport::Http),
        _ => Err(at.fault("expected https or http")),
    }
}

fn tls(at: &Place<'_>, node: Node) -> Result<Tls, InventoryError> {
    match at.text(node.kind)?.as_str() {
        "modern" => Ok(Tls::Modern),
        "legacy" => Ok(Tls::Legacy),
        _ => Err(at.fault("expected modern or legacy")),
    }
}

fn verify(at: &Place<'_>, node: Node) -> Result<Verify, InventoryError> {
    match node.kind {
        Kind::Text(text) if text == "ca" => Ok(Verify::Ca),
        Kind::Text(text) if text == "insecure" => Ok(Verify::Insecure),
        Kind::Text(_) => Err(at.fault("expected ca or insecure")),
        kind => Ok(if at.flag(&kind)? { Verify::Ca } else { Verify::Insecure }),
    }
}
