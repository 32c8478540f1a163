//! `naas cancel`: leaves alone what a run has not begun with.

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
            Form::Text => {
                let of =
                    |word: &str| usize::try_from(report.counts.get(word).copied().unwrap_or(0)).unwrap_or(usize::MAX);
                let rest = count(of("cancelled") + of("pending"), "device");
                screen::line(format_args!("Run {}: {}; {rest} left alone.", report.run, report.status));
            }
        }
        Ok(())
    }
}
