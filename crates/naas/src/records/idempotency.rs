//! What is remembered of a request with an `Idempotency-Key`, so that the same request is the same
//! run however often it is sent.

use intent::name::RunId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The answer to an accepted request; `status` and `message` are the words of the 2019 original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Always `OK`, as in the 2019 original.
    pub status: String,
    /// Always `Scheduled`, as in the 2019 original.
    pub message: String,
    /// The run to ask about.
    pub run: RunId,
    /// How many devices it concerns.
    pub devices: usize,
    /// How many slices were queued.
    pub slices: usize,
}

/// What is remembered of a request with an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotencyRecord {
    /// SHA-256 of the request, hexadecimal: the same key with another request is a mistake worth an
    /// error.
    pub fingerprint: String,
    /// The run this key stands for.
    pub run: RunId,
    /// When the present holder took it.
    pub claimed_at: Timestamp,
    /// The answer, once everything was queued.
    pub receipt: Option<Receipt>,
}
