use proptest::prelude::*;

use super::*;
use crate::fakes::{FakeClock, FakeStore};
use crate::records::outcome::Status;

fn run(number: u64) -> RunId {
    RunId::new("2026-11-23T20:15:30Z".parse().unwrap(), number)
}

fn request(number: u64, mode: Mode) -> LeaseRequest {
    LeaseRequest { run: run(number), mode, exclusive: false, token: Token::new(number.into()) }
}

fn terms(clock: &FakeClock) -> Terms {
    Terms { work_until: clock.now() + SignedDuration::from_mins(5), clock_skew: SignedDuration::from_mins(5) }
}

fn leaf() -> DeviceName {
    DeviceName::new("leaf1").unwrap()
}

async fn ask_for(store: &FakeStore, clock: &FakeClock, request: &LeaseRequest) -> Acquired {
    acquire(&store, clock, &leaf(), request, &terms(clock)).await.unwrap()
}

async fn hold(store: &FakeStore, clock: &FakeClock, number: u64) -> HeldLease {
    match ask_for(store, clock, &request(number, Mode::Apply)).await {
        Acquired::Held(held) => *held,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_run_works_one_waits_and_the_others_follow_it() {
    let (store, clock) = (FakeStore::default(), FakeClock::default());
    let _held = hold(&store, &clock, 1).await;

    let second = ask_for(&store, &clock, &request(2, Mode::Apply)).await;
    let third = ask_for(&store, &clock, &request(3, Mode::Apply)).await;
    let check = ask_for(&store, &clock, &request(4, Mode::Check)).await;
    let plan = ask_for(&store, &clock, &request(5, Mode::Plan)).await;

    assert!(matches!(second, Acquired::Busy(by) if by == run(1)));
    assert!(matches!(third, Acquired::Superseded(by) if by == run(2)));
    assert!(matches!(check, Acquired::Superseded(by) if by == run(2)), "an apply does what a check does");
    assert!(matches!(plan, Acquired::Busy(_)), "and not what a plan does");
}

#[tokio::test]
async fn newcomers_follow_the_waiting_run_on_a_free_device_too() {
    let (store, clock) = (FakeStore::default(), FakeClock::default());
    let held = hold(&store, &clock, 1).await;
    ask_for(&store, &clock, &request(2, Mode::Apply)).await;
    release(&&store, &clock, held, WorkResult::default()).await.unwrap();

    let third = ask_for(&store, &clock, &request(3, Mode::Apply)).await;
    let second = ask_for(&store, &clock, &request(2, Mode::Apply)).await;

    assert!(matches!(third, Acquired::Superseded(by) if by == run(2)));
    assert!(matches!(second, Acquired::Held(_)));
}

#[tokio::test]
async fn a_slice_delivered_twice_is_not_superseded_by_its_waiters() {
    let (store, clock) = (FakeStore::default(), FakeClock::default());
    let _held = hold(&store, &clock, 1).await;
    ask_for(&store, &clock, &request(2, Mode::Apply)).await;

    let twin = LeaseRequest { token: Token::new(99), ..request(1, Mode::Apply) };

    assert!(matches!(ask_for(&store, &clock, &twin).await, Acquired::Busy(_)));
}

#[tokio::test]
async fn nobody_is_left_to_a_run_that_applies_a_plan() {
    let (store, clock) = (FakeStore::default(), FakeClock::default());
    let _held = hold(&store, &clock, 1).await;

    ask_for(&store, &clock, &LeaseRequest { exclusive: true, ..request(2, Mode::Apply) }).await;
    let third = ask_for(&store, &clock, &request(3, Mode::Apply)).await;
    let bound = ask_for(&store, &clock, &LeaseRequest { exclusive: true, ..request(4, Mode::Apply) }).await;

    assert!(matches!(third, Acquired::Busy(_)));
    assert!(matches!(bound, Acquired::Busy(_)), "and it is left to nobody");
}

#[tokio::test]
async fn a_run_with_followers_knows_it_even_after_a_crash() {
    let (store, clock) = (FakeStore::default(), FakeClock::default());
    let held = hold(&store, &clock, 1).await;
    ask_for(&store, &clock, &request(2, Mode::Apply)).await;
    ask_for(&store, &clock, &request(3, Mode::Apply)).await;
    release(&&store, &clock, held, WorkResult::default()).await.unwrap();

    let crashed = hold(&store, &clock, 2).await;
    clock.advance(SignedDuration::from_hours(1));
    let twin = LeaseRequest { token: Token::new(99), ..request(2, Mode::Apply) };
    let Acquired::Held(again) = ask_for(&store, &clock, &twin).await else { panic!("the lease has ended") };

    assert!(crashed.record().has_followers() && again.record().has_followers());
}

/// A device for which run 2 waits, with run 3 as its follower, and does not come.
async fn abandoned(store: &FakeStore, clock: &FakeClock) {
    let held = hold(store, clock, 1).await;
    ask_for(store, clock, &request(2, Mode::Apply)).await;
    ask_for(store, clock, &request(3, Mode::Apply)).await;
    release(&store, clock, held, WorkResult::default()).await.unwrap();
    clock.advance(SignedDuration::from_hours(1));
}

#[tokio::test]
async fn the_followers_of_a_dead_run_are_taken_over() {
    let (store, clock) = (FakeStore::default(), FakeClock::default());
    abandoned(&store, &clock).await;

    let held = hold(&store, &clock, 4).await;

    assert!(held.record().has_followers());
    assert_eq!(held.record().waiting, None);
}

#[tokio::test]
async fn a_run_that_waits_takes_over_followers_too() {
    let (store, clock) = (FakeStore::default(), FakeClock::default());
    abandoned(&store, &clock).await;
    let plan = ask_for(&store, &clock, &request(4, Mode::Plan)).await;
    assert!(matches!(plan, Acquired::Held(_)));

    ask_for(&store, &clock, &request(5, Mode::Apply)).await;

    let waiting = store.records.lock().unwrap()[&leaf()].0.waiting.clone().unwrap();
    assert_eq!((waiting.run, waiting.has_followers), (run(5), true));
}

#[tokio::test]
async fn other_work_leaves_the_followers_of_a_dead_run_noted() {
    let (store, clock) = (FakeStore::default(), FakeClock::default());
    abandoned(&store, &clock).await;
    let Acquired::Held(plan) = ask_for(&store, &clock, &request(4, Mode::Plan)).await else { panic!("it is free") };

    let waits = ask_for(&store, &clock, &request(5, Mode::Plan)).await;
    release(&&store, &clock, *plan, WorkResult::default()).await.unwrap();
    let late = hold(&store, &clock, 2).await;

    assert!(matches!(waits, Acquired::Busy(_)));
    assert!(late.record().has_followers(), "so that it does its work even if it was cancelled meanwhile");
}

#[tokio::test]
async fn a_run_that_nobody_was_left_to_has_no_followers() {
    let (store, clock) = (FakeStore::default(), FakeClock::default());
    let held = hold(&store, &clock, 1).await;
    ask_for(&store, &clock, &request(2, Mode::Apply)).await;
    release(&&store, &clock, held, WorkResult::default()).await.unwrap();

    assert!(!hold(&store, &clock, 2).await.record().has_followers());
}

fn ended(clock: &FakeClock, mode: Mode, status: Status) -> WorkResult {
    let last = Last { run: run(1), mode, status, at: clock.now() };
    WorkResult { last: Some(last), ..WorkResult::default() }
}

#[tokio::test]
async fn a_thousand_equal_requests_cost_one_more_turn() {
    let (store, clock) = (FakeStore::default(), FakeClock::default());
    let held = hold(&store, &clock, 1).await;
    release(&&store, &clock, held, ended(&clock, Mode::Apply, Status::Changed)).await.unwrap();

    let second = ask_for(&store, &clock, &request(2, Mode::Apply)).await;
    let mut others = Vec::new();
    for number in 3..1_000 {
        others.push(ask_for(&store, &clock, &request(number, Mode::Apply)).await);
    }
    let turn = ask_for(&store, &clock, &request(2, Mode::Apply)).await;

    assert!(matches!(second, Acquired::Settling));
    assert!(others.iter().all(|other| matches!(other, Acquired::Superseded(by) if *by == run(2))));
    assert!(matches!(turn, Acquired::Held(_)));
}

#[tokio::test]
async fn only_a_fresh_successful_apply_is_left_to_settle() {
    for (mode, status, request, after, settles) in [
        (Mode::Apply, Status::InSync, request(2, Mode::Apply), 0, true),
        (Mode::Apply, Status::Changed, request(2, Mode::Apply), 2, true),
        (Mode::Apply, Status::Changed, request(2, Mode::Apply), 3, false),
        (Mode::Apply, Status::Changed, request(2, Mode::Apply), -60, false),
        (Mode::Apply, Status::Refused, request(2, Mode::Apply), 0, false),
        (Mode::Plan, Status::InSync, request(2, Mode::Apply), 0, false),
        (Mode::Apply, Status::Changed, request(2, Mode::Check), 0, false),
        (Mode::Apply, Status::Changed, LeaseRequest { exclusive: true, ..request(2, Mode::Apply) }, 0, false),
    ] {
        let (store, clock) = (FakeStore::default(), FakeClock::default());
        let held = hold(&store, &clock, 1).await;
        release(&&store, &clock, held, ended(&clock, mode, status)).await.unwrap();
        clock.advance(SignedDuration::from_secs(after));

        let asked = ask_for(&store, &clock, &request).await;

        assert_eq!(matches!(asked, Acquired::Settling), settles, "{mode} {status:?} {request:?} after {after} s");
    }
}

#[tokio::test]
async fn a_dead_holder_keeps_the_device_until_its_lease_ends() {
    let (store, clock) = (FakeStore::default(), FakeClock::default());
    let until = terms(&clock).until();
    let _dead = hold(&store, &clock, 1).await;

    clock.advance(until.duration_since(clock.now()) - SignedDuration::from_secs(1));
    let before = ask_for(&store, &clock, &request(2, Mode::Plan)).await;
    clock.advance(SignedDuration::from_secs(1));
    let after = ask_for(&store, &clock, &request(2, Mode::Plan)).await;

    assert!(matches!(before, Acquired::Busy(_)));
    assert!(matches!(after, Acquired::Held(_)));
}

#[tokio::test]
async fn no_run_is_left_to_one_that_withdrew() {
    let (store, clock) = (FakeStore::default(), FakeClock::default());
    let _held = hold(&store, &clock, 1).await;
    ask_for(&store, &clock, &request(2, Mode::Apply)).await;

    withdraw(&&store, &clock, &leaf(), &run(2)).await.unwrap();

    assert!(matches!(ask_for(&store, &clock, &request(3, Mode::Apply)).await, Acquired::Busy(_)));
}

#[tokio::test]
async fn giving_back_leaves_the_leases_of_others_alone() {
    let (store, clock) = (FakeStore::default(), FakeClock::default());
    let held = hold(&store, &clock, 1).await;
    ask_for(&store, &clock, &request(2, Mode::Apply)).await;
    let late = hold_late(&store, &clock, held).await;

    release(&&store, &clock, late, WorkResult::default()).await.unwrap();

    let record = store.records.lock().unwrap()[&leaf()].0.clone();
    assert_eq!(record.lease.map(|lease| lease.run), Some(run(2)), "the one that took over still holds it");
}

/// Lets the lease end and the run that waits take over; the late holder does not know.
async fn hold_late(store: &FakeStore, clock: &FakeClock, held: HeldLease) -> HeldLease {
    clock.advance(SignedDuration::from_hours(1));
    assert!(matches!(ask_for(store, clock, &request(2, Mode::Apply)).await, Acquired::Held(_)));
    held
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_an_error_and_no_lease() {
    let (store, clock) = (FakeStore::default(), FakeClock::default());
    store.fail("lease", StoreFault::Unavailable);

    let asked = acquire(&&store, &clock, &leaf(), &request(1, Mode::Apply), &terms(&clock)).await;

    assert_eq!(asked.unwrap_err().fault, StoreFault::Unavailable);
}

proptest! {
    /// The argument's second step: whatever two clocks show within the skew, the holder was cut off
    /// when another may take over.
    #[test]
    fn the_holder_has_ended_when_anybody_may_take_over(
        began in 0_i64..4_000_000_000,
        works in 0_i64..900,
        holders_skew in -300_i64..=300,
        others_skew in -300_i64..=300,
        asked in 0_i64..3_000,
    ) {
        let at = |second| Timestamp::from_second(second).unwrap();
        let terms = Terms { work_until: at(began + works + holders_skew), clock_skew: SignedDuration::from_secs(300) };
        let held = DeviceRecord {
            lease: Some(Lease { run: run(1), token: Token::new(1), until: terms.until(), has_followers: false }),
            ..DeviceRecord::default()
        };
        let later = Terms { work_until: at(began + asked + 900 + others_skew), ..terms };

        let answer = decide(&held, &request(2, Mode::Apply), &later, at(began + asked + others_skew));

        if matches!(answer, LeaseDecision::Take(_)) {
            prop_assert!(asked >= works + AFTERMATH.as_secs(), "taken over after {asked} s, worked on for {works} s");
        }
    }
}
