//! `naas runs`: lists the latest runs, newest first.

use clap::Args;
use serde_json::Value;

use crate::backend::Target;
use crate::screen::{self, Form, moment};

/// The options of `naas runs`.
#[derive(Debug, Args)]
pub(crate) struct Runs {
    /// List at most N runs, up to 200
    #[arg(long, short = 'n', value_name = "N", default_value = "20")]
    limit: u16,
    #[command(flatten)]
    target: Target,
}

impl Runs {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let backend = self.target.open().await?;
        let document = backend.get(&format!("runs?limit={}", self.limit)).await?;
        if self.target.output == Form::Json {
            screen::json(document);
            return Ok(());
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let row = |run: &Value| {
            let of = match (&run["plan"], &run["restore"]) {
                (Value::String(plan), _) => format!("plan {plan}"),
                (_, Value::String(restore)) => format!("rollback to {restore:.8}"),
                _ => String::new(),
            };
            let (accepted, mode, devices) =
                (moment(&text(&run["accepted_at"])), text(&run["mode"]), run["devices"].to_string());
            vec![text(&run["run"]), accepted, mode, devices, text(&run["by"]), of]
        };
        let rows: Vec<_> = document["runs"].as_array().into_iter().flatten().map(row).collect();
        screen::table(&["run", "accepted", "mode", "devices", "by", "of"], &rows);
        Ok(())
    }
}
