use std::num::NonZeroUsize;

use lambda_runtime::Context;
use naas::fakes::{FakeClock, FakeStore};
use naas::selection::Step;
use serde_json::{Value, json};

use super::*;

async fn invoke(mut event: Value) -> (ApiGatewayProxyResponse, Value) {
    event["requestContext"] = json!({"httpMethod": event["httpMethod"]});
    let store = FakeStore::with("hosts: {devicea: {}}", &[]);
    let store = &store;
    let default_step = Step::Of(NonZeroUsize::MIN);
    let scheduler = Scheduler {
        inventories: store,
        queue: store,
        state: store,
        dead_letters: store,
        clock: FakeClock::default(),
        default_step,
    };
    let event = LambdaEvent::new(serde_json::from_value(event).unwrap(), Context::default());
    let response = handle(&scheduler, event).await.unwrap();
    let Some(Body::Text(body)) = &response.body else { panic!("expected a text body") };
    let body = serde_json::from_str(body).unwrap();
    (response, body)
}

#[tokio::test]
async fn a_proxy_event_is_a_call_and_its_answer_a_proxy_response() {
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
