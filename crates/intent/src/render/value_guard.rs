//! What a value may bring into the configuration when a template prints it.
//!
//! EOS has no quoting that would make a line break harmless, so a value is refused instead of
//! escaped:
//!
//! - A control character (other than line feed and tab), a Unicode line end or a noncharacter:
//!   always.
//! - A line break: unless it stands in the body of a multi-line command (`banner`, `comment`,
//!   `action bash`, `code`, a certificate), where the switch takes lines for text; or the template
//!   says `| safe`; or the value is one of AVD's fields for configuration lines, such as `eos_cli`;
//!   or the template itself writes the break, as in `lines | join("\n")`.
//! - A line `EOF`, which would end the body it stands in: unless it is the last line of a value of
//!   several lines, as AVD's banners have it, or body and end come from the same kind of value that
//!   the template calls safe.
//!
//! What a template captured itself (macros, `set` blocks, `call`) is text of the template; the
//! values in it were looked at when they were printed into it.
//!
//! Where a value stands in the finished text is known only at the end, so a text that may matter is
//! rendered a second time with every value between marks, and judged by these. If a filter has seen
//! the marks and the texts differ, that is refused too.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::bodies::{Bodies, LineRole};
use super::render_context::render_context;

// Noncharacters, which no text has a use for; `is_refused` keeps them out of values.
const VALUE: char = '\u{fdd0}';
const SAFE: char = '\u{fdd1}';
const END: char = '\u{fdd2}';

/// A character that no value may bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused;

/// The text of a value as the engine is to write it.
pub(super) fn print(text: &str) -> Result<Cow<'_, str>, Refused> {
    written(text, VALUE)
}

/// The text of a value that the template calls safe.
pub(super) fn print_safe(text: &str) -> Result<Cow<'_, str>, Refused> {
    written(text, SAFE)
}

fn written(text: &str, kind: char) -> Result<Cow<'_, str>, Refused> {
    let marks = |c| matches!(c, VALUE | SAFE | END);
    let marking = render_context(|context| {
        context.several_lines |= text.contains('\n');
        context.marking
    });
    if text.chars().any(|c| is_refused(c) && !(marking && marks(c))) {
        return Err(Refused);
    }
    if !marking || text.is_empty() {
        return Ok(Cow::Borrowed(text));
    }
    let by_definition = text.contains('\n') && render_context(|context| context.raw_lines.contains(&unindented(text)));
    let kind = if by_definition { SAFE } else { kind };
    Ok(Cow::Owned(format!("{kind}{text}{END}")))
}

/// Line feeds are looked at later, and the tab is white space to EOS.
fn is_refused(c: char) -> bool {
    // U+2028 and U+2029 are line ends to some editors and log viewers that a person may review the
    // diff in.
    (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fdd0}'..='\u{fdef}')
}

/// Whether a value of this text would be refused outside of bodies.
pub(super) fn is_suspicious(text: &str) -> bool {
    text.contains('\n') || text.chars().any(is_refused)
}

/// Whether `text` must be rendered with marks and judged.
pub(super) fn must_be_judged(text: &str, several_lines: bool) -> bool {
    several_lines || text.lines().any(|line| line.trim() == "EOF")
}

/// The text without its marks.
pub(super) fn unmarked(marked: &str) -> String {
    marked.chars().filter(|c| !matches!(*c, VALUE | SAFE | END)).collect()
}

/// A line that a value may not have made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The line, from 1.
    pub(super) line: usize,
    /// What stands in it.
    pub(super) text: String,
}

/// Whether no value made a line that it may not; the first such line otherwise.
pub(super) fn judge(marked: &str) -> Result<(), Refusal> {
    let mut bodies = Bodies::default();
    let mut open = Vec::new();
    let mut opened_by = None;
    let mut ended_by_value = false;
    for (index, line) in marked.split('\n').enumerate() {
        let line = Line::read(line, &mut open);
        let place = bodies.next(&line.text);
        let ends = line.text.trim() == "EOF";
        let allowed = match place {
            LineRole::Command => !line.is_added_by_value(),
            LineRole::Opens => {
                opened_by = line.made_by;
                !line.is_added_by_value() && line.first_word != Some(VALUE)
            }
            LineRole::Body | LineRole::Ends if ends && line.made_by.is_some() => {
                ended_by_value = true;
                line.may_end_body(opened_by)
            }
            LineRole::Body | LineRole::Ends => true,
            LineRole::Stray => !ended_by_value && line.made_by.is_none(),
        };
        if !allowed {
            return Err(Refusal { line: index + 1, text: line.text });
        }
    }
    Ok(())
}

/// What is known of one line. Of values inside of values the outermost counts.
#[derive(Debug)]
struct Line {
    text: String,
    /// The kind of value that its first character other than white space comes from.
    first_word: Option<char>,
    /// The kind of value that any such character comes from.
    made_by: Option<char>,
    /// Whether all of them come from values.
    wholly: bool,
    /// The kind of value that the line break before it comes from.
    begins: Option<char>,
    /// The kind of value that the line break at its end comes from.
    breaks: Option<char>,
}

impl Line {
    fn read(marked: &str, open: &mut Vec<char>) -> Self {
        let begins = open.first().copied();
        let mut line =
            Self { text: String::new(), first_word: None, made_by: None, wholly: true, begins, breaks: None };
        for c in marked.chars() {
            match c {
                VALUE | SAFE => open.push(c),
                END => drop(open.pop()),
                c => {
                    line.take(c, open.first().copied());
                }
            }
        }
        line.breaks = open.first().copied();
        line
    }

    fn take(&mut self, c: char, of: Option<char>) {
        if !c.is_whitespace() {
            if self.text.trim().is_empty() {
                self.first_word = of;
            }
            self.made_by = self.made_by.or(of);
            self.wholly &= of.is_some();
        }
        self.text.push(c);
    }

    /// Whether a value breaks this line or goes on in it. White space behind a body that the value
    /// ended adds nothing.
    fn is_added_by_value(&self) -> bool {
        let goes_on = self.begins == Some(VALUE) && self.first_word == Some(VALUE);
        let blank = self.begins == Some(VALUE) && self.text.trim().is_empty();
        goes_on || (self.breaks == Some(VALUE) && !blank)
    }

    fn may_end_body(&self, opened_by: Option<char>) -> bool {
        let all_safe = self.made_by == Some(SAFE) && opened_by == Some(SAFE);
        self.wholly && (all_safe || self.begins.is_some())
    }
}

/// The texts of AVD's fields for configuration lines, unless the same text stands elsewhere too:
/// `eos_cli` and `raw_eos_cli` anywhere, `aliases` at the top, and `config` of a `tcam_profile`'s
/// profiles.
pub(super) fn raw_lines<'d>(data: impl IntoIterator<Item = &'d Map<String, Value>>) -> Vec<String> {
    let mut texts = Texts::default();
    for map in data {
        let mut path = Vec::new();
        map.iter().for_each(|(key, value)| texts.visit(key, value, &mut path));
    }
    texts.raw.retain(|text| !texts.other.contains(text));
    texts.raw
}

/// Texts of several lines, by whether they are configuration lines by definition.
#[derive(Default)]
struct Texts {
    raw: Vec<String>,
    other: Vec<String>,
}

impl Texts {
    fn visit<'d>(&mut self, key: &'d str, value: &'d Value, path: &mut Vec<&'d str>) {
        path.push(key);
        match value {
            Value::String(text) if text.contains('\n') => {
                let list = if is_raw(path) { &mut self.raw } else { &mut self.other };
                list.push(unindented(text));
            }
            Value::Array(items) => {
                path.pop();
                items.iter().for_each(|item| self.visit(key, item, path));
                return;
            }
            Value::Object(map) => map.iter().for_each(|(key, item)| self.visit(key, item, path)),
            _ => {}
        }
        path.pop();
    }
}

/// Whether AVD defines the field at this path, from the data's top, as configuration lines.
fn is_raw(path: &[&str]) -> bool {
    matches!(path, [.., "eos_cli" | "raw_eos_cli"] | ["aliases"] | ["tcam_profile", "profiles", "config"])
}

/// Templates indent such lines before they print them.
fn unindented(text: &str) -> String {
    text.trim().lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

/// Where in `data` values stand that would be refused and have a part of the refused line, in the
/// words of a template. Without a line it is every value that would be refused.
pub(super) fn suspects(name: &str, data: &Value, line: Option<&str>) -> Vec<String> {
    let is_meant = |text: &str| is_suspicious(text) && line.is_none_or(|line| shares_line(text, line));
    match data {
        Value::String(text) if is_meant(text) => vec![name.to_owned()],
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.flat_map(|(index, item)| suspects(&format!("{name}[{index}]"), item, line)).collect()
        }
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, item)| {
                let key_itself = is_meant(key).then(|| format!("a key of {name}"));
                key_itself.into_iter().chain(suspects(&format!("{name}.{}", key.escape_debug()), item, line))
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether a line of the text is part of a line of the configuration. A filter may have changed its
/// case.
fn shares_line(text: &str, line: &str) -> bool {
    let line = line.trim().to_lowercase();
    text.lines()
        .map(|part| part.trim().to_lowercase())
        .any(|part| line.contains(&part) && (!part.is_empty() || line.is_empty()))
}
