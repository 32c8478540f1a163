//! What a device should run: the inventory says which devices there are, models and templates say
//! what each of them gets, and rendering makes one configuration of both. Everything in here is
//! pure: no async, no store, no network, no time of day.
//!
//! ```text
//! inventory   which devices there are, and their data      ┐
//! model       who gets which template, with which data     ├→  render  →  candidate, lockout, check  →  a configuration
//! ```

pub mod candidate;
pub mod check;
pub mod confirm;
pub mod hash;
pub mod inventory;
pub mod lockout;
pub mod model;
pub mod name;
pub mod redact;
pub mod render;
pub mod tenancy;
pub mod yaml;
