//! Ten thousand histories, and what shows that they would have found something.

use std::sync::Mutex;

use simulation::{Sabotage, play, play_all, play_with_log};

/// Within so many histories each sabotage is found.
const SOON: u64 = 1_500;

#[test]
fn ten_thousand_histories_keep_the_invariants() {
    let broken = Mutex::new(Vec::new());

    let tally = play_all(0..10_000, None, |history| {
        broken.lock().unwrap().extend(history.violations.first().map(|first| (history.seed, first.clone())));
    });

    if let Some((seed, first)) = broken.into_inner().unwrap().into_iter().min_by_key(|(seed, _)| *seed) {
        panic!("{}: {}\n\n    cargo run -p simulation -- --seed {seed}\n", first.invariant, first.what);
    }
    for (what, least) in [
        ("killed somewhere", 5_000),
        ("messages that came too often", 3),
        ("devices parked", 1_000),
        ("webhooks", 10_000),
        ("plans applied", 200),
        ("redrives", 500),
        ("changed", 10_000),
        ("in_sync", 10_000),
        ("not_saved", 50),
        ("reverted", 500),
        ("planned", 1_000),
        ("drifted", 500),
        ("superseded", 1_000),
        ("cancelled", 100),
        ("edits during a trial", 1_000),
        ("restores asked for", 300),
        ("edited_meanwhile", 1_000),
        ("pushes cut off in their work", 50),
        ("invalid", 1_000),
        ("refused", 500),
        ("unreachable", 500),
        ("denied", 100),
        ("unknown", 100),
    ] {
        assert!(tally.of(what) >= least, "{what} happened only {} times:\n{tally}", tally.of(what));
    }
}

#[test]
fn a_seed_is_the_same_history_each_time() {
    for seed in 0..20 {
        let once = play_with_log(seed, None);
        let again = play_with_log(seed, None);
        assert_eq!(once, again, "seed {seed}");
        assert!(once.log.len() > 20, "{:?}", once.log);
    }
}

#[test]
fn each_sabotage_is_caught_by_the_invariant_that_it_breaks() {
    for sabotage in Sabotage::ALL {
        let broken = (0..SOON).find(|seed| {
            let violations = play(*seed, Some(sabotage)).violations;
            violations.iter().any(|violation| violation.invariant == sabotage.breaks())
        });

        assert!(broken.is_some(), "{sabotage:?} was not caught in {SOON} histories by {}", sabotage.breaks());
    }
}
