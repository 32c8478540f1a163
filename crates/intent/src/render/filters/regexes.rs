//! Regular expressions, as Ansible has them through Python's `re`.
//!
//! Patterns are those of `fancy-regex`, which has the lookarounds and back-references of Python. `$`
//! and `\Z` are rewritten to what they mean there. A pattern that backtracks too
//! long is an error.

use fancy_regex::{Captures, Regex, RegexBuilder};
use minijinja::value::Tuple;
use serde_json::Value;

use super::super::mutable::list;
use super::{Filter, FilterCall, is_true, spend, to_text};

pub(super) const FILTERS: &[Filter] = &[
    Filter::new(
        &["regex_replace", "ansible.builtin.regex_replace"],
        &["pattern", "replacement", "ignorecase", "multiline", "count", "mandatory_count"],
        replace,
    ),
    Filter::new(
        &["regex_search", "ansible.builtin.regex_search"],
        &["pattern", "ignorecase", "multiline", "*groups"],
        search,
    ),
    Filter::new(&["regex_escape", "ansible.builtin.regex_escape"], &[], escape),
];

/// A compiled pattern. A pattern's size is bounded by the library, its backtracking by this.
const MAX_BACKTRACKS: usize = 100_000;

pub(super) fn compile(pattern: &str, ignore_case: bool, multi_line: bool) -> Result<Regex, String> {
    RegexBuilder::new(&python_pattern(pattern, multi_line))
        .case_insensitive(ignore_case)
        .multi_line(multi_line)
        .backtrack_limit(MAX_BACKTRACKS)
        .build()
        .map_err(|error| format!("the pattern {pattern} cannot be used: {error}"))
}

/// A pattern of Python's: `$` stands before a line break at the end as well, and `\Z` only at the
/// end.
fn python_pattern(pattern: &str, multi_line: bool) -> String {
    let sets_lines = pattern.split("(?").skip(1).any(|group| {
        group
            .split([':', ')', '-'])
            .next()
            .is_some_and(|flags| flags.contains('m') && flags.chars().all(|c| c.is_ascii_lowercase()))
    });
    let mut written = String::new();
    let (mut in_class, mut characters) = (false, pattern.chars().peekable());
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some('Z') if !in_class => written.push_str(r"\z"),
                next => written.extend([c].into_iter().chain(next)),
            },
            '[' if !in_class => {
                in_class = true;
                written.push(c);
                // A bracket that comes first is one of the characters.
                for first in ['^', ']'] {
                    if characters.peek() == Some(&first) {
                        characters.next();
                        written.push_str(if first == ']' { r"\]" } else { "^" });
                    }
                }
            }
            ']' => {
                in_class = false;
                written.push(c);
            }
            '$' if !in_class && !multi_line && !sets_lines => written.push_str(r"(?=\n?\z)"),
            _ => written.push(c),
        }
    }
    written
}

fn replace(call: &FilterCall) -> Result<Value, String> {
    let pattern = compile(&call.text_arg(0, "pattern")?, call.flag(2, false), call.flag(3, false))?;
    let replacement = Replacement::parse(&call.arg(1).map(to_text).unwrap_or_default())?;
    let most = call.integer(4)?.and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
    let text = call.text();
    let (mut result, mut end, mut count) = (String::new(), 0, 0);
    for found in pattern.captures_iter(text.as_str()).take(most.unwrap_or(usize::MAX)) {
        let found = found.map_err(|error| error.to_string())?;
        let whole = found.get(0).ok_or("a match without text")?;
        result.push_str(&text[end..whole.start()]);
        let before = result.len();
        replacement.write(&found, &mut result)?;
        spend(result.len() - before)?;
        end = whole.end();
        count += 1;
    }
    result.push_str(&text[end..]);
    match call.integer(5)? {
        Some(wanted) if wanted != 0 && wanted != count => {
            Err(format!("{} should match {wanted} times, but matches {count} times", pattern.as_str()))
        }
        _ => Ok(result.into()),
    }
}

/// Text with Python's references to groups: `\1`, `\g<1>`, `\g<name>`.
struct Replacement(Vec<Piece>);

enum Piece {
    Text(String),
    Number(usize),
    Name(String),
}

impl Replacement {
    fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('\\') {
            pieces.push(Piece::Text(rest[..at].to_owned()));
            let (piece, behind) = reference(&rest[at + 1..])?;
            pieces.push(piece);
            rest = behind;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self(pieces))
    }

    fn write(&self, found: &Captures<'_, str>, result: &mut String) -> Result<(), String> {
        for piece in &self.0 {
            result.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Number(number) if *number < found.len() => found.get(*number).map_or("", |group| group.as_str()),
                Piece::Number(number) => return Err(format!("the pattern has no group {number}")),
                Piece::Name(name) => found.name(name).map_or("", |group| group.as_str()),
            });
        }
        Ok(())
    }
}

/// What stands behind a backslash, and what follows it.
fn reference(text: &str) -> Result<(Piece, &str), String> {
    if let Some(named) = text.strip_prefix("g<")
        && let Some((name, behind)) = named.split_once('>')
    {
        let piece = name.parse().map_or_else(|_| Piece::Name(name.to_owned()), Piece::Number);
        return Ok((piece, behind));
    }
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    if digits > 0 {
        let number = text[..digits].parse().map_err(|_| "a group's number is too large")?;
        return Ok((Piece::Number(number), &text[digits..]));
    }
    let mut characters = text.chars();
    let escaped = match characters.next() {
        Some('n') => '\n',
        Some('t') => '\t',
        Some(c) if !c.is_ascii_alphabetic() => c,
        Some(c) => return Err(format!("\\{c} in the replacement means nothing")),
        None => return Err("the replacement ends with a backslash".to_owned()),
    };
    Ok((Piece::Text(escaped.to_string()), characters.as_str()))
}

/// The first match; null without one. With groups (`'\\1'`, `'\\g<name>'`) a list of these.
fn search(call: &FilterCall) -> Result<Value, String> {
    let flag = |name: &str| call.named.get(name).is_some_and(is_true);
    let given = call.named.get("pattern").map(to_text);
    let groups_from = usize::from(given.is_none());
    let pattern = given.map_or_else(|| call.text_arg(0, "pattern"), Ok)?;
    let pattern = compile(&pattern, flag("ignorecase"), flag("multiline"))?;
    let text = call.text();
    let Some(found) = pattern.captures(text.as_str()).map_err(|error| error.to_string())? else {
        return Ok(Value::Null);
    };
    let text_of = |group: Option<fancy_regex::Match<'_>>| group.map_or(Value::Null, |group| group.as_str().into());
    let groups = call.args.get(groups_from..).unwrap_or_default();
    if groups.is_empty() {
        return Ok(text_of(found.get(0)));
    }
    let group = |group: &Value| {
        let group = to_text(group);
        match reference(group.strip_prefix('\\').unwrap_or_default())?.0 {
            Piece::Number(number) if number < found.len() => Ok(text_of(found.get(number))),
            Piece::Name(name) => Ok(text_of(found.name(&name))),
            Piece::Number(_) | Piece::Text(_) => Err(format!("expected a group such as '\\\\1', found {group}")),
        }
    };
    groups.iter().map(group).collect()
}

/// All matches; of a pattern with groups, the groups.
pub(super) fn find_all(text: &str, pattern: &Regex) -> Result<minijinja::Value, String> {
    let mut all = Vec::new();
    for found in pattern.captures_iter(text) {
        let found = found.map_err(|error| error.to_string())?;
        spend((0..found.len()).filter_map(|at| found.get(at)).map(|group| group.as_str().len()).sum())?;
        let group = |at| minijinja::Value::from(found.get(at).map_or("", |group| group.as_str()));
        all.push(match found.len() {
            1 => group(0),
            2 => group(1),
            groups => Tuple::from((1..groups).map(group).collect::<Vec<_>>()).into(),
        });
    }
    Ok(list(all))
}

/// As Python's `re.escape`.
fn escape(call: &FilterCall) -> Result<Value, String> {
    let special = |c: char| "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}".contains(c);
    let escaped =
        call.text().chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect::<String>();
    Ok(escaped.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::applied;

    #[test]
    fn groups_are_put_into_the_replacement() {
        for (text, pattern, replacement, expected) in [
            ("Ethernet1/2", r"^Ethernet(\d+)/(\d+)$", r"Et\1-\2", "Et1-2"),
            ("leaf1", r"(?P<role>[a-z]+)(\d)", r"\g<2>\g<role>\\", "1leaf\\"),
            ("a.b", r"\.", "", "ab"),
            ("10.0.0.1", r"(?<=\.)0", "X", "10.X.X.1"),
        ] {
            let result = applied("regex_replace", json!(text), &[json!(pattern), json!(replacement)]);
            assert_eq!(result.unwrap(), json!(expected));
        }
    }

    #[test]
    fn a_match_or_its_groups_are_found() {
        let name = || json!("leaf1-fra");
        assert_eq!(applied("regex_search", name(), &[json!(r"\d+")]).unwrap(), json!("1"));
        assert_eq!(applied("regex_search", name(), &[json!("x")]).unwrap(), json!(null));
        assert_eq!(applied("regex_search", name(), &[json!(r"(\w+)-(\w+)"), json!(r"\2")]).unwrap(), json!(["fra"]));
        assert_eq!(applied("regex_findall", name(), &[json!("[a-z]+")]).unwrap(), json!(["leaf", "fra"]));
        assert_eq!(applied("regex_findall", name(), &[json!("([a-z])([a-z])f")]).unwrap(), json!([["e", "a"]]));
    }

    #[test]
    fn a_pattern_that_would_never_end_is_refused() {
        let text = format!("{}!", "a".repeat(200));

        let error = applied("regex_search", json!(text), &[json!(r"(?=(a|aa)+$)\1")]).unwrap_err();

        assert!(error.starts_with("regex_search: "), "{error}");
    }

    proptest! {
        #[test]
        fn any_pattern_and_replacement_is_applied_or_refused(text in ".{0,20}", pattern in ".{0,12}", by in ".{0,8}") {
            for filter in ["regex_replace", "regex_search", "regex_findall"] {
                let _ = applied(filter, json!(text), &[json!(pattern), json!(by)]);
            }
        }

        #[test]
        fn escaped_text_matches_itself(text in ".{1,20}") {
            let escaped = applied("regex_escape", json!(text), &[]).unwrap();
            prop_assert_eq!(applied("regex_search", json!(text), &[escaped]).unwrap(), json!(text));
        }
    }
}
