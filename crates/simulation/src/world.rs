//! What all actors share: time, random numbers, fault rates, and what is written down.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::invariant::Invariant;
use crate::process::Invocation;
use crate::queue::Queue;
use crate::sabotage::Sabotage;
use crate::scenario::{FaultRates, Rules};
use crate::store::{Snapshot, Stored};
use crate::switches::{Connection, Switch};
use crate::tally::Tally;
use crate::watch::Watch;

/// The moment at which each history begins.
const BEGINNING: Timestamp = Timestamp::constant(1_795_464_000, 0);

pub(crate) struct World {
    began: Instant,
    rng: Mutex<Rng>,
    pub(crate) rules: Rules,
    pub(crate) fault_rates: FaultRates,
    pub(crate) sabotage: Option<Sabotage>,
    /// From then on nothing goes wrong any more.
    calm: AtomicBool,
    pub(crate) stored: Mutex<Stored>,
    pub(crate) queue: Queue,
    pub(crate) switches: BTreeMap<String, Switch>,
    pub(crate) watch: Mutex<Watch>,
    tally: Mutex<Tally>,
    log: Option<Mutex<Vec<String>>>,
    invocations: AtomicU32,
    connections: AtomicU32,
    /// Requests on their way to the scheduler, by people and by switches.
    pending_requests: AtomicUsize,
}

impl World {
    pub(crate) fn new(
        rules: Rules,
        fault_rates: FaultRates,
        sabotage: Option<Sabotage>,
        rng: Rng,
        switches: BTreeMap<String, Switch>,
        log: bool,
    ) -> Self {
        let devices: Vec<String> = switches.keys().cloned().collect();
        Self {
            began: Instant::now(),
            rng: Mutex::new(rng),
            rules,
            fault_rates,
            sabotage,
            calm: AtomicBool::new(false),
            stored: Mutex::new(Stored::new(&devices)),
            queue: Queue::default(),
            switches,
            watch: Mutex::default(),
            tally: Mutex::default(),
            log: log.then(Mutex::default),
            invocations: AtomicU32::new(0),
            connections: AtomicU32::new(0),
            pending_requests: AtomicUsize::new(0),
        }
    }

    /// Virtual time since the beginning.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The true time, which no machine of the simulation knows.
    pub(crate) fn now(&self) -> Timestamp {
        BEGINNING + self.elapsed()
    }

    pub(crate) fn beginning() -> Timestamp {
        BEGINNING
    }

    pub(crate) fn random<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut lock(&self.rng))
    }

    /// Whether what happens with this probability in the storm happens now.
    pub(crate) fn happens(&self, probability: f64) -> bool {
        !self.is_calm() && probability > 0.0 && self.random(Rng::f64) < probability
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// Lets nothing go wrong any more, and mends the switches and the store.
    pub(crate) fn end_storm(&self) {
        self.calm.store(true, Ordering::Relaxed);
        self.switches.values().for_each(Switch::recover);
        lock(&self.stored).outage_until = Duration::ZERO;
        self.log("", || "======== the storm is over: nothing goes wrong any more".to_owned());
    }

    /// How wrong the clock of a new machine goes.
    pub(crate) fn skew(&self) -> SignedDuration {
        SignedDuration::from_secs(self.random(|rng| rng.i64(-self.fault_rates.skew_s..=self.fault_rates.skew_s)))
    }

    /// How many points a process passes before it dies, if it does.
    pub(crate) fn crash_after(&self) -> Option<u32> {
        self.happens(self.fault_rates.kill).then(|| self.random(|rng| rng.u32(0..self.fault_rates.crash_after)))
    }

    /// For how long something is held up.
    pub(crate) fn pause(&self) -> Option<Duration> {
        let (roll, ms) = self.random(|rng| (rng.u32(0..1000), rng.u64(1..150)));
        match roll {
            0..4 if self.happens(self.fault_rates.stalls) => Some(Duration::from_millis(ms * 60)),
            0..250 => Some(Duration::from_millis(ms)),
            _ => None,
        }
    }

    pub(crate) fn next_invocation(&self) -> Invocation {
        self.invocations.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn next_connection(&self) -> Connection {
        Connection(self.connections.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        lock(&self.stored).snapshot()
    }

    pub(crate) fn watch(&self) -> MutexGuard<'_, Watch> {
        lock(&self.watch)
    }

    pub(crate) fn count(&self, what: &'static str) {
        lock(&self.tally).count(what);
    }

    pub(crate) fn tally(&self) -> Tally {
        lock(&self.tally).clone()
    }

    /// Writes down that an invariant does not hold.
    pub(crate) fn violated(&self, invariant: Invariant, what: String) {
        self.log("VIOLATION", || format!("{invariant}: {what}"));
        self.watch().violated(invariant, format!("at {}: {what}", clock(self.elapsed())));
    }

    /// A line of the log, if one is messages.
    pub(crate) fn log(&self, who: &str, what: impl FnOnce() -> String) {
        if let Some(log) = &self.log {
            lock(log).push(format!("{} {who:<12} {}", clock(self.elapsed()), what()));
        }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.log.as_ref().map(|log| lock(log).clone()).unwrap_or_default()
    }

    pub(crate) fn request_begins(&self) {
        self.pending_requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn request_ends(&self) {
        self.pending_requests.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether nobody has anything to do.
    pub(crate) fn is_quiet(&self) -> bool {
        self.pending_requests.load(Ordering::Relaxed) == 0 && self.queue.is_empty()
    }
}

/// Hours, minutes, seconds and milliseconds.
pub(crate) fn clock(elapsed: Duration) -> String {
    let (seconds, ms) = (elapsed.as_secs(), elapsed.subsec_millis());
    format!("{:02}:{:02}:{:02}.{ms:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
