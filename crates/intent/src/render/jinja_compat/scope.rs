//! Which variables are seen where, as Jinja2 has it.
//!
//! minijinja runs an included file, an imported file and the body of a `set` or `filter` block in
//! the frame of the template around it. Tags put around these give each a frame of its own. The
//! rest of Jinja2's rules:
//!
//! - A block that is not `scoped` sees what its template sees at the top, not what the loops and
//!   blocks around it bind.
//! - An included file sees `loop` only if the loop around the include uses it. `loop` cannot be
//!   assigned, so the included file reads it by another name.
//! - A macro keeps whatever it, the defaults of its arguments and the files that it includes may
//!   read.
//! - `break` and `continue` do not leave a `with`: minijinja would lose count of its frames.

use std::collections::{BTreeMap, BTreeSet};

use super::super::segments::{Segment, word};
use super::macros::{KWARGS, MacroHead, VARARGS};
use super::names::{names, reads};
use super::tokens::{assigned, bound_names, tokens, top_level};
use super::{LOOP, is_whole, refusal};

/// What is put around the segments of a source, by their index.
#[derive(Default)]
pub(super) struct Insertions {
    pub(super) before: BTreeMap<usize, String>,
    pub(super) after: BTreeMap<usize, String>,
    pub(super) replaced: BTreeMap<usize, String>,
    /// Segments in which `loop` is that of whoever includes this file.
    pub(super) free_loops: BTreeSet<usize>,
    /// Heads of macros that are written anew.
    pub(super) macros: BTreeMap<usize, MacroHead>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScopeKind {
    For,
    ForElse,
    With,
    Block {
        scoped: bool,
    },
    SetBlock,
    Filter,
    Macro,
    Call,
    /// `if` and whatever else has no frame of its own.
    Plain,
}

/// A statement with a body.
#[derive(Debug)]
struct Scope<'s> {
    kind: ScopeKind,
    open: usize,
    close: usize,
    parent: Option<usize>,
    /// Names that its head or a statement of its body binds.
    bound: BTreeSet<&'s str>,
    /// Whether a statement of its body sets something.
    sets: bool,
    uses_loop: bool,
    includes: bool,
}

struct Reader<'s> {
    source: &'s str,
    segments: &'s [Segment],
    scopes: Vec<Scope<'s>>,
    /// Indexes of the scopes that are open.
    open: Vec<usize>,
    includes: Vec<usize>,
    jumps: Vec<usize>,
    insertions: Insertions,
}

impl Insertions {
    /// What `source` needs. Nothing if its statements do not match: the engine will refuse it.
    pub(super) fn of(source: &str, segments: &[Segment], included: &BTreeSet<String>) -> Self {
        let reader = Reader {
            source,
            segments,
            scopes: Vec::new(),
            open: Vec::new(),
            includes: Vec::new(),
            jumps: Vec::new(),
            insertions: Self::default(),
        };
        reader.read().map(|reader| reader.inserted(included)).unwrap_or_default()
    }
}

impl<'s> Reader<'s> {
    fn read(mut self) -> Option<Self> {
        for (index, segment) in self.segments.iter().enumerate() {
            let piece = &self.source[segment.range()];
            match segment {
                Segment::Expression(_) => self.note_loop(index, &tokens(piece)),
                Segment::Statement(_) if is_whole(piece) => self.statement(index, piece)?,
                _ => {}
            }
        }
        self.open.is_empty().then_some(self)
    }

    fn statement(&mut self, index: usize, piece: &'s str) -> Option<()> {
        let all = tokens(&piece[2..piece.len() - 2]);
        let tokens: Vec<&str> = all.into_iter().filter(|token| !token.trim().is_empty()).collect();
        let tokens = if matches!(tokens.first(), Some(&("-" | "+"))) { &tokens[1..] } else { &tokens[..] };
        let word = word(piece);
        self.note_loop(index, tokens);
        match word {
            "for" => {
                let to = tokens.iter().position(|token| *token == "in").unwrap_or(tokens.len());
                self.open(ScopeKind::For, index, bound_names(&tokens[1..to]));
                if tokens.last() == Some(&"recursive") || tokens.iter().rev().nth(1) == Some(&"recursive") {
                    self.top()?.uses_loop = true;
                }
            }
            "else" if self.top().is_some_and(|scope| scope.kind == ScopeKind::For) => {
                self.close(index, |kind| kind == ScopeKind::For)?;
                self.open(ScopeKind::ForElse, index, Vec::new());
            }
            "endfor" => self.close(index, |kind| matches!(kind, ScopeKind::For | ScopeKind::ForElse))?,
            "with" => self.open(ScopeKind::With, index, assigned(&tokens[1..])),
            "endwith" => self.close(index, |kind| kind == ScopeKind::With)?,
            "block" => self.open(ScopeKind::Block { scoped: tokens.contains(&"scoped") }, index, Vec::new()),
            "endblock" => self.close(index, |kind| matches!(kind, ScopeKind::Block { .. }))?,
            "set" => {
                let to = top_level(tokens, "=").unwrap_or(tokens.len());
                let end = top_level(tokens, "|").map_or(to, |bar| bar.min(to));
                let is_block = top_level(tokens, "=").is_none();
                if !tokens[1..end].contains(&".") {
                    self.bind(&bound_names(&tokens[1..end]));
                }
                if is_block {
                    self.open(ScopeKind::SetBlock, index, Vec::new());
                }
            }
            "endset" => self.close(index, |kind| kind == ScopeKind::SetBlock)?,
            "filter" => self.open(ScopeKind::Filter, index, Vec::new()),
            "endfilter" => self.close(index, |kind| kind == ScopeKind::Filter)?,
            "macro" => {
                self.bind(&tokens.get(1).copied().into_iter().collect::<Vec<_>>());
                self.open(ScopeKind::Macro, index, bound_names(tokens.get(2..).unwrap_or_default()));
            }
            "endmacro" => self.close(index, |kind| kind == ScopeKind::Macro)?,
            "call" => {
                let arguments = if tokens.get(1) == Some(&"(") { top_level(&tokens[1..], ")") } else { None };
                self.open(ScopeKind::Call, index, bound_names(&tokens[1..arguments.map_or(1, |end| end + 1)]));
            }
            "endcall" => self.close(index, |kind| kind == ScopeKind::Call)?,
            "if" | "autoescape" => self.open(ScopeKind::Plain, index, Vec::new()),
            "endif" | "endautoescape" => self.close(index, |kind| kind == ScopeKind::Plain)?,
            "import" | "from" => self.bind(&bound_names(&tokens[1..])),
            "include" => self.include(index, tokens.contains(&"without")),
            "break" | "continue" => self.jump(index),
            _ => {}
        }
        Some(())
    }

    fn top(&mut self) -> Option<&mut Scope<'s>> {
        self.open.last().map(|at| &mut self.scopes[*at])
    }

    fn open(&mut self, kind: ScopeKind, index: usize, bound: Vec<&'s str>) {
        let parent = self.open.last().copied();
        self.open.push(self.scopes.len());
        self.scopes.push(Scope {
            kind,
            open: index,
            close: index,
            parent,
            bound: bound.into_iter().collect(),
            sets: false,
            uses_loop: false,
            includes: false,
        });
    }

    fn close(&mut self, index: usize, fits: impl Fn(ScopeKind) -> bool) -> Option<()> {
        let scope = self.top().filter(|scope| fits(scope.kind))?;
        scope.close = index;
        self.open.pop();
        Some(())
    }

    /// Binds names in the frame at hand; a statement without a frame leaves that to the one around
    /// it.
    fn bind(&mut self, names: &[&'s str]) {
        for at in self.open.iter().rev() {
            let scope = &mut self.scopes[*at];
            scope.sets = true;
            scope.bound.extend(names);
            if scope.kind != ScopeKind::Plain {
                break;
            }
        }
    }

    /// A `loop` belongs to every loop around it up to a block; without one, to whoever includes
    /// this file.
    fn note_loop(&mut self, index: usize, tokens: &[&str]) {
        if !tokens.contains(&"loop") {
            return;
        }
        let mut is_free = true;
        for at in self.open.iter().rev() {
            let scope = &mut self.scopes[*at];
            match scope.kind {
                ScopeKind::For => {
                    scope.uses_loop = true;
                    is_free = false;
                }
                ScopeKind::Block { .. } => break,
                _ => {}
            }
        }
        if is_free {
            self.insertions.free_loops.insert(index);
        }
    }

    /// Jinja2 writes what is included without context past a text that is being captured.
    fn include(&mut self, index: usize, alone: bool) {
        let captures = |at: &usize| {
            matches!(
                self.scopes[*at].kind,
                ScopeKind::Macro | ScopeKind::Call | ScopeKind::SetBlock | ScopeKind::Filter
            )
        };
        if alone && self.open.iter().any(captures) {
            let reason = "include without context inside of a macro, set, filter or call block is written before that \
                          block by Jinja2; include it with context";
            self.insertions.replaced.insert(index, refusal(reason));
            return;
        }
        self.includes.push(index);
        for at in self.open.iter().rev() {
            self.scopes[*at].includes = true;
            if self.scopes[*at].kind == ScopeKind::Macro {
                break;
            }
        }
    }

    fn jump(&mut self, index: usize) {
        for at in self.open.iter().rev() {
            match self.scopes[*at].kind {
                ScopeKind::Plain => {}
                ScopeKind::For => return,
                _ => return self.jumps.push(index),
            }
        }
    }

    fn inserted(mut self, included: &BTreeSet<String>) -> Insertions {
        for index in std::mem::take(&mut self.includes) {
            self.around(index, index, "with", "endwith");
        }
        for at in 0..self.scopes.len() {
            let Scope { kind, open, close, sets, uses_loop, includes, .. } = self.scopes[at];
            match kind {
                ScopeKind::SetBlock | ScopeKind::Filter | ScopeKind::ForElse if sets => {
                    self.inside(open, close, "with", "endwith")
                }
                ScopeKind::For if self.hands_on_loop(at, uses_loop) => {
                    self.behind(open, &format!("set {LOOP} = loop"));
                }
                ScopeKind::Macro => {
                    self.enclose(open, close, included, includes);
                    self.define(open, close);
                }
                ScopeKind::Call => {
                    self.enclose(open, close, included, includes);
                    self.refuse_rest(open, close);
                }
                ScopeKind::Block { scoped: false } => self.unscoped(at),
                _ => {}
            }
        }
        for index in std::mem::take(&mut self.jumps) {
            let statement = word(&self.source[self.segments[index].range()]);
            let reason = format!("{statement} inside of `with`, `set` or `filter` is not possible here; use `if`");
            self.insertions.replaced.insert(index, refusal(&reason));
        }
        self.insertions
    }

    /// Makes a macro keep every name that it may read: the engine does not look into slices, the
    /// defaults of arguments and what is included.
    fn enclose(&mut self, open: usize, close: usize, included: &BTreeSet<String>, includes: bool) {
        let mut names = names(&self.source[self.segments[open].range().start..self.segments[close].range().start]);
        names.extend(included.iter().filter(|_| includes).cloned());
        if !names.is_empty() {
            let names = Vec::from_iter(names).join(", ");
            self.behind(open, "if false");
            self.behind(open, &format!("set __sees = [{names}]"));
            self.behind(open, "endif");
        }
    }

    /// Lets a macro take its arguments as Jinja2 has it, see [`super::macros`].
    fn define(&mut self, open: usize, close: usize) {
        let head = self.segments[open].range();
        let body = &self.source[head.end..self.segments[close].range().start];
        let Some(head) = MacroHead::read(self.source, head, body) else { return };
        self.behind(close, &head.definition());
        self.insertions.macros.insert(open, head);
    }

    /// Refuses the further arguments of a caller: they would be those of the macro around it.
    fn refuse_rest(&mut self, open: usize, close: usize) {
        let body = &self.source[self.segments[open].range().end..self.segments[close].range().start];
        if let Some(name) = [VARARGS, KWARGS].into_iter().find(|name| reads(body, name)) {
            let reason = format!("{name} is not possible inside of a call block here; name the arguments");
            let entry = self.insertions.before.entry(open).or_default();
            entry.insert_str(0, &refusal(&reason));
        }
    }

    /// Whether a loop that uses `loop`, or has a scoped block, has somebody to hand it to.
    fn hands_on_loop(&self, at: usize, uses_loop: bool) -> bool {
        let scope = &self.scopes[at];
        let within = |other: &&Scope<'_>| scope.open < other.open && other.close < scope.close;
        let scoped = self.scopes.iter().filter(within).any(|other| other.kind == ScopeKind::Block { scoped: true });
        (uses_loop && scope.includes) || scoped
    }

    /// Hides from a block what the scopes around it bind.
    fn unscoped(&mut self, at: usize) {
        let (open, close) = (self.scopes[at].open, self.scopes[at].close);
        let mut hidden = BTreeSet::new();
        let mut outermost = None;
        let mut parent = self.scopes[at].parent;
        while let Some(around) = parent {
            let scope = &self.scopes[around];
            if scope.kind != ScopeKind::Plain {
                hidden.extend(scope.bound.iter().copied());
                if scope.kind == ScopeKind::For {
                    hidden.insert(LOOP);
                }
                outermost = Some(around);
            }
            parent = scope.parent;
        }
        let Some(outermost) = outermost.filter(|_| !hidden.is_empty()) else { return };
        let list = |pair: &dyn Fn(&str) -> String| hidden.iter().map(|name| pair(name)).collect::<Vec<_>>().join(", ");
        let kept = format!("with {}", list(&|name| format!("__top_{name} = {name}")));
        let shown = format!("with {}", list(&|name| format!("{name} = __top_{name}")));
        let scope = &self.scopes[outermost];
        let (first, last) = (scope.open, scope.close);
        if matches!(scope.kind, ScopeKind::Block { .. }) {
            self.inside(first, last, &kept, "endwith");
        } else {
            self.around(first, last, &kept, "endwith");
        }
        self.around(open, close, &shown, "endwith");
    }

    /// Puts statements around the segments from `first` to `last`.
    fn around(&mut self, first: usize, last: usize, before: &str, after: &str) {
        let before = self.statement_like(first, before, true);
        let after = self.statement_like(last, after, false);
        let entry = self.insertions.before.entry(first).or_default();
        *entry = before + entry;
        self.insertions.after.entry(last).or_default().push_str(&after);
    }

    /// Puts statements behind the segment `open` and before the segment `close`.
    fn inside(&mut self, open: usize, close: usize, first: &str, last: &str) {
        let first = self.statement_like(open, first, false);
        let last = self.statement_like(close, last, true);
        let entry = self.insertions.after.entry(open).or_default();
        *entry = first + entry;
        self.insertions.before.entry(close).or_default().push_str(&last);
    }

    /// Puts a statement behind the segment `at`.
    fn behind(&mut self, at: usize, statement: &str) {
        let statement = self.statement_like(at, statement, false);
        self.insertions.after.entry(at).or_default().push_str(&statement);
    }

    /// A statement that trims white space as the one at `at` does on its left or right side.
    fn statement_like(&self, at: usize, statement: &str, left: bool) -> String {
        let piece = &self.source[self.segments[at].range()];
        let sign = |found: Option<char>| found.filter(|c| matches!(c, '-' | '+')).map(String::from).unwrap_or_default();
        let (start, end) = match left {
            true => (sign(piece.chars().nth(2)), String::new()),
            false => (String::new(), sign(piece.chars().rev().nth(2))),
        };
        format!("{{%{start} {statement} {end}%}}")
    }
}
