//! Models and templates in S3: a reader gets all of a version or none of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use adapters::aws::{Difference, ModelsBucket, S3Models};
use intent::model::ModelFiles;
use naas::ports::{Models, StoreFault};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::bucket::{Bucket, Objects, error, key_of};
use super::s3;

/// Files of one version in the tests about mixtures.
const FILES: usize = 9;

fn files(of: &[(&str, &str)]) -> ModelFiles {
    ModelFiles(of.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect())
}

/// A version all of whose files say so, and no two of which are alike.
fn version(name: &str) -> ModelFiles {
    ModelFiles((0..FILES).map(|file| (format!("{file}.yaml"), format!("{name} {file}").into_bytes())).collect())
}

/// The versions that a reader got files of.
fn versions(files: &ModelFiles) -> BTreeSet<String> {
    let first = |content: &Vec<u8>| String::from_utf8_lossy(content).split(' ').next().unwrap().to_owned();
    files.0.values().map(first).collect()
}

async fn publish(bucket: &ModelsBucket, files: &ModelFiles, delete: bool) -> Difference {
    let compared = bucket.compare(files).await.unwrap();
    bucket.publish(files, &compared, delete).await.unwrap();
    compared.difference
}

#[tokio::test]
async fn no_reader_sees_a_mix_of_two_published_versions() {
    let (server, bucket) = Bucket::serve().await;
    let publisher = ModelsBucket::new(s3(&server), "models");
    publish(&publisher, &version("old"), true).await;
    let old = bucket.objects();
    let asked = server.received_requests().await.unwrap().len();
    publish(&publisher, &version("new"), true).await;
    let requests = server.received_requests().await.unwrap().split_off(asked);
    let writes: Vec<_> = requests.into_iter().filter(|request| request.method.as_str() == "PUT").collect();
    assert_eq!(writes.len(), FILES + 1);

    let mut seen = BTreeSet::new();
    // So much of the new version is written before one of the reader's requests, and the publisher
    // dies.
    for (done, before) in (0..=writes.len()).flat_map(|done| (0..=FILES).map(move |before| (done, before))) {
        bucket.reset(old.clone());
        let written: Vec<_> = writes[..done].iter().map(|request| (key_of(request), request.body.clone())).collect();
        bucket.before_each(move |request, objects: &mut Objects| {
            if request == before {
                objects.extend(written.iter().cloned());
            }
        });

        let read = S3Models::new(s3(&server), "models").snapshot().await.unwrap();

        assert_eq!((read.0.len(), versions(&read).len()), (FILES, 1), "{done} {before}: {read:?}");
        seen.extend(versions(&read));
    }
    assert_eq!(seen, ["new".to_owned(), "old".to_owned()].into());
}

#[tokio::test]
async fn of_two_who_publish_at_once_one_is_refused() {
    let (server, bucket) = Bucket::serve().await;
    let publisher = ModelsBucket::new(s3(&server), "models");
    for round in ["first", "second"] {
        let (ours, theirs) = (version(&format!("{round}-ours")), version(&format!("{round}-theirs")));
        let compared = publisher.compare(&ours).await.unwrap();
        publish(&publisher, &theirs, true).await;
        let before = bucket.objects()[".published/manifest.json"].clone();

        let error = publisher.publish(&ours, &compared, true).await.unwrap_err();

        assert!(std::error::Error::source(&error).unwrap().to_string().contains("somebody else published"), "{error}");
        assert_eq!(bucket.objects()[".published/manifest.json"], before);
    }
}

#[tokio::test]
async fn a_published_version_is_read_once() {
    let (server, _bucket) = Bucket::serve().await;
    let publisher = ModelsBucket::new(s3(&server), "models");
    publish(&publisher, &files(&[("m.yaml", "1"), ("t.tera", "2")]), false).await;
    let models = S3Models::new(s3(&server), "models");

    let first = models.snapshot().await.unwrap();
    let asked = server.received_requests().await.unwrap().len();
    let same = models.snapshot().await.unwrap();
    let requests = server.received_requests().await.unwrap().len() - asked;
    publish(&publisher, &files(&[("m.yaml", "3"), ("t.tera", "2")]), false).await;
    let changed = models.snapshot().await.unwrap();

    assert!(Arc::ptr_eq(&first, &same) && !Arc::ptr_eq(&first, &changed));
    assert_eq!((requests, changed.0["m.yaml"].as_slice()), (1, b"3".as_slice()));
}

#[tokio::test]
async fn a_published_file_that_is_gone_or_changed_is_named() {
    let (server, bucket) = Bucket::serve().await;
    publish(&ModelsBucket::new(s3(&server), "models"), &files(&[("m.yaml", "1")]), false).await;
    let whole = bucket.objects();
    let content = whole.keys().find(|key| key.contains("/files/")).unwrap().clone();
    let mut gone = whole.clone();
    gone.remove(&content);
    let mut changed = whole.clone();
    changed.insert(content.clone(), b"2".to_vec());
    let mut foreign = whole;
    foreign.insert(".published/manifest.json".to_owned(), b"{\"version\":7}".to_vec());

    for (objects, said) in [(gone, "it is missing"), (changed, "another one"), (foreign, "version 7, expected 1")] {
        bucket.reset(objects);

        let error = S3Models::new(s3(&server), "models").snapshot().await.unwrap_err();

        assert_eq!(error.fault, StoreFault::Unreadable);
        assert!(std::error::Error::source(&error).unwrap().to_string().contains(said), "{error:?}");
    }
}

#[tokio::test]
async fn a_bucket_without_a_manifest_is_read_as_it_is() {
    let (server, bucket) = Bucket::serve().await;
    bucket.reset(files(&[("m.yaml", "1"), ("t/t.tera", "2"), (".git/config", "x")]).0);
    let models = S3Models::new(s3(&server), "models");

    let first = models.snapshot().await.unwrap();
    let asked = server.received_requests().await.unwrap().len();
    let same = models.snapshot().await.unwrap();
    let requests = server.received_requests().await.unwrap().len() - asked;
    bucket.reset(files(&[("m.yaml", "3")]).0);
    let changed = models.snapshot().await.unwrap();

    assert_eq!(*first, files(&[("m.yaml", "1"), ("t/t.tera", "2")]));
    assert!(Arc::ptr_eq(&first, &same));
    assert_eq!((requests, &*changed), (2, &files(&[("m.yaml", "3")])), "one look for a manifest, and one listing");
}

#[tokio::test]
async fn the_first_publication_takes_over_single_objects() {
    let (server, bucket) = Bucket::serve().await;
    let loose = files(&[("same.yaml", "text"), ("theirs.yaml", "stays"), ("gone.yaml", "goes")]);
    bucket.reset(loose.0);
    let publisher = ModelsBucket::new(s3(&server), "models");
    let ours = files(&[("same.yaml", "text"), ("templates/new.tera", "new")]);

    let compared = publisher.compare(&ours).await.unwrap();
    publisher.publish(&ours, &compared, false).await.unwrap();
    let kept = S3Models::new(s3(&server), "models").snapshot().await.unwrap();
    let difference = publish(&publisher, &ours, true).await;
    let left = S3Models::new(s3(&server), "models").snapshot().await.unwrap();

    assert!(compared.is_first);
    assert_eq!(compared.difference.added, ["templates/new.tera"]);
    assert_eq!(kept.0.len(), 4);
    assert_eq!(difference.removed, ["gone.yaml", "theirs.yaml"]);
    assert_eq!(*left, ours);
}

#[tokio::test]
async fn what_may_not_be_written_is_named() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(404).set_body_string(error("NoSuchKey")))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    let listing = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200).set_body_string(listing)).mount(&server).await;
    Mock::given(method("PUT"))
        .respond_with(ResponseTemplate::new(403).set_body_string(error("AccessDenied")))
        .mount(&server)
        .await;
    let (bucket, files) = (ModelsBucket::new(s3(&server), "models"), files(&[("m.yaml", "")]));
    let compared = bucket.compare(&files).await.unwrap();

    let error = bucket.publish(&files, &compared, false).await.unwrap_err();

    assert!(error.resource.starts_with("s3://models/.published/files/"), "{error}");
    assert_eq!(error.fault, StoreFault::Denied);
}

#[tokio::test]
async fn a_missing_bucket_and_a_forbidden_one_are_told_apart() {
    for (status, code, fault, resource) in [
        (404, "NoSuchBucket", StoreFault::NotFound, "s3://models"),
        (403, "AccessDenied", StoreFault::Denied, "s3://models/.published/manifest.json"),
    ] {
        let server = MockServer::start().await;
        Mock::given(method("GET"))
            .respond_with(ResponseTemplate::new(status).set_body_string(error(code)))
            .mount(&server)
            .await;

        let error = S3Models::new(s3(&server), "models").snapshot().await.unwrap_err();

        assert_eq!((error.fault, error.resource.as_str()), (fault, resource));
    }
}
