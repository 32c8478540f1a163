//! In-memory ports for tests, which hold state and can be looked into afterwards; every verb can be told to fail.
//!
//! They keep the guarantees of [`crate::ports`] and nothing more: no latency, no limits, no redelivery.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::inventory::Device;
use crate::name::{DeviceName, RunId};
use crate::outcome::{Outcome, Status, SwitchState};
use crate::ports::{
    Clock, DeadLetters, Document, IdempotencyKeys, Inventories, ModelFiles, Models, Recorded, Runs, SliceQueue,
    StoreError, StoreFault, Switch, SwitchError, SwitchFault, Switches,
};
use crate::run::Run;
use crate::schedule::IdempotencyRecord;
use crate::slice::Slice;

/// A clock that a test turns; its dice count upwards.
#[derive(Debug)]
pub struct FakeClock {
    now: Mutex<Timestamp>,
    rolled: AtomicU64,
}

impl Default for FakeClock {
    fn default() -> Self {
        let now = "2026-11-23T20:15:30Z".parse().expect("a valid time");
        Self { now: Mutex::new(now), rolled: AtomicU64::new(0) }
    }
}

impl FakeClock {
    /// Lets time pass.
    pub fn advance(&self, by: jiff::SignedDuration) {
        *lock(&self.now) += by;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *lock(&self.now)
    }

    /// Time passes at once.
    async fn sleep(&self, duration: Duration) {
        *lock(&self.now) += duration;
    }

    fn entropy(&self) -> u64 {
        self.rolled.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// Everything that is stored: inventory, models, queue, parked messages, runs, outcomes and keys.
#[derive(Debug, Default)]
pub struct FakeStore {
    /// Inventory documents by name.
    pub inventory: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Models and templates.
    pub models: Mutex<Arc<ModelFiles>>,
    /// Slices sent, oldest first.
    pub slices: Mutex<Vec<Slice>>,
    /// Parked messages and why.
    pub parked: Mutex<Vec<(String, String)>>,
    /// Runs by name.
    pub runs: Mutex<BTreeMap<RunId, Run>>,
    /// Outcomes by run and device.
    pub outcomes: Mutex<BTreeMap<(RunId, DeviceName), Outcome>>,
    /// Idempotency records by key.
    pub keys: Mutex<BTreeMap<String, IdempotencyRecord>>,
    broken: Mutex<BTreeMap<&'static str, StoreFault>>,
}

impl FakeStore {
    /// A store that holds this inventory document and these models and templates.
    pub fn with(inventory: &str, models: &[(&str, &str)]) -> Self {
        let store = Self::default();
        lock(&store.inventory).insert("naas/inventory".to_owned(), inventory.as_bytes().to_vec());
        store.set_models(models);
        store
    }

    /// Puts these models and templates in place of all others.
    pub fn set_models(&self, models: &[(&str, &str)]) {
        let files = models.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        *lock(&self.models) = Arc::new(ModelFiles(files));
    }

    /// Makes one verb fail from now on: `inventory`, `models`, `send`, `park`, `create`, `record`, `read`, `keys`.
    pub fn fail(&self, verb: &'static str, fault: StoreFault) {
        lock(&self.broken).insert(verb, fault);
    }

    /// Mends every verb.
    pub fn mend(&self) {
        lock(&self.broken).clear();
    }

    fn check(&self, verb: &'static str) -> Result<(), StoreError> {
        match lock(&self.broken).get(verb) {
            Some(fault) => Err(StoreError::new(format!("fake {verb}"), *fault, "told to fail")),
            None => Ok(()),
        }
    }
}

impl Inventories for &FakeStore {
    async fn all(&self) -> Result<Vec<Document>, StoreError> {
        self.check("inventory")?;
        let documents: Vec<_> =
            lock(&self.inventory).iter().map(|(name, body)| Document::new(name, body.clone())).collect();
        if documents.is_empty() { Err(StoreError::not_found("secret naas/inventory")) } else { Ok(documents) }
    }

    async fn named(&self, names: &[String]) -> Result<Vec<Document>, StoreError> {
        self.check("inventory")?;
        let documents = lock(&self.inventory);
        names
            .iter()
            .map(|name| match documents.get(name) {
                Some(body) => Ok(Document::new(name, body.clone())),
                None => Err(StoreError::not_found(format!("secret {name}"))),
            })
            .collect()
    }
}

impl Models for &FakeStore {
    async fn snapshot(&self) -> Result<Arc<ModelFiles>, StoreError> {
        self.check("models")?;
        Ok(Arc::clone(&lock(&self.models)))
    }
}

impl SliceQueue for &FakeStore {
    async fn send(&self, slices: &[Slice]) -> Result<(), StoreError> {
        self.check("send")?;
        lock(&self.slices).extend_from_slice(slices);
        Ok(())
    }
}

impl DeadLetters for &FakeStore {
    async fn park(&self, message: &str, reason: &str) -> Result<(), StoreError> {
        self.check("park")?;
        lock(&self.parked).push((message.to_owned(), reason.to_owned()));
        Ok(())
    }
}

impl Runs for &FakeStore {
    async fn create(&self, run: &Run) -> Result<(), StoreError> {
        self.check("create")?;
        lock(&self.runs).entry(run.run.clone()).or_insert_with(|| run.clone());
        Ok(())
    }

    async fn load(&self, run: &RunId) -> Result<Option<Run>, StoreError> {
        self.check("read")?;
        Ok(lock(&self.runs).get(run).cloned())
    }

    async fn record(&self, outcome: &Outcome) -> Result<Recorded, StoreError> {
        self.check("record")?;
        let mut outcomes = lock(&self.outcomes);
        let key = (outcome.run.clone(), outcome.device.clone());
        if outcomes.contains_key(&key) {
            return Ok(Recorded::Before);
        }
        outcomes.insert(key, outcome.clone());
        Ok(Recorded::Now)
    }

    async fn outcome(&self, run: &RunId, device: &DeviceName) -> Result<Option<Outcome>, StoreError> {
        self.check("read")?;
        Ok(lock(&self.outcomes).get(&(run.clone(), device.clone())).cloned())
    }

    async fn statuses(&self, run: &RunId) -> Result<BTreeMap<DeviceName, Status>, StoreError> {
        self.check("read")?;
        let outcomes = lock(&self.outcomes);
        Ok(outcomes.values().filter(|outcome| outcome.run == *run).map(|it| (it.device.clone(), it.status)).collect())
    }
}

impl IdempotencyKeys for &FakeStore {
    async fn claim(&self, key: &str, record: &IdempotencyRecord) -> Result<Option<IdempotencyRecord>, StoreError> {
        self.check("keys")?;
        let mut keys = lock(&self.keys);
        let held = keys.get(key).cloned();
        keys.entry(key.to_owned()).or_insert_with(|| record.clone());
        Ok(held)
    }

    async fn replace(
        &self,
        key: &str,
        expected: &IdempotencyRecord,
        new: &IdempotencyRecord,
    ) -> Result<bool, StoreError> {
        self.check("keys")?;
        let mut keys = lock(&self.keys);
        let stands = keys.get(key) == Some(expected);
        if stands {
            keys.insert(key.to_owned(), new.clone());
        }
        Ok(stands)
    }
}

/// Switches that hold their configuration as plain text and call any difference a diff. For what EOS really does, test
/// against the simulator.
#[derive(Debug, Default)]
pub struct FakeSwitches {
    running: Arc<Mutex<BTreeMap<DeviceName, String>>>,
    on_trial: Arc<Mutex<BTreeMap<String, String>>>,
    faults: Arc<Mutex<BTreeMap<(DeviceName, Verb), SwitchError>>>,
    calls: Arc<Mutex<Vec<(DeviceName, Verb)>>>,
    sessions: Arc<Mutex<BTreeSet<String>>>,
}

/// The verbs of [`Switch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// [`Switch::stage`].
    Stage,
    /// [`Switch::commit`].
    Commit,
    /// [`Switch::confirm`].
    Confirm,
    /// [`Switch::abort`].
    Abort,
}

/// One of [`FakeSwitches`], connected.
#[derive(Debug)]
pub struct FakeSwitch {
    device: DeviceName,
    staged: String,
    running: Arc<Mutex<BTreeMap<DeviceName, String>>>,
    on_trial: Arc<Mutex<BTreeMap<String, String>>>,
    faults: Arc<Mutex<BTreeMap<(DeviceName, Verb), SwitchError>>>,
    calls: Arc<Mutex<Vec<(DeviceName, Verb)>>>,
    sessions: Arc<Mutex<BTreeSet<String>>>,
}

impl FakeSwitches {
    /// What `device` runs; empty if it was never configured.
    pub fn running(&self, device: &str) -> String {
        lock(&self.running).get(device).cloned().unwrap_or_default()
    }

    /// Makes one verb of one device fail from now on.
    pub fn fail(&self, device: &str, verb: Verb, fault: SwitchFault, state: SwitchState) {
        let device = DeviceName::new(device).expect("a device name");
        let message = format!("{device} was told to fail");
        lock(&self.faults).insert((device, verb), SwitchError { fault, state, line: None, message });
    }

    /// Every call so far, in order, and none of them twice.
    pub fn take_calls(&self) -> Vec<(String, Verb)> {
        std::mem::take(&mut *lock(&self.calls)).into_iter().map(|(device, verb)| (device.into(), verb)).collect()
    }

    /// The names of all sessions ever opened.
    pub fn sessions(&self) -> Vec<String> {
        lock(&self.sessions).iter().cloned().collect()
    }
}

impl Switches for &FakeSwitches {
    type Switch = FakeSwitch;

    fn open(&self, device: &Device) -> Result<FakeSwitch, SwitchError> {
        Ok(FakeSwitch {
            device: device.name.clone(),
            staged: String::new(),
            running: Arc::clone(&self.running),
            on_trial: Arc::clone(&self.on_trial),
            faults: Arc::clone(&self.faults),
            calls: Arc::clone(&self.calls),
            sessions: Arc::clone(&self.sessions),
        })
    }
}

impl FakeSwitch {
    fn call(&self, verb: Verb) -> Result<(), SwitchError> {
        lock(&self.calls).push((self.device.clone(), verb));
        lock(&self.faults).get(&(self.device.clone(), verb)).cloned().map_or(Ok(()), Err)
    }
}

impl Switch for FakeSwitch {
    async fn stage(&mut self, session: &str, configuration: &str) -> Result<String, SwitchError> {
        assert!(lock(&self.sessions).insert(session.to_owned()), "session {session} was opened before");
        self.call(Verb::Stage)?;
        configuration.clone_into(&mut self.staged);
        let running = lock(&self.running).get(&self.device).cloned().unwrap_or_default();
        let signed = |sign: &str, text: &str| text.lines().map(|line| format!("{sign}{line}\n")).collect::<String>();
        let differs = running != configuration;
        Ok(if differs { signed("-", &running) + &signed("+", configuration) } else { String::new() })
    }

    async fn commit(&mut self, session: &str, _timer: Duration) -> Result<(), SwitchError> {
        self.call(Verb::Commit)?;
        lock(&self.on_trial).insert(session.to_owned(), self.staged.clone());
        Ok(())
    }

    async fn confirm(&mut self, session: &str) -> Result<(), SwitchError> {
        self.call(Verb::Confirm)?;
        if let Some(configuration) = lock(&self.on_trial).remove(session) {
            lock(&self.running).insert(self.device.clone(), configuration);
        }
        Ok(())
    }

    async fn abort(&mut self, _session: &str) -> Result<Option<String>, SwitchError> {
        self.call(Verb::Abort)?;
        Ok(lock(&self.on_trial).keys().next().cloned())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
