//! What a device shows of any configuration is taken again, and comes to the same; lines it refuses are passed over.
#![no_main]

use eapi::Candidate;
use eos_sim::{DeviceHandle, DeviceSpec};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|text: &str| {
    let spec = DeviceSpec { always_answers: true, ..DeviceSpec::new("a", "admin", "admin".into()) };
    let device = DeviceHandle::detached(spec, Timestamp::UNIX_EPOCH).expect("the default startup-config is taken");
    let Some(mut shown) = loaded(&device, "s", text) else { return };
    // A line that two modes know as well, such as `mpls ip`, may move into the mode before it once; then it stays there.
    for _ in 0..8 {
        let Some(again) = loaded(&device, "s", &shown) else { return };
        if again == shown {
            return;
        }
        shown = again;
    }
    panic!("it never settles: {text:?}");
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
