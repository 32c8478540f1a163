use std::num::NonZeroUsize;

use serde_json::Value;

use super::*;
use crate::fakes::{FakeClock, FakeStore};
use crate::ports::StoreFault;
use crate::selection::Step;

async fn call(store: &FakeStore, method: &str, path: &str, body: &[u8]) -> (u16, Value, Answer) {
    let default_step = Step::Of(NonZeroUsize::MIN);
    let scheduler = Scheduler {
        inventories: store,
        queue: store,
        state: store,
        dead_letters: store,
        clock: FakeClock::default(),
        default_step,
    };
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let answer =
        answer(&scheduler, Call { method, path, query, caller: Some("ana@noc"), idempotency_key: None, body }).await;
    let body = serde_json::from_str(&answer.body).unwrap();
    (answer.status, body, answer)
}

fn store() -> FakeStore {
    FakeStore::with("hosts: {leaf1: {password: canary-4711}}", &[])
}

#[tokio::test]
async fn an_accepted_request_says_where_its_run_is() {
    let store = store();

    let (status, body, answer) = call(&store, "POST", "/configure", br#"{"devices":["all"]}"#).await;

    assert_eq!((status, &body["status"], &body["message"]), (202, &"OK".into(), &"Scheduled".into()));
    assert_eq!((&body["devices"], &body["slices"]), (&1.into(), &1.into()));
    let location = format!("runs/{}", body["run"].as_str().unwrap());
    assert!(answer.headers.contains(&("location", location.clone())));
    let (status, report, _) = call(&store, "GET", &format!("/{location}"), b"").await;
    assert_eq!((status, &report["devices"]["leaf1"]), (200, &"pending".into()));
    let (status, device, _) = call(&store, "GET", &format!("/{location}/devices/leaf1"), b"").await;
    assert_eq!((status, &device["status"]), (200, &"pending".into()));
}

#[tokio::test]
async fn what_the_caller_got_wrong_is_a_problem_document() {
    let large = vec![b' '; MAX_BODY + 1];
    for (method, path, body, status, said) in [
        ("POST", "/configure", &b"{"[..], 400, "line 1"),
        ("POST", "/configure", b"", 400, ""),
        ("POST", "/configure", b"\xff\xfe", 400, "UTF-8"),
        ("POST", "/configure", br#"{"devices":"all"}"#, 400, "devices"),
        ("POST", "/configure", br#"{"devices":[]}"#, 400, "devices"),
        ("POST", "/configure", br#"{"devices":["all"],"step":0}"#, 400, "step"),
        ("POST", "/configure", br#"{"devices":["all"],"step":-1}"#, 400, "step"),
        ("POST", "/configure", br#"{"devices":["all"],"step":1.5}"#, 400, "1.5"),
        ("POST", "/configure", br#"{"devices":["all"],"step":"many"}"#, 400, "many"),
        (
            "POST",
            "/configure",
            br#"{"devices":["all"],"confirm":0}"#,
            400,
            "confirm: expected whole seconds from 10 to 600, found 0",
        ),
        ("POST", "/configure", br#"{"devices":["all"],"confirm":-5}"#, 400, "found -5"),
        ("POST", "/configure", br#"{"devices":["all"],"confirm":86400}"#, 400, "found 86400"),
        (
            "POST",
            "/configure",
            br#"{"devices":["all"],"confirm":"2m"}"#,
            400,
            "confirm: expected whole seconds, found the text",
        ),
        (
            "POST",
            "/configure",
            br#"{"devices":["all"],"confirm":60,"mode":"plan"}"#,
            400,
            "confirm: goes with the mode",
        ),
        (
            "POST",
            "/configure",
            br#"{"devices":["all"],"plan":"20261123-201530-000001"}"#,
            400,
            "plan: goes without devices",
        ),
        ("POST", "/configure", br#"{"plan":"latest"}"#, 400, "plan: \"latest\" is not a run"),
        ("POST", "/configure", br#"{"plan":"20261123-201530-000001"}"#, 404, "no such plan"),
        ("POST", "/configure", br#"{"plan":"20261123-201530-000001","mode":"check"}"#, 400, "plan: goes with the mode"),
        ("POST", "/configure", br#"{"devices":["leaf9"],"groups":["spine"]}"#, 404, "leaf9"),
        ("POST", "/configure", &large, 413, "1048576"),
        ("GET", "/configure", b"", 405, "POST"),
        ("DELETE", "/runs/20261123-201530-000001", b"", 405, "GET"),
        ("GET", "/runs/20261123-201530-000001", b"", 404, "20261123-201530-000001"),
        ("GET", "/runs/..%2f..", b"", 404, "no run"),
        ("POST", "/runs/20261123-201530-000001/cancel", b"", 404, "20261123-201530-000001"),
        ("GET", "/runs/20261123-201530-000001/cancel", b"", 405, "POST"),
        ("GET", "/devices/leaf1", b"", 404, "no run has worked on device leaf1 yet"),
        ("GET", "/devices/..%2f..", b"", 404, "no run has worked"),
        ("POST", "/devices/leaf1", b"", 405, "GET"),
        ("GET", "/redrive", b"", 405, "POST"),
        ("GET", "/", b"", 404, "POST /configure"),
    ] {
        let (found, problem, answer) = call(&store(), method, path, body).await;

        assert_eq!(found, status, "{method} {path} {problem}");
        assert!(answer.headers.contains(&("content-type", "application/problem+json".to_owned())));
        assert!(problem["detail"].as_str().unwrap().contains(said), "{method} {path} {problem}");
        assert!(problem["type"].as_str().unwrap().starts_with("urn:naas:problem:"), "{problem}");
        assert_eq!(problem["status"], status);
    }
}

#[tokio::test]
async fn every_unknown_name_is_listed_for_programs_too() {
    let body = br#"{"devices":["leaf1","leaf9","leaf8"],"groups":["spine"]}"#;

    let (_, problem, _) = call(&store(), "POST", "/configure", body).await;

    assert_eq!(problem["unknown_devices"], serde_json::json!(["leaf8", "leaf9"]));
    assert_eq!(problem["unknown_groups"], serde_json::json!(["spine"]));
}

#[tokio::test]
async fn a_missing_inventory_names_the_secret_and_asks_to_come_again() {
    let (status, problem, answer) = call(&FakeStore::default(), "POST", "/configure", br#"{"devices":["all"]}"#).await;

    assert_eq!(status, 503);
    assert!(problem["detail"].as_str().unwrap().contains("secret naas/inventory: not found"), "{problem}");
    assert!(answer.headers.iter().any(|(name, _)| *name == "retry-after"));
}

#[tokio::test]
async fn a_malformed_inventory_names_secret_and_line_and_none_of_its_content() {
    let store = FakeStore::with("hosts:\n  leaf1:\n    password: canary-4711\n    port: canary-4712\n", &[]);

    let (status, problem, _) = call(&store, "POST", "/configure", br#"{"devices":["all"]}"#).await;

    let detail = problem["detail"].as_str().unwrap();
    assert_eq!(status, 500);
    assert!(detail.contains("naas/inventory") && detail.contains("line 4"), "{detail}");
    assert!(!problem.to_string().contains("canary"), "{problem}");
}

#[tokio::test]
async fn a_queue_that_does_not_answer_is_a_503_that_names_the_run() {
    let store = store();
    store.fail("send", StoreFault::Unavailable);

    let (status, problem, _) = call(&store, "POST", "/configure", br#"{"devices":["all"]}"#).await;

    assert_eq!(status, 503);
    assert!(problem["detail"].as_str().unwrap().contains("20261123-201530-000001"), "{problem}");
}
