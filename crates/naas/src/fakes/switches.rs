//! Switches for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use intent::check::{Form, Shown};
use intent::inventory::Device;
use intent::name::DeviceName;

use super::guard::lock;
use crate::ports::{Switch, SwitchError, SwitchFault, SwitchStatus, Switches};
use crate::records::outcome::SwitchState;

/// Switches that hold their configuration as plain text and call any difference a diff. For what EOS really does, test
/// against the simulator.
#[derive(Debug, Clone, Default)]
pub struct FakeSwitches(Arc<Mutex<Fleet>>);

#[derive(Debug, Default)]
struct Fleet {
    switches: BTreeMap<DeviceName, State>,
    faults: BTreeMap<(DeviceName, SwitchCall), SwitchError>,
    /// Faults that come once, before those that last.
    passing: BTreeMap<(DeviceName, SwitchCall), SwitchError>,
    /// What is configured by hand right before a verb.
    by_hand: BTreeMap<(DeviceName, SwitchCall), String>,
    calls: Vec<(DeviceName, SwitchCall)>,
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
pub enum SwitchCall {
    /// [`Switch::status`].
    Status,
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
    pub fn leave_on_trial(&self, device: &str, session: &str) {
        let mut fleet = lock(&self.0);
        let switch = fleet.switch(device);
        switch.on_trial = Some((session.to_owned(), switch.running.clone()));
    }

    /// What every show command answers from now on.
    pub fn answer(&self, device: &str, shown: &str) {
        shown.clone_into(&mut lock(&self.0).switch(device).shown);
    }

    /// Makes one verb of one device fail from now on.
    pub fn fail(&self, device: &str, verb: SwitchCall, fault: SwitchFault, state: SwitchState) {
        let (device, error) = told_to_fail(device, fault, state);
        lock(&self.0).faults.insert((device, verb), error);
    }

    /// Makes one verb of one device fail the next time.
    pub fn fail_once(&self, device: &str, verb: SwitchCall, fault: SwitchFault, state: SwitchState) {
        let (device, error) = told_to_fail(device, fault, state);
        lock(&self.0).passing.insert((device, verb), error);
    }

    /// Configures `device` by hand right before the next time that `verb` is asked of it.
    pub fn run_before(&self, device: &str, verb: SwitchCall, configuration: &str) {
        let device = DeviceName::new(device).expect("a device name");
        lock(&self.0).by_hand.insert((device, verb), configuration.to_owned());
    }

    /// Mends every verb.
    pub fn mend(&self) {
        lock(&self.0).faults.clear();
    }

    /// Every call so far, in order, and none of them twice.
    pub fn take_calls(&self) -> Vec<(String, SwitchCall)> {
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
    fn call<T>(&self, verb: SwitchCall, work: impl FnOnce(&mut State) -> T) -> Result<T, SwitchError> {
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

    fn status(&self) -> SwitchStatus {
        SwitchStatus {
            digest: self.digest(),
            on_trial: self.on_trial.as_ref().map(|(session, _)| session.clone()),
            pending: self.pending.keys().cloned().collect(),
        }
    }
}

impl Switch for FakeSwitch {
    async fn status(&mut self) -> Result<SwitchStatus, SwitchError> {
        self.call(SwitchCall::Status, |switch| switch.status())
    }

    async fn stage(&mut self, session: &str, configuration: &str) -> Result<String, SwitchError> {
        assert!(lock(&self.fleet).sessions.insert(session.to_owned()), "session {session} was opened before");
        self.call(SwitchCall::Stage, |switch| {
            switch.pending.insert(session.to_owned(), configuration.to_owned());
            let signed =
                |sign: &str, text: &str| text.lines().map(|line| format!("{sign}{line}\n")).collect::<String>();
            let differs = switch.running != configuration;
            if differs { signed("-", &switch.running) + &signed("+", configuration) } else { String::new() }
        })
    }

    async fn commit(&mut self, session: &str, _timer: Duration) -> Result<Option<String>, SwitchError> {
        self.call(SwitchCall::Commit, |switch| {
            let staged = switch.pending.remove(session).expect("a staged session");
            let before = std::mem::replace(&mut switch.running, staged);
            switch.on_trial = Some((session.to_owned(), before));
            switch.digest()
        })
    }

    async fn show(&mut self, _command: &str, form: Form) -> Result<Shown, SwitchError> {
        self.call(SwitchCall::Show, |switch| match form {
            Form::Text => Shown::Text(switch.shown.clone()),
            Form::Json => Shown::Json(serde_json::from_str(&switch.shown).unwrap_or_default()),
        })
    }

    async fn confirm(&mut self, session: &str) -> Result<Option<String>, SwitchError> {
        self.call(SwitchCall::Confirm, |switch| {
            switch.on_trial.take_if(|(on_trial, _)| on_trial == session);
            switch.digest()
        })
    }

    async fn save(&mut self, _session: &str) -> Result<bool, SwitchError> {
        self.call(SwitchCall::Save, |switch| std::mem::take(&mut switch.unsaved))
    }

    async fn abort(&mut self, session: &str) -> Result<SwitchStatus, SwitchError> {
        self.call(SwitchCall::Abort, |switch| {
            switch.pending.remove(session);
            if let Some((_, before)) = switch.on_trial.take_if(|(on_trial, _)| on_trial == session) {
                switch.running = before;
            }
            switch.status()
        })
    }
}
