use super::*;

const HOW: Reading = Reading { release: Release::NEWEST, abbreviations: false };

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// What is wrong with a line in the mode that `path` leads to; none if it is understood.
fn wrong(path: &[&str], line: &str) -> Option<(usize, Why)> {
    let mode = path.iter().fold(root(), |mode, line| mode.parse(&words(line), HOW).unwrap().rule.opens().unwrap());
    mode.parse(&words(line), HOW).err().map(|unknown| (unknown.token, unknown.why))
}

#[test]
fn the_file_is_a_grammar() {
    assert!(rules(include_str!("../grammar.txt")).unwrap() > 1000);
}

/// How many commands a grammar has, all of its modes read.
fn rules(text: &'static str) -> Result<usize, String> {
    read::grammar(text)?.modes.iter().map(|mode| Ok(read::commands(&mode.forms)?.rules.len())).sum()
}

#[test]
fn a_wrong_line_is_named() {
    for (text, error) in [
        ("a [b\n", "line 1: `[` is not closed"),
        ("a\na <quark>\n", "line 2: there is no type <quark>"),
        ("a\n  b\n", "line 2: it is too deep"),
        ("a @nonsense\n", "line 1: @nonsense is not known"),
        ("> a\n  use x\n", "line 2: no group x"),
        ("a b]\n", "line 1: `]` opens nothing"),
        ("a @since x\n", "line 1: x is no release"),
    ] {
        assert_eq!(rules(text).unwrap_err(), error);
    }
}

#[test]
fn a_command_is_understood_as_a_whole() {
    let port = ["interface Ethernet1"];
    assert_eq!(wrong(&[], "hostname a"), None);
    assert_eq!(wrong(&[], "hostname a b"), Some((2, Why::Invalid)));
    assert_eq!(wrong(&[], "hostname"), Some((0, Why::Incomplete)));
    assert_eq!(wrong(&port, "ip address 192.0.2.1/24"), None);
    assert_eq!(wrong(&port, "ip adress 192.0.2.1/24"), Some((1, Why::Invalid)));
    assert_eq!(wrong(&port, "ip addr 192.0.2.1/24"), Some((1, Why::Abbreviated)));
    assert_eq!(wrong(&port, "ip address 192.0.2.1/33"), Some((2, Why::Invalid)));
    assert_eq!(wrong(&port, "ip address 192.0.2.1/24 secundary"), Some((3, Why::Invalid)));
    assert_eq!(wrong(&["router bgp 65001"], "network 10.0.0.0/24"), None);
    assert_eq!(wrong(&[], "vlan 4095"), Some((1, Why::Invalid)));
}

#[test]
fn keywords_may_be_abbreviated_where_that_is_asked_for() {
    let short = Reading { abbreviations: true, ..HOW };
    let parsed = root().parse(&["INT", "eth1"], short).unwrap();
    assert_eq!(parsed.words, ["interface", "Ethernet1"]);
}

#[test]
fn what_a_command_is_shown_as_depends_on_the_release() {
    let port = root().parse(&["interface", "Ethernet1"], HOW).unwrap().rule.opens().unwrap();
    let shown = |release: &str| {
        let how = Reading { release: Release::of(release), ..HOW };
        port.parse(&["spanning-tree", "portfast"], how).unwrap().rewritten(how.release)
    };
    assert_eq!(shown("4.36.0F").as_deref(), Some("spanning-tree portfast edge"));
    assert_eq!(shown("4.30.0F"), None);
}

#[test]
fn a_command_is_named_by_what_is_before_its_value() {
    let name = |line: &str| root().parse(&words(line), HOW).unwrap().name();
    assert_eq!(name("hostname a"), "hostname");
    assert_eq!(name("ntp server 192.0.2.1 prefer"), "ntp server 192.0.2.1 prefer");
    assert_eq!(name("username a privilege 15 nopassword"), "username a");
}
