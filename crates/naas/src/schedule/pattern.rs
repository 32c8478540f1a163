//! Patterns that select devices, with the operators of Ansible's host patterns
//! (<https://docs.ansible.com/ansible/latest/inventory_guide/intro_patterns.html>).
//!
//! | pattern | selects |
//! | --- | --- |
//! | `leaf1` | the device, or the members of a group of this name if there is no such device |
//! | `all` | every device |
//! | `leaf*`, `leaf0?`, `leaf0[1-4]` | the devices whose names match |
//! | `leaf&fra` | what both sides select |
//! | `leaf*,spine1` | what either side selects |
//! | `!leaf03` | all the rest of the request without this; alone, every device without this |

use std::collections::BTreeSet;

use glob::{MatchOptions, Pattern as Glob};
use intent::inventory::Inventory;
use intent::name::{DeviceName, excerpt};
use serde::{Deserialize, Serialize};

use super::request::ALL;

/// A pattern as it was written, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    text: String,
    terms: Vec<Term>,
}

/// What stands between two commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// True if its devices are left out.
    pub(super) excludes: bool,
    /// The sides of `&`; at least one.
    operands: Vec<Operand>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Operand {
    All,
    Name(String),
    Glob(Glob),
}

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// A comma, `&` or `!` has no name beside it.
    #[error(
        "expected a name, a pattern such as leaf*, leaf&fra or !leaf03, or several with commas \
         between, found {0:?}"
    )]
    Empty(String),
    /// The brackets or asterisks are wrong.
    #[error("expected a pattern such as leaf* or leaf0[1-4], found {text:?}: {reason}")]
    Glob {
        /// The beginning of the text.
        text: String,
        /// What is wrong with it, in the words of the library that reads it.
        reason: &'static str,
    },
}

/// An operand that selects nothing, so that it is probably misspelt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Nothing {
    /// There is neither a device nor a group of this name.
    Name(String),
    /// No device matches this pattern, or no device is on all sides of its `&`.
    Match(String),
}

impl Pattern {
    /// The name, if the pattern is nothing but one. It may be that of a device or of a group.
    pub fn name(&self) -> Option<&str> {
        match self.terms.as_slice() {
            [Term { excludes: false, operands }] => match operands.as_slice() {
                [Operand::Name(name)] => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// True if the pattern is more than one name or `all`.
    pub fn has_operators(&self) -> bool {
        self.name().is_none() && self.text.trim() != ALL
    }

    pub(super) fn terms(&self) -> &[Term] {
        &self.terms
    }
}

impl Term {
    /// The devices that the term is about.
    pub(super) fn devices(&self, inventory: &Inventory) -> Result<BTreeSet<DeviceName>, Nothing> {
        let mut sides = self.operands.iter().map(|operand| operand.devices(inventory));
        let first = sides.next().unwrap_or_else(|| Ok(BTreeSet::new()))?;
        let common = sides.try_fold(first, |common, side| Ok(&common & &side?))?;
        if common.is_empty() && self.operands.len() > 1 { Err(Nothing::Match(self.to_string())) } else { Ok(common) }
    }
}

impl Operand {
    fn parse(text: &str) -> Result<Self, InvalidPattern> {
        match text {
            ALL => Ok(Self::All),
            _ if text.contains(['*', '?', '[']) => Glob::new(text)
                .map(Self::Glob)
                .map_err(|error| InvalidPattern::Glob { text: excerpt(text), reason: error.msg }),
            _ => Ok(Self::Name(text.to_owned())),
        }
    }

    /// The devices of this name or pattern. A group without members selects none, as it always did.
    fn devices(&self, inventory: &Inventory) -> Result<BTreeSet<DeviceName>, Nothing> {
        match self {
            Self::All => Ok(inventory.names().cloned().collect()),
            Self::Name(name) if inventory.has(name) => Ok(DeviceName::new(name.as_str()).into_iter().collect()),
            Self::Name(name) => {
                let members = inventory.members(name).ok_or_else(|| Nothing::Name(excerpt(name)))?;
                Ok(members.into_iter().collect())
            }
            Self::Glob(glob) => {
                let matches = |name: &&DeviceName| glob.matches_with(name.as_ref(), MatchOptions::new());
                let devices: BTreeSet<_> = inventory.names().filter(matches).cloned().collect();
                if devices.is_empty() { Err(Nothing::Match(excerpt(glob.as_str()))) } else { Ok(devices) }
            }
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = InvalidPattern;

    fn try_from(text: String) -> Result<Self, InvalidPattern> {
        let terms = text.split(',').map(|term| Term::parse(term.trim(), &text)).collect::<Result<_, _>>()?;
        Ok(Self { text, terms })
    }
}

impl Term {
    fn parse(text: &str, whole: &str) -> Result<Self, InvalidPattern> {
        let (excludes, rest) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let operands = rest.split('&').map(|operand| match operand.trim() {
            "" => Err(InvalidPattern::Empty(excerpt(whole))),
            operand => Operand::parse(operand),
        });
        Ok(Self { excludes, operands: operands.collect::<Result<_, _>>()? })
    }
}

impl std::fmt::Display for Term {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let operands = self.operands.iter().map(|operand| match operand {
            Operand::All => ALL,
            Operand::Name(name) => name,
            Operand::Glob(glob) => glob.as_str(),
        });
        f.write_str(&excerpt(&operands.collect::<Vec<_>>().join("&")))
    }
}

impl AsRef<str> for Pattern {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> Result<Pattern, InvalidPattern> {
        Pattern::try_from(text.to_owned())
    }

    #[test]
    fn only_a_plain_name_is_a_name() {
        for (text, name) in [
            ("leaf1", Some("leaf1")),
            (" leaf1 ", Some("leaf1")),
            ("all", None),
            ("leaf*", None),
            ("!leaf1", None),
            ("leaf1,leaf2", None),
            ("leaf&fra", None),
        ] {
            assert_eq!(pattern(text).unwrap().name(), name, "{text}");
        }
    }

    #[test]
    fn a_wrong_pattern_is_refused_with_what_was_found() {
        for (text, expected) in [
            ("", "expected a name"),
            ("leaf,", r#"found "leaf,""#),
            ("leaf&", r#"found "leaf&""#),
            ("!", r#"found "!""#),
            ("&fra", r#"found "&fra""#),
            ("leaf[1", r#"found "leaf[1""#),
            ("leaf***", "wildcards"),
        ] {
            let error = pattern(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(pattern(&format!("{}[", "x".repeat(10_000))).unwrap_err().to_string().len() < 300);
    }

    proptest! {
        #[test]
        fn a_pattern_is_written_as_it_was_read(text in "[a-c!&,*?\\[\\] -]{0,12}") {
            if let Ok(pattern) = pattern(&text) {
                prop_assert_eq!(String::from(pattern), text);
            }
        }
    }
}
