//! `naas check`: detects drift. A switch that is in sync is asked once, and nothing is changed.

use clap::Args;

use crate::backend::Target;
use crate::documents::{Receipt, read};
use crate::follow::follow;
use crate::verbs::{Devices, Ended};

/// The options of `naas check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    devices: Devices,
    #[command(flatten)]
    target: Target,
}

impl Check {
    pub(crate) async fn run(self) -> anyhow::Result<Ended> {
        let mut backend = self.target.open().await?;
        let receipt: Receipt = read(&backend.post("configure", self.devices.request("check")).await?)?;
        let checked = follow(&mut backend, &receipt.run).await?;
        checked.print(self.target.output);
        checked.say_interrupted(&self.target);
        Ok(checked.ended())
    }
}
