//! The ordered ports of a device, read under its lease: what a push has to contain of them, and the
//! note of what the switch runs after it.

use std::collections::BTreeSet;

use intent::name::{DeviceName, RunId};
use intent::tenancy::{PortDocument, PortName, PortScope};
use jiff::Timestamp;

use super::stop::Stop;
use super::target_config::{ConfigSource, TargetConfig};
use crate::ports::{PortDocuments, StoreError};
use crate::records::applied_ports::AppliedPorts;
use crate::records::device_state::DeviceRecord;
use crate::records::order::OrderedPorts;
use crate::records::outcome::{Outcome, Status};

/// The ports of a device as they were ordered, and as its switch was known to have them.
#[derive(Default)]
pub(super) struct DevicePorts {
    pub(super) document: PortDocument,
    applied: AppliedPorts,
    /// The ports that the run of an order brings; none in any other run.
    pub(super) brought: Option<BTreeSet<PortName>>,
}

impl DevicePorts {
    /// Reads the newest orders.
    pub(super) async fn read(
        store: &impl PortDocuments,
        device: &DeviceName,
        order: Option<&OrderedPorts>,
    ) -> Result<Self, StoreError> {
        let Some(stored) = store.port_document(device).await? else {
            return Ok(Self { brought: order.map(|_| BTreeSet::new()), ..Self::default() });
        };
        let (document, applied) = (stored.document, store.applied_ports(device).await?);
        let brought = order.map(|order| {
            let of_tenant = |port: &&PortName| document.ports[*port].tenant == order.tenant;
            applied.waiting(&document).filter(of_tenant).cloned().collect()
        });
        Ok(Self { document, applied, brought })
    }

    /// Why the run of an order has nothing to do, if it has not.
    pub(super) fn nothing_to_bring(&self, order: &OrderedPorts, record: &DeviceRecord) -> Option<Stop> {
        if self.brought.as_ref().is_none_or(BTreeSet::is_empty) {
            let why = "which has the newest orders of its ports".to_owned();
            let gone = "its ports are not ordered any more; nothing was sent to the switch";
            let superseded = self.last_run(order).map(|by| Stop::Superseded { by, why });
            return Some(superseded.unwrap_or_else(|| Stop::Refused(gone.to_owned())));
        }
        let pin = record.pinned.as_ref()?;
        Some(Stop::Refused(format!(
            "the device is pinned to configuration {} since run {}, and nothing was sent to the switch; the order stands, and comes \
             with the next apply after it is unpinned",
            pin.configuration.brief(),
            pin.run
        )))
    }

    /// The run that has to do with the ports of an order last.
    fn last_run(&self, order: &OrderedPorts) -> Option<RunId> {
        let runs = |port: &PortName| {
            // Of the same generation, the run that brought it comes last.
            let ordered = self.document.ports.get(port).map(|entry| (entry.generation, false, entry.request.clone()));
            let applied = self.applied.ports.get(port).map(|applied| (applied.generation, true, applied.run.clone()));
            ordered.into_iter().chain(applied)
        };
        order.ports.iter().flat_map(runs).max().map(|(.., run)| run)
    }

    /// What the run of an order may change; none in any other run.
    pub(super) fn scope(&self) -> Option<PortScope> {
        let ports = self.brought.clone()?;
        let vlans =
            ports.iter().filter_map(|port| self.document.ports.get(port)).flat_map(|entry| entry.intent.vlans());
        Some(PortScope { vlans: vlans.collect(), ports })
    }

    /// Notes which orders the switch runs after a push, if the outcome says that it runs them.
    pub(super) async fn note(
        &self,
        store: &impl PortDocuments,
        config: &TargetConfig,
        outcome: &Outcome,
    ) -> Result<(), StoreError> {
        let runs_them = [Status::Changed, Status::InSync, Status::EditedMeanwhile].contains(&outcome.status);
        if !runs_them {
            return Ok(());
        }
        let after = self.after(config, &outcome.run, outcome.finished_at);
        if after == self.applied {
            return Ok(());
        }
        store.record_applied_ports(&outcome.device, &after).await
    }

    fn after(&self, config: &TargetConfig, run: &RunId, at: Timestamp) -> AppliedPorts {
        let mut after = self.applied.clone();
        match (&config.source, &self.brought) {
            // It says nothing about orders.
            (ConfigSource::History, _) => return AppliedPorts::default(),
            (_, Some(brought)) => after.note(&self.document, brought, run, at),
            (_, None) => after.note(&self.document, self.document.ports.keys(), run, at),
        }
        after
    }
}
