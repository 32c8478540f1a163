//! When what may pass by itself is tried again: growing pauses, each of them partly random, so that
//! a thousand switches that went away together do not come back together.

use std::time::Duration;

/// Longest pause: SQS delays a message by fifteen minutes at most,
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>.
pub const LONGEST: Duration = Duration::from_secs(900);

/// How often a slice may come again because others work on its device: in all longer than a lease
/// can last.
pub const MAX_WAITS: u32 = 128;

/// First pause of one who waits for others, and the longest: a push takes seconds, a dead holder's
/// lease many minutes.
const WAIT: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));

/// How often, and after what pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// The pause before the second attempt, before chance shortens it; it doubles with each one
    /// after that.
    pub first_pause: Duration,
    /// How many attempts there are in all, at least one.
    pub attempts: u32,
}

impl Default for Retries {
    /// Eight attempts within 16 to 32 minutes: a switch that reloads is back within them.
    fn default() -> Self {
        // EOS-18.
        Self { first_pause: Duration::from_secs(15), attempts: 8 }
    }
}

impl Retries {
    /// The pause after attempt number `attempt`, counted from 0.
    pub fn pause(&self, attempt: u32, dice: u64) -> Duration {
        grown(self.first_pause, attempt, LONGEST, dice)
    }

    /// Whether attempt number `attempt`, counted from 0, was the last.
    pub fn exhausted(&self, attempt: u32) -> bool {
        attempt.saturating_add(1) >= self.attempts
    }
}

/// The pause of one who waits for others to be done with a device, for the `waits`th time, counted
/// from 0.
pub fn wait(waits: u32, dice: u64) -> Duration {
    grown(WAIT.0, waits, WAIT.1, dice)
}

fn grown(first: Duration, times: u32, longest: Duration, dice: u64) -> Duration {
    let grown = first.saturating_mul(2_u32.saturating_pow(times)).min(longest);
    grown.mul_f64(0.5 + fraction(dice) / 2.0)
}

/// A number from 0 to 1 out of random bits.
pub(crate) fn fraction(dice: u64) -> f64 {
    // 53 bits are all that a double holds.
    (dice >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_pause_is_between_half_of_what_is_due_and_that(attempt in 0_u32..100, dice: u64, first in 1_u64..100) {
            let retries = Retries { first_pause: Duration::from_secs(first), attempts: 8 };
            let due = (first as f64 * 2_f64.powi(attempt as i32)).min(900.0);

            let pause = retries.pause(attempt, dice).as_secs_f64();

            prop_assert!((due * 0.499..=due * 1.001).contains(&pause), "{pause} s of {due} s");
            prop_assert!(pause <= 900.0);
        }

        #[test]
        fn there_are_exactly_as_many_attempts_as_told(attempts in 1_u32..50) {
            let retries = Retries { attempts, ..Retries::default() };

            let last = (0..).find(|attempt| retries.exhausted(*attempt));

            prop_assert_eq!(last, Some(attempts - 1));
        }

        #[test]
        fn whoever_waits_outlasts_any_lease(dice: u64) {
            // The longest function timeout of AWS, the default clock skew twice, and the aftermath.
            let lease = Duration::from_secs(900 + 600 + 60);

            let waited: Duration = (0..MAX_WAITS).map(|waits| wait(waits, dice)).sum();

            prop_assert!(waited > lease, "{waited:?}");
        }
    }
}
