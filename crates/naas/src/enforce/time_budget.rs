//! The time that one invocation of the enforcer has for a slice.

use intent::confirm::ConfirmWithin;
use jiff::{SignedDuration, Timestamp};

use crate::lease::Terms;

/// Time reserved at the end of an invocation for putting unfinished devices back into the queue.
const WRAP_UP: SignedDuration = SignedDuration::from_secs(5);

/// What a push usually needs besides its commit timer: status, staging and saving.
const BESIDES: SignedDuration = SignedDuration::from_secs(20);

/// The span in which devices are worked on, by the clock of this machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeBudget {
    began: Timestamp,
    work_until: Timestamp,
    clock_skew: SignedDuration,
}

impl TimeBudget {
    /// A budget from now until a little before the function ends.
    pub(super) fn new(now: Timestamp, deadline: Timestamp, clock_skew: SignedDuration) -> Self {
        Self { began: now, work_until: (deadline - WRAP_UP).max(now), clock_skew }
    }

    /// Whether a push with this commit timer still fits if it is begun, or committed, at `now`.
    pub(super) fn allows(&self, now: Timestamp, confirm: ConfirmWithin) -> bool {
        let needed = SignedDuration::try_from(confirm.timer()).unwrap_or(SignedDuration::MAX) + BESIDES;
        now.checked_add(needed).is_ok_and(|end| end <= self.work_until)
    }

    /// Whether a push with this commit timer fits if it is begun first of all. The error is the
    /// length of the budget in seconds.
    pub(super) fn can_ever_allow(&self, confirm: ConfirmWithin) -> Result<(), i64> {
        if self.allows(self.began, confirm) {
            Ok(())
        } else {
            Err(self.work_until.duration_since(self.began).as_secs())
        }
    }

    /// How long work may go on from `now` before it is cut off.
    pub(super) fn left(&self, now: Timestamp) -> std::time::Duration {
        self.work_until.duration_since(now).max(SignedDuration::ZERO).unsigned_abs()
    }

    /// The terms of a lease that outlasts this budget.
    pub(super) fn terms(&self) -> Terms {
        Terms { work_until: self.work_until, clock_skew: self.clock_skew }
    }

    /// How old a session of ours must be for its push to be dead in any case.
    pub(super) fn longest_push(&self) -> SignedDuration {
        self.terms().until().duration_since(self.began)
    }
}
