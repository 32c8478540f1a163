//! Where a password comes from.

use std::fmt;

use secrecy::SecretString;

/// A password of the inventory: the text itself, or where the machine that runs naas finds it.
/// `Debug` does not show the text.
#[derive(Clone)]
pub enum Password {
    /// The password itself.
    Literal(SecretString),
    /// The environment variable of this name: `{env: NAAS_PASSWORD}`.
    Env(String),
    /// The first line that a program prints, such as `{command: [pass, show, switches]}`. No shell
    /// reads the words.
    Command(Vec<String>),
}

impl Password {
    /// The password, if the inventory itself holds it.
    pub fn literal(&self) -> Option<&SecretString> {
        match self {
            Self::Literal(password) => Some(password),
            Self::Env(_) | Self::Command(_) => None,
        }
    }

    /// The password. `find` is asked if the inventory does not hold it.
    ///
    /// # Errors
    ///
    /// What `find` says.
    pub fn reveal<E>(&self, find: impl FnOnce(&Self) -> Result<SecretString, E>) -> Result<SecretString, E> {
        match self {
            Self::Literal(password) => Ok(password.clone()),
            elsewhere => find(elsewhere),
        }
    }
}

impl From<String> for Password {
    fn from(password: String) -> Self {
        Self::Literal(password.into())
    }
}

/// Says where the password is, as an error or `naas inventory` names it.
impl fmt::Display for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(_) => f.write_str("the password in the inventory"),
            Self::Env(name) => write!(f, "environment variable {name}"),
            // Its arguments may be as secret as what it prints.
            Self::Command(words) => write!(f, "command {}", words.first().map_or("", String::as_str)),
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Password({self})")
    }
}
