//! A device's time, which tests move ahead: commit timers, logins and sessions run out by it, not
//! by waiting.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The source of a device's time.
#[derive(Debug)]
pub(crate) struct Clock {
    /// Where the clock stands; `None` if it follows the time of the machine.
    standing: Option<Timestamp>,
    ahead_ms: AtomicI64,
}

impl Clock {
    /// A clock that follows the time of the machine.
    pub(crate) fn running() -> Self {
        Self { standing: None, ahead_ms: AtomicI64::new(0) }
    }

    /// A clock that stands at `at` until it is moved.
    pub(crate) fn standing(at: Timestamp) -> Self {
        Self { standing: Some(at), ahead_ms: AtomicI64::new(0) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.ahead_ms.load(Ordering::SeqCst));
        let base = self.standing.unwrap_or_else(Timestamp::now);
        base.checked_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock ahead by `by`.
    pub(crate) fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let _ = self.ahead_ms.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |ahead| Some(ahead.saturating_add(by)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_clock_moves_when_it_is_told_to() {
        let clock = Clock::standing(Timestamp::UNIX_EPOCH);
        clock.advance(Duration::from_millis(1500));
        assert_eq!(clock.now().as_millisecond(), 1500);
    }

    #[test]
    fn no_jump_leaves_the_calendar() {
        let clock = Clock::running();
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
    }
}
