//! A clock for tests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use super::guard::lock;
use crate::ports::Clock;

/// A clock that a test turns; its dice count upwards. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct FakeClock {
    now: Arc<Mutex<Timestamp>>,
    rolled: Arc<AtomicU64>,
}

impl Default for FakeClock {
    fn default() -> Self {
        Self { now: Arc::new(Mutex::new(super::blank::NOW)), rolled: Arc::default() }
    }
}

impl FakeClock {
    /// Moves the clock forward by this much.
    pub fn advance(&self, by: jiff::SignedDuration) {
        *lock(&self.now) += by;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *lock(&self.now)
    }

    /// Time passes at once.
    async fn sleep(&self, duration: Duration) {
        *lock(&self.now) += duration;
    }

    fn entropy(&self) -> u64 {
        self.rolled.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn random(&self) -> u128 {
        self.entropy().into()
    }
}
