//! The worked fabric: what each switch gets, and what must be true of all of them together for it
//! to forward anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::Ipv4Addr;

use intent::inventory::Device;
use intent::lockout;

use crate::{rendered, repository};

/// The pairs of leaves.
const PAIRS: [[&str; 2]; 2] = [["leaf1a", "leaf1b"], ["leaf2a", "leaf2b"]];

#[test]
fn each_switch_of_the_fabric_renders_as_reviewed() {
    for (device, configuration) in rendered(&inventory()) {
        insta::assert_snapshot!(format!("fabric_{}", device.name), configuration);
    }
}

#[test]
fn no_switch_is_locked_out_at_its_real_address() {
    // The inventory has the addresses and the port of the lab, which are not looked for.
    let real = inventory().replace("hostname: 127.16.1.", "hostname: 172.16.1.").replace("port: 8888", "port: 80");
    for (device, configuration) in rendered(&real) {
        assert!(device.hostname.starts_with("172.16.1."));
        assert_eq!(lockout::look(&configuration, &device, &BTreeSet::new()), Ok(()), "{}", device.name);
    }
}

#[test]
fn the_two_ends_of_each_cable_name_each_other_and_share_a_31() {
    let fabric = Fabric::read();
    let mut ends = 0;
    for (device, text) in &fabric.0 {
        for (port, peer, peer_port) in text.cables() {
            let other = &fabric.0[peer];
            let back: Vec<_> = other.cables().filter(|(there, ..)| *there == peer_port).collect();
            assert_eq!(back, [(peer_port, device.as_str(), port)], "{device} {port}");
            let (mine, theirs) = (text.address(port), other.address(peer_port));
            assert_eq!(u32::from(mine) ^ u32::from(theirs), 1, "{device} {port}: {mine} and {theirs}");
            ends += 1;
        }
    }
    assert_eq!(ends, 16, "two spines, four leaves");
}

#[test]
fn every_bgp_neighbor_exists_has_that_asn_and_looks_back() {
    let fabric = Fabric::read();
    for (device, text) in &fabric.0 {
        let neighbors = text.neighbors();
        assert_eq!(neighbors.len(), if device.starts_with("spine") { 8 } else { 5 }, "{device}");
        for (address, asn) in neighbors {
            let owner = fabric.0.iter().find(|(name, other)| *name != device && other.addresses().contains(&address));
            let (peer, other) = owner.unwrap_or_else(|| panic!("{device}: nobody has {address}"));
            assert_eq!(other.asn(), asn, "{device}: {address} of {peer}");
            let looks_back =
                other.neighbors().iter().any(|(back, asn)| text.addresses().contains(back) && *asn == text.asn());
            assert!(looks_back, "{peer} does not know {device}");
        }
    }
}

#[test]
fn the_leaves_of_a_pair_agree_and_differ_from_the_other_pair() {
    let fabric = Fabric::read();
    for [a, b] in PAIRS {
        let (a, b) = (&fabric.0[a], &fabric.0[b]);
        for (one, other) in [(a, b), (b, a)] {
            let peer = format!("peer-address {}", other.address("Vlan4094"));
            assert!(one.has("mlag configuration", &peer), "{peer}");
        }
        assert_eq!(a.value("mlag configuration", "domain-id "), b.value("mlag configuration", "domain-id "));
        assert_eq!((a.asn(), a.address("Loopback1")), (b.asn(), b.address("Loopback1")), "one tunnel endpoint");
        assert_eq!(a.dual_homed(), b.dual_homed());
        assert!(!a.dual_homed().is_empty());
    }
    let [one, other] = PAIRS.map(|[a, _]| &fabric.0[a]);
    assert_ne!(one.value("mlag configuration", "domain-id "), other.value("mlag configuration", "domain-id "));
    assert_ne!(one.address("Loopback1"), other.address("Loopback1"));
}

#[test]
fn a_tenants_network_has_one_vni_and_gateway_on_all_leaves() {
    let fabric = Fabric::read();
    let leaves: Vec<_> = PAIRS.iter().flatten().map(|leaf| &fabric.0[*leaf]).collect();
    let tenants = |text: &Text| {
        let networks = text.networks();
        let vnis =
            networks.iter().map(|vlan| (*vlan, text.value("interface Vxlan1", &format!("vxlan vlan {vlan} vni "))));
        let gateways = text.lines.iter().filter(|(_, line)| line.starts_with("ip address virtual "));
        (vnis.map(|(vlan, vni)| format!("{vlan} {vni}")).collect::<Vec<_>>(), gateways.cloned().collect::<Vec<_>>())
    };
    let (vnis, gateways) = tenants(leaves[0]);

    assert_eq!(vnis, ["11 10011", "12 10012", "13 10013", "21 10021", "22 10022"]);
    assert_eq!(gateways.len(), 4, "one network has none");
    for leaf in leaves {
        assert_eq!(tenants(leaf), (vnis.clone(), gateways.clone()));
        for vni in &vnis {
            let (vlan, vni) = vni.split_once(' ').unwrap();
            let bgp = format!("router bgp {} / vlan {vlan}", leaf.asn());
            assert!(leaf.has(&bgp, &format!("route-target both {vni}:{vni}")), "{bgp}");
        }
    }
}

#[test]
fn every_vlan_that_a_port_carries_is_there() {
    for (device, text) in Fabric::read().0 {
        let known = text.vlans();
        let carried = text.lines.iter().filter_map(|(_, line)| {
            line.strip_prefix("switchport access vlan ").or_else(|| line.strip_prefix("switchport trunk allowed vlan "))
        });
        for vlan in carried.flat_map(range) {
            assert!(known.contains(&vlan), "{device}: VLAN {vlan}");
        }
    }
}

fn inventory() -> String {
    fs::read_to_string(repository().join("sites/fabric/inventory.yaml")).unwrap()
}

/// What each switch gets, by its name.
struct Fabric(BTreeMap<String, Text>);

/// A configuration as lines, each with the modes it stands in: `router bgp 65101 / vrf BLUE`.
#[derive(Debug, Default)]
struct Text {
    lines: Vec<(String, String)>,
}

impl Fabric {
    fn read() -> Self {
        let text = |(device, configuration): (Device, String)| (device.name.to_string(), Text::read(&configuration));
        Self(rendered(&inventory()).into_iter().map(text).collect())
    }
}

impl Text {
    fn read(configuration: &str) -> Self {
        let mut text = Self::default();
        let mut modes: Vec<&str> = Vec::new();
        for line in configuration.lines().filter(|line| !line.trim_start().starts_with('!')) {
            modes.truncate((line.len() - line.trim_start().len()) / 3);
            text.lines.push((modes.join(" / "), line.trim().to_owned()));
            modes.push(line.trim());
        }
        text
    }

    fn has(&self, mode: &str, line: &str) -> bool {
        self.lines.iter().any(|(of, found)| of == mode && found == line)
    }

    /// The lines of all modes that begin so.
    fn under(&self, mode: &str) -> Vec<(&str, &str)> {
        let lines = self.lines.iter().map(|(of, line)| (of.as_str(), line.as_str()));
        lines.filter(|(of, _)| of.starts_with(mode)).collect()
    }

    /// The port channels that end on both leaves of a pair, and their numbers.
    fn dual_homed(&self) -> Vec<(&str, &str)> {
        let lines = self.under("interface Port-Channel").into_iter();
        lines.filter(|(_, line)| line.starts_with("mlag ")).collect()
    }

    /// What follows `start` in a mode.
    fn value(&self, mode: &str, start: &str) -> &str {
        let found = self.lines.iter().filter(|(of, _)| of == mode).find_map(|(_, line)| line.strip_prefix(start));
        found.unwrap_or_else(|| panic!("no {start:?} in {mode:?}"))
    }

    /// The address of an interface.
    fn address(&self, interface: &str) -> Ipv4Addr {
        let address = self.value(&format!("interface {interface}"), "ip address ");
        address.split('/').next().unwrap().parse().unwrap()
    }

    /// All addresses outside of VRFs.
    fn addresses(&self) -> BTreeSet<Ipv4Addr> {
        let interfaces = self.lines.iter().filter_map(|(_, line)| line.strip_prefix("interface "));
        let plain = interfaces.filter(|name| {
            let inside = self.under(&format!("interface {name}"));
            inside.iter().any(|(_, line)| line.starts_with("ip address "))
                && !inside.iter().any(|(_, line)| line.starts_with("vrf "))
        });
        plain.map(|interface| self.address(interface)).collect()
    }

    /// Port, neighbour and its port of each cable between a spine and a leaf.
    fn cables(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.lines.iter().filter_map(|(mode, line)| {
            let (peer, peer_port) = line.strip_prefix("description P2P_")?.split_once('_')?;
            Some((mode.strip_prefix("interface ")?, peer, peer_port))
        })
    }

    fn asn(&self) -> &str {
        self.lines.iter().find_map(|(_, line)| line.strip_prefix("router bgp ")).unwrap()
    }

    /// Address and ASN of each neighbour outside of VRFs; the ASN may be that of its peer group.
    fn neighbors(&self) -> Vec<(Ipv4Addr, &str)> {
        let bgp = format!("router bgp {}", self.asn());
        let remote_as = |who: &str| {
            let start = format!("neighbor {who} remote-as ");
            self.lines.iter().find_map(|(mode, line)| line.strip_prefix(&start).filter(|_| *mode == bgp))
        };
        let members = self.lines.iter().filter(|(mode, _)| *mode == bgp).filter_map(|(_, line)| {
            let (who, group) = line.strip_prefix("neighbor ")?.split_once(" peer group ")?;
            Some((who.parse().unwrap(), remote_as(who).or_else(|| remote_as(group)).unwrap()))
        });
        members.collect()
    }

    fn vlans(&self) -> BTreeSet<u16> {
        let vlans = self.lines.iter().filter(|(mode, _)| mode.is_empty());
        vlans.filter_map(|(_, line)| line.strip_prefix("vlan ")?.parse().ok()).collect()
    }

    /// The VLANs that are a tenant's networks: those that do not end at the pair of leaves.
    fn networks(&self) -> Vec<u16> {
        let ends_here = |vlan: &u16| self.has(&format!("vlan {vlan}"), "trunk group MLAG");
        self.vlans().into_iter().filter(|vlan| !ends_here(vlan)).collect()
    }
}

/// `12-13,22` as numbers.
fn range(text: &str) -> Vec<u16> {
    let part = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        first.parse::<u16>().unwrap()..=last.parse().unwrap()
    };
    text.split(',').flat_map(part).collect()
}
