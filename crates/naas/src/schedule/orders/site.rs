//! What orders are held against: tenants, models and inventory, at one moment.

use std::collections::BTreeSet;

use intent::inventory::Inventory;
use intent::name::{DeviceName, RunId};
use intent::render::ModelSet;
use intent::tenancy::{PortDocument, PortName, Tenants, ports_of};

use super::super::ports::PortsOf;
use super::{OrderError, SchedulerPorts, ports_of_order};
use crate::ports::{Inventories, Models};
use crate::records::order::Load;
use crate::records::run::{Mode, Run};
use crate::records::task::Task;

/// Tenants, models and inventory.
pub(super) struct OrderSite {
    models: ModelSet,
    inventory: Inventory,
}

impl OrderSite {
    pub(super) async fn read<P: SchedulerPorts + ?Sized>(ports: &PortsOf<P>) -> Result<Self, OrderError> {
        let files = ports.models.snapshot().await.map_err(OrderError::ModelsStore)?;
        let models = ModelSet::read(&files).map_err(|error| OrderError::Models(error.to_string()))?;
        let documents = ports.inventories.all().await.map_err(OrderError::InventoryStore)?;
        Ok(Self { models, inventory: Inventory::parse(&documents)? })
    }

    pub(super) fn tenants(&self) -> Result<&Tenants, OrderError> {
        self.models.tenants().ok_or(OrderError::NoTenants)
    }

    /// The ports that the operator's models configure on a device.
    pub(super) fn operators_ports(&self, device: &DeviceName) -> Result<BTreeSet<PortName>, OrderError> {
        let known = self.inventory.device(device).ok_or_else(|| OrderError::unknown_device(device.as_ref()))?;
        let rendered = self.models.render(&known).map_err(|error| OrderError::Models(format!("{device}: {error}")))?;
        Ok(ports_of(&rendered.configuration))
    }

    /// The run that brings an order to its switch, as far as the order stands in the document.
    pub(super) fn run_of(&self, device: &DeviceName, document: &PortDocument, order: &RunId) -> Option<Run> {
        let (ports, entry) = ports_of_order(document, order)?;
        let devices = vec![device.clone()];
        let task = Task {
            by: Some(entry.by.clone()),
            load: Load::Merge,
            order: Some(ports),
            ..Task::new(order.clone(), Mode::Apply, self.inventory.documents_of(&devices))
        };
        Some(Run { task, accepted_at: entry.at, devices, step: 1 })
    }
}
