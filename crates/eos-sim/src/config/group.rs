//! Group-change modes: their lines are stored when the mode is left, all at once, and `abort` drops
//! them.
//!
//! Until then the configuration does not have them, so a diff that is asked for inside such a mode
//! lacks the block; and after `rollback clean-config` a block that runs already is shown as
//! removed.

use super::tree::Node;

/// The lines that open a group-change mode, by their first words.
///
/// - Access lists: EOS user manual, "ACLs and Route Maps", "Saving List Modifications"; seen from
///   outside in <https://github.com/ansible-collections/arista.eos/issues/476>.
/// - Policy maps and class maps: EOS user manual, "Traffic Management".
/// - QoS profiles: <https://github.com/scrapli/scrapli_cfg/issues/51>.
/// - MST: EOS user manual, "Spanning Tree Protocol", whose `abort` drops what was entered.
///
/// Which other modes do so is not known.
const OPENERS: [&str; 7] = [
    "ip access-list",
    "ipv6 access-list",
    "mac access-list",
    "policy-map",
    "class-map",
    "qos profile",
    "spanning-tree mst configuration",
];

/// True if a line with these words opens a group-change mode at the top level.
pub(super) fn opens(words: &[&str]) -> bool {
    OPENERS.iter().any(|opener| opener.split(' ').enumerate().all(|(at, word)| words.get(at) == Some(&word)))
}

/// A group-change mode that is open: what it will be once it is left.
#[derive(Debug, Clone)]
pub(super) struct Open {
    /// The line that opened it. Group-change modes are at the top level, so there is no path to it.
    pub(super) line: String,
    /// The lines of the mode, as they will be stored.
    pub(super) node: Node,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_lists_and_policy_maps_are_group_change_modes() {
        for line in ["ip access-list standard a", "policy-map type quality-of-service x", "qos profile y"] {
            assert!(opens(&line.split(' ').collect::<Vec<_>>()), "{line}");
        }
        for line in ["ip", "interface Ethernet1", "route-map a permit 10", "ip access-lists"] {
            assert!(!opens(&line.split(' ').collect::<Vec<_>>()), "{line}");
        }
    }
}
