//! `naas history`: the configurations that were applied to a device, newest first, and the text of
//! each.

use clap::Args;
use serde_json::Value;

use crate::backend::Target;
use crate::documents::pin;
use crate::screen::{self, Form, moment};

/// How many digits of a hash are shown. Eight suffice to name a configuration.
const SHORT: usize = 12;

/// The options of `naas history`.
#[derive(Debug, Args)]
pub(crate) struct History {
    /// The device
    #[arg(value_name = "DEVICE")]
    device: String,
    /// Print this configuration: its hash, or the first eight or more digits of it; secrets are
    /// masked
    #[arg(long, value_name = "HASH", conflicts_with = "limit")]
    show: Option<String>,
    /// List at most N configurations, up to 200
    #[arg(long, short = 'n', value_name = "N", default_value = "20")]
    limit: u16,
    #[command(flatten)]
    target: Target,
}

impl History {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let backend = self.target.open().await?;
        let path = match &self.show {
            Some(hash) => format!("devices/{}/configurations/{hash}", self.device),
            None => format!("devices/{}/history?limit={}", self.device, self.limit),
        };
        let document = backend.get(&path).await?;
        match (self.target.output, &document["text"]) {
            (Form::Json, _) => screen::json(document),
            (Form::Text, Value::String(text)) => screen::text(text),
            (Form::Text, _) => self.print(&document),
        }
        Ok(())
    }

    fn print(&self, document: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let versions: Vec<_> = document["versions"].as_array().into_iter().flatten().collect();
        let row = |version: &&Value| {
            let lines = format!("+{} -{}", version["added"], version["removed"]);
            let hash = text(&version["configuration"]).chars().take(SHORT).collect();
            vec![hash, moment(&text(&version["at"])), lines, text(&version["run"]), text(&version["by"])]
        };
        screen::table(&["configuration", "since", "lines", "run", "by"], &versions.iter().map(row).collect::<Vec<_>>());
        if let Some(pin) = pin(document) {
            let hash: String = text(&pin["configuration"]).chars().take(SHORT).collect();
            let unpin = self.target.command(&format!("unpin {}", self.device));
            let sentence =
                format!("\n{} is pinned to {hash} and does not follow models. To end that: {unpin}", self.device);
            screen::sentence(&sentence, 0);
        }
        if versions.is_empty() {
            screen::line(format_args!("The history of {} is empty.", self.device));
        }
    }
}
