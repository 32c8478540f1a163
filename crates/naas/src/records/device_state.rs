//! What is remembered of one device from push to push: who works on it, who waits for it, what it was last known to run, and
//! whether it is held at a configuration that was restored.
//!
//! One small JSON document a device, replaced by compare and set only; [`crate::lease`] says why that is enough.

use intent::hash::ContentHash;
use intent::name::RunId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::records::outcome::Status;
use crate::records::run::Mode;
use crate::records::version_of;

/// The version of the document that this code writes. It reads version 1 as well, whose fields had other names.
pub const VERSION: u32 = 2;

/// The oldest version of the document that this code reads.
const OLDEST: u32 = 1;

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRecord {
    /// [`VERSION`].
    pub version: u32,
    /// Who works on the device.
    pub lease: Option<Lease>,
    /// Who is next.
    pub waiting: Option<Waiting>,
    /// What it ran when it was last known to run its intent.
    pub in_sync: Option<InSync>,
    /// How the last work on it ended.
    pub last: Option<Last>,
    /// The configuration it is held at, instead of what models say.
    pub held: Option<Hold>,
    /// The newest configuration of its [history](crate::history).
    pub kept: Option<ContentHash>,
}

/// That a device is held at a configuration that was restored; see [`crate::history`] for why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// At which.
    pub configuration: ContentHash,
    /// The run that restored it.
    pub run: RunId,
    /// Since when.
    pub at: Timestamp,
    /// Who asked for that run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// The right to work on a device, for one run and until a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// Whose.
    pub run: RunId,
    /// Tells the holder's writes from those of others of the same run.
    pub token: Token,
    /// From then on it is anybody's.
    pub until: Timestamp,
    /// Other runs were left to this one, so that it does its work even if it is cancelled.
    #[serde(alias = "relied_on")]
    pub has_followers: bool,
}

/// A run that came while another one worked on the device, and comes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// Which.
    pub run: RunId,
    /// What it will do.
    pub mode: Mode,
    /// From then on it is not counted on.
    pub until: Timestamp,
    /// Other runs were left to it.
    #[serde(alias = "relied_on")]
    pub has_followers: bool,
}

/// Proof that a running-config is what an intent renders to. It does not age: the digest stands for the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InSync {
    /// SHA-256 of the rendered configuration, hexadecimal.
    pub intent: String,
    /// EOS's digest of the running-config, from the request that saved it.
    pub digest: String,
    /// Since when it is known.
    pub at: Timestamp,
    /// By which run.
    pub run: RunId,
}

/// How the last work on a device ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Last {
    /// Of which run.
    pub run: RunId,
    /// What it was to do.
    pub mode: Mode,
    /// How.
    pub status: Status,
    /// When.
    pub at: Timestamp,
}

/// A random number, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token(String);

/// Why bytes are not a record. Nothing is done with the device until somebody has looked.
#[derive(Debug, thiserror::Error)]
pub enum NotARecord {
    /// Not JSON, or not this JSON.
    #[error("not a device record, was it edited by hand: {0}")]
    Malformed(#[from] serde_json::Error),
    /// From a newer naas.
    #[error(
        "a device record of version {0}, expected {VERSION}: a newer naas wrote it; run that one, or delete the record while no push is under way"
    )]
    Version(u32),
}

impl Default for DeviceRecord {
    fn default() -> Self {
        Self { version: VERSION, lease: None, waiting: None, in_sync: None, last: None, held: None, kept: None }
    }
}

impl DeviceRecord {
    /// Reads a stored document.
    pub fn parse(document: &[u8]) -> Result<Self, NotARecord> {
        let version = version_of(document)?;
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(NotARecord::Version(version));
        }
        Ok(Self { version: VERSION, ..serde_json::from_slice(document)? })
    }

    /// Whether other runs were left to the one that holds the lease.
    pub fn has_followers(&self) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.has_followers)
    }

    /// The text to be stored.
    pub fn to_document(&self) -> String {
        serde_json::to_string(self).expect("names, numbers and times always serialise")
    }
}

impl Token {
    /// A token of this number.
    pub fn new(entropy: u64) -> Self {
        Self(format!("{entropy:016x}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_document_that_is_no_record_says_why() {
        for (document, reason) in [
            ("", "EOF while parsing"),
            ("{", "EOF while parsing"),
            ("[]", "not a device record"),
            (r#"{"version":3,"lease":{"shape":"new"}}"#, "a device record of version 3, expected 2"),
            (r#"{"version":0}"#, "a device record of version 0, expected 2"),
            (r#"{"version":1,"lease":{"run":"mine"}}"#, "not a run"),
            (
                r#"{"version":1,"lease":null,"waiting":null,"in_sync":null,"last":null,"note":"by hand"}"#,
                "unknown field `note`",
            ),
        ] {
            let error = DeviceRecord::parse(document.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(reason), "{document}: {error}");
        }
    }

    #[test]
    fn a_record_of_version_1_is_read_with_its_old_words() {
        let lease = r#"{"run":"20261123-201530-000007","token":"00","until":"2026-11-23T20:15:30Z","relied_on":true}"#;
        let document = format!(r#"{{"version":1,"lease":{lease},"waiting":null,"in_sync":null,"last":null}}"#);

        let record = DeviceRecord::parse(document.as_bytes()).unwrap();

        assert_eq!((record.version, record.has_followers()), (VERSION, true));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_record_or_an_error(document in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = DeviceRecord::parse(&document);
        }
    }
}
