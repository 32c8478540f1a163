//! What is going to happen in a history, thrown beforehand from its seed alone: rules, weather, and who does what when.

use std::time::Duration;

use fastrand::Rng;
use intent::confirm::ConfirmWithin;
use naas::retry::Retries;

use crate::site_versions::Kind;

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
}

/// How likely it is that things go wrong by themselves.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weather {
    /// How wrong clocks go at most, in seconds.
    pub(crate) skew_s: i64,
    /// That a process dies of a piece of work.
    pub(crate) kill: f64,
    /// Within how many points it dies then.
    pub(crate) fuse: u32,
    /// That a request to a store or queue fails.
    pub(crate) store: f64,
    /// That a request to a switch, or its answer, is lost.
    pub(crate) network: f64,
    /// That a message is handed out twice.
    pub(crate) duplicates: f64,
    /// That what is held up is held up for seconds.
    pub(crate) stalls: f64,
}

/// What happens.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    ChangeModels(Kind),
    ChangeInventory,
    /// So many send this request at once; with an `Idempotency-Key` they send it again until it is answered.
    Ask {
        request: Ask,
        key: Option<u64>,
        at_once: usize,
    },
    /// Somebody plans, waits for it, and applies the plan.
    PlanAndApply(Vec<usize>),
    /// Somebody cancels the run that was accepted last.
    Cancel,
    /// Somebody sends the dead letters again.
    Redrive,
    /// Store and queue fail for so long.
    Outage(Duration),
    Trouble {
        device: usize,
        trouble: Trouble,
        lasts: Duration,
    },
    Hand {
        device: usize,
        hand: Hand,
    },
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// None is all.
    pub(crate) devices: Option<Vec<usize>>,
    pub(crate) mode: &'static str,
    pub(crate) step: Option<usize>,
    pub(crate) confirm: Option<u32>,
}

/// What goes wrong with a switch or on the way to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    Down,
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
pub(crate) enum Hand {
    Changes,
    ChangesAndSaves,
    /// Opens a session, and never comes back to it.
    OpensSession,
    /// Commits with a timer, and lets it run out.
    Tries(Duration),
    Reboots(Duration),
    /// Sessions of pushes that died long ago.
    DeadSessions(usize),
}

/// A history, as it is going to be.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) devices: usize,
    pub(crate) rules: Rules,
    pub(crate) weather: Weather,
    /// In the order of time.
    pub(crate) acts: Vec<(Duration, Act)>,
    pub(crate) lasts: Duration,
    /// The one that is sick while nothing else goes wrong, if it is such a history.
    pub(crate) only_sick: Option<usize>,
}

/// The histories in which one switch is sick and all else is well are one in this many.
const ONE_SICK: usize = 12;

impl Scenario {
    pub(crate) fn thrown(dice: &mut Rng) -> Self {
        if dice.usize(0..ONE_SICK) == 0 { Self::one_sick(dice) } else { Self::storm(dice) }
    }

    fn storm(dice: &mut Rng) -> Self {
        let devices = dice.usize(1..=3);
        let lasts = Duration::from_secs(dice.u64(120..1800));
        // What happens close together has more to do with each other.
        let centres: Vec<u64> = (0..dice.usize(1..=2)).map(|_| dice.u64(0..lasts.as_secs())).collect();
        let mut acts = vec![(Duration::ZERO, Act::ChangeModels(Kind::Good))];
        for _ in 0..dice.usize(3..=8) {
            let at = centres[dice.usize(0..centres.len())] * 1000 + dice.u64(0..90_000);
            acts.push((Duration::from_millis(at), act(dice, devices)));
        }
        let at = centres[0] * 1000 + dice.u64(0..60_000);
        let request = ask(dice, devices, "apply");
        acts.push((Duration::from_millis(at), Act::Ask { request, key: key(dice), at_once: at_once(dice) }));
        acts.sort_by_key(|(at, _)| *at);
        Self { devices, rules: rules(dice), weather: weather(dice), acts, lasts, only_sick: None }
    }

    fn one_sick(dice: &mut Rng) -> Self {
        let devices = dice.usize(2..=4);
        let sick = dice.usize(0..devices);
        let lasts = Duration::from_secs(600);
        let request = Ask { devices: None, mode: "apply", step: None, confirm: None };
        let acts = vec![
            (Duration::ZERO, Act::ChangeModels(Kind::Good)),
            (Duration::from_secs(1), Act::Trouble { device: sick, trouble: trouble(dice), lasts }),
            (Duration::from_secs(2), Act::Ask { request, key: None, at_once: 1 }),
        ];
        Self { devices, rules: rules(dice), weather: Weather::default(), acts, lasts, only_sick: Some(sick) }
    }
}

fn rules(dice: &mut Rng) -> Rules {
    let timeout = Duration::from_secs([60, 120, 300, 900][dice.usize(0..4)]);
    let confirm = [10, 20, 30][dice.usize(0..3)];
    Rules {
        enforcers: dice.usize(2..=3),
        timeout,
        visibility: timeout + Duration::from_secs(60),
        confirm: ConfirmWithin::new(confirm).expect("a number of seconds that is allowed"),
        retries: Retries { first_pause: Duration::from_secs(dice.u64(5..=15)), attempts: dice.u32(2..=4) },
    }
}

fn weather(dice: &mut Rng) -> Weather {
    let mut some = |most: f64| if dice.bool() { dice.f64() * most } else { 0.0 };
    let (kill, store, network, duplicates, stalls) = (some(0.5), some(0.06), some(0.15), some(0.3), some(1.0));
    Weather {
        skew_s: if dice.bool() { 300 } else { 2 },
        kill,
        fuse: dice.u32(5..90),
        store,
        network,
        duplicates,
        stalls,
    }
}

fn act(dice: &mut Rng, devices: usize) -> Act {
    let device = dice.usize(0..devices);
    match dice.u32(0..100) {
        0..12 => Act::ChangeModels(kind(dice)),
        12..18 => Act::ChangeInventory,
        18..40 => {
            let mode = ["apply", "apply", "apply", "plan", "check"][dice.usize(0..5)];
            Act::Ask { request: ask(dice, devices, mode), key: key(dice), at_once: at_once(dice) }
        }
        40..45 => Act::PlanAndApply(some_of(dice, devices)),
        45..49 => Act::Cancel,
        49..52 => Act::Redrive,
        52..55 => Act::Outage(Duration::from_secs(dice.u64(1..60))),
        55..78 => {
            let lasts = Duration::from_secs(dice.u64(5..240));
            Act::Trouble { device, trouble: trouble(dice), lasts }
        }
        _ => Act::Hand { device, hand: hand(dice) },
    }
}

fn kind(dice: &mut Rng) -> Kind {
    match dice.u32(0..10) {
        0 => Kind::Broken,
        1 => Kind::Lockout,
        2 => Kind::Unchecked,
        _ => Kind::Good,
    }
}

fn key(dice: &mut Rng) -> Option<u64> {
    dice.bool().then(|| dice.u64(0..3))
}

fn at_once(dice: &mut Rng) -> usize {
    [1, 1, 2, 3][dice.usize(0..4)]
}

fn some_of(dice: &mut Rng, devices: usize) -> Vec<usize> {
    let mut some: Vec<_> = (0..devices).filter(|_| dice.bool()).collect();
    if some.is_empty() {
        some.push(dice.usize(0..devices));
    }
    some
}

fn ask(dice: &mut Rng, devices: usize, mode: &'static str) -> Ask {
    Ask {
        devices: dice.bool().then(|| some_of(dice, devices)),
        mode,
        step: dice.bool().then(|| dice.usize(1..=3)),
        confirm: (mode == "apply" && dice.u32(0..4) == 0).then(|| [10, 25, 60, 200][dice.usize(0..4)]),
    }
}

fn trouble(dice: &mut Rng) -> Trouble {
    let commands =
        ["configure session", " commit timer ", " commit\"", " abort", "show configuration sessions", "write memory"];
    let command = commands[dice.usize(0..commands.len())];
    match dice.u32(0..14) {
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

fn hand(dice: &mut Rng) -> Hand {
    match dice.u32(0..10) {
        0..2 => Hand::Changes,
        2..5 => Hand::ChangesAndSaves,
        5 => Hand::OpensSession,
        6 => Hand::Tries(Duration::from_secs(dice.u64(10..300))),
        7..9 => Hand::Reboots(Duration::from_secs(dice.u64(5..200))),
        _ => Hand::DeadSessions(dice.usize(1..=3)),
    }
}
