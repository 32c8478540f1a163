//! Writes of the same moment in one transaction: a sync to disk costs as much for thirty writes as
//! for one.

use std::sync::{Mutex, PoisonError};

use redb::{Database, WriteTransaction};
use tokio::sync::oneshot;

use super::Fault;

/// The writes that wait for the next transaction.
#[derive(Default)]
pub(super) struct Writer {
    waiting: Mutex<Vec<Box<dyn Work>>>,
    /// Held while a transaction is open, so that others gather meanwhile.
    committing: Mutex<()>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

/// A write, whatever it results in.
trait Work: Send {
    /// Does it in `transaction`, and keeps the result for [`answer`](Self::answer).
    fn run(&mut self, transaction: &WriteTransaction) -> Result<(), Fault>;

    /// Tells whoever waits for it how it ended: with the result of the last run if it was
    /// committed, and otherwise with the error.
    fn answer(self: Box<Self>, committed: Result<(), Fault>);
}

struct Pending<T, F> {
    work: F,
    result: Option<T>,
    answer: oneshot::Sender<Result<T, Fault>>,
}

impl<T: Send, F: Fn(&WriteTransaction) -> Result<T, Fault> + Send> Work for Pending<T, F> {
    fn run(&mut self, transaction: &WriteTransaction) -> Result<(), Fault> {
        self.result = Some((self.work)(transaction)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), Fault>) {
        let Self { result, answer, .. } = *self;
        let result = committed.and_then(|()| result.ok_or_else(|| "the write was not done".into()));
        // Whoever asked may have gone: then nobody wants to know.
        let _ = answer.send(result);
    }
}

impl Writer {
    /// Lines up a write for the next [`commit_waiting`](Self::commit_waiting). Its result is sent
    /// once it is on disk.
    pub(super) fn add<T: Send + 'static>(
        &self,
        work: impl Fn(&WriteTransaction) -> Result<T, Fault> + Send + 'static,
    ) -> oneshot::Receiver<Result<T, Fault>> {
        let (answer, answered) = oneshot::channel();
        let pending = Box::new(Pending { work, result: None, answer });
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(pending);
        answered
    }

    /// Commits every write that waits, unless another thread took them along.
    pub(super) fn commit_waiting(&self, database: &Database) {
        let _one = self.committing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut together = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        if together.is_empty() {
            return;
        }
        if commit(database, &mut together).is_ok() {
            together.into_iter().for_each(|work| work.answer(Ok(())));
            return;
        }
        // One that fails must not fail the others.
        for work in together {
            let mut alone = [work];
            let committed = commit(database, &mut alone);
            let [work] = alone;
            work.answer(committed);
        }
    }
}

/// Does all of it in one transaction, or none of it.
fn commit(database: &Database, works: &mut [Box<dyn Work>]) -> Result<(), Fault> {
    let transaction = database.begin_write()?;
    for work in works {
        work.run(&transaction)?;
    }
    Ok(transaction.commit()?)
}
