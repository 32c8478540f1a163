//! The status of a switch, and the sessions that belong to an owner.

use crate::support::{Answer, Switch};
use eapi::{
    Candidate, Client, CommitError, Error, ErrorKind, Left, Load, Sent, Session, SessionName, SessionOwner,
    SessionState, Sessions, StartupConfig, SwitchIdentity, SwitchStatus,
};
use serde_json::json;

const TABLE: &str =
    "Maximum number of pending sessions: 5\n\n  Name State   User\n  ---- ------- ----\n  t-1  pending admin\n";

const VERSION: &str = "Arista DCS-7050TX-64-R\nHardware version:    01.11\nSerial number:       JPE15012345\n";

const HOSTNAME: &str = "Hostname: leaf1\nFQDN:     leaf1.example\n";

fn owner() -> SessionOwner {
    SessionOwner::new("naas", 0x7f3a_9c21.into()).unwrap()
}

fn owned(switch: &Switch) -> Client {
    switch.builder().session_owner(owner()).build().unwrap()
}

#[tokio::test]
async fn the_status_is_one_request() {
    let switch = Switch::start([Answer::texts(&[TABLE, "", VERSION, HOSTNAME, "9f86d0\n"])]).await;

    let status = SwitchStatus::of(&switch.client()).await.unwrap();

    let commands = json!([
        "enable",
        "show configuration sessions detail",
        "show running-config diffs",
        "show version",
        "show hostname",
        "show running-config digest",
    ]);
    assert_eq!(switch.commands(), [commands]);
    assert_eq!((status.digest.as_deref(), status.startup), (Some("9f86d0"), StartupConfig::SameAsRunning));
    let (serial_number, hostname) = (Some("JPE15012345".to_owned()), Some("leaf1".to_owned()));
    assert_eq!(status.identity, SwitchIdentity { serial_number, hostname });
    assert_eq!(status.sessions.state(&"t-1".parse().unwrap()), Some(&SessionState::Pending));
}

#[tokio::test]
async fn a_startup_config_that_differs_is_seen() {
    let diffs = "--- flash:/startup-config\n+++ system:/running-config\n@@ -1 +1 @@\n-vlan 5\n+vlan 6\n";
    let switch = Switch::start([Answer::texts(&[TABLE, diffs, VERSION, HOSTNAME, "9f86d0\n"])]).await;

    assert_eq!(SwitchStatus::of(&switch.client()).await.unwrap().startup, StartupConfig::Differs);
}

#[tokio::test]
async fn a_release_without_a_digest_has_a_status() {
    let passed = ["", TABLE, "", VERSION, HOSTNAME].map(|output| json!({"output": output}));
    let refused = || Answer::refused_after(&passed, 1002, "Invalid input (at token 2: 'digest')");
    let message = "CLI command 6 of 6 'show running-config digest' failed: invalid command";
    let without_data = Answer::Refused(json!({"code": 1002, "message": message}));
    let again = Answer::texts(&[TABLE, "", VERSION, HOSTNAME]);
    for (script, requests) in [(vec![refused()], 1), (vec![without_data, again], 2)] {
        let switch = Switch::start(script).await;

        let status = SwitchStatus::of(&switch.client()).await.unwrap();

        assert_eq!((status.digest, switch.requests().len()), (None, requests));
        assert_eq!(status.identity.hostname.as_deref(), Some("leaf1"));
    }
}

#[tokio::test]
async fn a_broken_table_of_sessions_is_asked_for_as_json() {
    let json = Answer::Results(json!([{}, {"sessions": {"t-1": {"state": "pendingCommitTimer"}}}]));
    let switch = Switch::start([Answer::texts(&["???", "", VERSION, HOSTNAME, "9f86d0\n"]), json]).await;

    let status = SwitchStatus::of(&switch.client()).await.unwrap();

    assert_eq!((status.sessions.on_trial(), switch.requests().len()), (Some("t-1"), 2));
}

#[tokio::test]
async fn a_session_is_aborted_and_the_status_asked_for_at_once() {
    let switch = Switch::start([Answer::texts(&["", TABLE, "", VERSION, HOSTNAME, "9f86d0\n"])]).await;

    let status = Session::resume(&switch.client(), "t-2".parse().unwrap()).abort_and_status().await.unwrap();

    assert_eq!(status.digest.as_deref(), Some("9f86d0"));
    assert_eq!(switch.commands()[0][1], "configure session t-2 abort");
}

#[tokio::test]
async fn an_answer_of_another_shape_is_not_eapi() {
    let switch = Switch::start([Answer::Results(json!([{}, {"sessions": 5}])), Answer::texts(&["", "", ""])]).await;

    let error = Sessions::of(&switch.client()).await.unwrap_err();

    assert!(matches!(error, Error::NotEapi { .. }), "{error}");
}

#[tokio::test]
async fn only_pending_sessions_of_the_installation_are_reclaimed() {
    let sessions = json!({"maxOpenSessions": 5, "sessions": {
        "naas-7f3a9c21-1": {"state": "pending"}, "naas-7f3a9c21-2": {"state": "pendingCommitTimer"},
        "naas-7f3a9c21-3": {"state": "completed"}, "naas-7f3a9c21-4": {"state": "pending"},
        "naas-7f3a9c22-5": {"state": "pending"}, "naas-lab-change": {"state": "pending"},
        "ansible_1": {"state": "pending"},
    }});
    let script = [Answer::Results(json!([{}, sessions])), Answer::texts(&[""]), Answer::texts(&[""])];
    let switch = Switch::start(script).await;

    let reclaimed = Session::reclaim(&owned(&switch), &owner()).await.unwrap();

    let names: Vec<&str> = reclaimed.iter().map(SessionName::as_str).collect();
    assert_eq!(names, ["naas-7f3a9c21-1", "naas-7f3a9c21-4"]);
    assert_eq!(switch.commands()[2], json!(["enable", "configure session naas-7f3a9c21-4 abort"]));
    assert_eq!(switch.requests().len(), 3);
}

#[tokio::test]
async fn a_foreign_session_is_neither_opened_committed_nor_aborted() {
    let switch = Switch::start([]).await;
    let candidate = Candidate::parse("hostname a\n").unwrap();
    for name in ["naas-lab-change", "naas-7f3a9c22-5", "ansible_1"] {
        let session = Session::resume(&owned(&switch), name.parse().unwrap());

        let staged = Session::stage(&owned(&switch), session.name().clone(), &candidate, Load::Replace).await;
        let errors = [staged.unwrap_err().cause, session.abort().await.unwrap_err()];
        let status = session.abort_and_status().await.unwrap_err();
        let committed = session.commit_and_save().await.unwrap_err();
        let confirmed = session.confirm().await.unwrap_err();

        for error in errors.into_iter().chain([status]) {
            assert_eq!((error.kind(), error.sent()), (ErrorKind::Settings, Sent::No));
            assert!(error.to_string().contains(name) && error.to_string().contains("naas-7f3a9c21-"), "{error}");
        }
        assert!(matches!(committed, CommitError::NotCommitted { left: Left::NotOpened, .. }), "{committed}");
        assert!(matches!(confirmed, CommitError::NotConfirmed { .. }), "{confirmed}");
    }
    assert_eq!(switch.requests().len(), 0);
}
