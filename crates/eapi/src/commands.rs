//! Configuration text to commands: what a person would paste, as what eAPI wants.
//!
//! eAPI takes one command per entry and has no terminal to type the rest of a multi-line command at, so those become
//! `{cmd, input}`. Known are every `banner <kind>`, `comment` and its shown form `!!`, `action bash` without a command on
//! its line, `code` and `code unit <name>`, and `protocol https certificate` with its two `EOF`s.
//!
//! **Bodies.** `input` carries the body's lines, each ended by a newline, without the final `EOF`. A switch shows some
//! bodies indented: `action bash`, `comment` and `code` come with their `EOF` at the same depth, while banners and
//! certificates are shown at column 0. For the indented kinds the indentation of the `EOF` line is taken off every line
//! of the body, provided that every line that is not blank has it; otherwise, and for banners and certificates always,
//! the body is sent byte for byte. So text that a switch has shown comes back the same after it was sent, and text with
//! `EOF` at column 0 is never touched.

use std::fmt;
use std::str::FromStr;

use crate::wire::Command;

/// A configuration as commands, each with its line in the text it came from. Never empty: loading nothing in place of
/// everything would erase a switch.
#[derive(Clone, PartialEq, Eq)]
pub struct Candidate {
    entries: Vec<(usize, Command)>,
}

impl Candidate {
    /// Reads configuration text as a person writes it or `show running-config` prints it.
    ///
    /// Indentation, blank lines and `!` lines are dropped outside of bodies, as is a final `end`. CRLF line ends are
    /// read as LF. All `!!` lines between two commands make one `comment`, since EOS keeps one for a mode; it belongs to
    /// the mode of the command above it, whatever its indentation.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let lines = lines(text)?;
        let mut reader = Reader { lines: &lines, next: 0, entries: Vec::new(), comment: None, end: None };
        while reader.next < lines.len() {
            reader.step()?;
        }
        reader.close_comment();
        if reader.entries.is_empty() {
            return Err(TextError { line: 1, fault: TextFault::Empty });
        }
        Ok(Self { entries: reader.entries })
    }

    /// Reads configuration text from a file's bytes: [`parse`](Self::parse), once they have turned out to be UTF-8.
    pub fn from_utf8(bytes: &[u8]) -> Result<Self, TextError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
            TextError { line, fault: TextFault::NotUtf8 { byte: bytes[before.len()], column } }
        })?;
        Self::parse(text)
    }

    /// The commands in order.
    pub fn commands(&self) -> impl ExactSizeIterator<Item = &Command> {
        self.entries.iter().map(|(_, command)| command)
    }

    /// The line, from 1, on which the command at `index`, from 0, begins.
    pub fn line_of(&self, index: usize) -> Option<usize> {
        self.entries.get(index).map(|(line, _)| *line)
    }

    /// How many commands there are; at least one.
    #[expect(clippy::len_without_is_empty, reason = "a candidate is never empty")]
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

impl FromStr for Candidate {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::parse(text)
    }
}

/// Configurations hold hashes, keys and community strings, so only their size is shown.
impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Candidate({} commands)", self.len())
    }
}

/// Configuration text that cannot be sent, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct TextError {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: TextFault,
}

/// What is wrong with a line of configuration text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextFault {
    /// A body that never ends would swallow the rest of the configuration.
    #[error("`{command}` begins a body that no line `EOF` ends")]
    MissingEof {
        /// The command whose body it is.
        command: String,
    },
    /// An `EOF` that ends nothing: one too many, or the body of a command this crate does not know.
    #[error("`EOF` without a multi-line command that it would end")]
    StrayEof,
    /// `end`, `commit`, `abort` and the like act on the session that the text is loaded into.
    #[error("`{command}` would leave or change the session in the middle of the configuration")]
    LeavesSession {
        /// The line's first word.
        command: String,
    },
    /// A byte that is no UTF-8; EOS takes ASCII.
    #[error("byte 0x{byte:02X} at byte {column} of the line is not UTF-8 text")]
    NotUtf8 {
        /// The byte.
        byte: u8,
        /// In bytes, from 1.
        column: usize,
    },
    /// A control character other than tab.
    #[error("control character U+{code:04X} at column {column}")]
    ControlCharacter {
        /// The character.
        code: u32,
        /// In characters, from 1.
        column: usize,
    },
    /// Not one command in the whole text.
    #[error("no configuration here, only blank lines and comments")]
    Empty,
}

/// First words that act on the session instead of its content. No running-config line begins with one of them.
const SESSION_WORDS: [&str; 4] = ["abort", "commit", "configure", "rollback"];

const EOF: &str = "EOF";

struct Reader<'t> {
    lines: &'t [&'t str],
    /// Index of the line to read next.
    next: usize,
    entries: Vec<(usize, Command)>,
    /// The `!!` lines since the last command: the first one's number, and their text.
    comment: Option<(usize, String)>,
    /// The line of an `end` that nothing has followed yet.
    end: Option<usize>,
}

impl Reader<'_> {
    fn step(&mut self) -> Result<(), TextError> {
        let number = self.next + 1;
        let raw = self.lines[self.next];
        self.next += 1;
        if let Some(comment) = raw.trim_start().strip_prefix("!!") {
            self.nothing_after_end()?;
            return self.comment_line(number, comment);
        }
        let line = raw.trim();
        if line.is_empty() || line.starts_with('!') {
            return Ok(());
        }
        if line == "end" {
            self.end = self.end.or(Some(number));
            return Ok(());
        }
        self.nothing_after_end()?;
        self.close_comment();
        if line == EOF {
            return Err(TextError { line: number, fault: TextFault::StrayEof });
        }
        let first = line.split_whitespace().next().unwrap_or_default();
        if SESSION_WORDS.contains(&first) {
            return Err(TextError { line: number, fault: TextFault::LeavesSession { command: first.to_owned() } });
        }
        let command = match Body::after(line) {
            None => Command::from(line),
            Some(body) => with_input(line, self.body(number, line, body)?),
        };
        self.entries.push((number, command));
        Ok(())
    }

    fn nothing_after_end(&self) -> Result<(), TextError> {
        match self.end {
            None => Ok(()),
            Some(line) => Err(TextError { line, fault: TextFault::LeavesSession { command: "end".to_owned() } }),
        }
    }

    fn comment_line(&mut self, number: usize, text: &str) -> Result<(), TextError> {
        let text = text.strip_prefix(' ').unwrap_or(text);
        // Typed at the prompt of `comment`, it would end the comment.
        if text.trim() == EOF {
            return Err(TextError { line: number, fault: TextFault::StrayEof });
        }
        let (_, input) = self.comment.get_or_insert_with(|| (number, String::new()));
        input.push_str(text);
        input.push('\n');
        Ok(())
    }

    fn close_comment(&mut self) {
        if let Some((number, input)) = self.comment.take() {
            self.entries.push((number, with_input("comment", input)));
        }
    }

    /// Reads the body of the command on line `number` and its final `EOF`.
    fn body(&mut self, number: usize, command: &str, body: Body) -> Result<String, TextError> {
        let missing = || TextError { line: number, fault: TextFault::MissingEof { command: command.to_owned() } };
        let first = self.next;
        let mut eofs = body.eofs();
        loop {
            let line = *self.lines.get(self.next).ok_or_else(missing)?;
            self.next += 1;
            if line.trim() == EOF {
                eofs -= 1;
                if eofs == 0 {
                    let margin = &line[..line.len() - line.trim_start().len()];
                    return Ok(body.input(&self.lines[first..self.next - 1], margin));
                }
            } else if body == Body::Banner && Body::after(line) == Some(Body::Banner) {
                // A second banner inside of a banner: the first one's EOF was forgotten, not both.
                return Err(missing());
            }
        }
    }
}

/// What follows a multi-line command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    /// Shown at column 0.
    Banner,
    /// Two parts at column 0, each ended by `EOF`.
    Certificate,
    /// Shown indented, with its `EOF`.
    Indented,
}

impl Body {
    fn after(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        match [words.next(), words.next(), words.next(), words.next()] {
            [Some("banner"), Some(_), None, _] => Some(Self::Banner),
            [Some("protocol"), Some("https"), Some("certificate"), None] => Some(Self::Certificate),
            [Some("comment" | "code"), None, ..] => Some(Self::Indented),
            [Some("action"), Some("bash"), None, _] => Some(Self::Indented),
            [Some("code"), Some("unit"), Some(_), None] => Some(Self::Indented),
            _ => None,
        }
    }

    fn eofs(self) -> usize {
        if self == Self::Certificate { 2 } else { 1 }
    }

    fn input(self, lines: &[&str], margin: &str) -> String {
        let shown_indented =
            self == Self::Indented && lines.iter().all(|line| line.trim().is_empty() || line.starts_with(margin));
        let margin = if shown_indented { margin } else { "" };
        lines.iter().flat_map(|line| [line.strip_prefix(margin).unwrap_or(line), "\n"]).collect()
    }
}

fn with_input(cmd: &str, input: String) -> Command {
    Command::WithInput { cmd: cmd.to_owned(), input: Some(input), revision: None }
}

/// The lines without their ends, CRLF or LF, and without a byte-order mark.
fn lines(text: &str) -> Result<Vec<&str>, TextError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        if let Some((column, c)) = line.chars().enumerate().find(|(_, c)| c.is_control() && *c != '\t') {
            let fault = TextFault::ControlCharacter { code: c.into(), column: column + 1 };
            return Err(TextError { line: index + 1, fault });
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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

    fn leaves_session(command: &str) -> TextFault {
        TextFault::LeavesSession { command: command.to_owned() }
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
    fn banner_bodies_are_kept_byte_for_byte_whatever_the_kind() {
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
    fn a_bash_action_loses_the_indentation_the_switch_shows_it_with() {
        let text =
            "event-handler x\n   action bash\n      if true\n\n        then x\n      fi\n      EOF\n   delay 5\n";
        let body = with_input("action bash", "if true\n\n  then x\nfi\n".into());
        assert_eq!(commands(text), ["event-handler x".into(), body, "delay 5".into()]);
    }

    #[test]
    fn a_body_that_is_less_indented_than_its_eof_is_sent_as_it_stands() {
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
    fn shown_mode_comments_become_one_comment_for_each_mode() {
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
    fn a_hundred_thousand_lines_and_a_line_of_ten_megabytes_are_read() {
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
    fn an_end_with_configuration_after_it_is_an_error_with_its_line() {
        assert_eq!(fault("hostname a\nend\n!\nhostname b\n"), (2, leaves_session("end")));
        assert_eq!(fault("hostname a\nend\n!! b\n"), (2, leaves_session("end")));
    }

    #[test]
    fn commands_that_act_on_the_session_are_errors_with_their_line() {
        for word in ["commit", "abort", "configure session x", "rollback clean-config", "commit timer 00:01:00"] {
            let first = word.split(' ').next().unwrap();
            assert_eq!(fault(&format!("hostname a\n   {word}\n")), (2, leaves_session(first)));
        }
    }

    #[test]
    fn control_characters_are_errors_with_their_place_inside_bodies_too() {
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

    /// What a switch that was sent `commands` would show: the inverse of parsing, by the rules of the module.
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
        fn no_order_of_meaningful_lines_makes_it_panic_or_name_a_line_that_is_not_there(
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
}
