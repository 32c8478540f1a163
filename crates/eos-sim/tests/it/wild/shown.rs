//! What EOS shows in place of what was entered: the rules by which what comes back counts as equal.

use std::collections::BTreeSet;

use crate::texts::paths;

/// The lines of a configuration as a device of this release shows them, each with the lines that it
/// is below.
pub(crate) fn as_shown(config: &str, eos: &str) -> BTreeSet<Vec<String>> {
    let routed = config.contains("switchport default mode routed");
    let shown = paths(config).into_iter().filter_map(|path| rewritten(&path, eos, routed));
    shown.flat_map(|path| each_vlan(&path)).collect()
}

/// A line once for each VLAN, if it is one of several VLANs that are shown in one block because
/// they are alike.
fn each_vlan(path: &[String]) -> Vec<Vec<String>> {
    let list = path[0].strip_prefix("vlan ").filter(|list| list.starts_with(|c: char| c.is_ascii_digit()));
    let Some(list) = list else { return vec![path.to_vec()] };
    let ranges = list.split(',').map(|part| part.split_once('-').unwrap_or((part, part)));
    let numbers = ranges.filter_map(|(low, high)| Some(low.parse::<u16>().ok()?..=high.parse().ok()?)).flatten();
    numbers.map(|number| [&[format!("vlan {number}")], &path[1..]].concat()).collect()
}

/// What EOS shows of a line in place of what was entered; none for a line that it does not show.
/// Sources: dumps of devices, and pairs of what was pushed and what was shown then.
fn rewritten(path: &[String], eos: &str, routed: bool) -> Option<Vec<String>> {
    let minor: u32 = eos.split('.').nth(1)?.parse().ok()?;
    let mut path: Vec<String> = path.iter().map(|line| words_as_shown(line)).collect();
    let (mode, inside) = (path[0].clone(), path.len() > 1);
    let last = path.last_mut()?;
    if mode.contains("access-list") && inside {
        // EOS numbers rules that come without a number.
        *last = last.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().to_owned();
    }
    if let Some((before, _)) = last.split_once(" secret ").filter(|_| !inside) {
        // What comes in plain text is shown as a hash.
        *last = format!("{before} secret");
    }
    match last.as_str() {
        "spanning-tree portfast" if minor >= 33 => last.push_str(" edge"),
        "switchport" if routed => {}
        "no shutdown" if mode.starts_with("interface ") => return None,
        "switchport"
        | "switchport mode access"
        | "protocol https"
        | "no enable password"
        | "no logging console"
        | "state active" => return None,
        // What takes away something that is not there.
        line if line.starts_with("default ") => return None,
        line if ["access-list", "neighbor", "prefix-list", "route-map"]
            .iter()
            .any(|what| line.starts_with("no ") && line.contains(what))
            && !line.ends_with("activate") =>
        {
            return None;
        }
        _ => {}
    }
    Some(path)
}

/// The words of a line as EOS writes them: names of interfaces in full, areas and addresses in
/// their usual form, lists joined.
fn words_as_shown(line: &str) -> String {
    let classes = [
        ("ethernet", "Ethernet"),
        ("eth", "Ethernet"),
        ("et", "Ethernet"),
        ("loopback", "Loopback"),
        ("lo", "Loopback"),
        ("vlan", "Vlan"),
        ("vxlan", "Vxlan"),
        ("port-channel", "Port-Channel"),
        ("po", "Port-Channel"),
        ("management", "Management"),
        ("ma", "Management"),
    ];
    let mut words: Vec<String> = Vec::new();
    for word in line.split_whitespace() {
        let digits = word.find(|c: char| c.is_ascii_digit()).unwrap_or(word.len());
        let class = classes.iter().find(|(short, _)| word[..digits].eq_ignore_ascii_case(short));
        let before = words.last().map_or("", String::as_str).to_owned();
        let list = word.contains([',', '-']) && word.bytes().all(|b| b.is_ascii_digit() || b == b',' || b == b'-');
        words.push(match (class, before.as_str()) {
            (Some((_, class)), _) if digits < word.len() => format!("{class}{}", &word[digits..]),
            (_, "area") if word.parse::<u32>().is_ok() => {
                std::net::Ipv4Addr::from(word.parse::<u32>().unwrap()).to_string()
            }
            (_, "mac-address") => colons(word),
            _ if list => joined(word),
            _ => word.to_owned(),
        });
        // The number of an interface may stand apart.
        let apart = classes.iter().find(|(short, _)| before.eq_ignore_ascii_case(short) && before != "vlan");
        if let (Some((_, class)), true) = (apart, word.starts_with(|c: char| c.is_ascii_digit())) {
            words.truncate(words.len() - 2);
            words.push(format!("{class}{word}"));
        }
    }
    let line = words.join(" ").replace(" peer-group", " peer group").replace("min_rx", "min-rx");
    let line = line.replace("no spanning-tree vlan ", "no spanning-tree vlan-id ");
    line.replace("vrf definition ", "vrf instance ").replace("vrf forwarding ", "vrf ")
}

/// The MAC address in its form with colons.
fn colons(word: &str) -> String {
    let digits: String = word.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_lowercase();
    if digits.len() != 12 || !word.contains('.') {
        return word.to_lowercase();
    }
    (0..6).map(|at| &digits[2 * at..2 * at + 2]).collect::<Vec<_>>().join(":")
}

/// A list of numbers as EOS writes it: ascending, with ranges joined.
fn joined(word: &str) -> String {
    let mut numbers = BTreeSet::new();
    for part in word.split(',') {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let (Ok(low), Ok(high)) = (low.parse::<u32>(), high.parse::<u32>()) else { return word.to_owned() };
        if high.saturating_sub(low) > 70_000 {
            return word.to_owned();
        }
        numbers.extend(low..=high);
    }
    let mut parts: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => parts.push((number, number)),
        }
    }
    let parts = parts.iter().map(|(low, high)| if low == high { low.to_string() } else { format!("{low}-{high}") });
    parts.collect::<Vec<_>>().join(",")
}
