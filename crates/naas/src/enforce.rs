//! The enforcer: from a slice to one recorded outcome for each of its devices.

mod push;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{StreamExt, stream};
use tracing::{info, warn};

use crate::inventory::Inventory;
use crate::name::DeviceName;
use crate::outcome::{Outcome, Status, SwitchState};
use crate::ports::{
    Clock, DeadLetters, Inventories, ModelFiles, Models, Recorded, Runs, StoreError, StoreFault, Switches,
};
use crate::render::Intent;
use crate::slice::Slice;

/// Works on slices. One value serves a warm process for its life.
pub struct Enforcer<I, M, W, R, D, C> {
    inventories: I,
    models: M,
    switches: W,
    runs: R,
    dead_letters: D,
    clock: C,
    /// How many devices of a slice are worked on at once.
    concurrency: NonZeroUsize,
    /// What was parsed last, and from which files.
    intent: Mutex<Option<(Arc<ModelFiles>, Arc<Intent>)>>,
}

/// The outside of an [`Enforcer`], by name.
pub struct Ports<I, M, W, R, D, C> {
    /// Where devices are described.
    pub inventories: I,
    /// Where models and templates are.
    pub models: M,
    /// How switches are reached.
    pub switches: W,
    /// Where outcomes are recorded.
    pub runs: R,
    /// Where messages go that are no slices.
    pub dead_letters: D,
    /// The time of day.
    pub clock: C,
}

/// Whether a message was handed out before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// For the first time.
    First,
    /// Again, after a failure or a kill: some of its devices may be done.
    Again,
}

/// What keeps every device of a slice from being worked on, and cannot be cured by a retry.
type Obstacle = String;

impl<I, M, W, R, D, C> Enforcer<I, M, W, R, D, C>
where
    I: Inventories,
    M: Models,
    W: Switches,
    R: Runs,
    D: DeadLetters,
    C: Clock,
{
    /// An enforcer that works on at most `concurrency` devices at once.
    pub fn new(ports: Ports<I, M, W, R, D, C>, concurrency: NonZeroUsize) -> Self {
        let Ports { inventories, models, switches, runs, dead_letters, clock } = ports;
        Self { inventories, models, switches, runs, dead_letters, clock, concurrency, intent: Mutex::new(None) }
    }

    /// Works on one queue message. After `Ok` it is done with: every device has an outcome on record, or the message was
    /// no slice and is parked. After `Err` it must be delivered again.
    pub async fn receive(&self, message: &str, delivery: Delivery) -> Result<(), StoreError> {
        match Slice::parse(message) {
            Ok(slice) => self.enforce(&slice, delivery).await,
            Err(error) => {
                warn!(%error, bytes = message.len(), "parked a message that is not a slice");
                self.dead_letters.park(message, &error.to_string()).await
            }
        }
    }

    async fn enforce(&self, slice: &Slice, delivery: Delivery) -> Result<(), StoreError> {
        let pending = self.pending(slice, delivery).await?;
        info!(run = %slice.run, devices = slice.devices.len(), pending = pending.len(), "took a slice");
        let plan = self.prepare(slice).await?;
        let failures: Vec<_> = stream::iter(pending)
            .map(|device| {
                let plan = plan.as_ref();
                async move {
                    let outcome = match plan {
                        Ok((inventory, intent)) => self.push(slice, &device, inventory, intent).await,
                        Err(obstacle) => self.not_contacted(slice, &device, obstacle.clone()),
                    };
                    self.record(&outcome).await
                }
            })
            .buffer_unordered(self.concurrency.get())
            .filter_map(|recorded| std::future::ready(recorded.err()))
            .collect()
            .await;
        failures.into_iter().next().map_or(Ok(()), Err)
    }

    /// The devices still to be worked on.
    async fn pending(&self, slice: &Slice, delivery: Delivery) -> Result<Vec<DeviceName>, StoreError> {
        let done = match delivery {
            Delivery::First => BTreeMap::new(),
            Delivery::Again => self.runs.statuses(&slice.run).await?,
        };
        Ok(slice.devices.iter().filter(|device| !done.contains_key(*device)).cloned().collect())
    }

    /// Reads what the slice needs, newest versions. What an operator must correct is an obstacle and becomes the outcome
    /// of every device; what may pass by itself is an error, and the slice comes again.
    async fn prepare(&self, slice: &Slice) -> Result<Result<(Inventory, Arc<Intent>), Obstacle>, StoreError> {
        let documents = match self.inventories.named(&slice.inventory).await {
            Ok(documents) => documents,
            Err(error) if is_obstacle(&error) => return Ok(Err(format!("{error}; the inventory was changed since"))),
            Err(error) => return Err(error),
        };
        let inventory = match Inventory::parse(&documents) {
            Ok(inventory) => inventory,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let files = match self.models.snapshot().await {
            Ok(files) => files,
            Err(error) if is_obstacle(&error) => return Ok(Err(error.to_string())),
            Err(error) => return Err(error),
        };
        Ok(self.intent(&files).map(|intent| (inventory, intent)))
    }

    /// The files' intent, parsed anew only when they have changed.
    fn intent(&self, files: &Arc<ModelFiles>) -> Result<Arc<Intent>, Obstacle> {
        let mut parsed = self.intent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((from, intent)) = parsed.as_ref()
            && Arc::ptr_eq(from, files)
        {
            return Ok(Arc::clone(intent));
        }
        let intent = Arc::new(Intent::read(files).map_err(|error| error.to_string())?);
        *parsed = Some((Arc::clone(files), Arc::clone(&intent)));
        Ok(intent)
    }

    async fn record(&self, outcome: &Outcome) -> Result<(), StoreError> {
        let recorded = self.runs.record(outcome).await?;
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

    fn not_contacted(&self, slice: &Slice, device: &DeviceName, reason: String) -> Outcome {
        let now = self.clock.now();
        Outcome {
            run: slice.run.clone(),
            device: device.clone(),
            status: Status::Invalid,
            switch: SwitchState::NotContacted,
            diff: String::new(),
            error: Some(reason),
            started_at: now,
            finished_at: now,
        }
    }
}

fn is_obstacle(error: &StoreError) -> bool {
    match error.fault {
        StoreFault::NotFound | StoreFault::Unreadable => true,
        StoreFault::Denied | StoreFault::Unavailable => false,
    }
}

/// How many lines a unified diff adds and removes.
fn changed_lines(diff: &str) -> (usize, usize) {
    let count = |sign: char, header: &str| {
        diff.lines().filter(|line| line.starts_with(sign) && !line.starts_with(header)).count()
    };
    (count('+', "+++ "), count('-', "--- "))
}

#[cfg(test)]
mod tests;
