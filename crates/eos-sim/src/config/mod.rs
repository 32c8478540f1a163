//! A configuration: lines in modes, changed line by line as at the prompt and shown as canonical
//! text.

mod change;
mod computed;
mod group;
mod own;
mod position;
mod shown;
mod tree;
mod understood;

use std::net::Ipv4Addr;

use serde_json::Value;

use crate::release::Release;
use change::Change;
pub(crate) use position::Position;
use tree::{Node, Shown};

/// The longest line that is taken, in bytes. EOS's own limit is not known.
const LONGEST: usize = 64 * 1024;

/// A running-config, a startup-config or a session's candidate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Config {
    root: Node,
}

/// What happens to commands the grammar does not know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strictness {
    /// They are refused, as by a switch.
    #[default]
    Strict,
    /// They are taken as lines of the mode that their indentation puts them in, or else of the
    /// current mode.
    Lenient,
}

/// How a device reads configuration lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    pub(crate) strictness: Strictness,
    /// What is known, and how it is shown, depends on the release.
    pub(crate) release: Release,
    /// Whether keywords may be abbreviated, as in files and at the prompt, but over eAPI only if
    /// the request asks for it.
    pub(crate) abbreviations: bool,
}

#[cfg(test)]
impl Dialect {
    /// How a strict device of the newest release reads lines over eAPI.
    pub(crate) fn strict() -> Self {
        Self { strictness: Strictness::Strict, release: Release::NEWEST, abbreviations: false }
    }

    /// How a lenient device of the newest release reads lines over eAPI.
    pub(crate) fn lenient() -> Self {
        Self { strictness: Strictness::Lenient, ..Self::strict() }
    }
}

/// Why a line is refused, in the words of EOS except for [`TooLong`](Self::TooLong).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("Invalid input (at token {token}: '{word}')")]
    Invalid { token: usize, word: String },
    #[error("Incomplete command (at token {token}: '{word}')")]
    Incomplete { token: usize, word: String },
    #[error("Incomplete token (at token {token}: '{word}')")]
    IncompleteToken { token: usize, word: String },
    #[error("the line is longer than {LONGEST} bytes")]
    TooLong,
    #[error("Subnet {subnet} overlaps with existing subnet {other} of interface {interface}")]
    Overlap { subnet: Ipv4Addr, other: Ipv4Addr, interface: String },
    #[error("Prefix length must be less than 32")]
    PrefixLength,
    #[error("Error: Duplicate sequence number")]
    DuplicateSequence,
}

impl Refused {
    /// True if the line was understood, and refused because of other lines.
    pub(crate) fn is_computed(&self) -> bool {
        matches!(self, Self::Overlap { .. } | Self::PrefixLength | Self::DuplicateSequence)
    }
}

/// Whether a line made a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    Yes,
    No,
}

impl Changed {
    /// `Yes` if one of the two is.
    fn or(self, other: Self) -> Self {
        if self == Self::Yes { self } else { other }
    }
}

impl Config {
    /// Takes one line in the mode at `position`, and moves that to where the line leaves it. A line
    /// that is refused changes nothing.
    pub(crate) fn enter(
        &mut self,
        position: &mut Position,
        line: &str,
        input: Option<&str>,
        dialect: Dialect,
    ) -> Result<Changed, Refused> {
        let words: Vec<&str> = line.split_whitespace().collect();
        check(line, &words)?;
        match words.as_slice() {
            [] => return Ok(Changed::No),
            [first, ..] if first.starts_with('#') || first.starts_with("!!") => return Err(invalid(0, first)),
            [first, ..] if first.starts_with('!') => return Ok(Changed::No),
            ["exit"] => {
                let outer = position.depth().saturating_sub(1);
                return Ok(self.leave(position, outer));
            }
            ["comment"] => {
                let comment: Vec<String> =
                    input.ok_or_else(|| incomplete(&words))?.lines().map(str::to_owned).collect();
                return Ok(self.each(position, |node| node.set_comment(comment.clone())));
            }
            ["no" | "default", "comment"] => return Ok(self.each(position, |node| node.set_comment(Vec::new()))),
            ["no" | "default"] => return Err(incomplete(&words)),
            _ => {}
        }
        let (depth, change) = position.understood(line, &words, input, dialect)?;
        if dialect.strictness == Strictness::Strict {
            computed::check(&self.root, position, depth, &change, dialect.release)?;
        }
        position.note(&words);
        let left = self.leave(position, depth);
        if let Change::Enter(lines, mode) = change {
            self.open(position, depth, &words, &lines);
            position.push(lines, mode, line);
            return Ok(left.or(self.each(position, |_| Changed::No)));
        }
        let routed = change.is_switchport() && self.root.child("switchport default mode routed").is_some();
        Ok(left.or(self.each(position, |node| change.apply(node, routed))))
    }

    /// Opens a group-change mode, if this is one: what is in it is kept apart until it is left.
    fn open(&self, position: &mut Position, depth: usize, words: &[&str], lines: &[String]) {
        if let ([line], 0, true) = (lines, depth, group::opens(words)) {
            let node = self.root.child(line).cloned().unwrap_or_default();
            position.open = Some(group::Open { line: line.clone(), node });
        }
    }

    /// Leaves the modes below `depth`. A group-change mode among them is stored by this.
    pub(crate) fn leave(&mut self, position: &mut Position, depth: usize) -> Changed {
        position.truncate(depth);
        match position.open.take_if(|_| depth == 0) {
            Some(group::Open { line, node }) => self.root.store(&line, node),
            None => Changed::No,
        }
    }

    /// Does the same in each mode that the prompt is in. Those that are not there are made. A
    /// group-change mode is changed where it is kept until it is left, so that counts as no change.
    fn each(&mut self, position: &mut Position, mut work: impl FnMut(&mut Node) -> Changed) -> Changed {
        match &mut position.open {
            Some(open) => {
                position::descend(&mut open.node, &position.modes[1..], &mut work);
                Changed::No
            }
            None => position::descend(&mut self.root, &position.modes, &mut work),
        }
    }

    /// The configuration with the lines that a device of this model and release shows although
    /// nobody entered them.
    pub(crate) fn with_own_lines(&self, model: &str, release: Release) -> Self {
        let mut whole = self.clone();
        own::add(&mut whole.root, model, release);
        whole
    }

    /// The canonical text: sections in EOS's order, three spaces for each level, `!` between
    /// blocks, `end`.
    pub(crate) fn text(&self) -> String {
        shown::text(&self.root, Shown::Changed)
    }

    /// The text with what is known of defaults, as `show running-config all`.
    pub(crate) fn text_with_defaults(&self) -> String {
        shown::text(&self.root, Shown::All)
    }

    /// The text of the interfaces whose long names are given, as `show running-config interfaces`
    /// prints it.
    pub(crate) fn interfaces_text(&self, names: &[String]) -> String {
        shown::interfaces(&self.root, names)
    }

    /// The rest of the first top-level line that begins with `prefix`.
    pub(crate) fn value<'a>(&'a self, prefix: &str) -> Option<&'a str> {
        self.root.beginning(prefix).next().map(|(rest, _)| rest)
    }

    /// The rests of all top-level lines that begin with `prefix`.
    pub(crate) fn values<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.root.beginning(prefix).map(|(rest, _)| rest)
    }

    /// The configured host name, or EOS's default.
    pub(crate) fn hostname(&self) -> &str {
        self.value("hostname ").unwrap_or("localhost")
    }

    /// Whether a mode has a line.
    pub(crate) fn has(&self, mode: &str, line: &str) -> bool {
        self.root.child(mode).is_some_and(|mode| mode.child(line).is_some())
    }

    /// The body of a top-level command that is typed over several lines.
    pub(crate) fn body(&self, line: &str) -> Option<&str> {
        self.root.child(line).map(Node::body)
    }

    /// The modes whose opening line begins with `prefix`: the rest of that line, and what is in
    /// them as (line, body).
    pub(crate) fn modes<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, Vec<(&'a str, &'a str)>)> {
        let modes = self.root.beginning(prefix).filter(|(_, node)| !node.is_command());
        modes.map(|(rest, node)| (rest, node.children().map(|(line, child)| (line, child.body())).collect()))
    }

    /// As `show running-config` gives it in JSON: `{"cmds": {line: null or such an object},
    /// "comments": [...]}`.
    pub(crate) fn json(&self) -> Value {
        self.root.json()
    }
}

fn check(line: &str, words: &[&str]) -> Result<(), Refused> {
    if line.len() > LONGEST {
        return Err(Refused::TooLong);
    }
    match words.iter().position(|word| word.contains(char::is_control)) {
        Some(token) => Err(invalid(token, words[token])),
        None => Ok(()),
    }
}

/// How many lines `EOF` end what follows a command that is typed over several lines; 0 for all
/// others.
pub(crate) fn eofs(words: &[&str]) -> usize {
    match words {
        ["protocol", "https", "certificate"] => 2,
        ["banner", _] | ["comment"] | ["action", "bash"] | ["code"] | ["code", "unit", _] => 1,
        ["ssl", "certificate" | "key"] => 1,
        _ => 0,
    }
}

fn invalid(token: usize, word: &str) -> Refused {
    Refused::Invalid { token, word: shortened(word) }
}

fn incomplete(words: &[&str]) -> Refused {
    let word = shortened(words.last().copied().unwrap_or_default());
    Refused::Incomplete { token: words.len().saturating_sub(1), word }
}

/// A word as it is repeated in an error.
fn shortened(word: &str) -> String {
    word.chars().take(64).collect()
}

#[cfg(test)]
mod tests;
