//! The id of this installation, asked for once in the life of a process.

use futures::lock::Mutex;

use super::enforcer_ports::{EnforcerPorts, PortsOf};
use crate::ports::{Clock, Installation, StoreError};
use crate::records::installation::InstallationId;

/// The id of this installation, once it was asked for.
#[derive(Default)]
pub(super) struct InstallationCache(Mutex<Option<InstallationId>>);

impl InstallationCache {
    /// The id. The first enforcer of an installation draws it.
    pub(super) async fn get<P: EnforcerPorts>(&self, ports: &PortsOf<P>) -> Result<InstallationId, StoreError> {
        let mut known = self.0.lock().await;
        if let Some(id) = known.as_ref() {
            return Ok(id.clone());
        }
        let new = InstallationId::new(ports.clock.random() as u64);
        Ok(known.insert(ports.state.installation_id(&new).await?).clone())
    }
}
