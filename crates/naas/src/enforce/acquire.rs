//! The first phase: the lease of a device, or the reason why this run does not get it now.

use intent::name::{DeviceName, RunId};
use tracing::warn;

use super::enforcer_ports::EnforcerPorts;
use super::put_back::Why;
use super::slice_work::SliceWork;
use crate::lease::{self, Acquired, HeldLease, LeaseRequest, WorkResult};
use crate::ports::{Clock, Runs, StoreError};
use crate::records::device_state::Token;
use crate::records::slice::Slice;
use crate::retry::MAX_WAITS;

/// A device that is about to be worked on.
pub(super) struct Acquire<'w, P: EnforcerPorts> {
    pub(super) work: &'w SliceWork<'w, P>,
    pub(super) device: &'w DeviceName,
}

/// Why this run does not get the lease now. The switch was not contacted.
pub(super) enum NotAcquired {
    /// The device has an outcome in this run, and nobody was left to it.
    Done,
    /// The device goes back into the queue, for this reason.
    ComesAgain(Why, String),
    /// Others were at work on it each time that its turn came, as these words say.
    WaitedInVain(String),
    /// The device is left to another run.
    Superseded {
        /// The run that works on the device in the place of this one.
        by: RunId,
        /// What the other run does, as the end of a sentence.
        why: String,
    },
    /// A store failed. Whether the lease was taken is not known, and the device comes again.
    Store(StoreError),
}

impl From<StoreError> for NotAcquired {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<P: EnforcerPorts> Acquire<'_, P> {
    /// Takes the lease of the device, or says why this run does not get it now.
    pub(super) async fn lease(&self) -> Result<HeldLease, NotAcquired> {
        if self.work.came_before && self.is_done().await? {
            return Err(NotAcquired::Done);
        }
        if !self.has_time() {
            return Err(self.later(Why::OutOfTime, "there was no time left for it".to_owned()).await?);
        }
        let SliceWork { ports, budget, .. } = self.work;
        let request = request(self.work.slice, Token::new(ports.clock.random()));
        match lease::acquire(&ports.state, &ports.clock, self.device, &request, &budget.terms()).await? {
            Acquired::Held(held) => self.unless_done(*held).await,
            Acquired::Superseded(by) => Err(self.superseded(by)),
            Acquired::Settling => Err(self.later(Why::Settles, "the same was done a moment ago".to_owned()).await?),
            Acquired::Busy(run) => Err(self.later(Why::Waits, format!("run {run} is at work on it")).await?),
        }
    }

    /// Whether the device has an outcome in this run, and nobody was left to it.
    async fn is_done(&self) -> Result<bool, StoreError> {
        let SliceWork { ports, slice, .. } = self.work;
        let Some(outcome) = ports.state.outcome(&slice.task.run, self.device).await? else { return Ok(false) };
        // Whoever recorded it may have died before all of it was written.
        ports.state.record(&outcome).await?;
        // Its slice may have come twice, and waited for the device after it was done: then others
        // were left to it.
        Ok(!lease::has_followers(&ports.state, self.device, &slice.task.run).await?)
    }

    /// Reads the outcome again now that nobody else can write one. A slice that was delivered twice
    /// may have been worked on meanwhile: what has an outcome is not done again, unless others were
    /// left to it.
    async fn unless_done(&self, held: HeldLease) -> Result<HeldLease, NotAcquired> {
        let SliceWork { ports, slice, .. } = self.work;
        let ended = match ports.state.outcome(&slice.task.run, self.device).await {
            Ok(Some(_)) if !held.record().has_followers() => NotAcquired::Done,
            Ok(_) => return Ok(held),
            Err(error) => error.into(),
        };
        if let Err(error) = lease::release(&ports.state, &ports.clock, held, WorkResult::default()).await {
            warn!(device = %self.device, %error, "a lease could not be given back and must run out");
        }
        Err(ended)
    }

    fn has_time(&self) -> bool {
        let SliceWork { ports, limits, slice, budget, .. } = self.work;
        let confirm = slice.task.confirm.unwrap_or(limits.confirm);
        budget.can_ever_allow(confirm).is_err() || budget.allows(ports.clock.now(), confirm)
    }

    fn superseded(&self, by: RunId) -> NotAcquired {
        let before =
            if self.work.came_before { "; an earlier attempt of this run may have reached the switch" } else { "" };
        let why = format!("which waits for the device and will read the newest models{before}");
        NotAcquired::Superseded { by, why }
    }

    /// The device comes again, unless it has waited as often as it may. Then nobody must be left to
    /// this run any more.
    async fn later(&self, why: Why, reason: String) -> Result<NotAcquired, StoreError> {
        let SliceWork { ports, slice, .. } = self.work;
        if slice.waits < MAX_WAITS {
            return Ok(NotAcquired::ComesAgain(why, reason));
        }
        lease::withdraw(&ports.state, &ports.clock, self.device, &slice.task.run).await?;
        Ok(NotAcquired::WaitedInVain(format!("{reason}, as each of the {MAX_WAITS} times that its turn came")))
    }
}

/// Who asks for the lease: a run that is bound to a plan, or that restores, is left to nobody else.
fn request(slice: &Slice, token: Token) -> LeaseRequest {
    let task = &slice.task;
    LeaseRequest { run: task.run.clone(), mode: task.mode, exclusive: task.is_exclusive(), token }
}
