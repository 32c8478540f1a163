//! The history of a device: its revisions, one stored configuration, the run and model behind each
//! line, and unpinning.

use std::pin::pin;

use futures::{StreamExt, TryStreamExt, stream};
use intent::hash::ContentHash;
use intent::name::{DeviceName, RunId};
use intent::redact;
use intent::render::ModelVersion;
use jiff::Timestamp;
use serde::Serialize;
use tracing::{debug, info};

use super::{DeviceReport, ReportError, Scheduler, SchedulerPorts};
use crate::access::Action;
use crate::caller::Caller;
use crate::history;
use crate::lease;
use crate::ports::{History, StoreError, StoreFault};
use crate::records::device_state::Pin;
use crate::records::outcome::changed_lines;
use crate::records::revision::{self, Entry, NotAReference, Reference, Revision};
use crate::schedule::blame::{Blame, Line};

/// How many revisions a blame reads at most, so that it ends in time. Older ones are not told
/// apart.
const BLAMED: usize = 200;

/// How many revisions are read at a time.
const CONCURRENCY: usize = 16;

/// How many texts are read at a time. Each of them may be large.
const TEXTS: usize = 4;

/// What a device was made to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceHistory {
    /// The name of the device.
    pub device: DeviceName,
    /// The configuration that the device is pinned to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<Pin>,
    /// The revisions, newest first.
    pub versions: Vec<RevisionReport>,
}

/// A revision as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RevisionReport {
    /// The hash of its text.
    pub configuration: ContentHash,
    /// The run that brought it, or that found the device in sync with it.
    pub run: RunId,
    /// When that was known.
    pub at: Timestamp,
    /// Who asked for that run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The models and templates it was rendered from.
    pub models: Vec<ModelVersion>,
    /// How many lines the switch's diff added.
    pub added: usize,
    /// How many lines it removed.
    pub removed: usize,
}

/// One configuration of the history of a device, as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Configuration {
    /// The name of the device.
    pub device: DeviceName,
    /// The hash of the text as it is stored, with its secrets.
    pub configuration: ContentHash,
    /// The text without its secrets.
    pub text: String,
}

/// The newest configuration of a device, and the origin of each line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blamed {
    /// The name of the device.
    pub device: DeviceName,
    /// The hash of the text as it is stored, with its secrets.
    pub configuration: ContentHash,
    /// Its lines, without their secrets.
    pub lines: Vec<Line>,
}

impl<P: SchedulerPorts> Scheduler<P> {
    /// The last `limit` revisions of a device.
    pub async fn history(&self, caller: &Caller, device: &str, limit: usize) -> Result<DeviceHistory, ReportError> {
        debug!(%caller, device, limit, "a history is read");
        self.admit_named(caller, Action::ReadDevice, device).await?;
        let (device, record) = self.known(device).await?;
        let entries = self.entries(&device, limit).await?;
        let of = &device;
        let versions = stream::iter(entries)
            .map(|entry| async move { self.revision(of, &entry).await.map(told) })
            .buffered(CONCURRENCY)
            .try_collect()
            .await?;
        Ok(DeviceHistory { pinned: record.pinned, device, versions })
    }

    /// A stored configuration without its secrets.
    pub async fn configuration(
        &self,
        caller: &Caller,
        device: &str,
        reference: &str,
    ) -> Result<Configuration, ReportError> {
        debug!(%caller, device, reference, "a stored configuration is read");
        self.admit_named(caller, Action::ReadDevice, device).await?;
        let (device, _) = self.known(device).await?;
        let reference =
            Reference::parse(reference).map_err(|error: NotAReference| ReportError::BadQuery(error.to_string()))?;
        let configuration = history::find(&device, &self.entries(&device, history::SEARCHED).await?, &reference)?;
        let text = redact::secrets(&self.text(&device, &configuration).await?);
        Ok(Configuration { device, configuration, text })
    }

    /// The origin of each line of a device's newest configuration.
    pub async fn blame(&self, caller: &Caller, device: &str) -> Result<Blamed, ReportError> {
        debug!(%caller, device, "a blame is read");
        self.admit_named(caller, Action::ReadDevice, device).await?;
        let (device, _) = self.known(device).await?;
        let mut entries = self.entries(&device, BLAMED + 1).await?;
        let more_before = entries.len() > BLAMED;
        entries.truncate(BLAMED);
        let configuration = match entries.first() {
            Some(newest) => newest.configuration.clone(),
            None => return Err(ReportError::NoHistory(device)),
        };
        let (blame, newest) = self.told(&device, entries).await?;
        // All at once: a key's lines are known as such by those around them.
        let masked = redact::secrets(&newest);
        let lines = blame.lines(more_before).into_iter().zip(revision::lines(&masked));
        let lines = lines.map(|(line, masked)| Line { text: masked.to_owned(), ..line }).collect();
        Ok(Blamed { device, configuration, lines })
    }

    /// Unpins a device: models count again from the next run on. A device that is not pinned stays
    /// as it is.
    pub async fn unpin(&self, caller: &Caller, device: &str) -> Result<DeviceReport, ReportError> {
        self.admit_named(caller, Action::Unpin, device).await?;
        let (name, record) = self.known(device).await?;
        if let Some(pin) = record.pinned {
            lease::unpin(&self.ports().state, &self.ports().clock, &name).await.map_err(ReportError::State)?;
            info!(%caller, device = %name, configuration = %pin.configuration, restored_by = %pin.run, "unpinned");
        }
        self.device_report(device).await
    }

    /// Lets the next switch that answers for a device take its place: it was replaced, or got
    /// another name.
    pub async fn accept_replacement(&self, caller: &Caller, device: &str) -> Result<DeviceReport, ReportError> {
        self.admit_named(caller, Action::AcceptReplacement, device).await?;
        let (name, record) = self.known(device).await?;
        let accepted = lease::accept_replacement(&self.ports().state, &self.ports().clock, &name).await;
        accepted.map_err(ReportError::State)?;
        let serial = record.identity.and_then(|known| known.serial);
        info!(%caller, device = %name, serial, "another switch may take its place");
        self.device_report(device).await
    }

    /// The story of `entries`, newest first, and the text that it ends with.
    async fn told(&self, device: &DeviceName, mut entries: Vec<Entry>) -> Result<(Blame, String), ReportError> {
        entries.reverse();
        // The same text twice in a row tells nothing new: a hand change was put right.
        entries.dedup_by(|newer, older| newer.configuration == older.configuration);
        let read = |entry: Entry| async move {
            Ok::<_, ReportError>((self.revision(device, &entry).await?, self.text(device, &entry.configuration).await?))
        };
        let mut texts = pin!(stream::iter(entries).map(read).buffered(TEXTS));
        let (mut blame, mut newest) = (Blame::default(), String::new());
        while let Some((revision, text)) = texts.try_next().await? {
            blame.next(&revision, &text);
            newest = text;
        }
        Ok((blame, newest))
    }

    async fn entries(&self, device: &DeviceName, limit: usize) -> Result<Vec<Entry>, ReportError> {
        self.ports().state.entries(device, limit).await.map_err(ReportError::State)
    }

    async fn revision(&self, device: &DeviceName, entry: &Entry) -> Result<Revision, ReportError> {
        let revision = self.ports().state.revision(device, entry).await.map_err(ReportError::State)?;
        revision.ok_or_else(|| lost(format!("the revision of {device} of run {}", entry.run)))
    }

    async fn text(&self, device: &DeviceName, configuration: &ContentHash) -> Result<String, ReportError> {
        let text = history::text(&self.ports().state, device, configuration).await.map_err(ReportError::State)?;
        text.ok_or_else(|| lost(format!("configuration {configuration} of {device}")))
    }
}

/// The error for something that is listed but not there. Nothing of ours takes it away.
fn lost(resource: String) -> ReportError {
    ReportError::State(StoreError::new(resource, StoreFault::Unreadable, "it is listed, and gone"))
}

fn told(revision: Revision) -> RevisionReport {
    let (added, removed) = changed_lines(&revision.diff);
    let Revision { configuration, run, at, by, models, .. } = revision;
    RevisionReport { configuration, run, at, by, models, added, removed }
}
