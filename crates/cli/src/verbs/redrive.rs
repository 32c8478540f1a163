//! `naas redrive`: retries the devices that were given up and parked, once their trouble is over.

use clap::Args;
use serde_json::{Map, Value, json};

use crate::backend::Target;
use crate::follow::follow;
use crate::screen::{self, Form, count};
use crate::verbs::Ended;

/// The options of `naas redrive`.
#[derive(Debug, Args)]
pub(crate) struct Redrive {
    /// Only these devices
    #[arg(value_name = "DEVICE")]
    devices: Vec<String>,
    /// Only what this run parked
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    #[command(flatten)]
    target: Target,
}

impl Redrive {
    /// The body of the request: what is selected, or `null` for everything.
    fn selection(&self) -> Value {
        let mut body = Map::new();
        if !self.devices.is_empty() {
            body.insert("devices".to_owned(), json!(self.devices));
        }
        if let Some(run) = &self.run {
            body.insert("run".to_owned(), json!(run));
        }
        if body.is_empty() { Value::Null } else { body.into() }
    }

    pub(crate) async fn run(self) -> anyhow::Result<Ended> {
        let mut backend = self.target.open().await?;
        let document = backend.post("redrive", self.selection()).await?;
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        redrive: Redrive,
    }

    #[test]
    fn what_is_selected_becomes_the_body_of_the_request() {
        for (arguments, body) in [
            (&["naas"][..], Value::Null),
            (&["naas", "leaf1", "leaf2"], json!({"devices": ["leaf1", "leaf2"]})),
            (&["naas", "--run", "r1"], json!({"run": "r1"})),
            (&["naas", "leaf1", "--run", "r1"], json!({"devices": ["leaf1"], "run": "r1"})),
        ] {
            assert_eq!(Command::parse_from(arguments).redrive.selection(), body, "{arguments:?}");
        }
    }
}
