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
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use adapters::SystemClock;
use adapters::embedded::{EmbeddedStore, FolderInventories, FolderModels};
use adapters::eos::EosSwitches;
use anyhow::Context;
use clap::Args;
use jiff::SignedDuration;
use naas::confirm::ConfirmWithin;
use naas::enforce::{Enforcer, Limits, Ports};
use naas::retry::Retries;
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
    /// Seconds that a switch runs a new configuration on trial, where neither request nor model says
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = confirm)]
    confirm: ConfirmWithin,
    /// How often a device is tried that cannot be reached or is busy
    #[arg(long, value_name = "N", default_value = "8")]
    attempts: NonZeroU32,
    /// Seconds before the second attempt; they double with each one
    #[arg(long, value_name = "SECONDS", default_value = "15")]
    retry_pause: u16,
}

/// The whole domain over local parts.
type LocalScheduler = Scheduler<FolderInventories, EmbeddedStore, EmbeddedStore, EmbeddedStore, SystemClock>;
type LocalPorts =
    Ports<FolderInventories, FolderModels, EosSwitches, EmbeddedStore, EmbeddedStore, EmbeddedStore, SystemClock>;
type LocalEnforcer = Enforcer<LocalPorts>;

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
            dead_letters: store.clone(),
            clock: SystemClock,
            default_step: self.step,
        });
        let ports = Ports {
            inventories,
            models: FolderModels::new(site.join("models")),
            switches: EosSwitches::default(),
            state: store.clone(),
            queue: store.clone(),
            dead_letters: store.clone(),
            clock: SystemClock,
        };
        let limits = Limits {
            concurrency: self.devices,
            confirm: self.confirm,
            // One machine has one clock.
            clock_skew: SignedDuration::ZERO,
            retries: Retries {
                first_pause: Duration::from_secs(self.retry_pause.into()),
                attempts: self.attempts.get(),
            },
        };
        let enforcer = Arc::new(LocalEnforcer::new(ports, limits));

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
        let routes = api::routes(scheduler).into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, routes).with_graceful_shutdown(told_to_end()).await?;
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

fn confirm(text: &str) -> Result<ConfirmWithin, String> {
    let seconds: i64 = text.parse().map_err(|_| format!("expected whole seconds, found {text:?}"))?;
    ConfirmWithin::new(seconds).map_err(|error| error.to_string())
}

fn is_terminal() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
