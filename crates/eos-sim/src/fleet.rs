//! The fleet file: which devices to simulate and how they are cabled.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;

use crate::config::Strictness;
use crate::tls::{Tls, TlsError};

/// A fleet as its YAML file describes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fleet {
    /// The devices of the fleet, at least one.
    pub devices: Vec<DeviceSpec>,
    /// The cables between devices: pairs of `device:interface`.
    #[serde(default)]
    pub links: Vec<(End, End)>,
}

/// One device of the fleet file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceSpec {
    /// Unique in the fleet; the host name of the default startup-config.
    pub name: String,
    /// Where eAPI is served; loopback only.
    #[serde(default = "loopback")]
    pub address: IpAddr,
    /// The port that eAPI is served on; 0 takes any free one.
    #[serde(default)]
    pub port: u16,
    /// Whether the port speaks HTTP or HTTPS, and with which suites.
    #[serde(default)]
    pub tls: Tls,
    /// The EOS version it says it runs; since 4.32 commit timers are shown in another way.
    #[serde(default = "eos")]
    pub eos: String,
    /// The model it says it is.
    #[serde(default = "model")]
    pub model: String,
    /// The serial number that `show version` says; `SIM-` and the device's name if none is given.
    pub serial: Option<String>,
    /// The host name of the default startup-config; the device's name if none is given.
    pub hostname: Option<String>,
    /// The only user who may log in. `username` lines of the configuration do not count.
    pub username: String,
    /// The password of `username`.
    pub password: SecretString,
    /// The password that `enable` asks for; it asks for none if this is not given.
    pub enable_password: Option<SecretString>,
    /// Whether event-handlers may really run their bash actions on this machine.
    #[serde(default)]
    pub allow_bash: bool,
    /// Whether it answers whatever its configuration says; otherwise one without `management api
    /// http-commands` and `no shutdown` cuts it off. For configurations that are no whole ones.
    #[serde(default)]
    pub always_answers: bool,
    /// What happens to commands the grammar does not know.
    #[serde(default)]
    pub mode: Strictness,
    /// Whether it shows the lines that a device of its model and release shows although nobody
    /// entered them, such as `no aaa root` or `system l1`.
    #[serde(default)]
    pub own_lines: bool,
    /// The startup-config; a host name, a user and eAPI if it is not given.
    pub startup_config: Option<String>,
}

/// One end of a cable, `device:interface`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct End {
    /// The name of the device at this end.
    pub device: String,
    /// Its interface, by its long name.
    pub interface: String,
}

/// A fleet that cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FleetError {
    /// The fleet file is no YAML, or has another shape.
    #[error("the fleet file cannot be read: {0}")]
    Yaml(String),
    /// The fleet file describes no device.
    #[error("the fleet has no devices, at least one was expected")]
    Empty,
    /// Two devices have the same name.
    #[error("device {0} is there twice")]
    Twice(String),
    /// An address can be reached from other machines.
    #[error("{what}: {address} is not a loopback address, and a simulator is not for others to reach")]
    NotLoopback {
        /// The device, or the control face, that was to listen there.
        what: String,
        /// The address that others could reach.
        address: IpAddr,
    },
    /// There are fewer ports or addresses than devices.
    #[error("{count} devices do not fit: {room}")]
    Room {
        /// How many devices were asked for.
        count: usize,
        /// How many ports or addresses there are, in words.
        room: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// A cable ends nowhere, or two cables end on one port.
    #[error("link end {0}: {1}")]
    Link(End, &'static str),
    /// A device refuses a line of its startup-config.
    #[error("device {device}: line {line} of its startup-config: {reason}")]
    StartupConfig {
        /// The name of the device.
        device: String,
        /// The line of its startup-config, counted from 1.
        line: usize,
        /// Why the line was refused, in EOS's words.
        reason: String,
    },
    /// A port cannot be bound.
    #[error("{what} cannot listen on {address}")]
    Listen {
        /// The device, or the control face, that was to listen there.
        what: String,
        /// The address and port that could not be bound.
        address: std::net::SocketAddr,
        /// The reason, as the operating system or the TLS library gives it.
        #[source]
        source: std::io::Error,
    },
}

impl From<TlsError> for FleetError {
    fn from(TlsError(why): TlsError) -> Self {
        Self::Tls(why)
    }
}

impl Fleet {
    /// Reads and checks a fleet file.
    pub fn parse(yaml: &str) -> Result<Self, FleetError> {
        let fleet: Self = serde_saphyr::from_str(yaml).map_err(|error| FleetError::Yaml(error.to_string()))?;
        fleet.check()?;
        Ok(fleet)
    }

    /// `count` devices that are like `like`: named `<name>1`, `<name>2`, …, on one address with
    /// successive ports, or each on an address of its own where `network` has several, with the
    /// same port. Port 0 is any free one.
    ///
    /// # Errors
    ///
    /// More devices than ports or addresses.
    pub fn of_alike(count: usize, like: &DeviceSpec, network: IpNet) -> Result<Self, FleetError> {
        let several = network.addr() == network.network() && network.prefix_len() < network.max_prefix_len();
        let addresses: Vec<IpAddr> = if several { network.hosts().take(count).collect() } else { vec![network.addr()] };
        let full = |room: String| FleetError::Room { count, room };
        if several && addresses.len() < count {
            return Err(full(format!("{network} has {} addresses", addresses.len())));
        }
        let device = |index: usize| {
            let port = match (several, like.port) {
                (false, base @ 1..) => u16::try_from(usize::from(base) + index).ok(),
                (_, port) => Some(port),
            };
            let port =
                port.ok_or_else(|| full(format!("ports end at {}, and the first is {}", u16::MAX, like.port)))?;
            let address = addresses[if several { index } else { 0 }];
            Ok(DeviceSpec { name: format!("{}{}", like.name, index + 1), address, port, ..like.clone() })
        };
        Ok(Self { devices: (0..count).map(device).collect::<Result<_, FleetError>>()?, links: Vec::new() })
    }

    pub(crate) fn check(&self) -> Result<(), FleetError> {
        if self.devices.is_empty() {
            return Err(FleetError::Empty);
        }
        let mut names = BTreeSet::new();
        for device in &self.devices {
            if !names.insert(device.name.as_str()) {
                return Err(FleetError::Twice(device.name.clone()));
            }
            check_loopback(&device.name, device.address)?;
        }
        let mut ends = BTreeSet::new();
        for end in self.links.iter().flat_map(|(a, b)| [a, b]) {
            if !names.contains(end.device.as_str()) {
                return Err(FleetError::Link(end.clone(), "there is no such device in the fleet"));
            }
            if !ends.insert(end) {
                return Err(FleetError::Link(end.clone(), "another link is there already"));
            }
        }
        Ok(())
    }
}

impl DeviceSpec {
    /// A device on a free port of 127.0.0.1 with everything else at its default.
    pub fn new(name: impl Into<String>, username: impl Into<String>, password: SecretString) -> Self {
        Self {
            name: name.into(),
            address: loopback(),
            port: 0,
            tls: Tls::None,
            eos: eos(),
            model: model(),
            serial: None,
            hostname: None,
            username: username.into(),
            password,
            enable_password: None,
            allow_bash: false,
            always_answers: false,
            mode: Strictness::Strict,
            own_lines: false,
            startup_config: None,
        }
    }

    /// The serial number of the device; `SIM-` and its name if none was given.
    pub(crate) fn serial(&self) -> String {
        self.serial.clone().unwrap_or_else(|| format!("SIM-{}", self.name))
    }

    /// The startup-config of the device, or the default one.
    pub(crate) fn startup(&self) -> String {
        self.startup_config.clone().unwrap_or_else(|| {
            let (name, user) = (self.hostname.as_ref().unwrap_or(&self.name), &self.username);
            format!(
                "hostname {name}\nusername {user} privilege 15 role network-admin nopassword\nmanagement api \
                 http-commands\n   protocol http\n   no shutdown\nend\n"
            )
        })
    }
}

/// Refuses addresses that can be reached from outside.
pub(crate) fn check_loopback(what: &str, address: IpAddr) -> Result<(), FleetError> {
    if address.is_loopback() { Ok(()) } else { Err(FleetError::NotLoopback { what: what.to_owned(), address }) }
}

impl TryFrom<String> for End {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(':') {
            Some((device, interface)) if !device.is_empty() && !interface.is_empty() => {
                Ok(Self { device: device.to_owned(), interface: interface.to_owned() })
            }
            _ => Err(format!("`{text}` is not a link end, `device:interface` was expected")),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.device, self.interface)
    }
}

fn loopback() -> IpAddr {
    std::net::Ipv4Addr::LOCALHOST.into()
}

fn eos() -> String {
    "4.32.0F".to_owned()
}

fn model() -> String {
    "cEOSLab".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(yaml: &str) -> String {
        Fleet::parse(yaml).unwrap_err().to_string()
    }

    const A: &str = "devices: [{name: a, username: u, password: p}]\n";

    #[test]
    fn the_example_is_a_fleet() {
        let fleet = Fleet::parse(include_str!("../examples/lab.yaml")).unwrap();
        assert_eq!((fleet.devices.len(), fleet.links.len()), (2, 20));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        assert!(error("devices: []").contains("no devices"));
        assert!(
            error("devices: [{name: a, username: u, password: p}, {name: a, username: u, password: p}]")
                .contains("twice")
        );
        assert!(error("devices: [{name: a, username: u, password: p, address: 192.0.2.1}]").contains("not a loopback"));
        assert!(error(&format!("{A}links: [['a:Ethernet1', 'b:Ethernet1']]")).contains("no such device"));
        assert!(error(&format!("{A}links: [['a:Ethernet1', 'a:Ethernet1']]")).contains("another link"));
        assert!(error(&format!("{A}links: [['a', 'a:Ethernet1']]")).contains("not a link end"));
        assert!(error("devices: [{name: a, username: u, password: p, colour: red}]").contains("colour"));
        assert!(error("[").contains("cannot be read"));
    }

    #[test]
    fn devices_alike_have_ports_or_addresses_of_their_own() {
        let like = DeviceSpec { port: 9000, ..DeviceSpec::new("leaf", "u", "p".into()) };
        let seen = |count, network: &str| {
            let fleet = Fleet::of_alike(count, &like, network.parse().unwrap())?;
            Ok::<_, FleetError>(
                fleet.devices.iter().map(|one| format!("{} {}:{}", one.name, one.address, one.port)).collect(),
            )
        };
        let on_one: Vec<String> = seen(2, "127.0.0.1/32").unwrap();
        assert_eq!(on_one, ["leaf1 127.0.0.1:9000", "leaf2 127.0.0.1:9001"]);
        assert_eq!(seen(2, "127.1.0.0/16").unwrap(), ["leaf1 127.1.0.1:9000", "leaf2 127.1.0.2:9000"]);
        assert!(seen(3, "127.1.0.0/30").unwrap_err().to_string().contains("has 2 addresses"));
        assert!(seen(60_000, "127.0.0.1/32").unwrap_err().to_string().contains("ports end at 65535"));
    }

    #[test]
    fn a_password_is_not_shown() {
        let fleet = Fleet::parse("devices: [{name: a, username: u, password: canary}]").unwrap();
        assert!(!format!("{fleet:?}").contains("canary"));
    }
}
