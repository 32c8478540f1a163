//! Template source cut into text and tags, the same for both engines.
//!
//! The engines keep their lexers to themselves. This one knows only where tags begin and end,
//! comments and `raw`; what is inside of a tag it leaves alone.

use std::ops::Range;

/// A piece of a template's source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// Text that is written as it stands, apart from trimming.
    Text(Range<usize>),
    /// `{{ … }}`, with its delimiters.
    Expression(Range<usize>),
    /// `{% … %}`, with its delimiters.
    Statement(Range<usize>),
    /// `{# … #}`.
    Comment(Range<usize>),
}

impl Segment {
    /// Where it stands in the source.
    pub(super) fn range(&self) -> Range<usize> {
        let (Self::Text(range) | Self::Expression(range) | Self::Statement(range) | Self::Comment(range)) = self;
        range.clone()
    }
}

/// All of `source`, in order and without gaps. A tag that never ends reaches to the end of the
/// source: the engine refuses it.
pub(super) fn segments(source: &str) -> Vec<Segment> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < source.len() {
        let start = next_tag(source, at);
        if at < start {
            found.push(Segment::Text(at..start));
        }
        if start == source.len() {
            break;
        }
        let tag = tag(source, start);
        at = tag.range().end;
        let is_raw = matches!(&tag, Segment::Statement(range) if word(&source[range.clone()]) == "raw");
        found.push(tag);
        if is_raw {
            let end = end_of_raw(source, at);
            if at < end {
                found.push(Segment::Text(at..end));
            }
            at = end;
        }
    }
    found
}

/// The first word of a tag, such as `for`.
pub(super) fn word(tag: &str) -> &str {
    let inner = tag.get(2..).unwrap_or_default().trim_start_matches(['-', '+']).trim_start();
    let end = inner.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inner.len());
    &inner[..end]
}

fn next_tag(source: &str, from: usize) -> usize {
    let opens = |at: &usize| matches!(source.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#'));
    source[from..].match_indices('{').map(|(at, _)| from + at).find(opens).unwrap_or(source.len())
}

fn tag(source: &str, start: usize) -> Segment {
    let end = |closing: &str| skip_to(source, start + 2, closing);
    match source.as_bytes()[start + 1] {
        b'{' => Segment::Expression(start..end("}}")),
        b'%' => Segment::Statement(start..end("%}")),
        _ => {
            let closed = source[start + 2..].find("#}").map(|at| start + 2 + at + 2);
            Segment::Comment(start..closed.unwrap_or(source.len()))
        }
    }
}

/// Behind the next `closing` that stands in no string and, for `}}`, closes no map literal.
fn skip_to(source: &str, from: usize, closing: &str) -> usize {
    let bytes = source.as_bytes();
    let (mut at, mut maps) = (from, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'') => at = after_string(bytes, at, quote),
            _ if maps == 0 && source.get(at..).is_some_and(|rest| rest.starts_with(closing)) => return at + 2,
            b'{' => {
                maps += 1;
                at += 1;
            }
            b'}' => {
                maps = maps.saturating_sub(1);
                at += 1;
            }
            _ => at += 1,
        }
    }
    source.len()
}

/// Behind the string that begins at `at`.
pub(super) fn after_string(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut at = at + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn end_of_raw(source: &str, from: usize) -> usize {
    source[from..]
        .match_indices("{%")
        .map(|(at, _)| from + at)
        .find(|at| word(&source[*at..]) == "endraw")
        .unwrap_or(source.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(source: &str) -> Vec<&str> {
        segments(source).iter().map(|segment| &source[segment.range()]).collect()
    }

    #[test]
    fn text_and_tags_are_told_apart() {
        for (source, expected) in [
            ("a {{ b }} c", vec!["a ", "{{ b }}", " c"]),
            ("{{ '}}' }}{# {{ #}", vec!["{{ '}}' }}", "{# {{ #}"]),
            ("{{ {'a': {'b': 1}} }}", vec!["{{ {'a': {'b': 1}} }}"]),
            ("{%- raw -%}{{ a }}{%- endraw %}b", vec!["{%- raw -%}", "{{ a }}", "{%- endraw %}", "b"]),
            ("{ {% if \"%}\" %}", vec!["{ ", "{% if \"%}\" %}"]),
            ("{{ never", vec!["{{ never"]),
        ] {
            assert_eq!(cut(source), expected);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost(source in "([{}%#'\"\\\\ an\n-]|raw|endraw|é|for){0,40}") {
            prop_assert_eq!(cut(&source).concat(), source);
        }
    }
}
