//! An inventory document as it is stored, before it is read.

use std::fmt;

use secrecy::{ExposeSecret, SecretSlice};

/// One inventory document as it is stored: a secret's value or a file. It holds credentials, so
/// `Debug` shows its name only.
pub struct Document {
    /// The name of the secret or file, as an operator would look it up.
    pub name: String,
    body: SecretSlice<u8>,
    /// Whether it may name addresses of the machine that runs naas without a word of permission.
    pub(super) allows_local: bool,
    /// Whether it may take passwords from the environment and from commands.
    pub(super) of_this_machine: bool,
}

impl Document {
    /// A document of this name, such as a secret. Whoever writes it is trusted with the devices in
    /// it and with nothing of the machine that reads it.
    pub fn new(name: impl Into<String>, body: Vec<u8>) -> Self {
        Self { name: name.into(), body: body.into(), allows_local: false, of_this_machine: false }
    }

    /// The same document, in a folder of the person who runs naas on this machine: its passwords
    /// may come from the environment and from commands, and loopback addresses need no word of
    /// permission.
    pub fn of_this_machine(self) -> Self {
        Self { of_this_machine: true, allows_local: true, ..self }
    }

    /// The same document, in which loopback addresses need no word of permission, as where switches
    /// are simulated.
    pub fn with_local_addresses(self) -> Self {
        Self { allows_local: true, ..self }
    }

    /// The stored bytes. Never log them or quote them in an error.
    pub fn body(&self) -> &[u8] {
        self.body.expose_secret()
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        let may = |document: &Self| (document.allows_local, document.of_this_machine);
        (&self.name, may(self), self.body()) == (&other.name, may(other), other.body())
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("name", &self.name).finish_non_exhaustive()
    }
}
