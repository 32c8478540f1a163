//! What dead pushes and people leave on a switch: pending sessions, and commit timers that run.

use super::*;

#[tokio::test]
async fn five_sessions_of_dead_pushes_do_not_block_the_next() {
    let fleet = fleet().await;
    let store = store(&fleet, "pw");
    let device = fleet.device("b").unwrap();
    device.leave_sessions("naas-7f3a9c21-20261123-101530-7f3a9c-6923a2b4-000", 4).unwrap();
    device.leave_sessions("maintenance", 1).unwrap();

    enforce(&fleet, &store, "apply").await;

    assert_eq!(outcome(&store, "b").status, Status::Changed, "{:?}", outcome(&store, "b"));
    let pending: Vec<_> = device.sessions().into_iter().filter(|(_, state)| *state == SessionState::Pending).collect();
    assert_eq!(pending, [("maintenance1".to_owned(), SessionState::Pending)], "a person's is left alone");
}

#[tokio::test]
async fn a_push_that_died_unconfirmed_is_finished_by_the_next() {
    let fleet = fleet().await;
    let store = store(&fleet, "pw");
    enforce(&fleet, &store, "apply").await;
    store.outcomes.lock().unwrap().clear();
    // As an enforcer leaves it that is killed right after its commit: what should run, on trial.
    let device = fleet.device("b").unwrap();
    device.arm_commit_timer("naas-7f3a9c21-20261123-201530-7f3a9c-6923a2b4-cafe", Duration::from_secs(120)).unwrap();

    enforce(&fleet, &store, "apply").await;
    device.advance(Duration::from_secs(120));

    assert_eq!((outcome(&store, "b").status, outcome(&store, "a").status), (Status::Changed, Status::InSync));
    assert!(device.journal().iter().any(|entry| matches!(entry.event, Event::SessionConfirmed { .. })));
    assert!(device.running_config().contains("alias FOO BAR"));
}

#[tokio::test]
async fn what_somebody_else_has_on_trial_is_not_called_in_sync() {
    let fleet = fleet().await;
    let store = store(&fleet, "pw");
    enforce(&fleet, &store, "apply").await;
    store.outcomes.lock().unwrap().clear();
    fleet.device("b").unwrap().arm_commit_timer("human", Duration::from_secs(300)).unwrap();

    enforce(&fleet, &store, "apply").await;

    let outcome = outcome(&store, "b");
    assert_eq!(outcome.status, Status::Refused, "{outcome:?}");
    assert!(
        outcome.error.as_deref().unwrap().contains("session human, which this installation of naas did not open"),
        "{outcome:?}"
    );
    assert_eq!(fleet.device("b").unwrap().sessions()["human"], SessionState::TimerRunning);
}

#[tokio::test]
async fn somebody_elses_commit_timer_is_left_alone() {
    let fleet = fleet().await;
    let device = fleet.device("b").unwrap();
    device.arm_commit_timer("human", Duration::from_secs(300)).unwrap();

    let outcome = outcome_of_broken(&fleet, "pw", Faults::default()).await;

    assert_eq!((outcome.status, &outcome.switch), (Status::Refused, &SwitchState::Unchanged), "{outcome:?}");
    assert_eq!(device.sessions()["human"], SessionState::TimerRunning);
    assert_eq!(device.sessions().len(), 1, "nothing of ours is left: {:?}", device.sessions());
}
