//! The state, models and inventory in memory, as trustworthy as S3 and Secrets Manager: compare and
//! set is exact, and any answer may be an error, before or after the effect.

mod devices;
mod ports;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use intent::hash::ContentHash;
use intent::inventory::Document;
use intent::model::ModelFiles;
use intent::name::{DeviceName, RunId};
use intent::tenancy::PortDocument;
use jiff::Timestamp;
use naas::ports::{
    Created, History, IdempotencyKeys, Installation, Inventories, Models, Recorded, Runs, StoreError, StoreFault,
};
use naas::records::applied_ports::AppliedPorts;
use naas::records::device_state::DeviceRecord;
use naas::records::idempotency::IdempotencyRecord;
use naas::records::installation::InstallationId;
use naas::records::outcome::{Attempt, Outcome, Status};
use naas::records::revision::{Entry, Revision};
use naas::records::run::{Run, RunSummary};

use crate::process::Reach;
use crate::sabotage::Sabotage;
use crate::site_versions::{self, ModelVariant, Version};
use crate::world::lock;

/// The inventory document's name.
const INVENTORY: &str = "naas/inventory";

/// What all machines see of the store, whatever they have read before.
pub(crate) struct Stored {
    pub(crate) version: Version,
    models: Arc<ModelFiles>,
    inventory: Vec<u8>,
    /// Until then every request fails.
    pub(crate) outage_until: Duration,
    pub(crate) runs: BTreeMap<RunId, Run>,
    pub(crate) outcomes: BTreeMap<(RunId, DeviceName), Outcome>,
    /// What listings show of the outcomes; written after them.
    pub(crate) markers: BTreeSet<(RunId, DeviceName)>,
    attempts: BTreeMap<(RunId, DeviceName), Attempt>,
    cancelled: BTreeMap<RunId, Timestamp>,
    pub(crate) records: BTreeMap<DeviceName, (DeviceRecord, u64)>,
    keys: BTreeMap<String, IdempotencyRecord>,
    port_documents: BTreeMap<DeviceName, (PortDocument, u64)>,
    applied_ports: BTreeMap<DeviceName, AppliedPorts>,
    /// The installation of naas that is played, which exists before the history begins.
    pub(crate) installation: InstallationId,
    /// Configurations by device and hash.
    pub(crate) texts: BTreeMap<(DeviceName, ContentHash), String>,
    /// In the order they were added.
    pub(crate) revisions: Vec<Revision>,
}

/// Models and inventory at one moment.
#[derive(Clone)]
pub(crate) struct Snapshot {
    models: Arc<ModelFiles>,
    inventory: Vec<u8>,
}

impl Stored {
    pub(crate) fn new(devices: &[String]) -> Self {
        Self {
            version: Version::default(),
            models: site_versions::models(0, ModelVariant::Good),
            inventory: site_versions::inventory(devices, 0),
            outage_until: Duration::ZERO,
            runs: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            markers: BTreeSet::new(),
            attempts: BTreeMap::new(),
            cancelled: BTreeMap::new(),
            records: BTreeMap::new(),
            keys: BTreeMap::new(),
            port_documents: BTreeMap::new(),
            applied_ports: BTreeMap::new(),
            installation: InstallationId::new(0x7f3a_9c21),
            texts: BTreeMap::new(),
            revisions: Vec::new(),
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot { models: self.models.clone(), inventory: self.inventory.clone() }
    }

    /// Operators change the models.
    pub(crate) fn change_models(&mut self, variant: ModelVariant) {
        self.version.models += 1;
        self.models = site_versions::models(self.version.models, variant);
    }

    /// Operators change the inventory.
    pub(crate) fn change_inventory(&mut self, devices: &[String]) {
        self.version.inventory += 1;
        self.inventory = site_versions::inventory(devices, self.version.inventory);
    }
}

/// What is done to a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    /// The call came to nothing.
    Lost,
    /// It is done, and its answer lost.
    AnswerLost,
    /// It is done, its answer lost, and the client asks again by itself: a conditional write then
    /// finds its own work.
    Repeated,
}

impl Reach {
    fn fate(&self) -> Fate {
        let world = &self.0.world;
        if world.elapsed() < lock(&world.stored).outage_until {
            return Fate::Lost;
        }
        if !world.happens(world.fault_rates.store) {
            return Fate::Answered;
        }
        [Fate::Lost, Fate::AnswerLost, Fate::Repeated][world.random(|rng| rng.usize(0..3))]
    }

    /// One request to the store.
    async fn ask<T>(&self, what: &str, mut effect: impl FnMut(&mut Stored) -> T) -> Result<T, StoreError> {
        let process = &self.0;
        process.point(what).await;
        let fate = self.fate();
        let unavailable = || Err(StoreError::new(what, StoreFault::Unavailable, "503 Slow Down"));
        if fate == Fate::Lost {
            process.log(|| format!("{what}: 503, not done"));
            return unavailable();
        }
        let mut answer = effect(&mut lock(&process.world.stored));
        if fate == Fate::AnswerLost {
            process.log(|| format!("{what}: done, and the answer lost"));
            return unavailable();
        }
        if fate == Fate::Repeated {
            process.log(|| format!("{what}: done twice, since the first answer was lost"));
            answer = effect(&mut lock(&process.world.stored));
        }
        process.point(what).await;
        Ok(answer)
    }

    /// What is read of models and inventory.
    fn read(&self, stored: &Stored) -> Snapshot {
        match self.0.first_seen() {
            Some(before) if self.0.world.sabotage == Some(Sabotage::ReadsBeforeLease) => before.clone(),
            _ => stored.snapshot(),
        }
    }
}

impl Inventories for Reach {
    async fn all(&self) -> Result<Vec<Document>, StoreError> {
        self.ask("reading the inventory", |stored| {
            vec![Document::new(INVENTORY, stored.inventory.clone()).with_local_addresses()]
        })
        .await
    }

    async fn named(&self, names: &[String]) -> Result<Vec<Document>, StoreError> {
        let read = |stored: &mut Stored| {
            let inventory = self.read(stored).inventory;
            names.iter().map(|name| Document::new(name, inventory.clone()).with_local_addresses()).collect()
        };
        self.ask("reading the inventory", read).await
    }
}

impl Models for Reach {
    async fn snapshot(&self) -> Result<Arc<ModelFiles>, StoreError> {
        self.ask("reading the models", |stored| self.read(stored).models).await
    }
}

impl Runs for Reach {
    async fn create(&self, run: &Run) -> Result<Created, StoreError> {
        let world = &self.0.world;
        let create = |stored: &mut Stored| {
            let created = Created::given(stored.runs.get(&run.task.run), run);
            if !stored.runs.contains_key(&run.task.run) {
                world.watch().created(&run.task.run, world.elapsed());
                stored.runs.insert(run.task.run.clone(), run.clone());
            }
            created
        };
        self.ask("recording the run", create).await
    }

    async fn recent(&self, limit: usize) -> Result<Vec<RunSummary>, StoreError> {
        let list = |stored: &mut Stored| {
            let mut runs: Vec<_> = stored.runs.values().map(Run::summary).collect();
            runs.sort_by(|a, b| (b.accepted_at, &b.run).cmp(&(a.accepted_at, &a.run)));
            runs.truncate(limit);
            runs
        };
        self.ask("listing the runs", list).await
    }

    async fn load(&self, run: &RunId) -> Result<Option<Run>, StoreError> {
        self.ask("reading the run", |stored| stored.runs.get(run).cloned()).await
    }

    /// In two steps, as S3 has it: the outcome, and then what listings show of it.
    async fn record(&self, outcome: &Outcome) -> Result<Recorded, StoreError> {
        let key = (outcome.run.clone(), outcome.device.clone());
        let write = |stored: &mut Stored| {
            if stored.outcomes.contains_key(&key) {
                return Recorded::Before;
            }
            stored.outcomes.insert(key.clone(), outcome.clone());
            self.0.world.recorded(self.0.invocation(), outcome);
            self.0.log(|| {
                let words = outcome.error.as_deref().map(|words| format!(", {words}")).unwrap_or_default();
                format!("{}: {} in run {}{words}", outcome.device, outcome.status.word(), outcome.run)
            });
            Recorded::Now
        };
        let recorded = self.ask("recording the outcome", write).await?;
        self.0.world.park_late();
        self.ask("marking the outcome", |stored| stored.markers.insert(key.clone())).await?;
        Ok(recorded)
    }

    async fn outcome(&self, run: &RunId, device: &DeviceName) -> Result<Option<Outcome>, StoreError> {
        let key = (run.clone(), device.clone());
        self.ask("reading the outcome", |stored| stored.outcomes.get(&key).cloned()).await
    }

    async fn statuses(&self, run: &Run) -> Result<BTreeMap<DeviceName, Status>, StoreError> {
        let list = |stored: &mut Stored| {
            let marked = run.devices.iter().map(|device| (run.task.run.clone(), device.clone()));
            let marked = marked.filter(|key| stored.markers.contains(key));
            marked.filter_map(|key| Some((key.1.clone(), stored.outcomes.get(&key)?.status))).collect()
        };
        self.ask("listing the outcomes", list).await
    }

    async fn note(&self, attempt: &Attempt) -> Result<(), StoreError> {
        if attempt.reason.contains("longer than a function lives") {
            self.0.world.count("pushes cut off in their work");
        }
        let key = (attempt.run.clone(), attempt.device.clone());
        self.ask("noting the attempt", |stored| drop(stored.attempts.insert(key.clone(), attempt.clone()))).await
    }

    async fn attempt(&self, run: &RunId, device: &DeviceName) -> Result<Option<Attempt>, StoreError> {
        let key = (run.clone(), device.clone());
        self.ask("reading the attempt", |stored| stored.attempts.get(&key).cloned()).await
    }

    async fn cancel(&self, run: &RunId, at: Timestamp) -> Result<(), StoreError> {
        let world = &self.0.world;
        let cancel = |stored: &mut Stored| {
            if !stored.cancelled.contains_key(run) {
                stored.cancelled.insert(run.clone(), at);
                world.watch().cancelled(run, world.elapsed());
            }
        };
        self.ask("cancelling the run", cancel).await
    }

    async fn cancelled(&self, run: &RunId) -> Result<Option<Timestamp>, StoreError> {
        self.ask("asking whether the run is cancelled", |stored| stored.cancelled.get(run).copied()).await
    }
}

impl History for Reach {
    async fn keep(&self, device: &DeviceName, hash: &ContentHash, text: &str) -> Result<(), StoreError> {
        let key = (device.clone(), hash.clone());
        let keep = |stored: &mut Stored| {
            stored.texts.entry(key.clone()).or_insert_with(|| text.to_owned());
        };
        self.ask("keeping the configuration", keep).await
    }

    async fn kept(&self, device: &DeviceName, hash: &ContentHash) -> Result<Option<String>, StoreError> {
        let key = (device.clone(), hash.clone());
        self.ask("reading a kept configuration", |stored| stored.texts.get(&key).cloned()).await
    }

    async fn add(&self, revision: &Revision) -> Result<(), StoreError> {
        let add = |stored: &mut Stored| {
            let is_there = |other: &Revision| other.device == revision.device && other.entry() == revision.entry();
            if !stored.revisions.iter().any(is_there) {
                stored.revisions.push(revision.clone());
            }
        };
        self.ask("adding to the history", add).await
    }

    async fn entries(&self, device: &DeviceName, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let list = |stored: &mut Stored| {
            let of_device = stored.revisions.iter().filter(|revision| revision.device == *device);
            let mut entries: Vec<_> = of_device.map(Revision::entry).collect();
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
            entries.truncate(limit);
            entries
        };
        self.ask("listing the history", list).await
    }

    async fn revision(&self, device: &DeviceName, entry: &Entry) -> Result<Option<Revision>, StoreError> {
        let find = |stored: &mut Stored| {
            let is_it = |other: &&Revision| other.device == *device && other.entry() == *entry;
            stored.revisions.iter().find(is_it).cloned()
        };
        self.ask("reading from the history", find).await
    }
}

impl Installation for Reach {
    async fn installation_id(&self, _new: &InstallationId) -> Result<InstallationId, StoreError> {
        self.ask("asking for the installation", |stored| stored.installation.clone()).await
    }
}

impl IdempotencyKeys for Reach {
    async fn claim(&self, key: &str, record: &IdempotencyRecord) -> Result<Option<IdempotencyRecord>, StoreError> {
        let claim = |stored: &mut Stored| {
            let held = stored.keys.get(key).cloned();
            stored.keys.entry(key.to_owned()).or_insert_with(|| record.clone());
            held
        };
        self.ask("claiming the key", claim).await
    }

    async fn replace(
        &self,
        key: &str,
        expected: &IdempotencyRecord,
        new: &IdempotencyRecord,
    ) -> Result<bool, StoreError> {
        let replace = |stored: &mut Stored| {
            let stands = stored.keys.get(key) == Some(expected);
            if stands {
                stored.keys.insert(key.to_owned(), new.clone());
            }
            stands
        };
        self.ask("replacing the key", replace).await
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;
    use naas::contract;

    use super::*;
    use crate::process::Process;
    use crate::scenario::{FaultRates, Scenario};
    use crate::world::World;

    #[tokio::test(start_paused = true)]
    async fn the_simulations_store_keeps_the_contract() {
        let mut rng = Rng::with_seed(1);
        let rules = Scenario::generate(&mut rng).rules;
        let world = Arc::new(World::new(rules, FaultRates::default(), None, rng, BTreeMap::new(), false));
        let process = Process::new(&world, "contract");
        process.begin();
        let store = Reach(process);

        for seed in [1, 2] {
            contract::runs(&store, seed).await;
            contract::outcomes(&store, seed).await;
            contract::device_records(&store, seed).await;
            contract::history(&store, seed).await;
            contract::idempotency_keys(&store, seed).await;
            contract::port_documents(&store, seed).await;
        }
    }
}
