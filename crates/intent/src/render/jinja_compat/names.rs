//! The names that a template may read, found without running it.

use std::collections::BTreeSet;

use super::super::segments::{Segment, segments};
use super::tokens::tokens;

/// The object whose attributes are what a name means where no variable has it.
pub(in super::super) const OUTSIDE: &str = "__outside";

/// Words that are no variables, and names that cannot be assigned to.
const WORDS: [&str; 33] = [
    "true",
    "True",
    "false",
    "False",
    "none",
    "None",
    "loop",
    "self",
    "super",
    "caller",
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "else",
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

fn is_name(token: &str) -> bool {
    let starts = token.starts_with(|c: char| c.is_alphabetic() || c == '_') && !token.starts_with("__");
    starts && !WORDS.contains(&token) && !token.starts_with("end")
}

/// The texts in quotes in `source` that end like a template's name.
pub(in super::super) fn quoted(source: &str) -> impl Iterator<Item = &str> {
    source.split(['\'', '"']).filter(|name| name.ends_with(".j2"))
}
