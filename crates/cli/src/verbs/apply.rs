//! `naas apply`: brings switches to what they should run. Without a plan it makes one, shows it and asks.

use anyhow::bail;
use clap::{ArgGroup, Args};
use serde_json::json;

use super::plan::plan;
use crate::backend::{Backend, Target};
use crate::documents::{Receipt, read};
use crate::follow::{Followed, follow};
use crate::screen::{self, Form};
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
    /// The devices that this plan would change, and exactly that change: one that has moved since is left alone
    #[arg(long, value_name = "RUN", conflicts_with_all = ["names", "groups", "all"])]
    plan: Option<String>,
    /// Do not ask, and do not plan first
    #[arg(long, short)]
    yes: bool,
    /// Seconds that a switch runs its new configuration on trial before it goes back by itself
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
                "apply shows a plan and asks before it changes anything, and there is nobody to ask; add --yes, or make a \
                 plan first and apply that with --plan RUN"
            );
        }
        let mut backend = self.target.open().await?;
        let plan = match &self.plan {
            Some(plan) => Some(plan.clone()),
            None if asks => match self.agreed(&mut backend).await? {
                Ok(plan) => Some(plan),
                Err(ended) => return Ok(ended),
            },
            None => None,
        };
        let mut request = match plan {
            Some(plan) => json!({"plan": plan}),
            None => self.devices.request("apply"),
        };
        if let Some(confirm) = self.confirm {
            request["confirm"] = confirm.into();
        }
        apply(&mut backend, request, &self.target).await
    }

    /// The plan that somebody agreed to, or how it ends because there is nothing to agree to.
    async fn agreed(&self, backend: &mut Backend) -> anyhow::Result<Result<String, Ended>> {
        let planned: Followed = plan(backend, &self.devices).await?;
        planned.print(Form::Text);
        if planned.interrupted || !planned.differs() {
            planned.say_interrupted(&self.target);
            return Ok(Err(planned.ended()));
        }
        if screen::agrees("Apply these changes?").await? {
            return Ok(Ok(planned.report.run));
        }
        screen::remark("Nothing was applied.");
        Ok(Err(Ended::Changes))
    }
}

/// Sends the request, waits for its run and prints it.
pub(crate) async fn apply(backend: &mut Backend, request: serde_json::Value, target: &Target) -> anyhow::Result<Ended> {
    let receipt: Receipt = read(&backend.post("configure", request).await?)?;
    let applied = follow(backend, &receipt.run).await?;
    applied.print(target.output);
    applied.say_interrupted(target);
    Ok(applied.ended())
}
