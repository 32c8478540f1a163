//! Reading the same thing for many devices at once, none of which may get anything older than its own asking.

use std::sync::atomic::{AtomicU64, Ordering};

use futures::lock::Mutex;

/// What was read last, shared by all who asked before it was begun.
pub(super) struct Fresh<T> {
    /// How many readings were begun.
    begun: AtomicU64,
    latest: Mutex<Option<(u64, T)>>,
}

impl<T> Default for Fresh<T> {
    fn default() -> Self {
        Self { begun: AtomicU64::new(0), latest: Mutex::new(None) }
    }
}

impl<T: Clone> Fresh<T> {
    /// What a reading brings that is begun after this call: `read`'s own, or that of another caller.
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
    async fn nobody_gets_what_was_read_before_they_asked_and_readings_are_few() {
        let (fresh, now) = (Fresh::default(), Cell::new(0));
        let ask = async || {
            let asked = now.get();
            let read = async || {
                let seen = now.get();
                tokio::task::yield_now().await;
                now.set(now.get() + 1);
                Ok::<_, Infallible>(seen)
            };
            let Ok(seen) = fresh.since_now(read).await;
            (asked, seen)
        };

        let first = join_all((0..50).map(|_| ask())).await;
        let second = join_all((0..50).map(|_| ask())).await;

        for (asked, seen) in first.into_iter().chain(second) {
            assert!(seen >= asked, "asked at {asked}, got what was so at {seen}");
        }
        assert!(now.get() <= 4, "{} readings", now.get());
    }
}
