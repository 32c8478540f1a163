//! Where fuzzers come in, behind what is public.

use crate::reply::Asked;
use crate::wire::Command;

/// Reads a body as the answer to two commands; gives nothing, and must not panic.
pub fn answer(body: &[u8]) {
    let commands = ["enable", "show version", "hostname secret canary"].map(Command::from);
    let _ = Asked { id: 1, commands: &commands, secrets: &[&"canary".into()] }.results(body);
}
