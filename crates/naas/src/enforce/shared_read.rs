//! One read shared by many devices, none of which may get a value that is older than its own
//! request.

use std::sync::atomic::{AtomicU64, Ordering};

use futures::lock::Mutex;

/// The value that was read last, shared by all callers who asked before that read was begun.
pub(super) struct SharedRead<T> {
    /// How many reads were begun.
    begun: AtomicU64,
    latest: Mutex<Option<(u64, T)>>,
}

impl<T> Default for SharedRead<T> {
    fn default() -> Self {
        Self { begun: AtomicU64::new(0), latest: Mutex::new(None) }
    }
}

impl<T: Clone> SharedRead<T> {
    /// The value of a read that is begun after this call: its own `read`, or the one of another
    /// caller. Returns the error of its own `read`.
    pub(super) async fn since_now<E>(&self, read: impl AsyncFnOnce() -> Result<T, E>) -> Result<T, E> {
        let asked = self.begun.load(Ordering::SeqCst);
        let mut latest = self.latest.lock().await;
        if let Some((number, value)) = &*latest
            && *number > asked
        {
            return Ok(value.clone());
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let value = read().await?;
        *latest = Some((number, value.clone()));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn no_caller_gets_an_older_value_and_reads_are_few() {
        let (shared, now) = (SharedRead::default(), Cell::new(0));
        let ask = async || {
            let asked = now.get();
            let read = async || {
                let seen = now.get();
                tokio::task::yield_now().await;
                now.set(now.get() + 1);
                Ok::<_, Infallible>(seen)
            };
            let Ok(seen) = shared.since_now(read).await;
            (asked, seen)
        };

        let first = join_all((0..50).map(|_| ask())).await;
        let second = join_all((0..50).map(|_| ask())).await;

        for (asked, seen) in first.into_iter().chain(second) {
            assert!(seen >= asked, "asked at {asked}, got what was so at {seen}");
        }
        assert!(now.get() <= 4, "{} reads", now.get());
    }
}
