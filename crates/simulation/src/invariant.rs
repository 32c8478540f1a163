//! What must hold in every history, and what did not hold in one.

use std::fmt;

/// What must hold in every history; the numbers are those of the design.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// 1: at most one push per device at any moment.
    OnePush,
    /// 2: the last writer has the newest intent.
    NewestIntent,
    /// 3: each device of an accepted run ends in exactly one outcome or is in the dead letters.
    NothingLost,
    /// 4: running it twice changes nothing, and no webhook goes round for ever.
    Idempotent,
    /// 5: whatever was not confirmed is undone by the switch itself.
    ComesBack,
    /// 6: a device's failure is its own.
    OwnFailure,
    /// 8: what is recorded is what happened, and nothing is touched that belongs to people.
    Honest,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnePush => "invariant 1 (at most one push per device)",
            Self::NewestIntent => "invariant 2 (the newest intent wins)",
            Self::NothingLost => "invariant 3 (nothing is lost)",
            Self::Idempotent => "invariant 4 (twice changes nothing)",
            Self::ComesBack => "invariant 5 (it comes back by itself)",
            Self::OwnFailure => "invariant 6 (a failure is its own)",
            Self::Honest => "invariant 8 (what is recorded is what happened)",
        })
    }
}

/// An invariant that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The invariant that did not hold.
    pub invariant: Invariant,
    /// When, in virtual time, and what was seen.
    pub what: String,
}
