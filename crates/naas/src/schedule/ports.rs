//! The ports of a scheduler, given together.

use crate::ports::{
    Clock, DeadLetters, DeviceRecords, History, IdempotencyKeys, Inventories, Models, PortDocuments, Runs, SliceQueue,
};

/// What a scheduler works with, by name. Each field is a port of its own, so that a test can break
/// one of them.
pub struct Ports<I, M, Q, S, D, C> {
    /// Where devices are described. Read anew for every request.
    pub inventories: I,
    /// Where models, templates and tenants are stored. Read for orders of ports only.
    pub models: M,
    /// Where slices wait for an enforcer.
    pub queue: Q,
    /// Where runs, device records, ordered ports, histories and idempotency keys are stored.
    pub state: S,
    /// Where messages are parked that no retry could cure.
    pub dead_letters: D,
    /// The time of day, and random numbers.
    pub clock: C,
}

/// [`Ports`] as one type parameter instead of six, for code that only uses them.
pub trait SchedulerPorts: Send + Sync {
    /// The type of [`Ports::inventories`].
    type Inventories: Inventories;
    /// The type of [`Ports::models`].
    type Models: Models;
    /// The type of [`Ports::queue`].
    type Queue: SliceQueue;
    /// The type of [`Ports::state`].
    type State: Runs + DeviceRecords + History + IdempotencyKeys + PortDocuments;
    /// The type of [`Ports::dead_letters`].
    type DeadLetters: DeadLetters;
    /// The type of [`Ports::clock`].
    type Clock: Clock;

    /// The ports, each under its name.
    fn ports(&self) -> &PortsOf<Self>;
}

/// The [`Ports`] of one [`SchedulerPorts`].
pub type PortsOf<P> = Ports<
    <P as SchedulerPorts>::Inventories,
    <P as SchedulerPorts>::Models,
    <P as SchedulerPorts>::Queue,
    <P as SchedulerPorts>::State,
    <P as SchedulerPorts>::DeadLetters,
    <P as SchedulerPorts>::Clock,
>;

impl<I, M, Q, S, D, C> SchedulerPorts for Ports<I, M, Q, S, D, C>
where
    I: Inventories,
    M: Models,
    Q: SliceQueue,
    S: Runs + DeviceRecords + History + IdempotencyKeys + PortDocuments,
    D: DeadLetters,
    C: Clock,
{
    type Inventories = I;
    type Models = M;
    type Queue = Q;
    type State = S;
    type DeadLetters = D;
    type Clock = C;

    fn ports(&self) -> &Self {
        self
    }
}
