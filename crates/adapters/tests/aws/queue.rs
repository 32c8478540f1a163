//! Slices and parked messages in SQS.

use std::time::Duration;

use adapters::aws::{SqsDeadLetters, SqsSlices};
use intent::name::{DeviceName, RunId};
use naas::fakes::blank;
use naas::ports::{DeadLetters, Parked, SliceQueue};
use naas::records::slice::Slice;
use serde_json::{Value, json};
use wiremock::matchers::{header, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{REGION, credentials};

fn sqs(server: &MockServer) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder().endpoint_url(server.uri()).credentials_provider(credentials());
    let region = aws_sdk_sqs::config::Region::new(REGION);
    aws_sdk_sqs::Client::from_conf(config.region(region).behavior_version_latest().build())
}

fn slices(devices: &[&str]) -> Vec<Slice> {
    let run = RunId::parse("20261123-201530-7f3a9c").unwrap();
    devices.iter().map(|device| blank::slice(run.clone(), DeviceName::new(*device).unwrap())).collect()
}

fn failed(id: &str, sender_fault: bool) -> Value {
    json!({"Id": id, "SenderFault": sender_fault, "Code": "InternalError", "Message": "try again"})
}

async fn bodies(server: &MockServer) -> Vec<Value> {
    server.received_requests().await.unwrap().iter().map(|request| request.body_json().unwrap()).collect()
}

#[tokio::test]
async fn only_what_sqs_did_not_take_is_sent_again() {
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
async fn slices_of_a_run_are_a_group_of_a_fair_queue() {
    let server = MockServer::start().await;
    let wholly = json!({"Successful": [], "Failed": []});
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200).set_body_json(wholly)).mount(&server).await;
    let other = RunId::parse("20261123-201531-7f3a9c").unwrap();
    let mut slices = slices(&["leaf1", "leaf2"]);
    slices.push(blank::slice(other.clone(), DeviceName::new("leaf3").unwrap()));

    SqsSlices::new(sqs(&server), server.uri()).send(&slices, Duration::ZERO).await.unwrap();

    let mut groups = Vec::new();
    for body in bodies(&server).await {
        for entry in body["Entries"].as_array().unwrap() {
            let slice = Slice::parse(entry["MessageBody"].as_str().unwrap()).unwrap();
            assert_eq!(entry["MessageGroupId"], slice.task.run.to_string());
            groups.push(slice.task.run);
        }
    }
    groups.sort();
    assert_eq!(groups, [slices[0].task.run.clone(), slices[1].task.run.clone(), other]);
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
async fn parked_messages_have_their_reasons_and_handles() {
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
