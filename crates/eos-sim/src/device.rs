//! A device: what it runs and has saved, its sessions, its faults and what its cables end at.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use jiff::Timestamp;
use serde::Deserialize;

use crate::config::{Config, Strictness};
use crate::event_handler;
use crate::fleet::{DeviceSpec, FleetError};
use crate::journal::{Event, Journal};
use crate::session::Sessions;

/// What is made to go wrong on a device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Connections are accepted and dropped without an answer.
    pub down: bool,
    /// Configuration lines that contain one of these are refused with code 1002.
    pub refuse_lines: Vec<String>,
    /// A request with a command that contains this is run whole, and then dropped without an answer.
    pub drop_reply_of: Option<String>,
    /// Each request waits this long, in milliseconds, before it is run.
    pub latency_ms: u64,
}

/// A simulated switch.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) spec: DeviceSpec,
    pub(crate) address: SocketAddr,
    pub(crate) booted: Timestamp,
    pub(crate) journal: Journal,
    /// Requests are run one after the other; held over a whole request.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// Actions of event-handlers that are not asynchronous wait for each other here.
    pub(crate) action_turn: tokio::sync::Mutex<()>,
    pub(crate) cables: OnceLock<Vec<Cable>>,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) running: Config,
    pub(crate) startup: Config,
    pub(crate) sessions: Sessions,
    pub(crate) faults: Faults,
}

/// A cable, seen from one of its ends.
#[derive(Debug)]
pub(crate) struct Cable {
    pub(crate) interface: String,
    pub(crate) far: Weak<Device>,
    pub(crate) far_interface: String,
}

/// A neighbour over a cable that is up.
pub(crate) struct Neighbor {
    pub(crate) interface: String,
    pub(crate) device: String,
    pub(crate) port: String,
}

impl Device {
    pub(crate) fn new(spec: DeviceSpec, address: SocketAddr) -> Result<Self, FleetError> {
        let startup = loaded(&spec)?;
        let state =
            State { running: startup.clone(), startup, sessions: Sessions::default(), faults: Faults::default() };
        Ok(Self {
            spec,
            address,
            booted: Timestamp::now(),
            journal: Journal::default(),
            turn: tokio::sync::Mutex::default(),
            action_turn: tokio::sync::Mutex::default(),
            cables: OnceLock::new(),
            state: Mutex::new(state),
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it answers at all: not while it is down, nor once its configuration has no eAPI any more.
    pub(crate) fn answers(&self) -> bool {
        let state = self.state();
        !state.faults.down && state.running.has("management api http-commands", "no shutdown")
    }

    /// Saves the running-config, and starts what event-handlers have to do then.
    pub(crate) fn save(self: &Arc<Self>) {
        let running = {
            let mut state = self.state();
            state.startup = state.running.clone();
            state.running.clone()
        };
        self.journal.note(Event::Saved);
        event_handler::on_startup_config(self, &running);
    }

    /// A configuration as a device shows it.
    pub(crate) fn shown(&self, command: &str, config: &Config) -> String {
        format!("! Command: {command}\n{}", self.body(config))
    }

    /// What a configuration is compared by: its text without the first line.
    pub(crate) fn body(&self, config: &Config) -> String {
        let (name, model, eos) = (config.hostname(), &self.spec.model, &self.spec.eos);
        format!("! device: {name} ({model}, EOS-{eos})\n!\n{}", config.text())
    }

    pub(crate) fn neighbors(&self) -> Vec<Neighbor> {
        let up = |device: &Device, interface: &str| {
            !device.state().running.has(&format!("interface {interface}"), "shutdown")
        };
        let cables = self.cables.get().into_iter().flatten();
        let neighbor = |cable: &Cable| {
            let far = cable.far.upgrade()?;
            let both_up = up(self, &cable.interface) && far.answers() && up(&far, &cable.far_interface);
            let device = far.state().running.hostname().to_owned();
            both_up.then(|| Neighbor { interface: cable.interface.clone(), device, port: cable.far_interface.clone() })
        };
        cables.filter_map(neighbor).collect()
    }
}

/// The startup-config of the fleet file, entered line by line.
fn loaded(spec: &DeviceSpec) -> Result<Config, FleetError> {
    let (mut config, mut path) = (Config::default(), Vec::new());
    let text = spec.startup();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| line.trim() != "end") {
        let refused = |reason: String| FleetError::StartupConfig { device: spec.name.clone(), line: index + 1, reason };
        let strictness: Strictness = spec.mode;
        config.enter(&mut path, line, None, strictness).map_err(|reason| refused(reason.to_string()))?;
    }
    Ok(config)
}
