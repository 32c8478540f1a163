//! Names of devices, groups, tenants and runs, checked once when they enter.
//!
//! A name becomes part of object keys, URLs and log lines, so the characters allowed are those safe
//! in all of them.

use std::borrow::Borrow;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Longest name of a device or group, in characters.
pub const MAX_NAME: usize = 128;

/// How much of a run's name is its second.
const SECOND: usize = 15;

/// How the second is written.
const SECOND_FORM: &str = "%Y%m%d-%H%M%S";

/// A device's key in the inventory, such as `leaf1` or `leaf1.fra.example.net`. Upper and lower
/// case differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceName(String);

/// A group's key in the inventory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupName(String);

/// A tenant's key in `tenants.yaml`, as in the tenant's tokens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantName(String);

/// One accepted request: `20261123-201530-7f3a9c0b12d4e5f6`, the UTC second it was accepted in and
/// 64 random bits in hexadecimal. Earlier versions wrote 24 bits, `20261123-201530-7f3a9c`; such
/// names are still read.
///
/// Sorts by time, and fits into an EOS session name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// The text cannot name a device or a group.
    #[error(
        "{0:?} is not a name: expected 1 to {MAX_NAME} of the characters A-Z a-z 0-9 . _ - beginning with a letter or digit"
    )]
    Name(String),
    /// The text is not the name of a run.
    #[error("{0:?} is not a run: expected the form 20261123-201530-7f3a9c0b12d4e5f6")]
    Run(String),
}

impl DeviceName {
    /// Takes `text` as a name.
    ///
    /// # Errors
    ///
    /// A text that is empty, too long, or has a character that is not allowed.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
        checked(text.into()).map(Self)
    }
}

impl TenantName {
    /// Takes `text` as a name.
    ///
    /// # Errors
    ///
    /// A text that is empty, too long, or has a character that is not allowed.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
        checked(text.into()).map(Self)
    }
}

impl GroupName {
    /// Takes `text` as a name.
    ///
    /// # Errors
    ///
    /// A text that is empty, too long, or has a character that is not allowed.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
        checked(text.into()).map(Self)
    }

    /// The group `global`, which every host belongs to.
    pub fn global() -> Self {
        Self("global".to_owned())
    }
}

impl RunId {
    /// The number of characters in the name of a new run.
    pub const LENGTH: usize = 32;

    /// The number of characters in the name of a run that an earlier version accepted.
    const OLD_LENGTH: usize = 22;

    /// A new run accepted at `now`. The `random` bits tell apart the runs of one second, so they
    /// come from the operating system.
    pub fn new(now: Timestamp, random: u64) -> Self {
        let second = now.strftime(SECOND_FORM);
        Self(format!("{second}-{random:016x}"))
    }

    /// True if it was accepted in an earlier second than `other`.
    pub fn is_older_than(&self, other: &Self) -> bool {
        self.0[..SECOND] < other.0[..SECOND]
    }

    /// True if it was accepted in an earlier second than that of the moment `at`.
    pub fn is_before(&self, at: Timestamp) -> bool {
        self.0[..SECOND] < *at.strftime(SECOND_FORM).to_string()
    }

    /// Reads the name of a run, in the present form or that of earlier versions.
    ///
    /// # Errors
    ///
    /// A text in any other form.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let form = |byte: u8, place: usize| match place {
            8 | 15 => byte == b'-',
            0..15 => byte.is_ascii_digit(),
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        };
        let valid = matches!(text.len(), Self::LENGTH | Self::OLD_LENGTH)
            && text.bytes().enumerate().all(|(place, byte)| form(byte, place));
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidName::Run(excerpt(text))) }
    }
}

fn checked(text: String) -> Result<String, InvalidName> {
    let tail = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let valid =
        text.len() <= MAX_NAME && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(tail);
    if valid { Ok(text) } else { Err(InvalidName::Name(excerpt(&text))) }
}

/// Enough of an outside text to recognise it, never a megabyte of it.
pub fn excerpt(text: &str) -> String {
    if text.chars().count() <= 64 { text.to_owned() } else { text.chars().take(63).chain(['…']).collect() }
}

macro_rules! is_text {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    )*};
}

is_text!(DeviceName, GroupName, TenantName, RunId);

impl TryFrom<String> for DeviceName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl TryFrom<String> for TenantName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl TryFrom<String> for GroupName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl TryFrom<String> for RunId {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_that_could_leave_its_folder_or_url_is_refused() {
        for text in ["", "..", ".hidden", "-x", "a/b", "a b", "a\nb", "a%2f", "a:b", "ü", &"x".repeat(129)] {
            assert!(DeviceName::new(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn a_run_is_named_by_its_second_and_64_random_bits() {
        let now = "2026-11-23T20:15:30Z".parse().unwrap();

        let run = RunId::new(now, 0xab_cdef_1234);

        assert_eq!(run.as_ref(), "20261123-201530-000000abcdef1234");
        assert_eq!(run.as_ref().len(), RunId::LENGTH);
        assert_eq!(RunId::parse(run.as_ref()), Ok(run));
    }

    #[test]
    fn a_run_of_an_earlier_version_is_read() {
        let old = RunId::parse("20261123-201530-7f3a9c").unwrap();
        let new = RunId::new("2026-11-23T20:15:31Z".parse().unwrap(), 7);

        assert!(old.is_older_than(&new) && old < new);
        for text in ["20261123-201530-7f3a9", "20261123-201530-7f3a9c0", "20261123-201530-7f3a9c0b12d4e5f6a"] {
            assert!(RunId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_long_wrong_name_is_quoted_in_part() {
        let error = DeviceName::new("/".repeat(1_000_000)).unwrap_err().to_string();

        assert!(error.len() < 300, "{} bytes", error.len());
    }

    proptest! {
        #[test]
        fn any_text_is_a_run_or_an_error(text in ".*") {
            if let Ok(run) = RunId::parse(&text) {
                prop_assert_eq!(run.as_ref(), text.as_str());
            }
        }
    }
}
