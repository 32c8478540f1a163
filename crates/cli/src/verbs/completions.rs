//! `naas completions`: the script that lets a shell complete naas's words.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::screen;

/// The options of `naas completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell; such as `naas completions bash > /etc/bash_completion.d/naas`
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, mut command: Command) {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "naas", &mut script);
        screen::text(&String::from_utf8_lossy(&script));
    }
}
