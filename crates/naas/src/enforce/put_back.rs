//! Devices that go back into the queue.

use std::time::Duration;

use intent::name::DeviceName;
use tracing::{info, warn};

use super::enforcer_ports::EnforcerPorts;
use super::slice_work::SliceWork;
use crate::lease;
use crate::ports::{Clock, Runs, SliceQueue, StoreError};
use crate::records::outcome::Attempt;
use crate::records::slice::{self, Slice};
use crate::retry;

/// A device that must come again.
pub(super) struct Unfinished {
    pub(super) device: DeviceName,
    pub(super) why: Why,
    /// The reason in words, for people.
    pub(super) reason: String,
}

/// Why a device goes back into the queue. Each reason has its own counter and delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// An attempt failed for a reason that may pass.
    Failed,
    /// Others work on the device.
    Waits,
    /// The same was done for another run a moment ago.
    Settles,
    /// This invocation had no time left for it.
    OutOfTime,
}

/// Queues what is unfinished, each kind as a slice of its own with its own delay, so that one
/// device's trouble delays no other's.
pub(super) async fn put_back<P: EnforcerPorts>(
    work: &SliceWork<'_, P>,
    unfinished: Vec<Unfinished>,
) -> Result<(), StoreError> {
    for why in [Why::Failed, Why::Waits, Why::Settles, Why::OutOfTime] {
        let (these, _): (Vec<_>, Vec<_>) = unfinished.iter().partition(|device| device.why == why);
        if these.is_empty() {
            continue;
        }
        let (again, delay) = again(work, why, these.iter().map(|unfinished| unfinished.device.clone()).collect());
        work.ports.queue.send(std::slice::from_ref(&again), delay).await?;
        for unfinished in these {
            note(work, &again, delay, unfinished).await;
        }
    }
    Ok(())
}

/// The slice that comes again, and after what delay. Each reason raises a counter, and each counter
/// has an end.
fn again<P: EnforcerPorts>(work: &SliceWork<'_, P>, why: Why, devices: Vec<DeviceName>) -> (Slice, Duration) {
    let (slice, dice) = (work.slice, work.ports.clock.entropy());
    let (attempt, waits, delay) = match why {
        Why::Failed => (slice.attempt + 1, slice.waits, work.limits.retries.pause(slice.attempt, dice)),
        Why::Waits => (slice.attempt, slice.waits + 1, retry::wait(slice.waits, dice)),
        Why::Settles => (slice.attempt, slice.waits + 1, lease::SETTLE.unsigned_abs()),
        // At once, since the next invocation has all its time before it.
        Why::OutOfTime => (slice.attempt, slice.waits + 1, Duration::ZERO),
    };
    (Slice { version: slice::VERSION, devices, attempt, waits, ..slice.clone() }, delay)
}

/// Notes the attempt, for people only: the slice is what counts.
async fn note<P: EnforcerPorts>(work: &SliceWork<'_, P>, again: &Slice, delay: Duration, unfinished: &Unfinished) {
    let Unfinished { device, reason, .. } = unfinished;
    info!(run = %again.task.run, %device, reason, delay_s = delay.as_secs(), "put back");
    let now = work.ports.clock.now();
    let attempt = Attempt {
        run: again.task.run.clone(),
        device: device.clone(),
        attempts: again.attempt + again.waits,
        at: now,
        reason: reason.clone(),
        again_at: now + delay,
    };
    if let Err(error) = work.ports.state.note(&attempt).await {
        warn!(run = %again.task.run, %device, %error, "the attempt could not be noted");
    }
}
