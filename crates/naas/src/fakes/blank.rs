//! Blank records for tests, to be completed with what a test is about:
//! `Outcome { diff, ..blank::outcome(&run, &device, Status::Changed) }`.

use intent::hash::ContentHash;
use intent::name::{DeviceName, RunId};
use jiff::Timestamp;

use crate::records::outcome::{Outcome, Status, SwitchState};
use crate::records::revision::{self, Revision};
use crate::records::run::{Mode, Run};
use crate::records::slice::{self, Slice};
use crate::records::task::Task;

/// The moment that blank records are of, at which a [`FakeClock`](super::FakeClock) begins.
pub const NOW: Timestamp = Timestamp::constant(1_795_464_930, 0);

/// The device `leaf1`.
pub fn leaf1() -> DeviceName {
    DeviceName::new("leaf1").expect("a device name")
}

/// A run that was accepted at [`NOW`], told from others of that second by its number.
pub fn run_id(number: u64) -> RunId {
    RunId::new(NOW, number)
}

/// A run that applies what models say to these devices, one in each slice.
pub fn run(run: RunId, devices: Vec<DeviceName>) -> Run {
    Run { task: task(run), accepted_at: NOW, devices, step: 1 }
}

/// A slice that is sent for the first time, of a run that applies what models say to this device.
pub fn slice(run: RunId, device: DeviceName) -> Slice {
    Slice { version: slice::VERSION, task: task(run), devices: vec![device], attempt: 0, waits: 0 }
}

fn task(run: RunId) -> Task {
    Task::new(run, Mode::Apply, vec!["naas/inventory".to_owned()])
}

/// An outcome without diff and error, of a switch that runs and has saved its configuration.
pub fn outcome(run: &RunId, device: &DeviceName, status: Status) -> Outcome {
    Outcome {
        run: run.clone(),
        device: device.clone(),
        status,
        switch: SwitchState::Saved,
        diff: String::new(),
        remarks: Vec::new(),
        error: None,
        superseded_by: None,
        plan: None,
        pinned: None,
        started_at: NOW,
        finished_at: NOW,
    }
}

/// A revision that keeps `text` since [`NOW`], of no models and asked for by nobody.
pub fn revision(run: RunId, device: DeviceName, text: &str) -> Revision {
    Revision {
        version: revision::VERSION,
        device,
        configuration: ContentHash::of(text),
        run,
        at: NOW,
        by: None,
        models: Vec::new(),
        parts: Vec::new(),
        diff: String::new(),
    }
}
