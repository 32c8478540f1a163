//! `naas rollback`: restores a configuration from a device's history, and pins the device to it.

use anyhow::{anyhow, bail};
use clap::{ArgGroup, Args};
use serde_json::json;

use super::apply::apply;
use super::unpin::unpin;
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
    /// Restore this configuration: its hash or the first eight digits of it, the run that applied
    /// it, or `previous`; `naas history` lists them
    #[arg(long, value_name = "HASH|RUN|previous")]
    to: Option<String>,
    /// End the pin; `naas unpin` is the word for that
    #[arg(long, conflicts_with = "yes", hide = true)]
    release: bool,
    /// Restore without making a plan and asking first
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    target: Target,
}

impl Rollback {
    pub(crate) async fn run(self) -> anyhow::Result<Ended> {
        let asks = !self.release && !self.yes;
        if asks && (!screen::somebody_there() || self.target.output == Form::Json) {
            bail!(
                "rollback shows a plan and asks before it changes anything, but there is no terminal to ask at; add --yes"
            );
        }
        let mut backend = self.target.open().await?;
        match &self.to {
            None => unpin(&backend, &self.device, &self.target).await.map(|()| Ended::InSync),
            Some(to) => {
                let to = if to == PREVIOUS { self.previous(&backend).await? } else { to.clone() };
                self.restore(&mut backend, &to, asks).await
            }
        }
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
            let question = format!("Roll {} back, and pin it to that configuration?", self.device);
            if !screen::agrees(&question).await? {
                screen::remark("Nothing was rolled back.");
                return Ok(planned.ended());
            }
        }
        let ended = apply(backend, request("apply"), &self.target).await?;
        if ended == Ended::InSync && self.target.output == Form::Text {
            let unpin = self.target.command(&format!("unpin {}", self.device));
            let sentence =
                format!("{} is pinned to this configuration and does not follow models until: {unpin}", self.device);
            screen::sentence(&sentence, 0);
        }
        Ok(ended)
    }

    /// The newest configuration of the history that differs from the present one.
    async fn previous(&self, backend: &Backend) -> anyhow::Result<String> {
        let history = backend.get(&format!("devices/{}/history?limit=200", self.device)).await?;
        let mut hashes = history["versions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|version| version["configuration"].as_str());
        let present = hashes.next();
        let previous = hashes.find(|hash| Some(*hash) != present);
        previous.map(str::to_owned).ok_or_else(|| {
            anyhow!("the history of {} has only one configuration, so there is no previous one", self.device)
        })
    }
}
