//! The documents that outlive a process: runs, outcomes, slices, revisions, idempotency keys and
//! the state of each device. They are data with their own reading and writing; what may be done
//! with them is decided above.

pub mod applied_ports;
pub mod device_state;
pub mod idempotency;
pub mod installation;
pub mod order;
pub mod outcome;
pub mod revision;
pub mod run;
pub mod slice;
pub mod task;

use serde::Deserialize;

/// Reads the version of a stored document, and nothing else of it. It comes first, so that a
/// document of a newer naas is called newer and not malformed.
fn version_of(document: &[u8]) -> Result<u32, serde_json::Error> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    serde_json::from_slice(document).map(|Versioned { version }| version)
}
