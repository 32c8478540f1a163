//! Where it stands which ports of a device tenants have ordered, and which of that its switch runs.

use std::future::Future;

use intent::name::DeviceName;
use intent::tenancy::PortDocument;

use super::{StoreError, Version};
use crate::records::applied_ports::AppliedPorts;
use crate::records::run::Run;

/// The documents of ordered ports, one for each device.
pub trait PortDocuments: Send + Sync {
    /// The document of a device, if there is one. [`StoreFault::Unreadable`](super::StoreFault) if
    /// something else is stored there.
    fn port_document(
        &self,
        device: &DeviceName,
    ) -> impl Future<Output = Result<Option<StoredPorts>, StoreError>> + Send;

    /// Compare and set: writes `document` if the one that stands is of version `expected` (none: if
    /// there is none), and returns whether that was so. `run` is to bring it to the switch: a store
    /// that keeps runs and slices as well records and queues it in the same transaction. After an
    /// `Err` it may be written or not.
    fn order_ports(
        &self,
        device: &DeviceName,
        document: &PortDocument,
        expected: Option<&Version>,
        run: &Run,
    ) -> impl Future<Output = Result<PortsOrdered, StoreError>> + Send;

    /// What of it the device's switch runs.
    fn applied_ports(&self, device: &DeviceName) -> impl Future<Output = Result<AppliedPorts, StoreError>> + Send;

    /// Replaces what of it the switch runs. To be called under the device's lease only.
    fn record_applied_ports(
        &self,
        device: &DeviceName,
        applied: &AppliedPorts,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A document of ports as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPorts {
    /// The stored document.
    pub document: PortDocument,
    /// Which of its versions.
    pub version: Version,
}

/// What became of a new document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortsOrdered {
    /// It stands, and its run is on record and queued.
    WithItsRun,
    /// It stands. Its run must be recorded and queued; whoever watches the documents does so too.
    WithoutItsRun,
    /// Something else stands there; nothing was written.
    Refused,
}
