//! `naas serve`: the scheduler, the queue and the enforcer in one process on a site folder.
//!
//! ```text
//! site/
//! ├── inventory.yaml      or Nornir's hosts.yaml, groups.yaml, defaults.yaml
//! ├── models/             models and templates, as in the models bucket
//! └── .naas/state.redb    runs, outcomes, queue; made by naas, survives kill -9
//! ```

mod api;
mod worker;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use adapters::SystemClock;
use adapters::embedded::{EmbeddedStore, FolderInventories, FolderModels};
use adapters::eos::EosSwitches;
use anyhow::Context;
use clap::Args;
use naas::enforce::{Enforcer, Ports};
use naas::schedule::Scheduler;
use naas::selection::Step;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::{info, warn};
use tracing_subscriber::EnvFilter;

/// The options of `naas serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The site folder
    #[arg(long, value_name = "FOLDER", default_value = ".", env = "NAAS_SITE")]
    site: PathBuf,
    /// Where to answer; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080", env = "NAAS_LISTEN")]
    listen: SocketAddr,
    /// Devices in a slice when a request names no step: max or a number from 1
    #[arg(long, value_name = "N", default_value = "10", value_parser = step, env = "NAAS_STEP")]
    step: Step,
    /// Slices worked on at once
    #[arg(long, value_name = "N", default_value = "4")]
    slices: NonZeroUsize,
    /// Devices of a slice worked on at once
    #[arg(long, value_name = "N", default_value = "32")]
    devices: NonZeroUsize,
}

/// The whole domain over local parts.
type LocalScheduler = Scheduler<FolderInventories, EmbeddedStore, EmbeddedStore, SystemClock>;
type LocalEnforcer = Enforcer<FolderInventories, FolderModels, EosSwitches, EmbeddedStore, EmbeddedStore, SystemClock>;

impl Serve {
    /// Serves until it is told to end (SIGTERM, SIGINT); pushes under way are finished first.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(is_terminal()).init();
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(self.serve())
    }

    async fn serve(self) -> anyhow::Result<()> {
        let site = self.site.canonicalize().with_context(|| format!("site folder {}", self.site.display()))?;
        let state = site.join(".naas");
        std::fs::create_dir_all(&state).with_context(|| format!("state folder {}", state.display()))?;
        let store = EmbeddedStore::open(state.join("state.redb"))?;
        let inventories = FolderInventories::new(site.clone());
        let scheduler = Arc::new(LocalScheduler {
            inventories: inventories.clone(),
            queue: store.clone(),
            state: store.clone(),
            clock: SystemClock,
            default_step: self.step,
        });
        let ports = Ports {
            inventories,
            models: FolderModels::new(site.join("models")),
            switches: EosSwitches,
            runs: store.clone(),
            dead_letters: store.clone(),
            clock: SystemClock,
        };
        let enforcer = Arc::new(LocalEnforcer::new(ports, self.devices));

        let listener =
            TcpListener::bind(self.listen).await.with_context(|| format!("cannot listen on {}", self.listen))?;
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() {
            warn!(%address, "anyone who reaches this address can configure every device of the site: callers are not authenticated yet");
        }
        info!(url = format!("http://{address}"), site = %site.display(), "naas is serving");

        let (end, ending) = watch::channel(false);
        let workers = (0..self.slices.get())
            .map(|_| tokio::spawn(worker::work(store.clone(), Arc::clone(&enforcer), ending.clone())));
        let workers: Vec<_> = workers.collect();
        axum::serve(listener, api::routes(scheduler)).with_graceful_shutdown(told_to_end()).await?;
        info!("ending: pushes under way are finished first");
        end.send_replace(true);
        for worker in workers {
            worker.await?;
        }
        Ok(())
    }
}

async fn told_to_end() {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .expect("a process may listen to its own signals");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

fn step(text: &str) -> Result<Step, String> {
    Step::parse_text(text).map_err(|error| error.to_string())
}

fn is_terminal() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
