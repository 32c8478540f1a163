//! What configuration mode knows: whole commands, word by word, in their modes. `grammar.txt` says
//! which, and how to add one.

mod net;
mod read;
mod types;

use std::borrow::Cow;
use std::sync::{LazyLock, OnceLock};

use crate::release::Release;
use net::Net;
use read::Form;
pub(crate) use types::{Type, interfaces, is_class, joined, vlans};

/// A mode of the command line: the commands it has of its own, and the groups of commands it shares
/// with others.
#[derive(Debug, Default)]
pub(crate) struct Mode {
    /// Its own commands as they stand in the file.
    forms: Vec<Form>,
    /// The same, ready to understand lines. They are read when the mode is first used: reading all
    /// modes takes longer than everything else a device does to start, and most devices use few of
    /// them.
    commands: OnceLock<Commands>,
    groups: Vec<usize>,
    /// Beginnings of commands of the modes around it that it refuses until it is left with `exit`.
    refused: Vec<Vec<&'static str>>,
    /// Beginnings of commands of its groups that it does not have.
    lacking: Vec<Vec<&'static str>>,
}

/// The commands of a mode.
#[derive(Debug, Default)]
struct Commands {
    net: Net,
    /// What each command does, by the numbers that the net gives.
    rules: Vec<Rule>,
}

/// A command of EOS, word by word.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// The mode it opens, by its place in the grammar.
    opens: Option<usize>,
    /// EOS shows `no <command>` where it was negated.
    pub(crate) shows_no: bool,
    /// It states a default, so EOS does not show it.
    pub(crate) is_default: bool,
    /// A `no` with these words removes everything that begins with them.
    pub(crate) removes_all: bool,
    /// EOS numbers it if it comes without a number.
    pub(crate) numbered: bool,
    /// EOS keeps a hash of its secret, which comes in plain text.
    pub(crate) hashed: bool,
    /// Its last word names it as well, such as the direction of an access list.
    named_by_last: bool,
    since: Option<Release>,
    until: Option<Release>,
    /// What EOS shows in its place; the first one that fits the release counts.
    rewrites: Vec<Rewrite>,
}

/// Another text that EOS shows in place of what was typed.
#[derive(Debug, Clone)]
struct Rewrite {
    since: Option<Release>,
    until: Option<Release>,
    /// Words, of which `$3` is the third one of what was typed.
    text: &'static str,
}

/// A line that was understood as a command.
#[derive(Debug)]
pub(crate) struct Parsed<'w> {
    pub(crate) rule: &'static Rule,
    /// Its words as EOS writes them.
    pub(crate) words: Vec<Cow<'w, str>>,
    /// How many of them name it: entering another command of that name replaces it.
    pub(crate) key: usize,
    /// The type of each word that is no keyword.
    pub(crate) types: Vec<Option<&'static Type>>,
    /// How many of the words are keywords.
    keywords: usize,
    /// Whether it is a whole command, and not only the beginning of one.
    whole: bool,
}

/// Where a command could not be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unknown {
    /// The place of the word from 0; that of the last word where more were expected.
    pub(crate) token: usize,
    pub(crate) why: Why,
}

/// What is wrong with a word, the more of a command is known the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// No command has this word at this place.
    Invalid,
    /// The word is the beginning of one that a command has there.
    Abbreviated,
    /// The command goes on after this word.
    Incomplete,
}

/// What decides how a line is understood.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) release: Release,
    /// Whether keywords may be abbreviated, as they may be in a file, and not over eAPI.
    pub(crate) abbreviations: bool,
}

/// All modes; the first one is configuration mode itself.
#[derive(Debug)]
struct Grammar {
    modes: Vec<Mode>,
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| match read::grammar(include_str!("../grammar.txt")) {
    Ok(grammar) => grammar,
    Err(error) => misread(&error),
});

/// The file is part of the program, and a test reads all of it.
fn misread(error: &str) -> ! {
    unreachable!("grammar.txt: {error}")
}

/// The configuration mode, outside of all others.
pub(crate) fn root() -> &'static Mode {
    &GRAMMAR.modes[0]
}

impl Rule {
    /// The mode that the command opens, if it opens one.
    pub(crate) fn opens(&self) -> Option<&'static Mode> {
        self.opens.map(|mode| &GRAMMAR.modes[mode])
    }

    fn is_in(&self, release: Release) -> bool {
        within(self.since, self.until, release)
    }
}

fn within(since: Option<Release>, until: Option<Release>, release: Release) -> bool {
    since.is_none_or(|since| since <= release) && until.is_none_or(|until| release <= until)
}

impl Mode {
    /// Reads words as one whole command of this mode.
    pub(crate) fn parse<'w>(&'static self, words: &[&'w str], how: Reading) -> Result<Parsed<'w>, Unknown> {
        self.best(words, |commands| commands.net.parse(&commands.rules, words, how, false))
    }

    /// Reads words as a command, or as the beginning of one that is enough to take it away with
    /// `no`.
    pub(crate) fn parse_negated<'w>(&'static self, words: &[&'w str], how: Reading) -> Result<Parsed<'w>, Unknown> {
        self.best(words, |commands| commands.net.parse(&commands.rules, words, how, true))
    }

    fn commands(&self) -> &Commands {
        self.commands.get_or_init(|| read::commands(&self.forms).unwrap_or_else(|error| misread(&error)))
    }

    /// Whether it refuses what the modes around it would take.
    pub(crate) fn refuses(&self, words: &[&str]) -> bool {
        self.refused.iter().any(|refused| words.starts_with(refused))
    }

    fn best<'w>(
        &'static self,
        words: &[&str],
        parse: impl Fn(&'static Commands) -> Result<Parsed<'w>, Unknown>,
    ) -> Result<Parsed<'w>, Unknown> {
        if self.lacking.iter().any(|lacking| words.starts_with(lacking)) {
            return Err(Unknown { token: 0, why: Why::Invalid });
        }
        let modes = std::iter::once(self).chain(self.groups.iter().map(|group| &GRAMMAR.modes[*group]));
        let mut best = Err(Unknown { token: 0, why: Why::Invalid });
        debug_assert!(!words.is_empty(), "a command has words");
        for mode in modes {
            best = match (best, parse(mode.commands())) {
                (Ok(one), Ok(other)) => Ok(if other.keywords > one.keywords { other } else { one }),
                (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one),
                (Err(one), Err(other)) => Err(one.max(other)),
            };
        }
        best
    }
}

impl Parsed<'_> {
    /// What it is known by among its neighbours.
    pub(crate) fn name(&self) -> String {
        let last = self.words.last().filter(|_| self.rule.named_by_last && self.key < self.words.len());
        self.words[..self.key].iter().chain(last).map(|word| &**word).collect::<Vec<_>>().join(" ")
    }

    /// Whether it is a whole command, or at least its name.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// What EOS shows in its place, if it is something else.
    pub(crate) fn rewritten(&self, release: Release) -> Option<String> {
        let rewrite = self.rule.rewrites.iter().find(|rewrite| within(rewrite.since, rewrite.until, release))?;
        Some(self.filled(rewrite.text))
    }

    /// The text with each `$n` replaced by the n-th word, and `$n...` by that and all after it.
    fn filled(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
            let number: usize = rest[at + 1..at + 1 + digits].parse().unwrap_or(0);
            rest = &rest[at + 1 + digits..];
            let from = number.saturating_sub(1).min(self.words.len());
            if let Some(after) = rest.strip_prefix("...") {
                out.push_str(&self.words[from..].join(" "));
                rest = after;
            } else {
                out.push_str(self.words.get(from).map_or("", |word| word));
            }
        }
        out.push_str(rest);
        out.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests;
