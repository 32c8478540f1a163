//! Runs, their outcomes, attempts and cancellations.

use std::collections::BTreeMap;

use intent::name::{DeviceName, RunId};
use jiff::Timestamp;
use naas::ports::{Created, Recorded, Runs, StoreError};
use naas::records::outcome::{Attempt, Outcome, Status};
use naas::records::run::{Run, RunSummary};
use redb::{ReadableDatabase, ReadableTable, TableDefinition};
use serde::Deserialize;

use super::{EmbeddedStore, Fault, get, json, read_table};

pub(super) const RUNS: TableDefinition<'_, &str, &str> = TableDefinition::new("runs");
pub(super) const OUTCOMES: TableDefinition<'_, (&str, &str), &str> = TableDefinition::new("outcomes");
pub(super) const ATTEMPTS: TableDefinition<'_, (&str, &str), &str> = TableDefinition::new("attempts");
pub(super) const CANCELLED: TableDefinition<'_, &str, &str> = TableDefinition::new("cancelled");

/// Records a run, unless its name is taken.
pub(super) fn insert(transaction: &redb::WriteTransaction, run: &Run) -> Result<Created, Fault> {
    let mut runs = transaction.open_table(RUNS)?;
    let name = run.task.run.to_string();
    let before: Option<Run> =
        runs.get(name.as_str())?.map(|before| serde_json::from_str(before.value())).transpose()?;
    if before.is_none() {
        runs.insert(name.as_str(), json(run).as_str())?;
    }
    Ok(Created::given(before.as_ref(), run))
}

impl Runs for EmbeddedStore {
    async fn create(&self, run: &Run) -> Result<Created, StoreError> {
        let run = run.clone();
        self.write(move |transaction| insert(transaction, &run)).await
    }

    async fn recent(&self, limit: usize) -> Result<Vec<RunSummary>, StoreError> {
        self.read(move |database| {
            let transaction = database.begin_read()?;
            let Some(table) = read_table(&transaction, RUNS)? else { return Ok(Vec::new()) };
            // Names tell the second, and runs of one second the moment.
            let mut runs: Vec<RunSummary> = Vec::new();
            for entry in table.iter()?.rev() {
                let run = serde_json::from_str::<Run>(entry?.1.value())?.summary();
                if runs.len() >= limit && runs.last().is_some_and(|last| run.run.is_older_than(&last.run)) {
                    break;
                }
                runs.push(run);
            }
            runs.sort_by(|a, b| (b.accepted_at, &b.run).cmp(&(a.accepted_at, &a.run)));
            runs.truncate(limit);
            Ok(runs)
        })
        .await
    }

    async fn load(&self, run: &RunId) -> Result<Option<Run>, StoreError> {
        let run = run.to_string();
        self.read(move |database| get(database, RUNS, run.as_str())).await
    }

    async fn record(&self, outcome: &Outcome) -> Result<Recorded, StoreError> {
        let (run, device) = (outcome.run.to_string(), outcome.device.to_string());
        let outcome = json(outcome);
        self.write(move |transaction| {
            let mut outcomes = transaction.open_table(OUTCOMES)?;
            let key = (run.as_str(), device.as_str());
            if outcomes.get(key)?.is_some() {
                return Ok(Recorded::Before);
            }
            outcomes.insert(key, outcome.as_str())?;
            Ok(Recorded::Now)
        })
        .await
    }

    async fn outcome(&self, run: &RunId, device: &DeviceName) -> Result<Option<Outcome>, StoreError> {
        let (run, device) = (run.to_string(), device.to_string());
        self.read(move |database| get(database, OUTCOMES, (run.as_str(), device.as_str()))).await
    }

    async fn statuses(&self, run: &Run) -> Result<BTreeMap<DeviceName, Status>, StoreError> {
        /// The one field of an [`Outcome`] that is needed here.
        #[derive(Deserialize)]
        struct Brief {
            status: Status,
        }
        let run = run.task.run.to_string();
        self.read(move |database| {
            let transaction = database.begin_read()?;
            let mut statuses = BTreeMap::new();
            let Some(table) = read_table(&transaction, OUTCOMES)? else { return Ok(statuses) };
            for entry in table.range((run.as_str(), "")..)? {
                let (key, outcome) = entry?;
                let (of_run, device) = key.value();
                if of_run != run {
                    break;
                }
                let Brief { status } = serde_json::from_str(outcome.value())?;
                statuses.insert(DeviceName::new(device)?, status);
            }
            Ok(statuses)
        })
        .await
    }

    async fn note(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let (run, device, attempt) = (attempt.run.to_string(), attempt.device.to_string(), json(attempt));
        self.write(move |transaction| {
            transaction.open_table(ATTEMPTS)?.insert((run.as_str(), device.as_str()), attempt.as_str())?;
            Ok(())
        })
        .await
    }

    async fn attempt(&self, run: &RunId, device: &DeviceName) -> Result<Option<Attempt>, StoreError> {
        let (run, device) = (run.to_string(), device.to_string());
        self.read(move |database| get(database, ATTEMPTS, (run.as_str(), device.as_str()))).await
    }

    async fn cancel(&self, run: &RunId, at: Timestamp) -> Result<(), StoreError> {
        let (run, at) = (run.to_string(), json(&at));
        self.write(move |transaction| {
            let mut cancelled = transaction.open_table(CANCELLED)?;
            if cancelled.get(run.as_str())?.is_none() {
                cancelled.insert(run.as_str(), at.as_str())?;
            }
            Ok(())
        })
        .await
    }

    async fn cancelled(&self, run: &RunId) -> Result<Option<Timestamp>, StoreError> {
        let run = run.to_string();
        self.read(move |database| get(database, CANCELLED, run.as_str())).await
    }
}
