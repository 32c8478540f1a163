//! What the integration tests share: a fleet on free ports, and eAPI by hand.

use eos_sim::{DeviceHandle, Fleet, Handle};
use serde_json::{Value, json};

/// Starts the fleet that a YAML text describes.
pub(crate) async fn fleet(yaml: &str) -> Handle {
    eos_sim::start(Fleet::parse(yaml).unwrap(), "127.0.0.1:0".parse().unwrap()).await.unwrap()
}

/// Runs commands on a device and returns the whole answer; an error is a connection that ended
/// without one.
pub(crate) async fn ask(device: &DeviceHandle, cmds: Value, format: &str) -> Result<Value, reqwest::Error> {
    let url = format!("http://{}/command-api", device.address());
    let params = json!({"version": 1, "cmds": cmds, "format": format});
    let body = json!({"jsonrpc": "2.0", "method": "runCmds", "params": params, "id": "x", "streaming": false});
    let request = reqwest::Client::new().post(url).basic_auth("admin", Some("admin")).json(&body);
    request.send().await?.json().await
}

/// The output of the last command, as text; panics if one is refused.
pub(crate) async fn text(device: &DeviceHandle, cmds: Value) -> String {
    let answer = ask(device, cmds, "text").await.unwrap();
    let results = answer["result"].as_array().unwrap_or_else(|| panic!("results were expected, found {answer}"));
    results.last().unwrap()["output"].as_str().unwrap().to_owned()
}

/// The error of a request that is refused; panics if it is not.
pub(crate) async fn error(device: &DeviceHandle, cmds: Value) -> Value {
    let answer = ask(device, cmds, "json").await.unwrap();
    assert!(answer["error"].is_object(), "an error was expected, found {answer}");
    answer["error"].clone()
}

/// The names of the journal's events, oldest first.
pub(crate) fn events(device: &DeviceHandle) -> Vec<String> {
    let journal = serde_json::to_value(device.journal()).unwrap();
    journal.as_array().unwrap().iter().map(|entry| entry["event"].as_str().unwrap().to_owned()).collect()
}
