//! A session from load to commit, and every way it can end otherwise.

use std::time::Duration;

use crate::support::{Answer, Switch, everything_shown};
use eapi::{
    Candidate, Client, CommitError, Error, Kind, Left, Load, Session, SessionName, Sessions, StageError, Staged,
    Timeouts,
};
use serde_json::json;

const DIFF: &str =
    "--- system:/running-config\n+++ session:/t-1-session-config\n@@ -1 +1 @@\n-hostname a\n+hostname b\n";

/// Commands `hostname b` on line 2, `banner motd` on line 3 and `shutdown` on line 7.
const TEXT: &str = "!\nhostname b\nbanner motd\n hi\nEOF\ninterface Ethernet1\n   shutdown\nend\n";

const SAVED: &str = "Copy completed successfully.\n";

async fn stage(switch: &Switch, load: Load) -> Result<Staged, StageError> {
    stage_by(&switch.client(), load).await
}

async fn stage_by(client: &Client, load: Load) -> Result<Staged, StageError> {
    Session::stage(client, "t-1".parse().unwrap(), &Candidate::parse(TEXT).unwrap(), load).await
}

/// A client that gives up soon on loads and commits.
fn impatient(switch: &Switch) -> Client {
    let timeouts = Timeouts { commit: Duration::from_millis(200), ..Timeouts::default() };
    switch.builder().timeouts(timeouts).build().unwrap()
}

/// A switch that takes a load and then answers like this.
async fn staged(answers: impl IntoIterator<Item = Answer>) -> (Switch, Session) {
    let loaded = Answer::texts(&["", "", "", "", "", "", "", DIFF]);
    let switch = Switch::start(std::iter::once(loaded).chain(answers)).await;
    let session = stage(&switch, Load::Replace).await.unwrap().session;
    (switch, session)
}

#[tokio::test]
async fn a_replace_is_two_requests_on_one_connection() {
    let (switch, session) = staged([Answer::texts(&["", SAVED, "9f86d0\n"])]).await;

    let saved = session.commit_and_save().await.unwrap();

    let load = json!([
        "enable", "configure session t-1", "rollback clean-config", "hostname b",
        {"cmd": "banner motd", "input": " hi\n"}, "interface Ethernet1", "shutdown", "end",
        "show session-config named t-1 diffs",
    ]);
    let save = json!(["enable", "configure session t-1 commit", "write memory", "show running-config digest"]);
    assert_eq!(switch.commands(), [load, save]);
    assert_eq!(saved.digest.as_deref(), Some("9f86d0"));
    assert!(switch.requests().iter().all(|seen| seen.body["params"]["format"] == "text"));
    assert_eq!(switch.connections(), 1);
}

#[tokio::test]
async fn a_merge_keeps_what_the_switch_has() {
    let switch = Switch::start([Answer::texts(&["", "", "", "", "", "", DIFF])]).await;

    let staged = stage(&switch, Load::Merge).await.unwrap();

    assert_eq!(staged.diff, DIFF);
    assert!(!switch.commands()[0].to_string().contains("rollback"));
}

#[tokio::test]
async fn no_difference_is_an_empty_diff() {
    let switch = Switch::start([Answer::texts(&["", "", "", "", "", "", "", "\n"])]).await;

    assert_eq!(stage(&switch, Load::Replace).await.unwrap().diff, "");
}

#[tokio::test]
async fn what_the_switch_remarks_on_a_line_is_kept_with_the_line() {
    let switch = Switch::start([Answer::texts(&["", "", "", "", "! not there\n", "", "", DIFF])]).await;

    let staged = stage(&switch, Load::Replace).await.unwrap();

    let remarks: Vec<_> = staged.remarks.iter().map(|remark| (remark.line, remark.words.as_str())).collect();
    assert_eq!(remarks, [(6, "! not there")]);
}

#[tokio::test]
async fn a_refused_line_is_named_by_its_number_and_the_session_aborted() {
    // enable, configure session, rollback, hostname, banner, interface: number 5 is the banner.
    let switch = Switch::start([Answer::refused(5, 1002, "Invalid input"), Answer::texts(&[""])]).await;

    let error = stage(&switch, Load::Replace).await.unwrap_err();

    assert_eq!((error.line, error.left), (Some(3), Left::Aborted));
    assert_eq!(error.to_string(), "nothing changed, session t-1 failed at line 3; it was aborted");
    assert_eq!(switch.commands()[1], json!(["enable", "configure session t-1 abort"]));
}

#[tokio::test]
async fn the_lines_of_a_merge_are_numbered_too() {
    let switch = Switch::start([Answer::refused(6, 1002, "Invalid input"), Answer::texts(&[""])]).await;

    assert_eq!(stage(&switch, Load::Merge).await.unwrap_err().line, Some(7));
}

#[tokio::test]
async fn a_session_that_cannot_be_aborted_may_be_left_behind() {
    let switch = Switch::start([Answer::refused(5, 1002, "Invalid input"), Answer::refused(2, 1005, "denied")]).await;

    let error = stage(&switch, Load::Replace).await.unwrap_err();

    assert_eq!(error.left, Left::MayBePending);
    assert!(error.to_string().contains("t-1 failed at line 3; it may still be pending"), "{error}");
}

#[tokio::test]
async fn a_load_without_an_intelligible_answer_is_aborted() {
    for answer in [Answer::Bytes(Vec::new()), Answer::Http(200, "{".into()), Answer::texts(&[""])] {
        let switch = Switch::start([answer, Answer::texts(&[""])]).await;

        let error = stage(&switch, Load::Replace).await.unwrap_err();

        assert_eq!((error.line, error.left), (None, Left::Aborted));
        assert_eq!(switch.commands()[1], json!(["enable", "configure session t-1 abort"]));
    }
}

#[tokio::test]
async fn a_load_that_takes_too_long_is_aborted() {
    let switch = Switch::start([Answer::Silence, Answer::texts(&[""])]).await;

    let error = stage_by(&impatient(&switch), Load::Replace).await.unwrap_err();

    assert!(matches!(error.cause, Error::Timeout { .. }), "{error:?}");
    assert_eq!(error.left, Left::Aborted);
}

#[tokio::test]
async fn too_many_sessions_is_busy_and_leaves_nothing() {
    let limit = "Maximum number of pending sessions has been reached. Please commit or abort";
    let switch = Switch::start([Answer::refused(2, 1000, limit)]).await;

    let error = stage(&switch, Load::Replace).await.unwrap_err();

    assert_eq!((error.cause.kind(), error.left, error.line), (Kind::Busy, Left::NotOpened, None));
    assert_eq!(switch.requests().len(), 1);
}

#[tokio::test]
async fn too_many_sessions_is_busy_when_only_the_output_says_so() {
    let data =
        json!([{}, {"output": "% Maximum number of pending sessions has been reached"}, {"errors": ["Invalid input"]}]);
    let message = "CLI command 3 of 8 'rollback clean-config' failed: invalid command";
    let refused = Answer::Refused(json!({"code": 1002, "message": message, "data": data}));
    let switch = Switch::start([refused, Answer::texts(&[""])]).await;

    let error = stage(&switch, Load::Replace).await.unwrap_err();

    assert_eq!((error.cause.kind(), error.line), (Kind::Busy, None));
}

#[tokio::test]
async fn wrong_credentials_leave_nothing() {
    let switch = Switch::start([Answer::Http(401, "no".into())]).await;

    let error = stage(&switch, Load::Replace).await.unwrap_err();

    assert_eq!((error.cause.kind(), error.left), (Kind::Denied, Left::NotOpened));
    assert_eq!(switch.requests().len(), 1);
}

#[tokio::test]
async fn a_clean_config_that_is_not_silent_stops_the_load() {
    let switch = Switch::start([Answer::texts(&["", "% no", "", "", "", "", "", DIFF]), Answer::texts(&[""])]).await;

    let error = stage(&switch, Load::Replace).await.unwrap_err();

    assert!(matches!(&error.cause, Error::NotSilent { words, .. } if words == "% no"), "{error:?}");
    assert_eq!(error.left, Left::Aborted);
}

#[tokio::test]
async fn a_refused_commit_changed_nothing_and_is_aborted() {
    let (switch, session) = staged([Answer::refused(2, 1000, "no room in TCAM"), Answer::texts(&[""])]).await;

    let error = session.commit_and_save().await.unwrap_err();

    assert!(matches!(&error, CommitError::NotCommitted { left: Left::Aborted, .. }), "{error}");
    assert!(everything_shown(&error).contains("no room in TCAM"));
    assert_eq!(switch.commands()[2], json!(["enable", "configure session t-1 abort"]));
}

#[tokio::test]
async fn a_commit_without_a_save_says_so() {
    let refused = Answer::refused(3, 1000, "No space left on device");
    for answer in [refused, Answer::texts(&["", "% Error copying: No space left on device", "9f86d0"])] {
        let (switch, session) = staged([answer]).await;

        let error = session.commit_and_save().await.unwrap_err();

        assert!(matches!(&error, CommitError::NotSaved { words, .. } if words.contains("No space left")), "{error}");
        assert_eq!(switch.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_save_is_told_from_a_failed_one_also_where_eos_has_no_digest() {
    for (said, is_saved) in [(SAVED, true), ("% Error copying: No space left on device", false)] {
        let passed = [json!({}), json!({"output": ""}), json!({"output": said})];
        let (_switch, session) =
            staged([Answer::refused_after(&passed, 1002, "Invalid input (at token 2: 'digest')")]).await;

        let saved = session.commit_and_save().await;

        match saved {
            Ok(saved) => assert!(is_saved && saved.digest.is_none()),
            Err(error) => assert!(!is_saved && matches!(error, CommitError::NotSaved { .. }), "{error}"),
        }
    }
}

#[tokio::test]
async fn a_commit_without_an_intelligible_answer_is_unknown_and_neither_repeated_nor_aborted() {
    for answer in [Answer::Bytes(Vec::new()), Answer::Http(502, "bad gateway".into()), Answer::Http(200, "{".into())] {
        let (switch, session) = staged([answer]).await;

        let error = session.commit_and_save().await.unwrap_err();

        assert!(matches!(error, CommitError::Unknown { .. }), "{error}");
        assert_eq!(switch.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_commit_that_takes_too_long_is_unknown() {
    let (switch, session) = staged([Answer::Silence]).await;

    let error = Session::resume(&impatient(&switch), session.name().clone()).commit_and_save().await.unwrap_err();

    assert!(matches!(error, CommitError::Unknown { cause: Error::Timeout { .. }, .. }), "{error:?}");
    assert_eq!(switch.requests().len(), 2);
}

#[tokio::test]
async fn a_session_is_aborted_by_name() {
    let (switch, session) = staged([Answer::texts(&[""])]).await;

    session.abort().await.unwrap();

    assert_eq!(switch.commands()[1], json!(["enable", "configure session t-1 abort"]));
}

#[tokio::test]
async fn nothing_of_a_configuration_is_shown_by_debug() {
    let diff = DIFF.replace("hostname a", "username a secret hunter2");
    let switch = Switch::start([Answer::texts(&["", "", "", "", "", "", "", &diff])]).await;

    let staged = stage(&switch, Load::Replace).await.unwrap();

    let shown = format!("{staged:?} {:?}", staged.session);
    assert!(!shown.contains("hunter2") && !shown.contains("canary"), "{shown}");
}

#[tokio::test]
async fn a_commit_with_timer_is_confirmed_over_another_connection() {
    let confirmed = Answer::texts(&["", SAVED, "9f86d0\n"]);
    let (switch, session) = staged([Answer::texts(&["", "9f86d0\n"]), timer("t-1"), confirmed]).await;

    let digest = session.commit_with_timer(Duration::from_secs(90).try_into().unwrap()).await.unwrap();
    Session::resume(&switch.client(), session.name().clone()).confirm_and_save().await.unwrap();

    let commands = switch.commands();
    let commit = json!(["enable", "configure session t-1 commit timer 00:01:30", "show running-config digest"]);
    assert_eq!(commands[1], commit);
    assert_eq!(digest.as_deref(), Some("9f86d0"));
    assert_eq!(commands[2], json!(["enable", "show configuration sessions detail"]));
    let save = json!(["enable", "configure session t-1 commit", "write memory", "show running-config digest"]);
    assert_eq!(commands[3], save);
    assert_eq!(switch.connections(), 2);
}

/// Sessions of which this one's commit timer runs.
fn timer(session: &str) -> Answer {
    let sessions = json!({"t-1": {"state": "committed"}});
    Answer::Results(
        json!([{}, {"commitTimerSessionName": session, "commitTimerExpireTime": 9.5, "sessions": sessions}]),
    )
}

#[tokio::test]
async fn a_timer_that_has_run_out_is_not_confirmed() {
    let (switch, session) = staged([timer("somebody-else")]).await;

    let error = session.confirm_and_save().await.unwrap_err();

    assert!(matches!(error, CommitError::TimerGone { .. }), "{error}");
    assert!(!switch.commands().iter().any(|cmds| cmds.to_string().contains("commit")), "nothing was committed");
}

#[tokio::test]
async fn a_refused_timer_changed_nothing_and_is_aborted() {
    let (_switch, session) = staged([Answer::refused(2, 1000, "another timer runs"), Answer::texts(&[""])]).await;

    let error = session.commit_with_timer(Duration::from_secs(90).try_into().unwrap()).await.unwrap_err();

    assert!(matches!(error, CommitError::NotCommitted { left: Left::Aborted, .. }), "{error}");
}

#[tokio::test]
async fn a_commit_on_eos_without_a_digest_is_a_commit() {
    let (switch, session) = staged([Answer::refused(3, 1002, "invalid command")]).await;

    let committed = session.commit_with_timer(Duration::from_secs(90).try_into().unwrap()).await.unwrap();

    assert_eq!(committed, None);
    assert_eq!(switch.requests().len(), 2, "nothing was aborted");
}

#[tokio::test]
async fn a_refused_confirmation_is_left_to_the_timer() {
    let (switch, session) = staged([timer("t-1"), Answer::refused(2, 1000, "no")]).await;

    let error = session.confirm_and_save().await.unwrap_err();

    assert!(matches!(error, CommitError::NotConfirmed { .. }), "{error}");
    assert_eq!(switch.requests().len(), 3);
}

#[tokio::test]
async fn only_pending_sessions_of_the_prefix_are_reclaimed() {
    let sessions = json!({"maxOpenSessions": 5, "sessions": {
        "t-1": {"state": "pending"}, "t-2": {"state": "pendingCommitTimer"}, "t-3": {"state": "completed"},
        "t-4": {"state": "pending"}, "ansible_1": {"state": "pending"},
    }});
    let aborted = [Answer::texts(&[""]), Answer::texts(&[""])];
    let switch = Switch::start(std::iter::once(Answer::Results(json!([{}, sessions]))).chain(aborted)).await;
    let client = switch.client();

    let reclaimed = Sessions::of(&client).await.unwrap().reclaim(&client, &"t-".parse().unwrap()).await.unwrap();

    assert_eq!(reclaimed.iter().map(SessionName::as_str).collect::<Vec<_>>(), ["t-1", "t-4"]);
    assert_eq!(switch.commands()[2], json!(["enable", "configure session t-4 abort"]));
    assert_eq!(switch.requests().len(), 3);
}

#[tokio::test]
async fn an_answer_of_another_shape_is_not_eapi() {
    let switch = Switch::start([Answer::Results(json!([{}, {"sessions": 5}]))]).await;

    let error = Sessions::of(&switch.client()).await.unwrap_err();

    assert!(matches!(error, Error::NotEapi { .. }), "{error}");
}
