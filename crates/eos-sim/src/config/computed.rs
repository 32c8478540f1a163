//! What EOS refuses although the line itself is right, because of the lines that are there already
//! or of the kind of interface.

use ipnet::Ipv4Net;

use super::Refused;
use super::change::Change;
use super::position::Position;
use super::tree::Node;
use crate::release::Release;

/// Refuses `change`, which is made in the innermost of the first `depth` modes at `position`, if it
/// contradicts what is configured.
pub(super) fn check(
    root: &Node,
    position: &Position,
    depth: usize,
    change: &Change,
    release: Release,
) -> Result<(), Refused> {
    let Change::Put { name, line, .. } = change else { return Ok(()) };
    if let Some(rest) = line.strip_prefix("ip address ") {
        let interfaces = position.lines(depth).iter().filter_map(|line| line.strip_prefix("interface "));
        return interfaces.into_iter().try_for_each(|interface| address(root, interface, rest, release));
    }
    match &position.open {
        Some(open) if open.line.contains("access-list") => sequence(&open.node, name, line),
        _ => Ok(()),
    }
}

/// Refuses an address that an interface cannot have.
fn address(root: &Node, interface: &str, rest: &str, release: Release) -> Result<(), Refused> {
    let Some(subnet) = subnet(rest) else { return Ok(()) };
    // EOS-91: a host address on a port. Which release allowed it is not known.
    if subnet.prefix_len() == 32 && !interface.starts_with("Loopback") && !release.is_since(4, 23) {
        return Err(Refused::PrefixLength);
    }
    let own = root.child(&format!("interface {interface}"));
    let vrf = own.and_then(vrf_of);
    let others = root.beginning("interface ").filter(|(name, node)| *name != interface && vrf_of(node) == vrf);
    for (name, node) in others {
        // EOS-90: overlapping subnets in one VRF.
        let mut subnets = node.beginning("ip address ").filter_map(|(rest, _)| self::subnet(rest));
        if let Some(other) = subnets.find(|other| overlap(*other, subnet)) {
            return Err(Refused::Overlap { subnet: subnet.network(), other: other.network(), interface: name.into() });
        }
    }
    Ok(())
}

fn vrf_of(interface: &Node) -> Option<&str> {
    interface.beginning("vrf ").next().map(|(vrf, _)| vrf)
}

/// The subnet of an address, which may be a virtual or a secondary one.
fn subnet(rest: &str) -> Option<Ipv4Net> {
    rest.strip_prefix("virtual ").unwrap_or(rest).split(' ').next()?.parse().ok()
}

fn overlap(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other.network()) || other.contains(&one.network())
}

/// Refuses another rule under a number that an access list has already.
// EOS-92: duplicate sequence numbers.
fn sequence(list: &Node, name: &str, line: &str) -> Result<(), Refused> {
    let known = list.named(name).filter(|_| name.parse::<u32>().is_ok());
    if known.is_some_and(|known| known != line) { Err(Refused::DuplicateSequence) } else { Ok(()) }
}
