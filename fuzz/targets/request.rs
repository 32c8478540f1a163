//! Any bytes as the body of a request to the simulator: it answers with JSON-RPC, and keeps to what it is.
#![no_main]

use eos_sim::{DeviceHandle, DeviceSpec};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let spec = DeviceSpec { always_answers: true, ..DeviceSpec::new("a", "admin", "admin".into()) };
    let device = DeviceHandle::detached(spec, Timestamp::UNIX_EPOCH).expect("the default startup-config is taken");
    let before = device.running_config();

    let answer = device.call(bytes).expect("it always answers");

    let answer: Value = serde_json::from_slice(&answer).expect("an answer is JSON");
    assert!(answer["result"].is_array() != answer["error"].is_object(), "{answer}");
    let changed = device.running_config() != before;
    assert!(!changed || !device.journal().is_empty(), "a change is noted");
});
