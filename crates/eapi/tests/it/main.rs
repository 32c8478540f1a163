//! The crate from outside: over real connections, and over real configurations.
#![expect(clippy::unwrap_used, reason = "in a test an unwrap is the expectation")]

mod client;
mod confirm;
mod corpus;
mod login;
mod session;
mod status;
mod support;
mod tls;
