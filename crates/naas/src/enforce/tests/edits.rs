//! What somebody changes by hand while naas is at work on the switch.

use super::*;

const EDITED: &str = "hostname changed-by-hand\n";

fn is_known(site: &Site) -> bool {
    site.store.records.lock().unwrap().values().next().unwrap().0.in_sync.is_some()
}

/// A check of leaf1 was accepted as a run of its own, and is queued.
fn assert_a_check_follows(site: &Site) {
    let slices = site.store.slices.lock().unwrap();
    let [check] = slices.as_slice() else { panic!("{slices:?}") };
    assert_eq!((check.task.mode, check.devices[0].as_ref(), check.attempt), (Mode::Check, "leaf1", 0));
    let run = site.store.runs.lock().unwrap()[&check.task.run].clone();
    assert_eq!((run.task.mode, run.task.by.as_deref()), (Mode::Check, Some("naas, after run 20261123-201530-000007")));
    assert!(site.outcome("leaf1").error.unwrap().contains(&format!("run {} checks", check.task.run)));
}

#[tokio::test]
async fn an_edit_saved_with_a_commit_has_its_own_status_and_a_check() {
    let site = Site::usual();
    site.switches.run_before("leaf1", SwitchCall::Confirm, EDITED);

    site.enforce("apply", &["leaf1"]).await;

    let outcome = site.outcome("leaf1");
    assert_eq!((outcome.status, outcome.switch), (Status::EditedMeanwhile, SwitchState::Saved));
    assert!(outcome.error.unwrap().contains("their change may have been saved with it"));
    assert!(!is_known(&site), "the digest of an edit stands for nothing");
    assert_a_check_follows(&site);
}

#[tokio::test]
async fn an_edit_is_told_when_the_answer_of_the_commit_was_lost() {
    let site = Site::usual();
    site.switches.lose_answer("leaf1", SwitchCall::Commit, SwitchState::Reverting);
    site.switches.run_before("leaf1", SwitchCall::Confirm, EDITED);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(site.outcome("leaf1").status, Status::EditedMeanwhile);
    assert!(!is_known(&site), "the digest of an edit stands for nothing");
}

#[tokio::test]
async fn an_edit_is_told_though_no_comparison_is_answered() {
    let site = Site::usual();
    site.switches.lose_answer("leaf1", SwitchCall::Commit, SwitchState::Reverting);
    site.switches.run_before("leaf1", SwitchCall::Confirm, EDITED);
    site.switches.fail("leaf1", SwitchCall::Abort, SwitchFault::Unreachable, SwitchState::Unchanged);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(site.outcome("leaf1").status, Status::EditedMeanwhile);
}

#[tokio::test]
async fn a_comparison_without_an_answer_is_made_again() {
    let site = Site::usual();
    site.switches.lose_answer("leaf1", SwitchCall::Commit, SwitchState::Reverting);
    site.switches.fail_once("leaf1", SwitchCall::Abort, SwitchFault::Unreachable, SwitchState::Unchanged);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(site.outcome("leaf1").status, Status::Changed);
    assert!(is_known(&site));
}

#[tokio::test]
async fn the_check_after_an_edit_finds_it() {
    let site = Site::usual();
    site.switches.run_before("leaf1", SwitchCall::Confirm, EDITED);
    site.enforce("apply", &["leaf1"]).await;
    let check = site.store.slices.lock().unwrap()[0].clone();

    site.receive(&check.to_message(), Delivery::First).await.unwrap();

    let outcomes = site.store.outcomes.lock().unwrap();
    let found = &outcomes[&(check.task.run, check.devices[0].clone())];
    assert_eq!(found.status, Status::Drifted);
    assert!(found.diff.contains("-hostname changed-by-hand"), "{}", found.diff);
}

#[tokio::test]
async fn an_edit_saved_with_what_was_in_sync_is_told() {
    let site = Site::usual();
    site.enforce("apply", &["leaf1"]).await;
    let target = site.switches.running("leaf1");
    site.forget_outcomes();
    site.switches.run_unsaved("leaf1", &target);
    site.switches.run_before("leaf1", SwitchCall::Save, EDITED);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(site.outcome("leaf1").status, Status::EditedMeanwhile);
    assert_a_check_follows(&site);
}

#[tokio::test]
async fn an_edit_while_in_sync_was_compared_is_not_the_target() {
    for call in [SwitchCall::Stage, SwitchCall::Abort] {
        let site = Site::usual();
        site.enforce("apply", &["leaf1"]).await;
        let target = site.switches.running("leaf1");
        let site = Site::usual();
        site.switches.run("leaf1", if call == SwitchCall::Stage { EDITED } else { &target });
        site.switches.run_before("leaf1", call, if call == SwitchCall::Stage { &target } else { EDITED });

        site.enforce("check", &["leaf1"]).await;

        assert_eq!(site.outcome("leaf1").status, Status::InSync, "{call:?}");
        assert!(!is_known(&site), "{call:?}: the digest moved");
    }
}

#[tokio::test]
async fn a_check_that_cannot_be_queued_brings_the_device_again() {
    let site = Site::usual();
    site.switches.run_before("leaf1", SwitchCall::Confirm, EDITED);
    site.store.fail("create", StoreFault::Unavailable);

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(site.outcome_if_any("leaf1"), None);
    assert_eq!(site.store.slices.lock().unwrap()[0].attempt, 1);
}
