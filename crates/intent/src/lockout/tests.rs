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
    let inventory =
        Inventory::parse(&[Document::new("i.yaml", inventory.into_bytes()).with_local_addresses()]).unwrap();
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
    let all_indented: String = GOOD.lines().map(|line| format!("   {line}\n")).collect();
    assert_eq!(broken(&all_indented, "hostname: 192.0.2.7"), None);
    let slipped =
        GOOD.replace("management api http-commands\n", "interface Ethernet1\n   management api http-commands\n");
    assert_eq!(broken(&slipped, "hostname: 192.0.2.7"), None);
}

#[test]
fn what_would_lock_naas_out_is_named_by_its_rule() {
    let port = "hostname: 192.0.2.7, port: 8443";
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
        ("http-commands\n", "http-commands\n   protocol https port 8443\n", here, Rule::ManagementPort, "on port 8443"),
        ("hostname leaf1", "hostname leaf1", port, Rule::ManagementPort, "on port 443, and naas uses port 8443"),
        (
            "http-commands\n",
            "http-commands\n   protocol http localhost\n",
            http,
            Rule::ManagementApi,
            "no `protocol http`",
        ),
        (
            "username naas",
            "tacacs-server host 192.0.2.9\naaa authentication login default local\nusername admin",
            here,
            Rule::Login,
            "neither `username naas` nor",
        ),
    ] {
        let lockout = broken(&GOOD.replace(from, to), host).unwrap_or_else(|| panic!("{from} -> {to} was let through"));
        assert_eq!(lockout.rule, rule, "{lockout}");
        assert!(lockout.to_string().contains(said), "{lockout}");
    }
}

/// Lines behind a configuration that keeps its management, each of which takes it away.
#[test]
fn a_later_line_undoes_an_earlier_one() {
    for (lines, rule) in [
        ("no username naas", Rule::Login),
        ("default username naas", Rule::Login),
        ("no interface Management1", Rule::ManagementAddress),
        ("default interface management 1", Rule::ManagementAddress),
        ("interface Management1\n   shutdown", Rule::ManagementAddress),
        ("interface Management1\n   no ip address", Rule::ManagementAddress),
        ("interface Management1\n   default ip address 192.0.2.7/24", Rule::ManagementAddress),
        ("interface Management1\n   ip address 192.0.2.8/24", Rule::ManagementAddress),
        ("interface Management1\n   no vrf", Rule::ManagementAddress),
        ("interface Management1\n   vrf OTHER\n   ip address 192.0.2.7/24", Rule::ManagementVrf),
        ("no vrf instance MGMT", Rule::ManagementAddress),
        ("no management api http-commands", Rule::ManagementApi),
        ("default management api http-commands", Rule::ManagementApi),
        ("management api http-commands\n   no protocol https", Rule::ManagementApi),
        ("management http-server\n   no protocol https", Rule::ManagementApi),
        ("management api http-commands\n   protocol https port 444", Rule::ManagementPort),
        ("management http-server\n   protocol https port 444", Rule::ManagementPort),
        ("management api http-commands\n   vrf MGMT\n      shutdown", Rule::ManagementVrf),
        ("management api http-commands\n   no vrf MGMT", Rule::ManagementVrf),
        ("no ip route vrf MGMT 0.0.0.0/0 192.0.2.1", Rule::ManagementRoute),
        ("no ip route vrf MGMT 0.0.0.0/0", Rule::ManagementRoute),
    ] {
        let configuration = GOOD.replace("end\n", &format!("{lines}\nend\n"));
        let flat: String = configuration.lines().map(|line| format!("{}\n", line.trim())).collect();
        for configuration in [configuration, flat] {
            let found = broken(&configuration, "hostname: 192.0.2.7").map(|lockout| lockout.rule);

            assert_eq!(found, Some(rule), "{lines}");
        }
    }
}

#[test]
fn what_was_undone_may_be_set_again() {
    for lines in [
        "no username naas\nusername naas secret sha512 $6$x",
        "interface Management1\n   shutdown\n   no shutdown",
        "default interface Management1\ninterface Management1\n   vrf MGMT\n   ip address 192.0.2.7/24",
        "management api http-commands\n   no protocol https\n   protocol https",
        "management api http-commands\n   protocol https port 8443\n   default protocol https port",
        "interface Ethernet1\n   shutdown\n   no ip address\nrouter bgp 65001\n   no interface Management1",
        "daemon x\n   exec /bin/x\n   shutdown\nvlan 5\n   no username naas",
    ] {
        assert_eq!(broken(&GOOD.replace("end\n", &format!("{lines}\nend\n")), "hostname: 192.0.2.7"), None, "{lines}");
    }
}

#[test]
fn a_configuration_without_any_user_is_refused() {
    let configuration = GOOD.replace("username naas", "alias naas");
    let inventory = Inventory::parse(&[Document::new("i.yaml", b"hosts: {leaf1: {hostname: 192.0.2.7}}".to_vec())]);
    let device = inventory.unwrap().device(&DeviceName::new("leaf1").unwrap()).unwrap();

    let lockout = look(&configuration, &device, &BTreeSet::new()).unwrap_err();

    assert_eq!(lockout.rule, Rule::Login);
    assert!(lockout.what.contains("no `username` at all"), "{lockout}");
    assert_eq!(look(GOOD, &device, &BTreeSet::new()), Ok(()));
}

#[test]
fn what_is_reached_another_way_is_let_through() {
    let http = "hostname: 192.0.2.7, connection_options: {eapi: {extras: {transport: http}}}";
    for (from, to, host) in [
        ("username naas", "management ldap server A\nusername admin", "hostname: 192.0.2.7"),
        ("username naas", "ldap server host 192.0.2.9\nusername admin", "hostname: 192.0.2.7"),
        (
            "username naas",
            "aaa group server ldap A\n   server 192.0.2.9\naaa authentication login default group A local\nusername admin",
            "hostname: 192.0.2.7",
        ),
        ("end\n", "management http-server\n   protocol http\nend\n", http),
        ("end\n", "management http-server\n   protocol https port 8443\nend\n", "hostname: 192.0.2.7, port: 8443"),
        ("ip address 192.0.2.7/24", "ipv6 address auto-config", "hostname: '2001:db8::7'"),
        ("ip address 192.0.2.7/24", "ipv6 address auto-config", "hostname: leaf1.example.net"),
        ("ip address 192.0.2.7/24", "ip address 192.0.2.7 255.255.255.0", "hostname: 192.0.2.7"),
        ("http-commands\n", "http-commands\n   protocol https port 8443\n", "hostname: 192.0.2.7, port: 8443"),
        ("http-commands\n", "http-commands\n   protocol https ssl profile P\n", "hostname: 192.0.2.7"),
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
