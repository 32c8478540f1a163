//! `naas rollback`: brings a device back to what it was once made to run, and holds it there until it is released.

use anyhow::{anyhow, bail};
use clap::{ArgGroup, Args};
use serde_json::{Value, json};

use super::apply::apply;
use crate::backend::{Backend, Target};
use crate::documents::{Receipt, read};
use crate::follow::follow;
use crate::screen::{self, Form};
use crate::verbs::Ended;

/// The word for the configuration before the present one.
const PREVIOUS: &str = "previous";

/// The options of `naas rollback`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["to", "release"]))]
pub(crate) struct Rollback {
    /// The device
    #[arg(value_name = "DEVICE")]
    device: String,
    /// The configuration: its hash or the beginning of it, the run that brought it, or `previous`; `naas history` lists them
    #[arg(long, value_name = "HASH|RUN|previous")]
    to: Option<String>,
    /// Let models count again, from the next run on
    #[arg(long, conflicts_with = "yes")]
    release: bool,
    /// Do not ask, and do not plan first
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    target: Target,
}

impl Rollback {
    pub(crate) async fn run(self) -> anyhow::Result<Ended> {
        let asks = !self.release && !self.yes;
        if asks && (!screen::somebody_there() || self.target.output == Form::Json) {
            bail!("rollback shows a plan and asks before it changes anything, and there is nobody to ask; add --yes");
        }
        let mut backend = self.target.open().await?;
        match &self.to {
            None => self.release(&backend).await,
            Some(to) => {
                let to = if to == PREVIOUS { self.previous(&backend).await? } else { to.clone() };
                self.restore(&mut backend, &to, asks).await
            }
        }
    }

    async fn release(&self, backend: &Backend) -> anyhow::Result<Ended> {
        let document = backend.post(&format!("devices/{}/release", self.device), Value::Null).await?;
        match self.target.output {
            Form::Json => screen::json(document),
            Form::Text => {
                let apply = self.target.command(&format!("apply {}", self.device));
                screen::sentence(
                    &format!("{} is held no more; `{apply}` brings it to what models say.", self.device),
                    0,
                );
            }
        }
        Ok(Ended::InSync)
    }

    async fn restore(&self, backend: &mut Backend, to: &str, asks: bool) -> anyhow::Result<Ended> {
        let request = |mode: &str| json!({"devices": [self.device], "restore": to, "mode": mode});
        if asks {
            let receipt: Receipt = read(&backend.post("configure", request("plan")).await?)?;
            let planned = follow(backend, &receipt.run).await?;
            planned.print(Form::Text);
            if planned.interrupted || planned.ended() == Ended::Failed {
                planned.say_interrupted(&self.target);
                return Ok(Ended::Failed);
            }
            let question = format!("Roll {} back, and hold it there until it is released?", self.device);
            if !screen::agrees(&question).await? {
                screen::remark("Nothing was rolled back.");
                return Ok(planned.ended());
            }
        }
        let ended = apply(backend, request("apply"), &self.target).await?;
        if ended == Ended::InSync && self.target.output == Form::Text {
            let release = self.target.command(&format!("rollback {} --release", self.device));
            screen::sentence(&format!("{} is held there, whatever models say, until `{release}`.", self.device), 0);
        }
        Ok(ended)
    }

    /// The newest configuration that is another one than the present.
    async fn previous(&self, backend: &Backend) -> anyhow::Result<String> {
        let history = backend.get(&format!("devices/{}/history?limit=200", self.device)).await?;
        let mut hashes = history["versions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|version| version["configuration"].as_str());
        let present = hashes.next();
        let previous = hashes.find(|hash| Some(*hash) != present);
        previous
            .map(str::to_owned)
            .ok_or_else(|| anyhow!("only one configuration of {} is known, so there is none before it", self.device))
    }
}
