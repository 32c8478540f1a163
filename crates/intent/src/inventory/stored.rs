//! An inventory document as it is stored, before it is read.

use std::fmt;

use secrecy::{ExposeSecret, SecretSlice};

/// One inventory document as it is stored: a secret's value or a file. It holds credentials, so `Debug` shows its name only.
pub struct Document {
    /// The secret's or file's name, as an operator would look it up.
    pub name: String,
    body: SecretSlice<u8>,
}

impl Document {
    /// A document of this name.
    pub fn new(name: impl Into<String>, body: Vec<u8>) -> Self {
        Self { name: name.into(), body: body.into() }
    }

    /// The stored bytes. Never log them or quote them in an error.
    pub fn body(&self) -> &[u8] {
        self.body.expose_secret()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("name", &self.name).finish_non_exhaustive()
    }
}
