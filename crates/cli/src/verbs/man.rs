//! `naas man`: the manual pages, one for the command and one for each verb.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Command};

use crate::screen::{self, count};

/// The options of `naas man`.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Where naas.1, naas-plan.1 and the others go, such as ~/.local/share/man/man1
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

impl Man {
    pub(crate) fn run(self, command: Command) -> anyhow::Result<()> {
        let at = || format!("manual pages in {}", self.to.display());
        std::fs::create_dir_all(&self.to).with_context(at)?;
        clap_mangen::generate_to(command, &self.to).with_context(at)?;
        let pages = std::fs::read_dir(&self.to).with_context(at)?.count();
        screen::line(format_args!("{} in {}", count(pages, "manual page"), self.to.display()));
        Ok(())
    }
}
