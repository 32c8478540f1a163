//! The devices that a request means.

use std::collections::BTreeSet;
use std::fmt;

use intent::inventory::Inventory;
use intent::name::{DeviceName, excerpt};

use super::request::{ALL, Request};

/// Devices and groups that the inventory does not have, sorted; at least one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct UnknownNames {
    /// The names of devices.
    pub devices: Vec<String>,
    /// The names of groups.
    pub groups: Vec<String>,
}

/// The devices that `request` means, sorted, each once. If the inventory does not have one of its
/// names, the error lists every such name.
pub fn select(inventory: &Inventory, request: &Request) -> Result<Vec<DeviceName>, UnknownNames> {
    let mut selected = BTreeSet::new();
    let mut unknown = UnknownNames { devices: Vec::new(), groups: Vec::new() };
    for name in &request.devices {
        match DeviceName::new(name.as_str()) {
            _ if name == ALL => selected.extend(inventory.names().cloned()),
            Ok(device) if inventory.has(name) => drop(selected.insert(device)),
            _ => unknown.devices.push(excerpt(name)),
        }
    }
    for name in &request.groups {
        match inventory.members(name) {
            Some(members) => selected.extend(members),
            None => unknown.groups.push(excerpt(name)),
        }
    }
    for names in [&mut unknown.devices, &mut unknown.groups] {
        names.sort();
        names.dedup();
    }
    if unknown.devices.is_empty() && unknown.groups.is_empty() {
        Ok(selected.into_iter().collect())
    } else {
        Err(unknown)
    }
}

impl fmt::Display for UnknownNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |kind: &str, names: &[String]| match names {
            [] => String::new(),
            [name] => format!("{kind} {name}"),
            names => format!("{kind}s {}", names.join(", ")),
        };
        let parts = [list("device", &self.devices), list("group", &self.groups)];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        write!(f, "the inventory does not have {}", parts.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use intent::inventory::Document;

    use super::*;

    fn selected(body: &str) -> Result<Vec<String>, UnknownNames> {
        let text = "hosts: {leaf1: {groups: [leaf]}, leaf2: {groups: [border]}, spine1: {}}\n\
                    groups: {leaf: {}, border: {groups: [leaf]}, empty: {}}\n";
        let inventory = Inventory::parse(&[Document::new("inventory.yaml", text.into())]).unwrap();
        let devices = select(&inventory, &Request::parse(body.as_bytes()).unwrap())?;
        Ok(devices.into_iter().map(String::from).collect())
    }

    #[test]
    fn a_huge_wrong_name_is_quoted_in_part() {
        let body = format!(r#"{{"devices":["{}"]}}"#, "x".repeat(100_000));

        let unknown = selected(&body).unwrap_err().to_string();

        assert!(unknown.len() < 200, "{} bytes", unknown.len());
    }

    #[test]
    fn devices_and_groups_are_a_sorted_union() {
        assert_eq!(
            selected(r#"{"devices":["spine1","leaf1"],"groups":["border"]}"#).unwrap(),
            ["leaf1", "leaf2", "spine1"]
        );
        assert_eq!(selected(r#"{"groups":["leaf"]}"#).unwrap(), ["leaf1", "leaf2"]);
        assert_eq!(selected(r#"{"groups":["global"]}"#).unwrap().len(), 3);
        assert_eq!(selected(r#"{"devices":["all"]}"#).unwrap().len(), 3);
    }

    #[test]
    fn every_unknown_name_is_named_once() {
        let unknown = selected(r#"{"devices":["leaf9","leaf1","leaf9","a/b"],"groups":["edge"]}"#).unwrap_err();

        assert_eq!(unknown.to_string(), "the inventory does not have devices a/b, leaf9 and group edge");
    }
}
