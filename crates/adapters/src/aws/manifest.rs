//! One version of the models in a bucket. Without it, a reader that takes the objects one after the
//! other while somebody uploads could get a template of one version with the model of another.
//!
//! ```text
//! .published/manifest.json        which files make up the version that is in force
//! .published/files/<sha256>       the content of a file, under its hash; never changed
//! ```
//!
//! A publisher writes the contents first and then replaces the manifest, on condition that it is
//! still the one that the publisher has read. A reader takes the manifest and then exactly its
//! files, so it sees all of a version or none of it. Contents of earlier versions stay for readers
//! that are still at them.
//!
//! A bucket without a manifest, such as one that `aws s3 sync` fills, is read object by object.
//! Then nothing keeps versions apart, and a reader says so in the log.

use std::collections::BTreeMap;

use naas::ports::StoreError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The key of the manifest.
pub(super) const KEY: &str = ".published/manifest.json";

/// The version of the document that this code writes and reads.
const VERSION: u32 = 1;

/// The files of one version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    version: u32,
    /// The files by their paths.
    pub(super) files: BTreeMap<String, Entry>,
}

/// One file of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The SHA-256 of its content: 64 hexadecimal digits.
    pub(super) sha256: String,
    /// The length of its content in bytes.
    pub(super) size: u64,
}

/// Why a document is no manifest.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAManifest {
    #[error("not a manifest of `naas publish`: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("a manifest of version {0}, expected {VERSION}: a newer naas published it; deploy that one")]
    Version(u32),
    #[error("not a manifest of `naas publish`: {0:?} is no SHA-256")]
    Hash(String),
}

impl Manifest {
    /// The version that these files make up.
    pub(super) fn of<'a>(files: impl IntoIterator<Item = (&'a String, &'a Vec<u8>)>) -> Self {
        let entry = |content: &Vec<u8>| Entry { sha256: sha256(content), size: content.len() as u64 };
        Self {
            version: VERSION,
            files: files.into_iter().map(|(path, content)| (path.clone(), entry(content))).collect(),
        }
    }

    /// Reads a stored document.
    pub(super) fn parse(document: &[u8]) -> Result<Self, NotAManifest> {
        #[derive(Deserialize)]
        struct Header {
            version: u32,
        }
        // The version comes first: a newer document should be called newer, not malformed.
        let Header { version } = serde_json::from_slice(document)?;
        if version != VERSION {
            return Err(NotAManifest::Version(version));
        }
        let manifest: Self = serde_json::from_slice(document)?;
        let is_hash = |hash: &str| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        match manifest.files.values().find(|entry| !is_hash(&entry.sha256)) {
            Some(entry) => Err(NotAManifest::Hash(entry.sha256.chars().take(64).collect())),
            None => Ok(manifest),
        }
    }

    /// The text to be stored.
    pub(super) fn to_document(&self) -> String {
        serde_json::to_string_pretty(self).expect("paths, hashes and numbers always serialise")
    }
}

impl Entry {
    /// The key that the content is stored under.
    pub(super) fn key(&self) -> String {
        format!(".published/files/{}", self.sha256)
    }

    /// Whether this is the content.
    pub(super) fn is(&self, content: &[u8]) -> bool {
        self.sha256 == sha256(content)
    }
}

/// The error of a reader whose manifest names a file that the bucket does not have.
pub(super) fn incomplete(resource: String, path: &str, what: &str) -> StoreError {
    let reason = format!("it is {path} of the published version, and {what}; run naas publish again");
    StoreError::new(resource, naas::ports::StoreFault::Unreadable, reason)
}

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_is_no_manifest_says_why() {
        for (document, reason) in [
            ("", "EOF while parsing"),
            ("[]", "not a manifest"),
            (r#"{"version":2,"files":[]}"#, "a manifest of version 2, expected 1"),
            (r#"{"version":1}"#, "missing field `files`"),
            (r#"{"version":1,"files":{"m.yaml":{"sha256":"../secret","size":1}}}"#, "\"../secret\" is no SHA-256"),
        ] {
            let error = Manifest::parse(document.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(reason), "{document}: {error}");
        }
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        let files: BTreeMap<_, _> = [("m.yaml".to_owned(), b"name: m".to_vec())].into();
        let manifest = Manifest::of(&files);

        assert_eq!(Manifest::parse(manifest.to_document().as_bytes()).unwrap(), manifest);
        assert!(manifest.files["m.yaml"].is(b"name: m") && !manifest.files["m.yaml"].is(b"name: n"));
    }
}
