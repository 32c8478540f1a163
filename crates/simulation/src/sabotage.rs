//! What is broken on purpose, to show that the histories would tell.

use clap::ValueEnum;

use crate::invariant::Invariant;

/// One thing that the protocol rests on, taken away in the ports, the limits or on the way to the
/// switches; the domain itself is what it always is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sabotage {
    /// Every compare-and-set of a device record is answered as if it had worked.
    BreaksLease,
    /// Leases are made out as if all clocks were right.
    IgnoresClockSkew,
    /// Models and inventory are kept by a process from its first work on, instead of read once the
    /// lease is held.
    ReadsBeforeLease,
    /// A slice is deleted from the queue before it is worked on.
    DeletesEarly,
    /// No record ever says what a device is known to run.
    ForgetsDigests,
    /// Commits arrive at the switch without their timer.
    CommitsForGood,
    /// The devices of a slice are worked on one after the other.
    OneByOne,
    /// A commit is confirmed over the connection that it was made over.
    ConfirmsOverSameConnection,
    /// A device is parked only after its outcome is recorded.
    ParksAfterRecording,
    /// A restore pins its device only when it gives the lease back.
    PinsAfterPush,
    /// A push records whatever the switch runs at its end as known to be intended.
    RecordsMovedDigest,
}

impl Sabotage {
    /// Every sabotage that the tests play.
    pub const ALL: [Self; 11] = [
        Self::BreaksLease,
        Self::IgnoresClockSkew,
        Self::ReadsBeforeLease,
        Self::DeletesEarly,
        Self::ForgetsDigests,
        Self::CommitsForGood,
        Self::OneByOne,
        Self::ConfirmsOverSameConnection,
        Self::ParksAfterRecording,
        Self::PinsAfterPush,
        Self::RecordsMovedDigest,
    ];

    /// Which invariant it breaks.
    pub fn breaks(self) -> Invariant {
        match self {
            Self::BreaksLease | Self::IgnoresClockSkew => Invariant::OnePush,
            Self::ReadsBeforeLease => Invariant::NewestIntent,
            Self::DeletesEarly | Self::ParksAfterRecording => Invariant::NothingLost,
            Self::ForgetsDigests => Invariant::Idempotent,
            Self::CommitsForGood | Self::ConfirmsOverSameConnection => Invariant::ComesBack,
            Self::PinsAfterPush | Self::RecordsMovedDigest => Invariant::Honest,
            Self::OneByOne => Invariant::OwnFailure,
        }
    }
}
