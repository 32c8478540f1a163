#![doc = include_str!("../README.md")]

mod exec;
mod fields;
mod mask;
mod scripts;

pub use exec::{exec_command, only_shows};
pub use fields::lines_with;
pub use mask::{REMOVED, mask};
