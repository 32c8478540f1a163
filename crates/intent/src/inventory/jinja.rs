//! How a site's Jinja2 templates are set up, said under `jinja` in the inventory's defaults.
//!
//! ```yaml
//! defaults:
//!   jinja:
//!     variables: nornir     # the device's data by its own names; `ansible` adds Ansible's
//!     trim_blocks: true     # Jinja2's setting of that name; Nornir's own value when left out
//!     lstrip_blocks: false  # likewise
//! ```

use super::InventoryError;
use super::field::Field;
use crate::yaml::{self, Node};

/// How Jinja2 templates are set up.
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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

const KEYS: &[&str] = &["variables", "trim_blocks", "lstrip_blocks"];

impl Jinja {
    /// Reads the map below `jinja`.
    pub(super) fn read(at: &Field<'_>, node: Node) -> Result<Self, InventoryError> {
        let mut jinja = Self::default();
        for (key, node) in at.map(node.kind)? {
            let at = at.below(&key, &node);
            match key.as_str() {
                "variables" => jinja.variables = variables(&at, node)?,
                "trim_blocks" => jinja.trim_blocks = at.flag(&node.kind)?,
                "lstrip_blocks" => jinja.lstrip_blocks = at.flag(&node.kind)?,
                _ => return Err(at.fault(format!("is not a setting of Jinja2 here{}", yaml::instead(&key, KEYS)))),
            }
        }
        Ok(jinja)
    }
}

fn variables(at: &Field<'_>, node: Node) -> Result<Variables, InventoryError> {
    match at.text(node.kind)?.as_str() {
        "model" => Ok(Variables::Model),
        "nornir" => Ok(Variables::Nornir),
        "ansible" => Ok(Variables::Ansible),
        _ => Err(at.fault("expected model, nornir or ansible")),
    }
}
