//! The contract of [`Runs`].

use std::collections::BTreeMap;

use futures::future::join_all;

use super::{device, moment, outcome, run, run_id};
use crate::ports::{Created, Recorded, Runs};
use crate::records::outcome::{Attempt, Outcome, Status};
use crate::records::run::Run;
use crate::records::task::Task;

/// Runs are recorded once, are listed by the time at which they were accepted, and are cancelled
/// once.
pub async fn runs(store: &impl Runs, seed: u64) {
    recorded_once(store, seed).await;
    listed_newest_first(store, seed).await;
    cancelled_once(store, seed).await;
}

/// The first outcome of a device stands, statuses are those of one run, and the last attempt is
/// noted.
pub async fn outcomes(store: &impl Runs, seed: u64) {
    first_outcome_stands(store, seed).await;
    statuses_of_one_run(store, seed).await;
    last_attempt_is_noted(store, seed).await;
}

async fn recorded_once(store: &impl Runs, seed: u64) {
    let run = run(seed, 0);
    assert_eq!(store.load(&run.task.run).await.expect("loading"), None, "a run that was never accepted");

    let task = Task { by: Some("somebody else".to_owned()), ..run.task.clone() };
    let other = Run { task, step: 7, ..run.clone() };
    assert_eq!(store.create(&run).await.expect("creating"), Created::Recorded);
    assert_eq!(store.create(&run).await.expect("creating"), Created::Recorded, "the same run again");
    assert_eq!(store.create(&other).await.expect("creating"), Created::NameTaken, "another run of this name");

    assert_eq!(store.load(&run.task.run).await.expect("loading").as_ref(), Some(&run));
    let listed = store.recent(200).await.expect("listing");
    let listed: Vec<_> = listed.into_iter().filter(|listed| listed.run == run.task.run).collect();
    assert_eq!(listed, [run.summary()], "listed once");
    one_of_many_gets_the_name(store, seed).await;
}

async fn one_of_many_gets_the_name(store: &impl Runs, seed: u64) {
    let runs: Vec<_> = (1..9).map(|step| Run { step, ..run(seed, 20) }).collect();

    let created = join_all(runs.iter().map(|run| store.create(run))).await;

    let winners =
        created.into_iter().zip(&runs).filter(|(created, _)| *created.as_ref().expect("creating") == Created::Recorded);
    let winners: Vec<_> = winners.map(|(_, run)| run).collect();
    let [winner] = winners.as_slice() else { panic!("{} runs got the same name", winners.len()) };
    assert_eq!(store.load(&winner.task.run).await.expect("loading").as_ref(), Some(*winner));
}

async fn listed_newest_first(store: &impl Runs, seed: u64) {
    // Their names are in another order than the moments at which they were accepted.
    let run = |number: u64, milliseconds: i64| Run { accepted_at: moment(seed, milliseconds), ..run(seed, number) };
    let runs = [run(1, 900), run(2, 10), run(3, 500), run(4, 990), run(5, 1)];
    for run in &runs {
        store.create(run).await.expect("creating");
    }

    let listed = store.recent(200).await.expect("listing");
    let ours: Vec<_> = listed.into_iter().filter(|listed| runs.iter().any(|run| run.task.run == listed.run)).collect();

    assert_eq!(ours, [&runs[3], &runs[0], &runs[2], &runs[1], &runs[4]].map(Run::summary));
    assert_eq!(store.recent(2).await.expect("listing").len(), 2, "no more than asked for");
}

async fn cancelled_once(store: &impl Runs, seed: u64) {
    let run = run_id(seed, 0);
    assert_eq!(store.cancelled(&run).await.expect("reading"), None);

    store.cancel(&run, moment(seed, 0)).await.expect("cancelling");
    store.cancel(&run, moment(seed, 1_000)).await.expect("cancelling again");

    assert_eq!(store.cancelled(&run).await.expect("reading"), Some(moment(seed, 0)), "the first time stands");
}

async fn first_outcome_stands(store: &impl Runs, seed: u64) {
    let run = run(seed, 10);
    store.create(&run).await.expect("creating");
    let first = outcome(seed, &run.task.run, "leaf1", Status::Changed);
    let later = Outcome { error: Some("later".to_owned()), ..outcome(seed, &run.task.run, "leaf1", Status::InSync) };
    assert_eq!(store.outcome(&run.task.run, &first.device).await.expect("reading"), None);

    assert_eq!(store.record(&first).await.expect("recording"), Recorded::Now);
    assert_eq!(store.record(&later).await.expect("recording"), Recorded::Before);
    assert_eq!(store.record(&first).await.expect("recording"), Recorded::Before);

    assert_eq!(store.outcome(&run.task.run, &first.device).await.expect("reading").as_ref(), Some(&first));
    let statuses = store.statuses(&run).await.expect("listing");
    assert_eq!(statuses, BTreeMap::from([(first.device, Status::Changed)]));
}

async fn statuses_of_one_run(store: &impl Runs, seed: u64) {
    let (ours, other) = (run(seed, 11), run(seed, 12));
    for run in [&ours, &other] {
        store.create(run).await.expect("creating");
    }
    // The name of one device begins with the whole name of another one.
    for (run, name, status) in [
        (&ours, "leaf10", Status::Refused),
        (&other, "leaf1", Status::Unreachable),
        (&ours, "leaf2", Status::InSync),
        (&other, "leaf2", Status::Changed),
    ] {
        store.record(&outcome(seed, &run.task.run, name, status)).await.expect("recording");
    }

    let statuses = store.statuses(&ours).await.expect("listing");

    let expected = [("leaf10", Status::Refused), ("leaf2", Status::InSync)];
    assert_eq!(statuses, BTreeMap::from(expected.map(|(name, status)| (device(seed, name), status))));
}

async fn last_attempt_is_noted(store: &impl Runs, seed: u64) {
    let attempt = |attempts: u32| Attempt {
        run: run_id(seed, 10),
        device: device(seed, "leaf2"),
        attempts,
        at: moment(seed, 0),
        reason: format!("no connection, {attempts}"),
        again_at: moment(seed, 15_000),
    };
    let (run, leaf) = (run_id(seed, 10), device(seed, "leaf2"));
    assert_eq!(store.attempt(&run, &leaf).await.expect("reading"), None);

    store.note(&attempt(1)).await.expect("noting");
    store.note(&attempt(2)).await.expect("noting");

    assert_eq!(store.attempt(&run, &leaf).await.expect("reading"), Some(attempt(2)));
    assert_eq!(store.attempt(&run_id(seed, 11), &leaf).await.expect("reading"), None, "another run");
}
