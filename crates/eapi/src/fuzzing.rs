//! The entry point of the fuzzers to code that is not public.

use crate::reply::ReplyReader;
use crate::sessions::Sessions;
use crate::wire::Command;

/// Reads a body as the answer to two commands, and as a table of sessions. It returns nothing and
/// must not panic.
pub fn answer(body: &[u8]) {
    let commands = ["enable", "show version", "hostname secret canary"].map(Command::from);
    let _ = ReplyReader { id: 1, commands: &commands, secrets: &[&"canary".into()] }.results(body);
    let _ = Sessions::from_text(&String::from_utf8_lossy(body));
}
