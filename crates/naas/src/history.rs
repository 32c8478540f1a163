//! Every configuration that a device was made to run, kept for good: the text by its hash, and with
//! it who asked, when, in which run, from which versions of which models, and the switch's diff.
//! From it a device can be brought back to any of them, byte for byte, and each line of what it
//! runs can be traced to the run and model that brought it.
//!
//! A text is kept *before* it is committed on the switch: nothing is ever run that is not kept, and
//! a text that came to nothing is harmless. The [`Revision`](crate::records::revision::Revision) is
//! added once the switch is known to run the text, before the run's outcome. The device's
//! [record](crate::records::device_state) names the newest one; whenever a device is found in sync
//! with what the record does not name (an enforcer died in between, or the device ran it before
//! naas came), what is missing is added then. So a kill at any instruction loses no revision; at
//! worst one is told without its diff, and under the run that found it.
//!
//! # What a restore does
//!
//! A restore takes a kept text in the place of what models render to, and *pins* the device to it:
//! until the device is [unpinned](crate::schedule::Scheduler::unpin), every run takes that text for
//! what is intended. Without a pin the restore would undo itself within a second: it saves, the
//! switch's event-handler calls, and the models' intent would be put back. The pin is set before
//! the switch is touched, so that whoever calls after the save finds it, also if the enforcer died
//! in between.
//!
//! Texts hold the hashes of passwords, and leave the API only through [`intent::redact`].

use intent::hash::ContentHash;
use intent::name::DeviceName;

use crate::ports::{History, StoreError, StoreFault};
use crate::records::revision::{Entry, Reference};

/// How many entries of a device's history are looked through for a hash or run: at one push an
/// hour, more than a year's.
pub const SEARCHED: usize = 10_000;

/// Why a reference stands for no kept configuration of a device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchConfiguration {
    /// No stored configuration matches.
    #[error("no configuration of {device} is kept under {asked}; {}", kept(.device, .newest))]
    Unknown {
        /// The name of the device.
        device: DeviceName,
        /// What was asked for.
        asked: String,
        /// Some that are kept, newest first.
        newest: Vec<Entry>,
    },
    /// Several stored configurations match.
    #[error("{asked} is the beginning of {found} configurations of {device}; give more of it")]
    Ambiguous {
        /// The name of the device.
        device: DeviceName,
        /// What was asked for.
        asked: String,
        /// The number of configurations that match.
        found: usize,
    },
}

/// The configuration that `reference` stands for among the `entries` of a device, newest first. Of
/// several pushes of one run, which there are when an enforcer died in the first, it is the newest.
pub fn find(device: &DeviceName, entries: &[Entry], reference: &Reference) -> Result<ContentHash, NoSuchConfiguration> {
    let (asked, stands_for): (&str, &dyn Fn(&Entry) -> bool) = match reference {
        Reference::Run(run) => (run.as_ref(), &|entry| entry.run == *run),
        Reference::Hash(digits) => (digits, &|entry| entry.configuration.as_ref().starts_with(digits.as_str())),
    };
    let mut found: Vec<_> =
        entries.iter().filter(|entry| stands_for(entry)).map(|entry| &entry.configuration).collect();
    if matches!(reference, Reference::Run(_)) {
        found.truncate(1);
    }
    found.sort();
    found.dedup();
    let (device, asked) = (device.clone(), asked.to_owned());
    match found.as_slice() {
        [] => Err(NoSuchConfiguration::Unknown { device, asked, newest: entries.iter().take(3).cloned().collect() }),
        [only] => Ok((*only).clone()),
        several => Err(NoSuchConfiguration::Ambiguous { device, asked, found: several.len() }),
    }
}

fn kept(device: &DeviceName, newest: &[Entry]) -> String {
    if newest.is_empty() {
        return "nothing was kept of it yet".to_owned();
    }
    let newest: Vec<_> =
        newest.iter().map(|entry| format!("{} (run {})", entry.configuration.brief(), entry.run)).collect();
    format!("the newest are {}; GET /devices/{device}/history lists them", newest.join(", "))
}

/// A kept text, if it is there. [`StoreFault::Unreadable`] if it is not the text that was kept.
pub async fn text(store: &impl History, device: &DeviceName, hash: &ContentHash) -> Result<Option<String>, StoreError> {
    let text = store.kept(device, hash).await?;
    match text {
        Some(text) if ContentHash::of(&text) != *hash => {
            let resource = format!("the configuration {hash} of {device}");
            Err(StoreError::new(resource, StoreFault::Unreadable, "its text has another hash; was it edited by hand?"))
        }
        text => Ok(text),
    }
}

#[cfg(test)]
mod tests;
