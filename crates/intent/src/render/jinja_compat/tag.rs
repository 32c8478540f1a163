//! The inside of one tag, rewritten token by token.
//!
//! - A string literal before `%`: `'%03d' % n` becomes `'%03d' |format(n)`. A variable that holds
//!   the format is not known as one.
//! - `do`, which minijinja has for calls only, becomes a `set` of a name that nobody reads.
//! - List and map literals become objects that can be changed, see [`super::super::mutable`].
//! - `a.b.c` becomes `((a|__chain).b|__chain).c` where an undefined may be asked for attributes.
//! - A literal with a line break that joins, surrounds or formats other text becomes a text of the
//!   template's own.
//! - `a ~ b` becomes `__str(a) ~ __str(b)`: the engine writes numbers and lists otherwise than
//!   Python.
//! - The name of a file that is imported, or included `without context`, is marked, see
//!   [`super::ALONE`].

use super::super::mutable;
use super::tokens::{breaks_line, is_name, is_string, tokens};
use super::{ALONE_FUNCTION, AS_TEXT, CHAIN, DEFINED, Dialect, HOLD, LOOP, OWN_TEXT, Rewritten};

/// What a `do` sets.
const DONE: &str = "__done";

/// Names that always have what they are asked for, or fail by themselves.
const NEVER_CHAINED: [&str; 5] = ["loop", "self", "caller", "super", "varargs"];

/// The tokens of a tag, and its first word if it is a statement.
pub(super) struct Tag<'s> {
    pub(super) tokens: Vec<&'s str>,
    pub(super) word: &'s str,
}

/// The pieces that a tag is written anew from: for each token what stands before it, itself, and
/// what stands behind it.
struct Pieces {
    before: Vec<String>,
    token: Vec<String>,
    behind: Vec<String>,
}

impl<'s> Tag<'s> {
    pub(super) fn new(inner: &'s str, word: &'s str) -> Self {
        Self { tokens: tokens(inner), word }
    }

    /// Writes the tag's inside, which begins at `start` of the original.
    pub(super) fn rewrite(&self, dialect: Dialect, free_loop: bool, start: usize, result: &mut Rewritten) {
        let pieces = self.pieces(dialect, free_loop);
        let mut original = start;
        for (at, token) in self.tokens.iter().enumerate() {
            result.text.push_str(&pieces.before[at]);
            result.push(&pieces.token[at], original);
            result.text.push_str(&pieces.behind[at]);
            original += token.len();
        }
    }

    fn pieces(&self, dialect: Dialect, free_loop: bool) -> Pieces {
        let count = self.tokens.len();
        let mut pieces = Pieces {
            before: vec![String::new(); count],
            token: self.tokens.iter().map(ToString::to_string).collect(),
            behind: vec![String::new(); count],
        };
        let loads = matches!(self.word, "include" | "extends" | "import" | "from");
        for at in 0..count {
            match self.tokens[at] {
                "do" if self.is_first(at) && self.after(at + 1).is_some() => {
                    pieces.token[at] = format!("set {DONE} =");
                }
                "loop" if free_loop && self.is_variable(at) => pieces.token[at] = LOOP.to_owned(),
                "in" => self.check_items(at, &mut pieces),
                "%" if self.before(at).is_some_and(is_string) => self.format(at, &mut pieces),
                open @ ("[" | "{") if dialect.changes && !loads => self.literal(at, open, &mut pieces),
                token if is_string(token) && self.is_own_text(at) => {
                    pieces.before[at] = format!("{OWN_TEXT}(");
                    pieces.behind[at] = ")".to_owned();
                }
                _ => {}
            }
        }
        if loads {
            self.mark_alone(&mut pieces);
        } else if dialect.chained {
            self.chain(&mut pieces);
        }
        if !loads {
            self.texts(&mut pieces);
        }
        self.hold(&mut pieces);
        pieces
    }

    /// Lets a value be looked at before a namespace takes it: one that holds itself could not be
    /// printed.
    fn hold(&self, pieces: &mut Pieces) {
        let equals = (0..self.tokens.len()).find(|at| self.tokens[*at] == "=" && self.is_at_top(*at));
        let Some(equals) = equals.filter(|at| self.word == "set" && self.tokens[..*at].contains(&".")) else { return };
        let last = (equals + 1..self.tokens.len()).rev().find(|at| !matches!(self.tokens[*at].trim(), "" | "-" | "+"));
        if let (Some(first), Some(last)) = (self.after(equals + 1), last) {
            pieces.before[first].insert_str(0, &format!("{HOLD}("));
            pieces.behind[last].push(')');
        }
    }

    /// Lets something undefined be refused in a list that is written behind `in`.
    fn check_items(&self, at: usize, pieces: &mut Pieces) {
        let open = self.after(at + 1).filter(|open| matches!(self.tokens[*open], "[" | "("));
        let close = open.and_then(|open| self.closing(open).map(|close| (open, close)));
        let negated = self.index_before(at).filter(|not| self.tokens[*not] == "not");
        let is_test = self.before(negated.unwrap_or(at)) == Some("is");
        if let Some((open, close)) = close.filter(|_| self.word != "for" && !is_test) {
            pieces.before[open].insert_str(0, &format!("{DEFINED}("));
            pieces.behind[close].push(')');
        }
    }

    /// Lets Python's text be made of each operand of `~`.
    fn texts(&self, pieces: &mut Pieces) {
        for at in (0..self.tokens.len()).filter(|at| self.tokens[*at] == "~") {
            let left = self.operand_before(at).filter(|first| self.before(*first) != Some("~"));
            let left = left.and_then(|first| Some((first, self.index_before(at)?)));
            let is_text = |(first, last): &(usize, usize)| first == last && is_string(self.tokens[*first]);
            for (first, last) in left.into_iter().chain(self.operand_behind(at)).filter(|range| !is_text(range)) {
                pieces.before[first].insert_str(0, &format!("{AS_TEXT}("));
                pieces.behind[last].push(')');
            }
        }
    }

    /// Makes a list or map that can be changed of a literal.
    fn literal(&self, at: usize, open: &str, pieces: &mut Pieces) {
        if self.follows_operand(at) {
            return;
        }
        if let Some(close) = self.closing(at) {
            pieces.before[at].push_str(if open == "[" { mutable::LIST } else { mutable::MAP });
            pieces.before[at].push('(');
            pieces.behind[close].push(')');
        }
    }

    /// `% operand` to `|format(operand)`, `% (a, b)` to `|format(a, b)`.
    fn format(&self, at: usize, pieces: &mut Pieces) {
        let Some((first, last)) = self.operand(at + 1) else { return };
        let is_tuple = self.tokens[first] == "(" && self.closing(first) == Some(last) && self.has_comma(first, last);
        pieces.token[at] = "|format".to_owned();
        if !is_tuple {
            pieces.token[at].push('(');
            pieces.behind[last].push(')');
        }
    }

    /// Whether the literal at `at` has a line break that the template itself writes into other
    /// text: it joins a list, surrounds a value or is its format, replaces something, or is kept in
    /// a variable.
    fn is_own_text(&self, at: usize) -> bool {
        if !breaks_line(self.tokens[at]) || matches!(self.word, "include" | "extends" | "import" | "from") {
            return false;
        }
        let (before, after) = (self.before(at), self.after(at + 1).map(|next| self.tokens[next]));
        let beside = |sign| matches!(sign, Some("~" | "+"));
        let is_format = after == Some("%")
            || (after == Some("|")
                && self
                    .after(at + 1)
                    .and_then(|bar| self.after(bar + 1))
                    .is_some_and(|next| self.tokens[next] == "format"));
        let is_kept = before == Some("=") && matches!(self.word, "set" | "with") && self.depth(at) == 0;
        let joins_as_method = after == Some(".")
            && self.after(at + 1).and_then(|dot| self.after(dot + 1)).is_some_and(|next| self.tokens[next] == "join");
        beside(before)
            || beside(after)
            || is_format
            || is_kept
            || joins_as_method
            || self.is_argument_that_is_written(at)
    }

    /// Whether a literal is what `join` joins with or what `replace` puts in.
    fn is_argument_that_is_written(&self, at: usize) -> bool {
        let Some(open) = self.opening(at) else { return false };
        let Some(function) = self.index_before(open) else { return false };
        let is_filter = self.before(function) == Some("|");
        match self.tokens[function] {
            "join" => is_filter && self.before(at) == Some("("),
            "replace" => is_filter && self.before(at) == Some(","),
            _ => false,
        }
    }

    /// Marks the name of an imported file, unless it is imported `with context`; of an included
    /// one, if it is `without context`.
    fn mark_alone(&self, pieces: &mut Pieces) {
        let words: Vec<usize> = (0..self.tokens.len()).filter(|at| self.is_at_top(*at)).collect();
        let position = |word: &str| words.iter().copied().find(|at| self.tokens[*at] == word);
        let context = |word: &str| {
            position(word).is_some_and(|at| self.after(at + 1).is_some_and(|next| self.tokens[next] == "context"))
        };
        let marked = match self.word {
            "include" => context("without"),
            "import" | "from" => !context("with"),
            _ => false,
        };
        let Some(first) = position(self.word).and_then(|at| self.after(at + 1)).filter(|_| marked) else { return };
        let end = match self.word {
            "include" => position("ignore").or_else(|| position("without")),
            "import" => position("as"),
            _ => position("import"),
        };
        let Some(last) = end.and_then(|end| self.index_before(end)) else { return };
        pieces.before[first].insert_str(0, &format!("{ALONE_FUNCTION}("));
        let names = if self.word == "from" { self.imported(end.unwrap_or(last)) } else { String::new() };
        pieces.behind[last].push_str(&format!("{names})"));
    }

    /// The names behind `from … import`, as further arguments.
    fn imported(&self, import: usize) -> String {
        let mut names = String::new();
        let mut is_alias = false;
        for token in self.tokens[import + 1..].iter().filter(|token| !token.trim().is_empty()) {
            match *token {
                "as" => is_alias = true,
                "with" | "without" | "context" | "," | "-" | "+" | "(" | ")" => {}
                _ if is_alias => is_alias = false,
                name => names.push_str(&format!(", '{name}'")),
            }
        }
        names
    }

    /// Lets every attribute and item be asked of something that may be undefined.
    fn chain(&self, pieces: &mut Pieces) {
        let mut at = self.first_expression();
        while at < self.tokens.len() {
            let token = self.tokens[at];
            if let Some(end) = self.name_of_filter_or_test(at) {
                at = end;
            } else if is_name(token) && !NEVER_CHAINED.contains(&token) && self.is_variable(at) {
                self.chain_from(at, at, pieces);
                at += 1;
            } else if matches!(token, "(" | "[") && !self.follows_operand(at) {
                if let Some(close) = self.closing(at).filter(|_| token == "(") {
                    self.chain_from(at, close, pieces);
                }
                at += 1;
            } else {
                at += 1;
            }
        }
    }

    /// Chains the accessors behind the operand that reaches from `first` to `last`.
    fn chain_from(&self, first: usize, mut last: usize, pieces: &mut Pieces) {
        while let Some(next) = self.after(last + 1) {
            match self.tokens[next] {
                "." => {
                    let Some(name) = self.after(next + 1) else { return };
                    let is_call = self.after(name + 1).is_some_and(|open| self.tokens[open] == "(");
                    if !is_call {
                        wrap(first, last, pieces);
                    }
                    last = name;
                }
                "[" => {
                    let Some(close) = self.closing(next) else { return };
                    // A slice of something undefined is refused.
                    let outer = self.depth(next) + 1;
                    if !(next..close).any(|at| self.tokens[at] == ":" && self.depth(at) == outer) {
                        wrap(first, last, pieces);
                    }
                    last = close;
                }
                "(" => {
                    let Some(close) = self.closing(next) else { return };
                    last = close;
                }
                _ => return,
            }
        }
    }

    /// Where expressions begin: behind the targets of a `set` and the names that other statements
    /// begin with.
    fn first_expression(&self) -> usize {
        let top = |sign: &str| (0..self.tokens.len()).find(|at| self.tokens[*at] == sign && self.depth(*at) == 0);
        match self.word {
            "set" => top("=").or_else(|| top("|")).unwrap_or(self.tokens.len()),
            "for" => top("in").unwrap_or(0),
            "block" | "endblock" | "import" | "from" | "extends" => self.tokens.len(),
            "macro" | "filter" => {
                let word = (0..self.tokens.len()).find(|at| self.tokens[*at] == self.word);
                let mut at = word.and_then(|word| self.after(word + 1)).unwrap_or(0);
                while let Some(dot) = self.after(at + 1).filter(|dot| self.tokens[*dot] == ".") {
                    at = self.after(dot + 1).unwrap_or(self.tokens.len() - 1);
                }
                at + 1
            }
            _ => 0,
        }
    }

    /// The end of the name of a filter or test that begins at `at`, which may have dots.
    fn name_of_filter_or_test(&self, at: usize) -> Option<usize> {
        let before = self.before(at)?;
        let is_test =
            before == "is" || (before == "not" && self.index_before(at).and_then(|not| self.before(not)) == Some("is"));
        if !is_name(self.tokens[at]) || !(before == "|" || (is_test && self.tokens[at] != "not")) {
            return None;
        }
        let mut end = at;
        while let Some(dot) = self.after(end + 1).filter(|dot| self.tokens[*dot] == ".") {
            end = self.after(dot + 1)?;
        }
        Some(end + 1)
    }

    /// Whether the word at `at` is a variable, and no attribute, argument's name or keyword.
    fn is_variable(&self, at: usize) -> bool {
        let is_argument = self.depth(at) > 0
            && self.after(at + 1).is_some_and(|next| {
                self.tokens[next] == "=" && self.after(next + 1).is_none_or(|then| self.tokens[then] != "=")
            });
        self.before(at) != Some(".") && !is_argument && !self.is_keyword(at)
    }
}

fn wrap(first: usize, last: usize, pieces: &mut Pieces) {
    pieces.before[first].insert(0, '(');
    pieces.behind[last].push_str(&format!("|{CHAIN})"));
}
