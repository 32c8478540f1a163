//! A session from load to commit, and every way it can end otherwise.

use std::time::Duration;

use crate::support::{Answer, Switch, everything_shown};
use eapi::{
    Candidate, Client, CommitError, Error, ErrorKind, Left, Load, Remark, Session, StageError, Staged, Timeouts,
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

    let remarks: Vec<_> =
        staged.remarks.iter().map(|remark| (remark.line_number, remark.line.as_str(), remark.text.as_str())).collect();
    assert_eq!(remarks, [(6, "interface Ethernet1", "! not there")]);
}

#[tokio::test]
async fn a_remark_that_comes_when_the_last_mode_is_left_is_kept() {
    let switch = Switch::start([Answer::texts(&["", "", "", "", "", "", "! later", DIFF])]).await;

    let staged = stage(&switch, Load::Replace).await.unwrap();

    let Remark { line_number, line, text } = &staged.remarks[0];
    assert_eq!((*line_number, line.as_str(), text.as_str()), (7, "end", "! later"));
}

#[tokio::test]
async fn an_error_when_the_last_mode_is_left_stops_the_load() {
    let switch =
        Switch::start([Answer::texts(&["", "", "", "", "", "", "% no room", DIFF]), Answer::texts(&[""])]).await;

    let error = stage(&switch, Load::Replace).await.unwrap_err();

    assert!(matches!(&error.cause, Error::NotSilent { command, .. } if command == "end"), "{error:?}");
    assert_eq!(error.left, Left::Aborted);
}

#[tokio::test]
async fn a_remark_shows_no_secret() {
    let candidate = Candidate::parse("username a secret hunter2\n").unwrap();
    let switch = Switch::start([Answer::texts(&["", "", "! weak: hunter2", "", DIFF])]).await;

    let staged = Session::stage(&switch.client(), "t-1".parse().unwrap(), &candidate, Load::Replace).await.unwrap();

    let Remark { line, text, .. } = &staged.remarks[0];
    assert_eq!((line.as_str(), text.as_str()), ("username a secret <hidden>", "! weak: <hidden>"));
}

#[tokio::test]
async fn a_refusal_quotes_the_token_that_the_switch_quotes() {
    let words = "Invalid input (at token 0: 'interfase')";
    let switch = Switch::start([Answer::refused(6, 1002, words), Answer::texts(&[""])]).await;

    let error = stage(&switch, Load::Replace).await.unwrap_err();

    assert!(everything_shown(&error).contains(words), "{}", everything_shown(&error));
}

#[tokio::test]
async fn a_refused_line_is_named_and_the_session_is_aborted() {
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

    assert_eq!((error.cause.kind(), error.left, error.line), (ErrorKind::Busy, Left::NotOpened, None));
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

    assert_eq!((error.cause.kind(), error.line), (ErrorKind::Busy, None));
}

#[tokio::test]
async fn wrong_credentials_leave_nothing() {
    let switch = Switch::start([Answer::Http(401, "no".into())]).await;

    let error = stage(&switch, Load::Replace).await.unwrap_err();

    assert_eq!((error.cause.kind(), error.left), (ErrorKind::Denied, Left::NotOpened));
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
async fn a_failed_save_is_seen_where_eos_has_no_digest() {
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
async fn a_commit_without_an_answer_is_unknown_and_left_alone() {
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
