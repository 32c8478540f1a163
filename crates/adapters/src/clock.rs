//! The machine's own clock and dice.

use jiff::Timestamp;
use naas::ports::Clock;

/// The system's time and a fast random number generator, seeded by the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn entropy(&self) -> u64 {
        fastrand::u64(..)
    }
}
