//! What devices were made to run.
//!
//! ```text
//! history/<device>/<moment>-<run>-<sha256>.json    a revision; a listing needs its name only
//! ```
//!
//! The moment is counted backwards, so that S3, which lists names in their order, lists the newest
//! first.

use intent::hash::ContentHash;
use intent::name::{DeviceName, RunId};
use jiff::Timestamp;
use naas::ports::{History, StoreError, StoreFault};
use naas::records::revision::{Entry, Revision};

use super::{LAST_MOMENT, S3State, StoredObject, WriteCondition, backwards};

impl History for S3State {
    async fn keep(&self, device: &DeviceName, hash: &ContentHash, text: &str) -> Result<(), StoreError> {
        let key = text_key(device, hash);
        self.put_bytes(&key, text.as_bytes().to_vec(), "text/plain; charset=utf-8", WriteCondition::IfMissing)
            .await
            .map(drop)
    }

    async fn kept(&self, device: &DeviceName, hash: &ContentHash) -> Result<Option<String>, StoreError> {
        let key = text_key(device, hash);
        let Some(StoredObject { value, .. }) = self.bytes(&key).await? else { return Ok(None) };
        let text = String::from_utf8(value);
        text.map(Some).map_err(|error| StoreError::new(self.resource(&key), StoreFault::Unreadable, error.utf8_error()))
    }

    async fn add(&self, revision: &Revision) -> Result<(), StoreError> {
        self.put(&revision_key(&revision.device, &revision.entry()), revision, WriteCondition::IfMissing)
            .await
            .map(drop)
    }

    async fn entries(&self, device: &DeviceName, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let prefix = format!("history/{device}/");
        let keys = self.first(&prefix, limit).await?;
        Ok(keys.iter().filter_map(|key| entry(key.strip_prefix(&prefix)?)).collect())
    }

    async fn revision(&self, device: &DeviceName, entry: &Entry) -> Result<Option<Revision>, StoreError> {
        let key = revision_key(device, entry);
        let Some(StoredObject { value, .. }) = self.bytes(&key).await? else { return Ok(None) };
        let revision = Revision::parse(&value);
        revision.map(Some).map_err(|error| StoreError::new(self.resource(&key), StoreFault::Unreadable, error))
    }
}

fn text_key(device: &DeviceName, hash: &ContentHash) -> String {
    format!("configurations/{device}/{hash}")
}

fn revision_key(device: &DeviceName, Entry { at, run, configuration }: &Entry) -> String {
    format!("history/{device}/{}-{run}-{configuration}.json", backwards(*at))
}

/// What a revision's name tells; nothing if something else lies there.
fn entry(name: &str) -> Option<Entry> {
    let (moment, rest) = name.strip_suffix(".json")?.split_once('-')?;
    let (run, configuration) = rest.rsplit_once('-')?;
    Some(Entry {
        at: Timestamp::from_millisecond(LAST_MOMENT - moment.parse::<i64>().ok()?).ok()?,
        run: RunId::parse(run).ok()?,
        configuration: ContentHash::parse(configuration).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revisions_name_tells_its_entry_and_sorts_newest_first() {
        let device = DeviceName::new("leaf1").unwrap();
        let entry_at = |at: &str| {
            let at: Timestamp = at.parse().unwrap();
            Entry { at, run: RunId::new(at, 7), configuration: ContentHash::of("") }
        };
        let (older, newer) = (entry_at("2026-11-23T20:15:30.001Z"), entry_at("2026-11-23T20:15:30.002Z"));

        let key = revision_key(&device, &older);

        assert_eq!(entry(key.strip_prefix("history/leaf1/").unwrap()), Some(older));
        assert!(revision_key(&device, &newer) < key);
        for foreign in ["", "note.txt", "x-20261123-201530-000007-abc.json", "9-y.json", "-.json"] {
            assert_eq!(entry(foreign), None, "{foreign}");
        }
    }
}
