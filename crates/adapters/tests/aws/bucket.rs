//! A bucket in memory that keeps S3's conditions (`If-None-Match`, `If-Match`) and lists names in
//! their order. Something may be done to it right before a request is answered.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers};

/// The content of every object by its key.
pub(crate) type Objects = BTreeMap<String, Vec<u8>>;

type Meddler = Box<dyn FnMut(usize, &mut Objects) + Send>;

/// The bucket; clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Bucket(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    objects: Objects,
    requests: usize,
    meddler: Option<Meddler>,
}

impl Bucket {
    /// An empty bucket and the server that answers for it, whatever the bucket is called.
    pub(crate) async fn serve() -> (MockServer, Self) {
        let (server, bucket) = (MockServer::start().await, Self::default());
        Mock::given(matchers::any()).respond_with(bucket.clone()).mount(&server).await;
        (server, bucket)
    }

    /// Puts these objects in place of all others, and counts requests anew.
    pub(crate) fn reset(&self, objects: Objects) {
        *self.0.lock().unwrap() = Inner { objects, ..Inner::default() };
    }

    /// What the bucket holds.
    pub(crate) fn objects(&self) -> Objects {
        self.0.lock().unwrap().objects.clone()
    }

    /// Does something to the objects before each request is answered; it is told how many came
    /// before.
    pub(crate) fn before_each(&self, meddler: impl FnMut(usize, &mut Objects) + Send + 'static) {
        self.0.lock().unwrap().meddler = Some(Box::new(meddler));
    }
}

impl Respond for Bucket {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let inner = &mut *self.0.lock().unwrap();
        if let Some(meddler) = &mut inner.meddler {
            meddler(inner.requests, &mut inner.objects);
        }
        inner.requests += 1;
        let (objects, key) = (&mut inner.objects, key_of(request));
        match request.method.as_str() {
            "PUT" => put(objects, key, request),
            "DELETE" => {
                objects.remove(&key);
                ResponseTemplate::new(204)
            }
            _ if key.is_empty() => list(objects, request),
            _ => get(objects, &key, request),
        }
    }
}

fn put(objects: &mut Objects, key: String, request: &Request) -> ResponseTemplate {
    let stands = objects.get(&key).map(|body| etag(body));
    if condition(request, "if-none-match").is_some() && stands.is_some() {
        return refused(412, "PreconditionFailed");
    }
    match (condition(request, "if-match"), stands) {
        (Some(_), None) => refused(404, "NoSuchKey"),
        (Some(expected), Some(stands)) if expected != stands => refused(412, "PreconditionFailed"),
        _ => {
            let answer = ResponseTemplate::new(200).insert_header("etag", etag(&request.body));
            objects.insert(key, request.body.clone());
            answer
        }
    }
}

fn get(objects: &Objects, key: &str, request: &Request) -> ResponseTemplate {
    let Some(body) = objects.get(key) else { return refused(404, "NoSuchKey") };
    let etag = etag(body);
    if condition(request, "if-none-match").is_some_and(|known| known == etag) {
        return ResponseTemplate::new(304);
    }
    if condition(request, "if-match").is_some_and(|expected| expected != etag) {
        return refused(412, "PreconditionFailed");
    }
    ResponseTemplate::new(200).insert_header("etag", etag).set_body_bytes(body.clone())
}

fn list(objects: &Objects, request: &Request) -> ResponseTemplate {
    let parameter =
        |name: &str| request.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let prefix = parameter("prefix").unwrap_or_default();
    let after = parameter("continuation-token").or(parameter("start-after")).unwrap_or_default();
    let most = parameter("max-keys").map_or(1_000, |most| most.parse().unwrap());
    let listed = objects.range((Bound::Excluded(after), Bound::Unbounded));
    let mut listed = listed.filter(|(key, _)| key.starts_with(&prefix));
    let page: Vec<_> = listed.by_ref().take(most).collect();
    let object = |(key, body): &(&String, &Vec<u8>)| {
        let etag = etag(body).replace('"', "&quot;");
        format!("<Contents><Key>{key}</Key><ETag>{etag}</ETag><Size>{}</Size></Contents>", body.len())
    };
    let next = match (page.last(), listed.next()) {
        (Some((last, _)), Some(_)) => format!("<NextContinuationToken>{last}</NextContinuationToken>"),
        _ => String::new(),
    };
    let (contents, more) = (page.iter().map(object).collect::<String>(), !next.is_empty());
    let body = format!("<ListBucketResult><IsTruncated>{more}</IsTruncated>{next}{contents}</ListBucketResult>");
    ResponseTemplate::new(200).set_body_string(body)
}

fn condition(request: &Request, name: &str) -> Option<String> {
    request.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
}

fn refused(status: u16, code: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_string(error(code))
}

/// The document that S3 answers with when it refuses a request.
pub(crate) fn error(code: &str) -> String {
    format!("<Error><Code>{code}</Code><Message>no</Message></Error>")
}

/// The object that a request is about; empty for the bucket itself.
pub(crate) fn key_of(request: &Request) -> String {
    let path = request.url.path().trim_start_matches('/');
    path.split_once('/').map_or_else(String::new, |(_, key)| key.to_owned())
}

fn etag(body: &[u8]) -> String {
    let hash: String = Sha256::digest(body).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hash}\"")
}
