//! In which order a running-config shows what it holds: sections after `order.txt`, interfaces by
//! class, numbers as numbers.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Interface classes as EOS orders them; others come last.
// EOS-80: the order of classes.
const INTERFACES: [&str; 8] = ["Port-Channel", "Dps", "Ethernet", "Loopback", "Management", "Tunnel", "Vlan", "Vxlan"];

/// What comes first in any mode; all else keeps the order it was entered in.
const FIRST: [&str; 6] = ["description", "trigger", "action", "delay", "timeout", "asynchronous"];

/// The first words of a line; `*` is any one word, and `a*` one that begins so.
struct Pattern(Vec<&'static str>);

impl Pattern {
    fn read(text: &'static str) -> Self {
        Self(text.split(' ').collect())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn begins(&self, words: &[&str]) -> bool {
        let fits = |(expected, word): (&&str, &&str)| match expected.strip_suffix('*') {
            Some(prefix) => word.starts_with(prefix),
            None => expected.split('|').any(|expected| expected == *word),
        };
        self.0.len() <= words.len() && self.0.iter().zip(words).all(fits)
    }
}

/// The section of a top-level line; lines of one section are shown together.
// EOS-79: the order is fixed, and differs by release.
pub(crate) fn section(line: &str) -> usize {
    static SECTIONS: LazyLock<HashMap<&str, Vec<(usize, Pattern)>>> = LazyLock::new(|| {
        let mut sections: HashMap<&str, Vec<(usize, Pattern)>> = HashMap::new();
        let lines = include_str!("order.txt").lines().filter(|line| !line.starts_with('#'));
        for (index, line) in lines.enumerate() {
            let first = line.split(' ').next().unwrap_or_default();
            sections.entry(first).or_default().push((index, Pattern::read(line)));
        }
        sections
    });
    let words: Vec<&str> = bare(line).split_whitespace().collect();
    let known = words.first().and_then(|first| SECTIONS.get(first));
    let fitting = known.into_iter().flatten().filter(|(_, prefix)| prefix.begins(&words));
    fitting.max_by_key(|(_, prefix)| prefix.len()).map_or(usize::MAX, |(index, _)| *index)
}

/// What top-level lines are sorted by: section, class of interface, then the text with numbers by
/// their value.
pub(crate) fn top_level(line: &str) -> impl Ord + use<> {
    let name = line.strip_prefix("interface ").unwrap_or_default();
    let class = INTERFACES.iter().position(|class| name.starts_with(class)).unwrap_or(INTERFACES.len());
    (section(line), if name.is_empty() { 0 } else { class }, natural(bare(line)))
}

/// What the lines of a mode are sorted by, before the order they were entered in.
pub(crate) fn in_mode(line: &str) -> impl Ord + use<> {
    let first = line.split(' ').next().unwrap_or_default();
    let rank = FIRST.iter().position(|word| *word == first).unwrap_or(FIRST.len());
    (rank, first.parse::<u64>().unwrap_or(0))
}

fn bare(line: &str) -> &str {
    line.strip_prefix("no ").unwrap_or(line)
}

/// Words as pieces of text and numbers; each ends in an empty one, so that a word comes before
/// those that begin with it.
fn natural(text: &str) -> Vec<(u64, String)> {
    let mut pieces = Vec::new();
    for word in text.split(' ') {
        let mut rest = word;
        while let Some(first) = rest.chars().next() {
            let digits = first.is_ascii_digit();
            let end = rest.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(rest.len());
            let (piece, after) = rest.split_at(end);
            pieces.push((piece.parse().unwrap_or(0), piece.to_owned()));
            rest = after;
        }
        pieces.push((0, String::new()));
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
        lines.sort_by_cached_key(|line| top_level(line));
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
