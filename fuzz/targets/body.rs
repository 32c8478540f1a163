//! Any bytes as a call of the API: the first line is method and path, the rest the body. The answer is JSON, a failure a problem
//! document of the caller's, and only what is accepted is queued.
#![no_main]

use std::num::NonZeroUsize;

use futures::executor::block_on;
use libfuzzer_sys::fuzz_target;
use naas::api::{ApiRequest, answer};
use naas::caller::Caller;
use naas::fakes::{FakeClock, FakeStore};
use naas::schedule::request::Step;
use naas::schedule::{Ports, Scheduler};
use serde_json::Value;

const INVENTORY: &str = "{hosts: {leaf1: {groups: [leaf]}, leaf2: {}}, groups: {leaf: {}}}";

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (first, body) = bytes.split_at(end);
    let Ok(first) = std::str::from_utf8(first) else { return };
    let (method, path) = first.split_once(' ').unwrap_or(("POST", "/configure"));
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let store = FakeStore::with(INVENTORY, &[]);
    let clock = FakeClock::default();
    let ports = Ports { inventories: &store, models: &store, queue: &store, state: &store, dead_letters: &store, clock };
    let scheduler = Scheduler::new(ports, Step::Of(NonZeroUsize::MIN));

    let body = body.trim_ascii_start();
    let call = ApiRequest {
        method,
        path,
        query,
        if_match: None,
        idempotency_key: Some("key"),
        caller: &Caller::owner_of_this_machine("somebody"),
        content_type: Some("application/json"),
        body,
    };

    let answer = block_on(answer(&scheduler, call));

    let json: Value = serde_json::from_str(&answer.body).expect("an answer is JSON");
    match answer.status {
        200 | 202 => assert!(json.is_object()),
        // The fakes never fail, so whatever is wrong is wrong with the call.
        status => {
            assert!((400..500).contains(&status), "{status}");
            assert_eq!(json["status"], status);
            assert!(answer.body.len() < 4 * 1024, "an error repeats a part of the call only: {}", answer.body.len());
        }
    }
});
