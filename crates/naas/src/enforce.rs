//! The enforcer: from a slice to one recorded outcome for each of its devices.
//!
//! ```text
//! slice ─▶ for each device: lease ─▶ read intent ─▶ render ─▶ push ─▶ remember, record ─▶ release
//!                             │                                 │
//!                             └── busy, or what may pass ───────┴──▶ put back as a slice of its own
//! ```
//!
//! A device that is held, or to be restored, gets a kept configuration in the place of what is rendered: see [`crate::history`].

mod device;
mod fresh;
mod hours;
mod outside;
mod push;
mod remember;
mod trial;
mod wanted;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{StreamExt, stream};
use intent::confirm::ConfirmWithin;
use intent::inventory::Inventory;
use intent::model::ModelFiles;
use intent::name::DeviceName;
use intent::render::ModelSet;
use jiff::{SignedDuration, Timestamp};
use tracing::{info, warn};

pub use outside::{Outside, Ports};

use crate::lease;
use crate::ports::{Clock, DeadLetters, Inventories, Models, Recorded, Runs, SliceQueue, StoreError, StoreFault};
use crate::records::outcome::{Attempt, Outcome, changed_lines};
use crate::records::slice::{self, Slice};
use crate::retry::{self, Retries};
use fresh::Fresh;
use hours::Hours;

/// Works on slices. One value serves a warm process for its life.
pub struct Enforcer<P> {
    ports: P,
    limits: Limits,
    /// What was parsed last, and from which files.
    model_set: Mutex<Option<(Arc<ModelFiles>, Arc<ModelSet>)>>,
}

/// What bounds an enforcer's work.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many devices of a slice are worked on at once.
    pub concurrency: NonZeroUsize,
    /// For how long a new configuration is on trial where neither the request nor a model says.
    pub confirm: ConfirmWithin,
    /// How far the clock of any machine may be from the true time.
    pub clock_skew: SignedDuration,
    /// How often what may pass by itself is tried.
    pub retries: Retries,
    /// From when on no other enforcer can have been at work, where that is known: whatever was opened before is nobody's.
    pub alone_since: Option<Timestamp>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: NonZeroUsize::MIN.saturating_add(31),
            confirm: ConfirmWithin::default(),
            clock_skew: SignedDuration::from_mins(5),
            retries: Retries::default(),
            alone_since: None,
        }
    }
}

/// Whether a message was handed out before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// For the first time.
    First,
    /// Again, after a failure or a kill: some of its devices may be done.
    Again,
}

/// What is read for the devices of a slice, newest versions.
#[derive(Clone)]
struct Read {
    /// Since when the run is cancelled.
    cancelled: Option<Timestamp>,
    /// What they are brought to, or what keeps all of them from being worked on and that no retry can cure.
    site: Result<Arc<Site>, String>,
}

/// Inventory and models at one moment.
struct Site {
    inventory: Inventory,
    /// Models and templates; or what keeps them from being used. A device that is to run a kept configuration does without.
    models: Result<(Arc<ModelFiles>, Arc<ModelSet>), String>,
}

/// A device that must come again.
struct Unfinished {
    device: DeviceName,
    why: Why,
    reason: String,
}

/// How it comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// An attempt came to nothing, for a reason that may pass.
    Failed,
    /// Others work on it.
    Waits,
    /// The same was just done.
    Settles,
    /// There was no time for it.
    OutOfTime,
}

impl<P: Outside> Enforcer<P> {
    /// An enforcer within these limits.
    pub fn new(ports: P, limits: Limits) -> Self {
        Self { ports, limits, model_set: Mutex::new(None) }
    }

    /// Works on one queue message until `deadline`, by the enforcer's own clock; nothing is begun that cannot end by then. After `Ok`
    /// it is done with: every device has an outcome on record or is in the queue again, or the message was no slice and is parked.
    /// After `Err` it must be delivered again.
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
        info!(run = %slice.run, devices = slice.devices.len(), attempt = slice.attempt, waits = slice.waits, "took a slice");
        let came_before = delivery == Delivery::Again || slice.attempt > 0 || slice.waits > 0;
        let hours = Hours::new(self.clock().now(), deadline, self.limits.clock_skew);
        let reading = Fresh::default();
        let ended: Vec<_> = stream::iter(slice.devices.iter().cloned())
            .map(|device| {
                let (hours, reading) = (&hours, &reading);
                async move { self.work_on(slice, &device, came_before, hours, reading).await }
            })
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
        self.put_back(slice, unfinished).await?;
        failed.map_or(Ok(()), Err)
    }

    /// Queues what is unfinished, each kind as a slice of its own with its own delay, so that one device's trouble delays no other's.
    async fn put_back(&self, slice: &Slice, unfinished: Vec<Unfinished>) -> Result<(), StoreError> {
        let ports = self.ports.ports();
        for why in [Why::Failed, Why::Waits, Why::Settles, Why::OutOfTime] {
            let these: Vec<_> = unfinished.iter().filter(|device| device.why == why).collect();
            if these.is_empty() {
                continue;
            }
            let dice = ports.clock.entropy();
            let (attempt, waits, delay) = match why {
                Why::Failed => (slice.attempt + 1, slice.waits, self.limits.retries.pause(slice.attempt, dice)),
                Why::Waits => (slice.attempt, slice.waits + 1, retry::wait(slice.waits, dice)),
                Why::Settles => (slice.attempt, slice.waits + 1, lease::SETTLE.unsigned_abs()),
                Why::OutOfTime => (slice.attempt, slice.waits, Duration::ZERO),
            };
            let devices = these.iter().map(|unfinished| unfinished.device.clone()).collect();
            let again = Slice { version: slice::VERSION, devices, attempt, waits, ..slice.clone() };
            ports.queue.send(&[again], delay).await?;
            let now = ports.clock.now();
            for Unfinished { device, reason, .. } in these {
                info!(run = %slice.run, %device, reason, delay_s = delay.as_secs(), "put back");
                let attempt = Attempt {
                    run: slice.run.clone(),
                    device: device.clone(),
                    attempts: attempt + waits,
                    at: now,
                    reason: reason.clone(),
                    again_at: now + delay,
                };
                // For people only; the slice is what counts.
                if let Err(error) = ports.state.note(&attempt).await {
                    warn!(run = %slice.run, %device, %error, "the attempt could not be noted");
                }
            }
        }
        Ok(())
    }

    /// Reads what the slice needs, newest versions. What an operator must correct is an obstacle and becomes the outcome
    /// of every device; what may pass by itself is an error, and the device comes again.
    async fn read(&self, slice: &Slice) -> Result<Read, StoreError> {
        let cancelled = self.ports.ports().state.cancelled(&slice.run).await?;
        Ok(Read { cancelled, site: self.read_site(slice).await?.map(Arc::new) })
    }

    async fn read_site(&self, slice: &Slice) -> Result<Result<Site, String>, StoreError> {
        let ports = self.ports.ports();
        let documents = match ports.inventories.named(&slice.inventory).await {
            Ok(documents) => documents,
            Err(error) if is_obstacle(&error) => return Ok(Err(format!("{error}; the inventory was changed since"))),
            Err(error) => return Err(error),
        };
        let inventory = match Inventory::parse(&documents) {
            Ok(inventory) => inventory,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let models = match ports.models.snapshot().await {
            Ok(files) => self.model_set(&files).map(|models| (files, models)),
            Err(error) if is_obstacle(&error) => Err(error.to_string()),
            Err(error) => return Err(error),
        };
        Ok(Ok(Site { inventory, models }))
    }

    /// The models and templates of `files`, parsed anew only when they have changed.
    fn model_set(&self, files: &Arc<ModelFiles>) -> Result<Arc<ModelSet>, String> {
        let mut parsed = self.model_set.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((from, models)) = parsed.as_ref()
            && Arc::ptr_eq(from, files)
        {
            return Ok(Arc::clone(models));
        }
        let models = Arc::new(ModelSet::read(files).map_err(|error| error.to_string())?);
        *parsed = Some((Arc::clone(files), Arc::clone(&models)));
        Ok(models)
    }

    async fn record(&self, outcome: &Outcome) -> Result<(), StoreError> {
        let recorded = self.ports.ports().state.record(outcome).await?;
        let Outcome { run, device, status, .. } = outcome;
        let (added, removed) = changed_lines(&outcome.diff);
        let took_ms = outcome.finished_at.duration_since(outcome.started_at).as_millis();
        match (&outcome.error, recorded) {
            (_, Recorded::Before) => info!(%run, %device, "an outcome was on record already and stands"),
            (None, _) => info!(%run, %device, status = status.word(), added, removed, took_ms, "device done"),
            (Some(error), _) => {
                warn!(%run, %device, status = status.word(), switch = ?outcome.switch, took_ms, error, "device not done");
            }
        }
        Ok(())
    }

    fn clock(&self) -> &P::Clock {
        &self.ports.ports().clock
    }
}

fn is_obstacle(error: &StoreError) -> bool {
    match error.fault {
        StoreFault::NotFound | StoreFault::Unreadable => true,
        StoreFault::Denied | StoreFault::Unavailable => false,
    }
}

#[cfg(test)]
mod tests;
