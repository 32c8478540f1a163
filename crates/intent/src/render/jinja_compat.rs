//! Jinja2 that minijinja does not have, said in words that it has: `'%03d' % n`, and lists and maps that `do` changes.
//!
//! The source is rewritten before it is compiled. Nothing is added to or taken from the text outside of tags, and no line break
//! moves, so lines keep their numbers.
//!
//! - A string literal before `%`: `'%03d' % n` becomes `'%03d' |format(n)`. A variable that holds the format is not known as one.
//! - `do`, which minijinja has for calls only, becomes a `set` of a name that nobody reads.
//! - In a template that calls a changing method, list and map literals become objects that have them, see [`super::mutable`].

use super::mutable;
use super::segments::{Segment, after_string, segments, word};

/// What a `do` sets.
const DONE: &str = "__done";

/// `source` for minijinja.
pub(super) fn rewritten(source: &str) -> String {
    let changes = mutable::METHODS.iter().any(|method| source.contains(&format!(".{method}(")));
    let mut text = String::with_capacity(source.len());
    for segment in segments(source) {
        let piece = &source[segment.range()];
        match segment {
            Segment::Expression(_) | Segment::Statement(_) if piece.len() >= 4 => {
                let literals = changes && !matches!(word(piece), "include" | "extends" | "import" | "from");
                let (inner, end) = piece[2..].split_at(piece.len() - 4);
                text.push_str(&piece[..2]);
                text.push_str(&Tag::new(inner, literals).rewritten());
                text.push_str(end);
            }
            _ => text.push_str(piece),
        }
    }
    text
}

/// The inside of a tag, in tokens.
struct Tag<'s> {
    tokens: Vec<&'s str>,
    /// Whether list and map literals are replaced.
    literals: bool,
}

impl<'s> Tag<'s> {
    fn new(source: &'s str, literals: bool) -> Self {
        Self { tokens: tokens(source), literals }
    }

    fn rewritten(&self) -> String {
        let mut pieces: Vec<String> = self.tokens.iter().map(ToString::to_string).collect();
        for at in 0..self.tokens.len() {
            match self.tokens[at] {
                "do" if self.before(at).is_none_or(|sign| matches!(sign, "-" | "+"))
                    && self.after(at + 1).is_some() =>
                {
                    pieces[at] = format!("set {DONE} =");
                }
                "%" if self.before(at).is_some_and(is_string) => self.format(at, &mut pieces),
                open @ ("[" | "{") if self.literals && !self.before(at).is_some_and(is_operand) => {
                    if let Some(close) = self.closing(at) {
                        let function = if open == "[" { mutable::LIST } else { mutable::MAP };
                        pieces[at] = format!("{function}({}", pieces[at]);
                        pieces[close].push(')');
                    }
                }
                _ => {}
            }
        }
        pieces.concat()
    }

    /// `% operand` to `|format(operand)`, `% (a, b)` to `|format(a, b)`.
    fn format(&self, at: usize, pieces: &mut [String]) {
        let Some((first, last)) = self.operand(at + 1) else { return };
        let is_tuple = self.tokens[first] == "(" && self.closing(first) == Some(last) && self.has_comma(first, last);
        pieces[at] = "|format".to_owned();
        if !is_tuple {
            pieces[at].push('(');
            pieces[last].push(')');
        }
    }

    /// The first and last token of the operand that begins at or behind `from`: a name, literal or parenthesis and what hangs on it.
    fn operand(&self, from: usize) -> Option<(usize, usize)> {
        let first = self.after(from)?;
        let mut last = if matches!(self.tokens[first], "(" | "[" | "{") { self.closing(first)? } else { first };
        if !is_operand(self.tokens[last]) {
            return None;
        }
        while let Some(next) = self.after(last + 1) {
            last = match self.tokens[next] {
                "." | "|" => self.after(next + 1)?,
                "(" | "[" => self.closing(next)?,
                _ => break,
            };
        }
        Some((first, last))
    }

    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().skip(open) {
            match *token {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return Some(at);
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn has_comma(&self, open: usize, close: usize) -> bool {
        let mut depth = 0_usize;
        self.tokens[open + 1..close].iter().any(|token| {
            match *token {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && *token == ","
        })
    }

    fn before(&self, at: usize) -> Option<&'s str> {
        self.tokens[..at].iter().rev().find(|token| !token.trim().is_empty()).copied()
    }

    fn after(&self, from: usize) -> Option<usize> {
        (from..self.tokens.len()).find(|at| !self.tokens[*at].trim().is_empty())
    }
}

fn is_string(token: &str) -> bool {
    token.starts_with(['\'', '"'])
}

/// Whether a token ends an operand, so that what follows is an operator, an index or a call.
fn is_operand(token: &str) -> bool {
    const WORDS: [&str; 15] = [
        "in",
        "not",
        "and",
        "or",
        "is",
        "if",
        "else",
        "elif",
        "return",
        "do",
        "for",
        "set",
        "with",
        "print",
        "recursive",
    ];
    let ends = |c: char| c.is_alphanumeric() || matches!(c, '_' | ')' | ']' | '}' | '\'' | '"');
    token.ends_with(ends) && !WORDS.contains(&token)
}

/// Strings, words and numbers, white space, and every other character by itself.
fn tokens(source: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = match first {
            quote @ ('\'' | '"') => after_string(rest.as_bytes(), 0, quote as u8).min(rest.len()),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c if c.is_whitespace() => rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, behind) = rest.split_at(length);
        found.push(token);
        rest = behind;
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formats_become_the_format_filter() {
        for (source, expected) in [
            ("{{ '%03d' % n }}", "{{ '%03d' |format( n) }}"),
            ("{{ '%s-%s' % (a, b[1]) ~ c }}", "{{ '%s-%s' |format (a, b[1]) ~ c }}"),
            ("{{ '%d' % (a + 1) }}", "{{ '%d' |format( (a + 1)) }}"),
            ("{{ '%d' % a.b['c'] | int + 1 }}", "{{ '%d' |format( a.b['c'] | int) + 1 }}"),
            ("{{ 7 % 3 }}", "{{ 7 % 3 }}"),
            ("'%d' % n {{ x }}", "'%d' % n {{ x }}"),
            ("{{ '%d' % }}", "{{ '%d' % }}"),
        ] {
            assert_eq!(rewritten(source), expected);
        }
    }

    #[test]
    fn literals_become_changeable_only_where_a_template_changes_them() {
        assert_eq!(rewritten("{% set a = [] %}{{ a[0] }}"), "{% set a = [] %}{{ a[0] }}");
        assert_eq!(
            rewritten("{% set a = [1, [2]] %}{% do a.append({'k': v[0]}) %}{% include ['x'] %}"),
            "{% set a = __list([1, __list([2])]) %}{% set __done = a.append(__map({'k': v[0]})) %}{% include ['x'] %}"
        );
    }

    proptest! {
        #[test]
        fn lines_keep_their_numbers(source in "([{}%#'\"()\\[\\],.| an\n-]|\\.append\\(|é|'%d' % ){0,40}") {
            prop_assert_eq!(rewritten(&source).matches('\n').count(), source.matches('\n').count());
        }
    }
}
