//! A run: one accepted request, and the facts recorded about it before anything is queued.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::confirm::ConfirmWithin;
use crate::name::{DeviceName, RunId};

/// What is to be done with each device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Replace what the switch runs, and save it.
    #[default]
    Apply,
    /// Let the switch compute the diff; change nothing.
    Plan,
    /// Tell whether the switch still runs what it should, with one request if it does; change nothing.
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
    /// Its name.
    pub run: RunId,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// What is done with each device.
    pub mode: Mode,
    /// Every device it concerns, sorted; each ends in one outcome.
    pub devices: Vec<DeviceName>,
    /// How many devices travel in one slice, at most.
    pub step: usize,
    /// The inventory documents the devices were resolved from, by name.
    pub inventory: Vec<String>,
    /// For how long switches run a new configuration on trial, if the request says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<ConfirmWithin>,
    /// The plan it is bound to: a device whose intent or configuration has moved since is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<RunId>,
}

impl Run {
    /// How many slices the run is cut into.
    pub fn slices(&self) -> usize {
        self.devices.len().div_ceil(self.step.max(1))
    }
}
