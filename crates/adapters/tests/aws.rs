//! The AWS adapters against answers that services give: partial failures, lost conditions, unchanged ETags.

#![cfg(feature = "aws")]
#![expect(clippy::unwrap_used, reason = "helpers of tests, where an unwrap is the expectation")]

use std::sync::Arc;

use adapters::aws::{S3Models, S3State, SecretsInventories, SqsDeadLetters, SqsSlices};
use aws_credential_types::Credentials;
use naas::name::{DeviceName, RunId};
use naas::outcome::{Outcome, Status, SwitchState};
use naas::ports::{DeadLetters, Inventories, Models, Recorded, Runs, SliceQueue, StoreFault};
use naas::run::Mode;
use naas::slice::Slice;
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
        version: naas::slice::VERSION,
        run: RunId::parse("20261123-201530-7f3a9c").unwrap(),
        mode: Mode::Apply,
        devices: vec![DeviceName::new(*device).unwrap()],
        inventory: vec!["naas/inventory".to_owned()],
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

    SqsSlices::new(sqs(&server), server.uri()).send(&slices(&["leaf1", "leaf2", "leaf3"])).await.unwrap();

    let sent = bodies(&server).await;
    assert_eq!(sent[0]["Entries"].as_array().unwrap().len(), 3);
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

    let error = SqsSlices::new(sqs(&server), server.uri()).send(&slices(&["leaf1"])).await.unwrap_err();

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
        .and(path("/state/runs/20261123-201530-7f3a9c/status/changed/leaf1"))
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
