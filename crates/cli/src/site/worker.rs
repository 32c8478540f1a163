//! Workers: they take slices from the embedded queue, as enforcer functions take them from SQS.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use adapters::SystemClock;
use adapters::embedded::{EmbeddedStore, Received};
use intent::name::RunId;
use jiff::SignedDuration;
use naas::enforce::Delivery;
use naas::ports::{Clock, StoreError};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{error, warn};

use super::{LocalEnforcer, Site};

/// How long a failed slice rests before it is delivered again, for each time it was.
const REST: SignedDuration = SignedDuration::from_secs(5);

/// How long one delivery of a slice may take, as a function's timeout does on AWS: the longest
/// there is there.
const WORKING_TIME: SignedDuration = SignedDuration::from_mins(15);

/// How long to wait when the store itself fails.
const STORE_REST: Duration = Duration::from_secs(1);

/// The slices that workers take.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// Slices of every run.
    All,
    /// The slices of these runs. What other runs have left in the queue stays there: a plan must
    /// not continue an apply of yesterday.
    Of(Arc<BTreeSet<RunId>>),
}

/// How long pushes under way may take once the process is told to end. Docker sends SIGKILL ten
/// seconds after SIGTERM.
pub(crate) const LAST_PUSHES: Duration = Duration::from_secs(7);

/// When workers are to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Workers take the next slice.
    NotYet,
    /// Workers finish the slices that they work on.
    WhenDone,
    /// From this moment on, workers leave the slices that they work on to the next process.
    At(tokio::time::Instant),
}

/// The workers of a site.
pub(crate) struct Workers {
    store: EmbeddedStore,
    end: watch::Sender<End>,
    working: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts `slices` workers, each of which works on one slice at a time.
    pub(crate) fn start(site: &Site, slices: NonZeroUsize, work: &Work) -> Self {
        let (end, ending) = watch::channel(End::NotYet);
        let worker = |_| {
            let worker = Worker { store: site.store.clone(), enforcer: Arc::clone(&site.enforcer), work: work.clone() };
            tokio::spawn(worker.run(ending.clone()))
        };
        Self { store: site.store.clone(), end, working: (0..slices.get()).map(worker).collect() }
    }

    /// Ends the workers; slices under way are finished first, however long that takes.
    pub(crate) async fn end(self) -> anyhow::Result<()> {
        self.end_at(End::WhenDone).await
    }

    /// Ends the workers. A slice that is not finished within `limit` is queued again, and its
    /// devices are free for whoever opens the site next: that process finds and finishes or undoes
    /// what a switch has on trial.
    pub(crate) async fn end_within(self, limit: Duration) -> anyhow::Result<()> {
        self.end_at(End::At(tokio::time::Instant::now() + limit)).await
    }

    async fn end_at(self, end: End) -> anyhow::Result<()> {
        self.end.send_replace(end);
        for worker in self.working {
            worker.await?;
        }
        Ok(self.store.free_what_nobody_works_on()?)
    }
}

struct Worker {
    store: EmbeddedStore,
    enforcer: Arc<LocalEnforcer>,
    work: Work,
}

impl Worker {
    async fn run(self, mut ending: watch::Receiver<End>) {
        while *ending.borrow() == End::NotYet {
            let received = tokio::select! {
                received = self.store.receive_if(&SystemClock, |run| self.work.includes(run)) => received,
                _ = ending.changed() => return,
            };
            let done = match received {
                Ok(delivery) => self.work_until_cut_off(delivery, &mut ending).await,
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                error!("the queue failed: {error}");
                tokio::time::sleep(STORE_REST).await;
            }
        }
    }

    /// Works on a slice; when the process ends before that is done, the slice is queued again.
    async fn work_until_cut_off(
        &self,
        received: Received,
        ending: &mut watch::Receiver<End>,
    ) -> Result<(), StoreError> {
        let id = received.id;
        tokio::select! {
            done = self.work_on(received) => done,
            () = cut_off(ending) => {
                warn!("a slice was not finished in time, and is queued for the next process");
                self.store.give_back(id, SystemClock.now()).await
            }
        }
    }

    async fn work_on(&self, received: Received) -> Result<(), StoreError> {
        let delivery = if received.times_received == 1 { Delivery::First } else { Delivery::Again };
        match self.enforcer.receive(&received.body, delivery, SystemClock.now() + WORKING_TIME).await {
            Ok(()) => self.store.delete(received.id).await,
            Err(error) => {
                error!("the slice will be delivered again: {error}");
                let rest = REST * i32::try_from(received.times_received).unwrap_or(i32::MAX);
                self.store.give_back(received.id, SystemClock.now() + rest).await
            }
        }
    }
}

/// Returns when work that is under way must be left.
async fn cut_off(ending: &mut watch::Receiver<End>) {
    loop {
        let end = *ending.borrow_and_update();
        let at = match end {
            End::At(at) => at,
            End::NotYet | End::WhenDone => match ending.changed().await {
                Ok(()) => continue,
                // Nobody is left who could end it.
                Err(_) => std::future::pending().await,
            },
        };
        return tokio::time::sleep_until(at).await;
    }
}

impl Work {
    fn includes(&self, run: &RunId) -> bool {
        match self {
            Self::All => true,
            Self::Of(runs) => runs.contains(run),
        }
    }
}
