//! A run: one accepted request, and the facts recorded about it before anything is queued.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use intent::confirm::ConfirmWithin;
use intent::hash::ContentHash;
use intent::name::{DeviceName, RunId};

/// What a run does with each of its devices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Replace what the switch runs, and save it.
    #[default]
    Apply,
    /// Let the switch compute the diff; change nothing.
    Plan,
    /// Tell whether the switch still runs what it should, in one request if it does; change
    /// nothing.
    Check,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Apply => "apply",
            Self::Plan => "plan",
            Self::Check => "check",
        })
    }
}

/// The record of an accepted request. Outcomes are kept apart from it, one per device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The name of the run.
    pub run: RunId,
    /// When the run was accepted.
    pub accepted_at: Timestamp,
    /// What is done with each device.
    pub mode: Mode,
    /// The devices of the run, sorted. Each of them ends in one outcome.
    pub devices: Vec<DeviceName>,
    /// The most devices that travel in one slice.
    pub step: usize,
    /// The inventory documents the devices were resolved from, by name.
    pub inventory: Vec<String>,
    /// How long switches run a new configuration on trial, if the request says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<ConfirmWithin>,
    /// The plan that the run applies. A device whose intent or configuration has changed since is
    /// left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<RunId>,
    /// The stored configuration that its device is brought back to, instead of what models say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<ContentHash>,
    /// The run whose restore this run does again because it was parked. Among the restores of the
    /// device, this run takes the place of that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<RunId>,
    /// Who asked for the run: the subject of its [caller](crate::caller::Caller).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What a list of runs shows of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    /// See [`Run::run`].
    pub run: RunId,
    /// See [`Run::accepted_at`].
    pub accepted_at: Timestamp,
    /// See [`Run::mode`].
    pub mode: Mode,
    /// How many devices the run has.
    pub devices: usize,
    /// See [`Run::by`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// See [`Run::plan`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<RunId>,
    /// See [`Run::restore`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<ContentHash>,
}

impl Run {
    /// What a list shows of the run.
    pub fn summary(&self) -> RunSummary {
        RunSummary {
            run: self.run.clone(),
            accepted_at: self.accepted_at,
            mode: self.mode,
            devices: self.devices.len(),
            by: self.by.clone(),
            plan: self.plan.clone(),
            restore: self.restore.clone(),
        }
    }

    /// How many slices the run is cut into.
    pub fn slices(&self) -> usize {
        self.devices.len().div_ceil(self.step.max(1))
    }
}
