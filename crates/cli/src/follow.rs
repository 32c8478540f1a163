//! Waiting for a run: a progress bar while its devices are worked on, then the outcome of each.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::backend::{Backend, CallError};
use crate::documents::{Class, Outcome, Report, read};
use crate::screen;
use crate::signals::{self, Signal, told_to_end};

/// How many requests are under way at once.
const CONCURRENCY: usize = 16;

/// How many answers may be missing one after the other before waiting is given up.
const PATIENCE: u32 = 10;

/// A run at the end of waiting for it.
pub(crate) struct Followed {
    /// The run as it stands.
    pub(crate) report: Report,
    /// The documents of its devices, in the order of their names.
    pub(crate) documents: Vec<Value>,
    /// The outcomes that these documents hold.
    pub(crate) outcomes: Vec<Outcome>,
    /// True if the process was told to end before the run was finished.
    pub(crate) interrupted: bool,
}

/// Works on `run` or waits for it until every device has an outcome, or until the process is told
/// to end: the first Ctrl-C finishes what is under way and the second one ends the process; SIGTERM
/// allows it some seconds.
pub(crate) async fn follow(backend: &mut Backend, run: &str) -> anyhow::Result<Followed> {
    backend.begin(&[run.to_owned()]);
    let (ended, signal) = tokio::select! {
        ended = until_finished(backend, run) => (Some(ended), None),
        signal = told_to_end() => (None, Some(signal)),
    };
    let interrupted = signal.is_some();
    match signal {
        Some(Signal::Interrupt) if !backend.goes_on() => {
            screen::remark("naas: interrupted; what is under way is finished first, a second Ctrl-C ends at once");
        }
        Some(Signal::Terminate) if !backend.goes_on() => {
            screen::remark("naas: terminated; what is under way has some seconds to finish");
        }
        _ => {}
    }
    if interrupted {
        end_at_the_second_time();
    }
    backend.end(signal).await?;
    if let Some(Err(error)) = ended {
        return Err(error.into());
    }
    let report: Report = read(&backend.get(&format!("runs/{run}")).await?)?;
    let (documents, mut outcomes) = outcomes(backend, &report).await?;
    if !interrupted {
        learn_of_others(backend, &mut outcomes).await?;
    }
    Ok(Followed { report, documents, outcomes, interrupted })
}

/// The documents of a run's devices.
pub(crate) async fn outcomes(backend: &Backend, report: &Report) -> anyhow::Result<(Vec<Value>, Vec<Outcome>)> {
    let paths = report.devices.keys().map(|device| format!("runs/{}/devices/{device}", report.run));
    let documents: Vec<_> = stream::iter(paths)
        .map(|path| async move { backend.get(&path).await })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let outcomes = documents.iter().map(read).collect::<Result<_, _>>()?;
    Ok((documents, outcomes))
}

/// Finds out what other runs made of the devices that were left to them. On a site folder nobody
/// works on those runs now, so they are not waited for.
async fn learn_of_others(backend: &Backend, outcomes: &mut [Outcome]) -> anyhow::Result<()> {
    for outcome in outcomes {
        let Some(other) = outcome.superseded_by.clone() else { continue };
        let path = format!("runs/{other}/devices/{}", outcome.device);
        loop {
            let done: Outcome = read(&backend.get(&path).await?)?;
            if done.class() != Class::Pending {
                outcome.done_by_other = Some(done.status);
                break;
            }
            if !backend.goes_on() {
                break;
            }
            tokio::select! {
                () = tokio::time::sleep(backend.pace()) => {}
                _ = told_to_end() => return Ok(()),
            }
        }
    }
    Ok(())
}

async fn until_finished(backend: &Backend, run: &str) -> Result<(), CallError> {
    let path = format!("runs/{run}");
    let bar = Bar::new();
    let mut misses = 0;
    loop {
        match backend.get(&path).await {
            Ok(document) => {
                misses = 0;
                let report: Report = read(&document).map_err(|error| CallError::NoAnswer(error.to_string()))?;
                bar.show(&report);
                if report.status == "finished" {
                    return Ok(());
                }
            }
            // The run goes on whether it can be asked about now or not.
            Err(CallError::NoAnswer(_) | CallError::Problem { status: 429 | 500.., .. }) if misses < PATIENCE => {
                misses += 1
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(backend.pace() * (misses + 1)).await;
    }
}

fn end_at_the_second_time() {
    tokio::spawn(async {
        told_to_end().await;
        std::process::exit(signals::INTERRUPTED);
    });
}

/// The bar on standard error; not there without a terminal, and gone when it is dropped.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} devices, {elapsed}  {msg}");
        let bar = ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    fn show(&self, report: &Report) {
        let pending = report.counts.get("pending").copied().unwrap_or(0);
        let all: u64 = report.counts.values().sum();
        let failed = report.counts_of(Class::Failed);
        self.0.set_length(all);
        self.0.set_position(all - pending);
        self.0.set_message(if failed == 0 { String::new() } else { format!("{failed} failed") });
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
