use super::*;

fn loaded(lines: &[&str]) -> Config {
    let mut config = Config::default();
    let mut position = Position::default();
    for line in lines {
        config.enter(&mut position, line, None, Dialect::strict()).unwrap();
    }
    config
}

#[test]
fn lines_fall_through_to_the_mode_that_knows_them() {
    let config = loaded(&["interface Ethernet2", "description x", "interface Ethernet1", "shutdown", "ip routing"]);
    let expected =
        "interface Ethernet1\n   shutdown\n!\ninterface Ethernet2\n   description x\n!\nip routing\n!\nend\n";
    assert_eq!(config.text(), expected);
}

#[test]
fn a_command_of_which_there_is_one_is_replaced() {
    let config = loaded(&["alias a show version", "alias a show clock", "alias b x", "hostname a", "hostname b"]);
    assert_eq!(config.text(), "alias a show clock\nalias b x\n!\nhostname b\n!\nend\n");
}

#[test]
fn spaces_in_free_text_are_kept() {
    let config = loaded(&["event-handler  x", " action bash echo 'a  b' "]);
    assert_eq!(config.text(), "event-handler x\n   action bash echo 'a  b'\n!\nend\n");
}

#[test]
fn no_removes_by_the_commands_name() {
    let config = loaded(&["alias a show version", "no alias a", "vlan 2", "name x", "no vlan 2", "vlan 20"]);
    assert_eq!(config.text(), "vlan 20\n!\nend\n");
}

#[test]
fn shutdown_is_shown_where_it_is_not_the_default() {
    let api = "management api http-commands";
    let config = loaded(&["interface Ethernet1", "shutdown", "no shutdown", api, "no shutdown"]);
    assert_eq!(config.text(), format!("{api}\n   no shutdown\n!\ninterface Ethernet1\n!\nend\n"));
    let config = loaded(&[api, "no shutdown", "shutdown"]);
    assert_eq!(config.text(), format!("{api}\n!\nend\n"));
}

#[test]
fn bodies_are_shown_where_eos_shows_them() {
    let (mut config, mut position) = (Config::default(), Position::default());
    let lines = [
        ("event-handler x", None),
        ("delay 1", None),
        ("action bash", Some("if true\n\n  then x\nfi")),
        ("banner motd", Some("  hi\n")),
        ("interface Ethernet1", None),
        ("comment", Some("mine\n")),
    ];
    for (line, input) in lines {
        config.enter(&mut position, line, input, Dialect::strict()).unwrap();
    }
    let expected = "banner motd\n  hi\nEOF\n\n!\ninterface Ethernet1\n   !! mine\n!\nevent-handler x\n   action bash\n      \
                    if true\n\n        then x\n      fi\n      EOF\n   delay 1\n!\nend\n";
    assert_eq!(config.text(), expected);
}

#[test]
fn what_is_not_known_is_refused_or_taken_as_it_is() {
    let enter = |line: &str, dialect| Config::default().enter(&mut Position::default(), line, None, dialect);
    let refused = |line: &str| enter(line, Dialect::strict()).unwrap_err().to_string();
    assert_eq!(refused("nonsense here"), "Invalid input (at token 0: 'nonsense')");
    assert_eq!(refused("# remark"), "Invalid input (at token 0: '#')");
    assert_eq!(refused("interface Quark1"), "Invalid input (at token 1: 'Quark1')");
    assert_eq!(refused("banner motd"), "Incomplete command (at token 1: 'motd')");
    assert_eq!(enter("nonsense here", Dialect::lenient()), Ok(Changed::Yes));
    assert_eq!(enter("! remark", Dialect::strict()), Ok(Changed::No));
}

#[test]
fn a_lenient_device_places_unknown_lines_by_indentation() {
    let lenient = |lines: &[&str]| {
        let (mut config, mut position) = (Config::default(), Position::default());
        for line in lines {
            config.enter(&mut position, line, None, Dialect::lenient()).unwrap();
        }
        config.text()
    };
    let lines = ["router bgp 65001", "   vrf A", "      brand new", "   brand new too", "quite another"];
    let expected = "router bgp 65001\n   brand new too\n   !\n   vrf A\n      brand new\n!\nquite another\n!\nend\n";
    assert_eq!(lenient(&lines), expected);
    let below = ["brand new", "   hostname a", "   deeper still", "      deepest", "hostname b"];
    let expected = "hostname b\n!\nbrand new\n   hostname a\n   !\n   deeper still\n      deepest\n!\nend\n";
    assert_eq!(lenient(&below), expected);
    assert_eq!(lenient(&["vlan 7", "brand new"]), "vlan 7\n   brand new\n!\nend\n");
}

#[test]
fn no_takes_away_by_first_words_in_its_own_mode_alone() {
    let lines = [
        "interface Ethernet1",
        "spanning-tree guard root",
        "spanning-tree cost 7",
        "no spanning-tree guard",
        "mtu 9000",
    ];
    assert_eq!(loaded(&lines).text(), "interface Ethernet1\n   spanning-tree cost 7\n   mtu 9000\n!\nend\n");
    let (mut config, mut position) = (Config::default(), Position::default());
    let mut enter =
        |line| config.enter(&mut position, line, None, Dialect::strict()).map_err(|refused| refused.to_string());
    enter("interface Ethernet1").unwrap();
    assert_eq!(enter("no snmp-server enable").unwrap_err(), "Incomplete command (at token 2: 'enable')");
    assert_eq!(enter("shutdown"), Ok(Changed::Yes));
    // A mode around it knows this as a whole.
    enter("no spanning-tree vlan-id 4094").unwrap();
    assert!(
        config.text().contains("\nno spanning-tree vlan-id 4094\n")
            || config.text().starts_with("no spanning-tree vlan-id 4094\n")
    );
}

#[test]
fn eos_writes_lines_in_its_own_way() {
    for (lines, expected) in [
        (
            &["interface eth1", "ip address 192.0.2.1 255.255.255.0"][..],
            "interface Ethernet1\n   ip address 192.0.2.1/24\n",
        ),
        (&["interface Vlan 10", "no shutdown"], "interface Vlan10\n"),
        (&["router ospf 1", "network 10.0.0.0/8 area 0"], "router ospf 1\n   network 10.0.0.0/8 area 0.0.0.0\n"),
        (&["router bgp 1", "neighbor A peer-group"], "router bgp 1\n   neighbor A peer group\n"),
        (&["vlan 10-11,13", "state active"], "vlan 10-11,13\n"),
        (
            &["interface Ethernet1", "switchport trunk allowed vlan 5,1-3,4"],
            "interface Ethernet1\n   switchport trunk allowed vlan 1-5\n",
        ),
        (
            &["ip access-list a", "permit ip any any", "25 deny ip any any", "permit tcp any any", "exit"],
            "ip access-list a\n   10 permit ip any any\n   25 deny ip any any\n   35 permit tcp any any\n",
        ),
        (&["no spanning-tree vlan 4094"], "no spanning-tree vlan-id 4094\n"),
        (&["ip virtual-router mac-address 001c.7300.0099"], "ip virtual-router mac-address 00:1c:73:00:00:99\n"),
    ] {
        assert_eq!(loaded(lines).text(), format!("{expected}!\nend\n"));
    }
}

#[test]
fn vlans_are_added_to_a_trunk_and_taken_from_it() {
    let trunk = |lines: &[&str]| loaded(&[&["interface Ethernet1"], lines].concat()).text();
    let allowed = |list: &str| format!("interface Ethernet1\n   switchport trunk allowed vlan {list}\n!\nend\n");
    let set = "switchport trunk allowed vlan 10-12";
    assert_eq!(trunk(&[set, "switchport trunk allowed vlan add 13,20"]), allowed("10-13,20"));
    assert_eq!(trunk(&[set, "switchport trunk allowed vlan remove 11"]), allowed("10,12"));
    assert_eq!(trunk(&[set, "switchport trunk allowed vlan remove 10-12"]), allowed("none"));
    assert_eq!(trunk(&["switchport trunk allowed vlan except 1-4000"]), allowed("4001-4094"));
}

#[test]
fn a_password_in_plain_text_is_shown_as_another_hash_each_time() {
    let shown = || loaded(&["username a privilege 15 secret 0 CANARY"]).text();
    let (one, other) = (shown(), shown());
    assert!(one.starts_with("username a privilege 15 secret sha512 $6$") && !one.contains("CANARY"), "{one}");
    assert_ne!(one, other);
}

#[test]
fn some_modes_must_be_left_before_outer_commands() {
    for mode in ["interface Vxlan1", "router general"] {
        let (mut config, mut position) = (Config::default(), Position::default());
        let mut enter = |line| config.enter(&mut position, line, None, Dialect::strict()).map_err(|e| e.to_string());
        enter(mode).unwrap();
        assert_eq!(enter("ip route 0.0.0.0/0 192.0.2.1").unwrap_err(), "Incomplete token (at token 0: 'ip')");
        enter("exit").unwrap();
        assert_eq!(enter("ip route 0.0.0.0/0 192.0.2.1"), Ok(Changed::Yes));
    }
}

#[test]
fn a_range_of_interfaces_is_configured_at_once() {
    let config = loaded(&["interface Ethernet1-2", "shutdown", "interface Ethernet2", "no shutdown", "hostname a"]);
    assert_eq!(config.text(), "hostname a\n!\ninterface Ethernet1\n   shutdown\n!\ninterface Ethernet2\n!\nend\n");
}

#[test]
fn a_line_says_whether_it_changed_anything() {
    let (mut config, mut position) = (Config::default(), Position::default());
    let mut enter = |line| config.enter(&mut position, line, None, Dialect::strict()).unwrap();
    assert_eq!(
        [enter("hostname a"), enter("hostname a"), enter("no hostname")],
        [Changed::Yes, Changed::No, Changed::Yes]
    );
    assert_eq!([enter("vlan 2"), enter("vlan 2"), enter("name x")], [Changed::Yes, Changed::No, Changed::Yes]);
    assert_eq!([enter("no vlan 3"), enter("no vlan 2")], [Changed::No, Changed::Yes]);
}

proptest::proptest! {
    #[test]
    fn a_refused_line_changes_nothing(before in "[a-z]{1,8}( [a-z0-9./]{1,6}){0,3}", line in ".{0,60}") {
        let (mut config, mut position) = (Config::default(), Position::default());
        let _ = config.enter(&mut position, &before, None, Dialect::lenient());
        let (text, known) = (config.text(), config.clone());
        if config.enter(&mut position, &line, None, Dialect::strict()).is_err() {
            proptest::prop_assert_eq!(&config, &known);
            proptest::prop_assert_eq!(config.text(), text);
        }
    }
}

/// What is said to the last of some lines, on a strict device of a release.
fn last_of(eos: &str, lines: &[&str]) -> Result<Changed, String> {
    let (mut config, mut position) = (Config::default(), Position::default());
    let dialect = Dialect { release: crate::release::Release::of(eos), ..Dialect::strict() };
    let entered = lines.iter().map(|line| config.enter(&mut position, line, None, dialect));
    entered.last().unwrap().map_err(|refused| refused.to_string())
}

#[test]
fn overlapping_subnets_of_one_vrf_are_refused() {
    let first = ["interface Ethernet1", "ip address 10.0.12.1/24", "interface Ethernet2"];
    let after = |more: &[&str]| last_of("4.36", &[&first, more].concat());
    let said = "Subnet 10.0.12.0 overlaps with existing subnet 10.0.12.0 of interface Ethernet1";
    assert_eq!(after(&["ip address 10.0.12.1/24"]).unwrap_err(), said);
    assert_eq!(after(&["ip address 10.0.12.130/25"]).unwrap_err(), said.replacen("12.0", "12.128", 1));
    assert_eq!(after(&["ip address 10.0.12.9/24 secondary"]).unwrap_err(), said);
    assert_eq!(after(&["vrf a", "ip address 10.0.12.1/24"]), Ok(Changed::Yes));
    assert_eq!(after(&["ip address 10.0.13.1/24"]), Ok(Changed::Yes));
    assert_eq!(after(&["interface Ethernet1", "ip address 10.0.12.2/24"]), Ok(Changed::Yes));
}

#[test]
fn a_host_address_on_a_port_depends_on_the_release() {
    let port = ["interface Ethernet1", "ip address 10.0.0.1/32"];
    assert_eq!(last_of("4.22.1F", &port).unwrap_err(), "Prefix length must be less than 32");
    assert_eq!(last_of("4.36.0F", &port), Ok(Changed::Yes));
    assert_eq!(last_of("4.22.1F", &["interface Loopback0", "ip address 10.0.0.1/32"]), Ok(Changed::Yes));
}

#[test]
fn a_second_rule_under_one_number_is_refused() {
    let list = |last| last_of("4.36", &["ip access-list a", "10 permit ip any any", last]);
    assert_eq!(list("10 deny ip any any").unwrap_err(), "Error: Duplicate sequence number");
    assert!(list("10 permit ip any any").is_ok() && list("20 deny ip any any").is_ok());
    let list = |last| last_of("4.36", &["ip access-list a", "10 permit ip any any", "no 10", last]);
    assert!(list("10 deny ip any any").is_ok());
}

#[test]
fn each_direction_has_one_access_list() {
    let port = ["interface Ethernet1", "ip access-group a in", "ip access-group a out"];
    assert_eq!(
        loaded(&[&port[..], &["ip access-group b in"]].concat()).text(),
        "interface Ethernet1\n   ip access-group b in\n   ip access-group a out\n!\nend\n"
    );
    assert_eq!(
        loaded(&[&port[..], &["no ip access-group a in"]].concat()).text(),
        "interface Ethernet1\n   ip access-group a out\n!\nend\n"
    );
}

#[test]
fn a_device_shows_its_own_lines_by_release() {
    let own = |model: &str, eos: &str, lines: &[&str]| {
        loaded(lines).with_own_lines(model, crate::release::Release::of(eos)).text()
    };
    let old = own("DCS-7050SX3-48YC12", "4.29.2F", &["hostname a"]);
    assert_eq!(old, "no aaa root\n!\nhostname a\n!\nspanning-tree mode mstp\n!\nend\n");
    let new = own("cEOSLab", "4.34.0F", &["aaa root secret 0 x", "spanning-tree mode none", "router ospf 1"]);
    for line in ["system l1\n   unsupported", "   ipv6\n      software-forwarding kernel", "\n   max-lsa 12000"] {
        assert!(new.contains(line), "{line} in {new}");
    }
    assert!(!new.contains("no aaa root") && !new.contains("mstp"), "{new}");
    assert!(!own("cEOSLab", "4.36.0F", &[]).contains("software-forwarding"));
    let routed = own("cEOSLab", "4.36.0F", &["switchport default mode routed", "interface Ethernet1"]);
    assert!(routed.contains("interface Ethernet1\n   no switchport\n"), "{routed}");
}
