//! A slice: the part of a run that one enforcer takes from the queue, and the message it travels
//! as.
//!
//! The message names devices and the inventory documents that describe them, and nothing else.
//! Addresses, groups, data and credentials are read when the slice is worked on, so a late retry
//! pushes the newest intent to the newest address and no secret ever waits in a queue.

use intent::name::DeviceName;
use serde::{Deserialize, Serialize};

use crate::records::run::Run;
use crate::records::task::Task;
use crate::records::version_of;

/// Most devices in one slice: keeps a message well below SQS's 1 MiB whatever the names' lengths.
pub const MAX_STEP: usize = 1_000;

/// The version of the message this code writes. It reads the one before as well, for what waits in
/// the queue while it is deployed.
pub const VERSION: u32 = 2;

/// The message both functions agree on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// [`VERSION`], or the one before.
    pub version: u32,
    /// What is done with each device, the same in all slices of a run.
    #[serde(flatten)]
    pub task: Task,
    /// The devices, at least one.
    pub devices: Vec<DeviceName>,
    /// How many attempts on its devices came to nothing.
    #[serde(default)]
    pub attempt: u32,
    /// How often the slice came while other runs worked on its devices.
    #[serde(default)]
    pub waits: u32,
}

/// Why a message is not a slice. Such a message is parked, since no retry can cure it.
#[derive(Debug, thiserror::Error)]
pub enum NotASlice {
    /// It is not JSON, or not this JSON.
    #[error("not a slice message: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It comes from a newer or foreign sender.
    #[error("slice message of version {0}, expected {VERSION}: upgrade the enforcer before the scheduler")]
    Version(u32),
    /// It names no device.
    #[error("slice message without devices")]
    Empty,
}

impl Slice {
    /// Reads the text of a queue message.
    pub fn parse(message: &str) -> Result<Self, NotASlice> {
        let version = version_of(message.as_bytes())?;
        if version != VERSION && version != VERSION - 1 {
            return Err(NotASlice::Version(version));
        }
        let slice: Self = serde_json::from_str(message)?;
        if slice.devices.is_empty() { Err(NotASlice::Empty) } else { Ok(slice) }
    }

    /// The message's text.
    pub fn to_message(&self) -> String {
        serde_json::to_string(self).expect("names and numbers always serialise")
    }
}

/// Cuts a run into slices of at most `run.step` devices, in order, every device in exactly one.
pub fn cut(run: &Run) -> Vec<Slice> {
    run.devices
        .chunks(run.step.clamp(1, MAX_STEP))
        .map(|devices| Slice {
            version: VERSION,
            task: run.task.clone(),
            devices: devices.to_vec(),
            attempt: 0,
            waits: 0,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use intent::confirm::ConfirmWithin;
    use intent::hash::ContentHash;
    use proptest::prelude::*;

    use super::*;
    use crate::fakes::blank;

    fn run(devices: usize, step: usize) -> Run {
        let devices = (0..devices).map(|n| DeviceName::new(format!("leaf{n:05}")).unwrap()).collect();
        let run = blank::run(blank::run_id(7), devices);
        let task = Task {
            confirm: Some(ConfirmWithin::default()),
            plan: Some(blank::run_id(6)),
            restore: Some(ContentHash::of("hostname leaf1")),
            repeats: Some(blank::run_id(5)),
            by: Some("ana@noc".to_owned()),
            ..run.task
        };
        Run { task, step, ..run }
    }

    #[test]
    fn a_hundred_devices_by_seven_are_fifteen_slices() {
        let run = run(100, 7);

        let slices = cut(&run);

        assert_eq!(slices.len(), 15);
        assert_eq!(slices.len(), run.slices());
        assert_eq!(slices[14].devices.len(), 2);
    }

    #[test]
    fn the_largest_slice_fits_one_queue_message() {
        let longest = DeviceName::new("x".repeat(intent::name::MAX_NAME)).unwrap();
        let run = Run { devices: vec![longest; 5_000], ..run(0, usize::MAX) };

        let largest = cut(&run).iter().map(|slice| slice.to_message().len()).max();

        assert!(largest < Some(1_048_576), "{largest:?} bytes");
    }

    #[test]
    fn a_message_that_is_not_ours_says_why() {
        for (message, reason) in [
            ("", "not a slice message: EOF while parsing"),
            ("{}", "not a slice message: missing field `version`"),
            (r#"{"version":3,"anything":1}"#, "slice message of version 3, expected 2"),
            (r#"{"version":0,"anything":1}"#, "slice message of version 0, expected 2"),
            (
                r#"{"version":2,"run":"20261123-201530-000007","mode":"apply","devices":["a"],"inventory":[],"confirm":0}"#,
                "expected whole seconds",
            ),
            (r#"{"version":1,"run":"x","devices":["a"]}"#, "not a run"),
            (
                r#"{"version":2,"run":"20261123-201530-000007","mode":"apply","devices":[],"inventory":[]}"#,
                "without devices",
            ),
        ] {
            let error = Slice::parse(message).unwrap_err().to_string();
            assert!(error.contains(reason), "{message}: {error}");
        }
    }

    #[test]
    fn a_message_of_the_version_before_is_read() {
        let old = r#"{"version":1,"run":"20261123-201530-000007","mode":"apply","devices":["a"],"inventory":["i"]}"#;

        let slice = Slice::parse(old).unwrap();

        assert_eq!((slice.attempt, slice.waits, slice.task.confirm, slice.task.plan), (0, 0, None, None));
        assert_eq!((slice.task.restore, slice.task.by), (None, None));
    }

    #[test]
    fn a_field_that_no_slice_has_is_refused() {
        let mut message = serde_json::to_value(&cut(&run(1, 1))[0]).unwrap();
        message["modus"] = "plan".into();

        let error = Slice::parse(&message.to_string()).unwrap_err().to_string();

        assert!(error.contains("unknown field `modus`"), "{error}");
    }

    proptest! {
        #[test]
        fn every_device_is_in_exactly_one_slice(devices in 1_usize..3_000, step in 1_usize..2_000) {
            let run = run(devices, step);

            let slices = cut(&run);

            let together: Vec<_> = slices.iter().flat_map(|slice| slice.devices.clone()).collect();
            prop_assert_eq!(together, run.devices);
            prop_assert!(slices.iter().all(|slice| slice.devices.len() <= step.min(MAX_STEP)));
        }

        #[test]
        fn any_text_is_a_slice_or_an_error(message in ".{0,200}") {
            let _ = Slice::parse(&message);
        }

        #[test]
        fn a_slice_survives_its_message(devices in 1_usize..20) {
            let slice = cut(&run(devices, 20)).remove(0);
            prop_assert_eq!(Slice::parse(&slice.to_message()).unwrap(), slice);
        }
    }
}
