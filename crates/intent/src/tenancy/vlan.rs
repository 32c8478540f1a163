//! VLANs, and sets of them.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};

use crate::name::excerpt;

/// The number of a VLAN, 1 to 4094.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "u16")]
pub struct Vlan(u16);

/// A number that no VLAN has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a VLAN from {} to {}, found {found}", Vlan::MIN, Vlan::MAX)]
pub struct BadVlan {
    found: i64,
}

impl Vlan {
    /// The first VLAN.
    pub const MIN: u16 = 1;
    /// The last VLAN. 4095 is reserved by IEEE 802.1Q.
    pub const MAX: u16 = 4094;

    /// The VLAN of this number.
    ///
    /// # Errors
    ///
    /// A number below [`MIN`](Self::MIN) or above [`MAX`](Self::MAX).
    pub fn new(number: i64) -> Result<Self, BadVlan> {
        match u16::try_from(number) {
            Ok(valid @ Self::MIN..=Self::MAX) => Ok(Self(valid)),
            _ => Err(BadVlan { found: number }),
        }
    }
}

impl fmt::Display for Vlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Vlan> for u16 {
    fn from(vlan: Vlan) -> Self {
        vlan.0
    }
}

impl TryFrom<i64> for Vlan {
    type Error = BadVlan;

    fn try_from(number: i64) -> Result<Self, BadVlan> {
        Self::new(number)
    }
}

/// A set of VLANs, at least one. It is written as EOS writes it: `10,20-24`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VlanSet(BTreeSet<Vlan>);

impl VlanSet {
    /// Reads numbers and ranges, such as `10,20-24`.
    ///
    /// # Errors
    ///
    /// A sentence that says which part is no VLAN, runs backwards, or is there twice.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut vlans = BTreeSet::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (vlan(first, part)?, vlan(last, part)?);
            if last < first {
                return Err(format!("the range {first}-{last} runs backwards; expected {last}-{first}"));
            }
            for number in first.0..=last.0 {
                if !vlans.insert(Vlan(number)) {
                    return Err(format!("VLAN {number} is named twice; expected each VLAN once"));
                }
            }
        }
        Ok(Self(vlans))
    }

    /// The set of these VLANs; none without any.
    pub fn of(vlans: impl IntoIterator<Item = Vlan>) -> Option<Self> {
        let vlans: BTreeSet<_> = vlans.into_iter().collect();
        (!vlans.is_empty()).then_some(Self(vlans))
    }

    /// True if the VLAN is in the set.
    pub fn contains(&self, vlan: Vlan) -> bool {
        self.0.contains(&vlan)
    }

    /// The VLANs, lowest first.
    pub fn iter(&self) -> impl Iterator<Item = Vlan> {
        self.0.iter().copied()
    }
}

/// One number of the part of a list.
fn vlan(text: &str, part: &str) -> Result<Vlan, String> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let number = text.parse().ok().filter(|_| plain).and_then(|number| Vlan::new(number).ok());
    number.ok_or_else(|| {
        let (part, min, max) = (excerpt(part), Vlan::MIN, Vlan::MAX);
        format!("{part:?} is not a list of VLANs: expected numbers from {min} to {max} and ranges, such as 10,20-24")
    })
}

impl fmt::Display for VlanSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut runs: Vec<(u16, u16)> = Vec::new();
        for Vlan(number) in self.iter() {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == number => *last = number,
                _ => runs.push((number, number)),
            }
        }
        let runs = runs.iter().map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        });
        f.write_str(&runs.collect::<Vec<_>>().join(","))
    }
}

impl Serialize for VlanSet {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for VlanSet {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct TextOrNumber;

        impl Visitor<'_> for TextOrNumber {
            type Value = VlanSet;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("VLANs such as 10 or 10,20-24")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<VlanSet, E> {
                VlanSet::parse(text).map_err(E::custom)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<VlanSet, E> {
                let vlan = Vlan::new(i64::try_from(number).unwrap_or(i64::MAX)).map_err(E::custom)?;
                Ok(VlanSet([vlan].into()))
            }
        }

        from.deserialize_any(TextOrNumber)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_set_of_vlans_is_written_as_eos_writes_it() {
        assert_eq!(VlanSet::parse("24,10,20-23").unwrap().to_string(), "10,20-24");
    }

    #[test]
    fn what_is_no_set_of_vlans_has_its_sentence() {
        for (text, expected) in [
            ("", "is not a list of VLANs"),
            ("0", "\"0\" is not a list of VLANs: expected numbers from 1 to 4094"),
            ("4095", "\"4095\" is not a list of VLANs"),
            ("10, 20", "\" 20\" is not a list"),
            ("20-10", "the range 20-10 runs backwards; expected 10-20"),
            ("10-20,15", "VLAN 15 is named twice"),
            ("1-", "is not a list of VLANs"),
        ] {
            let error = VlanSet::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn a_set_is_read_as_it_is_written(numbers in proptest::collection::btree_set(1_u16..=4094, 1..40)) {
            let set = VlanSet(numbers.into_iter().map(Vlan).collect());
            prop_assert_eq!(VlanSet::parse(&set.to_string()), Ok(set));
        }

        #[test]
        fn any_text_is_a_set_or_an_error(text in "[0-9,-]{0,24}|.{0,40}") {
            let _ = VlanSet::parse(&text);
        }
    }
}
