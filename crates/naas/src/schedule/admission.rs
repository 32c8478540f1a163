//! Asking [`crate::access`] on behalf of the use cases. The inventory is read for a decision only
//! if the caller is limited to groups.

use intent::inventory::{Inventory, InventoryError};
use intent::name::{DeviceName, GroupName, excerpt};

use super::pattern::Pattern;
use super::selection::select;
use super::{Asked, ReportError, ScheduleError, Scheduler, SchedulerPorts};
use crate::access::{Action, On, Refused, may, may_on, needs_inventory};
use crate::caller::Caller;
use crate::ports::{Inventories, StoreError};
use crate::records::run::{Mode, Run};

/// Why a use case does not go on.
pub(super) enum Denied {
    /// The caller may not do it.
    Refused(Refused),
    /// The inventory, which has the groups, cannot be read.
    Inventory(InventoryError),
    /// The inventory could not be fetched.
    InventoryStore(StoreError),
}

impl<P: SchedulerPorts> Scheduler<P> {
    /// Refuses what the caller may not do.
    pub(super) async fn admit(&self, caller: &Caller, action: Action, on: On<'_>) -> Result<(), Denied> {
        let inventory = self.inventory_for(caller, action).await?;
        may(caller, action, on, inventory.as_ref()).map_err(Denied::Refused)
    }

    /// Refuses what the caller may not do on the device that is called `name`.
    pub(super) async fn admit_named(&self, caller: &Caller, action: Action, name: &str) -> Result<(), ReportError> {
        may(caller, action, On::Nothing, None)?;
        match DeviceName::new(name) {
            Ok(device) => Ok(self.admit(caller, action, On::Device(&device)).await?),
            Err(_) => Err(ReportError::NoSuchDevice(excerpt(name))),
        }
    }

    /// The devices of a run that the caller may see; at least one.
    pub(super) async fn visible(&self, caller: &Caller, run: &Run) -> Result<Vec<DeviceName>, ReportError> {
        let inventory = self.inventory_for(caller, Action::ReadRun).await?;
        let see = |device: &&DeviceName| may_on(caller, Action::ReadRun, device, inventory.as_ref());
        let visible: Vec<_> = run.devices.iter().filter(see).cloned().collect();
        if visible.is_empty() {
            may(caller, Action::ReadRun, On::Run(&run.task.run, &run.devices), inventory.as_ref())?;
        }
        Ok(visible)
    }

    async fn inventory_for(&self, caller: &Caller, action: Action) -> Result<Option<Inventory>, Denied> {
        if !needs_inventory(caller, action) {
            return Ok(None);
        }
        let documents = self.ports().inventories.all().await.map_err(Denied::InventoryStore)?;
        Ok(Some(Inventory::parse(&documents).map_err(Denied::Inventory)?))
    }
}

impl Asked<'_> {
    /// What the request asks for.
    pub(super) fn action(&self) -> Action {
        match self.request.mode {
            _ if self.request.plan.is_some() => Action::ApplyPlan,
            _ if self.request.restore.is_some() => Action::Restore,
            Mode::Apply => Action::Apply,
            Mode::Plan => Action::Plan,
            Mode::Check => Action::Check,
        }
    }

    /// Refuses each name of the request that the caller may not do this on. A name that the
    /// inventory does not have is refused like one that is out of the caller's reach, and so is a
    /// pattern that no device matches.
    pub(super) fn admit(&self, inventory: &Inventory) -> Result<(), Refused> {
        if self.request.step.is_some() || self.request.confirm.is_some() {
            may(self.caller, Action::SetPace, On::Nothing, None)?;
        }
        let ask = |on: On<'_>| may(self.caller, self.action(), on, Some(inventory));
        if self.request.devices.iter().any(Pattern::has_operators) {
            let patterns: Vec<_> = self.request.devices.iter().map(AsRef::as_ref).collect();
            let devices = select(inventory, &self.request).unwrap_or_default();
            return ask(On::Matching(&patterns.join(","), &devices));
        }
        for name in &self.request.devices {
            match name.name() {
                None => ask(On::Every(&inventory.names().cloned().collect::<Vec<_>>()))?,
                Some(name) => self.admit_name(inventory, name)?,
            }
        }
        for group in self.request.groups.iter().filter_map(|name| GroupName::new(name.as_str()).ok()) {
            ask(On::Group(&group, &inventory.members(group.as_ref()).unwrap_or_default()))?;
        }
        Ok(())
    }

    /// The name is that of a device or, if there is none, of a group.
    fn admit_name(&self, inventory: &Inventory, name: &str) -> Result<(), Refused> {
        let ask = |on: On<'_>| may(self.caller, self.action(), on, Some(inventory));
        match (DeviceName::new(name), GroupName::new(name), inventory.members(name)) {
            (Ok(_), Ok(group), Some(members)) if !inventory.has(name) => ask(On::Group(&group, &members)),
            (Ok(device), ..) => ask(On::Device(&device)),
            // No device and no group can have this name, so it tells nothing about any.
            _ => Ok(()),
        }
    }
}

impl From<Denied> for ScheduleError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Refused(refused) => Self::Refused(refused),
            Denied::Inventory(error) => Self::Inventory(error),
            Denied::InventoryStore(error) => Self::InventoryStore(error),
        }
    }
}

impl From<Denied> for ReportError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Refused(refused) => Self::Refused(refused),
            Denied::Inventory(error) => Self::Inventory(error),
            Denied::InventoryStore(error) => Self::InventoryStore(error),
        }
    }
}
