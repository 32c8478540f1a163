//! Lines that a device shows although nobody entered them.

use super::tree::{Kind, Node};
use crate::release::Release;

/// A line that a device shows unless its configuration says something else about the same.
struct Own {
    /// The lines of the modes that it is in, from the outside in.
    modes: &'static [&'static str],
    /// What it is about: the configuration says something about that if it has a line of this name.
    name: &'static str,
    line: &'static str,
    /// The first release that shows it; empty if all do.
    since: &'static str,
    /// The last release that shows it; empty if all later ones do.
    until: &'static str,
    /// Only cEOS and vEOS show it always; whether a switch does depends on its model.
    is_virtual: bool,
}

const ALWAYS: Own = Own { modes: &[], name: "", line: "", since: "", until: "", is_virtual: false };
const SYSTEM_L1: Own = Own { modes: &["system l1"], since: "4.30", ..ALWAYS };
const SOFTWARE_FORWARDING: Own =
    Own { name: "software-forwarding", line: "software-forwarding kernel", since: "4.32.2", until: "4.35.1", ..ALWAYS };

// EOS-93: which lines, since and until which release.
const OWN: [Own; 8] = [
    Own { name: "aaa root", line: "no aaa root", ..ALWAYS },
    Own { name: "spanning-tree mode", line: "spanning-tree mode mstp", ..ALWAYS },
    Own {
        name: "transceiver qsfp default-mode",
        line: "transceiver qsfp default-mode 4x10G",
        until: "4.35",
        is_virtual: true,
        ..ALWAYS
    },
    Own { name: "unsupported speed action", line: "unsupported speed action error", ..SYSTEM_L1 },
    Own { name: "unsupported error-correction action", line: "unsupported error-correction action error", ..SYSTEM_L1 },
    Own {
        name: "service interface inactive port-id allocation disabled",
        line: "no service interface inactive port-id allocation disabled",
        since: "4.32.2",
        ..ALWAYS
    },
    Own { modes: &["router multicast", "ipv4"], ..SOFTWARE_FORWARDING },
    Own { modes: &["router multicast", "ipv6"], ..SOFTWARE_FORWARDING },
];

impl Own {
    /// True if a device of this kind shows it.
    fn is_shown(&self, is_virtual: bool, release: Release) -> bool {
        let since = Release::read(self.since).is_none_or(|since| since <= release);
        let until = Release::read_last(self.until).is_none_or(|until| release <= until);
        since && until && (is_virtual || !self.is_virtual)
    }
}

/// Adds the lines that a device of this model and release shows to those that it was told.
pub(super) fn add(root: &mut Node, model: &str, release: Release) {
    let model = model.to_ascii_lowercase();
    let is_virtual = model.starts_with("ceos") || model.starts_with("veos");
    for own in OWN.iter().filter(|own| own.is_shown(is_virtual, release)) {
        put(own.modes.iter().fold(&mut *root, |node, line| node.open(line).0), own.name, own.line);
    }
    put_in_each(root, "router ospf ", "max-lsa", "max-lsa 12000");
    if root.named("switchport default mode") == Some("switchport default mode routed") {
        put_in_each(root, "interface Ethernet", "switchport", "no switchport");
    }
}

/// Adds a line to each mode whose opening line begins so. Subinterfaces are left as they are.
fn put_in_each(root: &mut Node, prefix: &str, name: &str, line: &str) {
    let modes: Vec<String> = root.beginning(prefix).map(|(rest, _)| format!("{prefix}{rest}")).collect();
    for mode in modes.iter().filter(|mode| !mode.contains('.')) {
        put(root.open(mode).0, name, line);
    }
}

fn put(mode: &mut Node, name: &str, line: &str) {
    if mode.named(name).is_none() {
        mode.put(name, line, Kind::Command);
    }
}
