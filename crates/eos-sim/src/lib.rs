//! Simulated Arista EOS switches that speak eAPI: enough of the command line, of configuration sessions and of
//! event-handlers to test against over real HTTP, on loopback addresses only. What is covered and what is not: README.

mod cli;
mod config;
mod control;
mod device;
mod diff;
mod event_handler;
mod fleet;
mod grammar;
mod http;
mod journal;
mod order;
mod rpc;
mod session;
mod show;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use config::Strictness;
pub use device::Faults;
pub use fleet::{DeviceSpec, End, Fleet, FleetError};
pub use journal::{Entry, Event};

use device::{Cable, Device};

/// Starts every device of `fleet`, and the control face on `control`; port 0 takes any free port.
///
/// # Errors
///
/// A fleet that contradicts itself, an address that is not loopback, a port that is taken.
pub async fn start(fleet: Fleet, control: SocketAddr) -> Result<Handle, FleetError> {
    fleet.check()?;
    fleet::check_loopback("the control face", control.ip())?;
    let mut devices = BTreeMap::new();
    let mut listeners = Vec::new();
    for spec in fleet.devices {
        let (listener, address) = listen(&spec.name, SocketAddr::new(spec.address, spec.port)).await?;
        let device = Arc::new(Device::new(spec, address)?);
        listeners.push((device.clone(), listener));
        devices.insert(device.spec.name.clone(), device);
    }
    plug(&devices, &fleet.links);
    let devices = Arc::new(devices);
    let (listener, control) = listen("the control face", control).await?;
    let mut tasks = JoinSet::new();
    for (device, listener) in listeners {
        tasks.spawn(http::serve(device, listener));
    }
    let router = control::router(devices.clone());
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the control face ended");
        }
    });
    Ok(Handle { devices, control, _tasks: tasks })
}

/// A running fleet; it ends when this is dropped.
#[derive(Debug)]
pub struct Handle {
    devices: Arc<BTreeMap<String, Arc<Device>>>,
    control: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Handle {
    /// A device by its name in the fleet.
    pub fn device(&self, name: &str) -> Option<DeviceHandle> {
        self.devices.get(name).cloned().map(DeviceHandle)
    }

    /// All devices, by name.
    pub fn devices(&self) -> impl Iterator<Item = DeviceHandle> {
        self.devices.values().cloned().map(DeviceHandle)
    }

    /// Where the control face listens.
    pub fn control(&self) -> SocketAddr {
        self.control
    }
}

/// A running device.
#[derive(Debug, Clone)]
pub struct DeviceHandle(Arc<Device>);

impl DeviceHandle {
    /// Its entry in the fleet file.
    pub fn spec(&self) -> &DeviceSpec {
        &self.0.spec
    }

    /// Where eAPI is served.
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// As `show running-config` prints it.
    pub fn running_config(&self) -> String {
        self.0.shown("show running-config", &self.0.state().running)
    }

    /// As `show startup-config` prints it.
    pub fn startup_config(&self) -> String {
        self.0.shown("show startup-config", &self.0.state().startup)
    }

    /// What happened, oldest first.
    pub fn journal(&self) -> Vec<Entry> {
        self.0.journal.entries()
    }

    /// Each session's name and state, `pending` or `completed`.
    pub fn sessions(&self) -> BTreeMap<String, &'static str> {
        self.0.state().sessions.states()
    }

    /// Makes things go wrong from now on; the default ends all faults.
    pub fn set_faults(&self, faults: Faults) {
        self.0.state().faults = faults;
    }
}

async fn listen(what: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), FleetError> {
    let failed = |source| FleetError::Listen { what: what.to_owned(), address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

fn plug(devices: &BTreeMap<String, Arc<Device>>, links: &[(End, End)]) {
    let mut cables: BTreeMap<&str, Vec<Cable>> = BTreeMap::new();
    for (near, far) in links.iter().flat_map(|(a, b)| [(a, b), (b, a)]) {
        let Some(device) = devices.get(&far.device) else { continue };
        let cable = Cable {
            interface: near.interface.clone(),
            far: Arc::downgrade(device),
            far_interface: far.interface.clone(),
        };
        cables.entry(&near.device).or_default().push(cable);
    }
    for (name, cables) in cables {
        // Each device is new here, so this is the first time.
        let _ = devices.get(name).map(|device| device.cables.set(cables));
    }
}
