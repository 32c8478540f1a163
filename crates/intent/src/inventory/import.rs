//! Inventories of other tools, as an inventory of naas.
//!
//! Pure: files go in, a document comes out, with notes about what a person should know. Every
//! document that comes out is an [`Inventory`](super::Inventory) that resolves as the other tool
//! would, see the modules for what they leave out and why.

mod ansible;
mod imported;
mod netbox;
mod nornir;

use std::str::FromStr;

pub use imported::{Files, ImportError, Imported};

/// The tool whose inventory is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Nornir's `hosts.yaml`, `groups.yaml` and `defaults.yaml`.
    Nornir,
    /// Ansible's inventory files, INI or YAML, and the folders `group_vars` and `host_vars`.
    Ansible,
    /// The devices of NetBox, exported as CSV.
    Netbox,
}

/// Converts the files of another tool into an inventory of naas.
///
/// # Errors
///
/// The first thing that cannot be read or has no counterpart, with its file and line.
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

#[cfg(test)]
mod tests;
