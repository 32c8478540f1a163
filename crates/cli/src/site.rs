//! A site folder at work: scheduler, queue and enforcer in this process, for `naas serve` and for
//! every verb that works without a deployment.
//!
//! ```text
//! site/
//! ├── inventory.yaml      or Nornir's hosts.yaml, groups.yaml, defaults.yaml
//! ├── models/             models and templates, as in the models bucket
//! └── .naas/              made by naas, its owner's alone
//!     ├── state.redb      runs, outcomes, queue; survives kill -9
//!     └── …               where `naas serve` answers, its owner's token, the keys that sign tokens
//! ```

mod folder;
mod tokens;
mod worker;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adapters::SystemClock;
use adapters::embedded::{AlreadyOpen, EmbeddedStore, FolderInventories, FolderModels, Passwords, private};
use adapters::eos::EosSwitches;
use anyhow::{Context, anyhow, bail};
use intent::inventory::Inventory;
use jiff::Timestamp;
use naas::enforce::{Enforcer, Limits, Ports};
use naas::ports::{Clock, Inventories, StoreFault};
use naas::schedule::request::Step;
use naas::schedule::{self, Scheduler};
use tracing::warn;

pub(crate) use folder::SiteFolder;
pub(crate) use tokens::{
    KEY_LIFE, SiteDocuments, SiteGate, audience, header, owner_file, read as read_token, read_keys, renew_owner,
    write_header, write_keys,
};
pub(crate) use worker::{LAST_PUSHES, Work, Workers};

/// The scheduler over a site folder.
pub(crate) type LocalScheduler = Scheduler<
    schedule::Ports<FolderInventories, FolderModels, EmbeddedStore, EmbeddedStore, EmbeddedStore, SystemClock>,
>;
type LocalPorts =
    Ports<FolderInventories, FolderModels, EosSwitches, EmbeddedStore, EmbeddedStore, EmbeddedStore, SystemClock>;
pub(crate) type LocalEnforcer = Enforcer<LocalPorts>;

/// An open site; no other process can open it as long as this one has it.
pub(crate) struct Site {
    /// The full path of the folder.
    pub(crate) folder: PathBuf,
    /// The store in which the site's state is.
    pub(crate) store: EmbeddedStore,
    /// The scheduler, which takes requests.
    pub(crate) scheduler: Arc<LocalScheduler>,
    /// The enforcer, which works on slices.
    pub(crate) enforcer: Arc<LocalEnforcer>,
}

impl Site {
    /// Opens the site in `folder`.
    ///
    /// # Errors
    ///
    /// The folder is no site, or another process has it open.
    pub(crate) async fn open(folder: &Path, step: Step, limits: Limits) -> anyhow::Result<Self> {
        let folder = find(folder).await?;
        tighten_inventory(&folder);
        let store = open_store(&folder)?;
        // Its file is locked: whoever had it before is dead, and so are their pushes. Names of
        // sessions have whole seconds, and one of this very second may be ours.
        let alone_since = Timestamp::from_second(SystemClock.now().as_second())?;
        let limits = Limits { alone_since: Some(alone_since), ..limits };
        let inventories = FolderInventories::new(folder.clone());
        let scheduler_ports = schedule::Ports {
            inventories: inventories.clone(),
            models: FolderModels::of_site(&folder),
            queue: store.clone(),
            state: store.clone(),
            dead_letters: store.clone(),
            clock: SystemClock,
        };
        let scheduler = Arc::new(LocalScheduler::new(scheduler_ports, step));
        let ports = Ports {
            inventories,
            models: FolderModels::of_site(&folder),
            switches: EosSwitches::default().with_passwords({
                let passwords = Passwords::default();
                move |password| passwords.find(password)
            }),
            state: store.clone(),
            queue: store.clone(),
            dead_letters: store.clone(),
            clock: SystemClock,
        };
        let enforcer = Arc::new(LocalEnforcer::new(ports, limits));
        Ok(Self { folder, store, scheduler, enforcer })
    }

    /// Notes where this process answers, for whoever finds the site open.
    pub(crate) fn serves_at(&self, url: &str) -> anyhow::Result<()> {
        let note = served_at(&self.folder);
        private::write(&note, url).with_context(|| format!("cannot write {}", note.display()))
    }
}

/// The folder's full path, if there is a site in it.
pub(crate) async fn find(folder: &Path) -> anyhow::Result<PathBuf> {
    let folder = folder.canonicalize().with_context(|| format!("site folder {}", folder.display()))?;
    let no_inventory = FolderInventories::new(&folder).all().await.is_err_and(|e| e.fault == StoreFault::NotFound);
    if no_inventory && !folder.join("models").is_dir() {
        bail!(
            "{} is no site: expected inventory.yaml (or Nornir's hosts.yaml) and models/; `naas init FOLDER` makes one",
            folder.display()
        );
    }
    Ok(folder)
}

/// The inventory of a site.
pub(crate) async fn inventory(folder: &Path) -> anyhow::Result<Inventory> {
    Ok(Inventory::parse(&FolderInventories::new(folder).all().await?)?)
}

/// Opens the site's store, which only its owner may read.
fn open_store(folder: &Path) -> anyhow::Result<EmbeddedStore> {
    let state = folder.join(".naas");
    private::folder(&state).with_context(|| format!("state folder {}", state.display()))?;
    match EmbeddedStore::open(state.join("state.redb")) {
        Ok(store) => {
            // Left behind by a process that was killed.
            match fs::remove_file(served_at(folder)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(error).with_context(|| format!("cannot remove {}", served_at(folder).display()))
                }
                _ => Ok(store),
            }
        }
        Err(error) if error.source.as_ref().is_some_and(|source| source.is::<AlreadyOpen>()) => {
            Err(match fs::read_to_string(served_at(folder)) {
                Ok(url) => {
                    anyhow!("site {}: another naas has it open, and serves it; add --api {url}", folder.display())
                }
                Err(_) => anyhow!("site {}: another naas has it open; wait until that has ended", folder.display()),
            })
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes away what others may do with the inventory's files: they may hold passwords.
fn tighten_inventory(folder: &Path) {
    for file in FolderInventories::new(folder).files().unwrap_or_default() {
        if let Err(error) = private::tighten(&file) {
            warn!(file = %file.display(), %error, "others may read this inventory file, and that cannot be changed");
        }
    }
}

/// Whether a `naas serve` of the site in `folder` answers at `url`.
pub(crate) fn is_served_at(folder: &Path, url: &str) -> bool {
    fs::read_to_string(served_at(folder)).is_ok_and(|served| served.trim_end_matches('/') == url.trim_end_matches('/'))
}

/// The file that says where the process that has the site open answers.
fn served_at(folder: &Path) -> PathBuf {
    folder.join(".naas/serving")
}

/// The user who runs this process and the machine, such as `ana@laptop`.
pub(crate) fn user() -> String {
    let user =
        ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()));
    format!("{}@{}", user.as_deref().unwrap_or("somebody"), gethostname::gethostname().to_string_lossy())
}
