//! `naas init`: creates a site folder with an example that works, for switches that `naas demo`
//! simulates.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use adapters::embedded::private;
use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use crate::screen::{self, Form};

/// The files of a new site.
const FILES: [(&str, &str); 6] = [
    ("inventory.yaml", include_str!("../starter/inventory.yaml")),
    ("models/base.yaml", include_str!("../starter/models/base.yaml")),
    ("models/leaf.yaml", include_str!("../starter/models/leaf.yaml")),
    ("models/templates/base.tera", include_str!("../starter/models/templates/base.tera")),
    ("models/templates/leaf.tera", include_str!("../starter/models/templates/leaf.tera")),
    // State is this machine's.
    (".gitignore", "/.naas/\n"),
];

/// What stands for the ports of the simulated switches.
const PORTS: [&str; 3] = ["@PORT1@", "@PORT2@", "@PORT3@"];

/// Where a free port is looked for first.
const FIRST_PORT: u16 = 19_001;

/// The options of `naas init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The folder to create; if it exists, it must be empty
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Output format
    #[arg(long, value_name = "FORM", value_enum, default_value = "text")]
    output: Form,
}

impl Init {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let folder = &self.folder;
        if !is_empty(folder)? {
            bail!("{} is not empty; name a folder that is, or that does not exist yet", folder.display());
        }
        let mut free = (FIRST_PORT..).filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
        let ports = PORTS.map(|placeholder| (placeholder, free.next().unwrap_or_default().to_string()));
        private::folder(&folder.join(".naas")).with_context(|| format!("folder {}", folder.display()))?;
        for (path, text) in FILES {
            let text = ports.iter().fold(text.to_owned(), |text, (placeholder, port)| text.replace(placeholder, port));
            write(&folder.join(path), &text)?;
        }
        let files = FILES.map(|(path, _)| path);
        match self.output {
            Form::Json => screen::json(json!({"site": folder, "files": files})),
            Form::Text => self.say(&files),
        }
        Ok(())
    }

    fn say(&self, files: &[&str]) {
        let folder = self.folder.display();
        screen::line(format_args!("Made a site of three switches in {folder}:"));
        for file in files {
            screen::line(format_args!("  {file}"));
        }
        screen::line("\nTry it:");
        screen::line(format_args!("  cd {folder}"));
        screen::line("  naas demo &      # simulates the switches, until it is ended");
        screen::line("  naas plan        # what would change");
        screen::line("  naas apply --all # and make it so");
    }
}

fn is_empty(folder: &Path) -> anyhow::Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error).with_context(|| format!("folder {}", folder.display())),
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).with_context(|| format!("folder {}", folder.display()))?;
    // The inventory has passwords.
    private::write(path, text).with_context(|| format!("file {}", path.display()))
}
