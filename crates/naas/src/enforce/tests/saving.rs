//! What is not saved: a reload would undo it, so it is saved by an apply and reported by a plan or
//! check.

use super::*;

/// A site whose `leaf1` runs its target configuration, known or not, and unsaved.
async fn unsaved_site(is_known: bool) -> Site {
    let site = Site::usual();
    site.enforce("apply", &["leaf1"]).await;
    let target = site.switches.running("leaf1");
    let site = if is_known { site } else { Site::usual() };
    site.forget_outcomes();
    site.switches.run_unsaved("leaf1", &target);
    site.calls();
    site
}

#[tokio::test]
async fn an_apply_saves_what_is_in_sync_and_unsaved() {
    for is_known in [true, false] {
        let site = unsaved_site(is_known).await;

        site.enforce("apply", &["leaf1"]).await;

        let outcome = site.outcome("leaf1");
        assert_eq!((outcome.status, outcome.switch), (Status::InSync, SwitchState::Saved), "{is_known}");
        assert!(!site.switches.is_unsaved("leaf1"), "{is_known}");
        assert_eq!(site.calls().last(), Some(&SwitchCall::Save));
    }
}

#[tokio::test]
async fn a_plan_or_check_reports_what_a_reload_would_undo() {
    for mode in ["plan", "check"] {
        for is_known in [true, false] {
            let site = unsaved_site(is_known).await;

            site.enforce(mode, &["leaf1"]).await;

            let outcome = site.outcome("leaf1");
            assert_eq!(
                (outcome.status, outcome.switch),
                (Status::NotSaved, SwitchState::NotSaved),
                "{mode} {is_known}"
            );
            assert!(outcome.error.unwrap().contains("which a reload brings back; an apply saves it"));
            assert!(site.switches.is_unsaved("leaf1") && !site.calls().contains(&SwitchCall::Save), "{mode}");
        }
    }
}

#[tokio::test]
async fn what_was_found_unsaved_is_in_the_history_only_once() {
    let site = unsaved_site(false).await;

    for _ in 0..2 {
        site.enforce("check", &["leaf1"]).await;
        site.forget_outcomes();
    }

    assert_eq!(site.store.revisions.lock().unwrap().len(), 1);
}
