//! Models and templates in S3: the version that `naas publish` put in force, see [`manifest`]; or,
//! in a bucket without a manifest, the objects as they are. What has not changed since the last
//! time in this process is not read again.
//!
//! Needs `s3:ListBucket` on the bucket and `s3:GetObject` on its objects:
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_s3::Client;
use futures::{StreamExt, TryStreamExt, stream};
use intent::model::ModelFiles;
use naas::ports::{Models, StoreError, StoreFault};
use tokio::sync::Mutex;
use tracing::warn;

use super::CONCURRENCY;
use super::fault::{code, store_error};
use super::manifest::{self, Entry, Manifest};
use crate::model_file;

/// How often the listing is taken anew when an object changes between listing and reading.
const ATTEMPTS: usize = 4;

/// A client that reads a models bucket.
#[derive(Debug)]
pub struct S3Models {
    client: Client,
    bucket: String,
    last: Mutex<Last>,
}

/// The files that were read last, and where they came from.
#[derive(Debug, Default)]
struct Last {
    from: Source,
    files: Arc<ModelFiles>,
}

/// What tells whether files have changed.
#[derive(Debug, Default, PartialEq, Eq)]
enum Source {
    /// Nothing was read yet.
    #[default]
    Nothing,
    /// A published version, and the ETag of its manifest.
    Published { etag: String, manifest: Manifest },
    /// Single objects: their ETags by path.
    Objects(BTreeMap<String, String>),
}

/// An object was changed or deleted after it was listed.
struct Moved;

/// The manifest of a bucket as a reader finds it.
pub(super) enum FoundManifest {
    /// The bucket has no manifest.
    Missing,
    /// The manifest is the one that the reader knows.
    Unchanged,
    /// The bucket has this manifest.
    Found { etag: String, manifest: Manifest },
}

impl S3Models {
    /// The models in the bucket of this name.
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into(), last: Mutex::default() }
    }

    fn resource(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    /// The manifest, unless its ETag is `known`.
    pub(super) async fn manifest(&self, known: Option<&str>) -> Result<FoundManifest, StoreError> {
        let request = self.client.get_object().bucket(&self.bucket).key(manifest::KEY);
        let object = match request.set_if_none_match(known.map(str::to_owned)).send().await {
            Ok(object) => object,
            // Of a bucket that is missing, the listing says so.
            Err(error) if matches!(code(&error), Some("NoSuchKey" | "NoSuchBucket")) => {
                return Ok(FoundManifest::Missing);
            }
            Err(error) if error.raw_response().is_some_and(|response| response.status().as_u16() == 304) => {
                return Ok(FoundManifest::Unchanged);
            }
            Err(error) => return Err(store_error(self.resource(manifest::KEY), error)),
        };
        let etag = object.e_tag.unwrap_or_default();
        let failed = |fault, error| Err(StoreError::new(self.resource(manifest::KEY), fault, error));
        match object.body.collect().await.map(|body| Manifest::parse(&body.to_vec())) {
            Ok(Ok(manifest)) => Ok(FoundManifest::Found { etag, manifest }),
            Ok(Err(error)) => failed(StoreFault::Unreadable, error.to_string()),
            Err(error) => failed(StoreFault::Unavailable, error.to_string()),
        }
    }

    /// The files of a published version. Those whose content is the same as in `last` are taken
    /// from there.
    async fn published(&self, last: &Last, manifest: &Manifest) -> Result<ModelFiles, StoreError> {
        let sizes = manifest.files.iter().map(|(path, entry)| (path.as_str(), entry.size));
        if let Some(reason) = model_file::too_large(sizes) {
            return Err(StoreError::new(self.resource(manifest::KEY), StoreFault::Unreadable, reason));
        }
        let known = |path: &str, entry: &Entry| {
            let Source::Published { manifest, .. } = &last.from else { return None };
            last.files.0.get(path).filter(|_| manifest.files.get(path) == Some(entry)).cloned()
        };
        let (mut files, mut changed) = (BTreeMap::new(), Vec::new());
        for (path, entry) in &manifest.files {
            match known(path, entry) {
                Some(content) => drop(files.insert(path.clone(), content)),
                None => changed.push((path.clone(), entry.clone())),
            }
        }
        let read: Vec<_> = stream::iter(changed)
            .map(|(path, entry)| self.content(path, entry))
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await?;
        files.extend(read);
        Ok(ModelFiles(files))
    }

    /// The content of a published file, with its path.
    async fn content(&self, path: String, entry: Entry) -> Result<(String, Vec<u8>), StoreError> {
        let resource = self.resource(&entry.key());
        let object = match self.client.get_object().bucket(&self.bucket).key(entry.key()).send().await {
            Ok(object) => object,
            Err(error) if code(&error) == Some("NoSuchKey") => {
                return Err(manifest::incomplete(resource, &path, "it is missing"));
            }
            Err(error) => return Err(store_error(resource, error)),
        };
        match object.body.collect().await.map(|body| body.to_vec()) {
            Ok(content) if entry.is(&content) => Ok((path, content)),
            Ok(_) => Err(manifest::incomplete(resource, &path, "its content is another one")),
            Err(error) => Err(StoreError::new(resource, StoreFault::Unavailable, error)),
        }
    }

    /// Path to ETag of every model and template that is an object of its own.
    pub(super) async fn list(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let resource = format!("s3://{}", self.bucket);
        let mut pages = self.client.list_objects_v2().bucket(&self.bucket).into_paginator().send();
        let mut sizes = Vec::new();
        let mut etags = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| store_error(&resource, error))?;
            for object in page.contents.unwrap_or_default() {
                let path = object.key.unwrap_or_default();
                if model_file::counts(&path) {
                    sizes.push((path.clone(), u64::try_from(object.size.unwrap_or_default()).unwrap_or_default()));
                    etags.insert(path, object.e_tag.unwrap_or_default());
                }
            }
        }
        match model_file::too_large(sizes.iter().map(|(path, size)| (path.as_str(), *size))) {
            None => Ok(etags),
            Some(reason) => Err(StoreError::new(resource, StoreFault::Unreadable, reason)),
        }
    }

    async fn get(&self, path: String, etag: String) -> Result<Result<(String, Vec<u8>), Moved>, StoreError> {
        let resource = self.resource(&path);
        let object = match self.client.get_object().bucket(&self.bucket).key(&path).if_match(etag).send().await {
            Ok(object) => object,
            Err(error) if matches!(code(&error), Some("PreconditionFailed" | "NoSuchKey")) => return Ok(Err(Moved)),
            Err(error) => return Err(store_error(resource, error)),
        };
        match object.body.collect().await {
            Ok(body) => Ok(Ok((path, body.to_vec()))),
            Err(error) => Err(StoreError::new(resource, StoreFault::Unavailable, error)),
        }
    }

    /// The listed files, taken from `last` where the ETag is the same.
    async fn listed(
        &self,
        last: &Last,
        etags: &BTreeMap<String, String>,
    ) -> Result<Result<ModelFiles, Moved>, StoreError> {
        let mut files = BTreeMap::new();
        let mut changed = Vec::new();
        let known = |path: &str, etag: &String| match &last.from {
            Source::Objects(etags) if etags.get(path) == Some(etag) => last.files.0.get(path).cloned(),
            _ => None,
        };
        for (path, etag) in etags {
            match known(path, etag) {
                Some(content) => drop(files.insert(path.clone(), content)),
                None => changed.push((path.clone(), etag.clone())),
            }
        }
        let read: Vec<_> = stream::iter(changed)
            .map(|(path, etag)| self.get(path, etag))
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await?;
        for file in read {
            match file {
                Ok((path, content)) => drop(files.insert(path, content)),
                Err(Moved) => return Ok(Err(Moved)),
            }
        }
        Ok(Ok(ModelFiles(files)))
    }

    /// The objects of a bucket without a manifest, as the listing has them.
    async fn objects(&self, last: &mut Last) -> Result<Arc<ModelFiles>, StoreError> {
        if !matches!(last.from, Source::Objects(_)) {
            warn!(
                bucket = self.bucket,
                "the bucket has no published version: while files are uploaded, some of them may be read with older ones; use \
                 naas publish to change all at once"
            );
        }
        for _ in 0..ATTEMPTS {
            let etags = self.list().await?;
            if matches!(&last.from, Source::Objects(known) if *known == etags) && !etags.is_empty() {
                return Ok(Arc::clone(&last.files));
            }
            if let Ok(files) = self.listed(last, &etags).await? {
                *last = Last { from: Source::Objects(etags), files: Arc::new(files) };
                return Ok(Arc::clone(&last.files));
            }
        }
        let reason = "models change faster than they can be read";
        Err(StoreError::new(format!("s3://{}", self.bucket), StoreFault::Unavailable, reason))
    }
}

impl Models for S3Models {
    async fn snapshot(&self) -> Result<Arc<ModelFiles>, StoreError> {
        let mut last = self.last.lock().await;
        let known = match &last.from {
            Source::Published { etag, .. } => Some(etag.as_str()),
            _ => None,
        };
        match self.manifest(known).await? {
            FoundManifest::Missing => self.objects(&mut last).await,
            FoundManifest::Unchanged => Ok(Arc::clone(&last.files)),
            FoundManifest::Found { etag, manifest } => {
                let files = self.published(&last, &manifest).await?;
                *last = Last { from: Source::Published { etag, manifest }, files: Arc::new(files) };
                Ok(Arc::clone(&last.files))
            }
        }
    }
}
