//! How much time and text one device's rendering may take.
//!
//! minijinja bounds a template itself: an instruction or 64 bytes of text cost one unit of its
//! fuel, so [`MAX_STEPS`](super::MAX_STEPS) bounds time and memory. Tera has nothing like it, and
//! filters of ours work outside of the fuel. They ask here: at each round of a Tera loop, each
//! value that a Tera template binds or prints (`tera_limits`), each call of a filter, and while a
//! filter's text grows.
//!
//! So a rendering ends as an error of its device about when [`TIME`] or [`TEXT`] is used up.
//! Nothing interrupts an engine between two such places: a single expression or filter is bounded
//! by the size of what it is given, not by the clock. Not bounded is the memory of the models and
//! the inventory themselves, which have limits of their own when they are read.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a device's templates may take in all.
pub(super) const TIME: Duration = Duration::from_secs(5);

/// How many bytes of text they may make in all, printed or not.
pub(super) const TEXT: u64 = 48 * 1024 * 1024;

/// How many bytes one text may have that a Tera template binds to a name. An expression has at most
/// 256 operators, so none over such texts makes more than 64 MiB.
pub(super) const VALUE: usize = 256 * 1024;

/// How many bytes a list or map of texts may have that a Tera template binds to a name.
pub(super) const VALUES: usize = 16 * 1024 * 1024;

/// What is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exhausted {
    /// Rendering took longer than its share of time.
    #[error("took longer than {} seconds", TIME.as_secs())]
    Time,
    /// Rendering made more text than its share.
    #[error("made more than {} MiB of text", TEXT >> 20)]
    Text,
    /// The text of one value.
    #[error("made a value of more than {} KiB", VALUE >> 10)]
    Value,
}

#[derive(Clone, Copy)]
struct Budget {
    ends: Instant,
    text: u64,
}

thread_local! {
    static BUDGET: Cell<Option<Budget>> = const { Cell::new(None) };
}

/// Runs `work`, with a budget of its own unless it is part of a rendering that has one.
pub(super) fn limited<T>(work: impl FnOnce() -> T) -> T {
    struct Restore(Option<Budget>);
    impl Drop for Restore {
        fn drop(&mut self) {
            BUDGET.set(self.0);
        }
    }
    let before = BUDGET.get();
    let _restore = Restore(before);
    BUDGET.set(before.or_else(|| Some(Budget { ends: Instant::now() + TIME, text: TEXT })));
    work()
}

/// Takes `bytes` of text from the budget of the rendering at hand, if there is one.
pub(super) fn spend(bytes: usize) -> Result<(), Exhausted> {
    let Some(mut budget) = BUDGET.get() else { return Ok(()) };
    if Instant::now() >= budget.ends {
        return Err(Exhausted::Time);
    }
    budget.text = budget.text.checked_sub(bytes as u64).ok_or(Exhausted::Text)?;
    BUDGET.set(Some(budget));
    Ok(())
}

impl Exhausted {
    /// The reason that an engine's error sentence ends with, if it is one of these: engines pass
    /// sentences on and no types.
    pub(super) fn in_sentence(sentence: &str) -> Option<Self> {
        [Self::Time, Self::Text, Self::Value].into_iter().find(|exhausted| sentence.ends_with(&exhausted.to_string()))
    }
}
