use std::num::NonZeroUsize;

use intent::hash::ContentHash;
use intent::name::{DeviceName, RunId};
use intent::render::ModelVersion;
use intent::render::Part;
use serde_json::{Value, json};

use super::*;
use crate::fakes::{FakeClock, FakeStore};
use crate::ports::{Clock, DeviceRecords, History, StoreFault};
use crate::records::device_state::{DeviceRecord, Pin};
use crate::records::revision::Revision;
use crate::schedule::Ports;
use crate::schedule::request::Step;

async fn call(store: &FakeStore, method: &str, path: &str, body: &[u8]) -> (u16, Value, ApiResponse) {
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
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let request = ApiRequest {
        method,
        path,
        query,
        caller: &Caller::owner_of_this_machine("ana@noc"),
        content_type: Some("application/json; charset=utf-8"),
        if_match: None,
        idempotency_key: None,
        body,
    };
    let answer = answer(&scheduler, request).await;
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
            "confirm: expected a whole number, found the text",
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
        ("POST", "/redrive", br#"{"runs":[]}"#, 400, "did you mean `run`"),
        ("POST", "/redrive", &large, 413, "1048576"),
        ("POST", "/redrive/leaf1", b"", 404, "POST /redrive"),
        ("GET", "/runs?limit=0", b"", 400, "limit: expected a whole number from 1 to 200, found \"0\""),
        ("GET", "/runs?limit=201", b"", 400, "found \"201\""),
        ("GET", "/runs?limit=%33%", b"", 400, "found \"3%\""),
        ("GET", "/runs?limit", b"", 400, "found \"\""),
        ("GET", "/runs?last=3", b"", 400, "\"last\" is not a parameter; known is limit"),
        ("POST", "/runs", b"", 405, "GET"),
        ("GET", "/devices/leaf1/history", b"", 404, "no run has worked on device leaf1 yet"),
        ("GET", "/devices/leaf1/history?limit=x", b"", 400, "found \"x\""),
        ("POST", "/devices/leaf1/history", b"", 405, "GET"),
        ("GET", "/devices/leaf1/blame", b"", 404, "leaf1"),
        ("GET", "/devices/leaf1/configurations/0123456789", b"", 404, "leaf1"),
        ("DELETE", "/devices/leaf1/configurations/0123456789", b"", 405, "GET"),
        ("POST", "/devices/leaf1/unpin", b"", 404, "leaf1"),
        ("GET", "/devices/leaf1/unpin", b"", 405, "POST"),
        ("GET", "/devices/leaf1/release", b"", 405, "POST"),
        (
            "POST",
            "/configure",
            br#"{"devices":["leaf1"],"restore":"latest"}"#,
            400,
            "restore: expected a run, or the SHA-256",
        ),
        ("POST", "/configure", br#"{"devices":["leaf1"],"restore":7}"#, 400, "found integer 7"),
        (
            "POST",
            "/configure",
            br#"{"devices":["all"],"restore":"0123456789"}"#,
            400,
            "restore: goes with exactly one device",
        ),
        (
            "POST",
            "/configure",
            br#"{"groups":["x"],"restore":"0123456789"}"#,
            400,
            "restore: goes with exactly one device",
        ),
        (
            "POST",
            "/configure",
            br#"{"devices":["leaf1"],"restore":"0123456789","mode":"check"}"#,
            400,
            "restore: goes with the modes \"apply\" and \"plan\"",
        ),
        (
            "POST",
            "/configure",
            br#"{"plan":"20261123-201530-000001","restore":"0123456789"}"#,
            400,
            "restore: goes without a plan",
        ),
        ("POST", "/configure", br#"{"devices":["leaf1"],"restore":"0123456789"}"#, 404, "nothing was kept of it yet"),
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
async fn documents_have_the_shapes_that_were_agreed() {
    let store = store();
    let device = DeviceName::new("leaf1").unwrap();
    let at = FakeClock::default().now();
    let run = RunId::new(at, 7);
    let configuration = ContentHash::of("hostname leaf1\n");
    let pin = Pin {
        configuration: configuration.clone(),
        run: run.clone(),
        at,
        repeats: None,
        by: Some("ana@noc".to_owned()),
    };
    let record = DeviceRecord { pinned: Some(pin), ..DeviceRecord::default() };
    (&store).replace_device_record(&device, &record, None).await.unwrap();
    (&store).keep(&device, &configuration, "hostname leaf1\n").await.unwrap();
    let revision = Revision {
        version: crate::records::revision::VERSION,
        device,
        configuration: configuration.clone(),
        run,
        at,
        by: None,
        models: vec![ModelVersion { path: "m.yaml".to_owned(), sha256: "00".to_owned() }],
        parts: vec![Part { model: "m.yaml".to_owned(), lines: 1 }],
        diff: "+hostname leaf1\n".to_owned(),
    };
    (&store).add(&revision).await.unwrap();
    call(&store, "POST", "/configure", br#"{"devices":["leaf1"],"mode":"plan"}"#).await;

    let run = "20261123-201530-0000000000000007";
    let pinned = json!({"configuration": configuration, "run": run, "at": "2026-11-23T20:15:30Z", "by": "ana@noc"});
    for (path, expected) in [
        (
            "/runs?limit=1",
            json!({"runs": [{
                "run": "20261123-201530-0000000000000001", "accepted_at": "2026-11-23T20:15:30Z", "mode": "plan", "devices": 1, "by": "ana@noc",
            }]}),
        ),
        (
            "/devices/leaf1/history?limit=200",
            json!({"device": "leaf1", "pinned": pinned, "versions": [{
                "configuration": configuration, "run": run, "at": "2026-11-23T20:15:30Z",
                "models": [{"path": "m.yaml", "sha256": "00"}], "added": 1, "removed": 0,
            }]}),
        ),
        (
            &format!("/devices/leaf1/configurations/{}", configuration.brief()),
            json!({"device": "leaf1", "configuration": configuration, "text": "hostname leaf1\n"}),
        ),
        (
            "/devices/leaf1/blame",
            json!({"device": "leaf1", "configuration": configuration, "lines": [
                {"text": "hostname leaf1", "run": run, "at": "2026-11-23T20:15:30Z", "model": "m.yaml"},
            ]}),
        ),
    ] {
        let (status, body, _) = call(&store, "GET", path, b"").await;
        assert_eq!((status, body), (200, expected), "{path}");
    }
    let (_, before, _) = call(&store, "GET", "/devices/leaf1", b"").await;
    let (status, unpinned, _) = call(&store, "POST", "/devices/leaf1/unpin", b"").await;
    assert_eq!((status, &before["pinned"], unpinned.get("pinned")), (200, &pinned, None));
}

#[tokio::test]
async fn the_old_path_release_unpins_too() {
    let store = store();
    let device = DeviceName::new("leaf1").unwrap();
    let at = FakeClock::default().now();
    let pin =
        Pin { configuration: ContentHash::of("hostname leaf1\n"), run: RunId::new(at, 7), at, repeats: None, by: None };
    let record = DeviceRecord { pinned: Some(pin), ..DeviceRecord::default() };
    (&store).replace_device_record(&device, &record, None).await.unwrap();

    let (status, unpinned, _) = call(&store, "POST", "/devices/leaf1/release", b"").await;

    assert_eq!((status, unpinned.get("pinned")), (200, None));
}

#[tokio::test]
async fn a_post_that_is_not_said_to_be_json_is_refused() {
    let store = store();
    let at = FakeClock::default().now();
    let ports = Ports {
        inventories: &store,
        models: &store,
        queue: &store,
        state: &store,
        dead_letters: &store,
        clock: FakeClock::default(),
    };
    let scheduler = Scheduler::new(ports, Step::Max);
    let (run, caller) = (RunId::new(at, 7), Caller::owner_of_this_machine("ana"));
    for path in [
        "/configure",
        "/redrive",
        "/devices/leaf1/unpin",
        "/devices/leaf1/release",
        "/devices/leaf1/accept",
        &format!("/runs/{run}/cancel"),
    ] {
        for (content_type, found) in [
            (None, "found none"),
            (Some(""), "found none"),
            (Some("text/plain"), "found \"text/plain\""),
            (Some("application/x-www-form-urlencoded; charset=application/json"), "found \"application/x-www"),
            (Some("application/jsonp"), "found \"application/jsonp\""),
        ] {
            let body = br#"{"devices":["leaf1"]}"#;
            let request = ApiRequest {
                method: "POST",
                path,
                query: None,
                caller: &caller,
                content_type,
                if_match: None,
                idempotency_key: None,
                body,
            };

            let answer = answer(&scheduler, request).await;

            assert_eq!(answer.status, 415, "{path} {content_type:?}");
            assert!(answer.body.contains(&found.replace('"', "\\\"")), "{}", answer.body);
        }
    }
    assert!(store.slices.lock().unwrap().is_empty());
}

#[tokio::test]
async fn every_unknown_name_is_listed_for_programs_too() {
    let body = br#"{"devices":["leaf1","leaf9","leaf8"],"groups":["spine"]}"#;

    let (_, problem, _) = call(&store(), "POST", "/configure", body).await;

    assert_eq!(problem["unknown_devices"], serde_json::json!(["leaf8", "leaf9"]));
    assert_eq!(problem["unknown_groups"], serde_json::json!(["spine"]));
}

#[tokio::test]
async fn a_missing_inventory_is_a_503_that_names_the_secret() {
    let (status, problem, answer) = call(&FakeStore::default(), "POST", "/configure", br#"{"devices":["all"]}"#).await;

    assert_eq!(status, 503);
    assert!(problem["detail"].as_str().unwrap().contains("secret naas/inventory: not found"), "{problem}");
    assert!(answer.headers.iter().any(|(name, _)| *name == "retry-after"));
}

#[tokio::test]
async fn a_malformed_inventory_shows_none_of_its_content() {
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
    assert!(problem["detail"].as_str().unwrap().contains("20261123-201530-0000000000000001"), "{problem}");
}

#[tokio::test]
async fn a_person_accepts_another_switch_for_a_device() {
    let store = store();
    let device = DeviceName::new("leaf1").unwrap();
    (&store).replace_device_record(&device, &DeviceRecord::default(), None).await.unwrap();

    let (status, accepted, _) = call(&store, "POST", "/devices/leaf1/accept", b"").await;
    let (unknown, _, _) = call(&store, "POST", "/devices/leaf9/accept", b"").await;

    assert_eq!((status, &accepted["accepts_replacement"], unknown), (200, &true.into(), 404));
    assert!(store.records.lock().unwrap()[&device].0.accepts_replacement);
}
