//! Multi-line commands: which lines begin one, and where its body ends.
//!
//! eAPI takes one command per entry and has no terminal to type a body at, so a body travels as
//! `{cmd, input}`. Known are every `banner <kind>`, `comment` and its shown form `!!`, `action
//! bash` without a command on its line, `code` and `code unit <name>`, and `protocol https
//! certificate`, which has two parts and two lines `EOF`.
//!
//! `input` carries the lines of the body, each ended by a newline, without the final `EOF`. A
//! switch shows banners and certificates at column 0 and the other bodies indented, with their
//! `EOF` at the same depth. For the indented kinds the indentation of the `EOF` line is taken off
//! every line of the body, provided that every line that is not blank has it. In all other cases
//! the body is sent byte for byte. So text that a switch has shown comes back the same after it was
//! sent, and text with `EOF` at column 0 is never touched.

use crate::wire::Command;

/// The line that ends a body.
pub(crate) const EOF: &str = "EOF";

/// How the body of a multi-line command is shown and ended.
#[derive(Clone, Copy, PartialEq, Eq)]
// EOS-39: these commands take a body.
pub(crate) enum BodyKind {
    /// A body at column 0.
    Banner,
    /// Two parts at column 0, each ended by `EOF`.
    Certificate,
    /// An indented body with an indented `EOF`.
    Indented,
}

impl BodyKind {
    /// The kind of body that follows the command `line`, or `None` if no body follows.
    pub(crate) fn after(line: &str) -> Option<Self> {
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

    /// Finds the body at the start of `lines`: its input, and how many lines it takes with its last
    /// `EOF`. `None` if the `EOF` is missing.
    pub(crate) fn read(self, lines: &[&str]) -> Option<(String, usize)> {
        // EOS-22: the last `EOF` is not sent, an inner one is.
        let mut parts = if self == Self::Certificate { 2 } else { 1 };
        for (index, line) in lines.iter().enumerate() {
            if line.trim() == EOF {
                parts -= 1;
                if parts == 0 {
                    let margin = &line[..line.len() - line.trim_start().len()];
                    return Some((self.input(&lines[..index], margin), index + 1));
                }
            } else if self == Self::Banner && Self::after(line) == Some(Self::Banner) {
                // A second banner inside a banner: the EOF of the first one was forgotten.
                return None;
            }
        }
        None
    }

    // EOS-40: banners are shown at column 0, other bodies indented.
    fn input(self, lines: &[&str], margin: &str) -> String {
        let has_margin = |line: &&str| line.trim().is_empty() || line.starts_with(margin);
        let margin = if self == Self::Indented && lines.iter().all(has_margin) { margin } else { "" };
        lines.iter().flat_map(|line| [line.strip_prefix(margin).unwrap_or(line), "\n"]).collect()
    }
}

/// A command with the body that would be typed at its prompt.
pub(crate) fn with_input(line: &str, input: String) -> Command {
    Command::WithInput { cmd: line.to_owned(), input: Some(input), revision: None }
}
