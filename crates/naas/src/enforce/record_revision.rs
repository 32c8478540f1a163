//! Adding to a device's history what it came to run.

use intent::name::DeviceName;
use intent::render::{self, ModelVersion, Part};
use tracing::info;

use super::target_config::{ConfigSource, TargetConfig};
use crate::history;
use crate::ports::{History, StoreError};
use crate::records::device_state::DeviceRecord;
use crate::records::outcome::{Outcome, Status};
use crate::records::revision::{Entry, Revision, VERSION};
use crate::records::slice::Slice;

/// A push whose outcome is known, and whose configuration may belong into the history.
pub(super) struct RecordRevision<'r, H: History> {
    pub(super) history: &'r H,
    pub(super) slice: &'r Slice,
    /// The device's record as it stood when the lease was taken.
    pub(super) record: &'r DeviceRecord,
    pub(super) config: &'r TargetConfig,
    pub(super) outcome: &'r Outcome,
}

impl<H: History> RecordRevision<'_, H> {
    /// Adds what the device runs now to its history, if the outcome says that it runs the target
    /// configuration. Returns whether that is the newest revision there, so that the device's
    /// record may name it. In sync with what the record names, which is the usual case, asks
    /// nothing of the store.
    pub(super) async fn record(&self) -> Result<bool, StoreError> {
        match self.outcome.status {
            Status::Changed | Status::EditedMeanwhile | Status::NotSaved if !self.outcome.diff.is_empty() => {
                self.add().await
            }
            Status::Changed => self.add().await,
            Status::InSync | Status::EditedMeanwhile | Status::NotSaved => self.add_if_missing().await,
            _ => Ok(false),
        }
    }

    /// The device ran this before naas came; or an enforcer died before the record was written, and
    /// perhaps before the revision was.
    async fn add_if_missing(&self) -> Result<bool, StoreError> {
        if self.record.newest_revision.as_ref() == Some(&self.config.hash) {
            return Ok(true);
        }
        let device = &self.outcome.device;
        let newest = self.history.entries(device, 1).await?;
        if newest.first().is_some_and(|entry| entry.configuration == self.config.hash) {
            return Ok(true);
        }
        self.history.keep(device, &self.config.hash, &self.config.configuration).await?;
        info!(run = %self.slice.task.run, %device, "what it runs was not in its history yet");
        self.add().await
    }

    async fn add(&self) -> Result<bool, StoreError> {
        let (models, parts) = match &self.config.source {
            ConfigSource::Models(models, parts)
            | ConfigSource::Ports(models, parts)
            | ConfigSource::Merge(models, parts) => (render::models(&models.files, &models.set, parts), parts.clone()),
            ConfigSource::History => self.source_of_stored(&self.outcome.device).await?,
        };
        let revision = Revision {
            version: VERSION,
            device: self.outcome.device.clone(),
            configuration: self.config.hash.clone(),
            run: self.slice.task.run.clone(),
            at: self.outcome.finished_at,
            by: self.slice.task.by.clone(),
            models,
            parts,
            diff: self.outcome.diff.clone(),
        };
        self.history.add(&revision).await.map(|()| true)
    }

    /// Where a configuration of the history came from when it was stored.
    async fn source_of_stored(&self, device: &DeviceName) -> Result<(Vec<ModelVersion>, Vec<Part>), StoreError> {
        let entries = self.history.entries(device, history::SEARCHED).await?;
        let Some(entry) = entries.iter().find(|entry: &&Entry| entry.configuration == self.config.hash) else {
            return Ok(Default::default());
        };
        let revision = self.history.revision(device, entry).await?;
        Ok(revision.map(|revision| (revision.models, revision.parts)).unwrap_or_default())
    }
}
