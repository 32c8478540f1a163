//! Where the prompt is, and which mode a line belongs to.

use super::change::{self, Change};
use super::group;
use super::tree::Node;
use super::understood::{Inside, understood};
use super::{Changed, Dialect, Refused, Strictness, eofs, incomplete, invalid, shortened};
use crate::grammar::{self, Reading, Unknown, Why};

/// The modes that the prompt is in, and what the lines before mean for the next one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Position {
    /// The modes that were entered, from the outside in.
    pub(super) modes: Vec<Entered>,
    /// The group-change mode among them: always the first one. Its lines are here until it is left.
    pub(super) open: Option<group::Open>,
    /// The next line is the text of a description, which stood alone: that is how EOS shows the one
    /// of a host of `monitor connectivity`.
    described: bool,
    /// The line before, if a lenient device did not know it, and by how many columns it was
    /// indented: what is indented more is below it.
    unknown: Option<(String, usize)>,
    /// Whether lines came with indentation, so that one without any belongs to no mode.
    indented: bool,
}

/// A mode that the prompt is in.
#[derive(Debug, Clone)]
pub(super) struct Entered {
    /// The line that opened it; several where a range of interfaces did.
    lines: Vec<String>,
    mode: Inside,
    /// By how many columns the line that opened it was indented.
    indent: usize,
}

impl Position {
    /// Whether the prompt is outside of all modes.
    pub(crate) fn is_root(&self) -> bool {
        self.modes.is_empty()
    }

    /// How many modes the prompt is in.
    pub(super) fn depth(&self) -> usize {
        self.modes.len()
    }

    /// Notes what the line means for the next one.
    pub(super) fn note(&mut self, words: &[&str]) {
        self.described = !self.described && words == ["description"];
    }

    /// The lines that opened the innermost of the first `depth` modes; none outside of all modes.
    pub(super) fn lines(&self, depth: usize) -> &[String] {
        self.modes[..depth].last().map_or(&[], |entered| &entered.lines)
    }

    pub(super) fn truncate(&mut self, depth: usize) {
        self.modes.truncate(depth);
    }

    pub(super) fn push(&mut self, lines: Vec<String>, mode: Inside, line: &str) {
        self.modes.push(Entered { lines, mode, indent: indent(line) });
    }

    /// Leaves a group-change mode and drops what was entered in it; false if the prompt is in none.
    pub(crate) fn abort(&mut self) -> bool {
        if self.open.take().is_none() {
            return false;
        }
        self.modes.clear();
        true
    }

    /// Which of the modes that the prompt is in takes a line, and what the line does there: the
    /// innermost one that knows the whole command.
    // EOS-36: a line is tried in the open mode, then in those around it.
    // EOS-37: the open mode keeps a line that it knows the beginning of.
    pub(super) fn understood(
        &mut self,
        line: &str,
        words: &[&str],
        input: Option<&str>,
        dialect: Dialect,
    ) -> Result<(usize, Change), Refused> {
        if self.described {
            let text = format!("description\n{}", line.trim());
            return Ok((self.modes.len(), change::described(text)));
        }
        self.indented |= indent(line) > 0;
        let lenient = dialect.strictness == Strictness::Lenient;
        if lenient && self.is_below_unknown(line) {
            return Ok(self.guessed(line, words, input));
        }
        let how = Reading { release: dialect.release, abbreviations: dialect.abbreviations };
        let found = self.known(line, words, input, how).or_else(|error| self.known_joined(words, input, how, error));
        let takes = lenient && eofs(words) == 0 && self.refused(0, words).is_ok();
        match found {
            Err(_) if takes => Ok(self.guessed(line, words, input)),
            found => {
                self.unknown = None;
                found
            }
        }
    }

    /// The same for a line in which the number of an interface stands apart from its class.
    fn known_joined(
        &self,
        words: &[&str],
        input: Option<&str>,
        how: Reading,
        error: Refused,
    ) -> Result<(usize, Change), Refused> {
        let Some(line) = interface_joined(words) else { return Err(error) };
        let words: Vec<&str> = line.split_whitespace().collect();
        self.known(&line, &words, input, how).or(Err(error))
    }

    /// Whether a line is indented under one that a lenient device does not know.
    fn is_below_unknown(&self, line: &str) -> bool {
        let indent = indent(line);
        let inside = self.modes.last().is_some_and(|last| matches!(last.mode, Inside::Unknown) && last.indent < indent);
        inside || self.unknown.as_ref().is_some_and(|(_, above)| *above < indent)
    }

    /// The innermost mode that knows the whole command, and what the line does there. Where none
    /// does, the current mode takes the beginning of one for `no` to take away.
    fn known(&self, line: &str, words: &[&str], input: Option<&str>, how: Reading) -> Result<(usize, Change), Refused> {
        let (mut unknown, mut begun) = (None, None);
        for depth in (0..=self.modes.len()).rev() {
            let Inside::Known(mode) = self.mode(depth) else { continue };
            match understood(mode, words, how) {
                Ok(found) if found.parsed.is_whole() => {
                    self.refused(depth, words)?;
                    return Ok((depth, change::of(mode, found, line, input, how, depth)?));
                }
                Ok(found) if depth == self.modes.len() => begun = Some((mode, found)),
                Ok(_) => unknown = unknown.max(Some(Unknown { token: words.len() - 1, why: Why::Incomplete })),
                Err(error) => unknown = unknown.max(Some(error)),
            }
        }
        let depth = self.modes.len();
        match begun {
            Some((mode, found)) => Ok((depth, change::of(mode, found, line, input, how, depth)?)),
            None => Err(refused(unknown, words)),
        }
    }

    /// Refuses a line of a mode outside of one that must be left with `exit` first.
    fn refused(&self, depth: usize, words: &[&str]) -> Result<(), Refused> {
        let refuses = |inner: usize| matches!(self.mode(inner), Inside::Known(mode) if mode.refuses(words));
        if (depth + 1..=self.modes.len()).any(refuses) {
            return Err(Refused::IncompleteToken { token: 0, word: shortened(words[0]) });
        }
        Ok(())
    }

    /// Where a lenient device puts a line that it does not know: below the innermost line that is
    /// indented less, or in the current mode where nothing is indented.
    fn guessed(&mut self, line: &str, words: &[&str], input: Option<&str>) -> (usize, Change) {
        let indent = indent(line);
        if let Some((above, outer)) = self.unknown.take().filter(|(_, outer)| *outer < indent) {
            self.modes.push(Entered { lines: vec![above], mode: Inside::Unknown, indent: outer });
        }
        let depth = if self.indented {
            self.modes.iter().take_while(|entered| entered.indent < indent).count()
        } else {
            self.modes.len()
        };
        self.unknown = Some((words.join(" "), indent));
        (depth, change::unknown(words, input))
    }

    fn mode(&self, depth: usize) -> Inside {
        match depth.checked_sub(1) {
            None => Inside::Known(grammar::root()),
            Some(index) => self.modes.get(index).map_or(Inside::Unknown, |entered| entered.mode),
        }
    }
}

/// Does the work in each of the modes below `node`; those that are not there are made.
pub(super) fn descend(node: &mut Node, below: &[Entered], work: &mut dyn FnMut(&mut Node) -> Changed) -> Changed {
    let Some((entered, below)) = below.split_first() else { return work(node) };
    let mut changed = Changed::No;
    for line in &entered.lines {
        let (node, made) = node.open(line);
        let inside = descend(node, below, work);
        changed = changed.or(made).or(inside);
    }
    changed
}

/// The line with the class of each interface and its number in one word; none if they are already.
fn interface_joined(words: &[&str]) -> Option<String> {
    let starts_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let mut line = String::new();
    let mut joined = false;
    for (at, word) in words.iter().enumerate() {
        let apart = at > 0 && starts_number(word) && grammar::is_class(words[at - 1]);
        joined |= apart;
        if at > 0 && !apart {
            line.push(' ');
        }
        line.push_str(word);
    }
    joined.then_some(line)
}

fn refused(unknown: Option<Unknown>, words: &[&str]) -> Refused {
    let Some(Unknown { token, why }) = unknown else { return invalid(0, words[0]) };
    match why {
        Why::Invalid => invalid(token, words[token]),
        Why::Abbreviated => Refused::IncompleteToken { token, word: shortened(words[token]) },
        Why::Incomplete => incomplete(words),
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}
