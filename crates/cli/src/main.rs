//! The `naas` command; one file a verb.

mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Network-as-a-Service for Arista EOS: what the network should look like, turned into what it is running.
#[derive(Debug, Parser)]
#[command(name = "naas", version, propagate_version = true)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve the API and configure switches from a site folder, all in this process
    Serve(serve::Serve),
}

fn main() -> ExitCode {
    let result = match Command::parse().verb {
        Verb::Serve(serve) => serve.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

/// One sentence with its causes, where an operator looks for it.
#[expect(clippy::print_stderr, reason = "the command's own last words")]
fn report(error: &anyhow::Error) {
    eprintln!("naas: {error:#}");
}
