//! `naas validate`: finds what is wrong with a site without contacting a switch: in the inventory,
//! models and templates, in what they render to for each device, and whether that configuration
//! would lock naas out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use adapters::embedded::FolderModels;
use anyhow::Context;
use clap::Args;
use console::style;
use intent::inventory::{Device, Inventory};
use intent::lockout;
use intent::model;
use intent::model::ModelFiles;
use intent::render::ModelSet;
use naas::ports::Models;
use serde::Serialize;

use crate::screen::{self, Form, count, names};
use crate::site::{self, SiteFolder};
use crate::verbs::Ended;

/// The options of `naas validate`.
#[derive(Debug, Args)]
pub(crate) struct Validate {
    #[command(flatten)]
    site: SiteFolder,
    /// Output format
    #[arg(long, value_name = "FORM", value_enum, default_value = "text")]
    output: Form,
}

/// What was looked at, and what is wrong with it.
#[derive(Debug, Serialize)]
pub(crate) struct Validated {
    devices: usize,
    models: usize,
    templates: usize,
    /// What keeps devices from being configured.
    problems: Vec<Finding>,
    /// What is probably not meant.
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Finding {
    /// The devices it concerns; none if it concerns all of them.
    devices: Vec<String>,
    problem: String,
}

impl Validate {
    pub(crate) async fn run(self) -> anyhow::Result<Ended> {
        let validated = validate(&site::find(&self.site.path()).await?).await?;
        match self.output {
            Form::Json => screen::json(serde_json::to_value(&validated)?),
            Form::Text => validated.print(),
        }
        Ok(if validated.is_sound() { Ended::InSync } else { Ended::Failed })
    }
}

impl Validated {
    /// True if no problem was found.
    pub(crate) fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    /// Prints one sentence for each finding, and what was looked at.
    pub(crate) fn print(&self) {
        for Finding { devices, problem } in &self.problems {
            let devices: Vec<_> = devices.iter().map(String::as_str).collect();
            let whom = if devices.is_empty() { String::new() } else { format!("{}: ", style(names(&devices)).bold()) };
            screen::sentence(&format!("{}: {whom}{problem}", style("problem").red()), 2);
        }
        for warning in &self.warnings {
            screen::sentence(&format!("{}: {warning}", style("warning").yellow()), 2);
        }
        let [devices, models, templates] =
            [(self.devices, "device"), (self.models, "model"), (self.templates, "template")]
                .map(|(n, noun)| count(n, noun));
        let found = match self.problems.len() {
            0 => "no problems".to_owned(),
            number => count(number, "problem"),
        };
        screen::line(format_args!("Validated {devices}, {models} and {templates}: {found}."));
    }
}

/// Looks at the site in `folder`.
///
/// # Errors
///
/// Files that cannot be read at all; what is wrong in them is a finding.
pub(crate) async fn validate(folder: &Path) -> anyhow::Result<Validated> {
    let files = FolderModels::of_site(folder).snapshot().await.context("models")?;
    let templates = files.0.keys().filter(|path| is_template(path)).count();
    let mut validated = Validated { devices: 0, models: 0, templates, problems: Vec::new(), warnings: Vec::new() };
    let inventory = match site::inventory(folder).await {
        Ok(inventory) => Some(inventory),
        Err(error) => {
            validated.problem(format!("{error:#}"));
            None
        }
    };
    validated.devices = inventory.as_ref().map_or(0, |inventory| inventory.names().len());
    match ModelSet::read(&files) {
        Ok(models) => inventory.iter().for_each(|inventory| validated.render(inventory, &models)),
        Err(error) => validated.problem(error.to_string()),
    }
    validated.look_for_slips(&files, inventory.as_ref());
    Ok(validated)
}

impl Validated {
    fn problem(&mut self, problem: String) {
        self.problems.push(Finding { devices: Vec::new(), problem });
    }

    /// Renders every device; the same problem of several is one finding.
    fn render(&mut self, inventory: &Inventory, models: &ModelSet) {
        let mut problems: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut clashes = BTreeSet::new();
        for device in inventory.names().filter_map(|name| inventory.device(name)) {
            if let Err(problem) = look(models, &device) {
                problems.entry(problem).or_default().push(device.name.to_string());
            }
            clashes.extend(models.clashes(&device));
        }
        self.warnings.extend(clashes);
        self.problems.extend(problems.into_iter().map(|(problem, devices)| Finding { devices, problem }));
    }

    /// Names that mean nothing, and templates that nobody uses.
    fn look_for_slips(&mut self, files: &ModelFiles, inventory: Option<&Inventory>) {
        let Ok(models) = model::read(files) else { return };
        self.models = models.len();
        let Some(inventory) = inventory else { return };
        for model in &models {
            let devices = model.devices.iter().filter(|device| !inventory.has(device.as_ref()));
            let groups = model.groups.iter().filter(|group| inventory.members(group.as_ref()).is_none());
            let unknown =
                devices.map(|device| format!("device {device}")).chain(groups.map(|group| format!("group {group}")));
            self.warnings.extend(
                unknown.map(|unknown| {
                    format!("model {}: is for {unknown}, which the inventory does not have", model.path)
                }),
            );
        }
        let used: BTreeSet<_> = models.iter().map(|model| model.template.as_str()).collect();
        let named = |path: &str| files.0.values().any(|text| String::from_utf8_lossy(text).contains(path));
        for path in files.0.keys().filter(|path| is_template(path)) {
            let file = path.rsplit('/').next().unwrap_or(path);
            if !used.contains(path.as_str()) && !named(file) {
                self.warnings.push(format!("template {path}: no model or template names it"));
            }
        }
    }
}

fn look(models: &ModelSet, device: &Device) -> Result<(), String> {
    let rendered = models.render(device).map_err(|error| error.to_string())?;
    lockout::look(&rendered.configuration, device, &rendered.allowed).map_err(|lockout| lockout.to_string())
}

fn is_template(path: &str) -> bool {
    [".tera", ".j2"].iter().any(|ending| path.ends_with(ending))
}
