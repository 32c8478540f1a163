//! The tokens of a tag, and what stands where among them.

use super::super::segments::after_string;
use super::tag::Tag;

impl<'s> Tag<'s> {
    /// The first and last token of the operand that begins at or behind `from`: a name, literal or
    /// parenthesis and what hangs on it.
    pub(super) fn operand(&self, from: usize) -> Option<(usize, usize)> {
        let first = self.after(from)?;
        let mut last = if matches!(self.tokens[first], "(" | "[" | "{") { self.closing(first)? } else { first };
        if !self.is_operand(last) {
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

    /// The first token of the operand of `~` that ends before `at`.
    pub(super) fn operand_before(&self, at: usize) -> Option<usize> {
        let head = (0..self.tokens.len()).find(|at| !self.word.is_empty() && self.tokens[*at] == self.word);
        let mut first = None;
        let mut at = self.index_before(at);
        while let Some(here) = at.filter(|here| Some(*here) != head && !self.ends_operand(*here)) {
            let start = match self.tokens[here] {
                "(" | "[" | "{" => break,
                ")" | "]" | "}" => self.opening(here)?,
                _ => here,
            };
            first = Some(start);
            at = self.index_before(start);
        }
        first
    }

    /// The first and last token of the operand of `~` that begins behind `at`.
    pub(super) fn operand_behind(&self, at: usize) -> Option<(usize, usize)> {
        let first = self.after(at + 1)?;
        let mut last = None;
        let mut at = Some(first);
        while let Some(here) = at.filter(|here| !self.ends_operand(*here)) {
            let end = match self.tokens[here] {
                "(" | "[" | "{" => self.closing(here)?,
                ")" | "]" | "}" => break,
                _ => here,
            };
            last = Some(end);
            at = self.after(end + 1);
        }
        Some((first, last?))
    }

    /// Whether the token at `at`, outside of brackets, belongs to no operand of `~`.
    fn ends_operand(&self, at: usize) -> bool {
        let before = self.index_before(at);
        let is_test = |at: Option<usize>| at.is_some_and(|at| self.tokens[at] == "is");
        match self.tokens[at] {
            "~" | "," | ":" | "=" | "<" | ">" | "!" => true,
            // A sign of the tag, or an operator; else a sign of the operand.
            "+" | "-" => at == 0 || self.follows_operand(at),
            "and" | "or" | "if" | "else" | "recursive" => true,
            "not" => !is_test(before),
            "in" => {
                !is_test(before)
                    && !before.is_some_and(|not| self.tokens[not] == "not" && is_test(self.index_before(not)))
            }
            _ => false,
        }
    }

    pub(super) fn closing(&self, open: usize) -> Option<usize> {
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

    /// The bracket that `at` stands in.
    pub(super) fn opening(&self, at: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for before in (0..at).rev() {
            match self.tokens[before] {
                ")" | "]" | "}" => depth += 1,
                "(" | "[" | "{" if depth == 0 => return Some(before),
                "(" | "[" | "{" => depth -= 1,
                _ => {}
            }
        }
        None
    }

    pub(super) fn depth(&self, at: usize) -> usize {
        self.tokens[..at].iter().fold(0, |depth: usize, token| match *token {
            "(" | "[" | "{" => depth + 1,
            ")" | "]" | "}" => depth.saturating_sub(1),
            _ => depth,
        })
    }

    pub(super) fn is_at_top(&self, at: usize) -> bool {
        self.depth(at) == 0
    }

    pub(super) fn has_comma(&self, open: usize, close: usize) -> bool {
        let outer = self.depth(open) + 1;
        (open + 1..close).any(|at| self.tokens[at] == "," && self.depth(at) == outer)
    }

    /// Whether an operand ends right before `at`, so that what begins there is an operator, an index
    /// or a call.
    pub(super) fn follows_operand(&self, at: usize) -> bool {
        self.index_before(at).is_some_and(|before| self.is_operand(before))
    }

    /// Whether the token at `at` ends an operand.
    fn is_operand(&self, at: usize) -> bool {
        let token = self.tokens[at];
        let ends = |c: char| c.is_alphanumeric() || matches!(c, '_' | ')' | ']' | '}' | '\'' | '"');
        let is_word = OPERATORS.contains(&token) || self.begins(at);
        token.ends_with(ends) && (!is_word || self.before(at) == Some("."))
    }

    /// Whether the word at `at` is no variable.
    pub(super) fn is_keyword(&self, at: usize) -> bool {
        let token = self.tokens[at];
        LITERALS.contains(&token)
            || OPERATORS.contains(&token)
            || self.begins(at)
            || matches!(token, "call" | "include" | "filter")
    }

    /// Whether the word at `at` is one behind which an expression begins. Elsewhere a variable may
    /// have its name, as `set` has in AVD's templates.
    fn begins(&self, at: usize) -> bool {
        let token = self.tokens[at];
        (token == "recursive" && self.word == "for") || (BEFORE_EXPRESSION.contains(&token) && self.is_first(at))
    }

    pub(super) fn is_first(&self, at: usize) -> bool {
        self.before(at).is_none_or(|sign| matches!(sign, "-" | "+"))
    }

    pub(super) fn index_before(&self, at: usize) -> Option<usize> {
        (0..at).rev().find(|before| !self.tokens[*before].trim().is_empty())
    }

    pub(super) fn before(&self, at: usize) -> Option<&'s str> {
        self.index_before(at).map(|before| self.tokens[before])
    }

    pub(super) fn after(&self, from: usize) -> Option<usize> {
        (from..self.tokens.len()).find(|at| !self.tokens[*at].trim().is_empty())
    }
}

pub(super) fn is_string(token: &str) -> bool {
    token.starts_with(['\'', '"'])
}

/// Whether a string literal holds a line break, as such or escaped.
pub(super) fn breaks_line(token: &str) -> bool {
    ["\n", "\\n", "\\r", "\\x0a", "\\x0A", "\\u000a", "\\u000A"].iter().any(|sign| token.contains(sign))
}

/// Whether a token is a word.
pub(super) fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Words that are values by themselves.
pub(super) const LITERALS: [&str; 6] = ["true", "True", "false", "False", "none", "None"];

/// Words that stand between or before operands of an expression.
pub(super) const OPERATORS: [&str; 7] = ["and", "or", "not", "in", "is", "if", "else"];

/// First words of statements behind which an expression or a target begins.
const BEFORE_EXPRESSION: [&str; 8] = ["if", "elif", "return", "do", "for", "set", "with", "print"];

/// Strings, words and numbers, white space, and every other character by itself.
pub(super) fn tokens(source: &str) -> Vec<&str> {
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

/// The names among `tokens`, without those of attributes, defaults and signs.
pub(super) fn bound_names<'s>(tokens: &[&'s str]) -> Vec<&'s str> {
    let others = ["as", "import", "with", "without", "context", "recursive", "loop", "self"];
    let is_word = |token: &str| LITERALS.contains(&token) || OPERATORS.contains(&token) || others.contains(&token);
    tokens.iter().copied().filter(|token| is_name(token) && !is_word(token)).collect()
}

/// The names before `=` in the head of a `with`.
pub(super) fn assigned<'s>(tokens: &[&'s str]) -> Vec<&'s str> {
    let mut found = Vec::new();
    let mut depth = 0_i32;
    for (at, token) in tokens.iter().enumerate() {
        match *token {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            "=" if depth == 0 => found.extend(at.checked_sub(1).map(|before| tokens[before])),
            _ => {}
        }
    }
    bound_names(&found)
}

/// Where `sign` first stands outside of brackets.
pub(super) fn top_level(tokens: &[&str], sign: &str) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, token) in tokens.iter().enumerate() {
        match *token {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 && *token == sign {
            return Some(at);
        }
    }
    None
}
