//! The enforcer: from a slice to one recorded outcome for each of its devices.
//!
//! Each device goes through five phases, each of which owns what it needs:
//!
//! ```text
//! acquire ─▶ prepare ─▶ push ─▶ confirm ─▶ record
//! lease      inputs,    stage,   commit     outcome, revision,
//!            target     diff     timer      the lease given back
//!    │                    │                     │
//!    └── busy ────────────┴── what may pass ────┴──▶ put back as a slice of its own
//! ```
//!
//! A device that is pinned, or to be restored, gets a configuration of its history in the place of
//! what models render to: see [`crate::history`].

mod acquire;
mod confirm;
mod device;
mod enforcer_ports;
mod follow_up;
mod identity;
mod inputs;
mod installation_cache;
mod left_over;
mod limits;
mod merge;
mod ordered_ports;
mod prepare;
mod push;
mod push_job;
mod put_back;
mod record;
mod record_revision;
mod shared_read;
mod slice_work;
mod stop;
mod target_config;
mod time_budget;

use futures::{StreamExt, stream};
use jiff::Timestamp;
use tracing::{info, warn};

pub use enforcer_ports::{EnforcerPorts, Ports, PortsOf};
pub use limits::Limits;

use crate::ports::{Clock, DeadLetters, StoreError};
use crate::records::slice::Slice;
use device::DeviceWork;
use inputs::SiteCache;
use installation_cache::InstallationCache;
use put_back::{Unfinished, put_back};
use shared_read::SharedRead;
use slice_work::SliceWork;
use time_budget::TimeBudget;

/// Works on slices. One value serves a warm process for its life.
pub struct Enforcer<P> {
    ports: P,
    limits: Limits,
    sites: SiteCache,
    installation: InstallationCache,
}

/// Whether a message was handed out before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The message is handed out for the first time.
    First,
    /// The message comes again, after a failure or a kill: some of its devices may be done.
    Again,
}

impl<P: EnforcerPorts> Enforcer<P> {
    /// An enforcer within these limits.
    pub fn new(ports: P, limits: Limits) -> Self {
        Self { ports, limits, sites: SiteCache::default(), installation: InstallationCache::default() }
    }

    /// Works on one queue message until `deadline`, by the enforcer's own clock; nothing is begun
    /// that cannot end by then. After `Ok` the message is done with: every device has an outcome on
    /// record or is in the queue again, or the message was no slice and is parked. After `Err` it
    /// must be delivered again.
    pub async fn receive(&self, message: &str, delivery: Delivery, deadline: Timestamp) -> Result<(), StoreError> {
        match Slice::parse(message) {
            Ok(slice) => self.enforce(&slice, delivery, deadline).await,
            Err(error) => {
                warn!(%error, bytes = message.len(), "parked a message that is not a slice");
                self.ports.ports().dead_letters.park(message, &error.to_string()).await
            }
        }
    }

    async fn enforce(&self, slice: &Slice, delivery: Delivery, deadline: Timestamp) -> Result<(), StoreError> {
        info!(run = %slice.task.run, devices = slice.devices.len(), attempt = slice.attempt, waits = slice.waits, "took a slice");
        let now = self.ports.ports().clock.now();
        let work = SliceWork {
            ports: self.ports.ports(),
            limits: &self.limits,
            sites: &self.sites,
            installation: &self.installation,
            slice,
            came_before: delivery == Delivery::Again || slice.attempt > 0 || slice.waits > 0,
            budget: TimeBudget::new(now, deadline, self.limits.clock_skew),
            inputs: SharedRead::default(),
        };
        let (unfinished, failed) = self.work_on_devices(&work).await;
        put_back(&work, unfinished).await?;
        failed.map_or(Ok(()), Err)
    }

    /// Works on all devices of a slice, and returns those that must come again and the last error
    /// of a store.
    async fn work_on_devices(&self, work: &SliceWork<'_, P>) -> (Vec<Unfinished>, Option<StoreError>) {
        let ended: Vec<_> = stream::iter(work.slice.devices.iter().cloned())
            .map(|device| async move { DeviceWork { work, device: &device }.run().await })
            .buffer_unordered(self.limits.concurrency.get())
            .collect()
            .await;
        let mut unfinished = Vec::new();
        let mut failed = None;
        for ended in ended {
            match ended {
                Ok(device) => unfinished.extend(device),
                Err(error) => failed = Some(error),
            }
        }
        (unfinished, failed)
    }
}

#[cfg(test)]
mod tests;
