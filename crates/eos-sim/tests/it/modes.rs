//! Group-change modes, whose lines are stored when the mode is left, and EXEC commands inside of
//! configuration modes.

use crate::support::{error, events, fleet, text};
use eos_sim::{DeviceHandle, Handle};
use serde_json::{Value, json};

const ONE: &str = "devices: [{name: a, username: admin, password: admin}]";

async fn device() -> (Handle, DeviceHandle) {
    let handle = fleet(ONE).await;
    let device = handle.device("a").unwrap();
    (handle, device)
}

/// The output of the last of `lines`, sent after `enable` and `configure session s`.
async fn in_session(device: &DeviceHandle, lines: &[&str]) -> String {
    let cmds: Vec<&str> = ["enable", "configure session s"].iter().chain(lines).copied().collect();
    text(device, json!(cmds)).await
}

#[tokio::test]
async fn a_diff_inside_a_group_change_mode_lacks_the_block() {
    for (opener, line) in [
        ("ip access-list x", "10 permit ip any any"),
        ("ip access-list standard x", "10 permit any"),
        ("ipv6 access-list x", "10 permit ipv6 any any"),
        ("mac access-list x", "10 permit any any"),
        ("class-map type qos match-any x", "match ip access-group y"),
        ("qos profile x", "qos trust dscp"),
    ] {
        let (_fleet, device) = device().await;
        let inside = in_session(&device, &[opener, line, "show session-config diffs"]).await;
        assert_eq!(inside, "", "{opener}");
        let outside = in_session(&device, &[opener, line, "exit", "show session-config diffs"]).await;
        assert!(outside.contains(&format!("\n+{opener}\n")) && outside.contains(line), "{opener}: {outside}");
    }
}

#[tokio::test]
async fn a_nested_class_belongs_to_its_policy_map() {
    let lines = ["policy-map type quality-of-service p", "class c", "set cos 1"];
    for (then, stored) in [(&[][..], false), (&["exit"], false), (&["exit", "exit"], true), (&["hostname b"], true)] {
        let (_fleet, device) = device().await;
        let diff = in_session(&device, &[&lines[..], then, &["show session-config diffs"]].concat()).await;
        assert_eq!(diff.contains("+   class c\n"), stored, "{then:?}: {diff}");
    }
}

#[tokio::test]
async fn a_list_that_runs_is_shown_as_removed_after_clean_config() {
    let (_fleet, device) = device().await;
    in_session(&device, &["ip access-list x", "10 permit ip any any", "exit", "commit"]).await;
    let again = ["rollback clean-config", "ip access-list x", "10 permit ip any any", "show session-config diffs"];
    let cmds: Vec<&str> = ["enable", "configure session t"].iter().chain(&again).copied().collect();

    let diff = text(&device, json!(cmds)).await;

    assert!(diff.contains("-ip access-list x\n") && !diff.contains("+ip access-list"), "{diff}");
}

#[tokio::test]
async fn other_modes_store_their_lines_at_once() {
    let (_fleet, device) = device().await;
    let diff = in_session(&device, &["route-map m permit 10", "match tag 7", "show session-config diffs"]).await;
    assert!(diff.contains("+route-map m permit 10\n+   match tag 7\n"), "{diff}");
}

#[tokio::test]
async fn an_abort_in_a_group_change_mode_drops_its_lines_alone() {
    let (_fleet, device) = device().await;
    let lines = ["hostname b", "ip access-list x", "10 permit ip any any", "abort", "show session-config diffs"];
    let diff = in_session(&device, &lines).await;
    assert!(diff.contains("+hostname b\n") && !diff.contains("access-list"), "{diff}");
    let refused = error(&device, json!(["enable", "configure session s", "vlan 7", "abort"])).await;
    assert_eq!(refused["code"], 1002);
}

#[tokio::test]
async fn a_commit_inside_a_group_change_mode_leaves_it_first() {
    let (_fleet, device) = device().await;
    in_session(&device, &["ip access-list x", "10 permit ip any any", "commit"]).await;
    assert!(device.running_config().contains("ip access-list x\n   10 permit ip any any\n"));
}

#[tokio::test]
async fn a_request_that_ends_leaves_its_modes() {
    let (_fleet, device) = device().await;
    in_session(&device, &["ip access-list x", "10 permit ip any any"]).await;
    let diff = in_session(&device, &["show session-config diffs"]).await;
    assert!(diff.contains("+ip access-list x\n"), "{diff}");
}

#[tokio::test]
async fn a_mode_outside_of_a_session_is_stored_when_left() {
    let (_fleet, device) = device().await;
    let shown = text(&device, json!(["enable", "configure", "ip access-list x", "show running-config"])).await;
    assert!(!shown.contains("access-list"), "{shown}");
    assert!(device.running_config().contains("ip access-list x\n"));
    assert_eq!(events(&device), ["configured_by_hand"]);
}

#[tokio::test]
async fn exec_commands_act_inside_of_a_session() {
    for (command, expected) in [
        ("write memory", vec!["saved"]),
        ("copy running-config startup-config", vec!["saved"]),
        ("copy running-config flash:x", vec!["copied"]),
        ("clear counters", vec!["command_run"]),
        ("do write memory", vec!["saved"]),
        ("bash timeout 5 id", vec!["command_run"]),
        ("reload now", vec!["rebooted"]),
        ("configure checkpoint save x", vec!["checkpoint_saved"]),
    ] {
        let (_fleet, device) = device().await;
        in_session(&device, &["vlan 7", command]).await;
        assert_eq!(&events(&device)[1..], expected, "{command}");
    }
}

#[tokio::test]
async fn a_deleted_file_is_noted() {
    let (_fleet, device) = device().await;
    in_session(&device, &["copy running-config flash:x", "delete flash:x"]).await;
    let last = serde_json::to_value(device.journal().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["file"]), (&json!("deleted"), &Value::from("flash:x")));
}

#[tokio::test]
async fn commands_that_only_show_are_not_noted() {
    let (_fleet, device) = device().await;
    in_session(&device, &["vlan 7", "show version", "dir"]).await;
    assert_eq!(events(&device), ["session_opened"]);
}
