//! `naas render`: the configuration that a device's models come to, as it would be pushed; no
//! switch is asked.

use adapters::embedded::FolderModels;
use anyhow::{Context, anyhow};
use clap::Args;
use intent::name::DeviceName;
use intent::render::{LineOrigin, ModelSet};
use naas::ports::Models;
use serde_json::json;

use crate::screen::{self, Form};
use crate::site::{self, SiteFolder};

/// Longest line that the column of origins stands behind.
const WIDEST: usize = 60;

/// The options of `naas render`.
#[derive(Debug, Args)]
pub(crate) struct Render {
    /// The device
    #[arg(value_name = "DEVICE")]
    device: String,
    /// Print behind each line the template and model it comes from
    #[arg(long)]
    origins: bool,
    #[command(flatten)]
    site: SiteFolder,
    /// Output format
    #[arg(long, value_name = "FORM", value_enum, default_value = "text")]
    output: Form,
}

impl Render {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let folder = site::find(&self.site.path()).await?;
        let inventory = site::inventory(&folder).await?;
        let device = DeviceName::new(self.device.as_str()).ok().and_then(|name| inventory.device(&name));
        let device = device.ok_or_else(|| anyhow!("the inventory does not have device {}", self.device))?;
        let files = FolderModels::of_site(&folder).snapshot().await.context("models")?;
        let models = ModelSet::read(&files)?;
        let rendered = models.render(&device).with_context(|| device.name.to_string())?;
        let configuration = rendered.configuration;
        let origins = if self.origins { Some(models.origins(&device)?) } else { None };
        match (self.output, origins) {
            (Form::Text, None) => screen::text(&configuration),
            (Form::Text, Some(origins)) => screen::text(&with_origins(&configuration, &origins)),
            (Form::Json, None) => screen::json(json!({"device": device.name, "configuration": configuration})),
            (Form::Json, Some(origins)) => {
                let lines = configuration.lines().zip(&origins).map(|(text, LineOrigin { model, template, line })| {
                    json!({"text": text, "model": model, "template": template, "line": line})
                });
                screen::json(json!({"device": device.name, "lines": lines.collect::<Vec<_>>()}));
            }
        }
        Ok(())
    }
}

/// Each line with where it comes from in a column of its own.
fn with_origins(configuration: &str, origins: &[LineOrigin]) -> String {
    let width = configuration.lines().map(|line| line.chars().count()).max().unwrap_or_default().min(WIDEST);
    let line = |(text, origin): (&str, &LineOrigin)| format!("{text:width$}  ! {origin}\n");
    configuration.lines().zip(origins).map(line).collect()
}
