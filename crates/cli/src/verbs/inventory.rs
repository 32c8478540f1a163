//! `naas inventory`: the devices of a site, where each value of one comes from, and inventories of
//! other tools.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use adapters::embedded::private;
use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use console::style;
use intent::inventory::import::{Files, Format, import};
use intent::inventory::{Explained, ExplainedValue};
use intent::name::DeviceName;
use serde_json::{Value, json};

use crate::screen::{self, Form};
use crate::site::{self, SiteFolder};

/// The options of `naas inventory`.
#[derive(Debug, Args)]
pub(crate) struct Inventory {
    #[command(subcommand)]
    verb: InventoryVerb,
}

#[derive(Debug, Subcommand)]
enum InventoryVerb {
    /// List devices with their addresses and groups
    List(List),
    /// Show the values of a device, and where each of them comes from
    Show(Show),
    /// Convert the inventory of another tool
    Import(Import),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    at: At,
}

#[derive(Debug, Args)]
struct Show {
    /// The device
    #[arg(value_name = "DEVICE")]
    device: String,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, Args)]
struct Import {
    /// nornir, ansible (INI or YAML) or netbox (CSV)
    #[arg(value_name = "TOOL")]
    from: Format,
    /// Files of that inventory, and folders such as group_vars
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Write to this file instead of standard output; the inventory may contain passwords
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct At {
    #[command(flatten)]
    site: SiteFolder,
    /// Output format
    #[arg(long, value_name = "FORM", value_enum, default_value = "text")]
    output: Form,
}

impl Inventory {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self.verb {
            InventoryVerb::List(list) => list.run().await,
            InventoryVerb::Show(show) => show.run().await,
            InventoryVerb::Import(import) => import.run(),
        }
    }
}

impl At {
    async fn inventory(&self) -> anyhow::Result<intent::inventory::Inventory> {
        site::inventory(&site::find(&self.site.path()).await?).await
    }
}

impl List {
    async fn run(self) -> anyhow::Result<()> {
        let inventory = self.at.inventory().await?;
        let devices: Vec<_> = inventory.names().filter_map(|name| inventory.device(name)).collect();
        if self.at.output == Form::Json {
            let device = |device: &intent::inventory::Device| json!({"device": device.name, "hostname": device.hostname, "platform": device.platform, "groups": device.groups});
            screen::json(json!({"devices": devices.iter().map(device).collect::<Vec<_>>()}));
            return Ok(());
        }
        let row = |device: &intent::inventory::Device| {
            let groups: Vec<_> = device.groups.iter().map(AsRef::as_ref).collect();
            vec![device.name.to_string(), device.hostname.clone(), groups.join(", ")]
        };
        screen::table(&["device", "address", "groups"], &devices.iter().map(row).collect::<Vec<_>>());
        Ok(())
    }
}

impl Show {
    async fn run(self) -> anyhow::Result<()> {
        let inventory = self.at.inventory().await?;
        let name = DeviceName::new(self.device.as_str()).ok();
        let explained = name.and_then(|name| inventory.explain(&name));
        let explained = explained.ok_or_else(|| anyhow!("the inventory does not have device {}", self.device))?;
        match self.at.output {
            Form::Json => screen::json(serde_json::to_value(&explained)?),
            Form::Text => print(&explained),
        }
        Ok(())
    }
}

/// `ntp` came from group leaf.
fn print(explained: &Explained) {
    screen::line(style(&explained.device).bold());
    let groups: Vec<_> = explained.groups.iter().map(|membership| membership.group.as_ref()).collect();
    screen::sentence(&format!("  groups: {}", groups.join(", ")), 4);
    let row = |known: &ExplainedValue| {
        let value = match &known.value {
            None => "<hidden>".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        };
        let document = known.from.document.as_ref().map(|document| format!(" in {document}")).unwrap_or_default();
        let also: Vec<_> = known.also.iter().map(|source| source.origin.to_string()).collect();
        let also = if also.is_empty() { String::new() } else { format!(", before {}", also.join(", ")) };
        vec![known.key.clone(), value, format!("{}{document}{also}", known.from.origin)]
    };
    for (title, values) in [("connection", &explained.connection), ("data", &explained.data)] {
        screen::line("");
        screen::table(&[title, "value", "comes from"], &values.iter().map(row).collect::<Vec<_>>());
    }
}

impl Import {
    fn run(self) -> anyhow::Result<()> {
        let mut files = BTreeMap::new();
        for path in &self.files {
            read(path, &name(path), &mut files)?;
        }
        let imported = import(self.from, &files)?;
        for note in &imported.notes {
            screen::remark(format_args!("note: {note}"));
        }
        match &self.to {
            None => screen::text(&imported.document),
            Some(to) if to.exists() => bail!("{} exists already; name another file", to.display()),
            Some(to) => {
                private::write(to, &imported.document).with_context(|| format!("file {}", to.display()))?;
                screen::line(format_args!("Wrote {}; `naas validate` looks at it.", to.display()));
            }
        }
        Ok(())
    }
}

/// The last part of a path: what a tool knows its files and folders by.
fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Reads a file, or all files below a folder.
fn read(path: &Path, name: &str, files: &mut Files) -> anyhow::Result<()> {
    let at = || path.display().to_string();
    if !path.is_dir() {
        files.insert(name.to_owned(), fs::read(path).with_context(at)?);
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(at)? {
        let entry = entry.with_context(at)?;
        let file = entry.file_name().to_string_lossy().into_owned();
        if !file.starts_with('.') {
            read(&entry.path(), &format!("{name}/{file}"), files)?;
        }
    }
    Ok(())
}
