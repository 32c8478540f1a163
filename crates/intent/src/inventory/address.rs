//! Addresses of the machine that runs naas, and of its link.
//!
//! An inventory that names such an address makes naas send a switch's password to whatever listens
//! there: a service of the machine itself, or the metadata service of a cloud (169.254.169.254). So
//! it takes a word of permission, `allow_local: true`.

use std::net::{IpAddr, Ipv4Addr};

/// Why an address needs permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Local {
    /// It is this machine: loopback or unspecified.
    Machine,
    /// It is on this machine's link only.
    Link,
}

/// Whether `host`, an address or a DNS name, is one that needs permission. What a name resolves to
/// is not known here.
pub(super) fn local(host: &str) -> Option<Local> {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    if host == "localhost" || host.ends_with(".localhost") || host == "localhost.localdomain" || host == "ip6-localhost"
    {
        return Some(Local::Machine);
    }
    let without_zone = host.split('%').next().unwrap_or_default();
    match without_zone.parse().ok().or_else(|| legacy(&host).map(IpAddr::V4))? {
        IpAddr::V4(address) => local_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => local_v4(address),
            None if address.is_loopback() || address.is_unspecified() => Some(Local::Machine),
            None => address.is_unicast_link_local().then_some(Local::Link),
        },
    }
}

/// The same text for every way to write an address; a name in lower case.
pub(super) fn canonical(host: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    let address = host.parse::<IpAddr>().ok().map(|address| address.to_canonical());
    address.map_or(host, |address| address.to_string())
}

fn local_v4(address: Ipv4Addr) -> Option<Local> {
    if address.is_loopback() || address.is_unspecified() {
        return Some(Local::Machine);
    }
    address.is_link_local().then_some(Local::Link)
}

/// The forms of an IPv4 address that resolvers take too, as `inet_aton` does: `127.1`,
/// `0x7f000001`, `2130706433`.
fn legacy(host: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u64> = host.split('.').map(number).collect::<Option<_>>()?;
    let (last, leading) = parts.split_last()?;
    if leading.len() > 3 || leading.iter().any(|part| *part > 255) || *last >= 1 << (8 * (4 - leading.len())) {
        return None;
    }
    let high = leading.iter().enumerate().map(|(at, part)| part << (24 - 8 * at)).sum::<u64>();
    u32::try_from(high + last).ok().map(Ipv4Addr::from)
}

fn number(part: &str) -> Option<u64> {
    match part.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None if part.len() > 1 && part.starts_with('0') => u64::from_str_radix(part, 8).ok(),
        None => part.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_this_machine_is_known() {
        for host in [
            "127.0.0.1",
            "127.9.9.9",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "::1",
            "[::1]",
            "::ffff:127.0.0.1",
            "0.0.0.0",
            "::",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0",
        ] {
            assert_eq!(local(host), Some(Local::Machine), "{host}");
        }
        for host in ["169.254.169.254", "fe80::1", "fe80::1%eth0", "::ffff:169.254.0.1", "0xa9fea9fe", "2852039166"] {
            assert_eq!(local(host), Some(Local::Link), "{host}");
        }
        for host in
            ["192.0.2.1", "leaf1", "127.example.net", "localhost.example.net", "2001:db8::1", "10.1", "", "256.1.1.1"]
        {
            assert_eq!(local(host), None, "{host}");
        }
    }
}
