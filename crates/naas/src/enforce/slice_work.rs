//! One slice at work: what its devices share.

use intent::name::DeviceName;

use super::enforcer_ports::{EnforcerPorts, PortsOf};
use super::inputs::{Inputs, SiteCache};
use super::installation_cache::InstallationCache;
use super::limits::Limits;
use super::shared_read::SharedRead;
use super::time_budget::TimeBudget;
use crate::ports::{Clock, StoreError};
use crate::records::outcome::{Outcome, Status, SwitchState};
use crate::records::slice::Slice;

/// One slice, and what the work on its devices needs.
pub(super) struct SliceWork<'s, P: EnforcerPorts> {
    pub(super) ports: &'s PortsOf<P>,
    pub(super) limits: &'s Limits,
    pub(super) sites: &'s SiteCache,
    pub(super) installation: &'s InstallationCache,
    pub(super) slice: &'s Slice,
    /// Whether an earlier attempt of this slice may have reached its switches.
    pub(super) came_before: bool,
    pub(super) budget: TimeBudget,
    pub(super) inputs: SharedRead<Inputs>,
}

impl<P: EnforcerPorts> SliceWork<'_, P> {
    /// The inputs of the slice, read after this call.
    pub(super) async fn newest_inputs(&self) -> Result<Inputs, StoreError> {
        self.inputs.since_now(async || Inputs::read::<P>(self.ports, self.sites, self.slice).await).await
    }

    /// Whether the attempt that is under way is the last one that is made.
    pub(super) fn is_last_attempt(&self) -> bool {
        self.limits.retries.exhausted(self.slice.attempt)
    }

    /// An outcome of this moment, for a switch that was not contacted.
    pub(super) fn outcome(&self, device: &DeviceName, status: Status, error: Option<String>) -> Outcome {
        let now = self.ports.clock.now();
        Outcome {
            run: self.slice.task.run.clone(),
            device: device.clone(),
            status,
            switch: SwitchState::NotContacted,
            diff: String::new(),
            remarks: Vec::new(),
            error,
            superseded_by: None,
            plan: None,
            pinned: None,
            started_at: now,
            finished_at: now,
        }
    }
}
