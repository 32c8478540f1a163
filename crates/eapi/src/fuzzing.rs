//! The entry point of the fuzzers to code that is not public.

use crate::reply::ReplyReader;
use crate::wire::Command;

/// Reads a body as the answer to two commands; returns nothing and must not panic.
pub fn answer(body: &[u8]) {
    let commands = ["enable", "show version", "hostname secret canary"].map(Command::from);
    let _ = ReplyReader { id: 1, commands: &commands, secrets: &[&"canary".into()] }.results(body);
}
