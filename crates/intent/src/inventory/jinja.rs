//! How Jinja2 templates are set up, said under `jinja` in the inventory's defaults.
//!
//! ```yaml
//! defaults:
//!   jinja:
//!     variables: nornir     # the device's data by its own names; `ansible` adds Ansible's
//!     trim_blocks: true     # Jinja2's setting of that name; Nornir's own value when left out
//!     lstrip_blocks: false  # likewise
//!     folders:              # other settings for the templates of a folder
//!       ansible/templates: { variables: ansible }
//!     group_order:          # the order of a group's hosts in `groups`, if it is not the document's
//!       fabric: [spine1, leaf1]
//! ```
//!
//! A model may say `jinja: {variables: …}` as well, for its own template. What the model says goes
//! before what the folder says, and that before the rest. An included file is set up as the
//! template that includes it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::InventoryError;
use super::field::Field;
use crate::yaml::{self, Node, NodeKind};

/// How one Jinja2 template is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jinja {
    /// What a template sees by name.
    pub variables: Variables,
    /// Whether the first line break behind a statement is dropped.
    pub trim_blocks: bool,
    /// Whether white space before a statement is dropped back to the beginning of its line.
    pub lstrip_blocks: bool,
}

/// As Nornir sets up Jinja2.
impl Default for Jinja {
    fn default() -> Self {
        Self { variables: Variables::Model, trim_blocks: true, lstrip_blocks: false }
    }
}

/// What a Jinja2 template sees by name, besides `host` and `model`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Variables {
    /// The model's data.
    #[default]
    Model,
    /// The device's data too, as Nornir's `template_file(…, **task.host)`.
    Nornir,
    /// The device's data and Ansible's `hostvars`, `groups` and `group_names`; an undefined answers
    /// for its attributes.
    Ansible,
}

/// Settings of [`Jinja`], of which each may be left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JinjaChanges {
    /// Replaces [`Jinja::variables`].
    pub variables: Option<Variables>,
    /// Replaces [`Jinja::trim_blocks`].
    pub trim_blocks: Option<bool>,
    /// Replaces [`Jinja::lstrip_blocks`].
    pub lstrip_blocks: Option<bool>,
}

/// The settings of all templates of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JinjaSettings {
    all: JinjaChanges,
    /// By the path of a folder, without a slash at its end.
    folders: BTreeMap<String, JinjaChanges>,
    /// The hosts of a group in Ansible's order, where that is not the order of the document.
    pub(super) group_order: BTreeMap<String, Vec<String>>,
}

const KEYS: &[&str] = &["variables", "trim_blocks", "lstrip_blocks", "folders", "group_order"];

impl Jinja {
    fn with(self, changes: JinjaChanges) -> Self {
        Self {
            variables: changes.variables.unwrap_or(self.variables),
            trim_blocks: changes.trim_blocks.unwrap_or(self.trim_blocks),
            lstrip_blocks: changes.lstrip_blocks.unwrap_or(self.lstrip_blocks),
        }
    }
}

impl JinjaSettings {
    /// How a template is set up whose model says `of_model`.
    pub fn of(&self, template: &str, of_model: JinjaChanges) -> Jinja {
        let folders = template.match_indices('/').filter_map(|(end, _)| self.folders.get(&template[..end]));
        folders.fold(Jinja::default().with(self.all), |jinja, folder| jinja.with(*folder)).with(of_model)
    }

    /// Whether templates may read the data of any device, by what the inventory says.
    pub(super) fn has_peers(&self) -> bool {
        let mut all = std::iter::once(&self.all).chain(self.folders.values());
        all.any(|changes| changes.variables == Some(Variables::Ansible))
    }

    /// Reads the map below `jinja`.
    pub(super) fn read(at: &Field<'_>, node: Node) -> Result<Self, InventoryError> {
        let mut settings = Self::default();
        for (key, node) in at.map(node.kind)? {
            let at = at.below(&key, &node);
            match key.as_str() {
                "folders" => settings.folders = folders(&at, node)?,
                "group_order" => settings.group_order = group_order(&at, node)?,
                _ => settings.all.read(&at, &key, node, KEYS)?,
            }
        }
        Ok(settings)
    }
}

impl JinjaChanges {
    fn read(&mut self, at: &Field<'_>, key: &str, node: Node, keys: &[&str]) -> Result<(), InventoryError> {
        match key {
            "variables" => self.variables = Some(variables(at, node)?),
            "trim_blocks" => self.trim_blocks = Some(at.flag(&node.kind)?),
            "lstrip_blocks" => self.lstrip_blocks = Some(at.flag(&node.kind)?),
            _ => return Err(at.fault(format!("is not a setting of Jinja2 here{}", yaml::instead(key, keys)))),
        }
        Ok(())
    }
}

fn folders(at: &Field<'_>, node: Node) -> Result<BTreeMap<String, JinjaChanges>, InventoryError> {
    let mut folders = BTreeMap::new();
    for (folder, node) in at.map(node.kind)? {
        let at = at.below(&folder, &node);
        let mut changes = JinjaChanges::default();
        for (key, node) in at.map(node.kind)? {
            changes.read(&at.below(&key, &node), &key, node, &KEYS[..3])?;
        }
        let path = folder.trim_matches('/');
        if path.is_empty() || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(at.fault("expected the path of a folder from the models' root, such as ansible/templates"));
        }
        folders.insert(path.to_owned(), changes);
    }
    Ok(folders)
}

fn group_order(at: &Field<'_>, node: Node) -> Result<BTreeMap<String, Vec<String>>, InventoryError> {
    let mut orders = BTreeMap::new();
    for (group, node) in at.map(node.kind)? {
        let at = at.below(&group, &node);
        let NodeKind::List(hosts) = node.kind else { return at.expected("a list of hosts", &node.kind) };
        let hosts = hosts.into_iter().map(|host| at.text(host.kind)).collect::<Result<_, _>>()?;
        orders.insert(group, hosts);
    }
    Ok(orders)
}

fn variables(at: &Field<'_>, node: Node) -> Result<Variables, InventoryError> {
    match at.text(node.kind)?.as_str() {
        "model" => Ok(Variables::Model),
        "nornir" => Ok(Variables::Nornir),
        "ansible" => Ok(Variables::Ansible),
        _ => Err(at.fault("expected model, nornir or ansible")),
    }
}
