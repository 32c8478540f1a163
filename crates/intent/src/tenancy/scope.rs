//! The guard of a tenant's push: what a switch says that it would change, held against the ports
//! and VLANs that were to change.
//!
//! A unified diff shows three lines around a change, too few to say which section a line is in. So
//! the diff is applied to the running-config that it is of, and the sections before and after are
//! compared. That also leaves aside lines that a diff takes away and brings back
//! unchanged.

use std::collections::{BTreeMap, BTreeSet};

use super::port_name::{PortName, numbers_after_kind};
use super::range;
use super::vlan::{Vlan, VlanSet};
use crate::render::bodies::{Bodies, LineRole};

/// What a push may change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortScope {
    /// The ports whose sections may change.
    pub ports: BTreeSet<PortName>,
    /// The VLANs that may come, go or change their names.
    pub vlans: BTreeSet<Vlan>,
}

/// A line outside of a scope that would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideLine {
    /// The first line of its section, such as `interface Ethernet1`.
    pub section: String,
    /// `+` if the line would come, `-` if it would go.
    pub sign: char,
    /// The line. It may hold a secret.
    pub text: String,
}

/// A diff that does not fit the running-config.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the switch's diff does not fit its running-config: {reason}")]
pub struct Unreadable {
    /// The line of the diff, from 1.
    pub line: usize,
    /// What does not fit.
    pub reason: &'static str,
}

/// The lines outside of `scope` in which two configurations differ.
pub fn outside(before: &str, after: &str, scope: &PortScope) -> Vec<OutsideLine> {
    let (before, after) = (sections(before), sections(after));
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let none = Vec::new();
    let differing = names.into_iter().filter(|name| !scope.covers(name)).flat_map(|name| {
        let (old, new) = (before.get(name).unwrap_or(&none), after.get(name).unwrap_or(&none));
        differences(name, old, new)
    });
    differing.collect()
}

impl PortScope {
    fn covers(&self, section: &str) -> bool {
        let port = section.strip_prefix("interface ").and_then(|name| PortName::parse(name).ok());
        let vlan = || section.strip_prefix("vlan ").and_then(|number| Vlan::new(number.parse().ok()?).ok());
        match port {
            Some(port) => self.ports.contains(&port),
            None => vlan().is_some_and(|vlan| self.vlans.contains(&vlan)),
        }
    }
}

/// The text that a switch's unified diff makes of the running-config that it is of. Its line numbers
/// count from the line `! device:`.
///
/// # Errors
///
/// A diff of another text.
// EOS-51: line numbers count from `! device:`, with three lines of context.
pub fn patched(running: &str, diff: &str) -> Result<String, Unreadable> {
    let lines: Vec<&str> = running.lines().collect();
    let first = lines.iter().position(|line| line.starts_with("! device:")).unwrap_or_default();
    let old = &lines[first..];
    let (mut new, mut next) = (Vec::new(), 0);
    for (index, line) in diff.lines().enumerate() {
        let unreadable = |reason| Unreadable { line: index + 1, reason };
        // The two headings name the configurations.
        if index < 2 && (line.starts_with("--- ") || line.starts_with("+++ ")) {
            continue;
        }
        let (sign, text) = line.split_at_checked(1).unwrap_or((" ", ""));
        match sign {
            "@" => {
                let start = hunk_start(line).ok_or_else(|| unreadable("expected `@@ -1,2 +1,3 @@`"))?;
                let between =
                    old.get(next..start).ok_or_else(|| unreadable("it is out of order, or behind the end"))?;
                new.extend_from_slice(between);
                next = start;
            }
            "+" => new.push(text),
            " " | "-" => {
                if old.get(next) != Some(&text) {
                    return Err(unreadable("the running-config has another line there"));
                }
                new.extend((sign == " ").then_some(text));
                next += 1;
            }
            "\\" => {}
            _ => return Err(unreadable("expected a line that begins with a space, `+`, `-` or `@@`")),
        }
    }
    new.extend_from_slice(&old[next..]);
    Ok(new.into_iter().flat_map(|line| [line, "\n"]).collect())
}

/// The index of the first line that a hunk is about.
fn hunk_start(header: &str) -> Option<usize> {
    let range = header.strip_prefix("@@ -")?.split(' ').next()?;
    let (start, length) = range.split_once(',').unwrap_or((range, "1"));
    let start: usize = start.parse().ok()?;
    // Of a hunk without old lines, the number is that of the line before.
    if length == "0" { Some(start) } else { start.checked_sub(1) }
}

/// The sections of a configuration by their first lines. A section of several VLANs counts as one of
/// each of them.
fn sections(configuration: &str) -> BTreeMap<String, Vec<&str>> {
    let mut sections: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut current: Vec<String> = Vec::new();
    for line in configuration.lines().map(str::trim_end) {
        let bare = line.trim_start();
        if bare.is_empty() || bare == "!" || bare.starts_with("! ") || line == "end" {
            continue;
        }
        if bare.len() == line.len() {
            current = names_of(line);
        }
        for name in &current {
            sections.entry(name.clone()).or_default().push(if bare.len() == line.len() { "" } else { line });
        }
    }
    sections
}

fn names_of(line: &str) -> Vec<String> {
    let vlans = line.strip_prefix("vlan ").and_then(|list| VlanSet::parse(list).ok());
    match vlans {
        Some(vlans) => vlans.iter().map(|vlan| format!("vlan {vlan}")).collect(),
        None => vec![line.to_owned()],
    }
}

/// The lines that only one of two sections has. Where both have the same lines in another order,
/// the first that differ.
fn differences(name: &str, old: &[&str], new: &[&str]) -> Vec<OutsideLine> {
    if old == new {
        return Vec::new();
    }
    let shown = |line: &str| if line.is_empty() { name.to_owned() } else { line.trim_start().to_owned() };
    let line = |sign, text: &str| OutsideLine { section: name.to_owned(), sign, text: shown(text) };
    let gone = missing(old, new).into_iter().map(|text| line('-', text));
    let come = missing(new, old).into_iter().map(|text| line('+', text));
    let lines: Vec<_> = gone.chain(come).collect();
    let moved = || old.iter().zip(new).find(|(old, new)| old != new).map(|(old, new)| [line('-', old), line('+', new)]);
    if lines.is_empty() { moved().into_iter().flatten().collect() } else { lines }
}

/// The lines of `these` that `others` has less often.
fn missing<'l>(these: &[&'l str], others: &[&str]) -> Vec<&'l str> {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for other in others {
        *left.entry(other).or_default() += 1;
    }
    let is_missing = |line: &&&str| match left.get_mut(**line) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    these.iter().filter(is_missing).copied().collect()
}

/// The ports that a configuration has a section for, subinterfaces counted as their port.
pub fn ports_of(configuration: &str) -> BTreeSet<PortName> {
    let mut bodies = Bodies::default();
    let commands = configuration.lines().filter(|line| bodies.next(line) == LineRole::Command);
    commands.filter_map(interface_names).flat_map(|names| ports_named(&names)).collect()
}

/// What follows `interface` in a line, without spaces.
fn interface_names(line: &str) -> Option<String> {
    let (word, names) = line.trim().split_once(char::is_whitespace)?;
    let is_interface = word.len() >= 3 && "interface".starts_with(&word.to_ascii_lowercase());
    is_interface.then(|| names.split_whitespace().collect())
}

fn ports_named(names: &str) -> BTreeSet<PortName> {
    if numbers_after_kind(names).is_none() {
        return BTreeSet::new();
    }
    let port = |part: &str| part.split('.').next().and_then(|part| range::ports(part).ok());
    names.split(',').filter_map(port).flatten().collect()
}
