//! The second phase: what the device is to run, read and checked under its lease, before its switch
//! is contacted.

use intent::confirm::ConfirmWithin;
use intent::hash::ContentHash;
use intent::inventory::Device;
use intent::name::DeviceName;

use super::enforcer_ports::EnforcerPorts;
use super::identity::ExpectedSwitch;
use super::inputs::{Inputs, Site};
use super::ordered_ports::DevicePorts;
use super::slice_work::SliceWork;
use super::stop::Stop;
use super::target_config::TargetConfig;
use crate::ports::Runs;
use crate::records::device_state::{DeviceRecord, LaterDecision};
use crate::records::installation::InstallationId;
use crate::records::outcome::Plan;

/// A device whose lease is held, and its record as it stood then.
pub(super) struct Prepare<'w, P: EnforcerPorts> {
    pub(super) work: &'w SliceWork<'w, P>,
    pub(super) device: &'w DeviceName,
    pub(super) record: &'w DeviceRecord,
}

/// What is to be done with a device that nothing stands against.
pub(super) struct Prepared {
    /// The device with its address and credentials.
    pub(super) device: Device,
    /// What it is to run.
    pub(super) config: TargetConfig,
    /// Its ordered ports.
    pub(super) ports: DevicePorts,
    /// How long the switch runs the new configuration on trial before it goes back by itself.
    pub(super) confirm: ConfirmWithin,
    /// The plan that the run is bound to, if it is.
    pub(super) plan: Option<Plan>,
    /// The switch that it must be.
    pub(super) expected: ExpectedSwitch,
    /// This installation, whose sessions are ours.
    pub(super) installation: InstallationId,
}

impl Prepared {
    /// The hash of what guards the push, for a plan.
    pub(super) fn safety(&self) -> String {
        self.config.safety(self.confirm)
    }
}

impl<P: EnforcerPorts> Prepare<'_, P> {
    /// Reads what the device is to run, and looks for whatever stands against it.
    pub(super) async fn read(&self) -> Result<Prepared, Stop> {
        // Read only now that the lease is held: whoever came later has the newer models, and nobody
        // older ones.
        let inputs = self.work.newest_inputs().await?;
        self.is_not_cancelled(&inputs)?;
        let site = inputs.site()?;
        let device = site.inventory.device(self.device);
        let device = device.ok_or_else(|| Stop::Invalid("no longer in the inventory".to_owned()))?;
        self.is_not_an_older_restore()?;
        let ports = self.ordered_ports().await?;
        let config = self.target_config(&device, site, &ports).await?;
        config.is_safe_for(&device).map_err(Stop::Invalid)?;
        let confirm = self.confirm(&config)?;
        let plan = self.plan(&config, confirm).await?;
        let expected = ExpectedSwitch::new(&device, site, self.record);
        let installation = self.work.installation.get::<P>(self.work.ports).await?;
        Ok(Prepared { device, config, ports, confirm, plan, expected, installation })
    }

    fn is_not_cancelled(&self, inputs: &Inputs) -> Result<(), Stop> {
        // Whoever was left to this run never asked for it to be cancelled.
        match inputs.cancelled_at.filter(|_| !self.record.has_followers()) {
            Some(at) => Err(Stop::Cancelled(format!("the run was cancelled at {at:.0}"))),
            None => Ok(()),
        }
    }

    /// A restore gives way to what was decided about the pin after it was asked for.
    fn is_not_an_older_restore(&self) -> Result<(), Stop> {
        let slice = self.work.slice;
        let decided = slice.task.restores().and_then(|_| self.record.decided_after(slice.task.restore_order()));
        match decided {
            Some(LaterDecision::RestoredBy(by)) => {
                let why = "which was asked for later and has restored it already".to_owned();
                Err(Stop::Superseded { by, why })
            }
            Some(LaterDecision::UnpinnedAt(at)) => {
                let reason = format!(
                    "the device was unpinned at {at:.0}, after this restore was asked for; ask again if it is still wanted; \
                     an earlier attempt may have restored it"
                );
                Err(Stop::Cancelled(reason))
            }
            None => Ok(()),
        }
    }

    /// The newest orders of the device's ports. The run of an order that has nothing to do, or that
    /// must not be done now, ends here.
    async fn ordered_ports(&self) -> Result<DevicePorts, Stop> {
        let order = self.work.slice.task.order.as_ref();
        let ports = DevicePorts::read(&self.work.ports.state, self.device, order).await?;
        match order.and_then(|order| ports.nothing_to_bring(order, self.record)) {
            Some(stop) => Err(stop),
            None => Ok(ports),
        }
    }

    async fn target_config(&self, device: &Device, site: &Site, ports: &DevicePorts) -> Result<TargetConfig, Stop> {
        if let Some(brought) = &ports.brought {
            return TargetConfig::of_ports(device, site, &ports.document, brought).map_err(Stop::Invalid);
        }
        let held = self.record.pinned.as_ref().map(|pin| &pin.configuration);
        let kept: Option<&ContentHash> = self.work.slice.task.restore.as_ref().or(held);
        match kept {
            None => {
                let config = TargetConfig::of_models(device, site, &ports.document).map_err(Stop::Invalid)?;
                Ok(config.loaded_by(self.work.slice.task.load))
            }
            Some(hash) => TargetConfig::of_history(&self.work.ports.state, device, site, hash).await,
        }
    }

    fn confirm(&self, config: &TargetConfig) -> Result<ConfirmWithin, Stop> {
        let SliceWork { limits, slice, budget, .. } = self.work;
        let confirm = slice.task.confirm.or(config.confirm).unwrap_or(limits.confirm);
        budget.can_ever_allow(confirm).map(|()| confirm).map_err(|seconds| {
            let asked = confirm.timer().as_secs();
            Stop::Invalid(format!(
                "a confirm of {asked} s does not fit into the {seconds} s that an enforcer has; lower it, or raise its timeout"
            ))
        })
    }

    /// The plan that an apply is bound to, unless it does not hold any more.
    async fn plan(&self, config: &TargetConfig, confirm: ConfirmWithin) -> Result<Option<Plan>, Stop> {
        let Some(run) = &self.work.slice.task.plan else { return Ok(None) };
        let refused = |words: String| Err(Stop::Refused(format!("{words}; nothing was sent to the switch")));
        let planned = self.work.ports.state.outcome(run, self.device).await?;
        let Some(plan) = planned.and_then(|outcome| outcome.plan) else {
            return refused(format!("run {run} has no plan for it"));
        };
        if plan.intent != config.hash.as_ref() {
            return refused(format!(
                "models, templates or inventory have changed since plan {run}, or it was pinned or unpinned, and it would get \
                 something else now; make a new plan"
            ));
        }
        if plan.safety != Some(config.safety(confirm)) {
            return refused(format!(
                "its checks, its confirm or the lock-out rules that it may break are others than in plan {run}; make a new plan"
            ));
        }
        Ok(Some(plan))
    }
}
