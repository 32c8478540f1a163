//! The machine's own clock and dice.

use std::time::Duration;

use jiff::Timestamp;
use naas::ports::Clock;

/// The system's time and a fast random number generator, seeded by the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn entropy(&self) -> u64 {
        fastrand::u64(..)
    }
}
