//! `naas accept`: lets another switch take the place of a device, which was replaced or renamed.

use clap::Args;
use serde_json::Value;

use crate::backend::Target;
use crate::screen::{self, Form};

/// The options of `naas accept`.
#[derive(Debug, Args)]
pub(crate) struct Accept {
    /// The device
    #[arg(value_name = "DEVICE")]
    device: String,
    #[command(flatten)]
    target: Target,
}

impl Accept {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let Self { device, target } = self;
        let document = target.open().await?.post(&format!("devices/{device}/accept"), Value::Null).await?;
        match target.output {
            Form::Json => screen::json(document),
            Form::Text => {
                let apply = target.command(&format!("apply {device}"));
                screen::sentence(
                    &format!("The next switch that answers for {device} takes its place. Ask it: {apply}"),
                    0,
                );
            }
        }
        Ok(())
    }
}
