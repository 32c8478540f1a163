//! The id of an installation of naas: one state store, and all functions or processes that share
//! it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// 32 random bits as 8 lower-case hexadecimal digits, a form that nobody types by chance. Drawn
/// once and stored; it is part of the names of our sessions on switches.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstallationId(String);

/// The error for a text that is not the id of an installation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the id of an installation: expected 8 lower-case hexadecimal digits")]
pub struct BadInstallationId(String);

impl InstallationId {
    /// An id made of these random bits.
    pub fn new(entropy: u64) -> Self {
        // The upper half as well, for a source whose lower bits count.
        Self(format!("{:08x}", (entropy ^ (entropy >> 32)) & 0xffff_ffff))
    }

    /// Reads an id as it is stored.
    pub fn parse(text: &str) -> Result<Self, BadInstallationId> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 8 && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadInstallationId(text.chars().take(80).collect()))
        }
    }
}

impl TryFrom<String> for InstallationId {
    type Error = BadInstallationId;

    fn try_from(text: String) -> Result<Self, BadInstallationId> {
        Self::parse(&text)
    }
}

impl From<InstallationId> for String {
    fn from(id: InstallationId) -> Self {
        id.0
    }
}

impl fmt::Display for InstallationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_eight_lower_case_digits_are_an_installation() {
        for text in ["", "lab", "7f3a9c2", "7f3a9c210", "7F3A9C21", "+f3a9c21", "7f3a9c2g", "\u{e9}\u{e9}3a9c"] {
            assert!(InstallationId::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_id_is_read_back_as_written(entropy: u64) {
            let id = InstallationId::new(entropy);
            prop_assert_eq!(InstallationId::parse(&id.to_string()), Ok(id));
        }
    }
}
