//! Lines of devices with a word misspelt, or with a word too many: whether they are refused, and
//! whether the error names that word.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::texts::{call, paths, spec};
use eos_sim::{DeviceHandle, DeviceSpec};
use jiff::Timestamp;
use serde_json::json;

/// A keyword with a letter too many.
fn misspelt(word: &str) -> String {
    let (start, end) = word.split_at(word.len() - 1);
    format!("{start}q{end}")
}

fn is_keyword(word: &str) -> bool {
    word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// How many wrong lines are refused at the right word, of how many.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Refusals {
    /// Lines with a misspelt word that are refused at that word.
    pub(crate) misspelt: usize,
    /// All lines with a misspelt word.
    pub(crate) misspelt_of: usize,
    /// Lines with a word too many that are refused at that word.
    pub(crate) too_many: usize,
    /// All lines with a word too many.
    pub(crate) too_many_of: usize,
}

/// Lines of devices in their modes, each with its second or third word misspelt, or with a word too
/// many.
pub(crate) fn refusals(dumps: &[(PathBuf, String)]) -> Refusals {
    let mut count = Refusals::default();
    let device =
        DeviceHandle::detached(DeviceSpec { eos: "4.36.0F".into(), ..spec(None) }, Timestamp::UNIX_EPOCH).unwrap();
    let mut seen = BTreeSet::new();
    for path in dumps.iter().flat_map(|(_, text)| paths(text)) {
        let (line, modes) = path.split_last().unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let shape = (
            modes.first().and_then(|mode| mode.split(' ').next().map(str::to_owned)),
            words.iter().take(3).map(|word| (*word).to_owned()).collect::<Vec<_>>(),
        );
        if line.contains('\n') || line.starts_with('!') || words.len() < 2 || !seen.insert(shape) {
            continue;
        }
        let at = if words.len() > 2 && is_keyword(words[2]) { 2 } else { 1 };
        if is_keyword(words[at]) && !is_named(&words, at) {
            let mut wrong: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            wrong[at] = misspelt(words[at]);
            count.misspelt_of += 1;
            count.misspelt += usize::from(refused_at(&device, modes, &wrong.join(" ")) == Some(at));
        }
        if !is_free_text(&words) {
            count.too_many_of += 1;
            count.too_many += usize::from(refused_at(&device, modes, &format!("{line} toomany")) == Some(words.len()));
        }
    }
    count
}

/// Whether a word is a name that somebody gave, as far as the word before it tells.
fn is_named(words: &[&str], at: usize) -> bool {
    let before = [
        "vrf",
        "neighbor",
        "username",
        "profile",
        "name",
        "alias",
        "route-map",
        "community",
        "location",
        "contact",
        "group",
        "hostname",
        "isis",
        "daemon",
        "event-handler",
        "domain",
        "description",
        "access-list",
        "prefix-list",
        "policy",
        "mode",
        "host",
        "instance",
        "exec",
        "session",
        "tracker",
    ];
    before.contains(&words[at - 1])
        || ["alias", "description", "exec", "name", "hostname", "daemon", "username"].contains(&words[0])
}

fn is_free_text(words: &[&str]) -> bool {
    let free = [
        "alias",
        "description",
        "exec",
        "name",
        "username",
        "snmp-server",
        "clock",
        "domain-id",
        "action",
        "remark",
        "seq",
        "secret",
    ];
    free.contains(&words[0]) || words.contains(&"description") || words.contains(&"remark") || words.contains(&"rcf")
}

/// The token that the device names when it refuses a line in some modes; none if it takes it.
fn refused_at(device: &DeviceHandle, modes: &[String], line: &str) -> Option<usize> {
    let mut cmds = vec![json!("enable"), json!("configure session s")];
    cmds.extend(modes.iter().map(|mode| json!(mode)));
    cmds.push(json!(line));
    let refused = call(device, json!(cmds)).err()?;
    let (_, token) = refused.rsplit_once("(at token ")?;
    token.split(':').next()?.parse().ok()
}
