//! What is remembered of one device from push to push: the run that works on it, the run that waits
//! for it, the configuration it was last known to run, and the configuration it is pinned to, if it
//! is.
//!
//! One small JSON document per device, replaced by compare and set only; [`crate::lease`] says why
//! that is enough.

use intent::hash::ContentHash;
use intent::name::RunId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::records::outcome::Status;
use crate::records::run::Mode;
use crate::records::version_of;

/// The version of the document that this code writes. It reads version 1 as well, whose fields had
/// other names.
pub const VERSION: u32 = 2;

/// The oldest version of the document that this code reads.
const OLDEST: u32 = 1;

/// The record of one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRecord {
    /// The version of the document, [`VERSION`] once it was read.
    pub version: u32,
    /// The right of a run to work on the device.
    pub lease: Option<Lease>,
    /// The run that works on the device next.
    pub waiting: Option<Waiting>,
    /// What the device ran when it was last known to run its intent.
    pub in_sync: Option<InSync>,
    /// How the last work on the device ended.
    pub last: Option<Last>,
    /// The configuration that the device is pinned to, instead of what models say.
    #[serde(alias = "held")]
    pub pinned: Option<Pin>,
    /// When the device was last unpinned by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpinned_at: Option<Timestamp>,
    /// The newest configuration in the device's [history](crate::history).
    #[serde(alias = "kept")]
    pub newest_revision: Option<ContentHash>,
    /// The switch that the device is, since it was first seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<KnownSwitch>,
    /// True if a person said that another switch may take its place: the next one that answers is
    /// the right one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub accepts_replacement: bool,
}

/// The switch that a device is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownSwitch {
    /// Its serial number; none where it has none, as on virtual switches.
    pub serial: Option<String>,
    /// When it was first seen.
    pub since: Timestamp,
    /// The run that saw it first.
    pub run: RunId,
}

/// Keeps a flag that is not set out of the stored document.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// A configuration that a restore pinned its device to; [`crate::history`] says why restores do
/// that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The hash of the configuration.
    pub configuration: ContentHash,
    /// The run that restored it.
    pub run: RunId,
    /// When it was restored.
    pub at: Timestamp,
    /// The run whose place among the restores of the device that run takes, if it repeats one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<RunId>,
    /// Who asked for that run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What was decided about a device's pin after a restore was asked for. That restore is not done
/// any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaterDecision {
    /// This run, which was asked for later, restored a configuration.
    RestoredBy(RunId),
    /// A person unpinned the device at this moment.
    UnpinnedAt(Timestamp),
}

/// The right to work on a device, for one run and until a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// The run that holds it.
    pub run: RunId,
    /// Tells the holder's writes from those of other attempts of the same run.
    pub token: Token,
    /// From this moment on, any run may take the lease.
    pub until: Timestamp,
    /// True if other runs were left to this one, so that it does its work even if it is cancelled.
    #[serde(alias = "relied_on")]
    pub has_followers: bool,
}

/// A run that came while another one worked on the device, and comes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// The run that waits.
    pub run: RunId,
    /// What the run will do.
    pub mode: Mode,
    /// From this moment on, no other run is left to it.
    pub until: Timestamp,
    /// True if other runs were left to it.
    #[serde(alias = "relied_on")]
    pub has_followers: bool,
}

/// Proof that a running-config is what an intent renders to. It does not age: the digest stands for
/// the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InSync {
    /// The SHA-256 of the rendered configuration, hexadecimal.
    pub intent: String,
    /// EOS's digest of the running-config, from the request that saved it.
    pub digest: String,
    /// When this was found.
    pub at: Timestamp,
    /// The run that found it.
    pub run: RunId,
}

/// How the last work on a device ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Last {
    /// The run that did the work.
    pub run: RunId,
    /// What the run was to do.
    pub mode: Mode,
    /// How the work ended.
    pub status: Status,
    /// When the work ended.
    pub at: Timestamp,
}

/// A random number, hexadecimal, that tells one attempt at a device from all others.
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
        Self {
            version: VERSION,
            lease: None,
            waiting: None,
            in_sync: None,
            last: None,
            pinned: None,
            unpinned_at: None,
            newest_revision: None,
            identity: None,
            accepts_replacement: false,
        }
    }
}

impl DeviceRecord {
    /// Reads a stored document. A document of version 1 becomes one of version 2.
    pub fn parse(document: &[u8]) -> Result<Self, NotARecord> {
        let version = version_of(document)?;
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(NotARecord::Version(version));
        }
        Ok(Self { version: VERSION, ..serde_json::from_slice(document)? })
    }

    /// True if other runs were left to the one that holds the lease.
    pub fn has_followers(&self) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.has_followers)
    }

    /// What was decided about the pin after the restore was asked for that has this place among the
    /// restores of the device, see
    /// [`Task::restore_order`](crate::records::task::Task::restore_order); nothing if nothing was.
    pub fn decided_after(&self, restore: &RunId) -> Option<LaterDecision> {
        let pin = self.pinned.as_ref().filter(|pin| restore.is_older_than(pin.repeats.as_ref().unwrap_or(&pin.run)));
        let restored = pin.map(|pin| LaterDecision::RestoredBy(pin.run.clone()));
        restored.or_else(|| {
            let unpinned_at = self.unpinned_at.filter(|at| restore.is_before(*at));
            unpinned_at.map(LaterDecision::UnpinnedAt)
        })
    }

    /// The text to be stored.
    pub fn to_document(&self) -> String {
        serde_json::to_string(self).expect("names, numbers and times always serialise")
    }
}

impl Token {
    /// The token of this random number. It must come from the operating system: a second attempt
    /// with the same token would take the lease for its own.
    pub fn new(random: u128) -> Self {
        Self(format!("{random:032x}"))
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
        let hash = ContentHash::of("hostname leaf1\n");
        let run = r#""run":"20261123-201530-000007""#;
        let moment = r#""2026-11-23T20:15:30Z""#;
        let document = format!(
            r#"{{"version":1,"lease":{{{run},"token":"00","until":{moment},"relied_on":true}},
            "waiting":{{{run},"mode":"apply","until":{moment},"relied_on":true}},"in_sync":null,"last":null,
            "held":{{"configuration":"{hash}",{run},"at":{moment}}},"kept":"{hash}"}}"#
        );

        let record = DeviceRecord::parse(document.as_bytes()).unwrap();

        assert_eq!((record.version, record.has_followers()), (VERSION, true));
        assert!(record.waiting.is_some_and(|waiting| waiting.has_followers));
        assert_eq!(record.pinned.map(|pin| pin.configuration), Some(hash.clone()));
        assert_eq!(record.newest_revision, Some(hash));
    }

    #[test]
    fn a_restore_is_overtaken_by_what_was_decided_later() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let run = |second: &str| RunId::new(at(second), 7);
        let (first, second, third) =
            (run("2026-11-23T20:15:30Z"), run("2026-11-23T20:15:31Z"), run("2026-11-23T20:15:32Z"));
        let pin = |run: &RunId, repeats: Option<&RunId>| DeviceRecord {
            pinned: Some(Pin {
                configuration: ContentHash::of(""),
                run: run.clone(),
                at: at("2026-11-23T20:16:00Z"),
                repeats: repeats.cloned(),
                by: None,
            }),
            ..DeviceRecord::default()
        };
        let unpinned = DeviceRecord { unpinned_at: Some(at("2026-11-23T20:15:31.5Z")), ..DeviceRecord::default() };

        assert_eq!(pin(&second, None).decided_after(&first), Some(LaterDecision::RestoredBy(second.clone())));
        assert_eq!(pin(&second, None).decided_after(&second), None);
        assert_eq!(pin(&second, None).decided_after(&third), None);
        assert_eq!(pin(&third, Some(&first)).decided_after(&second), None, "the third repeats the first");
        assert!(matches!(unpinned.decided_after(&first), Some(LaterDecision::UnpinnedAt(_))));
        assert_eq!(unpinned.decided_after(&third), None);
        assert_eq!(DeviceRecord::default().decided_after(&first), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_record_or_an_error(document in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = DeviceRecord::parse(&document);
        }
    }
}
