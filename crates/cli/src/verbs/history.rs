//! `naas history`: what a device was made to run, newest first, and each of these configurations.

use clap::Args;
use serde_json::Value;

use crate::backend::Target;
use crate::screen::{self, Form, moment};

/// How much of a hash is shown: enough to name it by.
const SHORT: usize = 12;

/// The options of `naas history`.
#[derive(Debug, Args)]
pub(crate) struct History {
    /// The device
    #[arg(value_name = "DEVICE")]
    device: String,
    /// Print this configuration: its hash, or the first eight or more digits of it
    #[arg(long, value_name = "HASH", conflicts_with = "limit")]
    show: Option<String>,
    /// How many, at most 200
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
        if let Value::Object(held) = &document["pinned"] {
            let hash: String = held.get("configuration").map(text).unwrap_or_default().chars().take(SHORT).collect();
            let release = self.target.command(&format!("rollback {} --release", self.device));
            let sentence = format!("\n{} is held at {hash}, models do not count; `{release}` ends that", self.device);
            screen::sentence(&sentence, 0);
        }
        if versions.is_empty() {
            screen::line(format_args!("No configuration of {} is known yet.", self.device));
        }
    }
}
