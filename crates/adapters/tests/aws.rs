//! The AWS adapters against answers that services give: partial failures, lost conditions, unchanged ETags.

#![cfg(feature = "aws")]
#![expect(clippy::unwrap_used, reason = "helpers of tests, where an unwrap is the expectation")]

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapters::aws::{Difference, ModelsBucket, S3Models, S3State, SecretsInventories, SqsDeadLetters, SqsSlices};
use aws_credential_types::Credentials;
use intent::hash::ContentHash;
use intent::model::ModelFiles;
use intent::name::{DeviceName, RunId};
use jiff::{SignedDuration, Timestamp};
use naas::ports::{
    DeadLetters, DeviceRecords, History, Inventories, Models, Parked, Recorded, Runs, SliceQueue, StoreFault, Version,
};
use naas::records::device_state::DeviceRecord;
use naas::records::outcome::{Outcome, Status, SwitchState};
use naas::records::revision::Revision;
use naas::records::run::{Mode, Run};
use naas::records::slice::Slice;
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path, path_regex, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

const REGION: &str = "us-east-1";

fn credentials() -> Credentials {
    Credentials::new("test", "test", None, None, "test")
}

fn sqs(server: &MockServer) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder().endpoint_url(server.uri()).credentials_provider(credentials());
    let region = aws_sdk_sqs::config::Region::new(REGION);
    aws_sdk_sqs::Client::from_conf(config.region(region).behavior_version_latest().build())
}

fn s3(server: &MockServer) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder().endpoint_url(server.uri()).credentials_provider(credentials());
    let region = aws_sdk_s3::config::Region::new(REGION);
    aws_sdk_s3::Client::from_conf(config.region(region).force_path_style(true).behavior_version_latest().build())
}

fn secrets(server: &MockServer) -> aws_sdk_secretsmanager::Client {
    let config =
        aws_sdk_secretsmanager::Config::builder().endpoint_url(server.uri()).credentials_provider(credentials());
    let region = aws_sdk_secretsmanager::config::Region::new(REGION);
    aws_sdk_secretsmanager::Client::from_conf(config.region(region).behavior_version_latest().build())
}

fn slices(devices: &[&str]) -> Vec<Slice> {
    let slice = |device: &&str| Slice {
        version: naas::records::slice::VERSION,
        run: RunId::parse("20261123-201530-7f3a9c").unwrap(),
        mode: Mode::Apply,
        devices: vec![DeviceName::new(*device).unwrap()],
        inventory: vec!["naas/inventory".to_owned()],
        confirm: None,
        plan: None,
        restore: None,
        repeats: None,
        by: None,
        attempt: 0,
        waits: 0,
    };
    devices.iter().map(slice).collect()
}

fn outcome(status: Status) -> Outcome {
    let at = "2026-11-23T20:15:30Z".parse().unwrap();
    Outcome {
        run: RunId::parse("20261123-201530-7f3a9c").unwrap(),
        device: DeviceName::new("leaf1").unwrap(),
        status,
        switch: SwitchState::Saved,
        diff: String::new(),
        error: None,
        superseded_by: None,
        plan: None,
        pinned: None,
        started_at: at,
        finished_at: at,
    }
}

fn failed(id: &str, sender_fault: bool) -> Value {
    json!({"Id": id, "SenderFault": sender_fault, "Code": "InternalError", "Message": "try again"})
}

async fn bodies(server: &MockServer) -> Vec<Value> {
    server.received_requests().await.unwrap().iter().map(|request| request.body_json().unwrap()).collect()
}

#[tokio::test]
async fn what_sqs_did_not_take_of_a_batch_is_sent_again_and_nothing_else() {
    let server = MockServer::start().await;
    let partly = json!({"Successful": [], "Failed": [failed("1", false)]});
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(partly))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    let wholly = json!({"Successful": [], "Failed": []});
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200).set_body_json(wholly)).mount(&server).await;

    SqsSlices::new(sqs(&server), server.uri())
        .send(&slices(&["leaf1", "leaf2", "leaf3"]), Duration::from_secs(20))
        .await
        .unwrap();

    let sent = bodies(&server).await;
    assert_eq!(sent[0]["Entries"].as_array().unwrap().len(), 3);
    assert_eq!(sent[0]["Entries"][0]["DelaySeconds"], 20);
    assert_eq!(sent[1]["Entries"].as_array().unwrap().len(), 1);
    assert_eq!(sent[1]["Entries"][0]["MessageBody"], sent[0]["Entries"][1]["MessageBody"]);
}

#[tokio::test]
async fn what_sqs_blames_on_the_sender_fails_at_once() {
    let server = MockServer::start().await;
    let blamed = json!({"Successful": [], "Failed": [failed("0", true)]});
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(blamed))
        .expect(1)
        .mount(&server)
        .await;

    let error = SqsSlices::new(sqs(&server), server.uri()).send(&slices(&["leaf1"]), Duration::ZERO).await.unwrap_err();

    assert!(error.resource.starts_with("queue http"), "{error}");
}

#[tokio::test]
async fn a_parked_message_keeps_its_body_and_has_its_reason() {
    let server = MockServer::start().await;
    let answer = json!({"MessageId": "1"});
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200).set_body_json(answer)).mount(&server).await;

    SqsDeadLetters::new(sqs(&server), server.uri()).park("hello", "not a slice\u{0}message").await.unwrap();

    let sent = &bodies(&server).await[0];
    assert_eq!(sent["MessageBody"], "hello");
    assert_eq!(sent["MessageAttributes"]["Reason"]["StringValue"], "not a slicemessage");
}

#[tokio::test]
async fn the_first_outcome_stands_and_its_marker_is_repaired() {
    let server = MockServer::start().await;
    let object = "/state/runs/20261123-201530-7f3a9c/outcomes/leaf1.json";
    let lost = "<Error><Code>PreconditionFailed</Code><Message>lost</Message></Error>";
    Mock::given(method("PUT"))
        .and(path(object))
        .and(header("if-none-match", "*"))
        .respond_with(ResponseTemplate::new(412).set_body_string(lost))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path(object))
        .respond_with(ResponseTemplate::new(200).set_body_json(outcome(Status::Changed)))
        .mount(&server)
        .await;
    Mock::given(method("PUT"))
        .and(path("/state/runs/20261123-201530-7f3a9c/status/leaf1/changed"))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&server)
        .await;

    let recorded = S3State::new(s3(&server), "state").record(&outcome(Status::InSync)).await.unwrap();

    assert_eq!(recorded, Recorded::Before);
}

#[tokio::test]
async fn a_record_of_another_version_is_called_unreadable_by_its_key() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_string("{\"run\":"))
        .mount(&server)
        .await;

    let run = RunId::parse("20261123-201530-7f3a9c").unwrap();
    let error = S3State::new(s3(&server), "state").load(&run).await.unwrap_err();

    assert_eq!(error.fault, StoreFault::Unreadable);
    assert_eq!(error.resource, "s3://state/runs/20261123-201530-7f3a9c/run.json");
}

fn error(code: &str) -> String {
    format!("<Error><Code>{code}</Code><Message>no</Message></Error>")
}

#[tokio::test]
async fn a_device_record_is_replaced_only_where_nobody_was_first() {
    let leaf = DeviceName::new("leaf1").unwrap();
    let known = Version("\"7\"".to_owned());
    for (condition, expected, status, code, replaced) in [
        ("if-none-match", None, 200, "", true),
        ("if-match", Some(&known), 200, "", true),
        ("if-none-match", None, 412, "PreconditionFailed", false),
        ("if-match", Some(&known), 412, "PreconditionFailed", false),
        ("if-match", Some(&known), 404, "NoSuchKey", false),
    ] {
        let server = MockServer::start().await;
        let written = ResponseTemplate::new(200).insert_header("etag", "\"8\"");
        Mock::given(method("PUT"))
            .and(path("/state/devices/leaf1.json"))
            .and(header(condition, expected.map_or("*", |version| version.0.as_str())))
            .respond_with(if status == 200 {
                written.clone()
            } else {
                ResponseTemplate::new(status).set_body_string(error(code))
            })
            .expect(1)
            .mount(&server)
            .await;

        let state = S3State::new(s3(&server), "state");
        let written = state.replace_device_record(&leaf, &DeviceRecord::default(), expected).await;

        assert_eq!(written.unwrap(), replaced.then(|| Version("\"8\"".to_owned())), "{condition} {status}");
    }
}

#[tokio::test]
async fn a_write_that_meets_another_at_the_same_moment_is_tried_again_and_one_that_fails_is_an_error() {
    let leaf = DeviceName::new("leaf1").unwrap();
    for (status, code, fault) in [
        (409, "ConditionalRequestConflict", None),
        (403, "AccessDenied", Some(StoreFault::Denied)),
        (500, "InternalError", Some(StoreFault::Unavailable)),
        (503, "SlowDown", Some(StoreFault::Unavailable)),
    ] {
        let server = MockServer::start().await;
        let failing = ResponseTemplate::new(status).set_body_string(error(code));
        let failing = Mock::given(method("PUT")).respond_with(failing);
        if fault.is_none() { failing.up_to_n_times(2) } else { failing }.mount(&server).await;
        let written = ResponseTemplate::new(200).insert_header("etag", "\"1\"");
        Mock::given(method("PUT")).respond_with(written).mount(&server).await;

        let state = S3State::new(s3(&server), "state");
        let written = state.replace_device_record(&leaf, &DeviceRecord::default(), None).await;

        assert_eq!(written.err().map(|error| error.fault), fault, "{code}");
    }
}

#[tokio::test]
async fn a_device_record_that_is_none_is_unreadable_by_its_key() {
    for body in ["", "{\"version\":1", "{\"version\":3,\"lease\":{}}", "[]", "edited"] {
        let server = MockServer::start().await;
        Mock::given(method("GET")).respond_with(ResponseTemplate::new(200).set_body_string(body)).mount(&server).await;

        let error =
            S3State::new(s3(&server), "state").device_record(&DeviceName::new("leaf1").unwrap()).await.unwrap_err();

        assert_eq!((error.fault, error.resource.as_str()), (StoreFault::Unreadable, "s3://state/devices/leaf1.json"));
    }
}

fn run_of(devices: Vec<DeviceName>) -> Run {
    Run {
        run: RunId::parse("20261123-201530-7f3a9c").unwrap(),
        accepted_at: "2026-11-23T20:15:30Z".parse().unwrap(),
        mode: Mode::Apply,
        devices,
        step: 10,
        inventory: Vec::new(),
        confirm: None,
        plan: None,
        restore: None,
        repeats: None,
        by: Some("ana@noc".to_owned()),
    }
}

#[tokio::test]
async fn ten_thousand_devices_are_told_by_their_markers_listed_side_by_side_and_none_is_missed() {
    let server = MockServer::start().await;
    let devices: Vec<_> = (0..10_000).map(|number| DeviceName::new(format!("leaf{number}")).unwrap()).collect();
    let prefix = "runs/20261123-201530-7f3a9c/status/";
    let mut keys: Vec<_> = devices.iter().map(|device| format!("{prefix}{device}/changed")).collect();
    keys.sort();
    Mock::given(method("GET"))
        .respond_with(move |request: &wiremock::Request| {
            let parameter = |name: &str| {
                request.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
            };
            let after = parameter("continuation-token").or(parameter("start-after")).unwrap_or_default();
            let page: Vec<_> = keys.iter().filter(|key| **key > after).take(1_000).collect();
            let more = page.last().is_some_and(|last| *last != keys.last().unwrap());
            let next = if more {
                format!("<NextContinuationToken>{}</NextContinuationToken>", page[999])
            } else {
                String::new()
            };
            let contents: String = page.iter().map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
            let body =
                format!("<ListBucketResult><IsTruncated>{more}</IsTruncated>{next}{contents}</ListBucketResult>");
            ResponseTemplate::new(200).set_body_string(body)
        })
        .mount(&server)
        .await;
    let run = run_of(devices.clone());

    let statuses = S3State::new(s3(&server), "state").statuses(&run).await.unwrap();

    assert_eq!(statuses.len(), devices.len());
    // Ten pages of a thousand keys; where the run is split into parts, each of them may end in a page that is not full.
    let requests = server.received_requests().await.unwrap();
    assert!(requests.len() <= 24, "{} requests", requests.len());
    assert!(requests.iter().all(|request| request.url.query().is_some_and(|query| query.contains("list-type=2"))));
}

#[tokio::test]
async fn parked_messages_come_with_their_reason_and_go_by_their_handle() {
    let server = MockServer::start().await;
    let reason = json!({"Reason": {"DataType": "String", "StringValue": "unreachable"}});
    let received = json!({"Messages": [
        {"Body": "one", "ReceiptHandle": "h1", "MessageAttributes": reason}, {"Body": "two", "ReceiptHandle": "h2"},
    ]});
    Mock::given(header("x-amz-target", "AmazonSQS.ReceiveMessage"))
        .respond_with(ResponseTemplate::new(200).set_body_json(received))
        .mount(&server)
        .await;
    Mock::given(header("x-amz-target", "AmazonSQS.DeleteMessage"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({})))
        .expect(1)
        .mount(&server)
        .await;
    let letters = SqsDeadLetters::new(sqs(&server), server.uri());

    let parked = letters.parked().await.unwrap();
    letters.unpark(&parked[0]).await.unwrap();

    let first = Parked { handle: "h1".to_owned(), message: "one".to_owned(), reason: Some("unreachable".to_owned()) };
    assert_eq!((&parked[0], parked[1].reason.as_ref()), (&first, None));
    let deleted = bodies(&server).await.pop().unwrap();
    assert_eq!(deleted["ReceiptHandle"], "h1");
}

#[tokio::test]
async fn models_are_read_again_only_when_their_etag_changed() {
    let server = MockServer::start().await;
    let listing = |etag: &str| {
        let object = format!("<Contents><Key>generic.yaml</Key><ETag>\"{etag}\"</ETag><Size>4</Size></Contents>");
        format!("<ListBucketResult><IsTruncated>false</IsTruncated>{object}</ListBucketResult>")
    };
    let listed = |etag: &str| {
        Mock::given(method("GET"))
            .and(query_param("list-type", "2"))
            .respond_with(ResponseTemplate::new(200).set_body_string(listing(etag)))
    };
    listed("1").up_to_n_times(2).mount(&server).await;
    listed("2").mount(&server).await;
    Mock::given(method("GET"))
        .and(path_regex("/models/generic.yaml"))
        .respond_with(ResponseTemplate::new(200).set_body_string("text"))
        .expect(2)
        .mount(&server)
        .await;
    let models = S3Models::new(s3(&server), "models");

    let first = models.snapshot().await.unwrap();
    let same = models.snapshot().await.unwrap();
    let changed = models.snapshot().await.unwrap();

    assert!(Arc::ptr_eq(&first, &same) && !Arc::ptr_eq(&first, &changed));
    assert_eq!(first.0["generic.yaml"], b"text");
}

#[tokio::test]
async fn a_missing_bucket_and_a_forbidden_one_are_told_apart() {
    for (status, code, fault) in
        [(404, "NoSuchBucket", StoreFault::NotFound), (403, "AccessDenied", StoreFault::Denied)]
    {
        let server = MockServer::start().await;
        let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
        Mock::given(method("GET"))
            .respond_with(ResponseTemplate::new(status).set_body_string(body))
            .mount(&server)
            .await;

        let error = S3Models::new(s3(&server), "models").snapshot().await.unwrap_err();

        assert_eq!((error.fault, error.resource.as_str()), (fault, "s3://models"));
    }
}

#[tokio::test]
async fn an_inventory_may_be_several_secrets_and_others_of_a_similar_name_are_not_read() {
    let server = MockServer::start().await;
    let target = |operation: &str| header("x-amz-target", format!("secretsmanager.{operation}"));
    let names = ["naas/inventory/a", "naas/inventory-old", "naas/inventory/b"];
    let listed = json!({"SecretList": names.map(|name| json!({"Name": name}))});
    Mock::given(target("ListSecrets"))
        .respond_with(ResponseTemplate::new(200).set_body_json(listed))
        .mount(&server)
        .await;
    let value = json!({"Name": "x", "SecretString": "hosts: {}"});
    Mock::given(target("GetSecretValue"))
        .respond_with(ResponseTemplate::new(200).set_body_json(value))
        .expect(2)
        .mount(&server)
        .await;

    let documents = SecretsInventories::new(secrets(&server), "naas/inventory").all().await.unwrap();

    let names: Vec<_> = documents.iter().map(|document| document.name.as_str()).collect();
    assert_eq!(names, ["naas/inventory/a", "naas/inventory/b"]);
}

#[tokio::test]
async fn no_secret_under_the_prefix_is_not_found_by_name() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"SecretList": []})))
        .mount(&server)
        .await;

    let error = SecretsInventories::new(secrets(&server), "naas/inventory").all().await.unwrap_err();

    assert_eq!(error.to_string(), "secret naas/inventory (or naas/inventory/…): not found");
}

/// A bucket that keeps what is put into it, refuses a second object under a key (`If-None-Match`), and lists names in their order.
async fn bucket() -> MockServer {
    let server = MockServer::start().await;
    let objects = Arc::new(Mutex::new(BTreeMap::<String, Vec<u8>>::new()));
    let put = Arc::clone(&objects);
    Mock::given(method("PUT"))
        .and(header("if-none-match", "*"))
        .respond_with(move |request: &wiremock::Request| match put.lock().unwrap().entry(key_of(request)) {
            Entry::Occupied(_) => ResponseTemplate::new(412).set_body_string(error("PreconditionFailed")),
            Entry::Vacant(object) => {
                object.insert(request.body.clone());
                ResponseTemplate::new(200).insert_header("etag", "\"1\"")
            }
        })
        .mount(&server)
        .await;
    let listed = Arc::clone(&objects);
    Mock::given(method("GET"))
        .and(query_param("list-type", "2"))
        .respond_with(move |request: &wiremock::Request| {
            let parameter = |name: &str| {
                request.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
            };
            let (prefix, most) = (parameter("prefix").unwrap(), parameter("max-keys").unwrap().parse().unwrap());
            let objects = listed.lock().unwrap();
            let keys: Vec<_> = objects.keys().filter(|key| key.starts_with(&prefix)).take(most).collect();
            let contents: String = keys.iter().map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
            let body = format!("<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>");
            ResponseTemplate::new(200).set_body_string(body)
        })
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .respond_with(move |request: &wiremock::Request| match objects.lock().unwrap().get(&key_of(request)) {
            Some(body) => ResponseTemplate::new(200).set_body_bytes(body.clone()),
            None => ResponseTemplate::new(404).set_body_string(error("NoSuchKey")),
        })
        .mount(&server)
        .await;
    server
}

fn key_of(request: &wiremock::Request) -> String {
    request.url.path().trim_start_matches("/state/").to_owned()
}

fn revision(device: &str, number: u64, milliseconds: i64) -> Revision {
    let at: Timestamp = "2026-11-23T20:15:30Z".parse().unwrap();
    Revision {
        version: naas::records::revision::VERSION,
        device: DeviceName::new(device).unwrap(),
        configuration: ContentHash::of(&number.to_string()),
        run: RunId::new(at, number),
        at: at + SignedDuration::from_millis(milliseconds),
        by: None,
        models: Vec::new(),
        parts: Vec::new(),
        diff: String::new(),
    }
}

#[tokio::test]
async fn a_history_is_listed_newest_first_without_reading_it_and_what_was_added_first_stands() {
    let server = bucket().await;
    let state = S3State::new(s3(&server), "state");
    let leaf = DeviceName::new("leaf1").unwrap();
    let [first, second, third] = [(9, 0), (1, 5), (5, 1_000)].map(|(number, at)| revision("leaf1", number, at));
    for revision in [&second, &first, &third, &revision("leaf10", 2, 1)] {
        state.add(revision).await.unwrap();
    }
    state.add(&Revision { by: Some("late".to_owned()), ..first.clone() }).await.unwrap();

    let asked = server.received_requests().await.unwrap().len();
    let entries = state.entries(&leaf, 200).await.unwrap();
    let listings = server.received_requests().await.unwrap().len() - asked;

    assert_eq!(entries, [&third, &second, &first].map(Revision::entry));
    assert_eq!(listings, 1);
    assert_eq!(state.entries(&leaf, 2).await.unwrap(), entries[..2]);
    assert_eq!(state.revision(&leaf, &entries[2]).await.unwrap(), Some(first));
}

#[tokio::test]
async fn a_text_is_kept_byte_for_byte_under_its_hash_and_once() {
    let server = bucket().await;
    let state = S3State::new(s3(&server), "state");
    let leaf = DeviceName::new("leaf1").unwrap();
    let text = "hostname leaf1\r\n\n  alias ü \t\n";
    let hash = ContentHash::of(text);

    state.keep(&leaf, &hash, text).await.unwrap();
    state.keep(&leaf, &hash, text).await.unwrap();

    assert_eq!(state.kept(&leaf, &hash).await.unwrap().as_deref(), Some(text));
    assert_eq!(state.kept(&DeviceName::new("leaf2").unwrap(), &hash).await.unwrap(), None);
    let put = &server.received_requests().await.unwrap()[0];
    assert_eq!((key_of(put), put.body.as_slice()), (format!("configurations/leaf1/{hash}"), text.as_bytes()));
}

#[tokio::test]
async fn the_last_runs_are_listed_from_small_objects_and_a_run_recorded_twice_is_one() {
    let server = bucket().await;
    let state = S3State::new(s3(&server), "state");
    let leaf = run_of(vec![DeviceName::new("leaf1").unwrap()]);
    let run = |number: u64, milliseconds: i64| {
        let accepted_at = leaf.accepted_at + SignedDuration::from_millis(milliseconds);
        Run { run: RunId::new(accepted_at, number), accepted_at, ..leaf.clone() }
    };
    let runs = [run(1, 900), run(2, 10), run(3, 500), run(4, 2_000)];
    for run in runs.iter().chain(&runs) {
        state.create(run).await.unwrap();
    }

    let asked = server.received_requests().await.unwrap().len();
    let listed = state.recent(3).await.unwrap();
    let requests = server.received_requests().await.unwrap().split_off(asked);

    assert_eq!(listed, [&runs[3], &runs[0], &runs[2]].map(Run::summary));
    assert_eq!(requests.len(), 1 + 3, "one listing, and no run is read");
    assert!(requests[1..].iter().all(|request| key_of(request).starts_with("recent/")));
}

#[tokio::test]
async fn only_what_differs_is_published_and_templates_before_the_models_that_name_them() {
    let server = MockServer::start().await;
    let held = ["same.yaml", "changed.yaml", "gone.yaml"];
    let objects = held.map(|key| format!("<Contents><Key>{key}</Key><ETag>\"1\"</ETag><Size>4</Size></Contents>"));
    let listing = format!("<ListBucketResult><IsTruncated>false</IsTruncated>{}</ListBucketResult>", objects.concat());
    Mock::given(method("GET"))
        .and(query_param("list-type", "2"))
        .respond_with(ResponseTemplate::new(200).set_body_string(listing))
        .mount(&server)
        .await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200).set_body_string("text")).mount(&server).await;
    Mock::given(method("PUT")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    Mock::given(method("DELETE")).respond_with(ResponseTemplate::new(204)).mount(&server).await;
    let file = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
    let files = [file("same.yaml", "text"), file("changed.yaml", "other"), file("templates/new.tera", "new")];
    let files = ModelFiles(files.into());

    let bucket = ModelsBucket::new(s3(&server), "models");
    let difference = bucket.compare(&files).await.unwrap();
    bucket.publish(&files, &difference, true).await.unwrap();

    assert_eq!(
        (&difference.added, &difference.changed),
        (&vec!["templates/new.tera".to_owned()], &vec!["changed.yaml".to_owned()])
    );
    assert_eq!(difference.removed, ["gone.yaml"]);
    let requests = server.received_requests().await.unwrap();
    let written = requests.iter().filter(|request| request.method.as_str() != "GET");
    let written: Vec<_> = written.map(|request| format!("{} {}", request.method, request.url.path())).collect();
    assert_eq!(written, ["PUT /models/templates/new.tera", "PUT /models/changed.yaml", "DELETE /models/gone.yaml"]);
}

#[tokio::test]
async fn what_may_not_be_written_is_named() {
    let server = MockServer::start().await;
    let denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    Mock::given(method("PUT")).respond_with(ResponseTemplate::new(403).set_body_string(denied)).mount(&server).await;
    let files = ModelFiles([("m.yaml".to_owned(), Vec::new())].into());
    let difference = Difference::between(&files, &ModelFiles::default());

    let error = ModelsBucket::new(s3(&server), "models").publish(&files, &difference, false).await.unwrap_err();

    assert_eq!((error.resource.as_str(), error.fault), ("s3://models/m.yaml", StoreFault::Denied));
}
