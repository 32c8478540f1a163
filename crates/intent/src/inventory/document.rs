//! One document's hosts, groups and defaults, each checked key by key.

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::InventoryError;
use super::connection::Options;
use super::jinja::Jinja;
use super::node;
use crate::inventory::Document;
use crate::name::{DeviceName, GroupName};
use crate::yaml::{self, Kind, Node};

/// What a document contributes.
pub(super) enum Part {
    Host(DeviceName, Element),
    Group(GroupName, Element),
    Defaults(Element),
}

/// A host, group or the defaults as written; null and absent are the same.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) hostname: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) username: Option<String>,
    pub(super) password: Option<SecretString>,
    pub(super) platform: Option<String>,
    pub(super) groups: Vec<GroupName>,
    /// The line of `groups`, if known.
    pub(super) groups_line: Option<u64>,
    pub(super) data: Map<String, Value>,
    /// By the name of the connection plugin.
    pub(super) connections: Vec<(String, Options)>,
    /// Of the defaults only.
    pub(super) merge: Merge,
    /// Of the defaults only.
    pub(super) jinja: Jinja,
}

/// How the values of a host, its groups and the defaults come together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Merge {
    /// The nearest value wins as a whole: Nornir's way.
    #[default]
    Shallow,
    /// Maps in `data`, and `extras`, are merged key by key.
    Deep,
}

const KEYS: &[&str] = &["hostname", "port", "username", "password", "platform", "groups", "data", "connection_options"];

/// Reads one document.
pub(super) fn parse(document: &Document) -> Result<Vec<Part>, InventoryError> {
    let root = node::read(document)?;
    let at = Place { document: &document.name, path: String::new(), line: root.line };
    let entries = match root.kind {
        // Nornir takes such a file for an empty map; a document of hosts without any is refused later.
        Kind::Null if matches!(stem(&document.name), "groups" | "defaults") => Vec::new(),
        Kind::Null => return Err(at.fault("is empty")),
        kind => at.map(kind)?,
    };
    let is_simple_inventory = entries.iter().all(|(key, _)| matches!(key.as_str(), "hosts" | "groups" | "defaults"));
    match stem(&document.name) {
        _ if is_simple_inventory => simple_inventory(&at, entries),
        "groups" => groups(&at, entries),
        "defaults" => Ok(vec![Part::Defaults(element(&at, entries, Whose::Defaults)?)]),
        _ => hosts(&at, entries),
    }
}

fn simple_inventory(at: &Place<'_>, entries: Vec<(String, Node)>) -> Result<Vec<Part>, InventoryError> {
    let mut parts = Vec::new();
    for (key, node) in entries {
        let at = at.below(&key, &node);
        if matches!(node.kind, Kind::Null) {
            continue; // `groups:` with nothing under it, as Nornir's own examples have
        }
        let entries = at.map(node.kind)?;
        match key.as_str() {
            "hosts" => parts.extend(hosts(&at, entries)?),
            "groups" => parts.extend(groups(&at, entries)?),
            _ => parts.push(Part::Defaults(element(&at, entries, Whose::Defaults)?)),
        }
    }
    Ok(parts)
}

fn hosts(at: &Place<'_>, entries: Vec<(String, Node)>) -> Result<Vec<Part>, InventoryError> {
    let host = |(name, node)| {
        let (name, element) = named(at, name, node, Whose::Host, DeviceName::new)?;
        if name.as_ref() == "all" {
            return Err(at.fault("a host cannot be called all, which stands for every host"));
        }
        Ok(Part::Host(name, element))
    };
    entries.into_iter().map(host).collect()
}

fn groups(at: &Place<'_>, entries: Vec<(String, Node)>) -> Result<Vec<Part>, InventoryError> {
    let group = |(name, node)| {
        let (name, element) = named(at, name, node, Whose::Group, GroupName::new)?;
        Ok(Part::Group(name, element))
    };
    entries.into_iter().map(group).collect()
}

fn named<N>(
    at: &Place<'_>,
    name: String,
    node: Node,
    whose: Whose,
    check: impl FnOnce(String) -> Result<N, crate::name::InvalidName>,
) -> Result<(N, Element), InventoryError> {
    let at = at.below(&name, &node);
    let entries = match node.kind {
        Kind::Null => Vec::new(), // `leaf1:` alone: a host with nothing but its name
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

fn element(at: &Place<'_>, entries: Vec<(String, Node)>, whose: Whose) -> Result<Element, InventoryError> {
    let mut element = Element::default();
    for (key, node) in entries {
        let at = at.below(&key, &node);
        if matches!(node.kind, Kind::Null) {
            continue;
        }
        match key.as_str() {
            "hostname" => element.hostname = Some(at.text(node.kind)?),
            "port" => element.port = Some(at.port(&node.kind)?),
            "username" => element.username = Some(at.text(node.kind)?),
            "password" => element.password = Some(at.text(node.kind)?.into()),
            "platform" => element.platform = Some(at.text(node.kind)?),
            "groups" if whose != Whose::Defaults => {
                element.groups_line = at.line();
                element.groups = at.groups(node.kind)?;
            }
            "merge" if whose == Whose::Defaults => element.merge = merge(&at, node)?,
            "jinja" if whose == Whose::Defaults => element.jinja = Jinja::read(&at, node)?,
            "data" => element.data = at.data(node.kind)?,
            "connection_options" => {
                for (plugin, node) in at.map(node.kind)? {
                    let at = at.below(&plugin, &node);
                    let options = Options::read(&at, &plugin, node)?;
                    element.connections.push((plugin, options));
                }
            }
            "groups" => return Err(at.fault("the defaults are in no group; the group that everybody is in is global")),
            "merge" | "jinja" => return Err(at.fault("is said in the defaults, for the whole inventory")),
            _ => return Err(at.fault(format!("is not a key of the inventory{}", yaml::instead(&key, KEYS)))),
        }
    }
    Ok(element)
}

fn merge(at: &Place<'_>, node: Node) -> Result<Merge, InventoryError> {
    match at.text(node.kind)?.as_str() {
        "shallow" => Ok(Merge::Shallow),
        "deep" => Ok(Merge::Deep),
        _ => Err(at.fault("expected shallow or deep")),
    }
}

/// Where in a document something stands, and how to take it.
pub(super) struct Place<'a> {
    document: &'a str,
    path: String,
    line: u64,
}

impl Place<'_> {
    pub(super) fn below(&self, key: &str, node: &Node) -> Self {
        let key: String = key.chars().filter(|c| !c.is_control()).take(64).collect();
        let path = if self.path.is_empty() { key } else { format!("{}.{key}", self.path) };
        Self { path, line: node.line, ..*self }
    }

    fn line(&self) -> Option<u64> {
        (self.line > 0).then_some(self.line)
    }

    pub(super) fn fault(&self, reason: impl Into<String>) -> InventoryError {
        InventoryError {
            document: self.document.to_owned(),
            line: self.line(),
            path: self.path.clone(),
            reason: reason.into(),
        }
    }

    fn expected<T>(&self, what: &str, found: &Kind) -> Result<T, InventoryError> {
        Err(self.fault(format!("expected {what}, found {}", found.name())))
    }

    pub(super) fn map(&self, kind: Kind) -> Result<Vec<(String, Node)>, InventoryError> {
        match kind {
            Kind::Map(entries) => Ok(entries),
            other => self.expected("a map", &other),
        }
    }

    /// Text; a number will do, since a password may look like one.
    pub(super) fn text(&self, kind: Kind) -> Result<String, InventoryError> {
        match kind {
            Kind::Text(text) => Ok(text),
            Kind::Number(number) => Ok(number.to_string()),
            other => self.expected("text", &other),
        }
    }

    pub(super) fn port(&self, kind: &Kind) -> Result<u16, InventoryError> {
        let port = match kind {
            Kind::Number(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
            Kind::Text(text) => text.parse().ok(),
            _ => None,
        };
        match port {
            Some(port) if port > 0 => Ok(port),
            _ => self.expected("a port from 1 to 65535", kind),
        }
    }

    pub(super) fn flag(&self, kind: &Kind) -> Result<bool, InventoryError> {
        match kind {
            Kind::Bool(flag) => Ok(*flag),
            other => self.expected("true or false", other),
        }
    }

    fn groups(&self, kind: Kind) -> Result<Vec<GroupName>, InventoryError> {
        let Kind::List(items) = kind else { return self.expected("a list of group names", &kind) };
        let group = |(index, node): (usize, Node)| {
            let at = self.below(&index.to_string(), &node);
            GroupName::new(at.text(node.kind)?).map_err(|error| at.fault(error.to_string()))
        };
        items.into_iter().enumerate().map(group).collect()
    }

    fn data(&self, kind: Kind) -> Result<Map<String, Value>, InventoryError> {
        Ok(self.map(kind)?.into_iter().map(|(key, node)| (key, node.to_value())).collect())
    }
}

/// `naas/inventory/hosts` and `site/hosts.yaml` are both called `hosts`.
fn stem(name: &str) -> &str {
    let file = name.rsplit('/').next().unwrap_or(name);
    [".yaml", ".yml", ".json"].iter().find_map(|ending| file.strip_suffix(ending)).unwrap_or(file)
}
