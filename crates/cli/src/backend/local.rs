//! A site folder that answers: the API's own code on it, and workers for as long as a verb waits
//! for its run.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use intent::name::RunId;
use jiff::SignedDuration;
use naas::api::{self, ApiRequest};
use naas::caller::Caller;
use naas::enforce::Limits;
use naas::retry::Retries;
use naas::schedule::request::Step;

use crate::signals::Signal;
use crate::site::{self, LAST_PUSHES, Site, Work, Workers};

/// How many slices are worked on at once.
const SLICES: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");

/// The number of devices in a slice. It is small, so that what is under way at an interrupt is soon
/// finished.
const STEP: NonZeroUsize = NonZeroUsize::new(10).expect("ten is not zero");

/// Somebody sits and waits: a switch that does not answer is tried three times within some seconds.
const RETRIES: Retries = Retries { first_pause: Duration::from_secs(2), attempts: 3 };

/// An open site folder and the workers on its runs.
pub(crate) struct Local {
    site: Site,
    /// The user and the machine that runs are recorded with.
    caller: Caller,
    workers: Option<Workers>,
}

impl Local {
    pub(super) async fn open(folder: &Path) -> anyhow::Result<Self> {
        // One machine has one clock.
        let limits = Limits { clock_skew: SignedDuration::ZERO, retries: RETRIES, ..Limits::default() };
        Ok(Self {
            site: Site::open(folder, Step::Of(STEP), limits).await?,
            caller: Caller::owner_of_this_machine(&site::user()),
            workers: None,
        })
    }

    pub(super) async fn call(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let request = ApiRequest {
            method,
            path,
            query,
            caller: &self.caller,
            content_type: Some("application/json"),
            if_match: None,
            idempotency_key: None,
            body: body.as_bytes(),
        };
        let answer = api::answer(&*self.site.scheduler, request).await;
        (answer.status, answer.body)
    }

    pub(super) fn begin(&mut self, runs: &[String]) {
        let runs: BTreeSet<_> = runs.iter().filter_map(|run| RunId::parse(run).ok()).collect();
        self.workers = Some(Workers::start(&self.site, SLICES, &Work::Of(Arc::new(runs))));
    }

    pub(super) async fn end(&mut self, signal: Option<Signal>) -> anyhow::Result<()> {
        match (self.workers.take(), signal) {
            (Some(workers), Some(Signal::Terminate)) => workers.end_within(LAST_PUSHES).await,
            (Some(workers), _) => workers.end().await,
            (None, _) => Ok(()),
        }
    }
}
