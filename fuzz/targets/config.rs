//! What a device shows of any configuration comes back the same when it is loaded again; lines it refuses are passed over.
#![no_main]

use eapi::Candidate;
use eos_sim::{DeviceHandle, DeviceSpec};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|text: &str| {
    let spec = DeviceSpec { always_answers: true, ..DeviceSpec::new("a", "admin", "admin".into()) };
    let device = DeviceHandle::detached(spec, Timestamp::UNIX_EPOCH).expect("the default startup-config is taken");
    let Some(shown) = loaded(&device, "s", text) else { return };
    let Some(again) = loaded(&device, "t", &shown) else { return };
    assert_eq!(lines(&again), lines(&shown), "of {text:?}");
});

/// What a session shows after the text was loaded in place of everything.
fn loaded(device: &DeviceHandle, session: &str, text: &str) -> Option<String> {
    let candidate = Candidate::parse(text).ok()?;
    let mut cmds = vec![json!("enable"), json!(format!("configure session {session}")), json!("rollback clean-config")];
    cmds.extend(candidate.commands().map(|command| json!(command)));
    cmds.push(json!(format!("show session-config named {session}")));
    let body = json!({"method": "runCmds", "id": 1, "params": {"version": 1, "cmds": cmds, "format": "text", "stopOnError": false}});
    let answer: Value = serde_json::from_slice(&device.call(body.to_string().as_bytes())?).ok()?;
    let results = answer["result"].as_array().or(answer["error"]["data"].as_array())?;
    Some(results.last()?["output"].as_str()?.to_owned())
}

/// Without the line that names the session.
fn lines(shown: &str) -> &str {
    shown.split_once('\n').map_or(shown, |(_, rest)| rest)
}
