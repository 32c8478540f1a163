//! Lists of ports as people write them: `1-4,7`, or `3/1-4` on a switch with line cards.

use std::collections::BTreeSet;

use super::port_name::{MAX_NUMBER, PortName, number, numbers_after_kind};
use crate::name::excerpt;

/// The most ports that one list may name.
pub const MAX_PORTS: usize = 512;

/// Why a text is not a list of ports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRange {
    /// A part of the text is no port and no range of ports.
    #[error(
        "{found:?} is not a list of ports: expected numbers and ranges such as 1-4,7 or 3/1-4, with numbers from 1 to {MAX_NUMBER}"
    )]
    Junk {
        /// The beginning of the part.
        found: String,
    },
    /// A range ends before it begins.
    #[error("the range {range} runs backwards; expected {last}-{first}")]
    Backwards {
        /// The range as it was written.
        range: String,
        /// The number that it begins with.
        first: u16,
        /// The number that it ends with.
        last: u16,
    },
    /// A port is named more than once.
    #[error("{0} is named twice; expected each port once")]
    Twice(PortName),
    /// There are too many ports.
    #[error("expected at most {MAX_PORTS} ports, found more")]
    TooMany,
}

/// Reads a list of ports, sorted.
///
/// # Errors
///
/// A part that is no port and no range, a range that runs backwards, a port named twice, or more
/// than [`MAX_PORTS`] ports.
pub fn ports(text: &str) -> Result<BTreeSet<PortName>, InvalidRange> {
    let mut ports = BTreeSet::new();
    for part in text.split(',') {
        for port in part_of(part)? {
            if ports.len() == MAX_PORTS {
                return Err(InvalidRange::TooMany);
            }
            if ports.contains(&port) {
                return Err(InvalidRange::Twice(port));
            }
            ports.insert(port);
        }
    }
    Ok(ports)
}

/// The ports of one part: `7`, `1-4`, `3/1-4`, with or without the kind of port before it.
fn part_of(part: &str) -> Result<impl Iterator<Item = PortName>, InvalidRange> {
    let junk = || InvalidRange::Junk { found: excerpt(part) };
    let numbers = numbers_after_kind(part).unwrap_or(part);
    let (head, tail) = numbers.rsplit_once('/').map_or(("", numbers), |(head, tail)| (&numbers[..=head.len()], tail));
    let (first, last) = tail.split_once('-').unwrap_or((tail, tail));
    let (first, last) = number(first).zip(number(last)).ok_or_else(junk)?;
    if last < first {
        return Err(InvalidRange::Backwards { range: excerpt(part), first, last });
    }
    let port = |number| PortName::of_numbers(&format!("{head}{number}")).ok_or_else(junk);
    let ports: Vec<_> = (first..=last).take(MAX_PORTS + 1).map(port).collect::<Result<_, _>>()?;
    Ok(ports.into_iter())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(text: &str) -> Vec<String> {
        ports(text).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_list_is_numbers_and_ranges() {
        assert_eq!(named("7,1-3"), ["Ethernet1", "Ethernet2", "Ethernet3", "Ethernet7"]);
        assert_eq!(named("3/1-2,4/1"), ["Ethernet3/1", "Ethernet3/2", "Ethernet4/1"]);
        assert_eq!(named("Ethernet1-2,Et5"), ["Ethernet1", "Ethernet2", "Ethernet5"]);
        assert_eq!(ports("1-512").unwrap().len(), MAX_PORTS);
    }

    #[test]
    fn a_list_that_means_nothing_is_refused() {
        for text in [
            "",
            ",",
            "1,",
            "1-",
            "-4",
            "1--4",
            "1-4-7",
            "a",
            "1 -4",
            " 1",
            "1-4x",
            "Ethernet1-4x",
            "0",
            "0-4",
            "01",
            "1.5",
            "3/",
            "/1",
            "3//1",
            "1/2/3/4",
            "3/1-3/4",
            "1-1025",
            "١",
        ] {
            assert!(matches!(ports(text), Err(InvalidRange::Junk { .. })), "{text:?}: {:?}", ports(text));
        }
    }

    #[test]
    fn each_way_to_be_wrong_has_its_sentence() {
        for (text, expected) in [
            (
                "1-4x",
                "\"1-4x\" is not a list of ports: expected numbers and ranges such as 1-4,7 or 3/1-4, with numbers",
            ),
            ("7-3", "the range 7-3 runs backwards; expected 3-7"),
            ("1-4,3", "Ethernet3 is named twice; expected each port once"),
            ("1,Et1", "Ethernet1 is named twice"),
            ("1-513", "expected at most 512 ports, found more"),
        ] {
            let error = ports(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_huge_list_is_quoted_in_part() {
        let error = ports(&"x".repeat(10_000_000)).unwrap_err().to_string();

        assert!(error.len() < 300, "{} bytes", error.len());
    }

    proptest! {
        #[test]
        fn any_text_is_a_list_or_an_error(text in "[0-9,/E-]{0,24}|.{0,40}") {
            if let Ok(ports) = ports(&text) {
                prop_assert!((1..=MAX_PORTS).contains(&ports.len()));
            }
        }

        #[test]
        fn a_list_names_the_ports_between_its_ends(first in 1_u16..400, more in 0_u16..100, card in 1_u16..9) {
            let text = format!("{card}/{first}-{}", first + more);
            prop_assert_eq!(ports(&text).unwrap().len(), usize::from(more) + 1);
        }
    }
}
