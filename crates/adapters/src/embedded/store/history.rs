//! What devices were made to run: texts by their hash, revisions by their time.

use intent::hash::ContentHash;
use intent::name::{DeviceName, RunId};
use jiff::Timestamp;
use naas::ports::{History, StoreError};
use naas::records::revision::{Entry, Revision};
use redb::{ReadableDatabase, ReadableTable, TableDefinition};

use super::{EmbeddedStore, read_table};

/// Configurations by device and hash.
const TEXTS: TableDefinition<'_, (&str, &str), &str> = TableDefinition::new("configurations");

/// Revisions by device, milliseconds, run and hash.
const REVISIONS: TableDefinition<'_, (&str, i64, &str, &str), &str> = TableDefinition::new("history");

impl History for EmbeddedStore {
    async fn keep(&self, device: &DeviceName, hash: &ContentHash, text: &str) -> Result<(), StoreError> {
        let (device, hash, text) = (device.to_string(), hash.to_string(), text.to_owned());
        self.write(move |transaction| {
            let mut texts = transaction.open_table(TEXTS)?;
            let key = (device.as_str(), hash.as_str());
            if texts.get(key)?.is_none() {
                texts.insert(key, text.as_str())?;
            }
            Ok(())
        })
        .await
    }

    async fn kept(&self, device: &DeviceName, hash: &ContentHash) -> Result<Option<String>, StoreError> {
        let (device, hash) = (device.to_string(), hash.to_string());
        self.read(move |database| {
            let transaction = database.begin_read()?;
            let Some(table) = read_table(&transaction, TEXTS)? else { return Ok(None) };
            let text = table.get((device.as_str(), hash.as_str()))?;
            Ok(text.map(|text| text.value().to_owned()))
        })
        .await
    }

    async fn add(&self, revision: &Revision) -> Result<(), StoreError> {
        let (device, entry, document) = (revision.device.to_string(), revision.entry(), revision.to_document());
        self.write(move |transaction| {
            let mut revisions = transaction.open_table(REVISIONS)?;
            let key = key(&device, &entry);
            if revisions.get(key)?.is_none() {
                revisions.insert(key, document.as_str())?;
            }
            Ok(())
        })
        .await
    }

    async fn entries(&self, device: &DeviceName, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let device = device.to_string();
        self.read(move |database| {
            let transaction = database.begin_read()?;
            let Some(table) = read_table(&transaction, REVISIONS)? else { return Ok(Vec::new()) };
            let mut entries = Vec::new();
            // No run or hash is as long as this.
            let all = (device.as_str(), i64::MIN, "", "")..=(device.as_str(), i64::MAX, "~", "~");
            for entry in table.range(all)?.rev().take(limit) {
                let (key, _) = entry?;
                let (_, at, run, configuration) = key.value();
                entries.push(Entry {
                    at: Timestamp::from_millisecond(at)?,
                    run: RunId::parse(run)?,
                    configuration: ContentHash::parse(configuration)?,
                });
            }
            Ok(entries)
        })
        .await
    }

    async fn revision(&self, device: &DeviceName, entry: &Entry) -> Result<Option<Revision>, StoreError> {
        let (device, entry) = (device.to_string(), entry.clone());
        self.read(move |database| {
            let transaction = database.begin_read()?;
            let Some(table) = read_table(&transaction, REVISIONS)? else { return Ok(None) };
            let document = table.get(key(&device, &entry))?;
            Ok(document.map(|document| Revision::parse(document.value().as_bytes())).transpose()?)
        })
        .await
    }
}

fn key<'k>(device: &'k str, entry: &'k Entry) -> (&'k str, i64, &'k str, &'k str) {
    (device, entry.at.as_millisecond(), entry.run.as_ref(), entry.configuration.as_ref())
}
