//! `naas apply`: configures switches as their models say. Without a plan it makes one, shows it and
//! asks.

use anyhow::bail;
use clap::{ArgGroup, Args};
use serde_json::{Value, json};

use super::plan::plan;
use crate::backend::{Backend, CallError, Target};
use crate::documents::{Class, Receipt, Report, read};
use crate::follow::{Followed, follow};
use crate::screen::{self, Form, count};
use crate::verbs::{Devices, Ended};

/// The options of `naas apply`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whom").required(true).multiple(true).args(["names", "groups", "all", "plan"]))]
pub(crate) struct Apply {
    #[command(flatten)]
    devices: Devices,
    /// Every device of the inventory
    #[arg(long, conflicts_with_all = ["names", "groups"])]
    all: bool,
    /// Apply this plan and nothing else: a device whose models or configuration have changed since
    /// is refused
    #[arg(long, value_name = "RUN", conflicts_with_all = ["names", "groups", "all"])]
    plan: Option<String>,
    /// Apply without making a plan and asking first
    #[arg(long, short)]
    yes: bool,
    /// Commit timer in seconds: a switch that is not confirmed within it returns to its old
    /// configuration
    #[arg(long, value_name = "SECONDS")]
    confirm: Option<u32>,
    #[command(flatten)]
    target: Target,
}

impl Apply {
    pub(crate) async fn run(self) -> anyhow::Result<Ended> {
        let asks = self.plan.is_none() && !self.yes;
        if asks && (!screen::somebody_there() || self.target.output == Form::Json) {
            bail!(
                "apply shows a plan and asks before it changes anything, but there is no terminal to ask at; add --yes, or make a \
                 plan first and apply it with --plan RUN"
            );
        }
        let mut backend = self.target.open().await?;
        match &self.plan {
            Some(plan) => match unchanging(&backend, plan).await? {
                Some(report) => Ok(self.conclude_unchanging(&report)),
                None => self.apply(&mut backend, json!({"plan": plan})).await,
            },
            None if asks => match self.agreed(&mut backend).await? {
                Ok(Agreed { plan, failed }) => {
                    let applied = self.apply(&mut backend, json!({"plan": plan})).await?;
                    Ok(with_failures_of_the_plan(applied, failed))
                }
                Err(ended) => Ok(ended),
            },
            None => self.apply(&mut backend, self.devices.request("apply")).await,
        }
    }

    async fn apply(&self, backend: &mut Backend, mut request: Value) -> anyhow::Result<Ended> {
        if let Some(confirm) = self.confirm {
            request["confirm"] = confirm.into();
        }
        apply(backend, request, &self.target).await
    }

    /// Prints that a plan changes nothing, and tells how that ends: as the plan did.
    fn conclude_unchanging(&self, plan: &Report) -> Ended {
        let failed: u64 = plan.counts_of(Class::Failed);
        match self.target.output {
            Form::Json => screen::json(json!({
                "run": null, "mode": "apply", "status": "finished", "plan": plan.run, "devices": [],
                "summary": {
                    "in_sync": 0, "changed": 0, "to_change": 0, "pending": 0, "superseded": 0, "failed": 0,
                    "distinct_diffs": 0,
                },
            })),
            Form::Text => screen::line(format_args!("Apply: plan {} changes no device.", plan.run)),
        }
        with_failures_of_the_plan(Ended::InSync, usize::try_from(failed).unwrap_or(usize::MAX))
    }

    /// The plan that somebody agreed to, or how the verb ends because there is nothing to agree to.
    async fn agreed(&self, backend: &mut Backend) -> anyhow::Result<Result<Agreed, Ended>> {
        let planned: Followed = plan(backend, &self.devices).await?;
        planned.print(Form::Text);
        if planned.interrupted || !planned.differs() {
            planned.say_interrupted(&self.target);
            return Ok(Err(planned.ended()));
        }
        if screen::agrees("Apply these changes?").await? {
            return Ok(Ok(Agreed { failed: planned.failed(), plan: planned.report.run }));
        }
        screen::remark("Nothing was applied.");
        Ok(Err(Ended::Changes))
    }
}

/// A plan that somebody agreed to.
struct Agreed {
    /// The run of the plan.
    plan: String,
    /// How many devices failed in it, so that it does not change them.
    failed: usize,
}

/// How an apply ended whose plan left devices out because they failed.
fn with_failures_of_the_plan(ended: Ended, failed: usize) -> Ended {
    if failed == 0 {
        return ended;
    }
    screen::remark(format_args!("naas: {} failed in the plan and got nothing", count(failed, "device")));
    Ended::Failed
}

/// The report of a finished plan that changes no device. Of any other run, the API says why it
/// cannot be applied.
async fn unchanging(backend: &Backend, plan: &str) -> anyhow::Result<Option<Report>> {
    let report: Report = match backend.get(&format!("runs/{plan}")).await {
        Ok(document) => read(&document)?,
        Err(CallError::Problem { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let changes_nothing = report.mode == "plan" && report.status == "finished" && report.counts_of(Class::Differs) == 0;
    Ok(changes_nothing.then_some(report))
}

/// Sends the request, waits for its run and prints it.
pub(crate) async fn apply(backend: &mut Backend, request: Value, target: &Target) -> anyhow::Result<Ended> {
    let receipt: Receipt = read(&backend.post("configure", request).await?)?;
    let applied = follow(backend, &receipt.run).await?;
    applied.print(target.output);
    applied.say_interrupted(target);
    Ok(applied.ended())
}
