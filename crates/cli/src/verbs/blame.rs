//! `naas blame`: shows which run and which model each line of a device's configuration comes from.

use clap::Args;
use serde_json::Value;

use crate::backend::Target;
use crate::screen::{self, Form, moment};

/// The options of `naas blame`.
#[derive(Debug, Args)]
pub(crate) struct Blame {
    /// The device
    #[arg(value_name = "DEVICE")]
    device: String,
    #[command(flatten)]
    target: Target,
}

impl Blame {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let backend = self.target.open().await?;
        let document = backend.get(&format!("devices/{}/blame", self.device)).await?;
        if self.target.output == Form::Json {
            screen::json(document);
            return Ok(());
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let row = |line: &Value| {
            vec![
                text(&line["run"]),
                moment(&text(&line["at"])),
                text(&line["by"]),
                text(&line["model"]),
                text(&line["text"]),
            ]
        };
        let rows: Vec<_> = document["lines"].as_array().into_iter().flatten().map(row).collect();
        screen::table(&["run", "at", "by", "model", "line"], &rows);
        Ok(())
    }
}
