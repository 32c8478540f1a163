//! Leases as the enforcer meets them: who works, who waits, who is left to whom, and what becomes
//! of it all.

use super::*;

/// Holds the device for another run.
pub(super) async fn hold(site: &Site, number: u64) {
    let clock = &site.clock;
    let run = RunId::new(clock.now(), number);
    let request =
        LeaseRequest { run, mode: Mode::Apply, exclusive: false, token: Token::new(u128::from(1_000 + number)) };
    let terms = Terms { work_until: clock.now(), clock_skew: SignedDuration::from_mins(5) };
    let device = DeviceName::new("leaf1").unwrap();
    let acquired = lease::acquire(&&site.store, clock, &device, &request, &terms).await.unwrap();
    assert!(matches!(acquired, Acquired::Held(_) | Acquired::Busy(_)));
}

/// Another run works on leaf1 and gives it back.
async fn hold_and_end(site: &Site, number: u64, status: Status) {
    let (run, now) = (RunId::new(site.clock.now(), number), site.clock.now());
    let request =
        LeaseRequest { run: run.clone(), mode: Mode::Apply, exclusive: false, token: Token::new(number.into()) };
    let terms = Terms { work_until: now, clock_skew: SignedDuration::ZERO };
    let leaf1 = DeviceName::new("leaf1").unwrap();
    let Acquired::Held(held) = lease::acquire(&&site.store, &site.clock, &leaf1, &request, &terms).await.unwrap()
    else {
        panic!("nobody else holds it");
    };
    let last = Last { run, mode: Mode::Apply, status, at: now };
    lease::release(&&site.store, &site.clock, *held, WorkResult { last: Some(last), ..WorkResult::default() })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_device_that_another_run_works_on_is_waited_for() {
    let site = Site::usual();
    hold(&site, 1).await;

    site.enforce("apply", &["leaf1", "leaf2"]).await;

    assert_eq!(site.outcome("leaf2").status, Status::Changed);
    assert!(site.switches.take_calls().iter().all(|(device, _)| device == "leaf2"));
    let again = site.store.slices.lock().unwrap()[0].clone();
    assert_eq!((again.devices[0].as_ref(), again.attempt, again.waits), ("leaf1", 0, 1));
}

#[tokio::test]
async fn a_device_that_somebody_waits_for_is_left_to_them() {
    let site = Site::usual();
    hold(&site, 1).await;
    hold(&site, 2).await;

    site.enforce("apply", &["leaf1"]).await;

    let outcome = site.outcome("leaf1");
    assert_eq!((outcome.status, outcome.switch), (Status::Superseded, SwitchState::NotContacted));
    assert_eq!(outcome.superseded_by, Some(RunId::new(FakeClock::default().now(), 2)));
}

#[tokio::test]
async fn a_waiting_run_does_what_was_left_to_it_though_done() {
    let site = Site::usual();
    site.enforce("apply", &["leaf1"]).await;
    site.clock.advance(lease::SETTLE);
    hold(&site, 1).await;
    // The slice came twice: its run has an outcome, and waits once more.
    site.enforce("apply", &["leaf1"]).await;
    let again = site.store.slices.lock().unwrap()[0].to_message();
    let later = RunId::new(site.clock.now(), 9).to_string();
    site.store.set_models(&[MODEL, ("t.tera", &TEMPLATE.1.replace("hostname", "hostname new-"))]);
    site.receive(&message_with("apply", &["leaf1"], serde_json::json!({"run": later})), Delivery::First).await.unwrap();
    site.clock.advance(SignedDuration::from_mins(12));

    site.receive(&again, Delivery::First).await.unwrap();

    let outcomes = site.store.outcomes.lock().unwrap();
    assert_eq!(outcomes.values().map(|it| it.status).collect::<Vec<_>>(), [Status::Changed, Status::Superseded]);
    assert!(site.switches.running("leaf1").starts_with("hostname new- leaf1"));
    assert_eq!(site.store.records.lock().unwrap().values().next().unwrap().0.waiting, None);
}

#[tokio::test]
async fn a_plan_or_check_that_came_to_nothing_is_not_parked() {
    for mode in ["plan", "check"] {
        let site = Site::usual();
        hold(&site, 1).await;

        let last = message_with(mode, &["leaf1"], serde_json::json!({"waits": 128}));
        site.receive(&last, Delivery::First).await.unwrap();

        assert_eq!(site.outcome("leaf1").status, Status::Refused, "{mode}");
        assert!(site.store.parked.lock().unwrap().is_empty(), "{mode}");
    }
}

#[tokio::test]
async fn a_run_that_waited_in_vain_is_parked_and_withdraws() {
    let site = Site::usual();
    hold(&site, 1).await;

    let last = message_with("apply", &["leaf1"], serde_json::json!({"waits": 128}));
    site.receive(&last, Delivery::First).await.unwrap();

    assert_eq!(site.outcome("leaf1").status, Status::Refused);
    assert!(
        site.store.parked.lock().unwrap()[0]
            .1
            .contains("is at work on it, as each of the 128 times that its turn came")
    );
    let records = site.store.records.lock().unwrap();
    assert_eq!(records.values().next().unwrap().0.waiting, None);
}

#[tokio::test]
async fn models_are_read_after_the_lease_is_held() {
    let site = Site::usual();
    site.store.fail("lease", StoreFault::Unavailable);
    site.enforce("apply", &["leaf1"]).await;
    site.store.mend();
    site.store.set_models(&[MODEL, ("t.tera", &TEMPLATE.1.replace("leaf", "l"))]);
    let again = site.store.slices.lock().unwrap()[0].to_message();

    site.receive(&again, Delivery::First).await.unwrap();

    assert_eq!(site.outcome("leaf1").status, Status::Changed);
    assert!(site.switches.running("leaf1").starts_with("hostname leaf1\n"));
}

#[tokio::test]
async fn the_lease_is_given_back_however_the_work_ended() {
    for fault in [None, Some(SwitchFault::Denied), Some(SwitchFault::Unreachable)] {
        let site = Site::usual();
        if let Some(fault) = fault {
            site.switches.fail("leaf1", SwitchCall::Stage, fault, SwitchState::Unchanged);
        }

        site.enforce("apply", &["leaf1"]).await;

        let records = site.store.records.lock().unwrap();
        assert_eq!(records.values().next().unwrap().0.lease, None, "{fault:?}");
    }
}

#[tokio::test]
async fn devices_there_is_no_time_for_are_put_back_untouched() {
    let site = Site::usual();
    let enforcer = site.enforcer();
    // Enough for one push, and none for a second: the first one uses its timer up.
    site.switches.fail("leaf1", SwitchCall::Confirm, SwitchFault::Unreachable, SwitchState::Reverting);
    let enforcer = Enforcer { limits: Limits { concurrency: NonZeroUsize::MIN, ..enforcer.limits }, ..enforcer };

    let deadline = site.clock.now() + SignedDuration::from_mins(4);
    enforcer.receive(&message("apply", &["leaf1", "leaf2"]), Delivery::First, deadline).await.unwrap();

    assert!(site.switches.take_calls().iter().all(|(device, _)| device == "leaf1"));
    let again = site.store.slices.lock().unwrap()[0].clone();
    assert_eq!((again.devices[0].as_ref(), again.attempt, again.waits), ("leaf2", 0, 1), "every put-back is counted");
    assert_eq!(site.store.delays.lock().unwrap()[0], Duration::ZERO);
}

#[tokio::test]
async fn a_cancelled_run_leaves_the_rest_alone() {
    let site = Site::usual();
    let clock = FakeClock::default();
    (&site.store).cancel(&RunId::parse(RUN).unwrap(), clock.now()).await.unwrap();

    site.enforce("apply", &["leaf1"]).await;

    assert_eq!(site.outcome("leaf1").status, Status::Cancelled);
    assert!(site.calls().is_empty());
}

#[tokio::test]
async fn a_cancelled_run_that_others_were_left_to_does_its_work() {
    let site = Site::usual();
    let waiting = RunId::parse(RUN).unwrap();
    let mut record = DeviceRecord::default();
    let until = FakeClock::default().now() + SignedDuration::from_mins(30);
    record.waiting = Some(Waiting { run: waiting.clone(), mode: Mode::Apply, until, has_followers: true });
    let leaf1 = DeviceName::new("leaf1").unwrap();
    (&site.store).replace_device_record(&leaf1, &record, None).await.unwrap();
    (&site.store).cancel(&waiting, until).await.unwrap();

    site.enforce("apply", &["leaf1", "leaf2"]).await;

    assert_eq!(site.outcome("leaf1").status, Status::Changed);
    assert_eq!(site.outcome("leaf2").status, Status::Cancelled);
}

#[tokio::test]
async fn what_was_just_done_is_done_again_after_a_moment() {
    let site = Site::usual();
    hold_and_end(&site, 1, Status::Changed).await;

    site.enforce("apply", &["leaf1"]).await;

    let again = site.store.slices.lock().unwrap()[0].clone();
    assert_eq!((again.attempt, again.waits), (0, 1));
    assert_eq!(site.store.delays.lock().unwrap()[0], lease::SETTLE.unsigned_abs());
    assert!(site.calls().is_empty());
}
