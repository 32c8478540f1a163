//! `ipaddr` and its kin: what can be asked of one address or network.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::super::{FilterCall, is_true, to_text};
use super::address::{WrittenAddress, count, number, text_or_null};

/// `ipaddr`, `ipv4` and `ipv6`: of a list all items that are addresses.
pub(super) fn family(call: &FilterCall, version: Option<u8>) -> Result<Value, String> {
    let query = call.arg(0).map(to_text).unwrap_or_default();
    match call.value() {
        Value::Array(values) => {
            let results = values.iter().map(|value| ask(value, &query, version)).collect::<Result<Vec<_>, _>>()?;
            Ok(results.into_iter().filter(is_true).collect())
        }
        value => ask(value, &query, version),
    }
}

pub(super) fn ask(value: &Value, query: &str, version: Option<u8>) -> Result<Value, String> {
    let Some(written) =
        WrittenAddress::parse(value).filter(|written| version.is_none_or(|version| version == written.version()))
    else {
        return Ok(false.into());
    };
    let original = || match value {
        Value::Number(_) => written.ip().to_string().into(),
        other => other.clone(),
    };
    let if_so = |so: bool| if so { original() } else { Value::Null };
    let net = written.net;
    let ip = written.ip();
    Ok(match query {
        "" if written.with_prefix => written.cidr(ip),
        "" => ip.to_string().into(),
        "address" | "ip" => {
            let shown = !written.is_network() || !written.has_broadcast() || written.version() == 6;
            text_or_null(shown.then_some(ip))
        }
        "host" => match written.size() {
            Some(1) => written.cidr(ip),
            _ if written.is_network() && written.has_broadcast() => Value::Null,
            _ => written.cidr(ip),
        },
        "address/prefix" | "gateway" | "gw" | "host/prefix" | "hostnet" | "router" => {
            let edge = written.is_network() || (ip == net.broadcast() && written.has_broadcast());
            if edge && !matches!(written.size(), Some(1 | 2)) { false.into() } else { written.cidr(ip) }
        }
        "ip/prefix" => edge_or(&written, || written.cidr(ip)),
        "ip_netmask" => edge_or(&written, || format!("{ip} {}", net.netmask()).into()),
        "network" | "network_id" => net.network().to_string().into(),
        "subnet" | "network/prefix" => written.cidr(net.network()),
        "cidr" => written.cidr(ip),
        "net" => {
            if written.is_network() {
                written.cidr(net.network())
            } else {
                Value::Null
            }
        }
        "netmask" => net.netmask().to_string().into(),
        "hostmask" | "wildcard" => net.hostmask().to_string().into(),
        "network_netmask" => format!("{} {}", net.network(), net.netmask()).into(),
        "network_wildcard" => format!("{} {}", net.network(), net.hostmask()).into(),
        "prefix" => net.prefix_len().into(),
        "broadcast" => text_or_null((!matches!(written.size(), Some(1 | 2))).then(|| net.broadcast())),
        "size" => count(written.size()),
        "size_usable" => match written.size() {
            Some(1) => 0.into(),
            Some(2) => 2.into(),
            size => count(size.map(|size| size - 2)),
        },
        "first_usable" | "last_usable" | "range_usable" | "next_usable" | "previous_usable" | "peer" => {
            of_network(&written, query)?
        }
        "int" if written.with_prefix => format!("{}/{}", number(ip), net.prefix_len()).into(),
        "int" => count(Some(number(ip))),
        "bool" => true.into(),
        "version" => written.version().into(),
        "type" => if written.is_network() { "network" } else { "address" }.into(),
        "revdns" => reverse_name(ip).into(),
        "ipv4" | "v4" => match net {
            IpNet::V4(_) => original(),
            IpNet::V6(v6) => v6
                .addr()
                .to_ipv4()
                .map_or(Value::Bool(false), |v4| format!("{v4}/{}", v6.prefix_len().saturating_sub(96)).into()),
        },
        "ipv6" | "v6" => match net {
            IpNet::V6(_) => original(),
            IpNet::V4(v4) => format!("{}/{}", v4.addr().to_ipv6_mapped(), v4.prefix_len() + 96).into(),
        },
        "wrap" => wrapped(&written, &original()),
        "loopback" | "lo" => if_so(ip.is_loopback()),
        "multicast" => if_so(ip.is_multicast()),
        "unicast" => if_so(!ip.is_multicast()),
        "link-local" => if_so(in_any(ip, &["169.254.0.0/16", "fe80::/10"])),
        "private" => if_so(!is_global(ip)),
        "public" => if_so(is_global(ip) && !ip.is_multicast()),
        other => return by_place(&written, other, &original()),
    })
}

/// Not for the address of a network of more than two.
pub(super) fn edge_or(written: &WrittenAddress, show: impl FnOnce() -> Value) -> Value {
    match written.size() {
        Some(1) => Value::Null,
        Some(2) => show(),
        _ if written.is_network() => Value::Null,
        _ => show(),
    }
}

/// The n-th address of the network, or whether the address lies in the network that is given.
pub(super) fn by_place(written: &WrittenAddress, query: &str, original: &Value) -> Result<Value, String> {
    if let Ok(index) = query.parse::<i128>() {
        if written.size() == Some(1) {
            return Ok(if written.with_prefix { written.cidr(written.ip()) } else { written.ip().to_string().into() });
        }
        let found = nth(written, index).and_then(|number| written.address(number));
        return Ok(found.map_or(Value::Bool(false), |ip| written.cidr(ip)));
    }
    match WrittenAddress::parse(&query.into()) {
        Some(network) => {
            let inside = network.version() == written.version()
                && network.first() <= written.first()
                && written.last() <= network.last();
            Ok(if inside { original.clone() } else { Value::Null })
        }
        None => Err(format!("there is no query {query}")),
    }
}

/// From the network's first address; negative from its last.
pub(super) fn nth(written: &WrittenAddress, index: i128) -> Option<u128> {
    let size = written.size();
    let by = index.unsigned_abs();
    if index < 0 {
        (size.is_none_or(|size| by <= size)).then(|| written.last().checked_sub(by - 1)).flatten()
    } else {
        (size.is_none_or(|size| by < size)).then(|| written.first().checked_add(by)).flatten()
    }
}

pub(super) fn of_network(written: &WrittenAddress, query: &str) -> Result<Value, String> {
    if !written.with_prefix {
        return Err(format!("{query} needs a network, found the address {}", written.ip()));
    }
    if query == "peer" {
        return peer(written);
    }
    let Some((first, last)) = written.usable() else { return Ok(Value::Null) };
    let show = |number| text_or_null(written.address(number));
    Ok(match query {
        "first_usable" => show(first),
        "last_usable" => show(last),
        "next_usable" => text_or_null(written.within_usable(1)),
        "previous_usable" => text_or_null(written.within_usable(-1)),
        _ => match (written.address(first), written.address(last)) {
            (Some(first), Some(last)) => format!("{first}-{last}").into(),
            _ => Value::Null,
        },
    })
}

pub(super) fn peer(written: &WrittenAddress) -> Result<Value, String> {
    let ip = number(written.ip());
    match (written.size(), ip % 4) {
        (Some(2), _) => Ok(text_or_null(written.address(ip ^ 1))),
        (Some(4), 0) => Err("the network address of a /30 has no peer".to_owned()),
        (Some(4), 3) => Err("the broadcast address of a /30 has no peer".to_owned()),
        (Some(4), _) => Ok(text_or_null(written.address(ip ^ 3))),
        _ => Err(format!("{} is not a point-to-point network", written.net)),
    }
}

pub(super) fn reverse_name(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
        }
        IpAddr::V6(ip) => {
            let digits = format!("{:032x}", u128::from(ip));
            digits.chars().rev().flat_map(|digit| [digit, '.']).collect::<String>() + "ip6.arpa."
        }
    }
}

pub(super) fn in_any(ip: IpAddr, networks: &[&str]) -> bool {
    networks.iter().filter_map(|network| network.parse::<IpNet>().ok()).any(|network| network.contains(&ip))
}

/// By the IANA's registries of special-purpose addresses.
pub(super) fn is_global(ip: IpAddr) -> bool {
    const NOT_GLOBAL: [&str; 24] = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "240.0.0.0/4",
        "::/128",
        "::1/128",
        "::ffff:0:0/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
    ];
    const GLOBAL_ALL_THE_SAME: [&str; 2] = ["192.0.0.9/32", "192.0.0.10/32"];
    !in_any(ip, &NOT_GLOBAL) || in_any(ip, &GLOBAL_ALL_THE_SAME)
}

pub(super) fn wrapped(written: &WrittenAddress, original: &Value) -> Value {
    match (written.version(), written.with_prefix) {
        (4, _) => original.clone(),
        (_, false) => format!("[{}]", written.ip()).into(),
        (_, true) => format!("[{}]/{}", written.ip(), written.net.prefix_len()).into(),
    }
}

/// IPv6 addresses in brackets; anything else as it is.
pub(super) fn ipwrap(call: &FilterCall) -> Result<Value, String> {
    let wrap =
        |value: &Value| WrittenAddress::parse(value).map_or_else(|| value.clone(), |written| wrapped(&written, value));
    Ok(match call.value() {
        Value::Array(values) => values.iter().map(wrap).collect(),
        value => wrap(value),
    })
}
