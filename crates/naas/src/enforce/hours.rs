//! The time there is for a slice.

use intent::confirm::ConfirmWithin;
use jiff::{SignedDuration, Timestamp};

use crate::lease::Terms;

/// What is kept for putting back what could not be done.
const WRAP_UP: SignedDuration = SignedDuration::from_secs(5);

/// What a push needs besides its commit timer, usually: looking, staging, saving.
const BESIDES: SignedDuration = SignedDuration::from_secs(20);

/// From when to when devices are worked on, by the clock of this machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hours {
    began: Timestamp,
    /// When work is cut off.
    pub(super) work_until: Timestamp,
    clock_skew: SignedDuration,
}

impl Hours {
    /// From now to a little before the function ends.
    pub(super) fn new(now: Timestamp, deadline: Timestamp, clock_skew: SignedDuration) -> Self {
        Self { began: now, work_until: (deadline - WRAP_UP).max(now), clock_skew }
    }

    /// Whether a push that waits so long for its confirmation can be begun, or committed, at `now`.
    pub(super) fn suffice(&self, now: Timestamp, confirm: ConfirmWithin) -> bool {
        let needed = SignedDuration::try_from(confirm.timer()).unwrap_or(SignedDuration::MAX) + BESIDES;
        now.checked_add(needed).is_ok_and(|end| end <= self.work_until)
    }

    /// Whether they would suffice if it were begun first of all; if not, in seconds what there is.
    pub(super) fn can_ever_suffice(&self, confirm: ConfirmWithin) -> Result<(), i64> {
        if self.suffice(self.began, confirm) {
            Ok(())
        } else {
            Err(self.work_until.duration_since(self.began).as_secs())
        }
    }

    /// The terms of a lease.
    pub(super) fn terms(&self) -> Terms {
        Terms { work_until: self.work_until, clock_skew: self.clock_skew }
    }

    /// How old a session of ours must be for its push to be dead in any case.
    pub(super) fn longest_push(&self) -> SignedDuration {
        self.terms().until().duration_since(self.began)
    }
}
