//! What a run came to, as plan, apply, check, rollback and status print it: diffs, failures, and
//! one line that sums it up.

use std::collections::BTreeMap;

use console::style;
use naas::records::outcome::changed_lines;
use serde_json::{Value, json};

use crate::diff;
use crate::documents::{Class, Outcome};
use crate::follow::Followed;
use crate::remarks;
use crate::screen::{self, Form, count, names};
use crate::verbs::Ended;

/// The number of devices by how they ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Summary {
    in_sync: usize,
    changed: usize,
    differ: usize,
    pending: usize,
    superseded: usize,
    failed: usize,
    diffs: usize,
    with_diffs: usize,
}

impl Followed {
    /// Prints what the run came to.
    pub(crate) fn print(&self, form: Form) {
        match form {
            Form::Json => screen::json(self.document()),
            Form::Text => {
                self.print_diffs();
                remarks::print(&self.outcomes);
                print_failures(&self.outcomes);
                screen::sentence(&self.summary().sentence(&self.report.mode), 0);
                self.print_pinned();
            }
        }
    }

    /// How a verb ends that waited for this run.
    pub(crate) fn ended(&self) -> Ended {
        let summary = self.summary();
        if summary.failed + summary.pending + summary.superseded > 0 {
            Ended::Failed
        } else if summary.differ > 0 {
            Ended::Changes
        } else {
            Ended::InSync
        }
    }

    /// Counts the devices by how they ended.
    pub(crate) fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for outcome in &self.outcomes {
            match outcome.class() {
                Class::InSync => summary.in_sync += 1,
                Class::Changed => summary.changed += 1,
                Class::Differs => summary.differ += 1,
                Class::Pending => summary.pending += 1,
                Class::Superseded => summary.superseded += 1,
                Class::Failed => summary.failed += 1,
            }
        }
        let groups = diff::group(self.diffs());
        summary.diffs = groups.len();
        summary.with_diffs = groups.iter().map(|group| group.devices.len()).sum();
        summary
    }

    /// How many devices failed.
    pub(crate) fn failed(&self) -> usize {
        self.summary().failed
    }

    /// Names the devices that do not follow their models: in sync means something else for them.
    fn print_pinned(&self) {
        let pinned =
            self.outcomes.iter().filter(|outcome| outcome.pinned.is_some() && outcome.class() != Class::Failed);
        let pinned: Vec<_> = pinned.map(|outcome| outcome.device.as_str()).collect();
        if self.report.restore.is_some() || pinned.is_empty() {
            return;
        }
        let verb = if pinned.len() == 1 { "is" } else { "are" };
        let sentence = format!(
            "Of these, {} {verb} pinned to an earlier configuration and compared with that, not with models: {}",
            count(pinned.len(), "device"),
            names(&pinned)
        );
        screen::sentence(&sentence, 2);
    }

    /// True if something would change.
    pub(crate) fn differs(&self) -> bool {
        self.summary().differ > 0
    }

    fn document(&self) -> Value {
        let Summary { in_sync, changed, differ, pending, superseded, failed, diffs, .. } = self.summary();
        json!({
            "run": self.report.run,
            "mode": self.report.mode,
            "status": self.report.status,
            "summary": {
                "in_sync": in_sync, "changed": changed, "to_change": differ, "pending": pending, "superseded": superseded,
                "failed": failed,
                "distinct_diffs": diffs,
            },
            "devices": self.documents,
        })
    }

    fn diffs(&self) -> impl Iterator<Item = (&str, &str)> {
        let with = self.outcomes.iter().filter(|outcome| {
            !outcome.diff.is_empty() && !matches!(outcome.class(), Class::Failed | Class::Superseded)
        });
        with.map(|outcome| (outcome.device.as_str(), outcome.diff.as_str()))
    }

    fn print_diffs(&self) {
        let verb = match self.report.mode.as_str() {
            "plan" => "would change",
            "check" => "drifted",
            _ => "changed",
        };
        for group in diff::group(self.diffs()) {
            let (added, removed) = changed_lines(&group.diff);
            let lines = format!("+{added} -{removed}");
            let heading = match group.devices[..] {
                [device] => format!("{} {verb} ({lines})", style(device).bold()),
                _ => {
                    let devices = count(group.devices.len(), "device");
                    format!("{devices} {verb} alike ({lines}): {}", style(names(&group.devices)).bold())
                }
            };
            screen::sentence(&heading, 2);
            diff::print(&group.diff);
            screen::line("");
        }
    }
}

impl Summary {
    /// `Plan: 3 to change, 5 in sync, 1 failed. 2 distinct diffs over 3 devices.`
    fn sentence(&self, mode: &str) -> String {
        let (name, differ) = match mode {
            "plan" => ("Plan", "to change"),
            "check" => ("Check", "drifted"),
            _ => ("Apply", "to change"),
        };
        let parts = [
            (self.changed, "changed"),
            (self.differ, differ),
            (self.in_sync, "in sync"),
            (self.failed, "failed"),
            (self.superseded, "left to another run"),
            (self.pending, "without outcome"),
        ];
        let parts: Vec<_> = parts
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, words)| format!("{number} {words}"))
            .collect();
        let diffs = match self.diffs {
            0 => String::new(),
            diffs => format!(" {} over {}.", count(diffs, "distinct diff"), count(self.with_diffs, "device")),
        };
        format!("{name}: {}.{diffs}", parts.join(", "))
    }
}

/// Prints every failure, those of one reason once.
pub(crate) fn print_failures(outcomes: &[Outcome]) {
    let mut failures: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for outcome in
        outcomes.iter().filter(|outcome| matches!(outcome.class(), Class::Failed | Class::Pending | Class::Superseded))
    {
        let reason = outcome.error.as_deref().or(outcome.reason.as_deref()).unwrap_or("it was not tried yet");
        failures.entry((&outcome.status, reason)).or_default().push(&outcome.device);
    }
    for ((word, reason), devices) in &failures {
        screen::sentence(&format!("{} {}: {reason}", style(names(devices)).bold(), screen::status(word)), 2);
    }
    if !failures.is_empty() {
        screen::line("");
    }
}
