//! A revision: one configuration that a device came to run, as its history keeps it; and the words
//! by which a caller names one.

use intent::hash::ContentHash;
use intent::name::{DeviceName, RunId, excerpt};
use intent::render::{ModelVersion, Part};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::records::version_of;

/// The version of the document that this code writes and reads.
pub const VERSION: u32 = 1;

/// Shortest beginning of a hash that stands for it.
pub const SHORTEST: usize = 8;

/// One configuration that a device came to run: a document of its history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// [`VERSION`].
    pub version: u32,
    /// The name of the device.
    pub device: DeviceName,
    /// The hash of its text.
    pub configuration: ContentHash,
    /// The run that brought it, or that found the device in sync with it.
    pub run: RunId,
    /// When that was known.
    pub at: Timestamp,
    /// Who asked for the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The models and templates it was rendered from.
    pub models: Vec<ModelVersion>,
    /// Which model brought how many of its lines, in their order.
    pub parts: Vec<Part>,
    /// The switch's own diff, without secrets; empty if the device was found to run it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub diff: String,
}

/// What a listing of a device's history shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When that was known.
    pub at: Timestamp,
    /// The run that brought it, or that found the device in sync with it.
    pub run: RunId,
    /// The hash of its text.
    pub configuration: ContentHash,
}

/// Why bytes are not a revision.
#[derive(Debug, thiserror::Error)]
pub enum NotARevision {
    /// Not JSON, or not this JSON.
    #[error("not a revision, was it edited by hand: {0}")]
    Malformed(#[from] serde_json::Error),
    /// From a newer naas.
    #[error("a revision of version {0}, expected {VERSION}: a newer naas wrote it; run that one")]
    Version(u32),
}

impl Revision {
    /// Reads a stored document.
    pub fn parse(document: &[u8]) -> Result<Self, NotARevision> {
        let version = version_of(document)?;
        if version != VERSION {
            return Err(NotARevision::Version(version));
        }
        Ok(serde_json::from_slice(document)?)
    }

    /// The text to be stored.
    pub fn to_document(&self) -> String {
        serde_json::to_string(self).expect("names, numbers and times always serialise")
    }

    /// What a listing shows of it.
    pub fn entry(&self) -> Entry {
        Entry { at: self.at, run: self.run.clone(), configuration: self.configuration.clone() }
    }
}

/// What a caller may call a stored configuration: its hash, the beginning of it, or the run that
/// pushed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, try_from = "String")]
pub enum Reference {
    /// The hash, or the beginning of it.
    Hash(String),
    /// The run that pushed it to the device.
    Run(RunId),
}

/// Why a text is not a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a run, or the SHA-256 of a kept configuration or at least {SHORTEST} digits of its beginning, found {0:?}"
)]
pub struct NotAReference(String);

impl Reference {
    /// Reads a reference, in capitals or not.
    pub fn parse(text: &str) -> Result<Self, NotAReference> {
        if let Ok(run) = RunId::parse(text) {
            return Ok(Self::Run(run));
        }
        let lower = text.to_ascii_lowercase();
        let is_hash = (SHORTEST..=ContentHash::LENGTH).contains(&lower.len())
            && lower.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash { Ok(Self::Hash(lower)) } else { Err(NotAReference(excerpt(text))) }
    }
}

impl TryFrom<String> for Reference {
    type Error = NotAReference;

    fn try_from(text: String) -> Result<Self, NotAReference> {
        Self::parse(&text)
    }
}

/// The lines of a configuration: what a line break ends, and nothing else.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_terminator('\n')
}
