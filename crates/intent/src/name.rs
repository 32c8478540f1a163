//! Names of devices, groups and runs, checked once when they enter.
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

/// A device's key in the inventory, such as `leaf1` or `leaf1.fra.example.net`. Upper and lower
/// case differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceName(String);

/// A group's key in the inventory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupName(String);

/// One accepted request: `20261123-201530-7f3a9c`, the UTC second it was accepted in and six random
/// hex digits.
///
/// Sorts by time, can be read aloud, and fits into an EOS session name.
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
    #[error("{0:?} is not a run: expected the form 20261123-201530-7f3a9c")]
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
    /// A new run accepted at `now`; `entropy` tells apart the runs of one second.
    pub fn new(now: Timestamp, entropy: u64) -> Self {
        let second = now.strftime("%Y%m%d-%H%M%S");
        Self(format!("{second}-{:06x}", entropy & 0xff_ffff))
    }

    /// True if it was accepted in an earlier second than `other`.
    pub fn is_older_than(&self, other: &Self) -> bool {
        self.0[..SECOND] < other.0[..SECOND]
    }

    /// Reads the name of a run.
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
        let valid = text.len() == 22 && text.bytes().enumerate().all(|(place, byte)| form(byte, place));
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
fn excerpt(text: &str) -> String {
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

is_text!(DeviceName, GroupName, RunId);

impl TryFrom<String> for DeviceName {
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
    fn a_run_is_named_by_its_second_and_six_digits() {
        let now = "2026-11-23T20:15:30Z".parse().unwrap();

        let run = RunId::new(now, 0xab_cdef_1234);

        assert_eq!(run.as_ref(), "20261123-201530-ef1234");
        assert_eq!(RunId::parse(run.as_ref()), Ok(run));
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
