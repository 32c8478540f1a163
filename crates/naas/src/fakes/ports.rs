//! The documents of ordered ports in a [`FakeStore`], which queues their runs in the same step.

use intent::name::DeviceName;
use intent::tenancy::PortDocument;

use super::guard::lock;
use super::store::FakeStore;
use crate::ports::{PortDocuments, PortsOrdered, StoreError, StoredPorts, Version};
use crate::records::applied_ports::AppliedPorts;
use crate::records::run::Run;
use crate::records::slice::cut;

impl PortDocuments for &FakeStore {
    async fn port_document(&self, device: &DeviceName) -> Result<Option<StoredPorts>, StoreError> {
        self.check("ports")?;
        let stands = lock(&self.port_documents).get(device).cloned();
        Ok(stands.map(|document| StoredPorts { version: Version(document.generation.to_string()), document }))
    }

    async fn order_ports(
        &self,
        device: &DeviceName,
        document: &PortDocument,
        expected: Option<&Version>,
        run: &Run,
    ) -> Result<PortsOrdered, StoreError> {
        self.check("order")?;
        let mut documents = lock(&self.port_documents);
        let stands = documents.get(device).map(|stands| Version(stands.generation.to_string()));
        if stands.as_ref() != expected {
            return Ok(PortsOrdered::Refused);
        }
        documents.insert(device.clone(), document.clone());
        lock(&self.runs).insert(run.task.run.clone(), run.clone());
        lock(&self.slices).extend(cut(run));
        Ok(PortsOrdered::WithItsRun)
    }

    async fn applied_ports(&self, device: &DeviceName) -> Result<AppliedPorts, StoreError> {
        self.check("ports")?;
        Ok(lock(&self.applied_ports).get(device).cloned().unwrap_or_default())
    }

    async fn record_applied_ports(&self, device: &DeviceName, applied: &AppliedPorts) -> Result<(), StoreError> {
        self.check("applied")?;
        lock(&self.applied_ports).insert(device.clone(), applied.clone());
        Ok(())
    }
}
