//! Models and templates into the bucket: what differs, and only that.
//!
//! Needs `s3:PutObject` and, to take files away, `s3:DeleteObject` on the bucket's objects, beside what [`S3Models`] needs.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use futures::{StreamExt, TryStreamExt, stream};
use intent::model::ModelFiles;
use naas::ports::{Models, StoreError};

use super::CONCURRENCY;
use super::fault::store_error;
use super::models::S3Models;

/// The models bucket, to be written.
#[derive(Debug)]
pub struct ModelsBucket {
    client: Client,
    bucket: String,
}

/// How files differ from what the bucket holds; paths, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Not in the bucket yet.
    pub added: Vec<String>,
    /// In both, with other content.
    pub changed: Vec<String>,
    /// In the bucket only.
    pub removed: Vec<String>,
}

impl Difference {
    /// From `theirs` to `ours`.
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

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

impl ModelsBucket {
    /// The bucket of this name.
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into() }
    }

    /// How `files` differ from what the bucket holds now, by content.
    pub async fn compare(&self, files: &ModelFiles) -> Result<Difference, StoreError> {
        let held = S3Models::new(self.client.clone(), &self.bucket).snapshot().await?;
        Ok(Difference::between(files, &held))
    }

    /// Puts what was added and changed, and takes away what was removed if `delete` is given. After an error some of it is done;
    /// doing it again does the rest.
    ///
    /// Templates go before the models that name them and are taken away after them, so that an enforcer that reads in between finds
    /// no model without its template.
    pub async fn publish(&self, files: &ModelFiles, difference: &Difference, delete: bool) -> Result<(), StoreError> {
        let mut new: BTreeMap<bool, Vec<&String>> = BTreeMap::new();
        for path in difference.added.iter().chain(&difference.changed) {
            new.entry(is_model(path)).or_default().push(path);
        }
        for paths in new.into_values() {
            let contents = paths.into_iter().filter_map(|path| Some((path, files.0.get(path)?)));
            self.all(contents.map(|(path, content)| self.put(path, content))).await?;
        }
        if delete {
            let (models, templates): (Vec<_>, Vec<_>) = difference.removed.iter().partition(|path| is_model(path));
            self.all(models.into_iter().map(|path| self.delete(path))).await?;
            self.all(templates.into_iter().map(|path| self.delete(path))).await?;
        }
        Ok(())
    }

    async fn all(
        &self,
        requests: impl Iterator<Item = impl Future<Output = Result<(), StoreError>>>,
    ) -> Result<(), StoreError> {
        stream::iter(requests).buffer_unordered(CONCURRENCY).try_collect().await
    }

    async fn put(&self, path: &str, content: &[u8]) -> Result<(), StoreError> {
        let body = ByteStream::from(content.to_vec());
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(path)
            .content_type("text/plain; charset=utf-8")
            .body(body);
        put.send().await.map(drop).map_err(|error| store_error(format!("s3://{}/{path}", self.bucket), error))
    }

    async fn delete(&self, path: &str) -> Result<(), StoreError> {
        let delete = self.client.delete_object().bucket(&self.bucket).key(path);
        delete.send().await.map(drop).map_err(|error| store_error(format!("s3://{}/{path}", self.bucket), error))
    }
}

fn is_model(path: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|ending| path.ends_with(ending))
}
