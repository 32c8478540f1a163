//! Faults that pass, remarks, the configuration lock, and what tells one device from another.

use std::time::Duration;

use crate::support::{ask, error, events, fleet, text};
use eos_sim::{Answer, DeviceHandle, ExpiredSession, FailingRequest, Faults, Handle, SessionState};
use serde_json::{Value, json};

const ONE: &str = "devices: [{name: a, username: admin, password: admin}]";

async fn device(faults: Faults) -> (Handle, DeviceHandle) {
    let handle = fleet(ONE).await;
    let device = handle.device("a").unwrap();
    device.set_faults(faults);
    (handle, device)
}

fn passing(with: &str, answer: Answer) -> Faults {
    Faults { failing_requests: vec![FailingRequest { with: with.into(), answer, times: 1 }], ..Faults::default() }
}

/// The status of a request with this command.
async fn status(device: &DeviceHandle, command: &str) -> u16 {
    let url = format!("http://{}/command-api", device.address());
    let params = json!({"version": 1, "cmds": ["enable", command], "format": "text"});
    let body = json!({"jsonrpc": "2.0", "method": "runCmds", "params": params, "id": 1});
    let request = reqwest::Client::new().post(url).basic_auth("admin", Some("admin")).json(&body);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn one_request_fails_with_a_status_and_the_next_does_not() {
    for (answer, expected) in [(Answer::Unauthorized, 401), (Answer::BadGateway, 502)] {
        let (_fleet, device) = device(passing("commit", answer)).await;
        assert_eq!(status(&device, "show hostname").await, 200);
        assert_eq!(status(&device, "configure session s commit").await, expected);
        assert_eq!(status(&device, "configure session s commit").await, 200);
    }
}

#[tokio::test]
async fn one_command_fails_with_an_error_and_the_next_does_not() {
    for (answer, expected) in [(Answer::Denied, 1005), (Answer::InternalError, 1001)] {
        let (_fleet, device) = device(passing("enable", answer)).await;
        assert_eq!(error(&device, json!(["enable"])).await["code"], expected);
        text(&device, json!(["enable", "show hostname"])).await;
    }
}

#[tokio::test]
async fn failures_are_set_over_the_control_face() {
    let handle = fleet(ONE).await;
    let url = format!("http://{}/devices/a/faults", handle.control());
    let faults = json!({"failing_requests": [{"with": "x", "answer": "bad_gateway", "times": 2}],
                        "expired_session": "aborted", "remark_lines": {"hostname": "! hello"}});
    let set = reqwest::Client::new().post(url).json(&faults).send().await.unwrap();
    assert_eq!(set.status().as_u16(), 204);
    let device = handle.device("a").unwrap();
    let statuses = [status(&device, "show x").await, status(&device, "show x").await, status(&device, "show x").await];
    assert_eq!(statuses, [502, 502, 200]);
}

#[tokio::test]
async fn remarks_answer_lines_that_are_taken() {
    let remark = "! Change will take effect only after switch reboot";
    let faults = Faults { remark_lines: [("vlan 7".into(), remark.into())].into(), ..Faults::default() };
    let (_fleet, device) = device(faults).await;
    let cmds = json!(["enable", "configure", "vlan 7", "vlan 8"]);

    let shown = ask(&device, cmds.clone(), "text").await.unwrap();
    assert_eq!(
        (&shown["result"][2]["output"], &shown["result"][3]["output"]),
        (&json!(format!("{remark}\n")), &json!(""))
    );
    let shown = ask(&device, cmds, "json").await.unwrap();
    assert_eq!((&shown["result"][2], &shown["result"][3]), (&json!({"messages": [remark]}), &json!({})));
    assert!(device.running_config().contains("vlan 7-8\n"));
}

#[tokio::test]
async fn an_expired_session_is_listed_as_the_fault_says() {
    for (shown, state, word) in [
        (ExpiredSession::Gone, None, Value::Null),
        (ExpiredSession::Completed, Some(SessionState::Completed), json!("committed")),
        (ExpiredSession::Aborted, Some(SessionState::Aborted), json!("aborted")),
    ] {
        let (_fleet, device) = device(Faults { expired_session: shown, ..Faults::default() }).await;
        text(&device, json!(["enable", "configure session s", "hostname x", "commit timer 00:01:00"])).await;
        device.advance(Duration::from_secs(60));
        assert_eq!(device.sessions().get("s").copied(), state);
        let listed = ask(&device, json!(["enable", "show configuration sessions detail"]), "json").await.unwrap();
        assert_eq!(listed["result"][1]["sessions"]["s"]["state"], word);
        assert!(!device.running_config().contains("hostname x"));
    }
}

#[tokio::test]
async fn a_lock_of_somebody_else_keeps_out_of_the_configuration() {
    let (_fleet, device) = device(Faults::default()).await;
    text(&device, json!(["enable", "configure session s", "hostname x"])).await;
    device.set_faults(Faults { config_locked: true, ..Faults::default() });

    for command in ["configure", "configure session t", "configure session s commit", "configure replace flash:x"] {
        assert_eq!(error(&device, json!(["enable", command])).await["code"], 1000, "{command}");
    }
    text(&device, json!(["enable", "configure session s abort", "show version", "write memory"])).await;
}

#[tokio::test]
async fn a_lock_is_held_until_it_is_given_back() {
    let (_fleet, device) = device(Faults::default()).await;
    text(&device, json!(["enable", "configure lock transaction t maintenance"])).await;
    assert_eq!(error(&device, json!(["enable", "configure"])).await["code"], 1000);
    assert_eq!(error(&device, json!(["enable", "configure unlock transaction other"])).await["code"], 1000);
    let shown = ask(&device, json!(["enable", "show configuration lock"]), "json").await.unwrap();
    assert_eq!(shown["result"][1], json!({"locked": true, "reason": "maintenance"}));
    text(&device, json!(["enable", "configure unlock transaction t", "configure"])).await;
    assert_eq!(events(&device), ["configuration_locked", "configuration_unlocked"]);
}

#[tokio::test]
async fn devices_are_told_apart_by_serial_number_and_host_name() {
    let handle = fleet(
        "devices:\n  - {name: a, username: admin, password: admin}\n  \
         - {name: b, username: admin, password: admin, serial: JPE123, hostname: leaf9}",
    )
    .await;
    for (name, serial, hostname) in [("a", "SIM-a", "a"), ("b", "JPE123", "leaf9")] {
        let device = handle.device(name).unwrap();
        let shown = ask(&device, json!(["enable", "show version", "show hostname"]), "json").await.unwrap();
        assert_eq!(shown["result"][1]["serialNumber"], serial);
        assert_eq!(shown["result"][2]["hostname"], hostname);
        assert_eq!(device.serial(), serial);
        assert!(text(&device, json!(["show version"])).await.contains(&format!("Serial number: {serial}\n")));
    }
}
