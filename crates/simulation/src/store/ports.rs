//! The documents of ordered ports: like S3, it writes the document and nothing else.

use intent::name::DeviceName;
use intent::tenancy::PortDocument;
use naas::ports::{PortDocuments, PortsOrdered, StoreError, StoredPorts, Version};
use naas::records::applied_ports::AppliedPorts;
use naas::records::run::Run;

use super::Stored;
use crate::process::Reach;

impl PortDocuments for Reach {
    async fn port_document(&self, device: &DeviceName) -> Result<Option<StoredPorts>, StoreError> {
        let read = |stored: &mut Stored| {
            let (document, version) = stored.port_documents.get(device)?;
            Some(StoredPorts { document: document.clone(), version: Version(version.to_string()) })
        };
        self.ask("reading the device's ports", read).await
    }

    async fn order_ports(
        &self,
        device: &DeviceName,
        document: &PortDocument,
        expected: Option<&Version>,
        _run: &Run,
    ) -> Result<PortsOrdered, StoreError> {
        let write = |stored: &mut Stored| {
            let stands = stored.port_documents.get(device).map(|(_, version)| *version);
            if stands.map(|version| Version(version.to_string())).as_ref() != expected {
                return PortsOrdered::Refused;
            }
            let version = stands.unwrap_or_default() + 1;
            stored.port_documents.insert(device.clone(), (document.clone(), version));
            PortsOrdered::WithoutItsRun
        };
        self.ask("writing the device's ports", write).await
    }

    async fn applied_ports(&self, device: &DeviceName) -> Result<AppliedPorts, StoreError> {
        let read = |stored: &mut Stored| stored.applied_ports.get(device).cloned().unwrap_or_default();
        self.ask("reading the device's applied ports", read).await
    }

    async fn record_applied_ports(&self, device: &DeviceName, applied: &AppliedPorts) -> Result<(), StoreError> {
        let write = |stored: &mut Stored| drop(stored.applied_ports.insert(device.clone(), applied.clone()));
        self.ask("writing the device's applied ports", write).await
    }
}
