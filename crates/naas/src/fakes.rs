//! In-memory ports for tests, which hold state and can be looked into afterwards; every verb can be told to fail.
//!
//! They keep the guarantees of [`crate::ports`] and nothing more: no latency, no limits, no redelivery.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use intent::check::{Form, Shown};
use intent::hash::ContentHash;
use intent::inventory::Device;
use intent::inventory::Document;
use intent::model::ModelFiles;
use intent::name::{DeviceName, RunId};
use jiff::Timestamp;

use crate::ports::{
    Clock, Created, DeadLetters, DeviceRecords, History, IdempotencyKeys, Inventories, Models, Parked, Recorded, Runs,
    SliceQueue, Standing, StoreError, StoreFault, Stored, Switch, SwitchError, SwitchFault, Switches, Version,
};
use crate::records::device_state::DeviceRecord;
use crate::records::idempotency::IdempotencyRecord;
use crate::records::outcome::{Attempt, Outcome, Status, SwitchState};
use crate::records::revision::{Entry, Revision};
use crate::records::run::{Run, RunSummary};
use crate::records::slice::Slice;

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

    fn random(&self) -> u128 {
        self.entropy().into()
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
    /// After what delay each of them was to be delivered.
    pub delays: Mutex<Vec<Duration>>,
    /// Parked messages and why.
    pub parked: Mutex<Vec<(String, String)>>,
    /// Runs by name.
    pub runs: Mutex<BTreeMap<RunId, Run>>,
    /// Outcomes by run and device.
    pub outcomes: Mutex<BTreeMap<(RunId, DeviceName), Outcome>>,
    /// Attempts that came to nothing, by run and device.
    pub attempts: Mutex<BTreeMap<(RunId, DeviceName), Attempt>>,
    /// Cancelled runs, and since when.
    pub cancelled: Mutex<BTreeMap<RunId, Timestamp>>,
    /// Device records, and how often each was written.
    pub records: Mutex<BTreeMap<DeviceName, (DeviceRecord, u64)>>,
    /// Kept configurations by device and hash.
    pub texts: Mutex<BTreeMap<(DeviceName, ContentHash), String>>,
    /// Every device's history, in the order it was added.
    pub revisions: Mutex<Vec<Revision>>,
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

    /// Makes one verb fail from now on: `inventory`, `models`, `send`, `park`, `create`, `record`, `read`, `keys`,
    /// `lease`, `keep`, `add`, `history` (reading it).
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
    async fn send(&self, slices: &[Slice], delay: Duration) -> Result<(), StoreError> {
        self.check("send")?;
        lock(&self.slices).extend_from_slice(slices);
        lock(&self.delays).extend(slices.iter().map(|_| delay));
        Ok(())
    }
}

impl DeadLetters for &FakeStore {
    async fn park(&self, message: &str, reason: &str) -> Result<(), StoreError> {
        self.check("park")?;
        lock(&self.parked).push((message.to_owned(), reason.to_owned()));
        Ok(())
    }

    async fn parked(&self) -> Result<Vec<Parked>, StoreError> {
        self.check("park")?;
        let parked = |(message, reason): &(String, String)| Parked {
            handle: message.clone(),
            message: message.clone(),
            reason: Some(reason.clone()),
        };
        Ok(lock(&self.parked).iter().take(10).map(parked).collect())
    }

    async fn unpark(&self, parked: &Parked) -> Result<(), StoreError> {
        self.check("park")?;
        lock(&self.parked).retain(|(message, _)| *message != parked.handle);
        Ok(())
    }
}

impl DeviceRecords for &FakeStore {
    async fn device_record(&self, device: &DeviceName) -> Result<Option<Stored>, StoreError> {
        self.check("lease")?;
        let stored = |(record, version): &(DeviceRecord, u64)| Stored {
            record: record.clone(),
            version: Version(version.to_string()),
        };
        Ok(lock(&self.records).get(device).map(stored))
    }

    async fn replace_device_record(
        &self,
        device: &DeviceName,
        record: &DeviceRecord,
        expected: Option<&Version>,
    ) -> Result<Option<Version>, StoreError> {
        self.check("lease")?;
        let mut records = lock(&self.records);
        let stands = records.get(device).map(|(_, version)| Version(version.to_string()));
        if stands.as_ref() != expected {
            return Ok(None);
        }
        let version = records.get(device).map_or(1, |(_, version)| version + 1);
        records.insert(device.clone(), (record.clone(), version));
        Ok(Some(Version(version.to_string())))
    }
}

impl History for &FakeStore {
    async fn keep(&self, device: &DeviceName, hash: &ContentHash, text: &str) -> Result<(), StoreError> {
        self.check("keep")?;
        lock(&self.texts).entry((device.clone(), hash.clone())).or_insert_with(|| text.to_owned());
        Ok(())
    }

    async fn kept(&self, device: &DeviceName, hash: &ContentHash) -> Result<Option<String>, StoreError> {
        self.check("history")?;
        Ok(lock(&self.texts).get(&(device.clone(), hash.clone())).cloned())
    }

    async fn add(&self, revision: &Revision) -> Result<(), StoreError> {
        self.check("add")?;
        let mut revisions = lock(&self.revisions);
        let stands = |other: &Revision| other.device == revision.device && other.entry() == revision.entry();
        if !revisions.iter().any(stands) {
            revisions.push(revision.clone());
        }
        Ok(())
    }

    async fn entries(&self, device: &DeviceName, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.check("history")?;
        let revisions = lock(&self.revisions);
        let mut entries: Vec<_> =
            revisions.iter().rev().filter(|other| other.device == *device).map(Revision::entry).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
        entries.truncate(limit);
        Ok(entries)
    }

    async fn revision(&self, device: &DeviceName, entry: &Entry) -> Result<Option<Revision>, StoreError> {
        self.check("history")?;
        let is = |other: &&Revision| other.device == *device && other.entry() == *entry;
        Ok(lock(&self.revisions).iter().find(is).cloned())
    }
}

impl Runs for &FakeStore {
    async fn create(&self, run: &Run) -> Result<Created, StoreError> {
        self.check("create")?;
        let mut runs = lock(&self.runs);
        let created = Created::given(runs.get(&run.run), run);
        runs.entry(run.run.clone()).or_insert_with(|| run.clone());
        Ok(created)
    }

    async fn recent(&self, limit: usize) -> Result<Vec<RunSummary>, StoreError> {
        self.check("read")?;
        let mut runs: Vec<_> = lock(&self.runs).values().map(Run::summary).collect();
        runs.sort_by(|a, b| (b.accepted_at, &b.run).cmp(&(a.accepted_at, &a.run)));
        runs.truncate(limit);
        Ok(runs)
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

    async fn statuses(&self, run: &Run) -> Result<BTreeMap<DeviceName, Status>, StoreError> {
        self.check("read")?;
        let outcomes = lock(&self.outcomes);
        let of_run = outcomes.values().filter(|outcome| outcome.run == run.run);
        Ok(of_run.map(|it| (it.device.clone(), it.status)).collect())
    }

    async fn note(&self, attempt: &Attempt) -> Result<(), StoreError> {
        self.check("record")?;
        lock(&self.attempts).insert((attempt.run.clone(), attempt.device.clone()), attempt.clone());
        Ok(())
    }

    async fn attempt(&self, run: &RunId, device: &DeviceName) -> Result<Option<Attempt>, StoreError> {
        self.check("read")?;
        Ok(lock(&self.attempts).get(&(run.clone(), device.clone())).cloned())
    }

    async fn cancel(&self, run: &RunId, at: Timestamp) -> Result<(), StoreError> {
        self.check("create")?;
        lock(&self.cancelled).entry(run.clone()).or_insert(at);
        Ok(())
    }

    async fn cancelled(&self, run: &RunId) -> Result<Option<Timestamp>, StoreError> {
        self.check("read")?;
        Ok(lock(&self.cancelled).get(run).copied())
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
#[derive(Debug, Clone, Default)]
pub struct FakeSwitches(Arc<Mutex<Fleet>>);

#[derive(Debug, Default)]
struct Fleet {
    switches: BTreeMap<DeviceName, State>,
    faults: BTreeMap<(DeviceName, Verb), SwitchError>,
    /// Faults that come once, before those that last.
    passing: BTreeMap<(DeviceName, Verb), SwitchError>,
    /// What is configured by hand right before a verb.
    by_hand: BTreeMap<(DeviceName, Verb), String>,
    calls: Vec<(DeviceName, Verb)>,
    /// Every name a session ever had.
    sessions: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct State {
    running: String,
    pending: BTreeMap<String, String>,
    /// The session whose timer runs, and what was run before it.
    on_trial: Option<(String, String)>,
    /// What it runs is not what it would start with.
    unsaved: bool,
    /// What every show command answers.
    shown: String,
}

/// The verbs of [`Switch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// [`Switch::look`].
    Look,
    /// [`Switch::stage`].
    Stage,
    /// [`Switch::commit`].
    Commit,
    /// [`Switch::show`].
    Show,
    /// [`Switch::confirm`].
    Confirm,
    /// [`Switch::save`].
    Save,
    /// [`Switch::abort`].
    Abort,
}

/// One of [`FakeSwitches`], connected.
#[derive(Debug)]
pub struct FakeSwitch {
    device: DeviceName,
    fleet: Arc<Mutex<Fleet>>,
}

impl FakeSwitches {
    /// What `device` runs; empty if it was never configured.
    pub fn running(&self, device: &str) -> String {
        lock(&self.0).switches.get(device).map(|switch| switch.running.clone()).unwrap_or_default()
    }

    /// Configures `device` by hand.
    pub fn run(&self, device: &str, configuration: &str) {
        configuration.clone_into(&mut lock(&self.0).switch(device).running);
    }

    /// Makes a device run `configuration`, which was not saved.
    pub fn run_unsaved(&self, device: &str, configuration: &str) {
        self.run(device, configuration);
        lock(&self.0).switch(device).unsaved = true;
    }

    /// Leaves a session behind.
    pub fn leave_session(&self, device: &str, session: &str) {
        lock(&self.0).switch(device).pending.insert(session.to_owned(), String::new());
    }

    /// Its sessions that are neither committed nor aborted.
    pub fn pending(&self, device: &str) -> Vec<String> {
        lock(&self.0).switch(device).pending.keys().cloned().collect()
    }

    /// Commits what it runs already with a timer.
    pub fn try_out(&self, device: &str, session: &str) {
        let mut fleet = lock(&self.0);
        let switch = fleet.switch(device);
        switch.on_trial = Some((session.to_owned(), switch.running.clone()));
    }

    /// What every show command answers from now on.
    pub fn answer(&self, device: &str, shown: &str) {
        shown.clone_into(&mut lock(&self.0).switch(device).shown);
    }

    /// Makes one verb of one device fail from now on.
    pub fn fail(&self, device: &str, verb: Verb, fault: SwitchFault, state: SwitchState) {
        let (device, error) = told_to_fail(device, fault, state);
        lock(&self.0).faults.insert((device, verb), error);
    }

    /// Makes one verb of one device fail the next time.
    pub fn fail_once(&self, device: &str, verb: Verb, fault: SwitchFault, state: SwitchState) {
        let (device, error) = told_to_fail(device, fault, state);
        lock(&self.0).passing.insert((device, verb), error);
    }

    /// Configures `device` by hand right before the next time that `verb` is asked of it.
    pub fn run_before(&self, device: &str, verb: Verb, configuration: &str) {
        let device = DeviceName::new(device).expect("a device name");
        lock(&self.0).by_hand.insert((device, verb), configuration.to_owned());
    }

    /// Mends every verb.
    pub fn mend(&self) {
        lock(&self.0).faults.clear();
    }

    /// Every call so far, in order, and none of them twice.
    pub fn take_calls(&self) -> Vec<(String, Verb)> {
        let calls = std::mem::take(&mut lock(&self.0).calls);
        calls.into_iter().map(|(device, verb)| (device.into(), verb)).collect()
    }

    /// The names of all sessions ever opened.
    pub fn sessions(&self) -> Vec<String> {
        lock(&self.0).sessions.iter().cloned().collect()
    }
}

fn told_to_fail(device: &str, fault: SwitchFault, state: SwitchState) -> (DeviceName, SwitchError) {
    let message = format!("{device} was told to fail");
    (DeviceName::new(device).expect("a device name"), SwitchError { fault, state, line: None, message })
}

impl Switches for &FakeSwitches {
    type Switch = FakeSwitch;

    fn open(&self, device: &Device) -> Result<FakeSwitch, SwitchError> {
        Ok(FakeSwitch { device: device.name.clone(), fleet: Arc::clone(&self.0) })
    }
}

impl Fleet {
    fn switch(&mut self, device: &str) -> &mut State {
        self.switches.entry(DeviceName::new(device).expect("a device name")).or_default()
    }
}

impl FakeSwitch {
    /// Notes the call, and does `work` unless the verb is broken.
    fn call<T>(&self, verb: Verb, work: impl FnOnce(&mut State) -> T) -> Result<T, SwitchError> {
        let mut fleet = lock(&self.fleet);
        let key = (self.device.clone(), verb);
        fleet.calls.push(key.clone());
        if let Some(configuration) = fleet.by_hand.remove(&key) {
            fleet.switch(self.device.as_ref()).running = configuration;
        }
        match fleet.passing.remove(&key).or_else(|| fleet.faults.get(&key).cloned()) {
            Some(error) => Err(error),
            None => Ok(work(fleet.switches.entry(self.device.clone()).or_default())),
        }
    }
}

impl State {
    fn digest(&self) -> Option<String> {
        Some(format!("digest of {:?}", self.running))
    }

    fn standing(&self) -> Standing {
        Standing {
            digest: self.digest(),
            on_trial: self.on_trial.as_ref().map(|(session, _)| session.clone()),
            pending: self.pending.keys().cloned().collect(),
        }
    }
}

impl Switch for FakeSwitch {
    async fn look(&mut self) -> Result<Standing, SwitchError> {
        self.call(Verb::Look, |switch| switch.standing())
    }

    async fn stage(&mut self, session: &str, configuration: &str) -> Result<String, SwitchError> {
        assert!(lock(&self.fleet).sessions.insert(session.to_owned()), "session {session} was opened before");
        self.call(Verb::Stage, |switch| {
            switch.pending.insert(session.to_owned(), configuration.to_owned());
            let signed =
                |sign: &str, text: &str| text.lines().map(|line| format!("{sign}{line}\n")).collect::<String>();
            let differs = switch.running != configuration;
            if differs { signed("-", &switch.running) + &signed("+", configuration) } else { String::new() }
        })
    }

    async fn commit(&mut self, session: &str, _timer: Duration) -> Result<Option<String>, SwitchError> {
        self.call(Verb::Commit, |switch| {
            let staged = switch.pending.remove(session).expect("a staged session");
            let before = std::mem::replace(&mut switch.running, staged);
            switch.on_trial = Some((session.to_owned(), before));
            switch.digest()
        })
    }

    async fn show(&mut self, _command: &str, form: Form) -> Result<Shown, SwitchError> {
        self.call(Verb::Show, |switch| match form {
            Form::Text => Shown::Text(switch.shown.clone()),
            Form::Json => Shown::Json(serde_json::from_str(&switch.shown).unwrap_or_default()),
        })
    }

    async fn confirm(&mut self, session: &str) -> Result<Option<String>, SwitchError> {
        self.call(Verb::Confirm, |switch| {
            switch.on_trial.take_if(|(on_trial, _)| on_trial == session);
            switch.digest()
        })
    }

    async fn save(&mut self, _session: &str) -> Result<bool, SwitchError> {
        self.call(Verb::Save, |switch| std::mem::take(&mut switch.unsaved))
    }

    async fn abort(&mut self, session: &str) -> Result<Standing, SwitchError> {
        self.call(Verb::Abort, |switch| {
            switch.pending.remove(session);
            if let Some((_, before)) = switch.on_trial.take_if(|(on_trial, _)| on_trial == session) {
                switch.running = before;
            }
            switch.standing()
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
