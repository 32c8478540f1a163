//! Why a device is not pushed, once its lease is held and before its switch is contacted.

use intent::name::RunId;

use crate::ports::StoreError;
use crate::records::outcome::{Outcome, Status};

/// Why a device is not pushed. The switch was not contacted.
pub(super) enum Stop {
    /// An operator must correct the inventory, a model, a template or the request, as these words
    /// say.
    Invalid(String),
    /// What was asked for cannot be done as things are now, as these words say.
    Refused(String),
    /// The run was cancelled, as these words say.
    Cancelled(String),
    /// The device is left to another run.
    Superseded {
        /// The run that the device is left to.
        by: RunId,
        /// What the other run does, as the end of a sentence.
        why: String,
    },
    /// A store failed. Nothing was done, and the device comes again.
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Stop {
    /// The outcome that this is, made of a blank one; or the store's error, which is none.
    pub(super) fn outcome(self, blank: Outcome) -> Result<Outcome, StoreError> {
        let ended = |status, error| Outcome { status, error: Some(error), ..blank.clone() };
        Ok(match self {
            Self::Invalid(reason) => ended(Status::Invalid, reason),
            Self::Refused(reason) => ended(Status::Refused, reason),
            Self::Cancelled(reason) => ended(Status::Cancelled, reason),
            Self::Superseded { by, why } => {
                let outcome = ended(Status::Superseded, format!("left to run {by}, {why}"));
                Outcome { superseded_by: Some(by), ..outcome }
            }
            Self::Store(error) => return Err(error),
        })
    }
}
