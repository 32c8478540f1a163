//! The `naas` command. Each of its verbs has a file in `verbs`.

// The SDK's futures are nested deeper than the compiler follows by default.
#![recursion_limit = "256"]

mod backend;
mod diff;
mod documents;
mod follow;
mod remarks;
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
    Ended, accept, apply, blame, cancel, check, completions, history, init, inventory, man, plan, port, redrive,
    render, rollback, runs, serve, status, token, unpin, validate,
};

/// Network-as-a-Service for Arista EOS: render configurations from models and apply them to
/// switches.
#[derive(Debug, Parser)]
#[command(name = "naas", version, propagate_version = true, after_help = EXIT_STATUSES)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
    /// Log to standard error; set RUST_LOG to filter the log, for example RUST_LOG=naas=debug
    #[arg(long, short, global = true, action = ArgAction::SetTrue)]
    verbose: bool,
}

/// The end of the help text.
const EXIT_STATUSES: &str = "Exit status:
  0  no device differs from its models, or all were brought to them
  1  a device failed, or the command could not be carried out
  2  a device differs: after plan, check, or an apply that was answered with no";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Create a site folder with an example that works
    Init(init::Init),
    /// List devices, show where their values come from, import inventories of other tools
    Inventory(inventory::Inventory),
    /// Check inventory, models and templates for errors, without contacting switches
    Validate(validate::Validate),
    /// Print the configuration that the models of a device render to
    Render(render::Render),
    /// Show what an apply would change, without changing anything
    Plan(plan::Plan),
    /// Configure switches as their models say
    Apply(apply::Apply),
    /// Detect drift: compare what switches run with their models, without changing anything
    Check(check::Check),
    /// Show the state of the fleet, of a run, or of a device in a run
    Status(status::Status),
    /// List the latest runs
    Runs(runs::Runs),
    /// Cancel the devices of a run that have not started yet
    Cancel(cancel::Cancel),
    /// List the configurations that were applied to a device
    History(history::History),
    /// Restore an earlier configuration of a device, and pin the device to it
    Rollback(rollback::Rollback),
    /// End the pin of a device, so that it follows its models again
    #[command(alias = "release")]
    Unpin(unpin::Unpin),
    /// Let another switch take the place of a device: it was replaced or renamed
    Accept(accept::Accept),
    /// Show which run and model each line of a device's configuration comes from
    Blame(blame::Blame),
    /// Order ports of switches for a tenant, show them, give them back
    Port(port::Port),
    /// Upload models and templates to the bucket of a deployment
    #[cfg(feature = "aws")]
    Publish(publish::Publish),
    /// Retry the devices that were given up and parked
    Redrive(redrive::Redrive),
    /// Run the API and its workers on a site folder, in this process
    Serve(serve::Serve),
    /// Mint tokens, place them on switches, and rotate the keys that sign them
    Token(token::Token),
    /// Simulate the switches of a site that have loopback addresses
    #[cfg(feature = "demo")]
    Demo(demo::Demo),
    /// Print the completion script for a shell
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
            Self::Token(token) => return token.run().await,
            Self::Unpin(unpin) => unpin.run().await?,
            Self::Accept(accept) => accept.run().await?,
            Self::Blame(blame) => blame.run().await?,
            Self::Port(port) => return port.run().await,
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

/// Sets up the log. What happened to each device is printed as a result; the log is for looking
/// closer.
fn log(verbose: bool) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(if verbose { "info" } else { "off" }));
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
}
