//! The ports over AWS. Clients are handed in, so that who makes them decides on region, endpoint
//! and credentials.

mod fault;
mod manifest;
mod models;
mod publish;
mod queue;
mod secrets;
mod state;

pub use models::S3Models;
pub use publish::{Comparison, Difference, ModelsBucket};
pub use queue::{SqsDeadLetters, SqsSlices};
pub use secrets::SecretsInventories;
pub use state::S3State;

/// How many requests one adapter has under way at most.
const CONCURRENCY: usize = 16;
