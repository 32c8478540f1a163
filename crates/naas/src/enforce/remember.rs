//! Adding to a device's history what it came to run.

use intent::name::DeviceName;
use intent::render::Part;
use intent::render::{self, ModelVersion};
use tracing::info;

use super::wanted::{Origin, Wanted};
use super::{Enforcer, Outside};
use crate::history;
use crate::ports::{History, StoreError};
use crate::records::device_state::DeviceRecord;
use crate::records::outcome::{Outcome, Status};
use crate::records::revision::{Entry, Revision, VERSION};
use crate::records::slice::Slice;

impl<P: Outside> Enforcer<P> {
    /// Adds what the device runs now to its history, if `outcome` says that it runs what was `wanted`. Returns whether it is the newest
    /// there, so that the device's record may name it. In sync with what the record names, which is the usual case, asks nothing.
    pub(super) async fn remember(
        &self,
        slice: &Slice,
        record: &DeviceRecord,
        wanted: &Wanted,
        outcome: &Outcome,
    ) -> Result<bool, StoreError> {
        match outcome.status {
            Status::Changed | Status::NotSaved => {}
            Status::InSync if record.newest_revision.as_ref() == Some(&wanted.hash) => return Ok(true),
            Status::InSync => {
                // It ran this before naas came; or an enforcer died before the record was written, and perhaps before the revision was.
                let newest = self.ports.ports().state.entries(&outcome.device, 1).await?;
                if newest.first().is_some_and(|entry| entry.configuration == wanted.hash) {
                    return Ok(true);
                }
                self.ports.ports().state.keep(&outcome.device, &wanted.hash, &wanted.configuration).await?;
                info!(run = %slice.run, device = %outcome.device, "what it runs was not in its history yet");
            }
            _ => return Ok(false),
        }
        self.add(slice, wanted, outcome).await.map(|()| true)
    }

    async fn add(&self, slice: &Slice, wanted: &Wanted, outcome: &Outcome) -> Result<(), StoreError> {
        let (models, parts) = match &wanted.origin {
            Origin::Models(files, intent, parts) => (render::models(files, intent, parts), parts.clone()),
            Origin::History => self.origin_of(&outcome.device, wanted).await?,
        };
        let revision = Revision {
            version: VERSION,
            device: outcome.device.clone(),
            configuration: wanted.hash.clone(),
            run: slice.run.clone(),
            at: outcome.finished_at,
            by: slice.by.clone(),
            models,
            parts,
            diff: outcome.diff.clone(),
        };
        self.ports.ports().state.add(&revision).await
    }

    /// Where a kept configuration came from when it was kept.
    async fn origin_of(
        &self,
        device: &DeviceName,
        wanted: &Wanted,
    ) -> Result<(Vec<ModelVersion>, Vec<Part>), StoreError> {
        let state = &self.ports.ports().state;
        let entries = state.entries(device, history::SEARCHED).await?;
        let Some(entry) = entries.iter().find(|entry: &&Entry| entry.configuration == wanted.hash) else {
            return Ok(Default::default());
        };
        let revision = state.revision(device, entry).await?;
        Ok(revision.map(|revision| (revision.models, revision.parts)).unwrap_or_default())
    }
}
