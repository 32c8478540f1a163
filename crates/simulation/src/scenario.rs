//! What is going to happen in a history, drawn beforehand from its seed alone: rules, fault rates,
//! and who does what when.

use std::time::Duration;

use eos_sim::{Answer, ExpiredSession};
use fastrand::Rng;
use intent::confirm::ConfirmWithin;
use naas::retry::Retries;

use crate::site_versions::ModelVariant;

/// How the site is set up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// How many enforcers there are.
    pub(crate) enforcers: usize,
    /// For how long an enforcer may work on a message.
    pub(crate) timeout: Duration,
    /// After how long a message comes again that was not deleted.
    pub(crate) visibility: Duration,
    pub(crate) confirm: ConfirmWithin,
    pub(crate) retries: Retries,
    /// How switches list a session after its commit timer ran out; what EOS does is not known.
    pub(crate) expired_session: ExpiredSession,
}

/// How likely it is that things go wrong by themselves.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FaultRates {
    /// How wrong clocks go at most, in seconds.
    pub(crate) skew_s: i64,
    /// That a process dies of a piece of work.
    pub(crate) kill: f64,
    /// Within how many points it dies then.
    pub(crate) crash_after: u32,
    /// That a request to a store or queue fails.
    pub(crate) store: f64,
    /// That a request to a switch, or its answer, is lost.
    pub(crate) network: f64,
    /// That a message is handed out twice.
    pub(crate) duplicates: f64,
    /// That what is held up is held up for seconds.
    pub(crate) stalls: f64,
}

/// One thing that happens in a history.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    ChangeModels(ModelVariant),
    ChangeInventory,
    /// So many send this request at once; with an `Idempotency-Key` they send it again until it is
    /// answered.
    Ask {
        request: Ask,
        key: Option<u64>,
        at_once: usize,
    },
    /// Somebody plans, waits for it, and applies the plan.
    PlanAndApply(Vec<usize>),
    /// Somebody cancels the run that was accepted last.
    Cancel,
    /// Somebody brings a device back to the configuration it ran that many revisions ago, which
    /// pins it.
    Restore {
        device: usize,
        back: usize,
    },
    /// Somebody ends the pin of a device.
    Unpin(usize),
    /// Somebody sends the dead letters again.
    Redrive,
    /// Store and queue fail for so long.
    Outage(Duration),
    Trouble {
        device: usize,
        trouble: Trouble,
        lasts: Duration,
    },
    Operator {
        device: usize,
        action: OperatorAction,
    },
}

/// A request to the scheduler.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// The devices by their index; none stands for all of them.
    pub(crate) devices: Option<Vec<usize>>,
    pub(crate) mode: &'static str,
    pub(crate) step: Option<usize>,
    pub(crate) confirm: Option<u32>,
}

/// What goes wrong with a switch or on the way to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    Down,
    /// Each request takes so long that a function's time runs out in the middle of a push.
    Crawls,
    /// Somebody else holds the configuration lock.
    ConfigLocked,
    /// The next requests with this command fail once or twice with a fault that passes.
    Hiccups(&'static str, Answer, u32),
    /// Whenever a push has committed with a timer, an operator changes the switch by hand before
    /// the confirmation, and may save it.
    EditedDuringTrial {
        saved: bool,
    },
    RefusesLine,
    DeniesCommit,
    DeniesSessions,
    DropsRequestOf(&'static str),
    DropsReplyOf(&'static str),
    LosesManagementOnCommit,
    DiskFull,
    /// Requests are swallowed, and nobody says so.
    Silent,
    Slow,
}

/// What people and misfortune do to a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OperatorAction {
    Changes,
    ChangesAndSaves,
    /// Opens a session, and never comes back to it. Its name may look like one of ours.
    OpensSession(SessionOwner),
    /// Commits with a timer, and lets it run out.
    Tries(SessionOwner, Duration),
    Reboots(Duration),
    /// Sessions of pushes that died long ago.
    DeadSessions(usize),
}

/// Who opens a session that is not ours. Only the name tells the switch's users whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionOwner {
    /// An operator, under a name of their own.
    Operator,
    /// An operator whose names begin as ours do.
    OperatorWithOurPrefix,
    /// Another installation of naas.
    OtherInstallation,
}

/// A history, as it is going to be.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) devices: usize,
    pub(crate) rules: Rules,
    pub(crate) fault_rates: FaultRates,
    /// In the order of time.
    pub(crate) acts: Vec<(Duration, Act)>,
    pub(crate) lasts: Duration,
    /// The one that is sick while nothing else goes wrong, if it is such a history.
    pub(crate) only_sick: Option<usize>,
}

/// The histories in which one switch is sick and all else is well are one in this many.
const ONE_SICK: usize = 12;

impl Scenario {
    pub(crate) fn generate(rng: &mut Rng) -> Self {
        if rng.usize(0..ONE_SICK) == 0 { Self::one_sick(rng) } else { Self::storm(rng) }
    }

    fn storm(rng: &mut Rng) -> Self {
        let devices = rng.usize(1..=3);
        let lasts = Duration::from_secs(rng.u64(120..1800));
        // What happens close together has more to do with each other.
        let centres: Vec<u64> = (0..rng.usize(1..=2)).map(|_| rng.u64(0..lasts.as_secs())).collect();
        let mut acts = vec![(Duration::ZERO, Act::ChangeModels(ModelVariant::Good))];
        for _ in 0..rng.usize(3..=8) {
            let at = centres[rng.usize(0..centres.len())] * 1000 + rng.u64(0..90_000);
            acts.push((Duration::from_millis(at), act(rng, devices)));
        }
        let at = centres[0] * 1000 + rng.u64(0..60_000);
        let request = ask(rng, devices, "apply");
        acts.push((Duration::from_millis(at), Act::Ask { request, key: key(rng), at_once: at_once(rng) }));
        acts.sort_by_key(|(at, _)| *at);
        Self { devices, rules: rules(rng), fault_rates: fault_rates(rng), acts, lasts, only_sick: None }
    }

    fn one_sick(rng: &mut Rng) -> Self {
        let devices = rng.usize(2..=4);
        let sick = rng.usize(0..devices);
        let lasts = Duration::from_secs(600);
        let request = Ask { devices: None, mode: "apply", step: None, confirm: None };
        let acts = vec![
            (Duration::ZERO, Act::ChangeModels(ModelVariant::Good)),
            (Duration::from_secs(1), Act::Trouble { device: sick, trouble: trouble(rng), lasts }),
            (Duration::from_secs(2), Act::Ask { request, key: None, at_once: 1 }),
        ];
        Self { devices, rules: rules(rng), fault_rates: FaultRates::default(), acts, lasts, only_sick: Some(sick) }
    }
}

fn rules(rng: &mut Rng) -> Rules {
    let timeout = Duration::from_secs([60, 120, 300, 900][rng.usize(0..4)]);
    let confirm = [10, 20, 30][rng.usize(0..3)];
    Rules {
        enforcers: rng.usize(2..=3),
        timeout,
        visibility: timeout + Duration::from_secs(60),
        confirm: ConfirmWithin::new(confirm).expect("a number of seconds that is allowed"),
        retries: Retries { first_pause: Duration::from_secs(rng.u64(5..=15)), attempts: rng.u32(2..=4) },
        expired_session: [ExpiredSession::Gone, ExpiredSession::Completed, ExpiredSession::Aborted][rng.usize(0..3)],
    }
}

fn fault_rates(rng: &mut Rng) -> FaultRates {
    let mut some = |most: f64| if rng.bool() { rng.f64() * most } else { 0.0 };
    let (kill, store, network, duplicates, stalls) = (some(0.5), some(0.06), some(0.15), some(0.3), some(1.0));
    FaultRates {
        skew_s: if rng.bool() { 300 } else { 2 },
        kill,
        crash_after: rng.u32(5..90),
        store,
        network,
        duplicates,
        stalls,
    }
}

fn act(rng: &mut Rng, devices: usize) -> Act {
    let device = rng.usize(0..devices);
    match rng.u32(0..100) {
        0..12 => Act::ChangeModels(model_variant(rng)),
        12..18 => Act::ChangeInventory,
        18..40 => {
            let mode = ["apply", "apply", "apply", "plan", "check"][rng.usize(0..5)];
            Act::Ask { request: ask(rng, devices, mode), key: key(rng), at_once: at_once(rng) }
        }
        40..45 => Act::PlanAndApply(some_of(rng, devices)),
        45..48 => Act::Cancel,
        48..51 => Act::Redrive,
        51..54 => Act::Outage(Duration::from_secs(rng.u64(1..60))),
        54..60 => Act::Restore { device, back: rng.usize(0..3) },
        60..62 => Act::Unpin(device),
        62..82 => {
            let lasts = Duration::from_secs(rng.u64(5..240));
            Act::Trouble { device, trouble: trouble(rng), lasts }
        }
        _ => Act::Operator { device, action: operator_action(rng) },
    }
}

fn model_variant(rng: &mut Rng) -> ModelVariant {
    match rng.u32(0..10) {
        0 => ModelVariant::Broken,
        1 => ModelVariant::Lockout,
        2 => ModelVariant::Unchecked,
        _ => ModelVariant::Good,
    }
}

fn key(rng: &mut Rng) -> Option<u64> {
    rng.bool().then(|| rng.u64(0..3))
}

fn at_once(rng: &mut Rng) -> usize {
    [1, 1, 2, 3][rng.usize(0..4)]
}

fn some_of(rng: &mut Rng, devices: usize) -> Vec<usize> {
    let mut some: Vec<_> = (0..devices).filter(|_| rng.bool()).collect();
    if some.is_empty() {
        some.push(rng.usize(0..devices));
    }
    some
}

fn ask(rng: &mut Rng, devices: usize, mode: &'static str) -> Ask {
    Ask {
        devices: rng.bool().then(|| some_of(rng, devices)),
        mode,
        step: rng.bool().then(|| rng.usize(1..=3)),
        confirm: (mode == "apply" && rng.u32(0..4) == 0).then(|| [10, 25, 60, 200][rng.usize(0..4)]),
    }
}

fn trouble(rng: &mut Rng) -> Trouble {
    let commands =
        ["configure session", " commit timer ", " commit\"", " abort", "show configuration sessions", "write memory"];
    let command = commands[rng.usize(0..commands.len())];
    match rng.u32(0..20) {
        14..16 => Trouble::EditedDuringTrial { saved: rng.bool() },
        16 => Trouble::Crawls,
        17 => Trouble::ConfigLocked,
        18..20 => Trouble::Hiccups(command, passing_fault(rng), rng.u32(1..=2)),
        0..2 => Trouble::Down,
        2 => Trouble::RefusesLine,
        3 => Trouble::DeniesCommit,
        4 => Trouble::DeniesSessions,
        5..7 => Trouble::DropsRequestOf(command),
        7..9 => Trouble::DropsReplyOf(command),
        9..11 => Trouble::LosesManagementOnCommit,
        11 => Trouble::DiskFull,
        12 => Trouble::Silent,
        _ => Trouble::Slow,
    }
}

fn passing_fault(rng: &mut Rng) -> Answer {
    let faults = [Answer::Unauthorized, Answer::BadGateway, Answer::InternalError, Answer::Denied];
    faults[rng.usize(0..faults.len())]
}

fn session_owner(rng: &mut Rng) -> SessionOwner {
    let owners = [SessionOwner::Operator, SessionOwner::OperatorWithOurPrefix, SessionOwner::OtherInstallation];
    owners[rng.usize(0..owners.len())]
}

fn operator_action(rng: &mut Rng) -> OperatorAction {
    match rng.u32(0..10) {
        0..2 => OperatorAction::Changes,
        2..5 => OperatorAction::ChangesAndSaves,
        5 => OperatorAction::OpensSession(session_owner(rng)),
        6 => OperatorAction::Tries(session_owner(rng), Duration::from_secs(rng.u64(10..300))),
        7..9 => OperatorAction::Reboots(Duration::from_secs(rng.u64(5..200))),
        _ => OperatorAction::DeadSessions(rng.usize(1..=3)),
    }
}
