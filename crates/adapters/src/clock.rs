//! The machine's own clock and random numbers.

use std::time::Duration;

use jiff::Timestamp;
use naas::ports::Clock;

/// The system's time, a fast random number generator, and the system's own random numbers.
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

    fn random(&self) -> u128 {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        u128::from_ne_bytes(bytes)
    }
}
