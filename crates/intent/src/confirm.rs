//! For how long a switch runs a new configuration on trial, before it goes back to what it ran by
//! itself.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Seconds between commit and confirmation, [`MIN`](Self::MIN) to [`MAX`](Self::MAX): enough for a
/// slow switch to be asked several times, and short enough to be waited for by somebody who was cut
/// off. It cannot be turned off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct ConfirmWithin(u32);

/// A number of seconds that a trial cannot last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected whole seconds from {} to {}, found {found}: that long a switch runs the new configuration unconfirmed before it goes \
     back by itself",
    ConfirmWithin::MIN,
    ConfirmWithin::MAX
)]
pub struct BadConfirm {
    found: i64,
}

impl ConfirmWithin {
    /// The least seconds: one attempt to reach a slow switch takes some seconds.
    pub const MIN: u32 = 10;
    /// The most seconds: a push must fit into the life of a function, of which AWS allows fifteen
    /// minutes.
    pub const MAX: u32 = 600;

    /// A trial of so many seconds.
    ///
    /// # Errors
    ///
    /// Fewer than [`MIN`](Self::MIN) or more than [`MAX`](Self::MAX).
    pub fn new(seconds: i64) -> Result<Self, BadConfirm> {
        match u32::try_from(seconds) {
            Ok(valid @ Self::MIN..=Self::MAX) => Ok(Self(valid)),
            _ => Err(BadConfirm { found: seconds }),
        }
    }

    /// The time that the switch's commit timer is set to.
    pub fn timer(self) -> Duration {
        Duration::from_secs(self.0.into())
    }

    /// How long after the commit the last confirmation may be begun, so that none comes too late.
    pub fn last_try(self) -> Duration {
        let margin = (self.0 / 8).clamp(2, 15);
        Duration::from_secs((self.0 - margin).into())
    }
}

impl Default for ConfirmWithin {
    /// The default is 120 seconds.
    fn default() -> Self {
        Self(120)
    }
}

impl TryFrom<i64> for ConfirmWithin {
    type Error = BadConfirm;

    fn try_from(seconds: i64) -> Result<Self, BadConfirm> {
        Self::new(seconds)
    }
}

impl From<ConfirmWithin> for i64 {
    fn from(confirm: ConfirmWithin) -> Self {
        confirm.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_negative_and_a_day_are_refused_with_what_was_expected() {
        for seconds in [0, -1, 9, 601, 86_400, i64::MAX] {
            let error = ConfirmWithin::new(seconds).unwrap_err().to_string();
            assert!(error.starts_with("expected whole seconds from 10 to 600, found "), "{error}");
        }
    }

    #[test]
    fn the_last_try_leaves_time_before_the_timer_runs_out() {
        for (seconds, last_try) in [(10, 8), (60, 53), (120, 105), (600, 585)] {
            assert_eq!(ConfirmWithin::new(seconds).unwrap().last_try().as_secs(), last_try);
        }
    }
}
