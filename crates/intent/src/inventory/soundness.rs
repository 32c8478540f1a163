//! What must be true between the hosts and groups of an inventory, once all documents are read.

use std::collections::BTreeMap;

use super::address::{self, Local};
use super::resolve::Resolved;
use super::{Defined, Inventory, InventoryError, nesting};
use crate::name::{DeviceName, GroupName};

impl Inventory {
    /// Every address is meant to be reached, and by one name only: two names of one switch would be
    /// pushed at once, and one of them with the configuration of the other.
    pub(super) fn check_addresses(&self) -> Result<(), InventoryError> {
        let mut seen: BTreeMap<(String, u16), &DeviceName> = BTreeMap::new();
        for (name, host) in &self.hosts {
            let Some(levels) = self.levels(name) else { continue };
            let resolved = Resolved::new(&levels);
            let fault = |reason| {
                let path = format!("hosts.{name}");
                Err(InventoryError { document: host.document.clone(), line: None, path, reason })
            };
            let hostname = resolved.hostname.as_ref().map_or(name.as_ref(), |found| found.value.as_str());
            if let Some(reason) = not_permitted(hostname, &resolved, host.allows_local) {
                return fault(reason);
            }
            let transport = resolved.connection().transport;
            let port = resolved.port.as_ref().map_or(transport.default_port(), |found| found.value);
            if let Some(first) = seen.insert((address::canonical(hostname), port), name) {
                return fault(format!(
                    "and hosts.{first} are both reached at {hostname}, port {port}; one switch cannot be two devices, so correct \
                     the address or the port of one, or take one out"
                ));
            }
        }
        Ok(())
    }

    /// Every group named is defined, and none is its own member.
    pub(super) fn check_groups(&self) -> Result<(), InventoryError> {
        let named = |(kind, name, defined): (&str, &str, &Defined)| {
            let unknown = |group: &&GroupName| !self.groups.contains_key(*group) && **group != GroupName::global();
            let group = defined.element.groups.iter().find(unknown)?.clone();
            let reason = format!("names group {group}, which is not defined");
            Some(InventoryError {
                document: defined.document.clone(),
                line: defined.element.groups_line,
                path: format!("{kind}.{name}.groups"),
                reason,
            })
        };
        let hosts = self.hosts.iter().map(|(name, defined)| ("hosts", name.as_ref(), defined));
        let groups = self.groups.iter().map(|(name, defined)| ("groups", name.as_ref(), defined));
        if let Some(error) = hosts.chain(groups).find_map(named) {
            return Err(error);
        }
        let above = |group: &str| self.groups.get(group).into_iter().flat_map(|defined| &defined.element.groups);
        nesting::check(self.groups.keys().map(AsRef::as_ref), |group| above(group).map(AsRef::as_ref)).map_err(
            |unsound| {
                let defined = self.groups.get(unsound.group);
                InventoryError {
                    document: defined.map(|defined| defined.document.clone()).unwrap_or_default(),
                    line: defined.and_then(|defined| defined.element.groups_line),
                    path: format!("groups.{}", unsound.group),
                    reason: unsound.reason,
                }
            },
        )
    }
}

/// Why a host may not be at `hostname`, if it may not.
fn not_permitted(hostname: &str, resolved: &Resolved<'_>, allows_local: bool) -> Option<String> {
    let said = resolved.allow_local.as_ref().map(|setting| setting.value);
    let whose = match address::local(hostname)? {
        Local::Machine if said.unwrap_or(allows_local) => return None,
        Local::Link if said.unwrap_or(false) => return None,
        Local::Machine => "the machine that runs naas itself",
        Local::Link => "a neighbour on the link of the machine that runs naas, or a cloud's metadata service",
    };
    Some(format!(
        "is reached at {hostname}, which is {whose}, so its password would be sent there; if that is meant, say \
         `allow_local: true` in the defaults of this document"
    ))
}
