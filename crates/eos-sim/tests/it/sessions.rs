//! Sessions, commit timers, saves, copies and replacements over real HTTP.

use std::time::Duration;

use crate::support::{ask, error, events, fleet, text};
use eos_sim::{DeviceHandle, Handle, SessionState};
use serde_json::{Value, json};

const PAIR: &str = "
devices:
  - {name: a, username: admin, password: admin, eos: 4.31.2F}
  - {name: b, username: admin, password: admin}";

/// The whole fleet and its device `b`, which runs EOS 4.32.
async fn device() -> (Handle, DeviceHandle) {
    let handle = fleet(PAIR).await;
    let device = handle.device("b").unwrap();
    (handle, device)
}

async fn commit(device: &DeviceHandle, name: &str, line: &str, how: &str) {
    text(device, json!(["enable", format!("configure session {name}"), line, how])).await;
}

async fn shown_sessions(device: &DeviceHandle) -> Value {
    ask(device, json!(["enable", "show configuration sessions detail"]), "json").await.unwrap()["result"][1].clone()
}

#[tokio::test]
async fn a_diff_has_no_json_and_leaves_the_session_pending() {
    let (_fleet, device) = device().await;

    let answer =
        ask(&device, json!(["enable", "configure session s", "show session-config diffs"]), "json").await.unwrap();

    assert_eq!(answer["error"]["code"], 1003);
    assert_eq!(device.sessions().get("s"), Some(&SessionState::Pending));
}

#[tokio::test]
async fn a_session_is_compared_committed_and_saved() {
    let (_fleet, device) = device().await;

    let diff =
        text(&device, json!(["enable", "configure session s", "alias x show clock", "show session-config diffs"]))
            .await;
    assert!(diff.starts_with("--- system:/running-config\n+++ session:/s-session-config\n@@ "), "{diff}");
    assert!(diff.contains("\n+alias x show clock\n"), "{diff}");
    assert!(!device.running_config().contains("alias"));

    let saved = text(&device, json!(["enable", "configure session s commit", "write memory"])).await;
    assert_eq!(saved, "Copy completed successfully.\n");
    assert!(device.running_config().contains("\nalias x show clock\n"));
    assert_eq!(text(&device, json!(["enable", "show running-config diffs"])).await, "");
    assert_eq!(events(&device), ["session_opened", "session_committed", "saved"]);
    let again = ask(&device, json!(["enable", "configure session s"]), "json").await.unwrap();
    assert_eq!(again["error"]["code"], 1000);
}

#[tokio::test]
async fn clean_config_replaces_everything() {
    let (_fleet, device) = device().await;
    let cmds =
        json!(["enable", "configure session s", "rollback clean-config", "hostname z", "show session-config named s"]);

    let shown = text(&device, cmds).await;

    let expected =
        "! Command: show session-configuration named s\n! device: z (cEOSLab, EOS-4.32.0F)\n!\nhostname z\n!\nend\n";
    assert_eq!(shown, expected);
    text(&device, json!(["enable", "configure session s", "abort"])).await;
    assert!(device.sessions().is_empty());
}

#[tokio::test]
async fn changes_by_hand_differ_from_what_is_saved() {
    let (_fleet, device) = device().await;
    let digest = text(&device, json!(["enable", "show running-config digest"])).await;

    text(&device, json!(["enable", "configure", "vlan 7", "name seven", "interface Ethernet1", "description up"]))
        .await;

    let diffs = text(&device, json!(["enable", "show running-config diffs"])).await;
    assert!(diffs.contains("\n+vlan 7\n+   name seven\n"), "{diffs}");
    assert_ne!(digest, text(&device, json!(["enable", "show running-config digest"])).await);
    let section = text(&device, json!(["enable", "show running-config | section vlan 7"])).await;
    assert_eq!(section, "vlan 7\n   name seven\n");
    assert_eq!(events(&device), ["configured_by_hand"]);
}

#[tokio::test]
async fn a_commit_timer_that_runs_out_brings_back_what_ran() {
    let (_fleet, device) = device().await;
    let before = device.running_config();

    commit(&device, "s", "hostname new", "commit timer 00:02:00").await;
    assert!(device.running_config().contains("hostname new"));
    let refused = error(&device, json!(["enable", "configure session other", "commit"])).await;
    assert_eq!(refused["code"], 1000);
    device.advance(Duration::from_secs(119));
    assert_eq!(device.sessions()["s"], SessionState::TimerRunning);
    device.advance(Duration::from_secs(1));

    assert_eq!(device.running_config(), before);
    assert_eq!(events(&device), ["session_opened", "session_committed", "session_opened", "session_reverted"]);
    assert_eq!(error(&device, json!(["enable", "configure session s commit"])).await["code"], 1000);
}

#[tokio::test]
async fn a_confirmed_commit_stays() {
    let (_fleet, device) = device().await;

    commit(&device, "s", "hostname new", "commit timer 00:02:00").await;
    text(&device, json!(["enable", "configure session s commit", "write memory"])).await;
    device.advance(Duration::from_secs(3600));

    assert!(device.startup_config().contains("hostname new") && device.running_config().contains("hostname new"));
    assert_eq!(events(&device), ["session_opened", "session_committed", "session_confirmed", "saved"]);
}

#[tokio::test]
async fn an_abort_while_the_timer_runs_reverts_at_once() {
    let (_fleet, device) = device().await;

    commit(&device, "s", "hostname new", "commit timer 00:02:00").await;
    text(&device, json!(["enable", "configure session s abort"])).await;

    assert!(!device.running_config().contains("hostname new"));
    assert_eq!(events(&device).last().unwrap(), "session_reverted");
}

#[tokio::test]
async fn both_generations_show_the_timer_in_their_own_way() {
    let handle = fleet(PAIR).await;
    let (old, new) = (handle.device("a").unwrap(), handle.device("b").unwrap());
    for device in [&old, &new] {
        commit(device, "s", "hostname new", "commit timer 00:02:00").await;
    }

    let (old, new) = (shown_sessions(&old).await, shown_sessions(&new).await);

    assert_eq!(old["sessions"]["s"]["state"], "pendingCommitTimer");
    assert!(old["sessions"]["s"]["commitBy"].is_number() && old.get("commitTimerSessionName").is_none());
    assert_eq!((&new["sessions"]["s"]["state"], &new["commitTimerSessionName"]), (&json!("committed"), &json!("s")));
    assert!((110.0..=121.0).contains(&new["commitTimerExpireTime"].as_f64().unwrap()), "{new}");
}

#[tokio::test]
async fn the_sixth_session_is_refused() {
    let (_fleet, device) = device().await;
    device.leave_sessions("ansible_", 5).unwrap();

    let refused = error(&device, json!(["enable", "configure session mine", "hostname x"])).await;

    assert_eq!(refused["message"], "CLI command 2 of 3 'configure session mine' failed: could not run command");
    assert_eq!(refused["data"][1]["errors"][0], "Maximum number of pending sessions has been reached");
}

#[tokio::test]
async fn a_foreign_timer_keeps_everybody_from_committing() {
    let (_fleet, device) = device().await;
    device.arm_commit_timer("human", Duration::from_secs(300)).unwrap();
    let mine = json!(["enable", "configure session mine", "hostname x", "commit"]);

    assert_eq!(error(&device, mine.clone()).await["code"], 1000);
    device.advance(Duration::from_secs(300));

    text(&device, mine).await;
    assert!(device.running_config().contains("hostname x"));
}

#[tokio::test]
async fn a_copied_text_passes_over_what_is_refused() {
    let (_fleet, device) = device().await;
    let lines = "hostname typed\nnonsense\nbanner motd\n  hello\nEOF\nend\n";
    let copy = json!({"cmd": "copy terminal: session-config", "input": lines});

    let said = text(&device, json!(["enable", "configure session s", "rollback clean-config", copy])).await;
    let shown = text(&device, json!(["enable", "show session-config named s"])).await;

    assert_eq!(said, "% Invalid input at line 2\nCopy completed successfully.\n");
    assert!(shown.contains("hostname typed\n") && shown.contains("banner motd\n  hello\nEOF\n"), "{shown}");
}

#[tokio::test]
async fn a_replacement_applies_at_once_or_not_at_all() {
    let (_fleet, device) = device().await;
    let before = device.running_config();
    text(&device, json!(["enable", "copy running-config flash:rollback-0", "configure", "hostname new"])).await;
    assert_ne!(device.running_config(), before);

    text(&device, json!(["enable", "configure replace flash:rollback-0"])).await;
    assert_eq!(device.running_config(), before);

    let bad = json!({"cmd": "copy terminal: flash:bad", "input": "hostname z\nnonsense\n"});
    let missing = error(&device, json!(["enable", bad, "configure replace flash:nowhere"])).await;
    let refused = error(&device, json!(["enable", "configure replace flash:bad"])).await;
    assert_eq!((missing["code"].as_i64(), refused["code"].as_i64()), (Some(1000), Some(1000)));
    assert_eq!(device.running_config(), before);
}

#[tokio::test]
async fn what_a_commit_replaced_can_be_brought_back() {
    let (_fleet, device) = device().await;
    let before = device.running_config();
    commit(&device, "s", "hostname new", "commit").await;

    let shown = ask(&device, json!(["enable", "show configuration checkpoints"]), "json").await.unwrap();
    let checkpoints = shown["result"][1]["checkpoints"].as_object().unwrap();
    let name = checkpoints.keys().next().unwrap();
    text(&device, json!(["enable", format!("configure replace checkpoint:{name}")])).await;

    assert_eq!(device.running_config(), before);
}

#[tokio::test]
async fn a_session_left_for_a_day_is_gone() {
    let (_fleet, device) = device().await;
    device.leave_sessions("left", 1).unwrap();

    device.advance(Duration::from_secs(24 * 3600));

    assert!(device.sessions().is_empty());
    assert_eq!(events(&device), ["session_opened", "session_timed_out"]);
}

#[tokio::test]
async fn the_startup_config_says_who_wrote_it() {
    let (_fleet, device) = device().await;

    text(&device, json!(["enable", "write memory"])).await;

    let shown = text(&device, json!(["enable", "show startup-config"])).await;
    assert!(shown.lines().nth(1).unwrap().starts_with("! Startup-config last modified at  "), "{shown}");
    assert_eq!(text(&device, json!(["enable", "show running-config diffs"])).await, "");
}
