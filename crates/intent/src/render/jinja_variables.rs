//! The variables that a Jinja2 template sees.
//!
//! The model's data stands under its own names and under `model`, the device under `host`. Where
//! the inventory says so, the device's data stands under its own names too, as Nornir's
//! `template_file(…, **task.host)` and Ansible have it; the model's data goes before. Elsewhere a
//! name that only the device has is an error wherever it is read, also in `is defined`: a template
//! written for Nornir or Ansible would else render less than it does there, without a word.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, Serde, Value};
use minijinja::{Error, ErrorKind};
use serde_json::{Map, Value as Json};

use super::mutable;
use crate::inventory::{Device, Jinja, Peers, Variables};

/// Names of functions that a template may call. Data of the device by these names is not missed.
const FUNCTIONS: [&str; 7] = ["range", "dict", "namespace", "lipsum", "cycler", "joiner", "debug"];

/// The data of one model for one device.
pub(super) struct Given<'d> {
    pub(super) device: &'d Device,
    /// What the template sees as `host`.
    pub(super) host: &'d Map<String, Json>,
    /// What the template sees as `model`.
    pub(super) model: &'d Map<String, Json>,
    /// How the template is set up.
    pub(super) jinja: Jinja,
    /// Whether lists and maps can be changed by the template.
    pub(super) changes: bool,
}

impl Given<'_> {
    /// The root of all lookups.
    pub(super) fn variables(&self) -> Value {
        let by_name: BTreeMap<String, Value> =
            self.model.iter().map(|(name, value)| (name.clone(), self.value(value))).collect();
        let model = match self.changes {
            true => mutable::map(self.model.keys().map(|name| (Value::from(name.as_str()), by_name[name].clone()))),
            false => Value::from(Serde(self.model)),
        };
        let host = Arc::new(Host::new(self));
        let mut known = match self.jinja.variables {
            Variables::Model => BTreeMap::new(),
            Variables::Nornir => host.data_by_name(&self.device.data),
            Variables::Ansible => self.of_ansible(&host),
        };
        known.extend(by_name);
        let name = Value::from(self.device.name.as_ref());
        known.extend([
            ("inventory_hostname".to_owned(), name),
            ("host".to_owned(), Value::from_dyn_object(host)),
            ("model".to_owned(), model),
        ]);
        if let Some(data) = known.get("loop").cloned() {
            known.insert(super::jinja_compat::LOOP.to_owned(), data);
        }
        let missed = self.device.data.keys().filter(|name| !known.contains_key(*name));
        let missed = missed.filter(|name| !FUNCTIONS.contains(&name.as_str())).cloned().collect();
        Value::from_object(Root { known, missed })
    }

    /// The names of the device's data that the model's data hides.
    pub(super) fn clashes(&self) -> Vec<String> {
        if self.jinja.variables == Variables::Model {
            return Vec::new();
        }
        self.model.keys().filter(|name| self.device.data.contains_key(*name)).cloned().collect()
    }

    fn value(&self, value: &Json) -> Value {
        if self.changes { mutable::from_json(value) } else { Value::from(Serde(value)) }
    }

    /// The device's data and Ansible's own variables.
    fn of_ansible(&self, host: &Host) -> BTreeMap<String, Value> {
        let mut known = host.data_by_name(&self.device.data);
        let groups = || self.device.groups.iter().map(AsRef::<str>::as_ref).filter(|group| *group != "global");
        let mut names: Vec<&str> = groups().collect();
        names.sort_unstable();
        if names.is_empty() {
            names.push("ungrouped");
        }
        known.insert("group_names".to_owned(), names.into_iter().map(Value::from).collect());
        known.insert("ansible_host".to_owned(), Value::from(self.device.hostname.as_str()));
        if let Some(peers) = &self.device.peers {
            known.insert("groups".to_owned(), Value::from(Serde(&peers.groups)));
            known.insert("hostvars".to_owned(), Value::from_object(HostVars(Arc::clone(peers))));
        } else {
            let value = |name: &str| (name.to_owned(), Value::from(without_peers(name)));
            known.extend(["groups", "hostvars"].map(value));
        }
        known
    }
}

/// All variables, and the names that only the device's data has.
#[derive(Debug)]
struct Root {
    known: BTreeMap<String, Value>,
    missed: BTreeSet<String>,
}

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, name: &str) -> Option<Value> {
        let value = self.known.get(name).cloned();
        value.or_else(|| self.missed.contains(name).then(|| Value::from(missed(name))))
    }
}

fn missed(name: &str) -> Error {
    let reason = format!(
        "`{name}` is in the inventory's data of the device, and not in the model's: write host.{name}, or let templates \
         see the device's data by its own names with `jinja: {{variables: nornir}}` in the inventory's defaults"
    );
    Error::new(ErrorKind::UndefinedError, reason)
}

fn without_peers(name: &str) -> Error {
    let reason = format!(
        "`{name}` is about all devices, so the inventory must say so and not the model alone: put \
         `jinja: {{variables: ansible}}`, or the template's folder with it, into the inventory's defaults"
    );
    Error::new(ErrorKind::UndefinedError, reason)
}

/// Nornir's host: printed it is its name, asked it has its attributes and data.
#[derive(Debug)]
pub(super) struct Host {
    name: String,
    data: BTreeMap<String, Value>,
    keys: Vec<String>,
}

impl Host {
    fn new(given: &Given<'_>) -> Self {
        let mut data: BTreeMap<String, Value> = given
            .host
            .iter()
            .filter(|(name, _)| *name != "data")
            .map(|(name, value)| (name.clone(), given.value(value)))
            .collect();
        if given.changes {
            // `host.x` and `host.data.x` are one value, unless `x` is an attribute of the host as
            // well.
            let pair = |(name, value): (&String, &Json)| {
                let same = data.get(name).filter(|_| given.host.get(name) == Some(value)).cloned();
                (Value::from(name.as_str()), same.unwrap_or_else(|| given.value(value)))
            };
            data.insert("data".to_owned(), mutable::map(given.device.data.iter().map(pair)));
        } else {
            data.insert("data".to_owned(), Value::from(Serde(&given.device.data)));
        }
        Self { name: given.device.name.to_string(), data, keys: given.host.keys().cloned().collect() }
    }

    /// The values of the device's data by their names, the same that `host` has.
    fn data_by_name(&self, data: &Map<String, Json>) -> BTreeMap<String, Value> {
        let all = self.data.get("data");
        let value = |name: &String| all.and_then(|all| all.get_attr(name).ok()).map(|value| (name.clone(), value));
        data.keys().filter_map(value).collect()
    }
}

impl Object for Host {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.data.get(key.as_str()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.keys.iter().map(Value::from).collect())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Ansible's `hostvars`: the data of every device by its name.
#[derive(Debug)]
struct HostVars(Arc<Peers>);

impl Object for HostVars {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.hosts.get(key.as_str()?).map(|data| Value::from(Serde(data)))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.hosts.keys().map(|name| Value::from(name.as_str())).collect())
    }
}
