//! `naas status`: the state of the fleet, of a run, or of a device in a run.

use std::collections::BTreeSet;

use clap::Args;
use console::style;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use crate::backend::{Backend, CallError, Target};
use crate::documents::{Outcome, Report, pin, read};
use crate::follow::outcomes;
use crate::remarks;
use crate::results::print_failures;
use crate::screen::{self, Form, count, moment};
use crate::{diff, site};

/// How many runs are searched for devices, besides the inventory.
const RUNS: usize = 50;

/// Requests under way at once.
const CONCURRENCY: usize = 16;

/// The options of `naas status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Show this run instead of the whole fleet
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// Show this device of the run
    #[arg(value_name = "DEVICE")]
    device: Option<String>,
    #[command(flatten)]
    target: Target,
}

impl Status {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let backend = self.target.open().await?;
        match (&self.run, &self.device) {
            (Some(run), Some(device)) => self.device(&backend, run, device).await?,
            (Some(run), None) => self.one_run(&backend, run).await?,
            _ => self.fleet(&backend).await?,
        }
        Ok(())
    }

    async fn device(&self, backend: &Backend, run: &str, device: &str) -> anyhow::Result<()> {
        let document = backend.get(&format!("runs/{run}/devices/{device}")).await?;
        match self.target.output {
            Form::Json => screen::json(document),
            Form::Text => print_outcome(&read(&document)?),
        }
        Ok(())
    }

    async fn one_run(&self, backend: &Backend, run: &str) -> anyhow::Result<()> {
        let document = backend.get(&format!("runs/{run}")).await?;
        if self.target.output == Form::Json {
            screen::json(document);
            return Ok(());
        }
        let report: Report = read(&document)?;
        let by = report.by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default();
        let plan = report.plan.as_ref().map(|plan| format!(", of plan {plan}")).unwrap_or_default();
        let Report { run, mode, status, accepted_at, .. } = &report;
        screen::sentence(&format!("Run {run}: {mode}{plan}, {status}, accepted {}{by}", moment(accepted_at)), 2);
        let rows: Vec<_> = report
            .devices
            .iter()
            .map(|(device, word)| vec![device.clone(), screen::status(word).to_string()])
            .collect();
        screen::line("");
        screen::table(&["device", "status"], &rows);
        screen::line("");
        let (_, outcomes) = outcomes(backend, &report).await?;
        print_failures(&outcomes);
        Ok(())
    }

    async fn fleet(&self, backend: &Backend) -> anyhow::Result<()> {
        let devices = self.devices(backend).await?;
        let reports: Vec<_> = stream::iter(&devices)
            .map(|device| async move {
                match backend.get(&format!("devices/{device}")).await {
                    Err(CallError::Problem { status: 404, .. }) => Ok(json!({"device": device})),
                    answered => answered,
                }
            })
            .buffered(CONCURRENCY)
            .try_collect()
            .await?;
        match self.target.output {
            Form::Json => screen::json(json!({"devices": reports})),
            Form::Text => print_fleet(&reports),
        }
        Ok(())
    }

    /// The devices of the inventory, where it can be read, and of the last runs.
    async fn devices(&self, backend: &Backend) -> anyhow::Result<BTreeSet<String>> {
        let mut devices = BTreeSet::new();
        if let Some(folder) = self.target.folder() {
            let inventory = site::inventory(&site::find(&folder).await?).await?;
            devices.extend(inventory.names().map(ToString::to_string));
        }
        let runs = backend.get(&format!("runs?limit={RUNS}")).await?;
        let runs = runs["runs"].as_array().into_iter().flatten().filter_map(|run| run["run"].as_str());
        let paths: Vec<_> = runs.map(|run| format!("runs/{run}")).collect();
        let reports: Vec<Value> =
            stream::iter(&paths).map(|path| backend.get(path)).buffered(CONCURRENCY).try_collect().await?;
        for report in &reports {
            devices.extend(read::<Report>(report)?.devices.into_keys());
        }
        Ok(devices)
    }
}

fn print_fleet(reports: &[Value]) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let row = |report: &Value| {
        let now = match (pin(report), &report["worked_on_by"]) {
            (_, Value::Object(holder)) => format!("worked on by {}", text(&holder["run"])),
            (Some(pin), _) => format!("pinned to {:.8}", text(&pin["configuration"])),
            _ => String::new(),
        };
        let last = &report["last"];
        let status = match last["status"].as_str() {
            Some(word) => screen::status(word).to_string(),
            None => "never configured".to_owned(),
        };
        vec![text(&report["device"]), status, moment(&text(&last["at"])), text(&last["run"]), now]
    };
    screen::table(&["device", "last outcome", "at", "run", "now"], &reports.iter().map(row).collect::<Vec<_>>());
}

/// Prints everything that is known about one device in one run.
fn print_outcome(outcome: &Outcome) {
    let Outcome { run, device, status, .. } = outcome;
    screen::line(format_args!("{} in run {run}: {}", style(device).bold(), screen::status(status)));
    let fact = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            screen::sentence(&format!("  {name:<10} {value}"), 13);
        }
    };
    fact("switch", outcome.switch.as_ref().map(left));
    fact("pinned to", outcome.pinned.clone());
    fact("started", outcome.started_at.as_deref().map(moment));
    fact("finished", outcome.finished_at.as_deref().map(moment));
    fact("error", outcome.error.clone());
    fact(
        "attempts",
        outcome.attempts.map(|attempts| count(usize::try_from(attempts).unwrap_or(usize::MAX), "attempt")),
    );
    fact("reason", outcome.reason.clone());
    fact("next try", outcome.again_at.as_deref().map(moment));
    if !outcome.remarks.is_empty() {
        screen::line("  the switch remarked:");
        remarks::print_alone(&outcome.remarks);
    }
    if !outcome.diff.is_empty() {
        screen::line("");
        diff::print(&outcome.diff);
    }
}

/// How a switch was left, in words.
fn left(state: &Value) -> String {
    match state.as_str() {
        Some("not_contacted") => "was not contacted".to_owned(),
        Some("unchanged") => "runs what it ran before".to_owned(),
        Some("saved") => "runs the new configuration, saved".to_owned(),
        Some("not_saved") => "runs the new configuration, not saved: a reload brings the old one back".to_owned(),
        Some("reverting") => "goes back to what it ran before by its commit timer".to_owned(),
        Some("unknown") => "may or may not run the new configuration; `naas plan` tells".to_owned(),
        Some(other) => other.to_owned(),
        None => match state["session_left"].as_str() {
            Some(session) => format!("runs what it ran before; session {session} may be pending on it"),
            None => state.to_string(),
        },
    }
}
