//! `naas unpin`: ends the pin of a device, so that models decide again what it runs.

use clap::Args;
use serde_json::Value;

use crate::backend::{Backend, Target};
use crate::screen::{self, Form};

/// The options of `naas unpin`.
#[derive(Debug, Args)]
pub(crate) struct Unpin {
    /// The device
    #[arg(value_name = "DEVICE")]
    device: String,
    #[command(flatten)]
    target: Target,
}

impl Unpin {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        unpin(&self.target.open().await?, &self.device, &self.target).await
    }
}

/// Ends the pin of a device, and prints that.
pub(crate) async fn unpin(backend: &Backend, device: &str, target: &Target) -> anyhow::Result<()> {
    let document = backend.post(&format!("devices/{device}/unpin"), Value::Null).await?;
    match target.output {
        Form::Json => screen::json(document),
        Form::Text => {
            let apply = target.command(&format!("apply {device}"));
            screen::sentence(&format!("{device} is not pinned any more. To bring it to what models say: {apply}"), 0);
        }
    }
    Ok(())
}
