//! Runs, outcomes, device records, histories and idempotency keys in S3.
//!
//! ```text
//! runs/<run>/run.json                    the run; written once
//! runs/<run>/cancelled.json              since when it is; the first one stands
//! runs/<run>/outcomes/<device>.json      the outcome; the first one stands (If-None-Match)
//! runs/<run>/status/<device>/<word>      empty: its name is all that a progress report needs
//! runs/<run>/attempts/<device>.json      the last attempt that came to nothing
//! recent/<moment>-<run>.json              a run in a list, under its moment counted backwards
//! history/<device>/…                     see [`history`]
//! configurations/<device>/<sha256>       a configuration's text, byte for byte
//! devices/<device>.json                  lease, who waits, last known digest; compare and set
//! idempotency/<sha256 of key>.json       compare and set
//! ports/<device>.json, applied-ports/…       see [`ports`]
//! installation.json                      the id of this installation; the first one stands
//! ```
//!
//! The marker below `status/` is written after the outcome. A writer killed in between leaves an
//! outcome without it; the slice comes again, finds the outcome standing and writes the marker for
//! it.
//!
//! Needs `s3:ListBucket` on the bucket and `s3:GetObject`, `s3:PutObject` on its objects.
//! Conditional writes:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>.

mod history;
mod ports;

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use futures::{StreamExt, TryStreamExt, stream};
use intent::name::{DeviceName, RunId};
use jiff::Timestamp;
use naas::ports::{
    Created, DeviceRecords, IdempotencyKeys, Installation, Recorded, Runs, StoreError, StoreFault, Stored, Version,
};
use naas::records::device_state::DeviceRecord;
use naas::records::idempotency::IdempotencyRecord;
use naas::records::installation::InstallationId;
use naas::records::outcome::{Attempt, Outcome, Status};
use naas::records::run::{Run, RunSummary};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::CONCURRENCY;
use super::fault::{code, store_error};

/// How many times a write is tried that meets another one at the same moment (409).
const ATTEMPTS: usize = 5;

/// The bucket in which runs, records and histories are stored.
#[derive(Debug, Clone)]
pub struct S3State {
    client: Client,
    bucket: String,
}

/// The condition on which an object is written.
#[derive(Clone, Copy)]
enum WriteCondition<'a> {
    /// The object is written over whatever stands there.
    Always,
    /// Only if there is no object yet.
    IfMissing,
    /// Only if the object still has this ETag.
    IfUnchanged(&'a str),
}

/// The result of a conditional write.
#[derive(PartialEq, Eq)]
enum PutResult {
    /// The object is written and has this ETag.
    Stored(String),
    /// Something else stands there; nothing was written.
    Refused,
}

/// How many markers one listing shows at most:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>.
const LISTED: usize = 1_000;

/// Where the id of this installation is.
const INSTALLATION: &str = "installation.json";

/// Where runs are listed by the moment they were accepted.
const RECENT: &str = "recent/";

/// The last moment whose milliseconds have 13 digits.
const LAST_MOMENT: i64 = 9_999_999_999_999;

/// An object's content and its ETag.
struct StoredObject<T> {
    value: T,
    etag: String,
}

impl S3State {
    /// The state in the bucket of this name.
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into() }
    }

    fn resource(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<StoredObject<T>>, StoreError> {
        let Some(StoredObject { value, etag }) = self.bytes(key).await? else { return Ok(None) };
        match serde_json::from_slice(&value) {
            Ok(value) => Ok(Some(StoredObject { value, etag })),
            Err(error) => Err(StoreError::new(self.resource(key), StoreFault::Unreadable, error)),
        }
    }

    async fn bytes(&self, key: &str) -> Result<Option<StoredObject<Vec<u8>>>, StoreError> {
        let object = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => object,
            Err(error) if code(&error) == Some("NoSuchKey") => return Ok(None),
            Err(error) => return Err(store_error(self.resource(key), error)),
        };
        let etag = object.e_tag.unwrap_or_default();
        let body = object.body.collect().await;
        let body = body.map_err(|error| StoreError::new(self.resource(key), StoreFault::Unavailable, error))?;
        Ok(Some(StoredObject { value: body.to_vec(), etag }))
    }

    async fn put(
        &self,
        key: &str,
        value: &impl Serialize,
        condition: WriteCondition<'_>,
    ) -> Result<PutResult, StoreError> {
        let body = serde_json::to_vec(value).expect("state has text keys only and always serialises");
        self.put_bytes(key, body, "application/json", condition).await
    }

    async fn put_bytes(
        &self,
        key: &str,
        body: Vec<u8>,
        media_type: &str,
        condition: WriteCondition<'_>,
    ) -> Result<PutResult, StoreError> {
        for _ in 0..ATTEMPTS {
            let put = self.client.put_object().bucket(&self.bucket).key(key).content_type(media_type);
            let put = match condition {
                WriteCondition::Always => put,
                WriteCondition::IfMissing => put.if_none_match("*"),
                WriteCondition::IfUnchanged(etag) => put.if_match(etag),
            };
            match put.body(body.clone().into()).send().await {
                Ok(put) => return Ok(PutResult::Stored(put.e_tag.unwrap_or_default())),
                Err(error) => match code(&error) {
                    Some("PreconditionFailed") => return Ok(PutResult::Refused),
                    // Gone since it was read.
                    Some("NoSuchKey") if matches!(condition, WriteCondition::IfUnchanged(_)) => {
                        return Ok(PutResult::Refused);
                    }
                    Some("ConditionalRequestConflict") => {}
                    _ => return Err(store_error(self.resource(key), error)),
                },
            }
        }
        Err(StoreError::new(self.resource(key), StoreFault::Unavailable, "others keep writing it at the same moment"))
    }

    async fn mark(&self, run: &RunId, device: &DeviceName, status: Status) -> Result<(), StoreError> {
        let key = format!("runs/{run}/status/{device}/{}", status.word());
        let put = self.client.put_object().bucket(&self.bucket).key(&key).body(Vec::new().into()).send().await;
        put.map(drop).map_err(|error| store_error(self.resource(&key), error))
    }
}

impl S3State {
    /// The first `limit` names of objects under `prefix`, in their order.
    async fn first(&self, prefix: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let page = i32::try_from(limit.min(LISTED)).unwrap_or(i32::MAX);
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).max_keys(page);
        let mut pages = list.into_paginator().send();
        let mut keys = Vec::new();
        while keys.len() < limit
            && let Some(page) = pages.next().await
        {
            let page = page.map_err(|error| store_error(self.resource(prefix), error))?;
            keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
        }
        keys.truncate(limit);
        Ok(keys)
    }

    /// The markers whose names are from `first` to `last`, or begin with that.
    async fn markers(
        &self,
        prefix: &str,
        first: String,
        last: String,
    ) -> Result<Vec<(DeviceName, Status)>, StoreError> {
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).start_after(first);
        let mut pages = list.into_paginator().send();
        let mut markers = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| store_error(self.resource(prefix), error))?;
            for key in page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key) {
                if key > last && !key.starts_with(&last) {
                    return Ok(markers);
                }
                markers.extend(key.strip_prefix(prefix).and_then(marker));
            }
        }
        Ok(markers)
    }
}

impl Runs for S3State {
    async fn create(&self, run: &Run) -> Result<Created, StoreError> {
        if self.put(&format!("runs/{}/run.json", run.task.run), run, WriteCondition::IfMissing).await?
            == PutResult::Refused
        {
            let before = self.load(&run.task.run).await?;
            if Created::given(before.as_ref(), run) == Created::NameTaken {
                return Ok(Created::NameTaken);
            }
        }
        // After the run: what is listed is there. Killed in between, the caller has no answer and
        // nothing is queued.
        let key = format!("{RECENT}{}-{}.json", backwards(run.accepted_at), run.task.run);
        self.put(&key, &run.summary(), WriteCondition::IfMissing).await?;
        Ok(Created::Recorded)
    }

    async fn recent(&self, limit: usize) -> Result<Vec<RunSummary>, StoreError> {
        let keys = self.first(RECENT, limit).await?;
        let summaries =
            stream::iter(keys).map(|key| async move { self.get::<RunSummary>(&key).await }).buffered(CONCURRENCY);
        summaries.try_filter_map(async |found| Ok(found.map(|found| found.value))).try_collect().await
    }

    async fn load(&self, run: &RunId) -> Result<Option<Run>, StoreError> {
        Ok(self.get(&format!("runs/{run}/run.json")).await?.map(|found| found.value))
    }

    async fn record(&self, outcome: &Outcome) -> Result<Recorded, StoreError> {
        let (run, device) = (&outcome.run, &outcome.device);
        let key = format!("runs/{run}/outcomes/{device}.json");
        if let PutResult::Stored(_) = self.put(&key, outcome, WriteCondition::IfMissing).await? {
            self.mark(run, device, outcome.status).await?;
            return Ok(Recorded::Now);
        }
        if let Some(standing) = self.outcome(run, device).await? {
            self.mark(run, device, standing.status).await?;
        }
        Ok(Recorded::Before)
    }

    async fn outcome(&self, run: &RunId, device: &DeviceName) -> Result<Option<Outcome>, StoreError> {
        Ok(self.get(&format!("runs/{run}/outcomes/{device}.json")).await?.map(|found| found.value))
    }

    async fn statuses(&self, run: &Run) -> Result<BTreeMap<DeviceName, Status>, StoreError> {
        let prefix = format!("runs/{}/status/", run.task.run);
        // Markers are listed in the order of their names, so parts of the run can be listed side by
        // side.
        let mut names: Vec<_> = run.devices.iter().map(|device| format!("{prefix}{device}/")).collect();
        names.sort();
        let parts: Vec<_> =
            names.chunks(LISTED).filter_map(|part| Some((part.first()?.clone(), part.last()?.clone()))).collect();
        let markers: Vec<_> = stream::iter(parts)
            .map(|(first, last)| self.markers(&prefix, first, last))
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await?;
        Ok(markers.into_iter().flatten().collect())
    }

    async fn note(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let key = format!("runs/{}/attempts/{}.json", attempt.run, attempt.device);
        self.put(&key, attempt, WriteCondition::Always).await.map(drop)
    }

    async fn attempt(&self, run: &RunId, device: &DeviceName) -> Result<Option<Attempt>, StoreError> {
        Ok(self.get(&format!("runs/{run}/attempts/{device}.json")).await?.map(|found| found.value))
    }

    async fn cancel(&self, run: &RunId, at: Timestamp) -> Result<(), StoreError> {
        self.put(&format!("runs/{run}/cancelled.json"), &at, WriteCondition::IfMissing).await.map(drop)
    }

    async fn cancelled(&self, run: &RunId) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.get(&format!("runs/{run}/cancelled.json")).await?.map(|found| found.value))
    }
}

impl DeviceRecords for S3State {
    async fn device_record(&self, device: &DeviceName) -> Result<Option<Stored>, StoreError> {
        let key = format!("devices/{device}.json");
        let Some(StoredObject { value, etag }) = self.bytes(&key).await? else { return Ok(None) };
        match DeviceRecord::parse(&value) {
            Ok(record) => Ok(Some(Stored { record, version: Version(etag) })),
            Err(error) => Err(StoreError::new(self.resource(&key), StoreFault::Unreadable, error)),
        }
    }

    async fn replace_device_record(
        &self,
        device: &DeviceName,
        record: &DeviceRecord,
        expected: Option<&Version>,
    ) -> Result<Option<Version>, StoreError> {
        let condition = expected.map_or(WriteCondition::IfMissing, |Version(etag)| WriteCondition::IfUnchanged(etag));
        Ok(match self.put(&format!("devices/{device}.json"), record, condition).await? {
            PutResult::Stored(etag) => Some(Version(etag)),
            PutResult::Refused => None,
        })
    }
}

impl Installation for S3State {
    async fn installation_id(&self, new: &InstallationId) -> Result<InstallationId, StoreError> {
        if let Some(stored) = self.get(INSTALLATION).await? {
            return Ok(stored.value);
        }
        if let PutResult::Stored(_) = self.put(INSTALLATION, new, WriteCondition::IfMissing).await? {
            return Ok(new.clone());
        }
        let first = self.get(INSTALLATION).await?;
        let gone = || StoreError::new(self.resource(INSTALLATION), StoreFault::Unavailable, "it was there and is gone");
        first.map(|stored| stored.value).ok_or_else(gone)
    }
}

impl IdempotencyKeys for S3State {
    async fn claim(&self, key: &str, record: &IdempotencyRecord) -> Result<Option<IdempotencyRecord>, StoreError> {
        let object = key_object(key);
        if let PutResult::Stored(_) = self.put(&object, record, WriteCondition::IfMissing).await? {
            return Ok(None);
        }
        match self.get(&object).await? {
            Some(held) => Ok(Some(held.value)),
            None => Err(StoreError::new(self.resource(&object), StoreFault::Unavailable, "it was there and is gone")),
        }
    }

    async fn replace(
        &self,
        key: &str,
        expected: &IdempotencyRecord,
        new: &IdempotencyRecord,
    ) -> Result<bool, StoreError> {
        let object = key_object(key);
        match self.get::<IdempotencyRecord>(&object).await? {
            Some(held) if held.value == *expected => {
                Ok(self.put(&object, new, WriteCondition::IfUnchanged(&held.etag)).await? != PutResult::Refused)
            }
            _ => Ok(false),
        }
    }
}

/// Milliseconds until the year 2286, in as many digits as they ever have: later moments sort first.
fn backwards(at: Timestamp) -> String {
    format!("{:013}", LAST_MOMENT - at.as_millisecond().clamp(0, LAST_MOMENT))
}

fn marker(name: &str) -> Option<(DeviceName, Status)> {
    let (device, word) = name.split_once('/')?;
    Some((DeviceName::new(device).ok()?, Status::from_word(word)?))
}

/// Hashed, because a caller chooses the key and an object's name is limited.
fn key_object(key: &str) -> String {
    let hash: String = Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("idempotency/{hash}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_tells_device_and_status_and_others_are_passed_over() {
        assert_eq!(marker("leaf1/changed"), Some((DeviceName::new("leaf1").unwrap(), Status::Changed)));
        assert_eq!(marker("leaf1/unheard_of"), None);
        assert_eq!(marker("leaf1"), None);
    }
}
