//! The limits of an enforcer's work, which the deployment sets.

use std::num::NonZeroUsize;

use intent::confirm::ConfirmWithin;
use jiff::{SignedDuration, Timestamp};

use crate::retry::Retries;

/// The limits of an enforcer's work.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many devices of a slice are worked on at once.
    pub concurrency: NonZeroUsize,
    /// The commit timer of a push where neither the request nor a model sets one.
    pub confirm: ConfirmWithin,
    /// How far the clock of any machine may be from the true time.
    pub clock_skew: SignedDuration,
    /// How often an attempt is repeated that failed for a reason that may pass.
    pub retries: Retries,
    /// Since when no other enforcer can have been at work, where that is known. Sessions that were
    /// opened before belong to dead pushes.
    pub alone_since: Option<Timestamp>,
}

impl Default for Limits {
    /// 32 devices at once, and the clocks of machines at most five minutes wrong.
    fn default() -> Self {
        Self {
            concurrency: NonZeroUsize::MIN.saturating_add(31),
            confirm: ConfirmWithin::default(),
            clock_skew: SignedDuration::from_mins(5),
            retries: Retries::default(),
            alone_since: None,
        }
    }
}
