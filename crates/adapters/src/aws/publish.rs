//! Models and templates into the bucket, as one version that comes into force at one moment, see
//! [`manifest`](super::manifest).
//!
//! Needs `s3:PutObject` on the bucket's objects, beside what [`S3Models`] needs.

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use futures::{StreamExt, TryStreamExt, stream};
use intent::model::ModelFiles;
use naas::ports::{Models, StoreError, StoreFault};

use super::CONCURRENCY;
use super::fault::{code, store_error};
use super::manifest::{self, Entry, Manifest};
use super::models::{FoundManifest, S3Models};

/// A client that writes to a models bucket.
#[derive(Debug)]
pub struct ModelsBucket {
    client: Client,
    bucket: String,
}

/// What the bucket held when it was compared, and how our files differ from that.
#[derive(Debug)]
pub struct Comparison {
    /// How our files differ from those in force.
    pub difference: Difference,
    /// True if the bucket has no published version yet. Its single objects are not read any more
    /// once it has one.
    pub is_first: bool,
    /// The files that are in force in the bucket.
    theirs: Arc<ModelFiles>,
    /// The ETag of the manifest; none if there is no manifest.
    etag: Option<String>,
}

/// How files differ from what the bucket holds; paths, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Files that are not in the bucket yet.
    pub added: Vec<String>,
    /// Files that are in both places with different contents.
    pub changed: Vec<String>,
    /// Files that are in the bucket only.
    pub removed: Vec<String>,
}

impl Difference {
    /// The difference from `theirs` to `ours`.
    pub fn between(ours: &ModelFiles, theirs: &ModelFiles) -> Self {
        let mut difference = Self::default();
        for (path, content) in &ours.0 {
            match theirs.0.get(path) {
                None => difference.added.push(path.clone()),
                Some(other) if other != content => difference.changed.push(path.clone()),
                Some(_) => {}
            }
        }
        difference.removed = theirs.0.keys().filter(|path| !ours.0.contains_key(*path)).cloned().collect();
        difference
    }

    /// True if nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

impl ModelsBucket {
    /// The bucket of this name.
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into() }
    }

    /// How `files` differ from what is in force in the bucket now, by content.
    pub async fn compare(&self, files: &ModelFiles) -> Result<Comparison, StoreError> {
        let models = S3Models::new(self.client.clone(), &self.bucket);
        // The manifest first: if another version is put in force before the files are read,
        // publishing on this ETag is refused.
        let etag = match models.manifest(None).await? {
            FoundManifest::Found { etag, .. } => Some(etag),
            FoundManifest::Missing | FoundManifest::Unchanged => None,
        };
        let theirs = models.snapshot().await?;
        Ok(Comparison { difference: Difference::between(files, &theirs), is_first: etag.is_none(), theirs, etag })
    }

    /// Puts `files` in force, and nothing of them if it fails. Files that are in the bucket only
    /// are taken out of the version if `delete` is given.
    ///
    /// # Errors
    ///
    /// [`StoreFault::Unavailable`] when somebody else has published since the bucket was compared.
    pub async fn publish(&self, files: &ModelFiles, compared: &Comparison, delete: bool) -> Result<(), StoreError> {
        let mut version = files.0.clone();
        if !delete {
            let theirs = compared.difference.removed.iter();
            version.extend(theirs.filter_map(|path| Some((path.clone(), compared.theirs.0.get(path)?.clone()))));
        }
        let manifest = Manifest::of(&version);
        stream::iter(manifest.files.iter().filter_map(|(path, entry)| Some((entry, version.get(path)?))))
            .map(|(entry, content)| self.put_content(entry, content))
            .buffer_unordered(CONCURRENCY)
            .try_collect::<()>()
            .await?;
        self.put_manifest(&manifest, compared.etag.as_deref()).await
    }

    /// Stores a content under its hash, unless it is there already.
    async fn put_content(&self, entry: &Entry, content: &[u8]) -> Result<(), StoreError> {
        let put = self.client.put_object().bucket(&self.bucket).key(entry.key()).if_none_match("*");
        let put = put.content_type("text/plain; charset=utf-8").body(ByteStream::from(content.to_vec()));
        match put.send().await {
            Ok(_) => Ok(()),
            // Somebody stores the very same content, now or before.
            Err(error) if matches!(code(&error), Some("PreconditionFailed" | "ConditionalRequestConflict")) => Ok(()),
            Err(error) => Err(store_error(format!("s3://{}/{}", self.bucket, entry.key()), error)),
        }
    }

    /// Puts a version in force, in place of the one whose manifest has this ETag.
    async fn put_manifest(&self, manifest: &Manifest, expected: Option<&str>) -> Result<(), StoreError> {
        let resource = format!("s3://{}/{}", self.bucket, manifest::KEY);
        let put = self.client.put_object().bucket(&self.bucket).key(manifest::KEY).content_type("application/json");
        let put = match expected {
            Some(etag) => put.if_match(etag),
            None => put.if_none_match("*"),
        };
        match put.body(ByteStream::from(manifest.to_document().into_bytes())).send().await {
            Ok(_) => Ok(()),
            Err(error)
                if matches!(code(&error), Some("PreconditionFailed" | "ConditionalRequestConflict" | "NoSuchKey")) =>
            {
                let reason =
                    "somebody else published meanwhile, so nothing was published; look at the difference again";
                Err(StoreError::new(resource, StoreFault::Unavailable, reason))
            }
            Err(error) => Err(store_error(resource, error)),
        }
    }
}
