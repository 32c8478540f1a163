//! The name of a configuration session.

use std::fmt;
use std::str::FromStr;

/// The name of a session: 1 to 64 ASCII letters, digits, `-`, `_` and `.`.
///
/// EOS remembers the name of the last completed session and refuses to open it again, so a name is
/// for one use. Build names with a [`SessionOwner`](crate::SessionOwner), so that the sessions that
/// a crash left behind can be told from other people's sessions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionName(String);

impl SessionName {
    /// The name as the switch knows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SessionName {
    type Err = BadSessionName;

    fn from_str(name: &str) -> Result<Self, BadSessionName> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if (1..=64).contains(&name.len()) && name.chars().all(allowed) {
            Ok(Self(name.to_owned()))
        } else {
            Err(BadSessionName(name.to_owned()))
        }
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The error for a text that is not a session name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a session name: 1 to 64 ASCII letters, digits, `-`, `_` and `.` were expected")]
pub struct BadSessionName(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_name_cannot_smuggle_in_a_command() {
        for name in ["", "a b", "a\ncommit", "ü", &"a".repeat(65)] {
            assert!(name.parse::<SessionName>().is_err(), "{name:?}");
        }
        assert_eq!("mine-1.b_C".parse::<SessionName>().unwrap().to_string(), "mine-1.b_C");
    }
}
