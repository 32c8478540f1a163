//! Names of switch ports, as EOS writes them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::excerpt;

/// How EOS writes the kind of port that a tenant can have.
const KIND: &str = "Ethernet";

/// The words that stand for it, in lower case. EOS takes each of them.
const WORDS: [&str; 3] = ["ethernet", "eth", "et"];

/// The most numbers in a name: card, port and lane.
const MAX_NUMBERS: usize = 3;

/// The largest number in a name.
pub(super) const MAX_NUMBER: u16 = 1_024;

/// A port by its numbers, such as `Ethernet1` or `Ethernet3/1`. Ports are in the order in which EOS
/// lists them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortName(Vec<u16>);

/// A text is not a port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a port: expected a name such as Ethernet1 or Ethernet3/1, with numbers from 1 to {MAX_NUMBER}")]
pub struct InvalidPort(String);

impl PortName {
    /// Reads a name: `Ethernet3/1`, or `Et3/1` as EOS abbreviates it.
    ///
    /// # Errors
    ///
    /// A text that is no name of such a port.
    pub fn parse(text: &str) -> Result<Self, InvalidPort> {
        let numbers = numbers_after_kind(text).and_then(Self::of_numbers);
        numbers.ok_or_else(|| InvalidPort(excerpt(text)))
    }

    /// The port of these numbers, such as `3/1`.
    pub(super) fn of_numbers(text: &str) -> Option<Self> {
        let numbers: Vec<u16> = text.split('/').map(number).collect::<Option<_>>()?;
        (numbers.len() <= MAX_NUMBERS).then_some(Self(numbers))
    }
}

/// What follows the kind in a name, if the name begins with it.
pub(super) fn numbers_after_kind(text: &str) -> Option<&str> {
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    let (kind, numbers) = text.split_at(digits);
    WORDS.iter().any(|word| kind.eq_ignore_ascii_case(word)).then_some(numbers)
}

/// A number from 1 to [`MAX_NUMBER`], without leading zeros.
pub(super) fn number(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|number| plain && (1..=MAX_NUMBER).contains(number))
}

impl fmt::Display for PortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(u16::to_string).collect();
        write!(f, "{KIND}{}", numbers.join("/"))
    }
}

impl From<PortName> for String {
    fn from(port: PortName) -> Self {
        port.to_string()
    }
}

impl TryFrom<String> for PortName {
    type Error = InvalidPort;

    fn try_from(text: String) -> Result<Self, InvalidPort> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_port_is_written_as_eos_writes_it() {
        for (text, written) in [
            ("Ethernet1", "Ethernet1"),
            ("et3/1", "Ethernet3/1"),
            ("Eth48", "Ethernet48"),
            ("Et1/2/3", "Ethernet1/2/3"),
        ] {
            assert_eq!(PortName::parse(text).unwrap().to_string(), written);
        }
    }

    #[test]
    fn anything_else_is_not_a_port() {
        for text in [
            "",
            "1",
            "Ethernet",
            "Ethernet0",
            "Ethernet01",
            "Ethernet1025",
            "Ethernet1/",
            "Ethernet1/2/3/4",
            "Ethernet 1",
            "Ethernet1-4x",
            "Vlan10",
            "Management1",
            "Ethernet1.100",
            "Ethernet１",
            "Ethernet-1",
            "Et+1",
        ] {
            assert!(PortName::parse(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn ports_are_in_the_order_of_their_numbers() {
        let mut ports = ["Ethernet10", "Ethernet2", "Ethernet2/1"].map(|text| PortName::parse(text).unwrap());

        ports.sort();

        assert_eq!(ports.map(|port| port.to_string()), ["Ethernet2", "Ethernet2/1", "Ethernet10"]);
    }

    proptest! {
        #[test]
        fn a_port_is_read_as_it_is_written(numbers in proptest::collection::vec(1..=MAX_NUMBER, 1..=MAX_NUMBERS)) {
            let port = PortName(numbers);
            prop_assert_eq!(PortName::parse(&port.to_string()), Ok(port));
        }
    }
}
