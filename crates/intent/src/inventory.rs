//! The inventory: which devices there are, how to reach them, and what is known about them.
//!
//! Written as
//! [Nornir's SimpleInventory](https://nornir.readthedocs.io/en/latest/tutorial/inventory.html):
//! `hosts`, `groups` and `defaults`, in YAML or JSON, in one document or several. A document is
//!
//! - SimpleInventory, if all its keys are among `hosts`, `groups` and `defaults`;
//! - one bare part, if it is called `hosts`, `groups` or `defaults` (with `.yaml`, `.yml`, `.json`
//!   or none): Nornir's files;
//! - otherwise a bare map of hosts, as the 2019 original kept it.
//!
//! Several documents are taken together; no host or group may be in two of them. The `defaults` of
//! a document are for its own hosts, and so are the passwords of its groups: who may write one
//! secret must not be sent the passwords of another. Nornir's three files beside each other count
//! as one document.
//!
//! An address of this machine or of its link takes a word of permission, `allow_local: true` in the
//! defaults; a password may be `{env: NAME}` or `{command: [PROGRAM, …]}` in a document of this
//! machine, see [`Document::of_this_machine`]. No two hosts may have one address and port. A host's
//! `serial`, as a key or in its data, is the serial number of the switch that is meant.
//!
//! Resolution is Nornir 3's: the host's own value, then its groups' depth first from left to right,
//! then the defaults'; the first that is not null wins, and `data` is resolved key by key without
//! merging deeper, unless the defaults say `merge: deep`. Every host belongs to `global` as well,
//! after all its other groups. [`Inventory::explain`] says what came from where.

mod address;
mod connection;
mod document;
mod element;
mod explain;
mod field;
pub mod import;
mod jinja;
mod nesting;
mod node;
mod password;
mod peers;
mod resolve;
mod soundness;
mod stored;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

pub use connection::{Connection, Tls, Transport, Verify};
use document::DocumentPart;
use element::Element;
pub use explain::{Explained, ExplainedValue, Membership, SetBy, ValueSource};
pub use jinja::{Jinja, JinjaChanges, JinjaSettings, Variables};
pub use password::Password;
pub use peers::Peers;
use resolve::{Levels, Resolved};
pub use stored::Document;

use crate::name::{DeviceName, GroupName};

/// Everything known about a site's devices.
#[derive(Debug)]
pub struct Inventory {
    hosts: BTreeMap<DeviceName, Defined>,
    /// Every host, in the order of the documents.
    order: Vec<DeviceName>,
    groups: BTreeMap<GroupName, Defined>,
    /// Every group, in the order of the documents.
    group_order: Vec<GroupName>,
    /// By the unit of their document.
    defaults: BTreeMap<String, Defined>,
    /// What Ansible's templates know of all devices, made when the first device needs it.
    peers: OnceLock<Arc<Peers>>,
}

/// One device with all values that are looked up for it.
#[derive(Clone)]
pub struct Device {
    /// Its name, which is its key in the inventory.
    pub name: DeviceName,
    /// The address or DNS name it answers at; its name, if the inventory gives none.
    pub hostname: String,
    /// Nornir's platform, such as `eos`.
    pub platform: Option<String>,
    /// Every group it belongs to, nearest first, `global` last.
    pub groups: Vec<GroupName>,
    /// Its data, in the order it was first defined.
    pub data: Map<String, Value>,
    /// The user to log in as.
    pub username: Option<String>,
    /// The password of that user.
    pub password: Option<Password>,
    /// The serial number of the switch that is meant, if the inventory says.
    pub serial: Option<String>,
    /// How eAPI is spoken to it.
    pub connection: Connection,
    /// How its Jinja2 templates are set up.
    pub jinja: JinjaSettings,
    /// What its templates know of all devices, if the inventory says that they are Ansible's.
    pub peers: Option<Arc<Peers>>,
}

/// Data may hold secrets, so only names are shown.
impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("name", &self.name).field("hostname", &self.hostname).finish_non_exhaustive()
    }
}

/// Why documents are no inventory. Says where and what was expected, never what stands there: it
/// may be a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("inventory {document}{}{}: {reason}", line_of(*.line), path_of(.path))]
pub struct InventoryError {
    /// The name of the secret or file.
    pub document: String,
    /// The line from 1, where it is known.
    pub line: Option<u64>,
    /// Such as `hosts.leaf1.port`; empty for the document as a whole.
    pub path: String,
    /// What was expected and found there.
    pub reason: String,
}

/// A host, group or the defaults, and the document it stands in.
#[derive(Debug)]
struct Defined {
    element: Element,
    document: String,
    /// Whether that document may name addresses of this machine without a word of permission.
    allows_local: bool,
}

impl Inventory {
    /// Reads all documents together.
    ///
    /// # Errors
    ///
    /// What is wrong in a document, or between two of them.
    pub fn parse(documents: &[Document]) -> Result<Self, InventoryError> {
        let inventory = Self::assemble(documents)?;
        inventory.check_addresses()?;
        Ok(inventory)
    }

    /// The same, whatever the addresses are: what is imported from elsewhere is written down first
    /// and corrected by a person.
    fn assemble(documents: &[Document]) -> Result<Self, InventoryError> {
        let mut inventory = Self {
            hosts: BTreeMap::new(),
            order: Vec::new(),
            groups: BTreeMap::new(),
            group_order: Vec::new(),
            defaults: BTreeMap::new(),
            peers: OnceLock::new(),
        };
        for document in documents {
            for part in document::parse(document)? {
                inventory.add(part, document)?;
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

    /// True if there is such a device.
    pub fn has(&self, name: &str) -> bool {
        self.hosts.contains_key(name)
    }

    /// A device with everything resolved.
    pub fn device(&self, name: &DeviceName) -> Option<Device> {
        let host = &self.hosts.get(name)?.element;
        let levels = self.levels(name)?;
        let resolved = Resolved::new(&levels);
        let jinja = self.jinja_of(name);
        Some(Device {
            hostname: resolved.hostname.as_ref().map_or_else(|| name.to_string(), |found| found.value.clone()),
            platform: levels.nearest("platform", |element| element.platform.clone()).map(|found| found.value),
            username: resolved.username.as_ref().map(|found| found.value.clone()),
            password: resolved.password.as_ref().map(|found| found.value.clone()),
            serial: host.serial.clone().or_else(|| serial_of(&host.data)),
            connection: resolved.connection(),
            data: levels.data(),
            peers: jinja.has_peers().then(|| Arc::clone(self.peers())),
            jinja,
            name: name.clone(),
            groups: self.groups_of(host),
        })
    }

    /// The devices in a group, by themselves or through its member groups, sorted; `None` if no
    /// such group is defined. Everyone is in `global`.
    pub fn members(&self, group: &str) -> Option<Vec<DeviceName>> {
        if !self.groups.contains_key(group) && group != GroupName::global().as_ref() {
            return None;
        }
        let member = |host: &&Defined| self.groups_of(&host.element).iter().any(|name| name.as_ref() == group);
        Some(self.hosts.iter().filter(|(_, host)| member(host)).map(|(name, _)| name.clone()).collect())
    }

    /// True if the device is in the group, by itself or through a member group.
    pub fn is_member(&self, device: &DeviceName, group: &GroupName) -> bool {
        self.hosts.get(device).is_some_and(|host| self.groups_of(&host.element).contains(group))
    }

    /// The documents that these devices are resolved from: theirs, and those with groups or
    /// defaults. Sorted. Ansible's templates may read the data of any device, so then it is all
    /// documents.
    pub fn documents_of(&self, devices: &[DeviceName]) -> Vec<String> {
        let has_peers = |name: &DeviceName| self.jinja_of(name).has_peers();
        let reads_all = devices.iter().any(has_peers);
        let wanted = |name: &DeviceName| reads_all || devices.contains(name);
        let theirs = self.hosts.iter().filter(|(name, _)| wanted(name)).map(|(_, host)| host);
        let shared = self.groups.values().chain(self.defaults.values());
        let documents: BTreeSet<_> = theirs.chain(shared).map(|defined| defined.document.as_str()).collect();
        documents.into_iter().map(str::to_owned).collect()
    }

    fn add(&mut self, part: DocumentPart, document: &Document) -> Result<(), InventoryError> {
        let defined =
            |element| Defined { element, document: document.name.clone(), allows_local: document.allows_local };
        let (path, first) = match part {
            DocumentPart::Host(name, element) => {
                self.order.push(name.clone());
                (format!("hosts.{name}"), insert(&mut self.hosts, name, defined(element)))
            }
            DocumentPart::Group(name, element) => {
                self.group_order.push(name.clone());
                (format!("groups.{name}"), insert(&mut self.groups, name, defined(element)))
            }
            DocumentPart::Defaults(element) => {
                let unit = document::unit(&document.name).to_owned();
                ("defaults".to_owned(), insert(&mut self.defaults, unit, defined(element)))
            }
        };
        first.map_or(Ok(()), |first| {
            let reason = format!("is defined in {first} as well; once is enough");
            Err(InventoryError { document: document.name.clone(), line: None, path, reason })
        })
    }

    /// Every group of a host, nearest first.
    fn groups_of(&self, host: &Element) -> Vec<GroupName> {
        self.paths_of(host).into_iter().filter_map(|mut path| path.pop()).collect()
    }

    /// Depth first, left to right, each once: Nornir's `extended_groups`, and `global`. A path ends
    /// with the group itself.
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

    /// Where the values of a device are looked for.
    fn levels(&self, name: &DeviceName) -> Option<Levels<'_>> {
        let host = self.hosts.get(name)?;
        let unit = document::unit(&host.document);
        let groups = self.groups_of(&host.element);
        let groups = groups.iter().filter_map(|group| self.groups.get(group));
        let defaults = self.defaults.get(unit);
        let all: Vec<_> = std::iter::once(host).chain(groups).chain(defaults).collect();
        Some(Levels {
            elements: all.iter().map(|level| &level.element).collect(),
            trusted: all.iter().map(|level| document::unit(&level.document) == unit).collect(),
            merge: defaults.map(|defaults| defaults.element.merge).unwrap_or_default(),
        })
    }

    /// The defaults that are for a host.
    fn defaults_of(&self, name: &DeviceName) -> Option<&Defined> {
        self.defaults.get(document::unit(&self.hosts.get(name)?.document))
    }

    /// How the Jinja2 templates of a host are set up: by its defaults.
    fn jinja_of(&self, name: &DeviceName) -> JinjaSettings {
        self.defaults_of(name).map(|defaults| defaults.element.jinja.clone()).unwrap_or_default()
    }
}

/// Puts a value into the map; the document of the one that is there already.
fn insert<K: Ord>(map: &mut BTreeMap<K, Defined>, key: K, value: Defined) -> Option<String> {
    match map.entry(key) {
        Entry::Occupied(first) => Some(first.get().document.clone()),
        Entry::Vacant(place) => {
            place.insert(value);
            None
        }
    }
}

/// The serial number in a host's data, as NetBox exports it.
fn serial_of(data: &Map<String, Value>) -> Option<String> {
    let serial = data.get("serial").or_else(|| data.get("serial_number"))?;
    serial
        .as_str()
        .map(str::to_owned)
        .or_else(|| serial.as_u64().map(|number| number.to_string()))
        .filter(|it| !it.is_empty())
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
