//! Commits with a timer, and every way in which their confirmation can end.

use std::sync::Mutex;
use std::time::Duration;

use crate::support::{Answer, Switch, everything_shown};
use eapi::{
    Clock, CommitError, CommitTimer, Confirmation, Error, Left, Saved, Session, SessionState, StartupConfig, TimerGone,
};
use serde_json::json;

const SAVED: &str = "Copy completed successfully.\n";

fn session(switch: &Switch) -> Session {
    Session::resume(&switch.client(), "t-1".parse().unwrap())
}

fn ninety() -> CommitTimer {
    Duration::from_secs(90).try_into().unwrap()
}

/// A switch whose commit timer runs for this session.
fn timer(session: &str) -> Answer {
    let sessions = json!({"t-1": {"state": "committed"}});
    Answer::Results(
        json!([{}, {"commitTimerSessionName": session, "commitTimerExpireTime": 9.5, "sessions": sessions}]),
    )
}

/// A switch that lists `t-1` in this state while no timer runs.
fn listed(state: &str) -> Answer {
    Answer::Results(json!([{}, {"sessions": {"t-1": {"state": state}}}]))
}

/// The status of a switch that lists `t-1` in this state and runs the configuration with this
/// digest.
fn status(state: &str, digest: &str) -> Answer {
    let row = if state.is_empty() { String::new() } else { format!("  t-1  {state}  admin\n") };
    let sessions = format!("Maximum number of pending sessions: 5\n\n  Name State User\n  ---- ----- ----\n{row}");
    let (diffs, version) = ("--- a\n+++ b\n", "Arista vEOS\nSerial number: X1\n");
    Answer::texts(&[&sessions, diffs, version, "Hostname: leaf1\nFQDN: leaf1\n", &format!("{digest}\n")])
}

fn taken() -> Answer {
    Answer::texts(&["", SAVED, "9f86d0\n"])
}

fn confirmed(digest: &str) -> Confirmation {
    Confirmation::ConfirmationTaken(Saved { digest: Some(digest.to_owned()) })
}

/// A clock that moves only when somebody sleeps.
#[derive(Default)]
struct TestClock(Mutex<Duration>);

impl Clock for TestClock {
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        *self.0.lock().unwrap() += duration;
    }
}

async fn until(switch: &Switch, seconds: u64) -> Result<Confirmation, CommitError> {
    session(switch).confirm_until(&TestClock::default(), Duration::from_secs(seconds)).await
}

fn gone(confirmation: Result<Confirmation, CommitError>) -> TimerGone {
    match confirmation {
        Ok(Confirmation::TimerGone(gone)) => gone,
        other => panic!("expected a timer that is gone, found {other:?}"),
    }
}

/// How often something was committed or confirmed.
fn commits(switch: &Switch) -> usize {
    switch.commands().iter().filter(|commands| commands.to_string().contains("configure session t-1 commit")).count()
}

#[tokio::test]
async fn a_commit_with_timer_is_confirmed_over_another_connection() {
    let switch = Switch::start([Answer::texts(&["", "9f86d0\n"]), timer("t-1"), taken()]).await;

    let digest = session(&switch).commit_with_timer(ninety()).await.unwrap();
    let confirmation = session(&switch).confirm().await.unwrap();

    assert_eq!((digest.as_deref(), confirmation), (Some("9f86d0"), confirmed("9f86d0")));
    let commit = json!(["enable", "configure session t-1 commit timer 00:01:30", "show running-config digest"]);
    let ask = json!(["enable", "show configuration sessions detail"]);
    let save = json!(["enable", "configure session t-1 commit", "write memory", "show running-config digest"]);
    assert_eq!(switch.commands(), [commit, ask, save]);
    assert_eq!(switch.connections(), 2);
}

#[tokio::test]
async fn a_timer_that_is_gone_is_not_confirmed() {
    for (state, seen) in [
        ("completed", Some(SessionState::Completed)),
        ("committed", Some(SessionState::Completed)),
        ("aborted", Some(SessionState::Aborted)),
        ("pending", Some(SessionState::Pending)),
        ("", None),
    ] {
        let switch = Switch::start([timer("somebody-else"), status(state, "9f86d0")]).await;

        let gone = gone(session(&switch).confirm().await);

        assert_eq!((gone.listed, gone.confirmation_sent, commits(&switch)), (seen, false, 0));
    }
}

#[tokio::test]
async fn completed_is_no_proof_but_the_digest_is() {
    let switch = Switch::start([listed("completed"), status("completed", "9f86d0")]).await;

    let gone = gone(session(&switch).confirm().await);

    assert!(gone.runs("9f86d0") && !gone.runs("0ld"));
    assert_eq!(gone.status.startup, StartupConfig::Differs);
}

#[tokio::test]
async fn passing_faults_are_retried_until_a_confirmation_is_taken() {
    let faults: [fn() -> Answer; 5] = [
        || Answer::Http(401, "Unable to authenticate user".into()),
        || Answer::Http(502, "bad gateway".into()),
        || Answer::Bytes(Vec::new()),
        || Answer::refused(1, 1001, "internal error"),
        || Answer::refused(1, 1005, "permission to run command denied"),
    ];
    for fault in faults {
        let switch = Switch::start([fault(), fault(), timer("t-1"), fault(), timer("t-1"), taken()]).await;

        let confirmation = until(&switch, 60).await.unwrap();

        assert_eq!((confirmation, switch.requests().len()), (confirmed("9f86d0"), 6));
    }
}

#[tokio::test]
async fn a_401_of_most_of_the_timer_does_not_end_the_attempts() {
    let denied = (0..50).map(|_| Answer::Http(401, "no".into()));
    let switch = Switch::start(denied.chain([timer("t-1"), taken()])).await;

    assert_eq!(until(&switch, 60).await.unwrap(), confirmed("9f86d0"));
}

#[tokio::test]
async fn attempts_end_at_the_last_safe_moment() {
    let switch = Switch::start((0..100).map(|_| Answer::Http(502, "bad gateway".into()))).await;

    let error = until(&switch, 10).await.unwrap_err();

    assert!(matches!(error, CommitError::NotConfirmed { cause: Error::Http { .. }, .. }), "{error:?}");
    assert_eq!(switch.requests().len(), 11);
}

#[tokio::test]
async fn nothing_is_confirmed_after_the_last_safe_moment() {
    let switch = Switch::start([timer("t-1"), taken()]).await;
    let clock = TestClock(Mutex::new(Duration::from_secs(11)));

    let error = session(&switch).confirm_until(&clock, Duration::from_secs(10)).await.unwrap_err();

    assert!(matches!(error, CommitError::TooLate { .. }), "{error:?}");
    assert_eq!(commits(&switch), 0);
}

#[tokio::test]
async fn a_lost_confirmation_is_looked_for_and_not_taken_for_granted() {
    let lost = Answer::Bytes(Vec::new());
    let switch = Switch::start([timer("t-1"), lost, listed("completed"), status("completed", "9f86d0")]).await;

    let gone = gone(until(&switch, 60).await);

    assert!(gone.confirmation_sent && gone.runs("9f86d0"));
    assert_eq!((gone.listed, commits(&switch)), (Some(SessionState::Completed), 1));
}

#[tokio::test]
async fn a_lost_confirmation_that_never_arrived_is_sent_again() {
    let lost = Answer::Bytes(Vec::new());
    let switch = Switch::start([timer("t-1"), lost, timer("t-1"), taken()]).await;

    assert_eq!(until(&switch, 60).await.unwrap(), confirmed("9f86d0"));
    assert_eq!(commits(&switch), 2);
}

#[tokio::test]
async fn silence_after_a_lost_confirmation_is_unknown() {
    let silent = (0..20).map(|_| Answer::Http(502, "bad gateway".into()));
    let script = [timer("t-1"), Answer::Bytes(Vec::new())].into_iter().chain(silent);
    let switch = Switch::start(script).await;

    let error = until(&switch, 10).await.unwrap_err();

    assert!(matches!(error, CommitError::Unknown { cause: Error::Lost { .. }, .. }), "{error:?}");
}

#[tokio::test]
async fn a_refusal_after_a_lost_confirmation_is_unknown() {
    let refused = Answer::refused(2, 1000, "Session t-1 does not exist");
    let switch = Switch::start([timer("t-1"), Answer::Bytes(Vec::new()), timer("t-1"), refused]).await;

    let error = until(&switch, 60).await.unwrap_err();

    assert!(matches!(error, CommitError::Unknown { .. }), "{error:?}");
}

#[tokio::test]
async fn a_refusal_because_an_earlier_confirmation_was_taken_is_seen() {
    let refused = Answer::refused(2, 1000, "Session t-1 is already completed");
    let lost = Answer::Bytes(Vec::new());
    let after = [listed("committed"), status("committed", "9f86d0")];
    let script = [timer("t-1"), lost, timer("t-1"), refused].into_iter().chain(after);
    let switch = Switch::start(script).await;

    let gone = gone(until(&switch, 60).await);

    assert!(gone.confirmation_sent && gone.runs("9f86d0"));
}

#[tokio::test]
async fn a_refused_confirmation_is_left_to_the_timer() {
    for deadline in [None, Some(60)] {
        let switch = Switch::start([timer("t-1"), Answer::refused(2, 1000, "no room in TCAM")]).await;

        let error = match deadline {
            None => session(&switch).confirm().await.unwrap_err(),
            Some(seconds) => until(&switch, seconds).await.unwrap_err(),
        };

        assert!(matches!(error, CommitError::NotConfirmed { .. }), "{error}");
        assert!(everything_shown(&error).contains("no room in TCAM"));
        assert_eq!(switch.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_confirmation_that_could_not_be_saved_says_so() {
    let full = Answer::texts(&["", "% Error copying: No space left on device", "9f86d0"]);
    let switch = Switch::start([timer("t-1"), full]).await;

    let error = until(&switch, 60).await.unwrap_err();

    assert!(matches!(&error, CommitError::NotSaved { words, .. } if words.contains("No space left")), "{error}");
}

#[tokio::test]
async fn a_refused_timer_changed_nothing_and_is_aborted() {
    let switch = Switch::start([Answer::refused(2, 1000, "another timer runs"), Answer::texts(&[""])]).await;

    let error = session(&switch).commit_with_timer(ninety()).await.unwrap_err();

    assert!(matches!(error, CommitError::NotCommitted { left: Left::Aborted, .. }), "{error}");
}

#[tokio::test]
async fn a_commit_on_eos_without_a_digest_is_a_commit() {
    let switch = Switch::start([Answer::refused(3, 1002, "invalid command")]).await;

    assert_eq!(session(&switch).commit_with_timer(ninety()).await.unwrap(), None);
    assert_eq!(switch.requests().len(), 1, "nothing was aborted");
}
