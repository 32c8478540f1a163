//! A device over real HTTP: the wire, configuration sessions, event-handlers, cables and faults.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where an unwrap is the expectation")]

mod common;

use std::time::Duration;

use common::{ask, fleet, text};
use eos_sim::{DeviceHandle, Faults};
use serde_json::{Value, json};

const PAIR: &str = "
devices:
  - {name: a, username: admin, password: admin}
  - {name: b, username: admin, password: admin, allow_bash: true}
links: [['a:Ethernet1', 'b:Ethernet2']]";

fn events(device: &DeviceHandle) -> Vec<String> {
    let journal = serde_json::to_value(device.journal()).unwrap();
    journal.as_array().unwrap().iter().map(|entry| entry["event"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_wrong_password_is_refused_in_plain_text() {
    let handle = fleet(PAIR).await;
    let device = handle.device("a").unwrap();
    let url = format!("http://{}/command-api", device.address());

    let answer = reqwest::Client::new().post(&url).basic_auth("admin", Some("wrong")).body("{}").send().await.unwrap();

    assert_eq!(answer.status(), 401);
    assert_eq!(answer.text().await.unwrap(), "Unable to authenticate user: Bad username/password combination");
    assert_eq!(events(&device), ["login_refused"]);
    assert_eq!(reqwest::Client::new().head(&url).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_refused_command_is_counted_with_enable_and_what_ran_before_is_there() {
    let handle = fleet(PAIR).await;
    let device = handle.device("a").unwrap();

    let answer = ask(&device, json!(["enable", "show hostname", "bogus", "show version"]), "json").await.unwrap();

    assert_eq!(answer["id"], "x");
    assert_eq!(answer["error"]["code"], 1002);
    assert_eq!(answer["error"]["message"], "CLI command 3 of 4 'bogus' failed: invalid command");
    let data = answer["error"]["data"].as_array().unwrap();
    assert_eq!((data.len(), &data[1]["hostname"]), (3, &json!("a")));
    assert_eq!(data[2]["errors"], json!(["Invalid input (at token 0: 'bogus')"]));
}

#[tokio::test]
async fn a_diff_has_no_json_and_leaves_the_session_pending() {
    let handle = fleet(PAIR).await;
    let device = handle.device("a").unwrap();

    let answer =
        ask(&device, json!(["enable", "configure session s", "show session-config diffs"]), "json").await.unwrap();

    assert_eq!(answer["error"]["code"], 1003);
    assert_eq!(device.sessions().get("s"), Some(&"pending"));
}

#[tokio::test]
async fn bodies_that_are_no_request_are_answered() {
    let handle = fleet(PAIR).await;
    let url = format!("http://{}/command-api", handle.device("a").unwrap().address());
    let send = |body: Vec<u8>| reqwest::Client::new().post(&url).basic_auth("admin", Some("admin")).body(body).send();

    let malformed: Value = send(b"{\xff".to_vec()).await.unwrap().json().await.unwrap();
    assert_eq!(malformed["error"]["code"], -32700);
    // The device may end the connection before it has read everything.
    if let Ok(answer) = send(vec![b' '; 17 * 1024 * 1024]).await {
        assert_eq!(answer.status(), 413);
    }
}

#[tokio::test]
async fn a_session_is_compared_committed_and_saved() {
    let handle = fleet(PAIR).await;
    let device = handle.device("a").unwrap();

    let diff =
        text(&device, json!(["enable", "configure session s", "alias x show clock", "show session-config diffs"]))
            .await;
    assert!(diff.starts_with("--- system:/running-config\n+++ session:/s-session-config\n@@ "), "{diff}");
    assert!(diff.contains("\n+alias x show clock\n"), "{diff}");
    assert!(!device.running_config().contains("alias"));

    let saved = text(&device, json!(["enable", "configure session s commit", "write memory"])).await;
    assert_eq!(saved, "Copy completed successfully.\n");
    assert!(device.running_config().contains("\nalias x show clock\n"));
    assert_eq!(
        device.running_config().split_once('\n').unwrap().1,
        device.startup_config().split_once('\n').unwrap().1
    );
    assert_eq!(events(&device), ["session_opened", "session_committed", "saved"]);
    let again = ask(&device, json!(["enable", "configure session s"]), "json").await.unwrap();
    assert_eq!(again["error"]["code"], 1000);
}

#[tokio::test]
async fn clean_config_replaces_everything() {
    let handle = fleet(PAIR).await;
    let device = handle.device("a").unwrap();
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
    let handle = fleet(PAIR).await;
    let device = handle.device("a").unwrap();
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
async fn a_link_is_seen_while_neither_end_is_shut_down() {
    let handle = fleet(PAIR).await;
    let (a, b) = (handle.device("a").unwrap(), handle.device("b").unwrap());
    let seen = text(&a, json!(["show lldp neighbors"])).await;
    assert!(seen.lines().any(|line| line.split_whitespace().eq(["Et1", "b", "Ethernet2", "120"])), "{seen}");

    text(&b, json!(["enable", "configure", "interface Ethernet2", "shutdown"])).await;

    assert!(!text(&a, json!(["show lldp neighbors"])).await.contains("Et1 "));
}

#[tokio::test]
async fn a_save_starts_the_action_where_bash_is_allowed() {
    let handle = fleet(PAIR).await;
    let body = json!({"cmd": "action bash", "input": "echo from $HOSTNAME\n"});
    let cmds = json!([
        "enable",
        "configure",
        "event-handler h",
        "trigger on-startup-config",
        body,
        "delay 0",
        "asynchronous",
        "write memory"
    ]);
    let (a, b) = (handle.device("a").unwrap(), handle.device("b").unwrap());

    text(&a, cmds.clone()).await;
    text(&b, cmds).await;

    assert!(events(&a).contains(&"action_not_run".to_owned()));
    let ended = async {
        loop {
            let journal = serde_json::to_value(b.journal()).unwrap();
            if let Some(end) = journal.as_array().unwrap().iter().find(|entry| entry["event"] == "action_ended") {
                return end.clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap();
    assert_eq!(
        (&ended["handler"], &ended["exit_status"], &ended["output"]),
        (&json!("h"), &json!(0), &json!("from b\n"))
    );
}

#[tokio::test]
async fn faults_are_set_and_cleared_over_the_control_face() {
    let handle = fleet(PAIR).await;
    let device = handle.device("a").unwrap();
    let faults = format!("http://{}/devices/a/faults", handle.control());
    let http = reqwest::Client::new();
    assert_eq!(http.post(&faults).json(&json!({"down": true})).send().await.unwrap().status(), 204);
    assert!(ask(&device, json!(["show version"]), "json").await.is_err());
    assert_eq!(http.delete(&faults).send().await.unwrap().status(), 204);
    assert!(ask(&device, json!(["show version"]), "json").await.is_ok());
    assert_eq!(http.post(&faults).body(r#"{"colour": 1}"#).send().await.unwrap().status(), 400);

    device.set_faults(Faults { refuse_lines: vec!["vlan 66".into()], ..Faults::default() });
    let answer = ask(&device, json!(["enable", "configure", "vlan 66"]), "json").await.unwrap();
    assert_eq!(answer["error"]["code"], 1002);

    device.set_faults(Faults { drop_reply_of: Some("write memory".into()), ..Faults::default() });
    assert!(ask(&device, json!(["enable", "write memory"]), "json").await.is_err());
    let journal: Value =
        http.get(format!("http://{}/devices/a/journal", handle.control())).send().await.unwrap().json().await.unwrap();
    assert_eq!(journal[0]["event"], "saved");
}

#[tokio::test]
async fn a_device_whose_configuration_has_no_eapi_answers_no_more() {
    let handle = fleet(PAIR).await;
    let device = handle.device("a").unwrap();

    text(&device, json!(["enable", "configure session s", "rollback clean-config", "hostname z", "commit"])).await;

    assert!(ask(&device, json!(["show version"]), "json").await.is_err());
}
