//! The documents that outlive a process: runs, outcomes, slices, revisions, idempotency keys and the state of each device. They are
//! data with their own reading and writing; what may be done with them is decided above.

pub mod device_state;
pub mod idempotency;
pub mod outcome;
pub mod revision;
pub mod run;
pub mod slice;
