//! The names that a template may read, found without running it.

use std::collections::BTreeSet;

use super::super::segments::{Segment, segments};
use super::tokens::{self, LITERALS, OPERATORS, tokens};

/// The object whose attributes are what a name means where no variable has it.
pub(in super::super) const OUTSIDE: &str = "__outside";

/// First words of statements, further words of these, and names that cannot be assigned to.
const WORDS: [&str; 20] = [
    "loop",
    "self",
    "super",
    "caller",
    "elif",
    "for",
    "set",
    "as",
    "with",
    "without",
    "import",
    "recursive",
    "macro",
    "call",
    "filter",
    "block",
    "include",
    "do",
    "context",
    "autoescape",
];

/// Every word of the tags of `source` that may be the name of a variable. Names of filters, tests
/// and arguments are among them: nobody minds if a variable of that name is hidden.
pub(in super::super) fn names(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for segment in segments(source) {
        if let Segment::Expression(range) | Segment::Statement(range) = segment {
            let tokens: Vec<&str> =
                tokens(&source[range]).into_iter().filter(|token| !token.trim().is_empty()).collect();
            let named = tokens.iter().enumerate().filter(|(at, token)| {
                is_name(token) && !at.checked_sub(1).is_some_and(|before| matches!(tokens[before], "." | "|"))
            });
            found.extend(named.map(|(_, token)| (*token).to_owned()));
        }
    }
    found
}

/// Whether a tag of `source` may read the variable `name`.
pub(super) fn reads(source: &str, name: &str) -> bool {
    source.contains(name) && names(source).contains(name)
}

fn is_name(token: &str) -> bool {
    let is_word = LITERALS.contains(&token) || OPERATORS.contains(&token) || WORDS.contains(&token);
    tokens::is_name(token) && !token.starts_with("__") && !token.starts_with("end") && !is_word
}

/// The texts in quotes in `source` that end like a template's name.
pub(in super::super) fn quoted(source: &str) -> impl Iterator<Item = &str> {
    source.split(['\'', '"']).filter(|name| name.ends_with(".j2"))
}
