//! Whose session it is: a program, and one installation of it, are part of the name.
//!
//! A program name alone is not enough. A person may call a session `naas-lab-change`, and a second
//! installation of the same program may be at work on the same switch. So the id of an installation
//! has a fixed form that nobody types by chance, and only names with exactly this program and this
//! id are ours.

use std::fmt;
use std::str::FromStr;

use crate::session_name::{BadSessionName, SessionName};

/// One installation of a program: 32 bits, written as 8 lower-case hexadecimal digits. Draw it at
/// random once and store it; it must not change as long as sessions may be left on switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InstallationId(u32);

impl From<u32> for InstallationId {
    fn from(bits: u32) -> Self {
        Self(bits)
    }
}

impl fmt::Display for InstallationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl FromStr for InstallationId {
    type Err = BadSessionOwner;

    fn from_str(text: &str) -> Result<Self, BadSessionOwner> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let digits = (text.len() == 8 && text.bytes().all(is_digit)).then_some(text);
        let bits = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        bits.map(Self).ok_or_else(|| BadSessionOwner::Installation(text.to_owned()))
    }
}

/// The owner of sessions. The names of its sessions are `<program>-<installation>-<label>`, such as
/// `naas-7f3a9c21-run42`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionOwner {
    /// The start of every name, `<program>-<installation>-`.
    prefix: String,
}

impl SessionOwner {
    /// An installation of `program`, whose name is 1 to 16 lower-case letters.
    ///
    /// # Errors
    ///
    /// [`BadSessionOwner::Program`] for another name.
    pub fn new(program: &str, installation: InstallationId) -> Result<Self, BadSessionOwner> {
        if (1..=16).contains(&program.len()) && program.bytes().all(|byte| byte.is_ascii_lowercase()) {
            Ok(Self { prefix: format!("{program}-{installation}-") })
        } else {
            Err(BadSessionOwner::Program(program.to_owned()))
        }
    }

    /// The name of a session of this owner.
    ///
    /// # Errors
    ///
    /// If the label is empty, or the whole name is not a [`SessionName`].
    pub fn session(&self, label: &str) -> Result<SessionName, BadSessionName> {
        let name = if label.is_empty() { label.to_owned() } else { format!("{}{label}", self.prefix) };
        name.parse()
    }

    /// The label of a session of this owner. `None` for every other session: of another person,
    /// another program or another installation.
    pub fn label<'n>(&self, session: &'n str) -> Option<&'n str> {
        session.strip_prefix(&self.prefix).filter(|label| self.session(label).is_ok())
    }
}

/// Writes the prefix of the owner's session names.
impl fmt::Display for SessionOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.prefix)
    }
}

/// The error for something that cannot own sessions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSessionOwner {
    /// The program has another name than 1 to 16 lower-case letters.
    #[error("`{0}` cannot own sessions: 1 to 16 lower-case letters were expected")]
    Program(String),
    /// The id of the installation has another form.
    #[error("`{0}` is not the id of an installation: 8 lower-case hexadecimal digits were expected")]
    Installation(String),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn owner(bits: u32) -> SessionOwner {
        SessionOwner::new("naas", bits.into()).unwrap()
    }

    #[test]
    fn a_name_carries_program_installation_and_label() {
        let name = owner(0x7f3a_9c21).session("20261123-201530").unwrap();
        assert_eq!(name.as_str(), "naas-7f3a9c21-20261123-201530");
        assert_eq!(owner(0x7f3a_9c21).label(name.as_str()), Some("20261123-201530"));
    }

    #[test]
    fn sessions_of_people_and_other_installations_are_not_ours() {
        for name in [
            "naas-lab-change",
            "naas-7f3a9c22-run42",
            "naas-7f3a9c21",
            "naas-7f3a9c21-",
            "naas-7F3A9C21-run42",
            "NAAS-7f3a9c21-run42",
            "naas-20261123-201530-7f3a9c-20261123T201604Z-3f2a",
            "xnaas-7f3a9c21-run42",
            "naas-7f3a9c210-run42",
            "naas-7f3a9c21-run 42",
            "maintenance",
            "",
        ] {
            assert_eq!(owner(0x7f3a_9c21).label(name), None, "{name}");
        }
    }

    #[test]
    fn only_eight_lower_case_digits_are_an_installation() {
        for text in ["", "lab", "7f3a9c2", "7f3a9c210", "7F3A9C21", "+f3a9c21", "7f3a9c2g", "éé3a9c"] {
            assert!(text.parse::<InstallationId>().is_err(), "{text}");
        }
        for program in ["", "na-as", "Naas", "naas1", &"a".repeat(17)] {
            assert!(SessionOwner::new(program, 1.into()).is_err(), "{program}");
        }
    }

    proptest! {
        #[test]
        fn an_installation_is_read_back_as_written(bits: u32) {
            prop_assert_eq!(InstallationId::from(bits).to_string().parse(), Ok(InstallationId::from(bits)));
        }

        #[test]
        fn a_session_belongs_to_exactly_one_installation(bits: u32, other: u32, label in "[A-Za-z0-9._-]{1,40}") {
            let name = owner(bits).session(&label).unwrap();
            prop_assert_eq!(owner(bits).label(name.as_str()), Some(label.as_str()));
            prop_assert_eq!(owner(other).label(name.as_str()).is_some(), other == bits);
        }

        #[test]
        fn a_label_makes_the_name_it_was_read_from(bits: u32, name in ".{0,80}", tail in ".{0,60}") {
            for name in [name, format!("naas-{tail}"), format!("{}{tail}", owner(bits))] {
                if let Some(label) = owner(bits).label(&name) {
                    let again = owner(bits).session(label).unwrap();
                    prop_assert_eq!(again.as_str(), name.as_str());
                }
            }
        }
    }
}
