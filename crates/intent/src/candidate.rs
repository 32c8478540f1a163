//! A candidate configuration holds configuration only, nothing that acts.
//!
//! EOS takes EXEC commands in configuration modes too, and runs them at once: a line `write memory`
//! in a candidate saves, and `reload now` reboots, even when the candidate is only planned. What
//! follows `end` leaves the configuration session, and a banner without its `EOF` takes every later
//! line for its own text, `management api http-commands` among them (aristanetworks/avd#2782). So a
//! candidate is read here before any line of it is sent.
//!
//! The bodies of multi-line commands are text, and may say what they like.

use eos_config::exec_command;

use crate::redact;
use crate::render::bodies::{Bodies, LineRole};

/// Why a candidate must not be sent: its first line that is no configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the configuration, {}, {fault}", shown(.text))]
pub struct NotConfiguration {
    /// The line, counted from 1.
    pub line: usize,
    /// The text of that line. It may hold secrets; the error shows it masked.
    text: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What makes a line no configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The line is an EXEC command.
    #[error(
        "is the EXEC command `{command}`, which the switch would run at once, even for a plan; a candidate may only hold \
         configuration, so take the line out"
    )]
    Exec {
        /// The command as the table of EXEC commands has it, such as `write`.
        command: &'static str,
    },
    /// The line stands behind `end`.
    #[error(
        "stands behind `end` in line {end}, which leaves the configuration; move the line above it, or take it out"
    )]
    AfterEnd {
        /// The line of the `end`, counted from 1.
        end: usize,
    },
    /// The line begins a multi-line command whose text never ends.
    #[error(
        "begins a text that no line `EOF` ends, so the switch would take all lines behind it for that text; add `EOF`"
    )]
    WithoutEof,
    /// The line is an `EOF` where no multi-line command is open.
    #[error("ends no text; expected `EOF` behind a banner, a comment, `action bash`, `code` or a certificate only")]
    StrayEof,
    /// The line has a control character other than a tab.
    #[error(
        "has the control character U+{code:04X}, which the switch may take for a line break or for a key; take it out"
    )]
    ControlCharacter {
        /// The character's code point.
        code: u32,
    },
}

/// Reads a candidate from its first line to its last.
///
/// # Errors
///
/// The first line that is no configuration.
pub fn check(configuration: &str) -> Result<(), NotConfiguration> {
    let mut reader = Reader::default();
    for (index, line) in configuration.split('\n').enumerate() {
        // A line break of Windows is white space to the switch.
        let line = line.strip_suffix('\r').unwrap_or(line);
        reader.next(index + 1, line)?;
    }
    reader.finish()
}

/// What has been read so far.
#[derive(Default)]
struct Reader<'c> {
    bodies: Bodies,
    /// The command that began the open body, and its line.
    opened: Option<(usize, &'c str)>,
    /// The line of `end`.
    end: Option<usize>,
}

impl<'c> Reader<'c> {
    fn next(&mut self, number: usize, line: &'c str) -> Result<(), NotConfiguration> {
        let refuse = |fault| Err(NotConfiguration { line: number, text: line.to_owned(), fault });
        if let Some(found) = line.chars().find(|c| c.is_control() && *c != '\t') {
            return refuse(Fault::ControlCharacter { code: found.into() });
        }
        if let Some(end) = self.end.filter(|_| !is_blank(line)) {
            return refuse(Fault::AfterEnd { end });
        }
        match self.bodies.next(line) {
            LineRole::Command => {
                if line.trim().eq_ignore_ascii_case("end") {
                    self.end = Some(number);
                } else if let Some(command) = exec_command(line) {
                    return refuse(Fault::Exec { command });
                }
            }
            LineRole::Opens => self.opened = Some((number, line)),
            // A text that holds the beginning of the next one has lost its `EOF`.
            LineRole::Body if begins_banner(line) => return self.unended(),
            LineRole::Body => {}
            LineRole::Ends => self.opened = None,
            LineRole::Stray => return refuse(Fault::StrayEof),
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), NotConfiguration> {
        if self.opened.is_some() { self.unended() } else { Ok(()) }
    }

    fn unended(&self) -> Result<(), NotConfiguration> {
        let (line, text) = self.opened.unwrap_or_default();
        Err(NotConfiguration { line, text: text.to_owned(), fault: Fault::WithoutEof })
    }
}

/// True for an empty line and for a comment.
fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('!')
}

fn begins_banner(line: &str) -> bool {
    matches!(line.trim_end(), "banner login" | "banner motd" | "banner exec")
}

/// A line as an error quotes it: masked, without control characters, at most 80 characters long.
fn shown(line: &str) -> String {
    let line: String = redact::secrets(line.trim()).chars().filter(|c| !c.is_control()).collect();
    if line.chars().count() <= 80 {
        format!("`{line}`")
    } else {
        format!("`{}…`", line.chars().take(79).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(configuration: &str) -> Option<(usize, Fault)> {
        check(configuration).err().map(|error| (error.line, error.fault))
    }

    #[test]
    fn exec_commands_are_refused_with_their_line() {
        for (line, command) in [
            ("write memory", "write"),
            ("   copy running-config startup-config", "copy"),
            ("delete flash:x", "delete"),
            ("clear counters", "clear"),
            ("reload now", "reload"),
            ("do show version", "do"),
            ("show version", "show"),
            ("configure replace flash:x", "configure"),
            ("commit", "commit"),
            ("abort", "abort"),
            ("rollback clean-config", "rollback"),
            ("bash timeout 5 id", "bash"),
            ("ping 192.0.2.1", "ping"),
            ("enable", "enable"),
            ("disable", "disable"),
            ("no configure session x", "no configure"),
        ] {
            let found = refused(&format!("hostname leaf1\ninterface Ethernet1\n{line}\nend\n"));

            assert_eq!(found, Some((3, Fault::Exec { command })), "{line}");
        }
    }

    #[test]
    fn configuration_that_looks_like_a_command_is_let_through() {
        for lines in [
            "banner motd\nwrite memory\nreload now\nend\nEOF",
            "event-handler save\n   action bash copy running-config flash:x",
            "event-handler save\n   action bash\n      write memory\n      FastCli -c 'reload now'\n      EOF",
            "interface Ethernet1\n   comment\n   clear me\n   EOF",
            "alias wr write memory\nalias\tshv show version",
            "management api http-commands\n   protocol https certificate\ncopy\nEOF\nkey\nEOF",
            "monitor session 1 source Ethernet1\nmlag configuration\n   reload-delay mlag 300",
            "! write memory\n   !! reload now",
            "clock timezone UTC\nenable password sha512 $6$x\nterminal length 0",
            "schedule backup interval 60 max-log-files 5 command copy running-config flash:x",
        ] {
            assert_eq!(check(&format!("hostname leaf1\n{lines}\n!\nend\n")), Ok(()), "{lines}");
        }
    }

    #[test]
    fn text_after_end_is_refused() {
        assert_eq!(refused("hostname a\nend\n!\n\nvlan 5\n"), Some((5, Fault::AfterEnd { end: 2 })));
        assert_eq!(refused("hostname a\n  END\nbanner motd\nx\nEOF\n"), Some((3, Fault::AfterEnd { end: 2 })));
        assert_eq!(refused("hostname a\nend\n!\n\n"), None);
    }

    #[test]
    fn a_text_without_its_eof_is_refused_where_it_begins() {
        let certificate = "protocol https certificate\na\nEOF\nb\nend";
        for opening in ["banner motd", "   comment", "   action bash", "   code", "code unit X", certificate] {
            let configuration = format!("hostname a\n{opening}\nhello\n!\nend\n");

            assert_eq!(refused(&configuration), Some((2, Fault::WithoutEof)), "{opening}");
        }
        let swallowed = "banner motd\nhello\nmanagement api http-commands\nbanner login\nhello\nEOF\nend\n";
        assert_eq!(refused(swallowed), Some((1, Fault::WithoutEof)));
        assert_eq!(refused("hostname a\nEOF\n"), Some((2, Fault::StrayEof)));
    }

    #[test]
    fn control_characters_are_refused_in_bodies_too() {
        for (configuration, line, code) in [
            ("hostname a\u{1b}[2J\n", 1, 0x1b),
            ("hostname a\rwrite memory\n", 1, 0xd),
            ("banner motd\nx\u{3}y\nEOF\n", 2, 3),
            ("hostname a\u{85}\n", 1, 0x85),
        ] {
            assert_eq!(refused(configuration), Some((line, Fault::ControlCharacter { code })), "{configuration:?}");
        }
        assert_eq!(check("hostname\ta\r\nend\r\n"), Ok(()));
    }

    #[test]
    fn the_error_quotes_the_line_without_its_secret() {
        let text = "copy https://me:CANARY@example.net/x running-config";

        let error = check(text).unwrap_err().to_string();

        assert!(error.starts_with("line 1 of the configuration, `copy https://"), "{error}");
        assert!(!error.contains("CANARY") && error.contains("take the line out"), "{error}");
    }

    proptest! {
        #[test]
        fn any_text_can_be_checked(text in "(banner motd|EOF|end|write|comment| |\n|[a-z]{1,4}|\r|é|\u{0})*") {
            if let Err(error) = check(&text) {
                prop_assert!(error.line >= 1 && error.line <= text.split('\n').count());
            }
        }
    }
}
