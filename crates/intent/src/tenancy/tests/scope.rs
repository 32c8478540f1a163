//! Claims about the scope guard.

use proptest::prelude::*;

use crate::tenancy::*;

const RUNNING: &str = "! Command: show running-config\n! device: leaf1 (DCS-7050SX3, EOS-4.32.1F)\n!\nhostname leaf1\n!\n\
    vlan 100-109\n!\ninterface Ethernet1\n   description up\n   no switchport\n!\ninterface Ethernet2\n   mtu 9000\n   \
    switchport access vlan 100\n   spanning-tree portfast\n   shutdown\n!\nend\n";

fn scope(list: &str, vlans: &str) -> PortScope {
    PortScope { ports: ports(list).unwrap(), vlans: VlanSet::parse(vlans).unwrap().iter().collect() }
}

fn lines(before: &str, after: &str, scope: &PortScope) -> Vec<String> {
    let line = |line: OutsideLine| format!("{} {}{}", line.section, line.sign, line.text);
    outside(before, after, scope).into_iter().map(line).collect()
}

#[test]
fn a_change_of_the_ordered_port_and_vlan_is_inside() {
    let after = RUNNING.replace("vlan 100-109", "vlan 100-110").replace("access vlan 100", "access vlan 110");

    assert_eq!(lines(RUNNING, &after, &scope("2", "110")), Vec::<String>::new());
    assert_eq!(lines(RUNNING, &after, &scope("2", "100")), ["vlan 110 +vlan 110"]);
}

#[test]
fn a_line_outside_is_listed_with_its_section() {
    let after = RUNNING
        .replace("hostname leaf1", "hostname leaf1\n!\nno spanning-tree mode")
        .replace("   no switchport", "   no switchport\n   shutdown");

    let found = lines(RUNNING, &after, &scope("2", "110"));

    assert_eq!(found, ["interface Ethernet1 +shutdown", "no spanning-tree mode +no spanning-tree mode"]);
}

#[test]
fn a_section_that_goes_is_outside() {
    let after = RUNNING.replace("interface Ethernet1\n   description up\n   no switchport\n!\n", "");

    let found = lines(RUNNING, &after, &scope("2", "110"));

    assert_eq!(found.len(), 3);
    assert!(found.contains(&"interface Ethernet1 -interface Ethernet1".to_owned()), "{found:?}");
}

#[test]
fn lines_in_another_order_are_another_configuration() {
    let after = RUNNING.replace("   description up\n   no switchport", "   no switchport\n   description up");

    assert_eq!(lines(RUNNING, &after, &scope("2", "110")).len(), 2);
}

#[test]
fn a_hunk_in_the_middle_of_a_section_is_understood() {
    let diff = "--- system:/running-config\n+++ session:/s-session-config\n@@ -12,5 +12,4 @@\n    switchport access vlan 100\n    \
                spanning-tree portfast\n-   shutdown\n !\n end\n";

    let after = patched(RUNNING, &diff.replace("@@ -12,5 +12,4 @@", "@@ -13,5 +13,4 @@")).unwrap();

    assert!(after.starts_with("! device: leaf1"), "the text begins where the diff counts from");
    assert!(!after.contains("   shutdown"));
    assert_eq!(lines(RUNNING, &after, &scope("2", "110")), Vec::<String>::new());
    assert_eq!(lines(RUNNING, &after, &scope("1", "110")), ["interface Ethernet2 -shutdown"]);
}

#[test]
fn a_diff_of_another_text_is_refused() {
    for (diff, expected) in [
        ("@@ -1,1 +1,1 @@\n-! device: leaf2\n+x\n", "line 2 of the switch's diff does not fit its running-config"),
        (
            "@@ -99,1 +99,1 @@\n-a\n+x\n",
            "line 1 of the switch's diff does not fit its running-config: it is out of order",
        ),
        ("@@ x @@\n", "expected `@@ -1,2 +1,3 @@`"),
        ("% Invalid input\n", "expected a line that begins with"),
    ] {
        let error = patched(RUNNING, diff).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_ports_of_a_configuration_are_those_of_its_sections() {
    let text = "interface Ethernet1\n   no switchport\ninterface Ethernet2-3,7\nint Et9\ninterface Ethernet10.100\n\
                interface Vlan20,30\ninterface Management1\nbanner login\ninterface Ethernet44\nEOF\n";

    let found: Vec<_> = ports_of(text).iter().map(ToString::to_string).collect();

    assert_eq!(found, ["Ethernet1", "Ethernet2", "Ethernet3", "Ethernet7", "Ethernet9", "Ethernet10"]);
}

proptest! {
    #[test]
    fn any_text_is_a_diff_or_an_error(diff in "(@@ -[0-9]{1,2},[0-9] \\+1,1 @@|[ +-]!|[ +-]end|.{0,8})(\n(@@ -[0-9]{1,2} @@|[ +-]!|.{0,5})){0,6}") {
        let _ = patched(RUNNING, &diff);
    }

    #[test]
    fn nothing_is_outside_of_what_did_not_change(text in "([a-c ]{0,4}\n){0,9}") {
        prop_assert_eq!(outside(&text, &text, &PortScope::default()), Vec::new());
    }
}
