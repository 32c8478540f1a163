//! Names of interfaces, one by one and in ranges: `interface Ethernet1-3,5` enters four modes at once.

use super::{Refused, invalid};

/// The classes of interfaces, longer names before those they begin with.
const CLASSES: [&str; 12] = [
    "Ethernet",
    "Port-Channel",
    "Loopback",
    "Management",
    "Vlan",
    "Vxlan",
    "Tunnel",
    "Dps",
    "Recirc-Channel",
    "Fabric",
    "UnconnectedEthernet",
    "Switch",
];

/// How many ports a range may have; more are a parse error on a switch.
const MOST: usize = 511;

/// The opening lines that a line which opens a mode stands for: itself, unless it names a range of interfaces.
pub(super) fn opened(words: &[&str], line: &str) -> Result<Vec<String>, Refused> {
    match words {
        ["interface", "defaults"] | ["interface", "profile", ..] => Ok(vec![line.to_owned()]),
        ["interface", names] => {
            let names = expanded(names).ok_or_else(|| invalid(1, names))?;
            Ok(names.into_iter().map(|name| format!("interface {name}")).collect())
        }
        ["interface", name, ..] => Err(invalid(1, name)),
        _ => Ok(vec![line.to_owned()]),
    }
}

fn expanded(names: &str) -> Option<Vec<String>> {
    let mut class = "";
    let mut found = Vec::new();
    for part in names.split(',') {
        let named = CLASSES.iter().find(|class| part.starts_with(**class));
        let numbers = match named {
            Some(named) => {
                class = named;
                &part[named.len()..]
            }
            None => part,
        };
        let (first, last) = match numbers.split_once('-') {
            None => (numbers, None),
            Some((first, last)) => (first, Some(last.strip_prefix(class).unwrap_or(last))),
        };
        if class.is_empty() || !is_number(first) {
            return None;
        }
        let Some(last) = last else {
            found.push(format!("{class}{first}"));
            continue;
        };
        let at = first.rfind(['/', '.']).map_or(0, |at| at + 1);
        let last = last.strip_prefix(&first[..at]).unwrap_or(last);
        let (low, high) = (first[at..].parse::<usize>().ok()?, last.parse::<usize>().ok()?);
        if high < low || high - low >= MOST {
            return None;
        }
        found.extend((low..=high).map(|number| format!("{class}{}{number}", &first[..at])));
    }
    (found.len() <= MOST).then_some(found)
}

fn is_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split(['/', '.']).all(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_each_of_its_interfaces() {
        for (names, expected) in [
            ("Ethernet1", "Ethernet1"),
            ("Ethernet1/1.100", "Ethernet1/1.100"),
            ("Ethernet1-3,5", "Ethernet1 Ethernet2 Ethernet3 Ethernet5"),
            ("Ethernet1/1-1/2", "Ethernet1/1 Ethernet1/2"),
            ("Ethernet2/1-2,Vlan10", "Ethernet2/1 Ethernet2/2 Vlan10"),
            ("Port-Channel7-Port-Channel8", "Port-Channel7 Port-Channel8"),
        ] {
            assert_eq!(expanded(names).unwrap().join(" "), expected);
        }
    }

    #[test]
    fn what_names_no_interface_is_refused() {
        for names in
            ["Quark1", "Ethernet", "Ethernet3-1", "Ethernet1-", "Ethernet1-600", "1", "Ethernet1,,2", "Ethernet1/x"]
        {
            assert_eq!(expanded(names), None, "{names}");
        }
    }
}
