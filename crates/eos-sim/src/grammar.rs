//! Which modes there are and which commands each of them knows: `grammar.txt` as a tree.
//!
//! It knows how commands begin, not their whole syntax. EOS tries a line in the current mode and then in those around
//! it; here the mode that knows most of the line's beginning takes it, the innermost one of several.

use std::sync::LazyLock;

/// A mode of the command line.
#[derive(Debug, Default)]
pub(crate) struct Mode {
    opener: Vec<String>,
    words: Vec<Vec<String>>,
    negations: Vec<Vec<String>>,
    modes: Vec<Mode>,
}

/// The configuration mode, with all others below it.
pub(crate) fn root() -> &'static Mode {
    static ROOT: LazyLock<Mode> = LazyLock::new(|| read(include_str!("grammar.txt")));
    &ROOT
}

impl Mode {
    /// The mode that `line` opens in this one.
    pub(crate) fn opened_by(&self, line: &str) -> Option<&Mode> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let fitting = self.modes.iter().filter(|mode| matches(&mode.opener, &words));
        fitting.max_by_key(|mode| mode.opener.iter().filter(|word| *word != "*").count())
    }

    /// How many of the line's first words this mode knows.
    pub(crate) fn knows(&self, line: &str) -> usize {
        let words: Vec<&str> = line.split_whitespace().collect();
        if self.opened_by(line).is_some() {
            return words.len();
        }
        let numbered = words.first().is_some_and(|first| first.starts_with(|c: char| c.is_ascii_digit()));
        let words: Vec<&str> = if numbered { vec!["#"] } else { words };
        let known = self.words.iter().filter(|prefix| begins(prefix, &words)).map(Vec::len).max();
        let opens =
            self.modes.iter().any(|mode| mode.opener.first().is_some_and(|word| words.first() == Some(&&**word)));
        known.unwrap_or(usize::from(opens))
    }

    /// Whether EOS shows `no <line>` instead of just forgetting `line`.
    pub(crate) fn shows_negated(&self, line: &str) -> bool {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.negations.iter().any(|pattern| matches(pattern, &words))
    }
}

/// The modes from the root down to where `path`, a list of opening lines, leads.
pub(crate) fn along(path: &[String]) -> Vec<&'static Mode> {
    let mut modes = vec![root()];
    for line in path {
        let Some(next) = modes.last().and_then(|mode| mode.opened_by(line)) else { break };
        modes.push(next);
    }
    modes
}

/// Whether `words` are those of `pattern`, in which `*` stands for any one.
pub(crate) fn matches<P: AsRef<str>>(pattern: &[P], words: &[&str]) -> bool {
    pattern.len() == words.len() && begins(pattern, words)
}

/// Whether `words` begin with `pattern`.
pub(crate) fn begins<P: AsRef<str>>(pattern: &[P], words: &[&str]) -> bool {
    pattern.len() <= words.len()
        && pattern.iter().zip(words).all(|(expected, word)| expected.as_ref() == "*" || expected.as_ref() == *word)
}

fn read(text: &str) -> Mode {
    let lines: Vec<(usize, &str)> = text
        .lines()
        .filter(|line| !line.starts_with("# "))
        .map(|line| ((line.len() - line.trim_start().len()) / 2, line.trim_start()))
        .collect();
    let mut rest = lines.as_slice();
    read_mode(&mut rest, 0, Vec::new())
}

fn read_mode(rest: &mut &[(usize, &str)], depth: usize, opener: Vec<String>) -> Mode {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut mode = Mode { opener, ..Mode::default() };
    while let Some(((at, line), after)) = rest.split_first() {
        if *at < depth {
            break;
        }
        *rest = after;
        if let Some(opener) = line.strip_prefix("> ") {
            mode.modes.push(read_mode(rest, depth + 1, words(opener)));
        } else if let Some(negation) = line.strip_prefix("~ ") {
            mode.negations.push(words(negation));
        } else {
            mode.words.push(words(line));
        }
    }
    mode
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_knows_its_own_commands_best() {
        let modes = along(&["interface Ethernet1".to_owned()]);
        assert_eq!(modes.len(), 2);
        assert!(modes[0].knows("ip routing") > modes[1].knows("ip routing"));
        assert!(modes[1].knows("ip address 192.0.2.1/24") >= modes[0].knows("ip address 192.0.2.1/24"));
        assert_eq!(modes[0].knows("nonsense here"), 0);
    }

    #[test]
    fn nested_modes_are_opened_in_their_parents_only() {
        assert!(root().opened_by("address-family ipv4").is_none());
        let modes = along(&["router bgp 65001".to_owned(), "vrf A".to_owned(), "address-family ipv4".to_owned()]);
        assert_eq!(modes.len(), 4);
        assert!(root().opened_by("vlan internal order ascending range 1 2").is_none());
    }

    #[test]
    fn an_interface_forgets_no_shutdown_and_the_api_shows_it() {
        assert!(!along(&["interface Ethernet1".to_owned()])[1].shows_negated("shutdown"));
        assert!(along(&["management api http-commands".to_owned()])[1].shows_negated("shutdown"));
    }
}
