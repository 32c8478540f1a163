//! The inventory: which devices there are, how to reach them, and what is known about them.
//!
//! Written as [Nornir's SimpleInventory](https://nornir.readthedocs.io/en/latest/tutorial/inventory.html): `hosts`, `groups`
//! and `defaults`, in YAML or JSON, in one document or several. A document is
//!
//! - SimpleInventory, if all its keys are among `hosts`, `groups` and `defaults`;
//! - one bare part, if it is called `hosts`, `groups` or `defaults` (with `.yaml`, `.yml`, `.json` or none): Nornir's files;
//! - otherwise a bare map of hosts, as the 2019 original kept it.
//!
//! Several documents are taken together; no host or group may be in two of them, and one at most has `defaults`.
//!
//! Resolution is Nornir 3's: the host's own value, then its groups' depth first from left to right, then the defaults'; the
//! first that is not null wins, and `data` is resolved key by key without merging deeper, unless the defaults say `merge: deep`.
//! Every host belongs to `global` as well, after all its other groups. [`Inventory::explain`] says what came from where.

mod connection;
mod document;
mod explain;
pub mod import;
mod jinja;
mod nesting;
mod node;
mod stored;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use secrecy::SecretString;
use serde_json::{Map, Value};

pub use connection::{Connection, Tls, Transport, Verify};
use connection::{Resolved, nearest};
use document::{Element, Merge, Part};
pub use explain::{Explained, Known, Membership, Origin, Source};
pub use jinja::{Jinja, Peers, Variables};
pub use stored::Document;

use crate::name::{DeviceName, GroupName};

/// Everything known about a site's devices.
#[derive(Debug)]
pub struct Inventory {
    hosts: BTreeMap<DeviceName, Defined>,
    groups: BTreeMap<GroupName, Defined>,
    defaults: Option<Defined>,
    /// What Ansible's templates know of all devices, made when the first device needs it.
    peers: OnceLock<Arc<Peers>>,
}

/// One device, resolved.
#[derive(Clone)]
pub struct Device {
    /// Its key in the inventory.
    pub name: DeviceName,
    /// The address or DNS name it answers at; its name, if the inventory gives none.
    pub hostname: String,
    /// Nornir's platform, such as `eos`.
    pub platform: Option<String>,
    /// Every group it belongs to, nearest first, `global` last.
    pub groups: Vec<GroupName>,
    /// Its data, in the order it was first defined.
    pub data: Map<String, Value>,
    /// Who to log in as.
    pub username: Option<String>,
    /// With which password.
    pub password: Option<SecretString>,
    /// How to speak eAPI to it.
    pub connection: Connection,
    /// How its Jinja2 templates are set up.
    pub jinja: Jinja,
    /// What its templates know of all devices, if they are Ansible's.
    pub peers: Option<Arc<Peers>>,
}

/// Data may hold secrets, so only names are shown.
impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("name", &self.name).field("hostname", &self.hostname).finish_non_exhaustive()
    }
}

/// Why documents are no inventory. Says where and what was expected, never what stands there: it may be a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("inventory {document}{}{}: {reason}", line_of(*.line), path_of(.path))]
pub struct InventoryError {
    /// The secret or file.
    pub document: String,
    /// From 1, where it is known.
    pub line: Option<u64>,
    /// Such as `hosts.leaf1.port`; empty for the document as a whole.
    pub path: String,
    /// What was expected and found.
    pub reason: String,
}

/// A host, group or the defaults, and the document it stands in.
#[derive(Debug)]
struct Defined {
    element: Element,
    document: String,
}

impl Inventory {
    /// Reads all documents together.
    pub fn parse(documents: &[Document]) -> Result<Self, InventoryError> {
        let mut inventory =
            Self { hosts: BTreeMap::new(), groups: BTreeMap::new(), defaults: None, peers: OnceLock::new() };
        for document in documents {
            for part in document::parse(document)? {
                inventory.add(part, &document.name)?;
            }
        }
        let names: Vec<_> = documents.iter().map(|document| document.name.as_str()).collect();
        if inventory.hosts.is_empty() {
            return Err(InventoryError::of(&names.join(", "), "has no hosts"));
        }
        inventory.check_groups()?;
        Ok(inventory)
    }

    /// The names of all devices, sorted.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &DeviceName> {
        self.hosts.keys()
    }

    /// Whether there is such a device.
    pub fn has(&self, name: &str) -> bool {
        self.hosts.contains_key(name)
    }

    /// A device with everything resolved.
    pub fn device(&self, name: &DeviceName) -> Option<Device> {
        let host = &self.hosts.get(name)?.element;
        let groups = self.groups_of(host);
        let elements: Vec<_> = self.levels(name)?.into_iter().map(|level| &level.element).collect();
        let resolved = Resolved::new(&elements, self.merge());
        Some(Device {
            hostname: resolved.hostname.as_ref().map_or_else(|| name.to_string(), |found| found.value.clone()),
            platform: nearest(&elements, "platform", |element| element.platform.clone()).map(|found| found.value),
            username: resolved.username.as_ref().map(|found| found.value.clone()),
            password: resolved.password.as_ref().map(|found| found.value.clone()),
            connection: resolved.connection(),
            data: data(&elements, self.merge()),
            jinja: self.jinja(),
            peers: (self.jinja().variables == Variables::Ansible).then(|| Arc::clone(self.peers())),
            name: name.clone(),
            groups,
        })
    }

    /// The devices in a group, by themselves or through its member groups, sorted; `None` if no such group is defined.
    /// Everyone is in `global`.
    pub fn members(&self, group: &str) -> Option<Vec<DeviceName>> {
        if !self.groups.contains_key(group) && group != GroupName::global().as_ref() {
            return None;
        }
        let member = |host: &&Defined| self.groups_of(&host.element).iter().any(|name| name.as_ref() == group);
        Some(self.hosts.iter().filter(|(_, host)| member(host)).map(|(name, _)| name.clone()).collect())
    }

    /// The documents that these devices are resolved from: theirs, and those with groups or defaults. Sorted. Ansible's
    /// templates may read the data of any device, so then it is all documents.
    pub fn documents_of(&self, devices: &[DeviceName]) -> Vec<String> {
        let reads_all = self.jinja().variables == Variables::Ansible;
        let wanted = |name: &DeviceName| reads_all || devices.contains(name);
        let theirs = self.hosts.iter().filter(|(name, _)| wanted(name)).map(|(_, host)| host);
        let shared = self.groups.values().chain(&self.defaults);
        let documents: BTreeSet<_> = theirs.chain(shared).map(|defined| defined.document.as_str()).collect();
        documents.into_iter().map(str::to_owned).collect()
    }

    fn add(&mut self, part: Part, document: &str) -> Result<(), InventoryError> {
        let twice = |what: String, first: &Defined| {
            let reason = format!("is defined in {} as well; once is enough", first.document);
            Err(InventoryError { document: document.to_owned(), line: None, path: what, reason })
        };
        let defined = |element| Defined { element, document: document.to_owned() };
        match part {
            Part::Host(name, element) => match self.hosts.get(&name) {
                Some(first) => return twice(format!("hosts.{name}"), first),
                None => drop(self.hosts.insert(name, defined(element))),
            },
            Part::Group(name, element) => match self.groups.get(&name) {
                Some(first) => return twice(format!("groups.{name}"), first),
                None => drop(self.groups.insert(name, defined(element))),
            },
            Part::Defaults(element) => match &self.defaults {
                Some(first) => return twice("defaults".to_owned(), first),
                None => self.defaults = Some(defined(element)),
            },
        }
        Ok(())
    }

    /// Every group named is defined, and none is its own member.
    fn check_groups(&self) -> Result<(), InventoryError> {
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

    /// Every group of a host, nearest first.
    fn groups_of(&self, host: &Element) -> Vec<GroupName> {
        self.paths_of(host).into_iter().filter_map(|mut path| path.pop()).collect()
    }

    /// Depth first, left to right, each once: Nornir's `extended_groups`, and `global`. A path ends with the group itself.
    fn paths_of(&self, host: &Element) -> Vec<Vec<GroupName>> {
        let mut seen = HashSet::new();
        let mut paths = Vec::new();
        self.extend(&host.groups, &[], &mut seen, &mut paths);
        self.extend(&[GroupName::global()], &[], &mut seen, &mut paths);
        paths
    }

    fn extend(
        &self,
        names: &[GroupName],
        through: &[GroupName],
        seen: &mut HashSet<GroupName>,
        paths: &mut Vec<Vec<GroupName>>,
    ) {
        for name in names {
            if seen.insert(name.clone()) {
                let path = [through, std::slice::from_ref(name)].concat();
                paths.push(path.clone());
                if let Some(defined) = self.groups.get(name) {
                    self.extend(&defined.element.groups, &path, seen, paths);
                }
            }
        }
    }

    /// What a value is looked for in, nearest first: the host, its groups as far as they are defined, the defaults.
    fn levels(&self, name: &DeviceName) -> Option<Vec<&Defined>> {
        let host = self.hosts.get(name)?;
        let groups = self.groups_of(&host.element);
        let groups = groups.iter().filter_map(|group| self.groups.get(group));
        Some(std::iter::once(host).chain(groups).chain(&self.defaults).collect())
    }

    fn jinja(&self) -> Jinja {
        self.defaults.as_ref().map(|defaults| defaults.element.jinja).unwrap_or_default()
    }

    fn peers(&self) -> &Arc<Peers> {
        self.peers.get_or_init(|| {
            let mut peers = Peers::default();
            for (name, host) in &self.hosts {
                let elements: Vec<_> = self.levels(name).into_iter().flatten().map(|level| &level.element).collect();
                let mut data = data(&elements, self.merge());
                let hostname = Resolved::new(&elements, self.merge()).hostname;
                let hostname = hostname.map_or_else(|| name.to_string(), |found| found.value.clone());
                data.insert("inventory_hostname".to_owned(), name.to_string().into());
                data.insert("ansible_host".to_owned(), hostname.into());
                let groups: Vec<String> = self.groups_of(&host.element).iter().map(ToString::to_string).collect();
                let named = groups.iter().filter(|group| *group != "global");
                let ungrouped = (groups.len() < 2).then(|| "ungrouped".to_owned());
                for group in named.cloned().chain(ungrouped).chain(["all".to_owned()]) {
                    peers.groups.entry(group).or_default().push(name.to_string());
                }
                peers.hosts.insert(name.to_string(), data);
            }
            Arc::new(peers)
        })
    }

    fn merge(&self) -> Merge {
        self.defaults.as_ref().map(|defaults| defaults.element.merge).unwrap_or_default()
    }
}

/// The data of all elements, nearest first, in one map. A key that is there wins even as null: Nornir looks for the key, unlike
/// with its own fields.
fn data(elements: &[&Element], merge: Merge) -> Map<String, Value> {
    let mut data = Map::new();
    for element in elements {
        for (key, further) in &element.data {
            match data.get_mut(key) {
                None => drop(data.insert(key.clone(), further.clone())),
                Some(nearer) if merge == Merge::Deep => fill(nearer, further),
                Some(_) => {}
            }
        }
    }
    data
}

/// Adds what only the further map has, at every depth.
fn fill(nearer: &mut Value, further: &Value) {
    let (Value::Object(nearer), Value::Object(further)) = (nearer, further) else { return };
    for (key, further) in further {
        match nearer.get_mut(key) {
            None => drop(nearer.insert(key.clone(), further.clone())),
            Some(nearer) => fill(nearer, further),
        }
    }
}

impl InventoryError {
    /// An error about a document as a whole.
    fn of(document: &str, reason: impl Into<String>) -> Self {
        Self { document: document.to_owned(), line: None, path: String::new(), reason: reason.into() }
    }
}

fn line_of(line: Option<u64>) -> String {
    line.map(|line| format!(", line {line}")).unwrap_or_default()
}

fn path_of(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(", {path}") }
}

#[cfg(test)]
mod tests;
