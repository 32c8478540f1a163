use std::num::NonZeroUsize;

use lambda_runtime::Context;
use naas::fakes::{FakeClock, FakeStore};
use naas::schedule::Ports;
use naas::schedule::request::Step;
use serde_json::{Value, json};

use super::*;

async fn invoke(mut event: Value) -> (ApiGatewayProxyResponse, Value) {
    invoke_on(&FakeStore::with("hosts: {devicea: {}}", &[]), event.take()).await
}

async fn invoke_on(store: &FakeStore, mut event: Value) -> (ApiGatewayProxyResponse, Value) {
    if event["requestContext"].is_null() {
        event["requestContext"] = json!({});
    }
    event["requestContext"]["httpMethod"] = event["httpMethod"].clone();
    let headers = event["headers"].as_object().cloned().unwrap_or_default();
    event["headers"] = json!({"Content-Type": "application/json"});
    event["headers"].as_object_mut().unwrap().extend(headers);
    let default_step = Step::Of(NonZeroUsize::MIN);
    let scheduler = Scheduler::new(
        Ports {
            inventories: store,
            models: store,
            queue: store,
            state: store,
            dead_letters: store,
            clock: FakeClock::default(),
        },
        default_step,
    );
    let event = LambdaEvent::new(serde_json::from_value(event).unwrap(), Context::default());
    let response = handle(&scheduler, event).await.unwrap();
    let Some(Body::Text(body)) = &response.body else { panic!("expected a text body") };
    let body = serde_json::from_str(body).unwrap();
    (response, body)
}

#[tokio::test]
async fn a_proxy_event_is_answered_with_a_proxy_response() {
    let event = json!({"httpMethod": "POST", "path": "/configure", "body": r#"{"devices":["devicea"]}"#});

    let (response, body) = invoke(event).await;

    assert_eq!((response.status_code, &body["devices"]), (202, &json!(1)));
    assert_eq!(response.headers["location"], format!("runs/{}", body["run"].as_str().unwrap()));
}

#[tokio::test]
async fn a_body_in_base64_is_decoded() {
    let body = BASE64_STANDARD.encode(r#"{"devices":["devicea"]}"#);
    let event = json!({"httpMethod": "POST", "path": "/configure", "isBase64Encoded": true, "body": body});

    assert_eq!(invoke(event).await.0.status_code, 202);
}

#[tokio::test]
async fn a_body_that_is_not_base64_is_a_problem() {
    let event = json!({"httpMethod": "POST", "path": "/configure", "isBase64Encoded": true, "body": "{\"devices\""});

    let (response, problem) = invoke(event).await;

    assert_eq!(response.status_code, 400);
    assert!(problem["detail"].as_str().unwrap().contains("not base64"), "{problem}");
}

#[tokio::test]
async fn the_key_is_found_however_its_header_is_written() {
    for header in ["Idempotency-Key", "idempotency-key", "IDEMPOTENCY-KEY"] {
        let event = json!({
            "httpMethod": "POST", "path": "/configure", "headers": {header: "not a key"}, "body": r#"{"devices":["all"]}"#,
        });

        let (response, problem) = invoke(event).await;

        assert_eq!(response.status_code, 400, "{header}: {problem}");
    }
}

#[tokio::test]
async fn the_caller_is_an_iam_name_a_key_id_or_an_address() {
    let (arn, address) = ("arn:aws:iam::123456789012:user/ana", "192.0.2.10");
    for (identity, by) in [
        (json!({"userArn": arn, "apiKeyId": "k1", "apiKey": "canary", "sourceIp": address}), json!(arn)),
        (json!({"userArn": "", "apiKeyId": "k1", "apiKey": "canary", "sourceIp": address}), json!("k1")),
        (json!({"userArn": null, "sourceIp": address}), json!(address)),
        (json!({}), json!("somebody unknown")),
    ] {
        let store = FakeStore::with("hosts: {devicea: {}}", &[]);
        let context = json!({"identity": identity});
        let body = r#"{"devices":["devicea"]}"#;
        let event = json!({"httpMethod": "POST", "path": "/configure", "body": body, "requestContext": context});
        invoke_on(&store, event).await;

        let (_, runs) = invoke_on(&store, json!({"httpMethod": "GET", "path": "/runs"})).await;

        assert_eq!(runs["runs"][0]["by"], by);
        assert!(!runs.to_string().contains("canary"));
    }
}

#[tokio::test]
async fn a_post_that_is_not_json_is_refused() {
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
        let headers = json!({"Content-Type": content_type});
        let body = r#"{"devices":["devicea"]}"#;
        let event = json!({"httpMethod": "POST", "path": "/configure", "headers": headers, "body": body});

        let (response, problem) = invoke(event).await;

        assert_eq!(response.status_code, 415, "{content_type}: {problem}");
    }
}

#[tokio::test]
async fn the_query_of_a_call_reaches_it() {
    let query = json!({"limit": ["a&b=1"]});
    let event = json!({"httpMethod": "GET", "path": "/runs", "multiValueQueryStringParameters": query});

    let (response, problem) = invoke(event).await;

    assert_eq!(response.status_code, 400);
    assert!(problem["detail"].as_str().unwrap().contains(r#"found "a&b=1""#), "{problem}");
}
