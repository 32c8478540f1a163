//! Ports in memory for tests. They hold state and can be looked into afterwards, and every call can
//! be told to fail.
//!
//! They keep the guarantees of [`crate::ports`] and nothing more: no latency, no limits, no
//! redelivery.

pub mod blank;
mod clock;
mod guard;
mod ports;
mod store;
mod switches;

pub use clock::FakeClock;
pub use store::FakeStore;
pub use switches::{FakeSwitch, FakeSwitches, SwitchCall};
