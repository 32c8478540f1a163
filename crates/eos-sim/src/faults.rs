//! What is made to go wrong on a device.

use serde::Deserialize;

/// Faults of a device; the default is none. They last until others are set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Connections are accepted and dropped without an answer.
    pub down: bool,
    /// Every login is refused with status 401, as if the password had been changed.
    pub refuse_login: bool,
    /// Configuration lines that contain one of these are refused with code 1002.
    pub refuse_lines: Vec<String>,
    /// Commands that contain one of these are refused with code 1005, as by a TACACS+ server.
    pub deny_commands: Vec<String>,
    /// A request with a command that contains this is dropped before any of it is run.
    pub drop_request_of: Option<String>,
    /// A request with a command that contains this is run whole, and then dropped without an answer.
    pub drop_reply_of: Option<String>,
    /// From the next commit on nothing answers any more, until that commit is reverted or the device reloads.
    pub lose_management_on_commit: bool,
    /// Nothing can be written to flash: saves and copies fail, the startup-config stays what it is.
    pub disk_full: bool,
    /// Each request waits this long, in milliseconds, before it is run.
    pub latency_ms: u64,
    /// And this long for each of its commands, in microseconds, as with authorisation of every command.
    pub command_latency_us: u64,
    /// And this long for each commit in it, in milliseconds.
    pub commit_latency_ms: u64,
}
