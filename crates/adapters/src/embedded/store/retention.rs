//! What a store forgets when it is opened, by the same rules as the state bucket on AWS: runs after
//! 400 days, and answered idempotency keys after one. Histories of devices are kept for good.
//!
//! The present is never later than the newest run: a clock that is far ahead, as on a machine that
//! has just started, must not take young runs for old ones.

use intent::name::RunId;
use jiff::{SignedDuration, Timestamp};
use naas::records::idempotency::IdempotencyRecord;
use naas::records::run::Run;
use redb::{ReadableTable, TableDefinition, WriteTransaction};

use super::runs::{ATTEMPTS, CANCELLED, OUTCOMES, RUNS};
use super::{Fault, KEYS};

/// How long a run and its outcomes are kept: `Runs` in `template.yaml`.
const RUNS_FOR: SignedDuration = SignedDuration::from_hours(400 * 24);

/// How long an idempotency key is kept: `IdempotencyKeys` in `template.yaml`.
const KEYS_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Takes away what is too old at `now`.
pub(super) fn forget_old(transaction: &WriteTransaction, now: Timestamp) -> Result<(), Fault> {
    let now = newest_run(transaction)?.map_or(now, |newest| newest.min(now));
    // Names of runs begin with the second at which they were accepted, so they sort by age.
    let oldest = RunId::new(now - RUNS_FOR, 0).to_string();
    for table in [RUNS, CANCELLED] {
        transaction.open_table(table)?.retain_in(..oldest.as_str(), |_, _| false)?;
    }
    for table in [OUTCOMES, ATTEMPTS] {
        forget_of_runs(transaction, table, &oldest)?;
    }
    let is_young = |record: &IdempotencyRecord| record.receipt.is_none() || record.claimed_at >= now - KEYS_FOR;
    transaction.open_table(KEYS)?.retain(|_, record| {
        // What cannot be read stays, for whoever asks for it to say so.
        serde_json::from_str(record).map_or(true, |record| is_young(&record))
    })?;
    Ok(())
}

/// When the newest run was accepted, if there is one.
fn newest_run(transaction: &WriteTransaction) -> Result<Option<Timestamp>, Fault> {
    let runs = transaction.open_table(RUNS)?;
    let newest = runs.last()?.map(|(_, run)| serde_json::from_str::<Run>(run.value())).transpose()?;
    Ok(newest.map(|run| run.accepted_at))
}

fn forget_of_runs(
    transaction: &WriteTransaction,
    table: TableDefinition<'_, (&str, &str), &str>,
    oldest: &str,
) -> Result<(), Fault> {
    Ok(transaction.open_table(table)?.retain_in(..(oldest, ""), |_, _| false)?)
}
