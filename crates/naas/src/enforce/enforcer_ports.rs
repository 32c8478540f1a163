//! The ports of an enforcer, given together.
//!
//! They are another type than [the scheduler's](crate::schedule::Ports), since what is not there
//! cannot be used: a scheduler reaches no switch and no model, and an enforcer no idempotency key.

use crate::ports::{
    Clock, DeadLetters, DeviceRecords, History, Installation, Inventories, Models, PortDocuments, Runs, SliceQueue,
    Switches,
};

/// What an enforcer works with, by name. Each field is a port of its own, so that a test can break
/// one of them.
pub struct Ports<I, M, W, R, Q, D, C> {
    /// Where devices are described.
    pub inventories: I,
    /// Where models and templates are stored.
    pub models: M,
    /// How switches are reached.
    pub switches: W,
    /// Where outcomes, device records, ordered ports, the history of each device and the id of this
    /// installation are stored.
    pub state: R,
    /// Where slices wait that must come again.
    pub queue: Q,
    /// Where messages are parked that no retry can cure.
    pub dead_letters: D,
    /// The time of day.
    pub clock: C,
}

/// [`Ports`] as one type parameter instead of seven, for code that only uses them.
pub trait EnforcerPorts: Send + Sync {
    /// The type of [`Ports::inventories`].
    type Inventories: Inventories;
    /// The type of [`Ports::models`].
    type Models: Models;
    /// The type of [`Ports::switches`].
    type Switches: Switches;
    /// The type of [`Ports::state`].
    type State: Runs + DeviceRecords + History + Installation + PortDocuments;
    /// The type of [`Ports::queue`].
    type Queue: SliceQueue;
    /// The type of [`Ports::dead_letters`].
    type DeadLetters: DeadLetters;
    /// The type of [`Ports::clock`].
    type Clock: Clock;

    /// The ports, each under its name.
    fn ports(&self) -> &PortsOf<Self>;
}

/// The [`Ports`] of one [`EnforcerPorts`].
pub type PortsOf<P> = Ports<
    <P as EnforcerPorts>::Inventories,
    <P as EnforcerPorts>::Models,
    <P as EnforcerPorts>::Switches,
    <P as EnforcerPorts>::State,
    <P as EnforcerPorts>::Queue,
    <P as EnforcerPorts>::DeadLetters,
    <P as EnforcerPorts>::Clock,
>;

/// One connection to one switch of these ports.
pub(super) type SwitchOf<P> = <<P as EnforcerPorts>::Switches as Switches>::Switch;

impl<I, M, W, R, Q, D, C> EnforcerPorts for Ports<I, M, W, R, Q, D, C>
where
    I: Inventories,
    M: Models,
    W: Switches,
    R: Runs + DeviceRecords + History + Installation + PortDocuments,
    Q: SliceQueue,
    D: DeadLetters,
    C: Clock,
{
    type Inventories = I;
    type Models = M;
    type Switches = W;
    type State = R;
    type Queue = Q;
    type DeadLetters = D;
    type Clock = C;

    fn ports(&self) -> &Self {
        self
    }
}
