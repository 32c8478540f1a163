//! Devices over real HTTP and HTTPS.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where an unwrap is the expectation")]

mod client;
mod faults;
mod modes;
mod sessions;
mod support;
mod texts;
mod wild;
mod wire;
