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
fn some_modes_must_be_left_before_what_is_around_them_takes_a_line() {
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
