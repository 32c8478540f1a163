//! A device: its state behind one lock, its clock, its turn, and what its cables end at.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use jiff::Timestamp;

use crate::clock::Clock;
use crate::config::{Config, Dialect};
use crate::counters::Counters;
use crate::fleet::{DeviceSpec, FleetError};
use crate::journal::Event;
use crate::load;
use crate::release::Release;
use crate::session::Generation;
use crate::state::State;

/// A simulated switch: its description, its clock and its state.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) spec: DeviceSpec,
    pub(crate) address: SocketAddr,
    pub(crate) clock: Clock,
    /// Requests are run one after the other, in the order they came; held over a whole request.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// Actions of event-handlers that are not asynchronous wait for each other here.
    pub(crate) action_turn: tokio::sync::Mutex<()>,
    pub(crate) cables: OnceLock<Vec<Cable>>,
    pub(crate) counters: Counters,
    state: Mutex<State>,
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
    pub(crate) fn new(mut spec: DeviceSpec, address: SocketAddr, clock: Clock) -> Result<Self, FleetError> {
        let mut startup = Config::default();
        let refused = load::text_into(&mut startup, &spec.startup(), dialect(&spec));
        if let Some((line, reason)) = refused.into_iter().next() {
            return Err(FleetError::StartupConfig { device: spec.name, line, reason: reason.to_string() });
        }
        // Nobody reads the text again, and a fleet may have ten thousand of them.
        spec.startup_config = None;
        let state = State::new(startup, clock.now(), spec.always_answers);
        Ok(Self {
            spec,
            address,
            turn: tokio::sync::Mutex::default(),
            action_turn: tokio::sync::Mutex::default(),
            cables: OnceLock::new(),
            counters: Counters::default(),
            clock,
            state: Mutex::new(state),
        })
    }

    /// The state as it is now: what was due has happened.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.settle(self.clock.now());
        state
    }

    pub(crate) fn answers(&self) -> bool {
        self.state().answers(self.clock.now())
    }

    pub(crate) fn note(&self, event: Event) {
        self.state().journal.note(self.clock.now(), event);
    }

    /// How the device reads configuration lines.
    pub(crate) fn dialect(&self) -> Dialect {
        dialect(&self.spec)
    }

    pub(crate) fn generation(&self) -> Generation {
        Generation::of(&self.spec.eos)
    }

    /// A configuration as a device shows it.
    pub(crate) fn shown(&self, command: &str, config: &Config) -> String {
        // EOS-77: the first lines of a shown configuration.
        format!("! Command: {command}\n{}", self.body(config))
    }

    /// What a configuration is compared by: its text without the first line.
    pub(crate) fn body(&self, config: &Config) -> String {
        self.headed(config, &self.whole(config).text())
    }

    /// The configuration with the device's own lines, if it is to show them.
    pub(crate) fn whole<'c>(&self, config: &'c Config) -> Cow<'c, Config> {
        if self.spec.own_lines {
            Cow::Owned(config.with_own_lines(&self.spec.model, Release::of(&self.spec.eos)))
        } else {
            Cow::Borrowed(config)
        }
    }

    /// `text` below the line that says whose configuration it is.
    pub(crate) fn headed(&self, config: &Config, text: &str) -> String {
        let (name, model, eos) = (config.hostname(), &self.spec.model, &self.spec.eos);
        format!("! device: {name} ({model}, EOS-{eos})\n!\n{text}")
    }

    /// The startup-config as `show startup-config` prints it, with who wrote it and when if anybody
    /// did.
    pub(crate) fn shown_startup(&self) -> String {
        let state = self.state();
        let modified = state.saved.map(|at| last_modified(at, &self.spec.username)).unwrap_or_default();
        format!("! Command: show startup-config\n{modified}{}", self.body(&state.startup))
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

fn dialect(spec: &DeviceSpec) -> Dialect {
    Dialect { strictness: spec.mode, release: Release::of(&spec.eos), abbreviations: false }
}

fn last_modified(at: Timestamp, by: &str) -> String {
    format!("! Startup-config last modified at  {} by {by}\n", at.strftime("%a %b %e %H:%M:%S %Y"))
}
