//! `naas plan`: shows what an apply would change, in the switches' own diffs. Nothing is changed.

use clap::Args;

use crate::backend::{Backend, Target};
use crate::documents::{Receipt, read};
use crate::follow::{Followed, follow};
use crate::screen::{self, Form};
use crate::verbs::{Devices, Ended};

/// The options of `naas plan`.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    devices: Devices,
    #[command(flatten)]
    target: Target,
}

impl Plan {
    pub(crate) async fn run(self) -> anyhow::Result<Ended> {
        let mut backend = self.target.open().await?;
        let planned = plan(&mut backend, &self.devices).await?;
        planned.print(self.target.output);
        if self.target.output == Form::Text && planned.differs() && !planned.interrupted {
            let apply = self.target.command(&format!("apply --plan {}", planned.report.run));
            screen::line(format_args!("To apply exactly this: {apply}"));
        }
        planned.say_interrupted(&self.target);
        Ok(planned.ended())
    }
}

/// Makes a plan for the devices and waits for it.
pub(crate) async fn plan(backend: &mut Backend, devices: &Devices) -> anyhow::Result<Followed> {
    let receipt: Receipt = read(&backend.post("configure", devices.request("plan")).await?)?;
    follow(backend, &receipt.run).await
}

impl Followed {
    /// Prints what happens to the rest of a run that somebody did not wait for.
    pub(crate) fn say_interrupted(&self, target: &Target) {
        let pending = self.report.counts.get("pending").copied().unwrap_or(0);
        if !self.interrupted || pending == 0 {
            return;
        }
        let run = &self.report.run;
        let (goes_on, cancel) = (target.command(&format!("status {run}")), target.command(&format!("cancel {run}")));
        let devices = screen::count(usize::try_from(pending).unwrap_or(usize::MAX), "device");
        screen::remark(match target.folder() {
            Some(_) => format!(
                "naas: {devices} of run {run} have no outcome and stay queued; `naas serve` continues with them, `{cancel}` \
                 cancels them"
            ),
            None => format!(
                "naas: run {run} continues without this command; {devices} have no outcome yet; `{goes_on}` shows them, \
                 `{cancel}` cancels those that have not started"
            ),
        });
    }
}
