//! The devices that a request means.

use std::collections::BTreeSet;
use std::fmt;

use intent::inventory::Inventory;
use intent::name::{DeviceName, excerpt};
use serde::Serialize;

use super::pattern::{Nothing, Pattern, Term};
use super::request::Request;

/// What a request names and the inventory does not have. Each list is sorted; at least one has
/// something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct UnknownNames {
    /// Names that are those of neither a device nor a group.
    #[serde(rename = "unknown_devices", skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
    /// Names that are not those of a group.
    #[serde(rename = "unknown_groups", skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Patterns that no device matches.
    #[serde(rename = "unknown_patterns", skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<String>,
}

/// The devices that `request` means, sorted, each once. If the inventory does not have one of its
/// names, or no device matches one of its patterns, the error lists all of these.
pub fn select(inventory: &Inventory, request: &Request) -> Result<Vec<DeviceName>, UnknownNames> {
    let mut unknown = UnknownNames::default();
    let (excluding, including): (Vec<_>, Vec<_>) =
        request.devices.iter().flat_map(Pattern::terms).partition(|term| term.excludes);
    let mut selected = union(&including, inventory, &mut unknown);
    for name in &request.groups {
        match inventory.members(name) {
            Some(members) => selected.extend(members),
            None => unknown.groups.push(excerpt(name)),
        }
    }
    if including.is_empty() && request.groups.is_empty() {
        selected.extend(inventory.names().cloned());
    }
    let excluded = union(&excluding, inventory, &mut unknown);
    let left: Vec<_> = selected.difference(&excluded).cloned().collect();
    if left.is_empty() && !selected.is_empty() {
        unknown.patterns.extend(request.devices.iter().map(|pattern| excerpt(pattern.as_ref())));
    }
    unknown.or(left)
}

/// The devices of any of these terms.
fn union(terms: &[&Term], inventory: &Inventory, unknown: &mut UnknownNames) -> BTreeSet<DeviceName> {
    let mut devices = BTreeSet::new();
    for term in terms {
        match term.devices(inventory) {
            Ok(more) => devices.extend(more),
            Err(Nothing::Name(name)) => unknown.devices.push(name),
            Err(Nothing::Match(pattern)) => unknown.patterns.push(pattern),
        }
    }
    devices
}

impl UnknownNames {
    /// The value, if nothing is unknown.
    fn or<T>(mut self, value: T) -> Result<T, Self> {
        let lists = [&mut self.devices, &mut self.groups, &mut self.patterns];
        let known = lists.into_iter().fold(true, |known, names| {
            names.sort();
            names.dedup();
            known && names.is_empty()
        });
        if known { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for UnknownNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |kind: &str, names: &[String]| match names {
            [] => None,
            [name] => Some(format!("{kind} {name}")),
            names => Some(format!("{kind}s {}", names.join(", "))),
        };
        let missing = [list("device", &self.devices), list("group", &self.groups)];
        let missing = missing.into_iter().flatten().collect::<Vec<_>>().join(" and ");
        let missing = (!missing.is_empty()).then(|| format!("the inventory does not have {missing}"));
        let unmatched = list("pattern", &self.patterns).map(|patterns| format!("no device matches the {patterns}"));
        f.write_str(&[missing, unmatched].into_iter().flatten().collect::<Vec<_>>().join("; "))
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
    fn patterns_match_join_intersect_and_exclude() {
        for (devices, expected) in [
            (r#""leaf*""#, vec!["leaf1", "leaf2"]),
            (r#""leaf[2-9]""#, vec!["leaf2"]),
            (r#""*,!leaf1""#, vec!["leaf2", "spine1"]),
            (r#""!leaf1""#, vec!["leaf2", "spine1"]),
            (r#""!leaf1","!spine*""#, vec!["leaf2"]),
            (r#""leaf&border""#, vec!["leaf2"]),
            (r#""all,!leaf&border""#, vec!["leaf1", "spine1"]),
            (r#""spine1, leaf&border""#, vec!["leaf2", "spine1"]),
            (r#""border""#, vec!["leaf2"]),
        ] {
            assert_eq!(selected(&format!(r#"{{"devices":[{devices}]}}"#)).unwrap(), expected, "{devices}");
        }
        assert_eq!(selected(r#"{"devices":["!leaf2"],"groups":["leaf"]}"#).unwrap(), ["leaf1"]);
    }

    #[test]
    fn a_device_is_meant_before_a_group_of_its_name() {
        let text = "hosts: {leaf: {}, leaf1: {groups: [leaf]}}\ngroups: {leaf: {}}\n";
        let inventory = Inventory::parse(&[Document::new("inventory.yaml", text.into())]).unwrap();

        let devices = select(&inventory, &Request::parse(br#"{"devices":["leaf"]}"#).unwrap()).unwrap();

        assert_eq!(devices, [DeviceName::new("leaf").unwrap()]);
    }

    #[test]
    fn what_selects_nothing_is_refused_not_ignored() {
        for (devices, expected) in [
            (r#""edge*""#, "no device matches the pattern edge*"),
            (r#""spine1&leaf""#, "no device matches the pattern spine1&leaf"),
            (r#""all","!leaf9""#, "the inventory does not have device leaf9"),
            (r#""leaf1,!leaf""#, "no device matches the pattern leaf1,!leaf"),
            (r#""x,edge*","y*""#, "the inventory does not have device x; no device matches the patterns edge*, y*"),
        ] {
            let refused = selected(&format!(r#"{{"devices":[{devices}]}}"#)).unwrap_err();
            assert_eq!(refused.to_string(), expected);
        }
    }

    #[test]
    fn every_unknown_name_is_named_once() {
        let unknown = selected(r#"{"devices":["leaf9","leaf1","leaf9","a/b"],"groups":["edge"]}"#).unwrap_err();

        assert_eq!(unknown.to_string(), "the inventory does not have devices a/b, leaf9 and group edge");
    }
}
