//! Which modes there are and which commands each of them knows: `grammar.txt` as a tree.
//!
//! It knows how commands begin, not their whole syntax. EOS tries a line in the current mode and then in those around
//! it; here the mode that knows most of the line's beginning takes it, the innermost one of several.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A mode of the command line.
#[derive(Debug, Default)]
pub(crate) struct Mode {
    /// Commands by their first word; `#` for those that begin with a number.
    commands: HashMap<String, Vec<Pattern>>,
    /// Commands that EOS shows when they are negated.
    negations: HashMap<String, Vec<Pattern>>,
    /// Commands that it does not know although the mode it is like does.
    unknown: Vec<Pattern>,
    /// Commands of the mode around it that it refuses until it is left with `exit`.
    refused: Vec<Pattern>,
    /// The modes below it by the first word that opens them, which may be `*`.
    modes: HashMap<String, Vec<(Pattern, Mode)>>,
    /// What EOS does not show, because it is so anyway.
    defaults: Vec<Pattern>,
    /// A line that opens the mode it is like.
    like: Option<&'static str>,
}

/// The first words of a command.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(Vec<Word>);

#[derive(Debug, Clone)]
enum Word {
    Any,
    Is(String),
    OneOf(Vec<String>),
    BeginsWith(String),
}

impl Pattern {
    pub(crate) fn read(text: &str) -> Self {
        let word = |word: &str| match word {
            "*" => Word::Any,
            _ if word.contains('|') => Word::OneOf(word.split('|').map(str::to_owned).collect()),
            _ => match word.strip_suffix('*') {
                Some(prefix) => Word::BeginsWith(prefix.to_owned()),
                None => Word::Is(word.to_owned()),
            },
        };
        Self(text.split(' ').map(word).collect())
    }

    /// How many words it has.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How much a line that begins so is known by it: one for each word that is not just any.
    fn weight(&self) -> usize {
        self.0.iter().filter(|word| !matches!(word, Word::Any)).count()
    }

    /// Whether `words` begin so.
    pub(crate) fn begins(&self, words: &[&str]) -> bool {
        self.0.len() <= words.len() && self.0.iter().zip(words).all(|(expected, word)| expected.fits(word))
    }

    fn is(&self, words: &[&str]) -> bool {
        self.0.len() == words.len() && self.begins(words)
    }
}

impl Word {
    fn fits(&self, word: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Is(expected) => expected == word,
            Self::OneOf(expected) => expected.iter().any(|expected| expected == word),
            Self::BeginsWith(prefix) => word.starts_with(prefix.as_str()),
        }
    }
}

/// The configuration mode, with all others below it.
pub(crate) fn root() -> &'static Mode {
    static ROOT: LazyLock<Mode> = LazyLock::new(|| {
        let lines: Vec<(usize, &str)> = include_str!("grammar.txt")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| ((line.len() - line.trim_start().len()) / 2, line.trim()))
            .collect();
        read(&mut lines.as_slice(), 0)
    });
    &ROOT
}

impl Mode {
    /// The mode that `words` open in this one.
    pub(crate) fn opened_by(&'static self, words: &[&str]) -> Option<&'static Mode> {
        self.opener(words).map(|(_, mode)| mode)
    }

    fn opener(&'static self, words: &[&str]) -> Option<(&'static Pattern, &'static Mode)> {
        let first = *words.first()?;
        let near = [first, "*"].into_iter().filter_map(|first| self.modes.get(first)).flatten();
        let fitting = near.filter(|(pattern, _)| pattern.is(words));
        let own = fitting.max_by_key(|(pattern, _)| pattern.weight()).map(|(pattern, mode)| (pattern, mode));
        own.or_else(|| self.alike()?.opener(words))
    }

    /// How much of the line's beginning this mode knows; 0 is nothing.
    // EOS-36: a line is tried in the open mode, then in those around it.
    // EOS-37: the open mode keeps a line that it knows the beginning of.
    pub(crate) fn knows(&'static self, words: &[&str]) -> usize {
        if self.unknown.iter().any(|pattern| pattern.begins(words)) {
            return 0;
        }
        let numbered = words.first().is_some_and(|first| first.starts_with(|c: char| c.is_ascii_digit()));
        let first = if numbered { "#" } else { words.first().copied().unwrap_or_default() };
        let commands = self.commands.get(first).into_iter().flatten();
        let known = commands.filter(|pattern| numbered || pattern.begins(words)).map(Pattern::weight).max();
        let opens = self.opener(words).map(|(pattern, _)| pattern.weight());
        let alike = self.alike().map(|mode| mode.knows(words));
        known.max(opens).max(alike).unwrap_or(0)
    }

    /// Whether EOS shows `no <words>` instead of just forgetting them.
    pub(crate) fn shows_negated(&'static self, words: &[&str]) -> bool {
        let first = words.first().copied().unwrap_or_default();
        let own = self.negations.get(first).into_iter().flatten().any(|pattern| pattern.is(words));
        own || self.alike().is_some_and(|mode| mode.shows_negated(words))
    }

    /// Whether a line, with its `no`, says what is so anyway.
    pub(crate) fn is_default(&self, words: &[&str]) -> bool {
        self.defaults.iter().any(|pattern| pattern.is(words)) || self.alike().is_some_and(|mode| mode.is_default(words))
    }

    /// Whether it refuses what the mode around it would take.
    pub(crate) fn refuses(&self, words: &[&str]) -> bool {
        self.refused.iter().any(|pattern| pattern.begins(words))
    }

    /// The mode of the configuration mode that this one is like.
    fn alike(&self) -> Option<&'static Mode> {
        let words: Vec<&str> = self.like?.split(' ').collect();
        root().opened_by(&words)
    }
}

fn read(rest: &mut &[(usize, &'static str)], depth: usize) -> Mode {
    let mut mode = Mode::default();
    while let Some(((at, line), after)) = rest.split_first() {
        if *at < depth {
            break;
        }
        *rest = after;
        let (sign, text) = line.split_once(' ').unwrap_or((line, ""));
        let first = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
        match sign {
            ">" => {
                let below = read(rest, depth + 1);
                mode.modes.entry(first(text)).or_default().push((Pattern::read(text), below));
            }
            "~" => mode.negations.entry(first(text)).or_default().push(Pattern::read(text)),
            "-" => mode.unknown.push(Pattern::read(text)),
            "!" => mode.refused.push(Pattern::read(text)),
            "." => mode.defaults.push(Pattern::read(text)),
            "=" => mode.like = Some(text),
            _ => mode.commands.entry(first(line)).or_default().push(Pattern::read(line)),
        }
    }
    mode
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<&str> {
        line.split(' ').collect()
    }

    fn along(path: &[&str]) -> Vec<&'static Mode> {
        let below = path.iter().scan(root(), |mode, line| {
            *mode = mode.opened_by(&words(line))?;
            Some(*mode)
        });
        std::iter::once(root()).chain(below).collect()
    }

    #[test]
    fn a_mode_knows_its_own_commands_best() {
        let modes = along(&["interface Ethernet1"]);
        assert!(modes[0].knows(&words("ip routing")) > modes[1].knows(&words("ip routing")));
        let address = words("ip address 192.0.2.1/24");
        assert!(modes[1].knows(&address) >= modes[0].knows(&address));
        assert_eq!(modes[0].knows(&words("nonsense here")), 0);
    }

    #[test]
    fn nested_modes_are_opened_in_their_parents_only() {
        assert!(root().opened_by(&words("address-family ipv4")).is_none());
        assert_eq!(along(&["router bgp 65001", "vrf A", "address-family ipv4"]).len(), 4);
        assert!(root().opened_by(&words("vlan internal order ascending range 1 2")).is_none());
    }

    #[test]
    fn an_interface_is_up_by_default_and_the_api_is_not() {
        assert!(along(&["interface Management1"])[1].is_default(&["no", "shutdown"]));
        assert!(along(&["management api http-commands"])[1].is_default(&["shutdown"]));
    }

    #[test]
    fn a_management_interface_is_like_others_but_for_what_it_lacks() {
        let modes = along(&["interface Management1"]);
        assert!(modes[1].knows(&words("ip address 192.0.2.1/24")) > 0);
        assert_eq!(modes[1].knows(&words("mpls ip")), 0);
    }
}
