//! A run: one accepted request, and the facts recorded about it before anything is queued.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use intent::hash::ContentHash;
use intent::name::{DeviceName, RunId};

use crate::records::task::Task;

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
    /// What is done with each device, and who asked for it.
    #[serde(flatten)]
    pub task: Task,
    /// When the run was accepted.
    pub accepted_at: Timestamp,
    /// The devices of the run, sorted. Each of them ends in one outcome.
    pub devices: Vec<DeviceName>,
    /// The most devices that travel in one slice.
    pub step: usize,
}

/// What a list of runs shows of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    /// The name of the run.
    pub run: RunId,
    /// When the run was accepted.
    pub accepted_at: Timestamp,
    /// What is done with each device.
    pub mode: Mode,
    /// How many devices the run has.
    pub devices: usize,
    /// Who asked for the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The plan that the run applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<RunId>,
    /// The stored configuration that the run brings its device back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<ContentHash>,
}

impl Run {
    /// What a list shows of the run.
    pub fn summary(&self) -> RunSummary {
        RunSummary {
            run: self.task.run.clone(),
            accepted_at: self.accepted_at,
            mode: self.task.mode,
            devices: self.devices.len(),
            by: self.task.by.clone(),
            plan: self.task.plan.clone(),
            restore: self.task.restore.clone(),
        }
    }

    /// How many slices the run is cut into.
    pub fn slices(&self) -> usize {
        self.devices.len().div_ceil(self.step.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::blank;

    #[test]
    fn a_run_of_an_earlier_version_is_read() {
        let stored = serde_json::json!({
            "run": "20261123-201530-0000000000000007", "accepted_at": "2026-11-23T20:15:30Z", "mode": "plan",
            "devices": ["leaf1"], "step": 10, "inventory": ["naas/inventory"], "confirm": 60,
            "plan": "20261123-201530-0000000000000006", "by": "ana@noc",
        });

        let run: Run = serde_json::from_value(stored.clone()).unwrap();

        assert_eq!((&run.task.run, run.step, run.accepted_at), (&blank::run_id(7), 10, blank::NOW));
        assert_eq!((run.task.mode, run.task.plan.as_ref()), (Mode::Plan, Some(&blank::run_id(6))));
        assert_eq!(serde_json::to_value(&run).unwrap(), stored);
    }
}
