//! Simulated Arista EOS switches that speak eAPI: enough of the command line, of configuration
//! sessions and of event-handlers to test against over real HTTP, on loopback addresses only. What
//! is covered and what is not: README.

mod browser;
mod cli;
mod clock;
mod config;
mod control;
mod copy;
mod counters;
mod device;
mod diff;
mod event_handler;
mod exec;
mod faults;
mod filter;
mod flash;
mod fleet;
mod grammar;
mod handle;
mod http;
mod journal;
mod load;
mod lock;
mod login;
mod order;
mod release;
mod reply;
mod rpc;
mod session;
mod show;
mod state;
mod status;
mod tls;
mod vocabulary;
mod workspace;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use config::Strictness;
pub use counters::Traffic;
pub use faults::{Answer, ExpiredSession, FailingRequest, Faults};
pub use fleet::{DeviceSpec, End, Fleet, FleetError};
pub use handle::DeviceHandle;
pub use journal::{Entry, Event};
pub use session::SessionState;
pub use tls::Tls;

use clock::Clock;
use device::{Cable, Device};
use tls::{Acceptor, Identity};

/// Starts every device of `fleet`, and the control face on `control`; port 0 takes any free port.
///
/// # Errors
///
/// A fleet that contradicts itself, an address that is not loopback, a port that is taken.
pub async fn start(fleet: Fleet, control: SocketAddr) -> Result<Handle, FleetError> {
    fleet.check()?;
    fleet::check_loopback("the control face", control.ip())?;
    let identity = fleet.devices.iter().any(|spec| spec.tls != Tls::None).then(Identity::new).transpose()?;
    let mut devices = BTreeMap::new();
    let mut listeners = Vec::new();
    for spec in fleet.devices {
        let acceptor = identity.as_ref().map_or(Ok(Acceptor::Plain), |identity| identity.acceptor(spec.tls))?;
        let (listener, address) = listen(&spec.name, SocketAddr::new(spec.address, spec.port)).await?;
        let device = Arc::new(Device::new(spec, address, Clock::running())?);
        listeners.push((device.clone(), listener, acceptor));
        devices.insert(device.spec.name.clone(), device);
    }
    plug(&devices, &fleet.links);
    let devices = Arc::new(devices);
    let (listener, control) = listen("the control face", control).await?;
    let mut tasks = JoinSet::new();
    for (device, listener, acceptor) in listeners {
        tasks.spawn(async move { match http::serve(device, listener, acceptor).await {} });
    }
    let router = control::router(devices.clone());
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the control face ended");
        }
    });
    Ok(Handle { devices, control, certificate: identity.map(|identity| identity.pem()), _tasks: tasks })
}

/// A running fleet; it ends when this is dropped.
#[derive(Debug)]
pub struct Handle {
    devices: Arc<BTreeMap<String, Arc<Device>>>,
    control: SocketAddr,
    certificate: Option<String>,
    _tasks: JoinSet<()>,
}

impl Handle {
    /// A device by its name in the fleet.
    pub fn device(&self, name: &str) -> Option<DeviceHandle> {
        self.devices.get(name).cloned().map(DeviceHandle)
    }

    /// All devices, in the order of their names.
    pub fn devices(&self) -> impl Iterator<Item = DeviceHandle> {
        self.devices.values().cloned().map(DeviceHandle)
    }

    /// The address and port that the control face listens on.
    pub fn control(&self) -> SocketAddr {
        self.control
    }

    /// The certificate of the devices that speak HTTPS, in PEM; none if there are none.
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
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
