//! Models: pieces of intent, each for some devices, each naming the template that turns its data
//! into configuration.
//!
//! A model is a YAML or JSON file in the models bucket or folder:
//!
//! ```yaml
//! name: interfaces of devicea
//! device: devicea            # or a list; `group: leaf` for every member of a group
//! order: 99                  # lower first; 50 when left out
//! template: templates/interface.tera
//! data:
//!   ports:
//!     - name: Ethernet1
//! confirm: 180               # seconds on trial; the longest of a device's models counts
//! checks:                    # what must be true before the confirmation, see `check`
//!   - command: show interfaces Ethernet1 status
//!     pattern: connected
//! jinja:                     # how a `*.j2` is set up, see `inventory`
//!   variables: nornir
//! allow:                     # rules of `lockout` that do not fit here, each with the reason
//!   management-route: the management network is flat
//! ```
//!
//! `docs/model.schema.json` says the same to editors. A JSON Schema beside a template,
//! `templates/interface.schema.json` for `templates/interface.tera`, says which data that template
//! takes; every model that uses it is held against it when it is read.

mod data;
mod fields;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::check::Check;
use crate::confirm::ConfirmWithin;
use crate::inventory::JinjaChanges;
use crate::lockout::Rule;
use crate::name::{DeviceName, GroupName};
use crate::tenancy;

pub use data::Unfit;

/// The order of a model that does not say.
pub const DEFAULT_ORDER: i64 = 50;

/// Most bytes one model or data schema may have.
pub const MAX_FILE: usize = 1024 * 1024;

/// The models bucket or folder at one moment: path to content, `/` between folders.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ModelFiles(pub BTreeMap<String, Vec<u8>>);

/// What one file gives to some devices: the data and the template of a part of their configuration.
#[derive(Debug, Clone)]
pub struct Model {
    /// The path of its file.
    pub path: String,
    /// Its name in errors and reports. No other model has the same.
    pub name: String,
    /// The devices that it names.
    pub devices: Vec<DeviceName>,
    /// The groups whose members get it.
    pub groups: Vec<GroupName>,
    /// Where its lines stand among those of other models, lower first.
    pub order: i64,
    /// The path of its template.
    pub template: String,
    /// How its Jinja2 template is set up, where that is not as the inventory says.
    pub jinja: JinjaChanges,
    /// What the template sees as `model`.
    pub data: Map<String, Value>,
    /// Why the data does not fit the schema beside its template. Such a model fails its own devices
    /// and no others.
    pub unfit: Option<Unfit>,
    /// The least time that its devices run a new configuration on trial.
    pub confirm: Option<ConfirmWithin>,
    /// What must be true of its devices before that is confirmed.
    pub checks: Vec<Check>,
    /// The rules of `lockout` that its devices may break, and why.
    pub allow: BTreeMap<Rule, Reason>,
}

/// Why a rule may be broken; not empty.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Reason(String);

impl TryFrom<String> for Reason {
    type Error = &'static str;

    fn try_from(reason: String) -> Result<Self, Self::Error> {
        if reason.trim().is_empty() {
            Err("expected the reason why this rule may be broken, found nothing")
        } else {
            Ok(Self(reason))
        }
    }
}

/// Why a file is not a model. It concerns every device: a model that cannot be read may be for any
/// of them, and replacing a configuration without it would take its lines off the switch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The file is not YAML or JSON, or has not the keys of a model.
    #[error("model {path}{}{}: {reason}", place(*.line, *.column), below(.at))]
    Malformed {
        /// The path of the model's file.
        path: String,
        /// Line from 1; 0 when it is the file as a whole.
        line: u64,
        /// The column, counted from 1.
        column: u64,
        /// Where in the model, such as `checks[0]`; empty for the whole.
        at: String,
        /// What was expected and found.
        reason: String,
    },
    /// A model without device and group.
    #[error(
        "model {path}: names neither device nor group; say who it is for, such as `group: global` for every device"
    )]
    ForNobody {
        /// The path of the model's file.
        path: String,
    },
    /// Two models have the same name.
    #[error("models {first} and {second} are both named {name:?}; a name must be unique")]
    SameName {
        /// The name that both have.
        name: String,
        /// The path of one file.
        first: String,
        /// The path of the other.
        second: String,
    },
}

/// Reads every model among `files` (`*.yaml`, `*.yml`, `*.json`), in the order their lines take in
/// a configuration, and holds their data against the schemas beside their templates.
pub fn read(files: &ModelFiles) -> Result<Vec<Model>, ModelError> {
    let mut schemas = data::Schemas::new(files);
    let mut models = Vec::new();
    for (path, text) in files.0.iter().filter(|(path, _)| is_model(path)) {
        let (mut model, node) = fields::read(path, text)?;
        model.unfit = schemas.check(&model, &node).err();
        models.push(model);
    }
    models.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some([first, second]) = models.array_windows().find(|[a, b]| a.name == b.name) {
        let (name, first, second) = (first.name.clone(), first.path.clone(), second.path.clone());
        return Err(ModelError::SameName { name, first, second });
    }
    models.sort_by_cached_key(Model::precedence);
    Ok(models)
}

impl Model {
    /// Whether this model is for the device, by its name or by one of its `groups`.
    pub fn concerns(&self, device: &DeviceName, groups: &[GroupName]) -> bool {
        self.devices.contains(device) || self.groups.iter().any(|group| groups.contains(group))
    }

    /// By order; among equals what is for groups comes before what is for a device, and names
    /// decide the rest.
    fn precedence(&self) -> (i64, bool, String) {
        (self.order, !self.devices.is_empty(), self.name.clone())
    }
}

fn is_model(path: &str) -> bool {
    let is_text = [".yaml", ".yml", ".json"].iter().any(|ending| path.ends_with(ending));
    is_text && !data::is_schema(path) && path != tenancy::PATH
}

fn place(line: u64, column: u64) -> String {
    if line == 0 { String::new() } else { format!(", line {line}, column {column}") }
}

fn below(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(", at {path}") }
}

#[cfg(test)]
mod tests;
