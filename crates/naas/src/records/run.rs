//! A run: one accepted request, and the facts recorded about it before anything is queued.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use intent::confirm::ConfirmWithin;
use intent::hash::ContentHash;
use intent::name::{DeviceName, RunId};

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
    /// The kept configuration that its device is brought back to, instead of what models say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<ContentHash>,
    /// Who asked for it, as [`asked_by`] leaves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What a list of runs shows of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// See [`Run::run`].
    pub run: RunId,
    /// See [`Run::accepted_at`].
    pub accepted_at: Timestamp,
    /// See [`Run::mode`].
    pub mode: Mode,
    /// How many devices it concerns.
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

/// Longest name of one who asks, in characters.
const LONGEST_NAME: usize = 256;

/// What is recorded of the name of one who asks: its visible characters, so that it can stand in a log or table; none if it has none.
pub fn asked_by(name: &str) -> Option<String> {
    let visible = |c: &char| c.is_ascii_graphic() || c.is_alphanumeric() || *c == ' ';
    let name: String = name.trim().chars().filter(visible).take(LONGEST_NAME).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

impl Run {
    /// What a list shows of it.
    pub fn summary(&self) -> Summary {
        Summary {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn who_asks_is_recorded_in_visible_characters() {
        for (name, recorded) in [
            ("arn:aws:iam::123456789012:user/ana", Some("arn:aws:iam::123456789012:user/ana")),
            (" ana\u{1b}[31m\n@noc\u{202e} ", Some("ana[31m@noc")),
            ("Jörg", Some("Jörg")),
            ("\0 \n", None),
            ("", None),
        ] {
            assert_eq!(asked_by(name).as_deref(), recorded, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn nobody_has_a_long_name_or_one_with_line_breaks(name in "(?s).{0,400}") {
            if let Some(name) = asked_by(&name) {
                prop_assert!((1..=LONGEST_NAME).contains(&name.chars().count()));
                prop_assert!(!name.chars().any(char::is_control));
            }
        }
    }
}
