//! `simulate`: replays one history, or plays many.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use simulation::{History, Sabotage, play_all, play_with_log};

/// Plays the whole push protocol in virtual time, with everything going wrong that can.
#[derive(Parser)]
struct Arguments {
    /// Replay this history, and print who did what when
    #[arg(long, conflicts_with_all = ["histories", "from"])]
    seed: Option<u64>,
    /// Play so many histories
    #[arg(long, default_value_t = 10_000)]
    histories: u64,
    /// The first one's seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Break something, to see that it is found
    #[arg(long)]
    sabotage: Option<Sabotage>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let sound = match arguments.seed {
        Some(seed) => replay(seed, arguments.sabotage),
        None => many(arguments.from, arguments.histories, arguments.sabotage),
    };
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn replay(seed: u64, sabotage: Option<Sabotage>) -> bool {
    let history = play_with_log(seed, sabotage);
    for line in &history.log {
        println!("{line}");
    }
    report(&history)
}

fn many(from: u64, histories: u64, sabotage: Option<Sabotage>) -> bool {
    let sound = AtomicBool::new(true);
    let tally = play_all(from..from + histories, sabotage, |history| {
        sound.fetch_and(report(history), Ordering::Relaxed);
    });
    println!("{histories} histories from seed {from}\n{tally}");
    sound.into_inner()
}

/// Prints what did not hold, and whether all did.
fn report(history: &History) -> bool {
    for violation in &history.violations {
        eprintln!("seed {}: {}: {}", history.seed, violation.invariant, violation.what);
    }
    history.violations.is_empty()
}
