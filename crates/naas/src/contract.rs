//! What every store must do that stands behind the ports of [`crate::ports`]: one suite for the
//! fakes, the embedded store, S3 and SQS, and the simulation's store.
//!
//! Each function plays one port and panics with what was expected and found. `seed` makes the names
//! of runs and devices differ from those of other calls, so that a store may hold anything else.

mod ports;
mod queues;
mod records;
mod runs;

use intent::name::{DeviceName, RunId};
use jiff::{SignedDuration, Timestamp};

use crate::fakes::blank;
use crate::records::outcome::{Outcome, Status};
use crate::records::run::Run;
use crate::records::slice::Slice;

pub use ports::port_documents;
pub use queues::{dead_letters, slice_queue};
pub use records::{device_records, history, idempotency_keys};
pub use runs::{outcomes, runs};

/// The first moment of the suite: later than any run of a real store, so that its runs are listed
/// first.
const BEGINNING: i64 = 7_900_000_000;

/// The moment so many milliseconds after the beginning of a call's time.
fn moment(seed: u64, milliseconds: i64) -> Timestamp {
    let beginning = Timestamp::from_second(BEGINNING).expect("a moment before the year 2286");
    let offset = i64::try_from(seed % 1_000_000).expect("less than a million");
    beginning + SignedDuration::from_secs(10 * offset) + SignedDuration::from_millis(milliseconds)
}

fn run_id(seed: u64, number: u64) -> RunId {
    RunId::new(moment(seed, 0), seed.wrapping_mul(64).wrapping_add(number))
}

fn device(seed: u64, name: &str) -> DeviceName {
    DeviceName::new(format!("d{seed}-{name}")).expect("a device name")
}

fn run(seed: u64, number: u64) -> Run {
    let devices = ["leaf1", "leaf2", "leaf10"].map(|name| device(seed, name));
    let mut run = blank::run(run_id(seed, number), devices.into());
    run.accepted_at = moment(seed, 0);
    run.task.by = Some("ana@noc".to_owned());
    run
}

fn outcome(seed: u64, run: &RunId, name: &str, status: Status) -> Outcome {
    Outcome {
        diff: "+vlan 10\n-vlan 20\n".to_owned(),
        started_at: moment(seed, 0),
        finished_at: moment(seed, 1_500),
        ..blank::outcome(run, &device(seed, name), status)
    }
}

fn slice(seed: u64, name: &str) -> Slice {
    blank::slice(run_id(seed, 0), device(seed, name))
}

#[cfg(test)]
mod tests {
    use crate::fakes::FakeStore;

    #[tokio::test]
    async fn the_fakes_keep_the_contract() {
        let store = &FakeStore::default();
        for seed in [1, 2] {
            super::runs(&store, seed).await;
            super::outcomes(&store, seed).await;
            super::device_records(&store, seed).await;
            super::history(&store, seed).await;
            super::idempotency_keys(&store, seed).await;
            super::port_documents(&store, seed).await;
            store.slices.lock().unwrap().clear();
            super::dead_letters(&store, seed).await;
            let take = async || {
                let slices = std::mem::take(&mut *store.slices.lock().unwrap());
                slices.iter().map(|slice| slice.to_message()).collect()
            };
            super::slice_queue(&store, take, seed).await;
        }
    }
}
