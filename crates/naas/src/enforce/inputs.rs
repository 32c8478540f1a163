//! What is read for the devices of a slice: whether the run is cancelled, the inventory, and the
//! models.

use std::sync::{Arc, Mutex, PoisonError};

use intent::inventory::{Document, Inventory};
use intent::model::ModelFiles;
use intent::render::ModelSet;
use jiff::Timestamp;

use super::enforcer_ports::{EnforcerPorts, PortsOf};
use super::stop::Stop;
use crate::ports::{Inventories, Models, Runs, StoreError, StoreFault};
use crate::records::slice::Slice;

/// The newest inputs of one slice.
#[derive(Clone)]
pub(super) struct Inputs {
    /// Since when the run is cancelled, if it is.
    pub(super) cancelled_at: Option<Timestamp>,
    /// The site, or what an operator must correct before any device of the slice can be worked on.
    pub(super) site: Result<Arc<Site>, String>,
}

/// Inventory and models at one moment.
pub(super) struct Site {
    pub(super) inventory: Arc<Inventory>,
    /// The models, or what keeps them from being used. A device that runs a configuration of its
    /// history does without them.
    pub(super) models: Result<ParsedModels, String>,
}

/// Model files, and what they were parsed to.
#[derive(Clone)]
pub(super) struct ParsedModels {
    pub(super) files: Arc<ModelFiles>,
    pub(super) set: Arc<ModelSet>,
}

/// What was parsed last, so that unchanged documents and files are not parsed again.
#[derive(Default)]
pub(super) struct SiteCache {
    models: Mutex<Option<ParsedModels>>,
    inventory: Mutex<Option<(Vec<Document>, Arc<Inventory>)>>,
}

impl SiteCache {
    /// The inventory that `documents` make up, or why they make up none.
    fn inventory(&self, documents: Vec<Document>) -> Result<Arc<Inventory>, String> {
        let mut last = self.inventory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, parsed)) = last.as_ref().filter(|(before, _)| *before == documents) {
            return Ok(Arc::clone(parsed));
        }
        let parsed = Arc::new(Inventory::parse(&documents).map_err(|error| error.to_string())?);
        Ok(Arc::clone(&last.insert((documents, parsed)).1))
    }

    /// The parsed models of `files`, or why they are not models.
    fn models(&self, files: Arc<ModelFiles>) -> Result<ParsedModels, String> {
        let mut last = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(parsed) = last.as_ref().filter(|parsed| Arc::ptr_eq(&parsed.files, &files)) {
            return Ok(parsed.clone());
        }
        let set = Arc::new(ModelSet::read(&files).map_err(|error| error.to_string())?);
        Ok(last.insert(ParsedModels { files, set }).clone())
    }
}

impl Inputs {
    /// Reads the newest inputs of `slice`. An error is a store's that may answer later; what an
    /// operator must correct is part of the inputs, and becomes the outcome of every device.
    pub(super) async fn read<P: EnforcerPorts>(
        ports: &PortsOf<P>,
        cache: &SiteCache,
        slice: &Slice,
    ) -> Result<Self, StoreError> {
        let cancelled_at = ports.state.cancelled(&slice.task.run).await?;
        let site = match Site::read::<P>(ports, cache, &slice.task.inventory).await {
            Ok(site) => Ok(Arc::new(site)),
            Err(InputError::Invalid(reason)) => Err(reason),
            Err(InputError::Store(error)) => return Err(error),
        };
        Ok(Self { cancelled_at, site })
    }

    /// The site, unless it must be corrected first.
    pub(super) fn site(&self) -> Result<&Arc<Site>, Stop> {
        self.site.as_ref().map_err(|reason| Stop::Invalid(reason.clone()))
    }
}

/// Why a site cannot be read.
enum InputError {
    /// An operator must correct it.
    Invalid(String),
    /// A store failed, and may answer later.
    Store(StoreError),
}

impl From<StoreError> for InputError {
    fn from(error: StoreError) -> Self {
        if needs_an_operator(&error) { Self::Invalid(error.to_string()) } else { Self::Store(error) }
    }
}

impl Site {
    async fn read<P: EnforcerPorts>(
        ports: &PortsOf<P>,
        cache: &SiteCache,
        inventory: &[String],
    ) -> Result<Self, InputError> {
        let documents = ports.inventories.named(inventory).await.map_err(|error| match error.into() {
            InputError::Invalid(reason) => InputError::Invalid(format!("{reason}; the inventory was changed since")),
            store => store,
        })?;
        let inventory = cache.inventory(documents).map_err(InputError::Invalid)?;
        let models = match ports.models.snapshot().await {
            Ok(files) => cache.models(files),
            Err(error) if needs_an_operator(&error) => Err(error.to_string()),
            Err(error) => return Err(error.into()),
        };
        Ok(Self { inventory, models })
    }
}

fn needs_an_operator(error: &StoreError) -> bool {
    match error.fault {
        StoreFault::NotFound | StoreFault::Unreadable => true,
        StoreFault::Denied | StoreFault::Unavailable => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inventory_is_parsed_again_once_it_changes() {
        let cache = SiteCache::default();
        let document = |text: &str| Document::new("i.yaml", text.as_bytes().to_vec());
        let inventory = |document: Document| cache.inventory(vec![document]).unwrap();
        let (one, two) = ("hosts: {leaf1: {}}", "hosts: {leaf1: {}, leaf2: {}}");

        let first = inventory(document(one));

        assert!(Arc::ptr_eq(&first, &inventory(document(one))));
        assert!(!Arc::ptr_eq(&first, &inventory(document(one).of_this_machine())), "its passwords may be commands");
        assert_eq!(inventory(document(two)).names().len(), 2);
        assert!(cache.inventory(vec![document("hosts: [")]).is_err());
        assert_eq!(inventory(document(one)).names().len(), 1);
    }
}
