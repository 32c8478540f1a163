//! Jinja2 that minijinja does not have or means otherwise, said in words that minijinja has.
//!
//! A source is rewritten before it is compiled. Nothing is added to or taken from the text outside
//! of tags, and no line break moves, so lines keep their numbers; [`Rewritten::original`] gives the
//! place in the source as it was written.
//!
//! - **Scope** (see [`scope`]): what an included file, a `set` or `filter` block sets stays there,
//!   a block that is not `scoped` does not see the loop around it, and an imported file sees no
//!   variables unless it is imported `with context`.
//! - **Macros** (see [`macros`]): defaults, `varargs` and `kwargs`.
//! - **Expressions** (see [`tag`]): `'%03d' % n`, `do` with any expression, lists and maps that
//!   `do` changes, an undefined that may be asked for attributes as AVD's and Ansible's, and line
//!   breaks that the template itself writes.

use std::collections::BTreeSet;

use super::segments::{Segment, segments, word};

mod macros;
mod names;
mod scope;
mod tag;
mod tokens;

pub(super) use macros::{DEFINE, MISSING};
pub(super) use names::{OUTSIDE, names, quoted};

use scope::Insertions;
use tag::Tag;

/// Marks the name of a template that is to see no variables but its own; behind it may stand names
/// to hide.
pub(super) const ALONE: char = '\u{1}';
/// The function that marks a template's name.
pub(super) const ALONE_FUNCTION: &str = "__alone";
/// The filter that makes an undefined value answer for its attributes.
pub(super) const CHAIN: &str = "__chain";
/// The function that ends a rendering with its argument as the reason.
pub(super) const REFUSE: &str = "__refuse";
/// The function that makes a text of the template's own, in which a line break is the template's
/// will.
pub(super) const OWN_TEXT: &str = "__text";
/// The function that makes Python's text of an operand of `~`.
pub(super) const AS_TEXT: &str = "__str";
/// The function that refuses a list which holds something undefined.
pub(super) const DEFINED: &str = "__defined";
/// The function that refuses what a namespace must not hold.
pub(super) const HOLD: &str = "__hold";
/// The `loop` around an include, as the included file sees it.
pub(super) const LOOP: &str = "__loop";

/// How a template is to be read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Dialect {
    /// An attribute of something undefined is undefined, as with AVD and Ansible, instead of an
    /// error.
    pub(super) chained: bool,
    /// Templates of the site change lists and maps in place, so literals must be changeable.
    pub(super) changes: bool,
}

/// A source for minijinja.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rewritten {
    pub(super) text: String,
    /// Offsets in `text` and in the original at which a piece of the original begins, in order.
    anchors: Vec<(usize, usize)>,
}

impl Rewritten {
    /// The offset in the original of an offset in the text. What was added stands where the next
    /// piece begins.
    pub(super) fn original(&self, offset: usize) -> usize {
        match self.anchors.partition_point(|(at, _)| *at <= offset).checked_sub(1) {
            Some(index) => {
                let (at, original) = self.anchors[index];
                let end = self.anchors.get(index + 1).map_or(usize::MAX, |(_, next)| *next);
                (original + offset - at).min(end)
            }
            None => 0,
        }
    }

    fn push(&mut self, piece: &str, original: usize) {
        self.anchors.push((self.text.len(), original));
        self.text.push_str(piece);
    }
}

/// `source` for minijinja. A macro that includes another file must enclose what that file may read:
/// `included` holds these names.
pub(super) fn rewritten(source: &str, dialect: Dialect, included: &BTreeSet<String>) -> Rewritten {
    let segments = segments(source);
    let Insertions { before, after, replaced, free_loops, macros } = Insertions::of(source, &segments, included);
    let mut result = Rewritten::default();
    for (index, segment) in segments.iter().enumerate() {
        let piece = &source[segment.range()];
        let start = segment.range().start;
        result.text.push_str(before.get(&index).map_or("", String::as_str));
        match (segment, replaced.get(&index)) {
            (_, Some(other)) => result.push(other, start),
            _ if macros.contains_key(&index) => macros[&index].write(source, dialect, &mut result),
            (Segment::Expression(_) | Segment::Statement(_), None) if is_whole(piece) => {
                let is_statement = matches!(segment, Segment::Statement(_));
                let tag = Tag::new(&piece[2..piece.len() - 2], if is_statement { word(piece) } else { "" });
                result.push(&piece[..2], start);
                tag.rewrite(dialect, free_loops.contains(&index), start + 2, &mut result);
                result.push(&piece[piece.len() - 2..], start + piece.len() - 2);
            }
            _ => result.push(piece, start),
        }
        result.text.push_str(after.get(&index).map_or("", String::as_str));
    }
    result
}

/// `rewritten` for a template that is to see no variables but its own, apart from what its includer
/// hands over: each of `hidden` is undefined at its beginning.
pub(super) fn alone(rewritten: &Rewritten, hidden: impl IntoIterator<Item = impl AsRef<str>>) -> Rewritten {
    let mut text = String::new();
    for name in hidden {
        let name = name.as_ref();
        text.push_str(&format!("{{% set {name} = {OUTSIDE}.{name} +%}}"));
    }
    let shift = text.len();
    let anchors = rewritten.anchors.iter().map(|(at, original)| (at + shift, *original)).collect();
    Rewritten { text: text + &rewritten.text, anchors }
}

/// An expression that ends the rendering with a reason.
fn refusal(reason: &str) -> String {
    format!("{{{{ {REFUSE}(\"{reason}\") }}}}")
}

/// Whether a tag has both its delimiters.
fn is_whole(tag: &str) -> bool {
    tag.len() >= 4 && (tag.ends_with("}}") || tag.ends_with("%}"))
}

#[cfg(test)]
mod tests;
