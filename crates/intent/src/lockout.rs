//! What a configuration must hold so that its switch can still be reached. It is read before the
//! switch is touched.
//!
//! The commit timer undoes a configuration that this lint lets through and that cuts naas off; the
//! lint saves its two minutes and says the reason. It reads the candidate in order, as the switch
//! does: a later `no username naas` or `default interface Management1` undoes what an earlier line
//! did. It knows no more EOS than the lines that its rules are about.
//!
//! A rule that does not fit a site is switched off by a model, with the reason:
//! `allow: {management-route: the management network is flat}`.

mod state;

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::inventory::{Device, Transport};
use state::{Interface, ManagementState};

/// One thing that a configuration must hold. In a model's `allow` it is called by the name that
/// [`Display`](fmt::Display) gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// `management api http-commands` is there, not shut down, and with the protocol that naas
    /// uses.
    ManagementApi,
    /// That protocol is served on the TCP port that the inventory says.
    ManagementPort,
    /// The user that naas logs in with is there, or a server that may know it.
    Login,
    /// The address that naas uses is on an interface that is not shut down.
    ManagementAddress,
    /// There is a route, static or learnt, in the VRF of that interface.
    ManagementRoute,
    /// eAPI is served in the VRF of that interface.
    ManagementVrf,
}

/// A rule that a configuration breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "it would lock naas out of the device: {what}; correct it, or allow it in a model, with the reason: `allow: {{{rule}: …}}`"
)]
pub struct Lockout {
    /// The rule that is broken.
    pub rule: Rule,
    /// What was expected, and what the configuration holds instead.
    pub what: String,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ManagementApi => "management-api",
            Self::ManagementPort => "management-port",
            Self::Login => "login",
            Self::ManagementAddress => "management-address",
            Self::ManagementRoute => "management-route",
            Self::ManagementVrf => "management-vrf",
        })
    }
}

/// Holds `configuration` against every rule but the `allowed` ones.
///
/// # Errors
///
/// The first rule that it breaks.
// EOS-66: a replace takes away users, addresses and eAPI.
pub fn look(configuration: &str, device: &Device, allowed: &BTreeSet<Rule>) -> Result<(), Lockout> {
    let state = ManagementState::read(configuration);
    let broken = [api(&state, device), port(&state, device), login(&state, device)];
    let mut broken = broken.into_iter().chain(reach(&state, device)).flatten();
    broken.find(|lockout| !allowed.contains(&lockout.rule)).map_or(Ok(()), Err)
}

fn lockout(rule: Rule, what: impl Into<String>) -> Option<Lockout> {
    Some(Lockout { rule, what: what.into() })
}

fn api(state: &ManagementState, device: &Device) -> Option<Lockout> {
    let Some(vrfs) = &state.api_vrfs else {
        return lockout(Rule::ManagementApi, "there is no `management api http-commands`");
    };
    if vrfs.is_empty() {
        let what = "`management api http-commands` has no `no shutdown`, and is shut down without it";
        return lockout(Rule::ManagementApi, what);
    }
    match device.connection.transport {
        Transport::Http if state.http_port.is_none() => {
            lockout(Rule::ManagementApi, "`management api http-commands` has no `protocol http`, and naas uses HTTP")
        }
        Transport::Https if state.https_port.is_none() => {
            lockout(Rule::ManagementApi, "`management api http-commands` has `no protocol https`, and naas uses HTTPS")
        }
        _ => None,
    }
}

/// The port of a loopback address is that of a simulated switch, or of a tunnel.
fn port(state: &ManagementState, device: &Device) -> Option<Lockout> {
    let transport = device.connection.transport;
    let served = match transport {
        Transport::Http => state.http_port?,
        Transport::Https => state.https_port?,
    };
    let used = device.connection.port.unwrap_or(transport.default_port());
    if served == used || address(device).is_some_and(|address| address.is_loopback()) {
        return None;
    }
    let protocol = transport.in_words();
    let what = format!("`protocol {protocol}` is served on port {served}, and naas uses port {used}");
    lockout(Rule::ManagementPort, what)
}

fn login(state: &ManagementState, device: &Device) -> Option<Lockout> {
    if state.logs_in_remotely() {
        return None;
    }
    match device.username.as_deref() {
        Some(user) if state.users.contains(user) => None,
        Some(user) => lockout(
            Rule::Login,
            format!("there is neither `username {user}` nor a TACACS+, RADIUS or LDAP server that logs it in"),
        ),
        None if state.users.is_empty() => lockout(
            Rule::Login,
            "there is no `username` at all, nor a TACACS+, RADIUS or LDAP server, so nobody could log in",
        ),
        None => None,
    }
}

/// The address that naas uses, unless it is a name.
fn address(device: &Device) -> Option<IpAddr> {
    device.hostname.parse().ok()
}

/// The rules about the interface that naas reaches the device by. A loopback address is that of a
/// simulated switch, or of a tunnel.
fn reach(state: &ManagementState, device: &Device) -> Vec<Option<Lockout>> {
    let address = address(device);
    if address.is_some_and(|address| address.is_loopback()) {
        return Vec::new();
    }
    let up = || state.interfaces.values().filter(|interface| !interface.shutdown);
    // An address that is leased, or that the interface gives itself, is not in the configuration.
    let holds = |interface: &&Interface| match address {
        Some(address) => interface.addresses().any(|other| other == address),
        None => interface.addresses().next().is_some(),
    };
    let leases = |interface: &&Interface| interface.leases(address);
    let Some(interface) = up().find(holds).or_else(|| up().find(leases)) else {
        let what = match address {
            Some(address) => format!("no interface that is not shut down has the address {address}"),
            None => "no interface that is not shut down has an address".to_owned(),
        };
        return vec![lockout(Rule::ManagementAddress, what)];
    };
    // A name does not tell which interface it is.
    if address.is_none() { Vec::new() } else { in_vrf(state, interface, interface.leases(address)) }
}

/// The rules about the VRF of `interface`; a leased address brings its route along.
fn in_vrf(state: &ManagementState, interface: &Interface, leased: bool) -> Vec<Option<Lockout>> {
    let Interface { name, vrf, .. } = interface;
    let not_served = state.api_vrfs.as_ref().is_some_and(|vrfs| !vrfs.is_empty() && !vrfs.contains(vrf));
    let no_route = !leased && !state.has_route(vrf);
    let what = format!("{name} is in VRF {vrf}, and `management api http-commands` does not serve it there");
    // EOS-3: eAPI is served per VRF.
    let not_served = if not_served { lockout(Rule::ManagementVrf, what) } else { None };
    let what = format!("VRF {vrf} of {name} has no route, and no routing protocol could bring one");
    vec![not_served, if no_route { lockout(Rule::ManagementRoute, what) } else { None }]
}

#[cfg(test)]
mod tests;
