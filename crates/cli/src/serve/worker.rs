//! One worker: takes slices from the embedded queue, as an enforcer function takes them from SQS.

use std::sync::Arc;
use std::time::Duration;

use adapters::SystemClock;
use adapters::embedded::{EmbeddedStore, Received};
use jiff::SignedDuration;
use naas::enforce::Delivery;
use naas::ports::{Clock, StoreError};
use tokio::sync::watch;
use tracing::error;

use super::LocalEnforcer;

/// How long a failed slice rests before it is delivered again, for each time it was.
const REST: SignedDuration = SignedDuration::from_secs(5);

/// How long one delivery of a slice may take, as a function's timeout does on AWS: the longest there is there.
const WORKING_TIME: SignedDuration = SignedDuration::from_mins(15);

/// How long to wait when the store itself fails.
const STORE_REST: Duration = Duration::from_secs(1);

/// Works until `ending` turns true; a slice under way is finished.
pub(super) async fn work(store: EmbeddedStore, enforcer: Arc<LocalEnforcer>, mut ending: watch::Receiver<bool>) {
    while !*ending.borrow() {
        let received = tokio::select! {
            received = store.receive(&SystemClock) => received,
            _ = ending.changed() => return,
        };
        let done = match received {
            Ok(delivery) => work_on(&store, &enforcer, delivery).await,
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            error!("the queue failed: {error}");
            tokio::time::sleep(STORE_REST).await;
        }
    }
}

async fn work_on(store: &EmbeddedStore, enforcer: &LocalEnforcer, received: Received) -> Result<(), StoreError> {
    let delivery = if received.times_received == 1 { Delivery::First } else { Delivery::Again };
    match enforcer.receive(&received.body, delivery, SystemClock.now() + WORKING_TIME).await {
        Ok(()) => store.delete(received.id).await,
        Err(error) => {
            error!("the slice will be delivered again: {error}");
            let rest = REST * i32::try_from(received.times_received).unwrap_or(i32::MAX);
            store.give_back(received.id, SystemClock.now() + rest).await
        }
    }
}
