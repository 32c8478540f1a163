#![doc = include_str!("../README.md")]

mod clients;
mod enforcers;
mod history;
mod invariant;
mod operators;
mod process;
mod queue;
mod sabotage;
mod scenario;
mod site_versions;
mod store;
mod switches;
mod tally;
mod verdict;
mod watch;
mod world;

pub use history::{History, play, play_all, play_with_log};
pub use invariant::{Invariant, Violation};
pub use sabotage::Sabotage;
pub use tally::Tally;
