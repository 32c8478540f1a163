//! Which line a line replaces: a host has one name and many users, a user has one password.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::grammar::Pattern;

/// How many first words name a command of which there is one: entering it again replaces it. `*` is one word of the name.
/// What is not here is a list: every line of it stands for itself.
const SINGLE: [&str; 54] = [
    "hostname",
    "description",
    "alias *",
    "username *",
    "username * ssh-key *",
    "ip address",
    "ip address virtual source-nat vrf *",
    "switchport access vlan",
    "switchport mode",
    "switchport trunk native vlan",
    "switchport trunk allowed vlan",
    "switchport phone vlan",
    "delay",
    "timeout",
    "trigger",
    "action bash",
    "action log",
    "mtu",
    "speed",
    "name",
    "router-id",
    "router-id ipv4",
    "router-id ipv6",
    "spanning-tree mode",
    "spanning-tree priority",
    "spanning-tree mst * priority",
    "clock timezone",
    "dns domain",
    "load-interval",
    "channel-group",
    "mlag",
    "domain-id",
    "peer-link",
    "reload-delay mlag",
    "reload-delay non-mlag",
    "snmp-server contact",
    "snmp-server location",
    "logging buffered",
    "logging console",
    "logging monitor",
    "logging trap",
    "logging facility",
    "rd",
    "rd evpn domain *",
    "vrf",
    "state",
    "bandwidth",
    "exec",
    "prompt",
    "vlan internal order",
    "service routing protocols model",
    "banner *",
    "idle-timeout",
    "maximum-paths",
];

/// The text that a command, without `no`, is known by among its neighbours: lines of the same one replace each other.
pub(super) fn of(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let length = match words.as_slice() {
        // A rule of an access list, by its number.
        [number, ..] if number.parse::<u32>().is_ok() => 1,
        ["ip", "address", "virtual", "source-nat", ..] => single(&words).unwrap_or(words.len()),
        // Of these there may be several beside the first one.
        ["ip" | "ipv6", "address", ..] if words.last() == Some(&"secondary") => words.len(),
        ["ip", "address", "virtual", ..] | ["dns", "domain", "name", ..] => words.len(),
        _ => single(&words).unwrap_or(words.len()),
    };
    words[..length].join(" ")
}

/// Whether a command switches something on or off, and names nothing of which there could be several: `no ip routing` is shown,
/// `no ntp server 192.0.2.1` is not.
pub(super) fn is_toggle(words: &[&str]) -> bool {
    let keyword = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    words.iter().all(keyword) && single(words).is_none()
}

fn single(words: &[&str]) -> Option<usize> {
    static PATTERNS: LazyLock<HashMap<&str, Vec<Pattern>>> = LazyLock::new(|| {
        let mut patterns: HashMap<&str, Vec<Pattern>> = HashMap::new();
        for pattern in SINGLE {
            let first = pattern.split(' ').next().unwrap_or_default();
            patterns.entry(first).or_default().push(Pattern::read(pattern));
        }
        patterns
    });
    let fitting = PATTERNS.get(*words.first()?)?.iter().filter(|pattern| pattern.begins(words));
    fitting.map(Pattern::len).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_one_of_is_known_by_its_first_words() {
        for (line, identity) in [
            ("hostname a", "hostname"),
            ("alias a show version", "alias a"),
            ("username a ssh-key ssh-rsa AAAA", "username a ssh-key ssh-rsa"),
            ("10 permit ip any any", "10"),
            ("ip address 192.0.2.1/24", "ip address"),
            ("ip address 192.0.2.2/24 secondary", "ip address 192.0.2.2/24 secondary"),
            ("ip address virtual 192.0.2.1/24", "ip address virtual 192.0.2.1/24"),
            ("router-id ipv4 192.0.2.1", "router-id ipv4"),
            ("ntp server 192.0.2.1", "ntp server 192.0.2.1"),
        ] {
            assert_eq!(of(line), identity);
        }
    }

    #[test]
    fn what_names_something_is_no_toggle() {
        assert!(is_toggle(&["ip", "icmp", "redirect"]) && is_toggle(&["switchport"]));
        for words in [&["ntp", "server", "192.0.2.1"][..], &["description"], &["alias", "x"], &["vlan", "2"]] {
            assert!(!is_toggle(words), "{words:?}");
        }
    }
}
