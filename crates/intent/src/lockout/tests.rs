use proptest::prelude::*;

use super::*;
use crate::inventory::Document;
use crate::inventory::Inventory;
use crate::name::DeviceName;

const GOOD: &str = "\
hostname leaf1
username naas privilege 15 role network-admin secret sha512 $6$x
vrf instance MGMT
interface Management1
   vrf MGMT
   ip address 192.0.2.7/24
ip route vrf MGMT 0.0.0.0/0 192.0.2.1
management api http-commands
   no shutdown
   !
   vrf MGMT
      no shutdown
end
";

fn device(host: &str) -> Device {
    let inventory = format!("hosts: {{leaf1: {{username: naas, {host}}}}}");
    let inventory = Inventory::parse(&[Document::new("i.yaml", inventory.into_bytes())]).unwrap();
    inventory.device(&DeviceName::new("leaf1").unwrap()).unwrap()
}

fn broken(configuration: &str, host: &str) -> Option<Lockout> {
    look(configuration, &device(host), &BTreeSet::new()).err()
}

#[test]
fn a_configuration_that_keeps_its_management_is_let_through() {
    assert_eq!(broken(GOOD, "hostname: 192.0.2.7"), None);
    let without_indentation: String = GOOD.lines().map(|line| format!("{}\n", line.trim())).collect();
    assert_eq!(broken(&without_indentation, "hostname: 192.0.2.7"), None);
}

#[test]
fn what_would_lock_naas_out_is_named_by_its_rule() {
    let http = "hostname: 192.0.2.7, connection_options: {eapi: {extras: {transport: http}}}";
    let here = "hostname: 192.0.2.7";
    for (from, to, host, rule, said) in [
        ("management api http-commands", "management ssh", here, Rule::ManagementApi, "there is no `management api"),
        ("no shutdown", "shutdown", here, Rule::ManagementApi, "has no `no shutdown`"),
        ("no shutdown", "no shutdown", http, Rule::ManagementApi, "has no `protocol http`"),
        ("http-commands\n", "http-commands\n   no protocol https\n", here, Rule::ManagementApi, "`no protocol https`"),
        ("username naas", "username admin", here, Rule::Login, "neither `username naas` nor"),
        ("192.0.2.7", "192.0.2.8", here, Rule::ManagementAddress, "has the address 192.0.2.7"),
        ("192.0.2.7/24\n", "192.0.2.7/24\n   shutdown\n", here, Rule::ManagementAddress, "not shut down"),
        ("   ip address", "   description", "hostname: leaf1.example.net", Rule::ManagementAddress, "no interface"),
        ("ip route vrf MGMT", "ip route", here, Rule::ManagementRoute, "VRF MGMT of Management1 has no route"),
        ("   vrf MGMT\n      no shutdown", "", here, Rule::ManagementVrf, "does not serve it there"),
    ] {
        let lockout = broken(&GOOD.replace(from, to), host).unwrap_or_else(|| panic!("{from} -> {to} was let through"));
        assert_eq!(lockout.rule, rule, "{lockout}");
        assert!(lockout.to_string().contains(said), "{lockout}");
    }
}

#[test]
fn what_is_reached_another_way_is_let_through() {
    for (from, to, host) in [
        ("username naas", "tacacs-server host 192.0.2.9\nusername admin", "hostname: 192.0.2.7"),
        ("ip address 192.0.2.7/24", "ip address dhcp", "hostname: 192.0.2.7"),
        ("ip route vrf MGMT 0.0.0.0/0 192.0.2.1", "router bgp 65001", "hostname: 192.0.2.7"),
        ("ip address 192.0.2.7/24", "description nothing", "hostname: 127.0.0.1"),
    ] {
        assert_eq!(broken(&GOOD.replace(from, to), host), None, "{from} -> {to}");
    }
}

#[test]
fn a_banner_that_talks_about_management_is_none() {
    let configuration = GOOD.replace(
        "management api http-commands",
        "banner login\nmanagement api http-commands\nno shutdown\nEOF\nmanagement ssh",
    );

    assert_eq!(broken(&configuration, "hostname: 192.0.2.7").map(|lockout| lockout.rule), Some(Rule::ManagementApi));
}

#[test]
fn a_rule_is_passed_over_where_a_model_allows_it_and_no_other() {
    let configuration = GOOD.replace("ip route vrf MGMT", "ip route");
    let device = device("hostname: 192.0.2.7");

    assert_eq!(look(&configuration, &device, &[Rule::ManagementRoute].into()), Ok(()));
    assert!(look(&configuration, &device, &[Rule::Login].into()).is_err());
}

proptest! {
    #[test]
    fn any_text_can_be_looked_at(text in "(interface |banner x|EOF|vrf|management api http-commands|ip address|!| |\n|[a-z]{1,5}|é)*") {
        let _ = broken(&text, "hostname: 192.0.2.7");
    }
}
