//! One document's hosts, groups and defaults, each checked key by key.

use super::connection::Options;
use super::element::{Element, Merge};
use super::field::Field;
use super::jinja::JinjaSettings;
use super::{Document, InventoryError, node};
use crate::name::{DeviceName, GroupName};
use crate::yaml::{self, Node, NodeKind};

/// One thing that a document defines.
pub(super) enum DocumentPart {
    Host(DeviceName, Element),
    Group(GroupName, Element),
    Defaults(Element),
}

const KEYS: &[&str] =
    &["hostname", "port", "username", "password", "platform", "serial", "groups", "data", "connection_options"];

/// Reads what one document defines.
pub(super) fn parse(document: &Document) -> Result<Vec<DocumentPart>, InventoryError> {
    let root = node::read(document)?;
    let at = Field {
        document: &document.name,
        path: String::new(),
        line: root.line,
        of_this_machine: document.of_this_machine,
    };
    let entries = match root.kind {
        // Nornir takes such a file for an empty map; a document of hosts without any is refused
        // later.
        NodeKind::Null if matches!(stem(&document.name), "groups" | "defaults") => Vec::new(),
        NodeKind::Null => return Err(at.fault("is empty")),
        kind => at.map(kind)?,
    };
    let is_simple_inventory = entries.iter().all(|(key, _)| matches!(key.as_str(), "hosts" | "groups" | "defaults"));
    match stem(&document.name) {
        _ if is_simple_inventory => simple_inventory(&at, entries),
        "groups" => groups(&at, entries),
        "defaults" => Ok(vec![DocumentPart::Defaults(element(&at, entries, Whose::Defaults)?)]),
        _ => hosts(&at, entries),
    }
}

fn simple_inventory(at: &Field<'_>, entries: Vec<(String, Node)>) -> Result<Vec<DocumentPart>, InventoryError> {
    let mut parts = Vec::new();
    for (key, node) in entries {
        let at = at.below(&key, &node);
        if matches!(node.kind, NodeKind::Null) {
            continue; // `groups:` with nothing under it, as Nornir's own examples have
        }
        let entries = at.map(node.kind)?;
        match key.as_str() {
            "hosts" => parts.extend(hosts(&at, entries)?),
            "groups" => parts.extend(groups(&at, entries)?),
            _ => parts.push(DocumentPart::Defaults(element(&at, entries, Whose::Defaults)?)),
        }
    }
    Ok(parts)
}

fn hosts(at: &Field<'_>, entries: Vec<(String, Node)>) -> Result<Vec<DocumentPart>, InventoryError> {
    let host = |(name, node)| {
        let (name, element) = named(at, name, node, Whose::Host, DeviceName::new)?;
        if name.as_ref() == "all" {
            return Err(at.fault("a host cannot be called all, which stands for every host"));
        }
        Ok(DocumentPart::Host(name, element))
    };
    entries.into_iter().map(host).collect()
}

fn groups(at: &Field<'_>, entries: Vec<(String, Node)>) -> Result<Vec<DocumentPart>, InventoryError> {
    let group = |(name, node)| {
        let (name, element) = named(at, name, node, Whose::Group, GroupName::new)?;
        Ok(DocumentPart::Group(name, element))
    };
    entries.into_iter().map(group).collect()
}

fn named<N>(
    at: &Field<'_>,
    name: String,
    node: Node,
    whose: Whose,
    check: impl FnOnce(String) -> Result<N, crate::name::InvalidName>,
) -> Result<(N, Element), InventoryError> {
    let at = at.below(&name, &node);
    let entries = match node.kind {
        NodeKind::Null => Vec::new(), // `leaf1:` alone: a host with nothing but its name
        kind => at.map(kind)?,
    };
    let name = check(name).map_err(|error| at.fault(error.to_string()))?;
    Ok((name, element(&at, entries, whose)?))
}

/// Whose element is read: defaults have no groups.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Host,
    Group,
    Defaults,
}

fn element(at: &Field<'_>, entries: Vec<(String, Node)>, whose: Whose) -> Result<Element, InventoryError> {
    let mut element = Element::default();
    for (key, node) in entries {
        let at = at.below(&key, &node);
        if matches!(node.kind, NodeKind::Null) {
            continue;
        }
        match key.as_str() {
            "hostname" => element.hostname = Some(at.text(node.kind)?),
            "port" => element.port = Some(at.port(&node.kind)?),
            "username" => element.username = Some(at.text(node.kind)?),
            "password" => element.password = Some(at.password(node.kind)?),
            "platform" => element.platform = Some(at.text(node.kind)?),
            "groups" if whose != Whose::Defaults => {
                element.groups_line = at.line();
                element.groups = at.groups(node.kind)?;
            }
            "serial" if whose == Whose::Host => element.serial = Some(at.text(node.kind)?),
            "merge" if whose == Whose::Defaults => element.merge = merge(&at, node)?,
            "allow_local" if whose == Whose::Defaults => element.allow_local = Some(at.flag(&node.kind)?),
            "jinja" if whose == Whose::Defaults => element.jinja = JinjaSettings::read(&at, node)?,
            "data" => element.data = at.data(node.kind)?,
            "connection_options" => {
                for (plugin, node) in at.map(node.kind)? {
                    let at = at.below(&plugin, &node);
                    let options = Options::read(&at, &plugin, node)?;
                    element.connections.push((plugin, options));
                }
            }
            "groups" => return Err(at.fault("the defaults are in no group; the group that everybody is in is global")),
            "merge" | "jinja" => return Err(at.fault("is said in the defaults, for all hosts of the document")),
            "allow_local" => {
                return Err(at.fault(
                    "is said in the defaults, for all hosts of the document, or under connection_options.eapi.extras",
                ));
            }
            "serial" => return Err(at.fault("is said of a host; no two switches have the same serial number")),
            _ => return Err(at.fault(format!("is not a key of the inventory{}", yaml::instead(&key, KEYS)))),
        }
    }
    Ok(element)
}

fn merge(at: &Field<'_>, node: Node) -> Result<Merge, InventoryError> {
    match at.text(node.kind)?.as_str() {
        "shallow" => Ok(Merge::Shallow),
        "deep" => Ok(Merge::Deep),
        _ => Err(at.fault("expected shallow or deep")),
    }
}

/// The documents that belong together: the defaults of one of them are for the hosts of all. A
/// document belongs to itself, but Nornir's three files `hosts`, `groups` and `defaults` beside
/// each other are one inventory.
pub(super) fn unit(name: &str) -> &str {
    match stem(name) {
        "hosts" | "groups" | "defaults" => name.rfind('/').map_or("", |slash| &name[..=slash]),
        _ => name,
    }
}

/// `naas/inventory/hosts` and `site/hosts.yaml` are both called `hosts`.
fn stem(name: &str) -> &str {
    let file = name.rsplit('/').next().unwrap_or(name);
    [".yaml", ".yml", ".json"].iter().find_map(|ending| file.strip_suffix(ending)).unwrap_or(file)
}
