//! What a restore does with the history of a device and with its pin, and what a kill leaves of both.

use intent::hash::ContentHash;
use serde_json::json;

use super::history::leaf;
use super::waiting::hold;
use super::*;
use crate::records::device_state::{DeviceRecord, Pin};

#[tokio::test]
async fn a_restore_pins_the_device_to_the_bytes_until_unpinned() {
    let site = Site::usual();
    let first = site.push("alias A one").await;
    let bytes = site.switches.running("leaf1");
    let second = site.push("alias A two").await;

    let restored = site.restore(&first).await;
    let after_restore = site.switches.running("leaf1");
    let webhook = site.apply().await;
    site.switches.run("leaf1", "hostname by-hand\n");
    let check = site.run("check", json!({})).await.unwrap();
    let put_right = site.apply().await;

    assert_eq!((restored.status, &after_restore), (Status::Changed, &bytes));
    assert_eq!((webhook.status, webhook.pinned.as_ref()), (Status::InSync, Some(&first)), "the chain ends");
    assert_eq!((check.status, check.pinned.as_ref()), (Status::Drifted, Some(&first)));
    assert_eq!((put_right.status, site.switches.running("leaf1")), (Status::Changed, bytes));
    let pin = site.record().pinned.unwrap();
    assert_eq!((pin.configuration, pin.run, pin.by.as_deref()), (first, restored.run, Some("ana@noc")));

    lease::unpin(&&site.store, &site.clock, &leaf()).await.unwrap();
    let released = site.apply().await;

    assert_eq!((released.status, released.pinned), (Status::Changed, None));
    assert_eq!(ContentHash::of(&site.switches.running("leaf1")), second);
}

#[tokio::test]
async fn a_restored_configuration_names_the_models_it_came_from() {
    let site = Site::usual();
    let first = site.push("alias A one").await;
    let models = site.newest().await.models;
    site.push("alias A two").await;

    site.restore(&first).await;

    let newest = site.newest().await;
    assert_eq!((&newest.configuration, newest.by.as_deref(), &newest.models), (&first, Some("ana@noc"), &models));
    assert!(!newest.parts.is_empty() && newest.diff.contains("+alias A one"));
}

#[tokio::test]
async fn a_restore_does_not_wait_for_models_that_are_broken() {
    for broken in [vec![("m.yaml", "name: [")], vec![MODEL, ("t.tera", "{% endfor %}")]] {
        let site = Site::usual();
        let runs = site.push("interface Management1\n   ip address 192.0.2.1/24").await;
        site.switches.run("leaf1", "hostname by-hand\n");
        site.store.set_models(&broken);

        let restored = site.restore(&runs).await;

        assert_eq!(restored.status, Status::Changed, "{restored:?}");
        assert_eq!(ContentHash::of(&site.switches.running("leaf1")), runs);
    }
}

#[tokio::test]
async fn a_configuration_that_locks_naas_out_is_not_restored() {
    let site = Site::usual();
    let first = site.push("alias A one").await;
    // Without this model nobody allows any more that there is no management address.
    site.store.set_models(&[("m.yaml", "{name: m, group: global, template: t.tera}"), TEMPLATE]);

    let refused = site.restore(&first).await;

    assert_eq!((refused.status, site.pinned()), (Status::Invalid, None));
    let said = refused.error.unwrap();
    assert!(said.contains("ran before, but now it would lock naas out of the device: no interface"), "{said}");
    assert!(said.contains("allow it in a model, with the reason"), "{said}");
}

#[tokio::test]
async fn a_restore_that_came_to_nothing_leaves_the_hold_as_it_was() {
    for (verb, fault, state, stays) in [
        (SwitchCall::Stage, SwitchFault::Refused, SwitchState::Unchanged, false),
        (SwitchCall::Status, SwitchFault::Denied, SwitchState::Unchanged, false),
        (SwitchCall::Confirm, SwitchFault::Refused, SwitchState::Reverting, false),
        (SwitchCall::Confirm, SwitchFault::Refused, SwitchState::NotSaved, true),
        (SwitchCall::Confirm, SwitchFault::Denied, SwitchState::Unknown, true),
    ] {
        let site = Site::usual();
        let first = site.push("alias A one").await;
        let second = site.push("alias A two").await;
        site.push("alias A three").await;
        site.restore(&first).await;
        site.switches.fail("leaf1", verb, fault, state.clone());

        let outcome = site.restore(&second).await;

        let expected = if stays { &second } else { &first };
        assert_eq!((site.pinned().as_ref(), outcome.pinned.as_ref()), (Some(expected), Some(expected)), "{state:?}");
    }
}

#[tokio::test]
async fn a_restore_pins_only_when_it_gets_through() {
    let site = Site::usual();
    let first = site.push("alias A one").await;
    site.push("alias A two").await;
    site.switches.fail("leaf1", SwitchCall::Status, SwitchFault::Unreachable, SwitchState::NotContacted);
    let away = site.run("apply", json!({"restore": first})).await;
    let pinned_meanwhile = site.pinned();
    site.switches.mend();
    let again = site.store.slices.lock().unwrap()[0].to_message();

    site.receive(&again, Delivery::First).await.unwrap();

    assert_eq!((away, pinned_meanwhile), (None, None));
    assert_eq!(site.pinned().as_ref(), Some(&first));
    assert_eq!(ContentHash::of(&site.switches.running("leaf1")), first);
}

#[tokio::test]
async fn whoever_comes_after_a_restore_that_died_finds_the_hold() {
    let site = Site::usual();
    let first = site.push("alias A one").await;
    let bytes = site.switches.running("leaf1");
    site.push("alias A two").await;
    // As an enforcer leaves it that dies right after the switch has saved: held, and without an
    // outcome.
    let dead = RunId::new(site.clock.now(), 0xdead);
    let pin = Pin { configuration: first.clone(), run: dead.clone(), at: site.clock.now(), repeats: None, by: None };
    site.store.records.lock().unwrap().get_mut(&leaf()).unwrap().0.pinned = Some(pin);
    site.switches.run("leaf1", &bytes);

    let webhook = site.apply().await;
    site.switches.fail("leaf1", SwitchCall::Status, SwitchFault::Denied, SwitchState::Unchanged);
    let again = site.run_as(&dead, "apply", json!({"restore": first})).await.unwrap();

    assert_eq!((webhook.status, webhook.pinned.as_ref()), (Status::InSync, Some(&first)));
    assert_eq!(again.status, Status::Denied);
    assert_eq!(
        site.pinned(),
        Some(first.clone()),
        "what an attempt that died has set, one that fails does not take back"
    );
    assert_eq!(site.entries().await[0].configuration, first);
}

#[tokio::test]
async fn a_late_restore_does_not_undo_a_newer_one() {
    let site = Site::usual();
    let first = site.push("alias A one").await;
    let second = site.push("alias A two").await;
    let late = RunId::new(site.clock.now(), 7);
    site.clock.advance(SignedDuration::from_secs(1));
    let newer = site.restore(&second).await;

    let outcome = site.run_as(&late, "apply", json!({"restore": first})).await.unwrap();

    assert_eq!((outcome.status, outcome.superseded_by), (Status::Superseded, Some(newer.run)));
    assert_eq!((site.pinned().as_ref(), outcome.pinned.as_ref()), (Some(&second), Some(&second)));
}

#[tokio::test]
async fn a_restore_does_not_pin_again_what_was_unpinned_since() {
    let site = Site::usual();
    let first = site.push("alias A one").await;
    site.push("alias A two").await;
    let restored = site.restore(&first).await;
    let late = RunId::new(site.clock.now(), 7);
    site.clock.advance(SignedDuration::from_secs(1));
    lease::unpin(&&site.store, &site.clock, &leaf()).await.unwrap();
    let applied = site.apply().await;

    let outcome = site.run_as(&late, "apply", json!({"restore": first})).await.unwrap();

    assert_eq!((restored.status, applied.status), (Status::Changed, Status::Changed));
    assert_eq!((outcome.status, outcome.switch, site.pinned()), (Status::Cancelled, SwitchState::NotContacted, None));
    assert!(outcome.error.unwrap().contains("the device was unpinned at"));
    assert!(site.switches.running("leaf1").contains("alias A two"));
    let asked_again = site.restore(&first).await;
    assert_eq!((asked_again.status, site.pinned()), (Status::Changed, Some(first)));
}

#[tokio::test]
async fn a_redriven_restore_does_not_overtake_a_later_one() {
    let site = Site::usual();
    let first = site.push("alias A one").await;
    let second = site.push("alias A two").await;
    let parked = RunId::new(site.clock.now(), 7);
    site.clock.advance(SignedDuration::from_secs(1));
    let later = site.restore(&second).await;

    let redriven = site.run("apply", json!({"restore": first, "repeats": parked})).await.unwrap();

    assert_eq!((redriven.status, redriven.superseded_by), (Status::Superseded, Some(later.run)));
    assert_eq!(site.pinned(), Some(second));
}

#[tokio::test]
async fn a_later_restore_overtakes_a_redriven_one() {
    let site = Site::usual();
    let first = site.push("alias A one").await;
    let second = site.push("alias A two").await;
    let parked = RunId::new(site.clock.now(), 7);
    site.clock.advance(SignedDuration::from_secs(1));
    let later = RunId::new(site.clock.now(), 8);
    site.clock.advance(SignedDuration::from_hours(1));

    site.run("apply", json!({"restore": first, "repeats": parked})).await.unwrap();
    let outcome = site.run_as(&later, "apply", json!({"restore": second})).await.unwrap();

    assert_eq!((outcome.status, site.pinned()), (Status::Changed, Some(second)));
}

#[tokio::test]
async fn a_restore_is_left_to_nobody_who_waits() {
    let site = Site::usual();
    let first = site.push("alias A one").await;
    site.clock.advance(SignedDuration::from_hours(1));
    hold(&site, 1).await;
    hold(&site, 2).await;

    let outcome = site.run("apply", json!({"restore": first})).await;

    assert_eq!(outcome, None);
    assert_eq!(site.store.slices.lock().unwrap()[0].waits, 1, "it waits for its turn");
}

#[tokio::test]
async fn a_plan_of_a_restore_holds_nothing_and_its_apply_does() {
    let site = Site::usual();
    let first = site.push("alias A one").await;
    site.push("alias A two").await;

    let plan = site.run("plan", json!({"restore": first})).await.unwrap();
    let pinned_by_plan = site.pinned();
    let applied = site.run("apply", json!({"restore": first, "plan": plan.run})).await.unwrap();

    assert_eq!((plan.status, pinned_by_plan), (Status::Planned, None));
    assert!(plan.diff.contains("+alias A one"), "{}", plan.diff);
    assert_eq!((applied.status, site.pinned()), (Status::Changed, Some(first)));
}

#[tokio::test]
async fn a_plan_made_before_a_hold_is_refused_with_the_reason() {
    let site = Site::usual();
    let first = site.push("alias A one").await;
    site.push("alias A two").await;
    site.intend("alias A three");
    let plan = site.run("plan", json!({})).await.unwrap();
    site.restore(&first).await;

    let applied = site.run("apply", json!({"plan": plan.run})).await.unwrap();

    assert_eq!(applied.status, Status::Refused);
    assert!(applied.error.unwrap().contains("or it was pinned or unpinned"));
    assert_eq!(ContentHash::of(&site.switches.running("leaf1")), first);
}

#[tokio::test]
async fn a_text_that_is_gone_or_was_edited_is_not_pushed() {
    for edited in [None, Some("hostname edited\n")] {
        let site = Site::usual();
        let first = site.push("alias A one").await;
        site.push("alias A two").await;
        let running = site.switches.running("leaf1");
        let key = (leaf(), first.clone());
        match edited {
            None => drop(site.store.texts.lock().unwrap().remove(&key)),
            Some(text) => drop(site.store.texts.lock().unwrap().insert(key, text.to_owned())),
        }

        let outcome = site.restore(&first).await;

        assert_eq!(outcome.status, Status::Invalid);
        assert!(outcome.error.as_deref().unwrap().contains(first.as_ref()), "{outcome:?}");
        assert_eq!((site.switches.running("leaf1"), site.pinned()), (running, None));
    }
}

#[tokio::test]
async fn a_hold_that_is_ended_during_the_push_stays_ended() {
    let (store, clock) = (FakeStore::default(), FakeClock::default());
    let terms = Terms { work_until: clock.now(), clock_skew: SignedDuration::from_mins(5) };
    let request =
        LeaseRequest { run: RunId::new(clock.now(), 1), mode: Mode::Apply, exclusive: true, token: Token::new(1) };
    let pin = |run: u64| Pin {
        configuration: ContentHash::of(&run.to_string()),
        run: RunId::new(clock.now(), run),
        at: clock.now(),
        repeats: None,
        by: None,
    };
    let before = DeviceRecord { pinned: Some(pin(7)), ..DeviceRecord::default() };
    (&store).replace_device_record(&leaf(), &before, None).await.unwrap();
    let Acquired::Held(mut held) = lease::acquire(&&store, &clock, &leaf(), &request, &terms).await.unwrap() else {
        panic!("it is free")
    };

    lease::pin(&&store, &clock, &mut held, pin(1)).await.unwrap();
    let meanwhile = store.records.lock().unwrap()[&leaf()].0.pinned.clone();
    lease::unpin(&&store, &clock, &leaf()).await.unwrap();
    let result = lease::WorkResult { undo_pin: true, ..lease::WorkResult::default() };
    lease::release(&&store, &clock, *held, result).await.unwrap();

    assert_eq!(meanwhile, Some(pin(1)));
    let record = store.records.lock().unwrap()[&leaf()].0.clone();
    assert_eq!((record.lease, record.pinned), (None, None));
}
