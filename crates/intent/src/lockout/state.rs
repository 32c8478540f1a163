//! What a configuration comes to, as far as its management is concerned, when its lines are taken
//! in order.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::render::bodies::{Bodies, LineRole};

/// The VRF of what names none.
const DEFAULT_VRF: &str = "default";

/// The state of a switch's management once a candidate has been taken.
pub(super) struct ManagementState {
    /// The VRFs that eAPI is not shut down in; `None` without `management api http-commands`.
    pub(super) api_vrfs: Option<BTreeSet<String>>,
    /// The TCP port of HTTP, unless it is off.
    pub(super) http_port: Option<u16>,
    /// The TCP port of HTTPS, unless it is off.
    pub(super) https_port: Option<u16>,
    /// The names of the local users.
    pub(super) users: BTreeSet<String>,
    /// The interfaces by their names in lower case.
    pub(super) interfaces: BTreeMap<String, Interface>,
    /// The lines that name a TACACS+, RADIUS or LDAP server.
    servers: BTreeSet<String>,
    /// Whether `aaa authentication login default` goes without servers.
    only_local: bool,
    /// Static routes, as VRF and the rest of the line.
    routes: BTreeSet<(String, String)>,
    /// Routing protocols, such as `bgp 65001`.
    protocols: BTreeSet<String>,
}

/// One interface, as far as the rules ask about it.
#[derive(Default)]
pub(super) struct Interface {
    /// Its name as written.
    pub(super) name: String,
    pub(super) vrf: String,
    pub(super) shutdown: bool,
    /// The one IPv4 address that a second `ip address` replaces.
    primary: Option<IpAddr>,
    /// All other addresses.
    others: Vec<IpAddr>,
    /// It gets an IPv4 address by DHCP.
    leases_v4: bool,
    /// It gets an IPv6 address by DHCP or from router advertisements.
    leases_v6: bool,
}

/// The mode that a line stands in.
enum Section {
    Top,
    /// `management api http-commands` or `management http-server`, and the VRF in it.
    Api {
        vrf: String,
    },
    /// An interface, by its key.
    Interface(String),
    /// `aaa group server ldap`.
    Ldap,
    /// A mode that no rule is about.
    Other,
}

/// Whether a line does something, or undoes it: `no` and `default` alike.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    Set,
    Undo,
}

impl Interface {
    fn new(name: String) -> Self {
        Self { name, vrf: DEFAULT_VRF.to_owned(), ..Self::default() }
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.primary.iter().chain(&self.others).copied()
    }

    /// Whether it gets an address, of the family of `wanted` if that is known, that is not in the
    /// configuration.
    pub(super) fn leases(&self, wanted: Option<IpAddr>) -> bool {
        match wanted {
            Some(IpAddr::V4(_)) => self.leases_v4,
            Some(IpAddr::V6(_)) => self.leases_v6,
            None => self.leases_v4 || self.leases_v6,
        }
    }

    /// EOS takes an interface's addresses away when it is moved to another VRF.
    fn move_to(&mut self, vrf: &str) {
        if self.vrf != vrf {
            *self = Self { vrf: vrf.to_owned(), shutdown: self.shutdown, ..Self::new(std::mem::take(&mut self.name)) };
        }
    }

    fn line(&mut self, does: Does, words: &[&str]) {
        match (does, words) {
            (Does::Set, ["vrf", vrf] | ["vrf", "forwarding", vrf]) => self.move_to(vrf),
            (Does::Undo, ["vrf", ..]) => self.move_to(DEFAULT_VRF),
            (does, ["shutdown"]) => self.shutdown = does == Does::Set,
            (does, ["ip", "address", "dhcp", ..]) => self.leases_v4 = does == Does::Set,
            (does, ["ipv6", "address", "auto-config" | "dhcp", ..]) => self.leases_v6 = does == Does::Set,
            (Does::Set, ["ip", "address", "virtual", address, ..] | ["ip", "address", address, .., "secondary"])
            | (Does::Set, ["ipv6", "address", "virtual", address, ..] | ["ipv6", "address", address, ..]) => {
                self.others.extend(parsed(address));
            }
            (Does::Set, ["ip", "address", address, ..]) => self.primary = parsed(address).or(self.primary),
            (Does::Undo, ["ip", "address"]) => self.without(|address| address.is_ipv4()),
            (Does::Undo, ["ipv6", "address"]) => self.without(|address| address.is_ipv6()),
            (Does::Undo, ["ip" | "ipv6", "address", .., "virtual" | "secondary"]) => {}
            (
                Does::Undo,
                ["ip" | "ipv6", "address", "virtual", address, ..] | ["ip" | "ipv6", "address", address, ..],
            ) => {
                let gone = parsed(address);
                self.without(|address| Some(*address) == gone);
            }
            _ => {}
        }
    }

    fn without(&mut self, gone: impl Fn(&IpAddr) -> bool) {
        self.primary = self.primary.filter(|address| !gone(address));
        self.others.retain(|address| !gone(address));
    }
}

/// The address of `192.0.2.1/24`.
fn parsed(address: &str) -> Option<IpAddr> {
    address.split('/').next()?.parse().ok()
}

impl ManagementState {
    /// Takes the lines of `configuration` in order. The bodies of multi-line commands are no lines.
    pub(super) fn read(configuration: &str) -> Self {
        let mut state = Self::factory_default();
        let mut bodies = Bodies::default();
        let mut section = Section::Top;
        let mut lines = configuration.lines().filter(|line| bodies.next(line) == LineRole::Command).peekable();
        // EOS ignores indentation, so a template may have none: then only what opens another mode
        // ends one.
        let mut flat = false;
        let mut least = None;
        while let Some(line) = lines.next() {
            let words: Vec<_> = line.split_whitespace().collect();
            if words.is_empty() || words[0].starts_with('!') {
                continue;
            }
            let (does, words) = meaning(&words);
            let indented = indent(line) > *least.get_or_insert(indent(line));
            if is_api(words) || !indented && (!flat || opens(words)) {
                section = Section::Top;
            }
            if matches!(section, Section::Top) {
                section = state.top(does, words);
                flat = lines.peek().is_some_and(|next| indent(next) <= indent(line));
            } else {
                state.inner(&mut section, does, words);
            }
        }
        state
    }

    /// What `rollback clean-config` leaves: HTTPS is on, but eAPI is shut down.
    fn factory_default() -> Self {
        Self {
            api_vrfs: None,
            http_port: None,
            https_port: Some(443),
            users: BTreeSet::new(),
            interfaces: BTreeMap::new(),
            servers: BTreeSet::new(),
            only_local: false,
            routes: BTreeSet::new(),
            protocols: BTreeSet::new(),
        }
    }

    /// Whether a server may know a user that the configuration does not.
    pub(super) fn logs_in_remotely(&self) -> bool {
        !self.servers.is_empty() && !self.only_local
    }

    /// Whether a packet from elsewhere may be answered in `vrf`.
    pub(super) fn has_route(&self, vrf: &str) -> bool {
        !self.protocols.is_empty() || self.routes.iter().any(|(of, _)| of == vrf)
    }

    fn top(&mut self, does: Does, words: &[&str]) -> Section {
        match (does, words) {
            (Does::Set, ["management", "api", "http-commands"]) => {
                self.api_vrfs.get_or_insert_default();
                return Section::Api { vrf: DEFAULT_VRF.to_owned() };
            }
            (Does::Undo, ["management", "api", "http-commands"]) => {
                self.api_vrfs = None;
                (self.http_port, self.https_port) = (None, Some(443));
            }
            (Does::Set, ["management", "http-server"]) => return Section::Api { vrf: DEFAULT_VRF.to_owned() },
            (Does::Undo, ["management", "http-server"]) => (self.http_port, self.https_port) = (None, Some(443)),
            (Does::Set, ["interface", name @ ..]) => {
                let name = name.concat();
                let key = name.to_ascii_lowercase();
                self.interfaces.entry(key.clone()).or_insert_with(|| Interface::new(name));
                return Section::Interface(key);
            }
            (Does::Undo, ["interface", name @ ..]) => {
                drop(self.interfaces.remove(&name.concat().to_ascii_lowercase()));
            }
            (Does::Undo, ["vrf", "instance" | "definition", name]) => self.remove_vrf(name),
            (does, words) => return self.login_or_route(does, words),
        }
        Section::Other
    }

    fn login_or_route(&mut self, does: Does, words: &[&str]) -> Section {
        match (does, words) {
            (Does::Set, ["username", name, ..]) => drop(self.users.insert((*name).to_owned())),
            (Does::Undo, ["username", name]) => drop(self.users.remove(*name)),
            (does, ["tacacs-server" | "radius-server", "host", ..] | ["management", "ldap", ..] | ["ldap", ..]) => {
                change(&mut self.servers, does, words.join(" "));
            }
            (Does::Set, ["aaa", "group", "server", "ldap", ..]) => return Section::Ldap,
            (does, ["aaa", "authentication", "login", "default", methods @ ..]) => {
                self.only_local = does == Does::Set && !methods.iter().any(|word| matches!(*word, "group" | "none"));
            }
            (does, ["ip" | "ipv6", "route", "vrf", vrf, route @ ..]) => self.route(does, vrf, route),
            (does, ["ip" | "ipv6", "route", route @ ..]) => self.route(does, DEFAULT_VRF, route),
            (
                does,
                ["router", protocol @ ("bgp" | "ospf" | "ospf3" | "ospfv3" | "isis" | "rip" | "general"), rest @ ..],
            ) => {
                let name = [&[*protocol], rest].concat().join(" ");
                change(&mut self.protocols, does, name);
            }
            _ => {}
        }
        Section::Other
    }

    /// A line in the mode of `section`.
    fn inner(&mut self, section: &mut Section, does: Does, words: &[&str]) {
        match section {
            Section::Api { vrf } if words == ["exit"] => {
                if vrf == DEFAULT_VRF {
                    *section = Section::Top
                } else {
                    DEFAULT_VRF.clone_into(vrf)
                }
            }
            _ if words == ["exit"] => *section = Section::Top,
            Section::Api { vrf } => self.api_line(vrf, does, words),
            Section::Interface(key) => {
                if let Some(interface) = self.interfaces.get_mut(key) {
                    interface.line(does, words);
                }
            }
            Section::Ldap if words.first() == Some(&"server") => change(&mut self.servers, does, words.join(" ")),
            Section::Ldap | Section::Other | Section::Top => {}
        }
    }

    fn api_line(&mut self, vrf: &mut String, does: Does, words: &[&str]) {
        match (does, words) {
            (Does::Set, ["vrf", name]) => (*name).clone_into(vrf),
            (Does::Undo, ["vrf", name]) => {
                if let Some(vrfs) = &mut self.api_vrfs {
                    vrfs.remove(*name);
                }
            }
            (does, ["shutdown"]) => {
                if let Some(vrfs) = &mut self.api_vrfs {
                    // `no shutdown` starts it.
                    change(vrfs, if does == Does::Set { Does::Undo } else { Does::Set }, vrf.clone());
                }
            }
            (does, ["protocol", "http", rest @ ..]) => protocol(&mut self.http_port, does, rest, (80, None)),
            (does, ["protocol", "https", rest @ ..]) => protocol(&mut self.https_port, does, rest, (443, Some(443))),
            _ => {}
        }
    }

    fn route(&mut self, does: Does, vrf: &str, route: &[&str]) {
        let route = route.join(" ");
        match does {
            Does::Set => drop(self.routes.insert((vrf.to_owned(), route))),
            Does::Undo => self.routes.retain(|(of, other)| of != vrf || !begins(other, &route)),
        }
    }

    fn remove_vrf(&mut self, vrf: &str) {
        self.interfaces.values_mut().filter(|interface| interface.vrf == vrf).for_each(|it| it.move_to(DEFAULT_VRF));
        self.routes.retain(|(of, _)| of != vrf);
    }
}

/// A line `protocol http` or `https` with the words behind it. `without` are its ports when it is
/// on and when nothing is said.
fn protocol(port: &mut Option<u16>, does: Does, rest: &[&str], (usual, unsaid): (u16, Option<u16>)) {
    match (does, rest) {
        (Does::Set, ["localhost", ..] | ["ssl", ..] | ["certificate", ..]) => {}
        (Does::Set, ["port", number, ..]) => *port = number.parse().ok().or(*port),
        (Does::Set, _) => *port = port.or(Some(usual)),
        (Does::Undo, []) => *port = None,
        (Does::Undo, ["port", ..]) => *port = port.and(unsaid.or(Some(usual))),
        (Does::Undo, _) => {}
    }
}

/// Adds what is set. Takes away what is undone, and all that begins with its words.
fn change(set: &mut BTreeSet<String>, does: Does, line: String) {
    match does {
        Does::Set => drop(set.insert(line)),
        Does::Undo => set.retain(|other| !begins(other, &line)),
    }
}

/// Whether the words of `line` begin with those of `beginning`.
fn begins(line: &str, beginning: &str) -> bool {
    line.strip_prefix(beginning).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// A line without its `no` or `default`.
fn meaning<'w, 'l>(words: &'w [&'l str]) -> (Does, &'w [&'l str]) {
    match words {
        ["no" | "default", words @ ..] => (Does::Undo, words),
        words => (Does::Set, words),
    }
}

/// How far a line is indented.
fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Whether the words are a command of the top that no mode has, however it is indented.
fn is_api(words: &[&str]) -> bool {
    matches!(words, ["management", "api", "http-commands"] | ["management", "http-server"])
}

/// Whether a line that is not indented, without its `no`, is a command of the top.
fn opens(words: &[&str]) -> bool {
    match words {
        ["vrf", "instance" | "definition", ..]
        | ["ip" | "ipv6", "route" | "routing" | "access-list" | "prefix-list" | "name-server", ..] => true,
        [first, ..] => {
            let top = [
                "interface",
                "management",
                "router",
                "vlan",
                "hostname",
                "username",
                "banner",
                "aaa",
                "tacacs-server",
                "radius-server",
                "ldap",
                "ntp",
                "logging",
                "snmp-server",
                "spanning-tree",
                "mlag",
                "event-handler",
                "daemon",
                "alias",
                "end",
            ];
            top.contains(first)
        }
        [] => false,
    }
}
