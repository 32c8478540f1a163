//! EXEC commands that act and that are not imitated: they are taken, and only noted in the journal.
//!
//! EOS tries a line that a configuration mode does not know as an EXEC command, so they act inside
//! of a session, too.

use crate::device::Device;
use crate::journal::Event;
use crate::reply::{Failure, Reply};

/// True if this is such a command.
pub(crate) fn acts(words: &[&str]) -> bool {
    let Some(name) = eos_config::exec_command(&words.join(" ")) else { return false };
    !eos_config::only_shows(name) && !OWN.contains(&name)
}

/// EXEC commands that the command line itself imitates.
const OWN: [&str; 4] = ["abort", "commit", "exit", "rollback"];

/// Notes the command in the journal and answers nothing.
pub(crate) fn run(device: &Device, words: &[&str]) -> Result<Reply, Failure> {
    device.note(Event::CommandRun { command: words.join(" ") });
    Ok(Reply::silent())
}
