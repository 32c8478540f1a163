//! How a configuration is loaded, and which ports of a tenant a run is for.

use std::collections::BTreeSet;

use intent::name::TenantName;
use intent::tenancy::PortName;
use serde::{Deserialize, Serialize};

/// How a configuration is loaded into the session on a switch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Load {
    /// In place of everything that the switch runs.
    #[default]
    Replace,
    /// On top of what the switch runs. What the configuration does not name stays as it is.
    Merge,
}

impl Load {
    /// True for the way that a request means which names none.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(crate) fn is_replace(&self) -> bool {
        *self == Self::Replace
    }
}

/// The ports that a run of an order is for. The run brings the newest order of each of them to the
/// switch, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderedPorts {
    /// Who ordered them.
    pub tenant: TenantName,
    /// The ports, at least one.
    pub ports: BTreeSet<PortName>,
}
