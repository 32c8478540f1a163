//! What is to be done with each device of a run. A run is recorded with it, and each of its slices
//! carries it, so it is the same in both documents.

use intent::confirm::ConfirmWithin;
use intent::hash::ContentHash;
use intent::name::RunId;
use serde::{Deserialize, Serialize};

use crate::records::order::{Load, OrderedPorts};
use crate::records::run::Mode;

/// What a run does with each of its devices, from which inventory, and who asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The name of the run.
    pub run: RunId,
    /// What is done with each device.
    pub mode: Mode,
    /// The names of the inventory documents (secrets, files) that describe the devices.
    pub inventory: Vec<String>,
    /// How long switches run a new configuration on trial, if the request says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<ConfirmWithin>,
    /// The plan that the run applies. A device whose intent or configuration has changed since is
    /// left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<RunId>,
    /// The stored configuration that the only device is brought back to, instead of what models
    /// say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<ContentHash>,
    /// The run whose restore this run does again because it was parked. Among the restores of the
    /// device, this run takes the place of that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<RunId>,
    /// Who asked for the run: the subject of its [caller](crate::caller::Caller).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// How the configuration is loaded.
    #[serde(default, skip_serializing_if = "Load::is_replace")]
    pub load: Load,
    /// The ports that the run brings to its only device, if it is the run of an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderedPorts>,
}

impl Task {
    /// A task that is bound to no plan and restores nothing, for a run that nobody is named for.
    pub fn new(run: RunId, mode: Mode, inventory: Vec<String>) -> Self {
        Self {
            run,
            mode,
            inventory,
            confirm: None,
            plan: None,
            restore: None,
            repeats: None,
            by: None,
            load: Load::Replace,
            order: None,
        }
    }

    /// The configuration that the device is restored to and pinned to. A plan of a restore only
    /// shows it.
    pub fn restores(&self) -> Option<&ContentHash> {
        self.restore.as_ref().filter(|_| self.mode == Mode::Apply)
    }

    /// The run whose place this run takes among the restores of its device: its own, or the one
    /// that it repeats.
    pub fn restore_order(&self) -> &RunId {
        self.repeats.as_ref().unwrap_or(&self.run)
    }

    /// True if no other run can do this: it applies a specific plan, restores a configuration, or
    /// loads what it has on top of what the switch runs.
    pub fn is_exclusive(&self) -> bool {
        self.plan.is_some() || self.restore.is_some() || self.load == Load::Merge
    }
}
