//! Addresses and networks, as Ansible's `ansible.utils` has them: the same queries, the same results, and like there `false` for what
//! is no address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde_json::Value;

use super::{Call, Filter, items, to_text};

pub(super) const FILTERS: &[Filter] = &[
    Filter::new(&["ipaddr", "ansible.utils.ipaddr", "ansible.netcommon.ipaddr"], &["query"], |call| family(call, None)),
    Filter::new(&["ipv4", "ansible.utils.ipv4", "ansible.netcommon.ipv4"], &["query"], |call| family(call, Some(4))),
    Filter::new(&["ipv6", "ansible.utils.ipv6", "ansible.netcommon.ipv6"], &["query"], |call| family(call, Some(6))),
    Filter::new(&["ipwrap", "ansible.utils.ipwrap", "ansible.netcommon.ipwrap"], &[], ipwrap),
    Filter::new(&["ipsubnet", "ansible.utils.ipsubnet", "ansible.netcommon.ipsubnet"], &["query", "index"], ipsubnet),
    Filter::new(&["ipmath", "ansible.utils.ipmath", "ansible.netcommon.ipmath"], &["amount"], ipmath),
    Filter::new(&["nthhost", "ansible.utils.nthhost", "ansible.netcommon.nthhost"], &["query"], nthhost),
    Filter::new(
        &["network_in_usable", "ansible.utils.network_in_usable", "ansible.netcommon.network_in_usable"],
        &["test"],
        |call| network_in(call, usable),
    ),
    Filter::new(
        &["network_in_network", "ansible.utils.network_in_network", "ansible.netcommon.network_in_network"],
        &["test"],
        |call| network_in(call, whole),
    ),
    Filter::new(&["next_nth_usable", "ansible.utils.next_nth_usable"], &["offset"], |call| nth_usable(call, 1)),
    Filter::new(&["previous_nth_usable", "ansible.utils.previous_nth_usable"], &["offset"], |call| {
        nth_usable(call, -1)
    }),
    Filter::new(&["cidr_merge", "ansible.utils.cidr_merge", "ansible.netcommon.cidr_merge"], &[], cidr_merge),
    Filter::new(&["hwaddr", "ansible.utils.hwaddr", "ansible.netcommon.hwaddr"], &["query"], hwaddr),
];

/// An address with its network, and whether it was written with one.
#[derive(Debug, Clone, Copy)]
struct Written {
    net: IpNet,
    with_prefix: bool,
}

impl Written {
    fn parse(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Self::from_number(u128::from(number.as_u64()?)),
            Value::String(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                Self::from_number(text.parse().ok()?)
            }
            Value::String(text) => match text.split_once('/') {
                None => Some(Self { net: IpNet::from(text.parse::<IpAddr>().ok()?), with_prefix: false }),
                Some((address, prefix)) => {
                    let address: IpAddr = address.parse().ok()?;
                    let net = match prefix.parse::<u8>() {
                        Ok(length) => IpNet::new(address, length).ok()?,
                        Err(_) => IpNet::with_netmask(address, prefix.parse().ok()?).ok()?,
                    };
                    Some(Self { net, with_prefix: true })
                }
            },
            _ => None,
        }
    }

    fn from_number(number: u128) -> Option<Self> {
        let address: IpAddr =
            u32::try_from(number).map_or_else(|_| Ipv6Addr::from(number).into(), |v4| Ipv4Addr::from(v4).into());
        Some(Self { net: IpNet::from(address), with_prefix: false })
    }

    fn ip(&self) -> IpAddr {
        self.net.addr()
    }

    fn version(&self) -> u8 {
        if self.ip().is_ipv4() { 4 } else { 6 }
    }

    fn bits(&self) -> u8 {
        self.net.max_prefix_len()
    }

    /// How many addresses the network has; `None` for all of IPv6.
    fn size(&self) -> Option<u128> {
        1_u128.checked_shl(u32::from(self.bits() - self.net.prefix_len()))
    }

    fn has_broadcast(&self) -> bool {
        self.version() == 6 || self.bits() - self.net.prefix_len() > 1
    }

    fn is_network(&self) -> bool {
        self.size() != Some(1) && self.ip() == self.net.network()
    }

    fn first(&self) -> u128 {
        number(self.net.network())
    }

    fn last(&self) -> u128 {
        number(self.net.broadcast())
    }

    /// The address of this number, of the same version.
    fn address(&self, number: u128) -> Option<IpAddr> {
        if self.version() == 4 {
            u32::try_from(number).ok().map(|number| Ipv4Addr::from(number).into())
        } else {
            Some(Ipv6Addr::from(number).into())
        }
    }

    /// `ip/prefix`
    fn cidr(&self, ip: IpAddr) -> Value {
        format!("{ip}/{}", self.net.prefix_len()).into()
    }

    /// The addresses a host may have; of a single address none.
    fn usable(&self) -> Option<(u128, u128)> {
        match self.size() {
            Some(1) => None,
            Some(2) => Some((self.first(), self.last())),
            _ => Some((self.first() + 1, self.last() - 1)),
        }
    }

    fn offset(&self, by: i128) -> Option<u128> {
        let ip = number(self.ip());
        if by < 0 { ip.checked_sub(by.unsigned_abs()) } else { ip.checked_add(by.unsigned_abs()) }
    }

    fn within_usable(&self, by: i128) -> Option<IpAddr> {
        let (first, last) = self.usable()?;
        let number = self.offset(by).filter(|number| (first..=last).contains(number))?;
        self.address(number)
    }
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u32::from(ip).into(),
        IpAddr::V6(ip) => ip.into(),
    }
}

fn text_or_null(text: Option<impl ToString>) -> Value {
    text.map_or(Value::Null, |text| text.to_string().into())
}

fn count(number: Option<u128>) -> Value {
    let number =
        number.map_or_else(|| "340282366920938463463374607431768211456".to_owned(), |number| number.to_string());
    number.parse::<u64>().map_or_else(|_| number.into(), Value::from)
}

/// `ipaddr`, `ipv4` and `ipv6`: of a list all items that are addresses.
fn family(call: &Call, version: Option<u8>) -> Result<Value, String> {
    let query = call.arg(0).map(to_text).unwrap_or_default();
    match call.value() {
        Value::Array(values) => {
            let results = values.iter().map(|value| ask(value, &query, version)).collect::<Result<Vec<_>, _>>()?;
            Ok(results.into_iter().filter(super::is_true).collect())
        }
        value => ask(value, &query, version),
    }
}

fn ask(value: &Value, query: &str, version: Option<u8>) -> Result<Value, String> {
    let Some(written) =
        Written::parse(value).filter(|written| version.is_none_or(|version| version == written.version()))
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
fn edge_or(written: &Written, show: impl FnOnce() -> Value) -> Value {
    match written.size() {
        Some(1) => Value::Null,
        Some(2) => show(),
        _ if written.is_network() => Value::Null,
        _ => show(),
    }
}

/// The n-th address of the network, or whether the address lies in the network that is given.
fn by_place(written: &Written, query: &str, original: &Value) -> Result<Value, String> {
    if let Ok(index) = query.parse::<i128>() {
        if written.size() == Some(1) {
            return Ok(if written.with_prefix { written.cidr(written.ip()) } else { written.ip().to_string().into() });
        }
        let found = nth(written, index).and_then(|number| written.address(number));
        return Ok(found.map_or(Value::Bool(false), |ip| written.cidr(ip)));
    }
    match Written::parse(&query.into()) {
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
fn nth(written: &Written, index: i128) -> Option<u128> {
    let size = written.size();
    let by = index.unsigned_abs();
    if index < 0 {
        (size.is_none_or(|size| by <= size)).then(|| written.last().checked_sub(by - 1)).flatten()
    } else {
        (size.is_none_or(|size| by < size)).then(|| written.first().checked_add(by)).flatten()
    }
}

fn of_network(written: &Written, query: &str) -> Result<Value, String> {
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

fn peer(written: &Written) -> Result<Value, String> {
    let ip = number(written.ip());
    match (written.size(), ip % 4) {
        (Some(2), _) => Ok(text_or_null(written.address(ip ^ 1))),
        (Some(4), 0) => Err("the network address of a /30 has no peer".to_owned()),
        (Some(4), 3) => Err("the broadcast address of a /30 has no peer".to_owned()),
        (Some(4), _) => Ok(text_or_null(written.address(ip ^ 3))),
        _ => Err(format!("{} is not a point-to-point network", written.net)),
    }
}

fn reverse_name(ip: IpAddr) -> String {
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

fn in_any(ip: IpAddr, networks: &[&str]) -> bool {
    networks.iter().filter_map(|network| network.parse::<IpNet>().ok()).any(|network| network.contains(&ip))
}

/// By the IANA's registries of special-purpose addresses.
fn is_global(ip: IpAddr) -> bool {
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

fn wrapped(written: &Written, original: &Value) -> Value {
    match (written.version(), written.with_prefix) {
        (4, _) => original.clone(),
        (_, false) => format!("[{}]", written.ip()).into(),
        (_, true) => format!("[{}]/{}", written.ip(), written.net.prefix_len()).into(),
    }
}

/// IPv6 addresses in brackets; anything else as it is.
fn ipwrap(call: &Call) -> Result<Value, String> {
    let wrap = |value: &Value| Written::parse(value).map_or_else(|| value.clone(), |written| wrapped(&written, value));
    Ok(match call.value() {
        Value::Array(values) => values.iter().map(wrap).collect(),
        value => wrap(value),
    })
}

/// Of a network and a length: how many such subnets it has, or the one of an index. Of an address and a length: the network around it.
fn ipsubnet(call: &Call) -> Result<Value, String> {
    let Some(written) = Written::parse(call.value()) else { return Ok(false.into()) };
    let is_address = !written.is_network();
    let around = if is_address && written.size() != Some(1) { IpNet::from(written.ip()) } else { written.net.trunc() };
    let Some(query) = call.arg(0).map(to_text).filter(|query| !query.is_empty()) else {
        return Ok((if written.with_prefix { written.net.trunc() } else { around }).to_string().into());
    };
    let Ok(length) = query.parse::<u8>() else { return place_in(&written, &query) };
    let own = written.net.prefix_len();
    if length > written.bits() {
        return Ok(false.into());
    }
    let index = call.integer(1)?;
    if written.size() == Some(1) {
        let supernet = |length| IpNet::new(written.ip(), length).map(|net| net.trunc().to_string());
        // Index 0 is the largest network around it that is asked for, and each further one is half as large.
        let length = i64::from(length) + index.unwrap_or(0).max(0);
        return Ok(u8::try_from(length)
            .ok()
            .and_then(|length| supernet(length).ok())
            .map_or(Value::Bool(false), Value::from));
    }
    let Some(deeper) = length.checked_sub(own) else {
        return Err(format!("a /{own} has no subnets of length {length}"));
    };
    let subnets = 1_i128.checked_shl(deeper.into()).unwrap_or(i128::MAX);
    let Some(index) = index.map(i128::from) else { return Ok(subnets.to_string().into()) };
    let index = if index < 0 { index + subnets } else { index };
    if !(0..subnets).contains(&index) {
        return Ok(false.into());
    }
    let step = index.unsigned_abs().checked_shl((written.bits() - length).into()).unwrap_or(0);
    let ip = written.address(written.first() + step).ok_or("beyond the last address")?;
    Ok(format!("{ip}/{length}").into())
}

/// Which subnet of `query` it is, from 1.
fn place_in(written: &Written, query: &str) -> Result<Value, String> {
    let network =
        Written::parse(&query.into()).ok_or_else(|| format!("expected a length, address or network, found {query}"))?;
    if !network.net.contains(&written.net.trunc()) {
        return Err(format!("{} is not in the subnet {}", written.net.trunc(), network.net.trunc()));
    }
    let place = (written.first() - network.first()) >> (written.bits() - written.net.prefix_len());
    Ok((place + 1).to_string().into())
}

fn ipmath(call: &Call) -> Result<Value, String> {
    let written = Written::parse(call.value()).ok_or_else(|| format!("expected an address, found {}", call.text()))?;
    let amount = call.integer(0)?.ok_or("needs the argument amount")?;
    let ip = written.offset(amount.into()).and_then(|number| written.address(number));
    ip.map(|ip| ip.to_string().into()).ok_or_else(|| format!("{} and {amount} is no address", written.ip()))
}

fn nthhost(call: &Call) -> Result<Value, String> {
    let (Some(written), Some(index)) = (Written::parse(call.value()), call.integer(0)?) else {
        return Ok(false.into());
    };
    let ip = nth(&written, index.into()).filter(|_| index != 0).and_then(|number| written.address(number));
    Ok(ip.map_or(Value::Bool(false), |ip| ip.to_string().into()))
}

fn usable(written: &Written) -> (u128, u128) {
    written.usable().unwrap_or_else(|| whole(written))
}

fn whole(written: &Written) -> (u128, u128) {
    (written.first(), written.last())
}

fn network_in(call: &Call, range: fn(&Written) -> (u128, u128)) -> Result<Value, String> {
    let parse = |value: &Value| {
        Written::parse(value).ok_or_else(|| format!("expected an address or network, found {}", to_text(value)))
    };
    let (network, test) = (parse(call.value())?, parse(call.arg(0).unwrap_or(&Value::Null))?);
    let (first, last) = range(&network);
    Ok((network.version() == test.version() && first <= test.first() && test.last() <= last).into())
}

fn nth_usable(call: &Call, sign: i128) -> Result<Value, String> {
    let Some(written) = Written::parse(call.value()) else { return Ok(false.into()) };
    let offset = call.integer(0)?.ok_or("needs the argument offset")?;
    Ok(text_or_null(written.within_usable(sign * i128::from(offset))))
}

fn cidr_merge(call: &Call) -> Result<Value, String> {
    let parse = |value: Value| {
        Written::parse(&value)
            .map(|written| written.net.trunc())
            .ok_or_else(|| format!("{} is no network", to_text(&value)))
    };
    let networks = items(call.value()).into_iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    Ok(IpNet::aggregate(&networks).into_iter().map(|network| network.to_string()).collect())
}

/// A MAC address in the form that `query` names: bare, cisco, linux, unix, win, pgsql, int or bool.
fn hwaddr(call: &Call) -> Result<Value, String> {
    let text = call.text();
    let query = call.arg(0).map(to_text).unwrap_or_default();
    let Some(octets) = octets(&text) else {
        let asked = query.is_empty() || query == "bool";
        return if asked { Ok(Value::Null) } else { Err(format!("{text} is no MAC address")) };
    };
    let digits = |separator: &str, width: usize| {
        let all: Vec<char> =
            octets.iter().flat_map(|octet| format!("{octet:02x}").chars().collect::<Vec<_>>()).collect();
        all.chunks(width).map(|chunk| chunk.iter().collect::<String>()).collect::<Vec<_>>().join(separator)
    };
    Ok(match query.as_str() {
        "" => text.into(),
        "bare" => digits("", 12).to_uppercase().into(),
        "bool" => true.into(),
        "int" => octets.iter().fold(0_u64, |number, octet| (number << 8) | u64::from(*octet)).into(),
        "cisco" => digits(".", 4).into(),
        "linux" => digits(":", 2).into(),
        "unix" => octets.map(|octet| format!("{octet:x}")).join(":").into(),
        "win" | "eui48" => digits("-", 2).to_uppercase().into(),
        "pgsql" | "postgresql" | "psql" => digits(":", 6).into(),
        other => return Err(format!("there is no query {other}")),
    })
}

fn octets(text: &str) -> Option<[u8; 6]> {
    let separator = text.chars().find(|c| matches!(c, ':' | '-' | '.')).unwrap_or(':');
    let parts: Vec<&str> = text.split(separator).collect();
    let width = match parts.len() {
        6 => 2,
        3 => 4,
        2 => 6,
        1 => 12,
        _ => return None,
    };
    let digits = parts.iter().map(|part| format!("{part:0>width$}")).collect::<String>();
    if digits.len() != 12 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let number = u64::from_str_radix(&digits, 16).ok()?.to_be_bytes();
    number[2..].try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::applied;
    use super::*;

    fn ipaddr(value: &str, query: &str) -> Value {
        applied("ipaddr", json!(value), &[json!(query)]).unwrap()
    }

    #[test]
    fn addresses_answer_the_usual_queries() {
        for (query, expected) in [
            ("", json!("192.0.2.5/26")),
            ("address", json!("192.0.2.5")),
            ("network", json!("192.0.2.0")),
            ("netmask", json!("255.255.255.192")),
            ("wildcard", json!("0.0.0.63")),
            ("prefix", json!(26)),
            ("broadcast", json!("192.0.2.63")),
            ("subnet", json!("192.0.2.0/26")),
            ("net", json!(null)),
            ("host", json!("192.0.2.5/26")),
            ("ip/prefix", json!("192.0.2.5/26")),
            ("ip_netmask", json!("192.0.2.5 255.255.255.192")),
            ("size", json!(64)),
            ("1", json!("192.0.2.1/26")),
            ("-2", json!("192.0.2.62/26")),
            ("100", json!(false)),
            ("first_usable", json!("192.0.2.1")),
            ("last_usable", json!("192.0.2.62")),
            ("range_usable", json!("192.0.2.1-192.0.2.62")),
            ("next_usable", json!("192.0.2.6")),
            ("revdns", json!("5.2.0.192.in-addr.arpa.")),
            ("192.0.2.0/24", json!("192.0.2.5/26")),
            ("198.51.100.0/24", json!(null)),
            ("type", json!("address")),
            ("version", json!(4)),
            ("private", json!("192.0.2.5/26")),
        ] {
            assert_eq!(ipaddr("192.0.2.5/26", query), expected, "{query}");
        }
        assert_eq!(ipaddr("hello", ""), json!(false));
        assert_eq!(ipaddr("2001:db8::/64", "1"), json!("2001:db8::1/64"));
        assert_eq!(ipaddr("192.0.2.0/31", "peer"), json!("192.0.2.1"));
        assert!(applied("ipaddr", json!("192.0.2.1"), &[json!("nonsense")]).unwrap_err().contains("no query nonsense"));
        assert_eq!(applied("ipv6", json!(["192.0.2.1", "2001:db8::1", "x"]), &[]).unwrap(), json!(["2001:db8::1"]));
    }

    #[test]
    fn networks_are_divided_and_counted() {
        for (filter, value, args, expected) in [
            ("ipsubnet", "192.168.0.0/16", vec![json!(20), json!(0)], json!("192.168.0.0/20")),
            ("ipsubnet", "192.168.0.0/16", vec![json!(20), json!(-1)], json!("192.168.240.0/20")),
            ("ipsubnet", "192.168.0.0/16", vec![json!(20)], json!("16")),
            ("ipsubnet", "192.168.144.5", vec![json!(20)], json!("192.168.144.0/20")),
            ("ipsubnet", "192.168.144.16/30", vec![json!("192.168.144.0/24")], json!("5")),
            ("ipmath", "192.0.2.5", vec![json!(-5)], json!("192.0.2.0")),
            ("ipmath", "192.0.2.5/24", vec![json!(10)], json!("192.0.2.15")),
            ("nthhost", "10.0.0.0/8", vec![json!(305)], json!("10.0.1.49")),
            ("network_in_usable", "192.168.0.0/24", vec![json!("192.168.0.1")], json!(true)),
            ("network_in_usable", "192.168.0.0/24", vec![json!("192.168.0.255")], json!(false)),
            ("network_in_network", "192.168.0.0/24", vec![json!("192.168.0.255")], json!(true)),
            ("next_nth_usable", "192.168.122.1/24", vec![json!(2)], json!("192.168.122.3")),
            ("ipwrap", "2001:db8::1", vec![], json!("[2001:db8::1]")),
            ("hwaddr", "001c.7312:3456", vec![], json!(null)),
            ("hwaddr", "00:1c:73:12:34:56", vec![json!("cisco")], json!("001c.7312.3456")),
        ] {
            assert_eq!(applied(filter, json!(value), &args).unwrap(), expected, "{filter} {value} {args:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_and_query_is_answered(value in "[0-9a-f:./]{0,20}", query in "[a-z_/0-9-]{0,12}", index in any::<i64>()) {
            for filter in ["ipaddr", "ipv4", "ipsubnet", "hwaddr", "network_in_usable"] {
                let args = [json!(query), json!(index)];
                let _ = applied(filter, json!(value), &args[..1 + usize::from(filter == "ipsubnet")]);
            }
            for filter in ["nthhost", "ipmath", "next_nth_usable", "ipaddr"] {
                let _ = applied(filter, json!(value), &[json!(index)]);
            }
        }

        #[test]
        fn every_address_lies_in_its_subnet(ip in any::<u32>(), length in 0..=32_u8) {
            let written = format!("{}/{length}", Ipv4Addr::from(ip));
            let subnet = ipaddr(&written, "subnet");
            let inside = applied("network_in_network", subnet, &[json!(written)]).unwrap();
            prop_assert_eq!(inside, json!(true));
        }
    }
}
