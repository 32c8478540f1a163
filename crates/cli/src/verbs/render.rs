//! `naas render`: the configuration that a device's models come to, as it would be pushed; no switch is asked.

use std::path::PathBuf;

use adapters::embedded::FolderModels;
use anyhow::{Context, anyhow};
use clap::Args;
use naas::name::DeviceName;
use naas::ports::Models;
use naas::render::Intent;
use serde_json::json;

use crate::screen::{self, Form};
use crate::site;

/// The options of `naas render`.
#[derive(Debug, Args)]
pub(crate) struct Render {
    /// The device
    #[arg(value_name = "DEVICE")]
    device: String,
    /// The site folder
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    site: PathBuf,
    /// How results are printed
    #[arg(long, value_name = "FORM", value_enum, default_value = "text")]
    output: Form,
}

impl Render {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let folder = site::find(&self.site).await?;
        let inventory = site::inventory(&folder).await?;
        let device = DeviceName::new(self.device.as_str()).ok().and_then(|name| inventory.device(&name));
        let device = device.ok_or_else(|| anyhow!("the inventory does not have device {}", self.device))?;
        let files = FolderModels::new(folder.join("models")).snapshot().await.context("models")?;
        let intent = Intent::read(&files)?;
        let intended = intent.render(&device).with_context(|| device.name.to_string())?;
        match self.output {
            Form::Text => screen::text(&intended.configuration),
            Form::Json => screen::json(json!({"device": device.name, "configuration": intended.configuration})),
        }
        Ok(())
    }
}
