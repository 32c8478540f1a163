//! A device in the hands of a test: what it holds, what happened on it, and what is made to happen.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::device::Device;
use crate::faults::Faults;
use crate::fleet::{DeviceSpec, FleetError};
use crate::journal::Entry;
use crate::rpc::Call;
use crate::session::SessionState;

/// A running device, in a fleet or by itself.
#[derive(Debug, Clone)]
pub struct DeviceHandle(pub(crate) Arc<Device>);

impl DeviceHandle {
    /// A device without a network, whose clock stands at `at` until it is moved: for simulations
    /// that are to be the same each time. It is talked to with [`call`](Self::call).
    ///
    /// # Errors
    ///
    /// A startup-config that the device refuses.
    pub fn detached(spec: DeviceSpec, at: Timestamp) -> Result<Self, FleetError> {
        let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        Ok(Self(Arc::new(Device::new(spec, nowhere, Clock::standing(at))?)))
    }

    /// What `POST /command-api` would answer to this body, at once and whoever asks; none while
    /// nothing answers there. Faults of lines, commands and the disk are in force, those of
    /// connections, logins and latency are for the caller to imitate.
    pub fn call(&self, body: &[u8]) -> Option<Vec<u8>> {
        if !self.0.answers() {
            return None;
        }
        let response = match Call::read(body) {
            Ok(call) => call.run(&self.0),
            Err(refused) => *refused,
        };
        Some(serde_json::to_vec(&response).unwrap_or_default())
    }

    /// The HTTP status that this request fails with in passing, if it does: see
    /// [`Faults::failing_requests`]. This counts as one time. For a detached device, whose caller
    /// imitates HTTP.
    pub fn failing_status(&self, body: &[u8]) -> Option<u16> {
        let call = Call::read(body).ok()?;
        self.0.state().faults.status_of(call.lines())
    }

    /// Its serial number, as `show version` says it.
    pub fn serial(&self) -> String {
        self.0.spec.serial()
    }

    /// Its entry in the fleet file, without the startup-config.
    pub fn spec(&self) -> &DeviceSpec {
        &self.0.spec
    }

    /// The address and port that eAPI is served on.
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// The running-config as `show running-config` prints it.
    pub fn running_config(&self) -> String {
        let running = self.0.state().running.clone();
        self.0.shown("show running-config", &running)
    }

    /// The startup-config as `show startup-config` prints it.
    pub fn startup_config(&self) -> String {
        self.0.shown_startup()
    }

    /// All events of the device, the oldest first.
    pub fn journal(&self) -> Vec<Entry> {
        self.0.state().journal.entries().to_vec()
    }

    /// What happened after the first `seen` entries of the [journal](Self::journal).
    pub fn journal_after(&self, seen: usize) -> Vec<Entry> {
        self.0.state().journal.entries().get(seen..).unwrap_or_default().to_vec()
    }

    /// The state of each listed session, by its name.
    pub fn sessions(&self) -> BTreeMap<String, SessionState> {
        self.0.state().sessions.states()
    }

    /// The time by the device's clock.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Makes things go wrong from now on; the default ends all faults.
    pub fn set_faults(&self, faults: Faults) {
        self.0.state().faults = faults;
    }

    /// Moves its clock ahead: what is due by then happens.
    pub fn advance(&self, by: Duration) {
        self.0.clock.advance(by);
        drop(self.0.state());
    }

    /// Reloads it: what was not saved, its sessions and its timer are gone, and it does not answer
    /// for `down`.
    pub fn reboot(&self, down: Duration) {
        self.0.state().reboot(down, self.0.clock.now());
    }

    /// Leaves `count` sessions behind that nobody works in, named `<prefix>1`, `<prefix>2`, …
    ///
    /// # Errors
    ///
    /// In the device's words: more than may be pending.
    pub fn leave_sessions(&self, prefix: &str, count: usize) -> Result<(), String> {
        let now = self.0.clock.now();
        let mut state = self.0.state();
        (1..=count).try_for_each(|number| state.enter_session(&format!("{prefix}{number}"), now))
    }

    /// Commits an unchanged session of somebody else's with a timer, which keeps all others from
    /// committing.
    ///
    /// # Errors
    ///
    /// In the device's words: a timer that runs already, a name that is used up.
    pub fn arm_commit_timer(&self, session: &str, timer: Duration) -> Result<(), String> {
        let now = self.0.clock.now();
        let mut state = self.0.state();
        state.enter_session(session, now)?;
        state.commit(session, Some(timer), now)
    }

    /// Ends all logins, so that their cookies are refused.
    pub fn expire_logins(&self) {
        self.0.state().logins.expire();
    }
}
