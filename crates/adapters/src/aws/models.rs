//! Models and templates in S3, read again only where their ETag has changed since the last time in this process.
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

use super::CONCURRENCY;
use super::fault::{code, store_error};
use crate::model_file;

/// How often the listing is taken anew when an object changes between listing and reading.
const ATTEMPTS: usize = 4;

/// The models bucket.
#[derive(Debug)]
pub struct S3Models {
    client: Client,
    bucket: String,
    last: Mutex<Last>,
}

/// What was read last: by path, the ETag and the content.
#[derive(Debug, Default)]
struct Last {
    etags: BTreeMap<String, String>,
    files: Arc<ModelFiles>,
}

/// An object was changed or deleted after it was listed.
struct Moved;

impl S3Models {
    /// The bucket of this name.
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into(), last: Mutex::default() }
    }

    /// Path to ETag of every model and template.
    async fn list(&self) -> Result<BTreeMap<String, String>, StoreError> {
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
        let resource = format!("s3://{}/{path}", self.bucket);
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
    async fn read(
        &self,
        last: &Last,
        etags: &BTreeMap<String, String>,
    ) -> Result<Result<ModelFiles, Moved>, StoreError> {
        let mut files = BTreeMap::new();
        let mut changed = Vec::new();
        for (path, etag) in etags {
            match last.files.0.get(path) {
                Some(content) if last.etags.get(path) == Some(etag) => {
                    drop(files.insert(path.clone(), content.clone()))
                }
                _ => changed.push((path.clone(), etag.clone())),
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
}

impl Models for S3Models {
    async fn snapshot(&self) -> Result<Arc<ModelFiles>, StoreError> {
        let mut last = self.last.lock().await;
        for _ in 0..ATTEMPTS {
            let etags = self.list().await?;
            if etags == last.etags && !etags.is_empty() {
                return Ok(Arc::clone(&last.files));
            }
            if let Ok(files) = self.read(&last, &etags).await? {
                *last = Last { etags, files: Arc::new(files) };
                return Ok(Arc::clone(&last.files));
            }
        }
        let reason = "models change faster than they can be read";
        Err(StoreError::new(format!("s3://{}", self.bucket), StoreFault::Unavailable, reason))
    }
}
