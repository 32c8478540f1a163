//! Hashes by which texts are compared without being kept, and found where they are.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// SHA-256, hexadecimal in lower case.
pub fn sha256(text: impl AsRef<[u8]>) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of a configuration's text, which it is found by: 64 hexadecimal digits in lower
/// case. It becomes part of keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentHash(String);

/// A text is not a hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a SHA-256 of {} hexadecimal digits in lower case, found {found} characters", ContentHash::LENGTH)]
pub struct NotAHash {
    found: usize,
}

impl ContentHash {
    /// The number of its digits.
    pub const LENGTH: usize = 64;

    /// The hash of `text`.
    pub fn of(text: &str) -> Self {
        Self(sha256(text))
    }

    /// Reads a hash from its 64 digits.
    ///
    /// # Errors
    ///
    /// Anything but 64 hexadecimal digits in lower case.
    pub fn parse(text: &str) -> Result<Self, NotAHash> {
        let valid = text.len() == Self::LENGTH && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if valid { Ok(Self(text.to_owned())) } else { Err(NotAHash { found: text.chars().count() }) }
    }

    /// Its first 12 digits, enough for people to tell one configuration from another.
    pub fn brief(&self) -> &str {
        &self.0[..12]
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for ContentHash {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> Self {
        hash.0
    }
}

impl TryFrom<String> for ContentHash {
    type Error = NotAHash;

    fn try_from(text: String) -> Result<Self, NotAHash> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_hash_is_that_of_its_text_and_nothing_shorter_or_louder() {
        let hash = ContentHash::of("hostname leaf1\n");

        assert_eq!(ContentHash::parse(hash.as_ref()), Ok(hash.clone()));
        for text in ["", hash.brief(), &hash.as_ref().to_uppercase(), &"../".repeat(22), &"é".repeat(32)] {
            assert!(ContentHash::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_hash_or_an_error(text in ".{0,80}") {
            let _ = ContentHash::parse(&text);
        }
    }
}
