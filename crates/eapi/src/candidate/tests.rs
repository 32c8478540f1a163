use proptest::prelude::*;

use super::*;
use crate::body::with_input;

fn commands(text: &str) -> Vec<Command> {
    Candidate::parse(text).unwrap().commands().cloned().collect()
}

fn fault(text: &str) -> (usize, TextFault) {
    let error = Candidate::parse(text).unwrap_err();
    (error.line, error.fault)
}

fn missing_eof(command: &str) -> TextFault {
    TextFault::MissingEof { command: command.to_owned() }
}

fn after_end(command: &str, end: usize) -> TextFault {
    TextFault::AfterEnd { command: command.to_owned(), end }
}

#[test]
fn what_show_running_config_prints_is_accepted() {
    let text = "! Command: show running-config\n! device: a (cEOSLab, EOS-4.32.0F)\n!\nhostname a\n!\n\
                interface Ethernet1\n   shutdown\n!\nend\n\n";
    let candidate = Candidate::parse(text).unwrap();
    let seen: Vec<&str> = candidate.commands().map(Command::line).collect();
    assert_eq!(seen, ["hostname a", "interface Ethernet1", "shutdown"]);
    assert_eq!([0, 1, 2, 3].map(|index| candidate.line_of(index)), [Some(4), Some(6), Some(7), None]);
}

#[test]
fn banner_bodies_of_every_kind_are_kept_byte_for_byte() {
    for kind in ["login", "motd", "exec", "console"] {
        let text = format!("banner {kind}\n  ! two spaces \n!\n\n!! three\tand a tab\nEOF\n\nhostname a\n");
        let expected = with_input(&format!("banner {kind}"), "  ! two spaces \n!\n\n!! three\tand a tab\n".into());
        assert_eq!(commands(&text), [expected, "hostname a".into()]);
    }
}

#[test]
fn an_indented_banner_is_not_dedented() {
    let text = "banner motd\n   hello\n   EOF\n";
    assert_eq!(commands(text), [with_input("banner motd", "   hello\n".into())]);
}

#[test]
fn a_bash_action_loses_the_indentation_it_is_shown_with() {
    let text = "event-handler x\n   action bash\n      if true\n\n        then x\n      fi\n      EOF\n   delay 5\n";
    let body = with_input("action bash", "if true\n\n  then x\nfi\n".into());
    assert_eq!(commands(text), ["event-handler x".into(), body, "delay 5".into()]);
}

#[test]
fn a_body_less_indented_than_its_eof_is_sent_unchanged() {
    let text = "event-handler x\n   action bash\n      a <<X\nX\n      EOF\n";
    assert_eq!(commands(text)[1], with_input("action bash", "      a <<X\nX\n".into()));
}

#[test]
fn a_bash_action_on_its_line_stays_a_line() {
    assert_eq!(commands("event-handler x\n   action bash echo EOF\n")[1], "action bash echo EOF".into());
}

#[test]
fn a_certificate_keeps_its_inner_eof_and_loses_the_last() {
    let text = "management api http-commands\n   protocol https certificate\nCERT\nEOF\nKEY\nEOF\n   no shutdown\n";
    let certificate = with_input("protocol https certificate", "CERT\nEOF\nKEY\n".into());
    assert_eq!(commands(text)[1..], [certificate, "no shutdown".into()]);
}

#[test]
fn an_https_ssl_profile_is_not_a_certificate() {
    assert_eq!(commands("protocol https ssl profile P\n"), ["protocol https ssl profile P".into()]);
}

#[test]
fn code_units_and_comments_of_any_number_are_found() {
    let text = "router general\n   control-functions\n      code unit a\n         f() {\n           }\n         EOF\n      \
                code\n         g\n         EOF\ninterface Ethernet1\n   comment\n   one\n   EOF\n   comment\n   two\n   EOF\n";
    let found = commands(text);
    assert_eq!(found[2], with_input("code unit a", "f() {\n  }\n".into()));
    assert_eq!(found[3], with_input("code", "g\n".into()));
    assert_eq!(found[5..], [with_input("comment", "one\n".into()), with_input("comment", "two\n".into())]);
}

#[test]
fn shown_comments_become_one_comment_for_each_mode() {
    let text =
        "interface Ethernet1\n   !! first\n   !!\n   !\n   !!  second\n   shutdown\ninterface Ethernet2\n   !! x\n";
    let candidate = Candidate::parse(text).unwrap();
    let found: Vec<&Command> = candidate.commands().collect();
    assert_eq!(found[1], &with_input("comment", "first\n\n second\n".into()));
    assert_eq!(found[4], &with_input("comment", "x\n".into()));
    assert_eq!((candidate.line_of(1), candidate.line_of(4)), (Some(2), Some(8)));
}

#[test]
fn bytes_that_are_no_text_are_named_with_their_place() {
    let error = Candidate::from_utf8(b"hostname a\nalias x \xffy\n").unwrap_err();
    assert_eq!(error, TextError { line: 2, fault: TextFault::NotUtf8 { byte: 0xff, column: 9 } });
    assert_eq!(Candidate::from_utf8("alias x é\n".as_bytes()).unwrap().len(), 1);
}

#[test]
fn very_many_and_very_long_lines_are_read() {
    let many = "ip route 192.0.2.0/24 Null0\n".repeat(100_000);
    assert_eq!(Candidate::parse(&many).unwrap().len(), 100_000);
    let long = format!("alias x {}\n", "y".repeat(10_000_000));
    assert_eq!(Candidate::parse(&long).unwrap().len(), 1);
}

#[test]
fn an_empty_body_is_not_a_body_of_one_blank_line() {
    assert_eq!(commands("banner motd\nEOF\n"), [with_input("banner motd", String::new())]);
    assert_eq!(commands("banner motd\n\nEOF\n"), [with_input("banner motd", "\n".into())]);
}

#[test]
fn a_missing_eof_is_an_error_with_its_line() {
    assert_eq!(fault("hostname a\nbanner login\nhi\ninterface Ethernet1\n"), (2, missing_eof("banner login")));
    assert_eq!(fault("banner login\nEOF!\nend\n"), (1, missing_eof("banner login")));
    let one_eof = "protocol https certificate\nCERT\nEOF\nhostname a\n";
    assert_eq!(fault(one_eof), (1, missing_eof("protocol https certificate")));
}

#[test]
fn a_banner_inside_a_banner_is_a_missing_eof() {
    assert_eq!(fault("banner login\nhi\nbanner motd\nho\nEOF\n"), (1, missing_eof("banner login")));
}

#[test]
fn an_eof_that_ends_nothing_is_an_error_with_its_line() {
    assert_eq!(fault("hostname a\n   EOF\n"), (2, TextFault::StrayEof));
    assert_eq!(fault("interface Ethernet1\n   !! EOF\n"), (2, TextFault::StrayEof));
}

#[test]
fn text_after_end_is_an_error_with_both_lines() {
    assert_eq!(fault("hostname a\nend\n!\nhostname b\n"), (4, after_end("hostname", 2)));
    assert_eq!(fault("hostname a\nEnd\nend\n!! b\n"), (4, after_end("!!", 2)));
    assert_eq!(fault("hostname a\nend\nreload now\n"), (3, after_end("reload", 2)));
}

#[test]
fn commands_that_act_are_errors_with_line_and_word() {
    for (line, word) in [
        ("commit", "commit"),
        ("abort", "abort"),
        ("configure session x", "configure"),
        ("no configure session x", "no configure"),
        ("rollback clean-config", "rollback"),
        ("write memory", "write"),
        ("reload now", "reload"),
        ("do reload", "do"),
        ("copy running-config startup-config", "copy"),
        ("Show version", "Show"),
    ] {
        let (number, fault) = fault(&format!("hostname a\n   {line}\nend\n"));
        let TextFault::NotConfiguration { command, .. } = fault else { panic!("{line}: {fault:?}") };
        assert_eq!((number, command.as_str()), (2, word));
    }
}

#[test]
fn a_refused_command_says_why_and_what_to_do() {
    let error = Candidate::parse("vlan 5\nreload now\n").unwrap_err();
    let shown = "line 2: `reload` is not configuration: it restarts the switch or a part of it at once; take it out";
    assert_eq!(error.to_string(), shown);
}

#[test]
fn a_body_may_hold_any_command() {
    let text = "event-handler x\n   action bash\n      FastCli -c 'show version'\n      reload\n      EOF\n";
    assert_eq!(commands(text)[1], with_input("action bash", "FastCli -c 'show version'\nreload\n".into()));
}

#[test]
fn control_characters_are_errors_with_their_place() {
    for (text, line, column, code) in [
        ("hostname a\nalias x \0\n", 2, 9, 0),
        ("banner motd\n\u{1b}[31m\nEOF\n", 2, 1, 0x1b),
        ("hostname a\rhostname b\n", 1, 11, 0xd),
        ("hostname \u{85}\n", 1, 10, 0x85),
    ] {
        assert_eq!(fault(text), (line, TextFault::ControlCharacter { code, column }));
    }
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let text = "!\nbanner motd\n hi\n\nEOF\ninterface Ethernet1\n   shutdown\nend\n";
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(Candidate::parse(&windows), Candidate::parse(text));
}

#[test]
fn text_without_a_command_is_an_error() {
    for text in ["", "!\n\n", "end\n", "! only\n! comments"] {
        assert_eq!(fault(text), (1, TextFault::Empty));
    }
}

#[test]
fn debug_shows_no_configuration() {
    let candidate = Candidate::parse("username a secret canary\n").unwrap();
    assert_eq!(format!("{candidate:?}"), "Candidate(1 commands)");
}

/// One block of canonical text: what a switch would show.
#[derive(Debug, Clone)]
enum Block {
    Plain(String),
    Banner(&'static str, Vec<String>),
    Handler(String, Vec<String>),
    Interface(String, Vec<String>),
    Certificate(Vec<String>, Vec<String>),
}

impl Block {
    fn shown(&self) -> String {
        let indented = |lines: &[String], by: &str| lines.iter().map(|l| format!("{by}{l}\n")).collect::<String>();
        match self {
            Self::Plain(word) => format!("alias {word} x\n"),
            Self::Banner(kind, body) => format!("banner {kind}\n{}EOF\n\n", indented(body, "")),
            Self::Handler(name, body) => {
                format!("event-handler {name}\n   action bash\n{}      EOF\n", indented(body, "      "))
            }
            Self::Interface(name, body) => {
                format!("interface {name}\n{}   shutdown\n", indented(body, "   !! "))
            }
            Self::Certificate(cert, key) => format!(
                "management api http-commands\n   protocol https certificate\n{}EOF\n{}EOF\n",
                indented(cert, ""),
                indented(key, "")
            ),
        }
    }
}

/// What a switch that was sent `commands` would show: the inverse of parsing, by the rules of the
/// module.
fn show(candidate: &Candidate) -> String {
    let mut shown = String::new();
    for command in candidate.commands() {
        let Command::WithInput { cmd, input: Some(input), .. } = command else {
            let indent = if command.line() == "shutdown" { "   " } else { "" };
            shown += &format!("{indent}{}\n", command.line());
            continue;
        };
        let indented = |by: &str| input.lines().map(|l| format!("{by}{l}\n")).collect::<String>();
        shown += &match cmd.as_str() {
            "comment" => indented("   !! "),
            "action bash" => format!("   action bash\n{}      EOF\n", indented("      ")),
            "protocol https certificate" => format!("   {cmd}\n{}EOF\n", indented("")),
            banner => format!("{banner}\n{}EOF\n\n", indented("")),
        };
    }
    shown
}

fn body() -> impl Strategy<Value = Vec<String>> {
    let line = "[ !a-zA-Z{}$\t]{0,12}".prop_filter("would end the body", |line| line.trim() != EOF);
    prop::collection::vec(line, 0..6)
}

fn block() -> impl Strategy<Value = Block> {
    prop_oneof![
        "[a-z]{1,8}".prop_map(Block::Plain),
        (prop::sample::select(&["login", "motd"]), body()).prop_map(|(kind, body)| Block::Banner(kind, body)),
        ("[a-z]{1,8}", body()).prop_map(|(name, body)| Block::Handler(name, body)),
        ("Ethernet[0-9]{1,2}", body()).prop_map(|(name, body)| Block::Interface(name, body)),
        (body(), body()).prop_map(|(cert, key)| Block::Certificate(cert, key)),
    ]
}

proptest! {
    #[test]
    fn canonical_text_comes_back_unchanged(blocks in prop::collection::vec(block(), 1..12)) {
        let text: String = blocks.iter().map(Block::shown).collect();
        let candidate = Candidate::parse(&text).unwrap();
        prop_assert_eq!(show(&candidate), text);
    }

    #[test]
    fn every_command_stands_on_the_line_it_names(blocks in prop::collection::vec(block(), 1..12)) {
        let text: String = blocks.iter().map(Block::shown).collect();
        let lines: Vec<&str> = text.lines().collect();
        let candidate = Candidate::parse(&text).unwrap();
        for (index, command) in candidate.commands().enumerate() {
            let line = lines[candidate.line_of(index).unwrap() - 1].trim_start();
            prop_assert!(line == command.line() || (command.line() == "comment" && line.starts_with("!!")));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "(?s).{0,300}") {
        let _ = Candidate::parse(&text);
    }

    #[test]
    fn no_order_of_lines_panics_or_names_a_missing_line(
        lines in prop::collection::vec(
            prop::sample::select(&[
                "EOF", "   EOF", "banner login", "comment", "   action bash", "code", "code unit x", "!! x", "!!",
                "end", "!", "", "protocol https certificate", "x", "commit", "\u{3000}EOF", "\0",
            ]),
            0..20,
        )
    ) {
        match Candidate::parse(&lines.join("\n")) {
            Ok(candidate) => prop_assert!((0..candidate.len()).all(|i| candidate.line_of(i).unwrap() <= lines.len())),
            Err(error) => prop_assert!((1..=lines.len().max(1)).contains(&error.line)),
        }
    }
}
