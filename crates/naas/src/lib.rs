//! The domain of naas: what a network should look like, who it is for, and what became of it.
//!
//! Nothing in here knows AWS, HTTP or the time of day; the outside is reached through [`ports`]. Data flows downwards:
//!
//! ```text
//! api        a request in words            →  schedule
//! schedule   inventory, selection, slices  →  queue
//! enforce    slice, models, render, switch →  outcome
//! ```
//!
//! The same code runs in the Lambda functions, in `naas serve` and in tests; only the ports differ.

pub mod api;
pub mod check;
pub mod confirm;
pub mod enforce;
pub mod history;
pub mod inventory;
pub mod lease;
pub mod lockout;
pub mod model;
pub mod name;
pub mod outcome;
pub mod ports;
pub mod problem;
pub mod record;
pub mod redact;
pub mod render;
pub mod retry;
pub mod run;
pub mod schedule;
pub mod selection;
pub mod session;
pub mod slice;
mod text_hash;
mod yaml;

#[cfg(any(test, feature = "fakes"))]
pub mod fakes;
