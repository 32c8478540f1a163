//! The types of words that are no keywords: what they take, and how EOS writes it.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// What a word that is no keyword may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    Area,
    Asn,
    Community,
    Date,
    Esi,
    Float,
    Hex,
    Host,
    Interface,
    Interfaces,
    Ip,
    Ip6,
    Mac,
    Management,
    Mask,
    Name,
    Net,
    Number(u64, u64),
    Numbers,
    Peer,
    Port,
    Ports,
    Prefix,
    Prefix6,
    Rd,
    Secret,
    Text,
    Time,
    VirtualMac,
    Vlans,
    Vni,
    Vxlan,
    Word,
}

/// The names of types in `grammar.txt`, each with what it takes.
const NAMES: [(&str, Type); 33] = [
    ("area", Type::Area),
    ("asn", Type::Asn),
    ("community", Type::Community),
    ("date", Type::Date),
    ("esi", Type::Esi),
    ("float", Type::Float),
    ("hex", Type::Hex),
    ("host", Type::Host),
    ("interface", Type::Interface),
    ("interfaces", Type::Interfaces),
    ("ip", Type::Ip),
    ("ip6", Type::Ip6),
    ("mac", Type::Mac),
    ("management", Type::Management),
    ("mask", Type::Mask),
    ("name", Type::Name),
    ("net", Type::Net),
    ("number", Type::Number(0, u64::MAX)),
    ("numbers", Type::Numbers),
    ("peer", Type::Peer),
    ("port", Type::Port),
    ("ports", Type::Ports),
    ("prefix", Type::Prefix),
    ("prefix6", Type::Prefix6),
    ("rd", Type::Rd),
    ("secret", Type::Secret),
    ("text", Type::Text),
    ("time", Type::Time),
    ("virtual-mac", Type::VirtualMac),
    ("vlans", Type::Vlans),
    ("vni", Type::Vni),
    ("vxlan", Type::Vxlan),
    ("word", Type::Word),
];

/// Classes of interfaces with the shortest beginning that names them, longer names before those
/// they begin with.
const CLASSES: [(&str, &str); 14] = [
    ("Ethernet", "et"),
    ("Port-Channel", "po"),
    ("Loopback", "lo"),
    ("Management", "ma"),
    ("Vlan", "vl"),
    ("Vxlan", "vx"),
    ("Tunnel", "tu"),
    ("Dps", "dps"),
    ("Recirc-Channel", "re"),
    ("Fabric", "fa"),
    ("UnconnectedEthernet", "un"),
    ("Switch", "sw"),
    ("Internal", "in"),
    ("Cpu", "cpu"),
];

/// What may follow the ports of a rule, and so is no name of one.
const AFTER_PORTS: [&str; 14] = [
    "ack",
    "any",
    "dscp",
    "ecn",
    "established",
    "fin",
    "fragments",
    "host",
    "log",
    "psh",
    "rst",
    "syn",
    "tracked",
    "urg",
];

/// How many ports a range may have; more are a parse error on a switch.
const MOST: usize = 511;

impl Type {
    /// The type of this name, or a range of numbers such as `1-4094`.
    pub(super) fn named(name: &str) -> Option<Self> {
        if let Some((_, found)) = NAMES.iter().find(|(known, _)| *known == name) {
            return Some(found.clone());
        }
        let (low, high) = name.split_once('-')?;
        Some(Self::Number(low.parse().ok()?, high.parse().ok()?))
    }

    /// The word as EOS writes it; none if it is not of this type.
    pub(crate) fn read<'w>(&self, word: &'w str) -> Option<Cow<'w, str>> {
        let as_is = |fits: bool| fits.then_some(Cow::Borrowed(word));
        match self {
            Self::Word | Self::Text | Self::Secret => as_is(true),
            Self::Name => as_is(word.starts_with(|c: char| c.is_alphanumeric() || "_-.*<{(".contains(c))),
            Self::Number(low, high) => as_is(digits(word) && word.parse().is_ok_and(|n| (*low..=*high).contains(&n))),
            Self::Numbers => as_is(numbers(word).is_some()),
            Self::Vni => as_is(numbers(word).is_some() || is_dotted_vni(word)),
            Self::Float => as_is(word.parse::<f64>().is_ok() && word.bytes().all(|b| b.is_ascii_digit() || b == b'.')),
            Self::Ip => as_is(word.parse::<Ipv4Addr>().is_ok()),
            Self::Prefix => as_is(word.parse::<Ipv4Net>().is_ok()),
            Self::Ip6 => as_is(is_ip6(word)),
            Self::Prefix6 => as_is(word.parse::<Ipv6Net>().is_ok()),
            Self::Host => as_is(word.parse::<Ipv4Addr>().is_ok() || is_ip6(word) || is_host(word)),
            Self::Peer => as_is(word.parse::<Ipv4Addr>().is_ok() || is_ip6(word) || word != "no"),
            Self::Mask => mask(word).map(Cow::Owned),
            Self::Area => area(word),
            Self::Asn => as_is(asn(word)),
            Self::Rd => as_is(rd(word)),
            Self::Community => as_is(word.split(':').all(digits) || rd(word)),
            Self::Mac => as_is(mac(word).is_some()),
            Self::VirtualMac => mac(word).map(Cow::Owned),
            Self::Esi => as_is(word.split([':', '.']).count() >= 3 && word.split([':', '.']).all(hex)),
            Self::Net => as_is(word.split('.').count() >= 3 && word.split('.').all(hex)),
            Self::Hex => as_is(hex(word.strip_prefix("0x").unwrap_or(word))),
            Self::Time => as_is(word.split(':').count() >= 2 && word.split(':').all(digits)),
            Self::Date => as_is(word.split(['-', '/']).count() == 3 && word.split(['-', '/']).all(digits)),
            Self::Port => as_is(digits(word) && word.parse::<u16>().is_ok() || is_service(word)),
            Self::Ports => {
                let mut parts = word.strip_suffix(',').unwrap_or(word).split(',');
                as_is(parts.all(|part| numbers(part).is_some()))
            }
            Self::Interface => one_interface(word).map(Cow::Owned),
            Self::Vxlan => one_interface(word).filter(|name| name.starts_with("Vxlan")).map(Cow::Owned),
            Self::Management => one_interface(word).filter(|name| name.starts_with("Management")).map(Cow::Owned),
            Self::Interfaces => {
                let names = interfaces(word)?;
                let one = names.len() == 1 && !word.ends_with(',');
                Some(if one { Cow::Owned(names.concat()) } else { Cow::Borrowed(word) })
            }
            Self::Vlans => vlans(word).map(|numbers| Cow::Owned(joined(&numbers))),
        }
    }
}

fn digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn hex(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_ip6(word: &str) -> bool {
    word.split('%').next().is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

fn is_host(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphanumeric()) && word.contains(|c: char| c.is_ascii_alphabetic())
}

/// The name of a port; which there are is not known.
fn is_service(word: &str) -> bool {
    let letters = word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    letters && word.starts_with(|c: char| c.is_ascii_lowercase()) && !AFTER_PORTS.contains(&word)
}

fn asn(word: &str) -> bool {
    match word.split_once('.') {
        Some((high, low)) => high.parse::<u16>().is_ok() && low.parse::<u16>().is_ok(),
        None => digits(word) && word.parse::<u32>().is_ok(),
    }
}

fn rd(word: &str) -> bool {
    let Some((left, right)) = word.rsplit_once(':') else { return false };
    digits(right) && (asn(left) || left.parse::<Ipv4Addr>().is_ok())
}

fn area(word: &str) -> Option<Cow<'_, str>> {
    if word.parse::<Ipv4Addr>().is_ok() {
        return Some(Cow::Borrowed(word));
    }
    let number = word.parse::<u32>().ok().filter(|_| digits(word))?;
    Some(Cow::Owned(Ipv4Addr::from(number).to_string()))
}

/// The length of a dotted mask.
fn mask(word: &str) -> Option<String> {
    let mask = word.parse::<Ipv4Addr>().ok()?;
    Some(Ipv4Net::with_netmask(mask, mask).ok()?.prefix_len().to_string())
}

/// The MAC address in its form with colons; `None` if the word is none.
fn mac(word: &str) -> Option<String> {
    let groups: Vec<&str> = word.split(['.', ':', '-']).collect();
    let width = match groups.len() {
        3 => 4,
        6 => 2,
        _ => return None,
    };
    if !groups.iter().all(|group| hex(group) && group.len() <= width) {
        return None;
    }
    let digits: String = groups.iter().map(|group| format!("{group:0>width$}")).collect::<String>().to_lowercase();
    let pairs: Vec<&str> = (0..6).map(|at| &digits[2 * at..2 * at + 2]).collect();
    Some(pairs.join(":"))
}

/// The numbers of a list such as `1-3,7`.
fn numbers(word: &str) -> Option<Vec<(u64, u64)>> {
    let part = |part: &str| {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let (low, high) = (low.parse().ok().filter(|_| digits(low))?, high.parse().ok().filter(|_| digits(high))?);
        (low <= high).then_some((low, high))
    };
    word.split(',').map(part).collect()
}

/// True for a VNI as EOS shows it after `vxlan vni notation dotted`: three bytes.
fn is_dotted_vni(word: &str) -> bool {
    word.split('.').count() == 3 && word.split('.').all(|byte| digits(byte) && byte.parse::<u8>().is_ok())
}

/// The VLANs of a list, ascending and each once.
pub(crate) fn vlans(word: &str) -> Option<Vec<u16>> {
    let ranges = numbers(word)?;
    if !ranges.iter().all(|(low, high)| *low >= 1 && *high <= 4094) {
        return None;
    }
    let mut found: Vec<u16> =
        ranges.iter().flat_map(|(low, high)| *low..=*high).filter_map(|n| u16::try_from(n).ok()).collect();
    found.sort_unstable();
    found.dedup();
    Some(found)
}

/// VLANs as EOS writes a list of them: ascending, what is next to each other joined.
pub(crate) fn joined(numbers: &[u16]) -> String {
    let mut parts: Vec<(u16, u16)> = Vec::new();
    for number in numbers {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => parts.push((*number, *number)),
        }
    }
    let written = parts.iter().map(|(low, high)| if low == high { low.to_string() } else { format!("{low}-{high}") });
    written.collect::<Vec<_>>().join(",")
}

/// The class that a name begins with, and the rest of it.
fn class(name: &str) -> Option<(&'static str, &str)> {
    let letters = name.find(|c: char| !(c.is_ascii_alphabetic() || c == '-')).unwrap_or(name.len());
    let (given, rest) = name.split_at(letters);
    let lower = given.to_ascii_lowercase();
    let fits = |(class, shortest): &&(&str, &str)| {
        lower.starts_with(shortest) && class.to_ascii_lowercase().starts_with(&lower)
    };
    CLASSES.iter().find(fits).map(|(class, _)| (*class, rest))
}

/// True if the word is the class of an interface, whose number may stand apart from it.
pub(crate) fn is_class(word: &str) -> bool {
    class(word).is_some_and(|(_, rest)| rest.is_empty())
}

fn one_interface(name: &str) -> Option<String> {
    match interfaces(name)?.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// The interfaces of a name or of ranges of names such as `Ethernet1-3,Vlan10`, each by its long
/// name.
pub(crate) fn interfaces(names: &str) -> Option<Vec<String>> {
    let mut current = "";
    let mut found = Vec::new();
    // A list may go on in the next word.
    for part in names.strip_suffix(',').unwrap_or(names).split(',') {
        let numbers = match class(part) {
            Some((class, rest)) => {
                current = class;
                rest
            }
            None => part,
        };
        let (first, last) = match numbers.split_once('-') {
            None => (numbers, None),
            Some((first, last)) => (first, Some(class(last).map_or(last, |(_, rest)| rest))),
        };
        if current.is_empty() || !is_port(first) {
            return None;
        }
        let Some(last) = last else {
            found.push(format!("{current}{first}"));
            continue;
        };
        let at = first.rfind(['/', '.']).map_or(0, |at| at + 1);
        let last = last.strip_prefix(&first[..at]).unwrap_or(last);
        let (low, high) = (first[at..].parse::<usize>().ok()?, last.parse::<usize>().ok()?);
        if high < low || high - low >= MOST {
            return None;
        }
        found.extend((low..=high).map(|number| format!("{current}{}{number}", &first[..at])));
    }
    (found.len() <= MOST).then_some(found)
}

fn is_port(text: &str) -> bool {
    text.split(['/', '.']).all(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_each_of_its_interfaces() {
        for (names, expected) in [
            ("Ethernet1", "Ethernet1"),
            ("ethernet1", "Ethernet1"),
            ("Eth1", "Ethernet1"),
            ("Po5", "Port-Channel5"),
            ("VLAN10", "Vlan10"),
            ("Ethernet1/1.100", "Ethernet1/1.100"),
            ("Ethernet1-3,5", "Ethernet1 Ethernet2 Ethernet3 Ethernet5"),
            ("Ethernet1/1-1/2", "Ethernet1/1 Ethernet1/2"),
            ("Ethernet2/1-2,Vlan10", "Ethernet2/1 Ethernet2/2 Vlan10"),
            ("Port-Channel7-Port-Channel8", "Port-Channel7 Port-Channel8"),
        ] {
            assert_eq!(interfaces(names).unwrap().join(" "), expected);
        }
    }

    #[test]
    fn what_names_no_interface_is_refused() {
        for names in
            ["Quark1", "Ethernet", "Ethernet3-1", "Ethernet1-", "Ethernet1-600", "1", "Ethernet1,,2", "Ethernet1/x"]
        {
            assert_eq!(interfaces(names), None, "{names}");
        }
    }

    #[test]
    fn words_are_written_as_eos_writes_them() {
        for (name, word, expected) in [
            ("area", "0", Some("0.0.0.0")),
            ("mask", "255.255.255.0", Some("24")),
            ("mask", "255.0.255.0", None),
            ("virtual-mac", "aabb.ccdd.eeff", Some("aa:bb:cc:dd:ee:ff")),
            ("virtual-mac", "0:1c:73:0:dc:1", Some("00:1c:73:00:dc:01")),
            ("vlans", "12,10,11,20", Some("10-12,20")),
            ("vlans", "4095", None),
            ("prefix", "192.0.2.1/33", None),
            ("ip", "192.0.2.256", None),
            ("1-10", "11", None),
            ("vni", "0.39.26", Some("0.39.26")),
            ("vni", "0.39.256", None),
            ("rd", "192.0.2.1:7", Some("192.0.2.1:7")),
        ] {
            assert_eq!(Type::named(name).unwrap().read(word).as_deref(), expected, "{name} {word}");
        }
    }
}
