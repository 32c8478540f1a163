//! The documents of ordered ports in S3. The document is the fact: the scheduler starts the run of an
//! order after the write, and if it is killed in between, the same order again or the next apply
//! brings it to the switch.
//!
//! ```text
//! ports/<device>.json           which ports are ordered; compare and set (If-None-Match, If-Match)
//! applied-ports/<device>.json   which of them the switch runs; written under the device's lease
//! ```

use intent::name::DeviceName;
use intent::tenancy::PortDocument;
use naas::ports::{PortDocuments, PortsOrdered, StoreError, StoreFault, StoredPorts, Version};
use naas::records::applied_ports::AppliedPorts;
use naas::records::run::Run;

use super::{PutResult, S3State, StoredObject, WriteCondition};

fn ordered(device: &DeviceName) -> String {
    format!("ports/{device}.json")
}

fn applied(device: &DeviceName) -> String {
    format!("applied-ports/{device}.json")
}

impl PortDocuments for S3State {
    async fn port_document(&self, device: &DeviceName) -> Result<Option<StoredPorts>, StoreError> {
        let key = ordered(device);
        let Some(StoredObject { value, etag }) = self.bytes(&key).await? else { return Ok(None) };
        let document = PortDocument::parse(&value)
            .map_err(|error| StoreError::new(self.resource(&key), StoreFault::Unreadable, error))?;
        Ok(Some(StoredPorts { document, version: Version(etag) }))
    }

    async fn order_ports(
        &self,
        device: &DeviceName,
        document: &PortDocument,
        expected: Option<&Version>,
        _run: &Run,
    ) -> Result<PortsOrdered, StoreError> {
        let condition =
            expected.map_or(WriteCondition::IfMissing, |Version(etag)| WriteCondition::IfUnchanged(etag.as_str()));
        match self.put(&ordered(device), document, condition).await? {
            PutResult::Stored(_) => Ok(PortsOrdered::WithoutItsRun),
            PutResult::Refused => Ok(PortsOrdered::Refused),
        }
    }

    async fn applied_ports(&self, device: &DeviceName) -> Result<AppliedPorts, StoreError> {
        let stored = self.get(&applied(device)).await?;
        Ok(stored.map(|stored: StoredObject<AppliedPorts>| stored.value).unwrap_or_default())
    }

    async fn record_applied_ports(&self, device: &DeviceName, ports: &AppliedPorts) -> Result<(), StoreError> {
        self.put(&applied(device), ports, WriteCondition::Always).await.map(drop)
    }
}
