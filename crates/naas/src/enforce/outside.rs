//! The outside of an enforcer: seven ports, given together.

use crate::ports::{Clock, DeadLetters, DeviceRecords, History, Inventories, Models, Runs, SliceQueue, Switches};

/// What an enforcer works with, by name. Each field is a port of its own, so that a test can break one of them.
pub struct Ports<I, M, W, R, Q, D, C> {
    /// Where devices are described.
    pub inventories: I,
    /// Where models and templates are.
    pub models: M,
    /// How switches are reached.
    pub switches: W,
    /// Where outcomes, device records and what devices were made to run are kept.
    pub state: R,
    /// Where slices go that must come again.
    pub queue: Q,
    /// Where messages go that no retry can cure.
    pub dead_letters: D,
    /// The time of day.
    pub clock: C,
}

/// [`Ports`] without their seven types, for whoever only uses them.
pub trait Outside: Send + Sync {
    /// See [`Ports::inventories`].
    type Inventories: Inventories;
    /// See [`Ports::models`].
    type Models: Models;
    /// See [`Ports::switches`].
    type Switches: Switches;
    /// See [`Ports::state`].
    type State: Runs + DeviceRecords + History;
    /// See [`Ports::queue`].
    type Queue: SliceQueue;
    /// See [`Ports::dead_letters`].
    type DeadLetters: DeadLetters;
    /// See [`Ports::clock`].
    type Clock: Clock;

    /// Themselves.
    fn ports(&self) -> &PortsOf<Self>;
}

type PortsOf<O> = Ports<
    <O as Outside>::Inventories,
    <O as Outside>::Models,
    <O as Outside>::Switches,
    <O as Outside>::State,
    <O as Outside>::Queue,
    <O as Outside>::DeadLetters,
    <O as Outside>::Clock,
>;

impl<I, M, W, R, Q, D, C> Outside for Ports<I, M, W, R, Q, D, C>
where
    I: Inventories,
    M: Models,
    W: Switches,
    R: Runs + DeviceRecords + History,
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
