//! `naas redrive`: retries the devices that were given up and parked, once their trouble is over.

use clap::Args;
use serde_json::Value;

use crate::backend::Target;
use crate::follow::follow;
use crate::screen::{self, Form, count};
use crate::verbs::Ended;

/// The options of `naas redrive`.
#[derive(Debug, Args)]
pub(crate) struct Redrive {
    #[command(flatten)]
    target: Target,
}

impl Redrive {
    pub(crate) async fn run(self) -> anyhow::Result<Ended> {
        let mut backend = self.target.open().await?;
        let document = backend.post("redrive", Value::Null).await?;
        let list = |key: &str| document[key].as_array().cloned().unwrap_or_default();
        let (resumed, started, left) = (list("resumed"), list("started"), list("left"));
        let runs = resumed.iter().chain(started.iter().map(|receipt| &receipt["run"]));
        let runs: Vec<_> = runs.filter_map(|run| run.as_str().map(str::to_owned)).collect();
        if self.target.output == Form::Json {
            screen::json(document);
        } else {
            for stays in &left {
                let reason = stays["reason"].as_str().unwrap_or("no reason given");
                screen::sentence(&format!("still parked: {reason}"), 2);
            }
            screen::line(format_args!(
                "Redrive: {} sent again, {} still parked.",
                count(runs.len(), "run"),
                left.len()
            ));
        }
        let mut ended = if left.is_empty() { Ended::InSync } else { Ended::Failed };
        for run in runs {
            let followed = follow(&mut backend, &run).await?;
            if self.target.output == Form::Text {
                followed.print(Form::Text);
            }
            followed.say_interrupted(&self.target);
            if followed.ended() == Ended::Failed || followed.interrupted {
                ended = Ended::Failed;
            }
        }
        Ok(ended)
    }
}
