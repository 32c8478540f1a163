//! What a configuration must hold so that its switch can still be reached: looked at before the switch is touched. It is no
//! substitute for the commit timer, which is there when this is wrong; it saves the two minutes and says why.
//!
//! It reads text and knows no more EOS than the lines it looks for. A rule that does not fit a site is switched off by a model,
//! with its reason: `allow: {management-route: the management network is flat}`.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::inventory::{Device, Transport};

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// `management api http-commands` is there, not shut down, and with the protocol that naas uses.
    ManagementApi,
    /// The user that naas logs in with is there, or a server that knows it.
    Login,
    /// The address that naas uses is on an interface that is not shut down.
    ManagementAddress,
    /// There is a route, static or learnt, in the VRF of that interface.
    ManagementRoute,
    /// eAPI is served in the VRF of that interface.
    ManagementVrf,
}

/// A rule that is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "it would lock naas out of the device: {what}; correct it, or allow it in a model, with the reason: `allow: {{{rule}: …}}`"
)]
pub struct Lockout {
    /// Which.
    pub rule: Rule,
    /// What was expected and found.
    pub what: String,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ManagementApi => "management-api",
            Self::Login => "login",
            Self::ManagementAddress => "management-address",
            Self::ManagementRoute => "management-route",
            Self::ManagementVrf => "management-vrf",
        })
    }
}

/// The first rule that `configuration` breaks and that is not allowed to be.
// EOS-66: a replace takes away users, addresses and eAPI.
pub fn look(configuration: &str, device: &Device, allowed: &BTreeSet<Rule>) -> Result<(), Lockout> {
    let found = Found::read(configuration);
    let broken = [api(&found, device), login(&found, device)].into_iter().chain(reach(&found, device));
    broken.flatten().find(|lockout| !allowed.contains(&lockout.rule)).map_or(Ok(()), Err)
}

fn api(found: &Found, device: &Device) -> Option<Lockout> {
    let lockout = |what: &str| Some(Lockout { rule: Rule::ManagementApi, what: what.to_owned() });
    let Some(api) = &found.api else {
        return lockout("there is no `management api http-commands`");
    };
    match device.connection.transport {
        _ if api.vrfs.is_empty() => {
            lockout("`management api http-commands` has no `no shutdown`, and is shut down without it")
        }
        Transport::Http if !api.http => {
            lockout("`management api http-commands` has no `protocol http`, and naas uses HTTP")
        }
        Transport::Https if api.no_https => {
            lockout("`management api http-commands` has `no protocol https`, and naas uses HTTPS")
        }
        _ => None,
    }
}

fn login(found: &Found, device: &Device) -> Option<Lockout> {
    let user = device.username.as_deref()?;
    let known = found.users.contains(user) || found.aaa_servers;
    (!known).then(|| Lockout {
        rule: Rule::Login,
        what: format!("there is neither `username {user}` nor a TACACS+ or RADIUS server"),
    })
}

/// What concerns the interface that naas reaches the device by. A loopback address is that of a simulated switch.
fn reach(found: &Found, device: &Device) -> Vec<Option<Lockout>> {
    let address: Option<IpAddr> = device.hostname.parse().ok();
    if address.is_some_and(|address| address.is_loopback()) {
        return Vec::new();
    }
    let up = || found.interfaces.iter().filter(|interface| !interface.shutdown && interface.has_address());
    let interface = up().find(|interface| address.is_none_or(|address| interface.addresses.contains(&address)));
    // An address that is leased is not in the configuration.
    let Some(interface) = interface.or_else(|| up().find(|interface| interface.dhcp)) else {
        let what = match address {
            Some(address) => format!("no interface that is not shut down has the address {address}"),
            None => "no interface that is not shut down has an address".to_owned(),
        };
        return vec![Some(Lockout { rule: Rule::ManagementAddress, what })];
    };
    // A name does not tell which interface it is.
    if address.is_none() {
        return Vec::new();
    }
    let vrf = &interface.vrf;
    let no_route = !interface.dhcp && !found.routed.contains(vrf) && !found.routing_protocol;
    let not_served = found.api.as_ref().is_some_and(|api| !api.vrfs.is_empty() && !api.vrfs.contains(vrf));
    let name = &interface.name;
    vec![
        not_served.then(|| Lockout {
            // EOS-3: eAPI is served per VRF.
            rule: Rule::ManagementVrf,
            what: format!("{name} is in VRF {vrf}, and `management api http-commands` does not serve it there"),
        }),
        no_route.then(|| Lockout {
            rule: Rule::ManagementRoute,
            what: format!("VRF {vrf} of {name} has no route, and no routing protocol could bring one"),
        }),
    ]
}

const DEFAULT_VRF: &str = "default";

/// What is looked at of a configuration.
#[derive(Default)]
struct Found {
    api: Option<Api>,
    users: BTreeSet<String>,
    aaa_servers: bool,
    interfaces: Vec<Interface>,
    /// VRFs with a static route.
    routed: BTreeSet<String>,
    routing_protocol: bool,
}

#[derive(Default)]
struct Api {
    /// VRFs it is not shut down in.
    vrfs: BTreeSet<String>,
    http: bool,
    no_https: bool,
}

struct Interface {
    name: String,
    vrf: String,
    addresses: Vec<IpAddr>,
    dhcp: bool,
    shutdown: bool,
}

impl Interface {
    fn has_address(&self) -> bool {
        self.dhcp || !self.addresses.is_empty()
    }
}

/// Where a line stands.
enum Section {
    Top,
    Api {
        vrf: String,
    },
    Interface,
    /// The body of a banner, up to its `EOF`.
    Banner,
}

impl Found {
    fn read(configuration: &str) -> Self {
        let mut found = Self::default();
        let mut section = Section::Top;
        let mut lines = configuration.lines().peekable();
        // EOS ignores indentation, so a template may have none: then only what opens another mode ends one.
        let mut flat = false;
        while let Some(line) = lines.next() {
            let words: Vec<_> = line.split_whitespace().collect();
            if let Section::Banner = section {
                if words == ["EOF"] {
                    section = Section::Top;
                }
                continue;
            }
            let indented = line.starts_with([' ', '\t']);
            let stays = indented || words.is_empty() || words[0].starts_with('!') || (flat && !opens(&words));
            if !stays {
                section = Section::Top;
            }
            match (&mut section, words.as_slice()) {
                (_, []) => {}
                (Section::Top, words) => {
                    section = found.top(words);
                    flat = lines.peek().is_some_and(|next| !next.starts_with([' ', '\t']));
                }
                (Section::Api { vrf }, words) => found.api_line(vrf, words),
                (Section::Interface, words) => found.interface_line(words),
                (Section::Banner, _) => {}
            }
        }
        found
    }

    fn top(&mut self, words: &[&str]) -> Section {
        match words {
            ["management", "api", "http-commands"] => {
                self.api.get_or_insert_default();
                return Section::Api { vrf: DEFAULT_VRF.to_owned() };
            }
            ["interface", name @ ..] => {
                let (name, vrf) = (name.concat(), DEFAULT_VRF.to_owned());
                self.interfaces.push(Interface { name, vrf, addresses: Vec::new(), dhcp: false, shutdown: false });
                return Section::Interface;
            }
            ["banner", _] => return Section::Banner,
            ["username", name, ..] => drop(self.users.insert((*name).to_owned())),
            ["tacacs-server", "host", ..] | ["radius-server", "host", ..] => self.aaa_servers = true,
            ["ip" | "ipv6", "route", "vrf", vrf, ..] => drop(self.routed.insert((*vrf).to_owned())),
            ["ip" | "ipv6", "route", ..] => drop(self.routed.insert(DEFAULT_VRF.to_owned())),
            ["router", "bgp" | "ospf" | "ospf3" | "isis" | "rip" | "general", ..] => self.routing_protocol = true,
            _ => {}
        }
        Section::Top
    }

    fn api_line(&mut self, vrf: &mut String, words: &[&str]) {
        let api = self.api.get_or_insert_default();
        match words {
            ["vrf", name] => (*name).clone_into(vrf),
            ["exit"] => DEFAULT_VRF.clone_into(vrf),
            ["no", "shutdown"] => drop(api.vrfs.insert(vrf.clone())),
            ["shutdown"] => drop(api.vrfs.remove(vrf)),
            ["protocol", "http", ..] => api.http = true,
            ["no", "protocol", "https", ..] => api.no_https = true,
            _ => {}
        }
    }

    fn interface_line(&mut self, words: &[&str]) {
        let Some(interface) = self.interfaces.last_mut() else { return };
        match words {
            ["vrf", vrf] | ["vrf", "forwarding", vrf] => (*vrf).clone_into(&mut interface.vrf),
            ["ip", "address", "dhcp", ..] => interface.dhcp = true,
            ["ip" | "ipv6", "address", "virtual", address, ..] | ["ip" | "ipv6", "address", address, ..] => {
                let address = address.split('/').next().unwrap_or_default();
                interface.addresses.extend(address.parse::<IpAddr>());
            }
            ["shutdown"] => interface.shutdown = true,
            ["no", "shutdown"] => interface.shutdown = false,
            _ => {}
        }
    }
}

/// Whether a line that is not indented opens a mode of its own, or is a command of the top.
fn opens(words: &[&str]) -> bool {
    match words {
        ["vrf", "instance", ..]
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

#[cfg(test)]
mod tests;
