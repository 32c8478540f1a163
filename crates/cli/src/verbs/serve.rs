//! `naas serve`: the API over HTTP on a site folder and the workers behind it, in one process.

mod admission;
mod api;
mod connections;

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use identity::HttpFetch;
use intent::confirm::ConfirmWithin;
use jiff::{SignedDuration, Timestamp};
use naas::enforce::Limits;
use naas::retry::Retries;
use naas::schedule::request::Step;
use tokio::net::TcpListener;
use tracing::{info, warn};

use crate::signals::told_to_end;
use crate::site::{self, LAST_PUSHES, Site, SiteDocuments, SiteFolder, SiteGate, Work, Workers};
use admission::Admission;
use api::Api;

/// The options of `naas serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    site: SiteFolder,
    /// Address and port to listen on; port 0 chooses a free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080", env = "NAAS_LISTEN")]
    listen: SocketAddr,
    /// Devices per slice where a request names no step: max, or a number from 1
    #[arg(long, value_name = "N", default_value = "10", value_parser = step, env = "NAAS_STEP")]
    step: Step,
    /// Work on this many slices at once
    #[arg(long, value_name = "N", default_value = "4")]
    slices: NonZeroUsize,
    /// Work on this many devices of a slice at once
    #[arg(long, value_name = "N", default_value = "32")]
    devices: NonZeroUsize,
    /// Commit timer in seconds where neither the request nor a model sets one
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = confirm)]
    confirm: ConfirmWithin,
    /// Try a device that is unreachable or busy this many times
    #[arg(long, value_name = "N", default_value = "8")]
    attempts: NonZeroU32,
    /// Seconds before the second attempt; each further pause is twice as long
    #[arg(long, value_name = "SECONDS", default_value = "15")]
    retry_pause: u16,
    /// Accept requests for this host name, besides localhost and IP addresses; can be repeated
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// Answer callers without a token; by default they must send the header in .naas/authorization
    #[arg(long)]
    no_token: bool,
}

impl Serve {
    /// Serves until it is told to end (SIGTERM, SIGINT). Pushes under way are finished first, those
    /// of switches that take too long are left to the next process.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let limits = Limits {
            concurrency: self.devices,
            confirm: self.confirm,
            // One machine has one clock.
            clock_skew: SignedDuration::ZERO,
            retries: Retries {
                first_pause: Duration::from_secs(self.retry_pause.into()),
                attempts: self.attempts.get(),
            },
            alone_since: None,
        };
        let site = Site::open(&self.site.path(), self.step, limits).await?;
        let listener =
            TcpListener::bind(self.listen).await.with_context(|| format!("cannot listen on {}", self.listen))?;
        let address = listener.local_addr()?;
        let gate = if self.no_token { None } else { Some(gate(&site)?) };
        self.warn(address);
        let url = format!("http://{address}");
        site.serves_at(&url)?;
        info!(url, site = %site.folder.display(), "naas is serving");

        let workers = Workers::start(&site, self.slices, &Work::All);
        let api = Api { scheduler: Arc::clone(&site.scheduler), gate, admission: Admission { hosts: self.hosts } };
        connections::serve(listener, Arc::new(api), async {
            told_to_end().await;
        })
        .await;
        info!("ending: pushes under way have {} s to finish", LAST_PUSHES.as_secs());
        workers.end_within(LAST_PUSHES).await
    }

    /// Warns of what makes the server less safe.
    fn warn(&self, address: SocketAddr) {
        if self.no_token {
            warn!(%address, "no token is asked for: whoever reaches this address can configure every device of the site");
        }
        if !address.ip().is_loopback() {
            warn!(%address, "requests and tokens cross the network unencrypted; put a proxy with TLS before this address");
        }
    }
}

/// The gate of a site, whose owner gets a new token.
fn gate(site: &Site) -> anyhow::Result<SiteGate> {
    site::renew_owner(&site.folder, &site::user(), Timestamp::now())?;
    let fetch = HttpFetch::new().map_err(|reason| anyhow!("TLS cannot be set up: {reason}"))?;
    Ok(SiteGate::new(SiteDocuments::new(&site.folder), fetch))
}

fn step(text: &str) -> Result<Step, String> {
    Step::parse_text(text).map_err(|error| error.to_string())
}

fn confirm(text: &str) -> Result<ConfirmWithin, String> {
    let seconds: i64 = text.parse().map_err(|_| format!("expected whole seconds, found {text:?}"))?;
    ConfirmWithin::new(seconds).map_err(|error| error.to_string())
}
