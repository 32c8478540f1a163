//! Inventories of other tools, as an inventory of naas.
//!
//! Pure: files go in, a document comes out, with notes about what a person should know. Every
//! document that comes out is an [`Inventory`] that resolves as the other tool would, see the
//! modules for what they leave out and why.

mod ansible;
mod netbox;
mod nornir;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::node::without_values;
use super::{Inventory, InventoryError};
use crate::inventory::Document;

/// What the files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Nornir's `hosts.yaml`, `groups.yaml` and `defaults.yaml`.
    Nornir,
    /// Ansible's inventory files, INI or YAML, and the folders `group_vars` and `host_vars`.
    Ansible,
    /// The devices of NetBox, exported as CSV.
    Netbox,
}

/// The files, by path; `/` between folders.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What came of it.
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
    /// The file.
    pub file: String,
    /// From 1, where it is known.
    pub line: Option<u64>,
    /// What was expected and found.
    pub reason: String,
}

/// Reads `files` as an inventory of naas.
pub fn import(format: Format, files: &Files) -> Result<Imported, ImportError> {
    match format {
        Format::Nornir => nornir::import(files),
        Format::Ansible => ansible::import(files),
        Format::Netbox => netbox::import(files),
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "nornir" => Ok(Self::Nornir),
            "ansible" => Ok(Self::Ansible),
            "netbox" => Ok(Self::Netbox),
            _ => Err("expected nornir, ansible or netbox".to_owned()),
        }
    }
}

impl ImportError {
    fn new(file: &str, line: impl Into<Option<u64>>, reason: impl Into<String>) -> Self {
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
fn written(site: &Value, file: &str) -> Result<(String, Inventory), ImportError> {
    let text = serde_saphyr::to_string(site).map_err(|error| ImportError::new(file, None, error.to_string()))?;
    let document = Document::new("inventory.yaml", text.clone().into_bytes()).of_this_machine();
    let inventory = Inventory::assemble(&[document]).map_err(|error| ImportError {
        file: file.to_owned(),
        line: None,
        ..error.into()
    })?;
    Ok((text, inventory))
}

#[cfg(test)]
mod tests;
