//! In which order a running-config shows what it holds: sections after `order.txt`, interfaces by class, numbers as numbers.

use std::cmp::Ordering;
use std::sync::LazyLock;

use crate::grammar::begins;

/// Interface classes as EOS orders them; others come last.
const INTERFACES: [&str; 8] = ["Port-Channel", "Dps", "Ethernet", "Loopback", "Management", "Tunnel", "Vlan", "Vxlan"];

/// What comes first in any mode; all else keeps the order it was entered in.
const FIRST: [&str; 6] = ["description", "trigger", "action", "delay", "timeout", "asynchronous"];

/// The section of a top-level line; lines of one section are shown together.
pub(crate) fn section(line: &str) -> usize {
    static SECTIONS: LazyLock<Vec<Vec<&'static str>>> = LazyLock::new(|| {
        let lines = include_str!("order.txt").lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.split(' ').collect()).collect()
    });
    let words: Vec<&str> = bare(line).split_whitespace().collect();
    let fitting = SECTIONS.iter().enumerate().filter(|(_, prefix)| begins(prefix, &words));
    fitting.max_by_key(|(_, prefix)| prefix.len()).map_or(SECTIONS.len(), |(index, _)| index)
}

/// The order of two top-level lines.
pub(crate) fn top_level(a: &str, b: &str) -> Ordering {
    let class = |line: &str| {
        let name = line.strip_prefix("interface ").unwrap_or_default();
        let of = |class: &&str| name.starts_with(*class);
        if name.is_empty() { 0 } else { INTERFACES.iter().position(of).unwrap_or(INTERFACES.len()) }
    };
    (section(a), class(a)).cmp(&(section(b), class(b))).then_with(|| natural(bare(a), bare(b)))
}

/// The rank of a line among its neighbours in a mode.
pub(crate) fn rank(line: &str) -> (usize, u64) {
    let first = line.split(' ').next().unwrap_or_default();
    let rank = FIRST.iter().position(|word| *word == first).unwrap_or(FIRST.len());
    (rank, first.parse().unwrap_or(0))
}

fn bare(line: &str) -> &str {
    line.strip_prefix("no ").unwrap_or(line)
}

/// Text order, but runs of digits by their value.
fn natural(a: &str, b: &str) -> Ordering {
    let (a, b) = (pieces(a), pieces(b));
    a.cmp(&b)
}

fn pieces(text: &str) -> Vec<(u64, &str)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        pieces.push((piece.parse().unwrap_or(0), piece));
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_sorted_by_section_class_and_number() {
        let mut lines = [
            "vlan 100",
            "interface Vlan2",
            "interface Ethernet10",
            "hostname a",
            "interface Ethernet2",
            "vlan 20",
            "interface Port-Channel3",
            "username a",
            "no aaa root",
            "event-handler x",
            "brand new",
        ];
        lines.sort_by(|a, b| top_level(a, b));
        let expected = [
            "no aaa root",
            "username a",
            "hostname a",
            "vlan 20",
            "vlan 100",
            "interface Port-Channel3",
            "interface Ethernet2",
            "interface Ethernet10",
            "interface Vlan2",
            "event-handler x",
            "brand new",
        ];
        assert_eq!(lines, expected);
    }
}
