//! What every import takes and gives.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

pub(super) use crate::inventory::node::without_values;
use crate::inventory::{Document, Inventory, InventoryError};

/// The files, by path; `/` between folders.
pub type Files = BTreeMap<String, Vec<u8>>;

/// An imported inventory.
pub struct Imported {
    /// The inventory, YAML. May hold passwords.
    pub document: String,
    /// What was left out or changed, one sentence each.
    pub notes: Vec<String>,
}

/// Shows the document's size only: it may hold passwords.
impl fmt::Debug for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.document.lines().count();
        f.debug_struct("Imported").field("lines", &lines).field("notes", &self.notes).finish()
    }
}

/// Why files cannot be imported. Never quotes a value: it may be a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {reason}", line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct ImportError {
    /// The path of the file.
    pub file: String,
    /// The line from 1, if it is known.
    pub line: Option<u64>,
    /// A sentence that says what was expected and what was found.
    pub reason: String,
}

impl ImportError {
    pub(super) fn new(file: &str, line: impl Into<Option<u64>>, reason: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: line.into().filter(|line| *line > 0), reason: reason.into() }
    }
}

impl From<InventoryError> for ImportError {
    fn from(error: InventoryError) -> Self {
        let path = if error.path.is_empty() { String::new() } else { format!("{}: ", error.path) };
        Self { file: error.document, line: error.line, reason: format!("{path}{}", error.reason) }
    }
}

/// The document as text, and what it resolves to. Its errors are about what came in, since no line
/// of the document is known to anybody yet.
pub(super) fn written(site: &Value, file: &str) -> Result<(String, Inventory), ImportError> {
    let text = serde_saphyr::to_string(site).map_err(|error| ImportError::new(file, None, error.to_string()))?;
    let document = Document::new("inventory.yaml", text.clone().into_bytes()).of_this_machine();
    let inventory = Inventory::assemble(&[document]).map_err(|error| ImportError {
        file: file.to_owned(),
        line: None,
        ..error.into()
    })?;
    Ok((text, inventory))
}
