//! The domain of naas: what a network should look like, who it is for, and what became of it.
//!
//! Nothing in here knows AWS, HTTP or the time of day; the outside is reached through [`ports`].
//! Data flows downwards:
//!
//! ```text
//! api        a request in words            →  schedule
//! schedule   inventory, selection, slices  →  queue
//! enforce    slice, models, render, switch →  outcome
//! ```
//!
//! The same code runs in the Lambda functions, in `naas serve` and in tests; only the ports differ.

pub mod access;
pub mod api;
pub mod caller;
pub mod causes;
pub mod enforce;
pub mod history;
pub mod lease;
pub mod ports;
pub mod records;
pub mod retry;
pub mod schedule;
pub mod session;

#[cfg(any(test, feature = "fakes"))]
pub mod contract;
#[cfg(any(test, feature = "fakes"))]
pub mod fakes;
