//! A host, a group or the defaults, before anything is resolved.

use serde_json::{Map, Value};

use super::connection::{Extras, Options};
use super::jinja::JinjaSettings;
use super::password::Password;
use crate::name::GroupName;

/// A host, a group or the defaults as written; null and absent are the same.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) hostname: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) username: Option<String>,
    pub(super) password: Option<Password>,
    pub(super) platform: Option<String>,
    /// The serial number of the switch that is meant; of a host only.
    pub(super) serial: Option<String>,
    /// Whether addresses of this machine and its link are meant; of the defaults only.
    pub(super) allow_local: Option<bool>,
    pub(super) groups: Vec<GroupName>,
    /// The line of `groups`, if known.
    pub(super) groups_line: Option<u64>,
    pub(super) data: Map<String, Value>,
    /// By the name of the connection plugin.
    pub(super) connections: Vec<(String, Options)>,
    /// Of the defaults only.
    pub(super) merge: Merge,
    /// Of the defaults only.
    pub(super) jinja: JinjaSettings,
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

impl Element {
    /// The options of a connection plugin.
    pub(super) fn options(&self, plugin: &str) -> Option<&Options> {
        self.connections.iter().find(|(name, _)| name == plugin).map(|(_, options)| options)
    }

    /// The `extras` of a connection plugin.
    pub(super) fn extras(&self, plugin: &str) -> Option<&Extras> {
        self.options(plugin)?.extras.as_ref()
    }
}
