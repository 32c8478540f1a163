//! The documents of ordered ports. An order, its run and its slice are one transaction.

use intent::name::DeviceName;
use intent::tenancy::PortDocument;
use naas::ports::{PortDocuments, PortsOrdered, StoreError, StoredPorts, Version};
use naas::records::applied_ports::AppliedPorts;
use naas::records::run::Run;
use naas::records::slice::{Slice, cut};
use redb::{ReadableDatabase, ReadableTable, TableDefinition};

use super::{EmbeddedStore, get, json, queue, read_table, runs};

const ORDERED: TableDefinition<'_, &str, (u64, &str)> = TableDefinition::new("ordered-ports");
const APPLIED: TableDefinition<'_, &str, &str> = TableDefinition::new("applied-ports");

impl PortDocuments for EmbeddedStore {
    async fn port_document(&self, device: &DeviceName) -> Result<Option<StoredPorts>, StoreError> {
        let device = device.to_string();
        self.read(move |database| {
            let transaction = database.begin_read()?;
            let Some(table) = read_table(&transaction, ORDERED)? else { return Ok(None) };
            let Some(stored) = table.get(device.as_str())? else { return Ok(None) };
            let (version, document) = stored.value();
            let document = PortDocument::parse(document.as_bytes())?;
            Ok(Some(StoredPorts { document, version: Version(version.to_string()) }))
        })
        .await
    }

    async fn order_ports(
        &self,
        device: &DeviceName,
        document: &PortDocument,
        expected: Option<&Version>,
        run: &Run,
    ) -> Result<PortsOrdered, StoreError> {
        let (device, document, expected) = (device.to_string(), document.to_document(), expected.cloned());
        let run = run.clone();
        let ordered = self
            .write(move |transaction| {
                let mut ordered = transaction.open_table(ORDERED)?;
                let stands = ordered.get(device.as_str())?.map(|stored| stored.value().0);
                if stands.map(|version| Version(version.to_string())) != expected {
                    return Ok(PortsOrdered::Refused);
                }
                ordered.insert(device.as_str(), (stands.unwrap_or_default() + 1, document.as_str()))?;
                runs::insert(transaction, &run)?;
                queue::insert(transaction, cut(&run).iter().map(Slice::to_message), queue::AT_ONCE)?;
                Ok(PortsOrdered::WithItsRun)
            })
            .await?;
        self.shared.arrived.notify_waiters();
        Ok(ordered)
    }

    async fn applied_ports(&self, device: &DeviceName) -> Result<AppliedPorts, StoreError> {
        let device = device.to_string();
        let applied = self.read(move |database| get(database, APPLIED, device.as_str())).await?;
        Ok(applied.unwrap_or_default())
    }

    async fn record_applied_ports(&self, device: &DeviceName, applied: &AppliedPorts) -> Result<(), StoreError> {
        let (device, applied) = (device.to_string(), json(applied));
        self.write(move |transaction| {
            transaction.open_table(APPLIED)?.insert(device.as_str(), applied.as_str())?;
            Ok(())
        })
        .await
    }
}
