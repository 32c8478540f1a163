//! A configuration: lines in modes, changed line by line as at the prompt and shown as canonical text.

mod group;
mod identity;
mod interfaces;
mod tree;

use serde_json::Value;

use crate::grammar::{self, Mode};
use crate::order;
use tree::{Kind, Node, Shown};

/// The longest line that is taken, in bytes. EOS's own limit is not known.
const LONGEST: usize = 64 * 1024;

/// Commands whose last argument is free text, in which spaces count.
const FREE_TEXT: [&str; 5] = ["action", "alias", "description", "exec", "prompt"];

/// A running-config, a startup-config or a session's candidate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Config {
    root: Node,
}

/// Where the prompt is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Position {
    /// The modes that were entered, from the outside in.
    modes: Vec<Entered>,
    /// The group-change mode among them: always the first one. Its lines are here until it is left.
    open: Option<group::Open>,
}

/// A mode that was entered.
#[derive(Debug, Clone)]
struct Entered {
    /// The line that opened it; several where a range of interfaces did.
    lines: Vec<String>,
    mode: &'static Mode,
}

/// What happens to commands the grammar does not know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strictness {
    /// They are refused, as by a switch.
    #[default]
    Strict,
    /// They are taken as lines of the current mode.
    Lenient,
}

/// A line that the parser does not take; the words are those of EOS, but for the last.
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

/// What a line does in the mode it belongs to.
enum Change<'l> {
    Enter(Vec<String>, &'static Mode),
    Put(&'l str, Kind),
    /// `no` and a line that is shown with it.
    Negate(&'l str),
    Remove(&'l str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Plain,
    No,
    Default,
}

impl Config {
    /// Takes one line in the mode at `position`, and moves that to where the line leaves it. A line that is refused
    /// changes nothing.
    pub(crate) fn enter(
        &mut self,
        position: &mut Position,
        line: &str,
        input: Option<&str>,
        strictness: Strictness,
    ) -> Result<Changed, Refused> {
        let words: Vec<&str> = line.split_whitespace().collect();
        check(line, &words)?;
        match words.as_slice() {
            [] => return Ok(Changed::No),
            [first, ..] if first.starts_with('#') || first.starts_with("!!") => return Err(invalid(0, first)),
            [first, ..] if first.starts_with('!') => return Ok(Changed::No),
            ["exit"] => {
                let outer = position.modes.len().saturating_sub(1);
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
        let (verb, bare) = match words.as_slice() {
            ["no", bare @ ..] => (Verb::No, bare),
            ["default", bare @ ..] => (Verb::Default, bare),
            bare => (Verb::Plain, bare),
        };
        let depth = position.home(bare, usize::from(verb != Verb::Plain), strictness)?;
        let text = text(line, verb, bare);
        let change = change(position.mode(depth), verb, bare, &text, input)?;
        let left = self.leave(position, depth);
        if let Change::Enter(lines, mode) = change {
            if depth == 0 && group::opens(bare) {
                let node = self.root.child(&lines[0]).cloned().unwrap_or_default();
                position.open = Some(group::Open { line: lines[0].clone(), node });
            }
            position.modes.push(Entered { lines, mode });
            return Ok(left.or(self.each(position, |_| Changed::No)));
        }
        Ok(left.or(self.each(position, |node| match &change {
            Change::Put(line, kind) => node.put(line, kind.clone()),
            Change::Negate(line) => node.negate(line),
            Change::Remove(line) => node.remove(line),
            Change::Enter(..) => Changed::No,
        })))
    }

    /// Leaves the modes below `depth`. A group-change mode among them is stored by this.
    pub(crate) fn leave(&mut self, position: &mut Position, depth: usize) -> Changed {
        position.modes.truncate(depth);
        match position.open.take_if(|_| depth == 0) {
            Some(group::Open { line, node }) => self.root.store(&line, node),
            None => Changed::No,
        }
    }

    /// Does the same in each mode that the prompt is in. Those that are not there are made. A group-change mode is changed
    /// where it is kept until it is left, so that counts as no change.
    fn each(&mut self, position: &mut Position, mut work: impl FnMut(&mut Node) -> Changed) -> Changed {
        fn descend(node: &mut Node, below: &[Entered], work: &mut dyn FnMut(&mut Node) -> Changed) -> Changed {
            let Some((entered, below)) = below.split_first() else { return work(node) };
            let mut changed = Changed::No;
            for line in &entered.lines {
                let (node, made) = node.open(line);
                let inside = descend(node, below, work);
                if made == Changed::Yes || inside == Changed::Yes {
                    changed = Changed::Yes;
                }
            }
            changed
        }
        match &mut position.open {
            Some(open) => {
                descend(&mut open.node, &position.modes[1..], &mut work);
                Changed::No
            }
            None => descend(&mut self.root, &position.modes, &mut work),
        }
    }

    /// The canonical text: sections in EOS's order, three spaces for each level, `!` between blocks, `end`.
    pub(crate) fn text(&self) -> String {
        self.written(Shown::Changed)
    }

    /// The text with what is known of defaults, as `show running-config all`.
    pub(crate) fn text_with_defaults(&self) -> String {
        self.written(Shown::All)
    }

    fn written(&self, shown: Shown) -> String {
        let mut out = String::new();
        for text in self.root.comment() {
            out.push_str(format!("!! {text}").trim_end());
            out.push('\n');
        }
        let mut nodes: Vec<_> = self.root.children().collect();
        nodes.sort_by_cached_key(|(line, node)| (order::top_level(line), node.entered_as()));
        let mut before: Option<(&str, &Node)> = None;
        for (line, node) in nodes {
            let together = before.is_some_and(|(line_before, before)| {
                before.is_command() && node.is_command() && order::section(line_before) == order::section(line)
            });
            if before.is_some() && !together {
                out.push_str("!\n");
            }
            node.write(line, 0, shown, &mut out);
            before = Some((line, node));
        }
        if before.is_some() {
            out.push_str("!\n");
        }
        out.push_str("end\n");
        out
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

    /// The modes whose opening line begins with `prefix`: the rest of that line, and what is in them as (line, body).
    pub(crate) fn modes<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, Vec<(&'a str, &'a str)>)> {
        let modes = self.root.beginning(prefix).filter(|(_, node)| !node.is_command());
        modes.map(|(rest, node)| (rest, node.children().map(|(line, child)| (line, child.body())).collect()))
    }

    /// As `show running-config` gives it in JSON: `{"cmds": {line: null or such an object}, "comments": [...]}`.
    pub(crate) fn json(&self) -> Value {
        self.root.json()
    }
}

impl Position {
    /// Whether the prompt is outside of all modes.
    pub(crate) fn is_root(&self) -> bool {
        self.modes.is_empty()
    }

    /// Leaves a group-change mode and drops what was entered in it; false if the prompt is in none.
    pub(crate) fn abort(&mut self) -> bool {
        if self.open.take().is_none() {
            return false;
        }
        self.modes.clear();
        true
    }

    /// The mode at a depth.
    fn mode(&self, depth: usize) -> &'static Mode {
        depth.checked_sub(1).and_then(|index| self.modes.get(index)).map_or_else(grammar::root, |entered| entered.mode)
    }

    /// How deep the mode is that takes a line: the innermost of those that know most of it.
    fn home(&self, words: &[&str], token: usize, strictness: Strictness) -> Result<usize, Refused> {
        let known = (0..=self.modes.len()).map(|depth| (self.mode(depth).knows(words), depth));
        let depth = match known.max() {
            Some((known, depth)) if known > 0 => depth,
            _ if strictness == Strictness::Lenient => self.modes.len(),
            _ => return Err(invalid(token, words.first().copied().unwrap_or_default())),
        };
        if (depth + 1..=self.modes.len()).any(|inner| self.mode(inner).refuses(words)) {
            return Err(Refused::IncompleteToken { token, word: words[0].to_owned() });
        }
        Ok(depth)
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

/// The command without its verb, with single spaces unless it is free text.
fn text(line: &str, verb: Verb, bare: &[&str]) -> String {
    if !FREE_TEXT.contains(&bare[0]) {
        return bare.join(" ");
    }
    let line = line.trim();
    let verb = if verb == Verb::Plain { 0 } else { line.find(char::is_whitespace).unwrap_or(0) };
    line[verb..].trim_start().to_owned()
}

fn change<'l>(
    mode: &'static Mode,
    verb: Verb,
    bare: &[&str],
    line: &'l str,
    input: Option<&str>,
) -> Result<Change<'l>, Refused> {
    let opened = mode.opened_by(bare);
    Ok(match (verb, opened) {
        (Verb::Plain, Some(mode)) => Change::Enter(interfaces::opened(bare, line)?, mode),
        (Verb::Plain, None) if mode.is_default(bare) => Change::Remove(line),
        (Verb::Plain, None) => Change::Put(line, body(bare, input)?),
        (Verb::Default, _) | (Verb::No, Some(_)) => Change::Remove(line),
        (Verb::No, None) if mode.is_default(&[&["no"], bare].concat()) => Change::Remove(line),
        (Verb::No, None) if bare == ["shutdown"] || mode.shows_negated(bare) || identity::is_toggle(bare) => {
            Change::Negate(line)
        }
        (Verb::No, None) => Change::Remove(line),
    })
}

/// How many lines `EOF` end what follows a command that is typed over several lines; 0 for all others.
pub(crate) fn eofs(words: &[&str]) -> usize {
    match words {
        ["protocol", "https", "certificate"] => 2,
        ["banner", _] | ["comment"] | ["action", "bash"] | ["code"] | ["code", "unit", _] => 1,
        _ => 0,
    }
}

fn body(words: &[&str], input: Option<&str>) -> Result<Kind, Refused> {
    match (eofs(words), input) {
        (0, _) => Ok(Kind::Command),
        (_, Some(input)) => Ok(Kind::Body(input.into())),
        (_, None) => Err(incomplete(words)),
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
