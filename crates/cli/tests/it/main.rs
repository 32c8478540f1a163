//! The `naas` command as its users meet it: as a process, on a site folder or a `naas serve`,
//! against simulated switches.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where an unwrap is the expectation")]

mod api;
mod devices;
mod history;
mod interrupt;
mod inventory;
mod lab;
mod site;
mod terminal;
