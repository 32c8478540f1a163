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
use naas::records::slice::Slice;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::error;

use super::{LocalEnforcer, Site};

/// How long a failed slice rests before it is delivered again, for each time it was.
const REST: SignedDuration = SignedDuration::from_secs(5);

/// How long one delivery of a slice may take, as a function's timeout does on AWS: the longest there is there.
const WORKING_TIME: SignedDuration = SignedDuration::from_mins(15);

/// How long to wait when the store itself fails.
const STORE_REST: Duration = Duration::from_secs(1);

/// Which slices are taken.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// Whatever comes.
    All,
    /// Those of these runs. What others have left in the queue stays there: who asks for a plan must not find that an apply of
    /// yesterday goes on.
    Of(Arc<BTreeSet<RunId>>),
}

/// Workers of a site.
pub(crate) struct Workers {
    end: watch::Sender<bool>,
    working: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts `slices` of them, each of which works on one slice at a time.
    pub(crate) fn start(site: &Site, slices: NonZeroUsize, work: &Work) -> Self {
        let (end, ending) = watch::channel(false);
        let worker = |_| {
            let worker = Worker { store: site.store.clone(), enforcer: Arc::clone(&site.enforcer), work: work.clone() };
            tokio::spawn(worker.run(ending.clone()))
        };
        Self { end, working: (0..slices.get()).map(worker).collect() }
    }

    /// Ends them; slices under way are finished first.
    pub(crate) async fn end(self) -> anyhow::Result<()> {
        self.end.send_replace(true);
        for worker in self.working {
            worker.await?;
        }
        Ok(())
    }
}

struct Worker {
    store: EmbeddedStore,
    enforcer: Arc<LocalEnforcer>,
    work: Work,
}

impl Worker {
    async fn run(self, mut ending: watch::Receiver<bool>) {
        while !*ending.borrow() {
            let received = tokio::select! {
                received = self.store.receive_if(&SystemClock, |message| self.work.includes(message)) => received,
                _ = ending.changed() => return,
            };
            let done = match received {
                Ok(delivery) => self.work_on(delivery).await,
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                error!("the queue failed: {error}");
                tokio::time::sleep(STORE_REST).await;
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

impl Work {
    fn includes(&self, message: &str) -> bool {
        match self {
            Self::All => true,
            Self::Of(runs) => Slice::parse(message).is_ok_and(|slice| runs.contains(&slice.run)),
        }
    }
}
