//! The `naas` command; one file a verb, in `verbs`.

// The SDK's futures are nested deeper than the compiler follows by default.
#![recursion_limit = "256"]

mod backend;
mod diff;
mod documents;
mod follow;
mod results;
mod screen;
mod signals;
mod site;
mod verbs;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{ArgAction, CommandFactory, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

#[cfg(feature = "demo")]
use verbs::demo;
#[cfg(feature = "aws")]
use verbs::publish;
use verbs::{
    Ended, apply, blame, cancel, check, completions, history, init, inventory, man, plan, redrive, render, rollback,
    runs, serve, status, validate,
};

/// Network-as-a-Service for Arista EOS: what the network should look like, turned into what it is running.
#[derive(Debug, Parser)]
#[command(name = "naas", version, propagate_version = true, after_help = EXIT_STATUSES)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
    /// Log what is done to standard error; RUST_LOG says more exactly what
    #[arg(long, short, global = true, action = ArgAction::SetTrue)]
    verbose: bool,
}

/// Of every verb.
const EXIT_STATUSES: &str = "Exit status:
  0  everything is as it should be, or was made so
  1  something failed, or could not be asked
  2  plan, check and an apply that was not agreed to: something differs";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a new site folder that works
    Init(init::Init),
    /// List devices, tell where their values come from, import from other tools
    Inventory(inventory::Inventory),
    /// Tell what is wrong with a site, without any switch
    Validate(validate::Validate),
    /// Print the configuration that a device's models come to
    Render(render::Render),
    /// Show what an apply would change; change nothing
    Plan(plan::Plan),
    /// Bring switches to what they should run
    Apply(apply::Apply),
    /// Tell whether switches still run what they should; change nothing
    Check(check::Check),
    /// Show the fleet, a run, or a device in a run
    Status(status::Status),
    /// List the last runs
    Runs(runs::Runs),
    /// Leave alone what a run has not begun with
    Cancel(cancel::Cancel),
    /// List what a device was made to run
    History(history::History),
    /// Bring a device back to what it once ran, and hold it there
    Rollback(rollback::Rollback),
    /// Tell which run and model each line of a device's configuration is from
    Blame(blame::Blame),
    /// Upload models and templates to the bucket of a deployment
    #[cfg(feature = "aws")]
    Publish(publish::Publish),
    /// Send what was parked again
    Redrive(redrive::Redrive),
    /// Serve the API and configure switches from a site folder, all in this process
    Serve(serve::Serve),
    /// Simulate the switches of a site that are on this machine
    #[cfg(feature = "demo")]
    Demo(demo::Demo),
    /// Print the script that completes naas's words in a shell
    Completions(completions::Completions),
    /// Write the manual pages
    Man(man::Man),
}

fn main() -> ExitCode {
    let command = match Command::try_parse() {
        Ok(command) => command,
        // clap's own status for a wrong command line is 2, which has another meaning here.
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    log(command.verbose || matches!(command.verb, Verb::Serve(_)));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(command.verb.run()));
    match ended {
        Ok(ended) => ended.status().into(),
        Err(error) => {
            screen::remark(format_args!("naas: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

impl Verb {
    async fn run(self) -> anyhow::Result<Ended> {
        match self {
            Self::Init(init) => init.run()?,
            Self::Inventory(inventory) => inventory.run().await?,
            Self::Validate(validate) => return validate.run().await,
            Self::Render(render) => render.run().await?,
            Self::Plan(plan) => return plan.run().await,
            Self::Apply(apply) => return apply.run().await,
            Self::Check(check) => return check.run().await,
            Self::Status(status) => status.run().await?,
            Self::Runs(runs) => runs.run().await?,
            Self::Cancel(cancel) => cancel.run().await?,
            Self::History(history) => history.run().await?,
            Self::Rollback(rollback) => return rollback.run().await,
            Self::Blame(blame) => blame.run().await?,
            #[cfg(feature = "aws")]
            Self::Publish(publish) => return publish.run().await,
            Self::Redrive(redrive) => return redrive.run().await,
            Self::Serve(serve) => serve.run().await?,
            #[cfg(feature = "demo")]
            Self::Demo(demo) => demo.run().await?,
            Self::Completions(completions) => completions.run(Command::command()),
            Self::Man(man) => man.run(Command::command())?,
        }
        Ok(Ended::InSync)
    }
}

/// What happened to each device is printed as a result; the log is for looking closer.
fn log(verbose: bool) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(if verbose { "info" } else { "off" }));
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
}
