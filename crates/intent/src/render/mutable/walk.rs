//! Loops over what a template may change.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use minijinja::value::Enumerator;
use minijinja::{Error, Value};

use super::refused;

/// A walk over items as they were when it began.
pub(super) struct Walk<O: Walked> {
    owner: Arc<O>,
    items: std::vec::IntoIter<Value>,
}

/// What counts the loops that walk it.
pub(super) trait Walked: Send + Sync + 'static {
    fn walks(&self) -> &AtomicUsize;
}

impl<O: Walked> Walk<O> {
    /// Begins a walk and counts it until it is dropped.
    pub(super) fn begin(owner: &Arc<O>, items: Vec<Value>) -> Enumerator {
        owner.walks().fetch_add(1, Ordering::Relaxed);
        Enumerator::Iter(Box::new(Self { owner: Arc::clone(owner), items: items.into_iter() }))
    }
}

impl<O: Walked> Iterator for Walk<O> {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        self.items.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}

impl<O: Walked> Drop for Walk<O> {
    fn drop(&mut self) {
        self.owner.walks().fetch_sub(1, Ordering::Relaxed);
    }
}

/// Refuses a change that Python would show to the loop or refuse.
pub(super) fn refuse_while_walked(owner: &impl Walked, what: &str) -> Result<(), Error> {
    if owner.walks().load(Ordering::Relaxed) == 0 {
        return Ok(());
    }
    Err(refused(format!("this {what} is changed while a loop walks it; walk a copy, such as `{what} | list`")))
}
