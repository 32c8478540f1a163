//! `naas cancel`: cancels the devices of a run that have not started yet.

use clap::Args;
use serde_json::Value;

use crate::backend::Target;
use crate::documents::{Report, read};
use crate::screen::{self, Form, count};

/// The options of `naas cancel`.
#[derive(Debug, Args)]
pub(crate) struct Cancel {
    /// The run
    #[arg(value_name = "RUN")]
    run: String,
    #[command(flatten)]
    target: Target,
}

impl Cancel {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let mut backend = self.target.open().await?;
        let document = backend.post(&format!("runs/{}/cancel", self.run), Value::Null).await?;
        let mut report: Report = read(&document)?;
        if !backend.goes_on() && report.status != "finished" {
            // Nobody else would take what is queued out of the queue.
            report = crate::follow::follow(&mut backend, &report.run).await?.report;
        }
        match self.target.output {
            Form::Json => screen::json(document),
            Form::Text => screen::sentence(&sentence(&report), 2),
        }
        Ok(())
    }
}

/// What the run came to. A device without an outcome may have started; only what is cancelled is
/// called so.
fn sentence(report: &Report) -> String {
    let of = |word: &str| report.counts.get(word).copied().unwrap_or(0);
    let devices = |number: u64| count(usize::try_from(number).unwrap_or(usize::MAX), "device");
    let (cancelled, pending) = (of("cancelled"), of("pending"));
    let ended = report.counts.values().sum::<u64>() - cancelled - pending;
    let rest = match pending {
        0 => String::new(),
        pending => format!(
            ", {} without an outcome yet: each that has started finishes, each other is cancelled",
            devices(pending)
        ),
    };
    format!(
        "Run {}: {}; {} cancelled, {} ended before{rest}.",
        report.run,
        report.status,
        devices(cancelled),
        devices(ended)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn devices_without_an_outcome_are_not_called_cancelled() {
        let report = json!({
            "run": "RUN", "status": "cancelling", "mode": "apply", "accepted_at": "2026-11-23T20:15:30Z",
            "counts": {"pending": 30, "changed": 2, "cancelled": 1}, "devices": {},
        });

        assert_eq!(
            sentence(&read(&report).unwrap()),
            "Run RUN: cancelling; 1 device cancelled, 2 devices ended before, 30 devices without an outcome yet: each that has \
             started finishes, each other is cancelled."
        );
    }
}
