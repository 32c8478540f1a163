//! What Ansible's files say, before it is resolved.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::super::imported::ImportError;
use super::order::Order;
use crate::inventory::nesting;
use crate::name::{DeviceName, GroupName};

pub(super) type Vars = Map<String, Value>;

/// The group that every host is in.
pub(super) const ALL: &str = "all";

/// The group of the hosts that are in no other group.
pub(super) const UNGROUPED: &str = "ungrouped";

/// Ranges can name more than any memory holds.
const MOST_HOSTS: usize = 100_000;

/// All hosts and groups by name, and what a person should know about how they were read.
#[derive(Default)]
pub(super) struct AnsibleInventory {
    pub(super) hosts: BTreeMap<String, Member>,
    pub(super) groups: BTreeMap<String, Member>,
    pub(super) order: Order,
    pub(super) notes: Vec<String>,
}

/// A host or a group.
#[derive(Default)]
pub(super) struct Member {
    /// Variables from the inventory files.
    pub(super) inline: Vars,
    /// Variables from `host_vars` or `group_vars`, which go before.
    pub(super) from_folder: Vars,
    /// The groups that name it.
    pub(super) above: BTreeSet<String>,
}

impl Member {
    /// The variables of this host or group: those of the folders go before those of the inventory
    /// files.
    pub(super) fn vars(&self) -> Vars {
        let mut vars = self.inline.clone();
        vars.extend(self.from_folder.clone());
        vars
    }
}

impl AnsibleInventory {
    pub(super) fn group(&mut self, name: &str) -> &mut Member {
        self.groups.entry(name.to_owned()).or_default()
    }

    pub(super) fn host(&mut self, name: &str, group: &str) -> Result<&mut Member, String> {
        DeviceName::new(name).map_err(|error| error.to_string())?;
        if self.hosts.len() >= MOST_HOSTS {
            return Err(format!("the inventory has more than {MOST_HOSTS} hosts"));
        }
        self.order.host(name, group);
        let host = self.hosts.entry(name.to_owned()).or_default();
        host.above.insert(group.to_owned());
        Ok(host)
    }

    pub(super) fn refuse_vault(&self, file: &str, text: &[u8]) -> Result<(), ImportError> {
        match text.starts_with(b"$ANSIBLE_VAULT") {
            true => Err(ImportError::new(file, 1, VAULT)),
            false => Ok(()),
        }
    }

    /// Refuses group names that naas cannot take, groups in themselves, and an inventory without
    /// hosts.
    pub(super) fn check(&self, files: &str) -> Result<(), ImportError> {
        let fault = |reason: String| Err(ImportError::new(files, None, reason));
        for name in self.groups.keys() {
            if let Err(error) = GroupName::new(name.as_str()) {
                return fault(format!("group {error}"));
            }
            if name == GroupName::global().as_ref() {
                return fault(
                    "group global: naas has a group of that name that every host is in; rename yours".to_owned(),
                );
            }
        }
        let above = |group: &str| self.groups.get(group).into_iter().flat_map(|group| &group.above);
        let nesting = nesting::check(self.groups.keys().map(String::as_str), |group| above(group).map(String::as_str));
        if let Err(unsound) = nesting {
            return fault(unsound.reason);
        }
        if self.hosts.is_empty() { fault("has no hosts".to_owned()) } else { Ok(()) }
    }
}

/// The sentence about text that Ansible Vault encrypted.
pub(super) const VAULT: &str =
    "is encrypted by Ansible Vault, which naas does not open; decrypt it first, and keep the result in a secret store";
