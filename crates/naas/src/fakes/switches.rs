//! Switches for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use intent::check::{Form, Shown};
use intent::inventory::Device;
use intent::name::DeviceName;

use super::guard::lock;
use crate::ports::{Confirmation, Staged, Switch, SwitchError, SwitchFault, SwitchIdentity, SwitchStatus, Switches};
use crate::records::order::Load;
use crate::records::outcome::{Remark, SwitchState};

/// Switches that hold their configuration as plain text and call any difference a diff. For what
/// EOS really does, test against the simulator.
#[derive(Debug, Clone, Default)]
pub struct FakeSwitches(Arc<Mutex<Fleet>>);

/// A call of a device.
type CallOf = (DeviceName, SwitchCall);

#[derive(Debug, Default)]
struct Fleet {
    switches: BTreeMap<DeviceName, State>,
    faults: BTreeMap<CallOf, SwitchError>,
    /// Faults that come once, before those that last.
    passing: BTreeMap<CallOf, SwitchError>,
    /// Faults that come once, after the call has had its effect.
    lost_answers: BTreeMap<CallOf, SwitchError>,
    /// Calls that are never answered and have no effect.
    hanging: BTreeSet<CallOf>,
    /// What happens right before the next call.
    before: BTreeMap<CallOf, Event>,
    calls: Vec<(DeviceName, SwitchCall, u64)>,
    /// Every name a session ever had.
    sessions: BTreeSet<String>,
    /// How many connections were opened.
    connections: u64,
}

/// Something that happens to a switch.
struct Event(Box<dyn FnOnce(&mut State) + Send>);

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Event")
    }
}

#[derive(Debug, Default)]
struct State {
    running: String,
    pending: BTreeMap<String, String>,
    /// The session whose timer runs.
    on_trial: Option<Trial>,
    /// True if the startup-config is another one.
    unsaved: bool,
    /// What it says about the lines of each configuration that is staged.
    remarks: Vec<Remark>,
    /// What every show command answers.
    shown: String,
    identity: SwitchIdentity,
    /// True for an EOS without `show running-config digest`.
    has_no_digest: bool,
}

#[derive(Debug)]
struct Trial {
    session: String,
    /// What the switch goes back to.
    before: String,
    before_unsaved: bool,
}

/// The calls of [`Switch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SwitchCall {
    /// [`Switch::status`].
    Status,
    /// [`Switch::stage`].
    Stage,
    /// [`Switch::running_config`].
    RunningConfig,
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
    connection: u64,
    fleet: Arc<Mutex<Fleet>>,
}

impl FakeSwitches {
    /// What `device` runs; empty if it was never configured.
    pub fn running(&self, device: &str) -> String {
        lock(&self.0).switches.get(device).map(|switch| switch.running.clone()).unwrap_or_default()
    }

    /// Configures `device` by hand, and saves that.
    pub fn run(&self, device: &str, configuration: &str) {
        configuration.clone_into(&mut lock(&self.0).switch(device).running);
    }

    /// Makes a device run `configuration`, which was not saved.
    pub fn run_unsaved(&self, device: &str, configuration: &str) {
        self.run(device, configuration);
        lock(&self.0).switch(device).unsaved = true;
    }

    /// Whether a reload would change what the device runs.
    pub fn is_unsaved(&self, device: &str) -> bool {
        lock(&self.0).switch(device).unsaved
    }

    /// Puts a switch with this serial number and host name in the place of `device`.
    pub fn is_switch(&self, device: &str, serial: Option<&str>, hostname: &str) {
        let identity = SwitchIdentity { serial: serial.map(str::to_owned), hostname: Some(hostname.to_owned()) };
        lock(&self.0).switch(device).identity = identity;
    }

    /// Makes `device` an EOS that has no digest.
    pub fn has_no_digest(&self, device: &str) {
        lock(&self.0).switch(device).has_no_digest = true;
    }

    /// Leaves a session behind.
    pub fn leave_session(&self, device: &str, session: &str) {
        lock(&self.0).switch(device).pending.insert(session.to_owned(), String::new());
    }

    /// The sessions of a device that are neither committed nor aborted.
    pub fn pending(&self, device: &str) -> Vec<String> {
        lock(&self.0).switch(device).pending.keys().cloned().collect()
    }

    /// Commits what the device runs already with a timer.
    pub fn leave_on_trial(&self, device: &str, session: &str) {
        lock(&self.0).switch(device).try_out(session, None);
    }

    /// What every show command answers from now on.
    pub fn answer(&self, device: &str, shown: &str) {
        shown.clone_into(&mut lock(&self.0).switch(device).shown);
    }

    /// Makes `device` say this about the first line of every configuration.
    pub fn remark(&self, device: &str, text: &str) {
        let command = "hostname secret sha512 CANARY".to_owned();
        lock(&self.0).switch(device).remarks = vec![Remark { line: 1, command, text: text.to_owned() }];
    }

    /// Makes one call of one device fail from now on, without any effect.
    pub fn fail(&self, device: &str, call: SwitchCall, fault: SwitchFault, state: SwitchState) {
        let (device, error) = told_to_fail(device, fault, state);
        lock(&self.0).faults.insert((device, call), error);
    }

    /// Makes one call of one device fail the next time, without any effect.
    pub fn fail_once(&self, device: &str, call: SwitchCall, fault: SwitchFault, state: SwitchState) {
        let (device, error) = told_to_fail(device, fault, state);
        lock(&self.0).passing.insert((device, call), error);
    }

    /// Loses the next answer to one call of one device, which has its effect.
    pub fn lose_answer(&self, device: &str, call: SwitchCall, state: SwitchState) {
        let (device, error) = told_to_fail(device, SwitchFault::Unreachable, state);
        lock(&self.0).lost_answers.insert((device, call), error);
    }

    /// Never answers one call of one device, which has no effect.
    pub fn hang(&self, device: &str, call: SwitchCall) {
        lock(&self.0).hanging.insert((name(device), call));
    }

    /// Configures `device` by hand right before the next `call`.
    pub fn run_before(&self, device: &str, call: SwitchCall, configuration: &str) {
        let configuration = configuration.to_owned();
        self.happens_before(device, call, move |switch| switch.running = configuration);
    }

    /// Lets the commit timer of `device` run out right before the next `call`.
    pub fn expire_before(&self, device: &str, call: SwitchCall) {
        self.happens_before(device, call, State::revert);
    }

    /// Lets somebody end the commit timer of `device` and configure it by hand right before the
    /// next `call`.
    pub fn take_over_before(&self, device: &str, call: SwitchCall, configuration: &str) {
        let configuration = configuration.to_owned();
        self.happens_before(device, call, move |switch| (switch.on_trial, switch.running) = (None, configuration));
    }

    /// Does something right before the next `call`.
    pub fn before(&self, device: &str, call: SwitchCall, event: impl FnOnce() + Send + 'static) {
        self.happens_before(device, call, move |_| event());
    }

    fn happens_before(&self, device: &str, call: SwitchCall, event: impl FnOnce(&mut State) + Send + 'static) {
        lock(&self.0).before.insert((name(device), call), Event(Box::new(event)));
    }

    /// Lets every call work again.
    pub fn mend(&self) {
        let mut fleet = lock(&self.0);
        fleet.faults.clear();
        fleet.hanging.clear();
    }

    /// Every call so far, in order, and none of them twice.
    pub fn take_calls(&self) -> Vec<(String, SwitchCall)> {
        let calls = std::mem::take(&mut lock(&self.0).calls);
        calls.into_iter().map(|(device, call, _)| (device.into(), call)).collect()
    }

    /// Every call that was not taken, in order, with the number of its connection.
    pub fn connections(&self) -> Vec<(SwitchCall, u64)> {
        lock(&self.0).calls.iter().map(|(_, call, connection)| (*call, *connection)).collect()
    }

    /// The names of all sessions ever opened.
    pub fn sessions(&self) -> Vec<String> {
        lock(&self.0).sessions.iter().cloned().collect()
    }
}

fn name(device: &str) -> DeviceName {
    DeviceName::new(device).expect("a device name")
}

fn told_to_fail(device: &str, fault: SwitchFault, state: SwitchState) -> (DeviceName, SwitchError) {
    let message = format!("{device} was told to fail");
    (name(device), SwitchError { fault, state, line: None, message })
}

impl Switches for &FakeSwitches {
    type Switch = FakeSwitch;

    fn open(&self, device: &Device) -> Result<FakeSwitch, SwitchError> {
        let mut fleet = lock(&self.0);
        fleet.connections += 1;
        Ok(FakeSwitch { device: device.name.clone(), connection: fleet.connections, fleet: Arc::clone(&self.0) })
    }
}

impl Fleet {
    fn switch(&mut self, device: &str) -> &mut State {
        self.switches.entry(name(device)).or_default()
    }
}

impl FakeSwitch {
    /// Notes the call, and does `work` unless the call is broken.
    async fn call<T>(&self, call: SwitchCall, work: impl FnOnce(&mut State) -> T) -> Result<T, SwitchError> {
        let key = (self.device.clone(), call);
        let hangs = lock(&self.fleet).hanging.contains(&key);
        if hangs {
            lock(&self.fleet).calls.push((key.0, key.1, self.connection));
            return std::future::pending().await;
        }
        let mut fleet = lock(&self.fleet);
        fleet.calls.push((self.device.clone(), call, self.connection));
        if let Some(Event(event)) = fleet.before.remove(&key) {
            event(fleet.switch(self.device.as_ref()));
        }
        if let Some(error) = fleet.passing.remove(&key).or_else(|| fleet.faults.get(&key).cloned()) {
            return Err(error);
        }
        let done = work(fleet.switch(self.device.as_ref()));
        fleet.lost_answers.remove(&key).map_or(Ok(done), Err)
    }
}

impl State {
    fn digest(&self) -> Option<String> {
        (!self.has_no_digest).then(|| format!("digest of {:?}", self.running))
    }

    fn status(&self) -> SwitchStatus {
        SwitchStatus {
            digest: self.digest(),
            on_trial: self.on_trial.as_ref().map(|trial| trial.session.clone()),
            pending: self.pending.keys().cloned().collect(),
            unsaved: self.unsaved,
            identity: self.identity.clone(),
        }
    }

    /// Runs `configuration`, or what it runs already, until its timer runs out.
    fn try_out(&mut self, session: &str, configuration: Option<String>) {
        let running = configuration.unwrap_or_else(|| self.running.clone());
        self.on_trial = Some(Trial {
            session: session.to_owned(),
            before: std::mem::replace(&mut self.running, running),
            before_unsaved: std::mem::replace(&mut self.unsaved, true),
        });
    }

    /// Goes back to what it ran before its timer.
    fn revert(&mut self) {
        if let Some(Trial { before, before_unsaved, .. }) = self.on_trial.take() {
            (self.running, self.unsaved) = (before, before_unsaved);
        }
    }

    fn tries_out(&self, session: &str) -> bool {
        self.on_trial.as_ref().is_some_and(|trial| trial.session == session)
    }
}

/// What a switch would run that merges: sections in their order, those of `default interface` taken
/// out first.
fn merged(running: &str, candidate: &str) -> String {
    let mut lines: Vec<&str> = running.lines().collect();
    let mut new = Vec::new();
    for line in candidate.lines() {
        match line.strip_prefix("default ") {
            Some(section) => lines = without_section(&lines, section),
            None if line.starts_with(' ') || !lines.contains(&line) => new.push(line),
            None => {}
        }
    }
    lines.into_iter().chain(new).map(|line| format!("{line}\n")).collect()
}

fn without_section<'l>(lines: &[&'l str], section: &str) -> Vec<&'l str> {
    let mut inside = false;
    let outside = lines.iter().filter(|line| {
        inside = if line.starts_with(' ') { inside } else { **line == section };
        !inside
    });
    outside.copied().collect()
}

impl Switch for FakeSwitch {
    async fn status(&mut self) -> Result<SwitchStatus, SwitchError> {
        self.call(SwitchCall::Status, |switch| switch.status()).await
    }

    async fn stage(&mut self, session: &str, configuration: &str, load: Load) -> Result<Staged, SwitchError> {
        assert!(lock(&self.fleet).sessions.insert(session.to_owned()), "session {session} was opened before");
        let stage = |switch: &mut State| {
            let configuration = match load {
                Load::Replace => configuration.to_owned(),
                Load::Merge => merged(&switch.running, configuration),
            };
            let signed =
                |sign: &str, text: &str| text.lines().map(|line| format!("{sign}{line}\n")).collect::<String>();
            let (old, new) = (switch.running.lines().count(), configuration.lines().count());
            let heading = if load == Load::Merge { format!("@@ -1,{old} +1,{new} @@\n") } else { String::new() };
            let differs = switch.running != configuration;
            let diff = heading + &signed("-", &switch.running) + &signed("+", &configuration);
            switch.pending.insert(session.to_owned(), configuration);
            Staged { diff: if differs { diff } else { String::new() }, remarks: switch.remarks.clone() }
        };
        self.call(SwitchCall::Stage, stage).await
    }

    async fn running_config(&mut self) -> Result<String, SwitchError> {
        self.call(SwitchCall::RunningConfig, |switch| switch.running.clone()).await
    }

    async fn commit(&mut self, session: &str, _timer: Duration) -> Result<Option<String>, SwitchError> {
        let commit = |switch: &mut State| {
            let staged = switch.pending.remove(session).expect("a staged session");
            switch.try_out(session, Some(staged));
            switch.digest()
        };
        self.call(SwitchCall::Commit, commit).await
    }

    async fn show(&mut self, _command: &str, form: Form) -> Result<Shown, SwitchError> {
        let show = |switch: &mut State| match form {
            Form::Text => Shown::Text(switch.shown.clone()),
            Form::Json => Shown::Json(serde_json::from_str(&switch.shown).unwrap_or_default()),
        };
        self.call(SwitchCall::Show, show).await
    }

    async fn confirm(&mut self, session: &str, _within: Duration) -> Result<Confirmation, SwitchError> {
        let confirm = |switch: &mut State| {
            if !switch.tries_out(session) {
                return Confirmation::TimerGone(switch.status());
            }
            (switch.on_trial, switch.unsaved) = (None, false);
            Confirmation::Taken { digest: switch.digest() }
        };
        self.call(SwitchCall::Confirm, confirm).await
    }

    async fn save(&mut self, _session: &str) -> Result<Option<String>, SwitchError> {
        let save = |switch: &mut State| {
            switch.unsaved = false;
            switch.digest()
        };
        self.call(SwitchCall::Save, save).await
    }

    async fn abort(&mut self, session: &str) -> Result<SwitchStatus, SwitchError> {
        let abort = |switch: &mut State| {
            switch.pending.remove(session);
            if switch.tries_out(session) {
                switch.revert();
            }
            switch.status()
        };
        self.call(SwitchCall::Abort, abort).await
    }
}
