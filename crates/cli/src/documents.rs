//! The API's documents as far as the command line reads them. Words it does not know, from a newer
//! deployment, are shown and not refused.

use std::collections::BTreeMap;

use anyhow::Context;
use naas::records::outcome::Status;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The answer to `POST /configure`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Receipt {
    /// The name of the run.
    pub(crate) run: String,
}

/// The answer to `GET /runs/{run}`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Report {
    /// The name of the run.
    pub(crate) run: String,
    /// `running`, `cancelling` or `finished`.
    pub(crate) status: String,
    /// `apply`, `plan` or `check`.
    pub(crate) mode: String,
    /// The moment at which the run was accepted.
    pub(crate) accepted_at: String,
    /// The caller who asked for the run.
    pub(crate) by: Option<String>,
    /// The run of the plan that is applied.
    pub(crate) plan: Option<String>,
    /// The hash of the configuration that is restored.
    pub(crate) restore: Option<String>,
    /// How many devices are in each status.
    pub(crate) counts: BTreeMap<String, u64>,
    /// The status word of each device.
    pub(crate) devices: BTreeMap<String, String>,
}

/// `GET /runs/{run}/devices/{device}`: an outcome, or why there is none yet.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Outcome {
    /// The name of the run.
    pub(crate) run: String,
    /// The name of the device.
    pub(crate) device: String,
    /// How it ended; `pending` if it has not.
    pub(crate) status: String,
    /// How the switch was left.
    pub(crate) switch: Option<Value>,
    /// The switch's own unified diff.
    #[serde(default)]
    pub(crate) diff: String,
    /// What the switch said about lines that it took.
    #[serde(default)]
    pub(crate) remarks: Vec<Remark>,
    /// The sentence that says what went wrong.
    pub(crate) error: Option<String>,
    /// The run that the device was left to.
    pub(crate) superseded_by: Option<String>,
    /// How that run ended for the device, if it has.
    #[serde(skip)]
    pub(crate) done_by_other: Option<String>,
    /// The configuration that the device is pinned to.
    pub(crate) pinned: Option<String>,
    /// The moment at which work on the device began.
    pub(crate) started_at: Option<String>,
    /// When the outcome was known.
    pub(crate) finished_at: Option<String>,
    /// How often it was tried, while it is pending.
    pub(crate) attempts: Option<u64>,
    /// Why that came to nothing.
    pub(crate) reason: Option<String>,
    /// When it is tried again.
    pub(crate) again_at: Option<String>,
}

/// What a switch said about a line that it took.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Remark {
    /// The number of the line in the rendered configuration, from 1.
    pub(crate) line: usize,
    /// The line, without indentation and secrets.
    pub(crate) command: String,
    /// The words of the switch.
    pub(crate) text: String,
}

/// What a status means for whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// It runs what it should.
    InSync,
    /// It was brought to what it should run.
    Changed,
    /// It does not run what it should, and was left so because that was asked.
    Differs,
    /// There is no outcome yet.
    Pending,
    /// It was left to another run, which does the same.
    Superseded,
    /// It does not run what it should, for a reason that the outcome tells.
    Failed,
}

impl Class {
    /// Of a status word; of one that this version does not know, a failure.
    pub(crate) fn of(word: &str) -> Self {
        match Status::from_word(word) {
            Some(Status::InSync) => Self::InSync,
            Some(Status::Changed) => Self::Changed,
            Some(Status::Planned | Status::Drifted) => Self::Differs,
            Some(Status::Superseded) => Self::Superseded,
            Some(_) => Self::Failed,
            None if word == "pending" => Self::Pending,
            None => Self::Failed,
        }
    }
}

impl Report {
    /// How many devices have a status of this class.
    pub(crate) fn counts_of(&self, class: Class) -> u64 {
        self.counts.iter().filter(|(word, _)| Class::of(word) == class).map(|(_, count)| count).sum()
    }
}

impl Outcome {
    /// What the outcome means. A device that was left to another run is what that run made of it.
    pub(crate) fn class(&self) -> Class {
        match (Class::of(&self.status), &self.done_by_other) {
            (Class::Superseded, Some(word)) => Class::of(word),
            (class, _) => class,
        }
    }
}

/// The pin of a device, in the API's document about it; under its old name from older deployments.
pub(crate) fn pin(document: &Value) -> Option<&Value> {
    ["pinned", "held"].iter().map(|name| &document[name]).find(|pin| pin.is_object())
}

/// Reads a document of the API.
pub(crate) fn read<T: DeserializeOwned>(document: &Value) -> anyhow::Result<T> {
    T::deserialize(document).context("the API answered with a document of another form; is this naas older than it")
}
