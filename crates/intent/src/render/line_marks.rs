//! Which template line a rendered line comes from, for the engine that does not say.
//!
//! Each piece of a template's text is marked with two private-use characters, the template's number
//! and the line's. Rendering such templates gives the usual text with marks in it. Text that white
//! space control would trim gets none, since a mark is no white space. A template that looks at
//! captured text (its length, say) may notice the marks, so the result counts only if it is the
//! usual text once they are taken out.

use super::segments::{Segment, segments, word};
use super::sources::Sources;

/// First character for a template's number, and how many there are.
const TEMPLATES: u32 = 0xf_0000;
/// First character for a line.
const LINES: u32 = 0x10_0000;
const MOST: u32 = 0xfffe;

/// The templates by number.
pub(super) struct LineMarks {
    templates: Vec<String>,
}

impl LineMarks {
    pub(super) fn of(sources: &Sources) -> Self {
        Self { templates: sources.texts.keys().cloned().collect() }
    }

    /// `source` of the template at `path`, with marks.
    pub(super) fn mark(&self, path: &str, source: &str) -> String {
        let Ok(template) = self.templates.binary_search_by(|name| name.as_str().cmp(path)) else {
            return source.to_owned();
        };
        let segments = segments(source);
        let mut outside = Outside::of(source, &segments);
        let mut text = String::with_capacity(source.len() * 2);
        let mut line = 1;
        for (index, segment) in segments.iter().enumerate() {
            let piece = &source[segment.range()];
            if matches!(segment, Segment::Text(_)) && !outside.is_now() {
                let before = index.checked_sub(1).and_then(|before| segments.get(before));
                let trimmed = Trimmed {
                    start: before.is_some_and(|tag| trims_behind(&source[tag.range()])),
                    end: segments.get(index + 1).is_some_and(|tag| trims_before(&source[tag.range()])),
                };
                mark_text(piece, trimmed, template, line, &mut text);
            } else {
                text.push_str(piece);
                outside.pass(segment, piece);
            }
            line += piece.matches('\n').count();
        }
        text
    }

    /// Takes the marks out of `text`: the usual text, and per line of it the template and line it
    /// comes from.
    pub(super) fn read(&self, text: &str) -> (String, Vec<Option<(&str, usize)>>) {
        let mut clean = String::with_capacity(text.len());
        let mut lines = Vec::new();
        let mut last = None;
        for line in text.split('\n') {
            let (mut here, mut number, mut seen) = (None, None, false);
            for c in line.chars() {
                let code = c as u32;
                if (LINES..=LINES + MOST).contains(&code) {
                    let template = number.take().and_then(|number: u32| self.templates.get(number as usize));
                    let mark = template.map(|template| (template.as_str(), (code - LINES) as usize));
                    here = if seen { here.or(mark) } else { mark };
                    last = mark.or(last);
                } else if (TEMPLATES..=TEMPLATES + MOST).contains(&code) {
                    number = Some(code - TEMPLATES);
                } else {
                    seen |= !c.is_whitespace();
                    if seen && here.is_none() {
                        here = last;
                    }
                    clean.push(c);
                }
            }
            clean.push('\n');
            lines.push(here.or(last));
        }
        clean.pop();
        (clean, lines)
    }
}

/// Where nothing of a template is written: outside of the blocks of one that extends another. Tera
/// refuses text there.
struct Outside {
    extends: bool,
    depth: usize,
}

impl Outside {
    fn of(source: &str, segments: &[Segment]) -> Self {
        let extends =
            |segment: &Segment| matches!(segment, Segment::Statement(tag) if word(&source[tag.clone()]) == "extends");
        Self { extends: segments.iter().any(extends), depth: 0 }
    }

    fn is_now(&self) -> bool {
        self.extends && self.depth == 0
    }

    fn pass(&mut self, segment: &Segment, piece: &str) {
        match (segment, word(piece)) {
            (Segment::Statement(_), "block" | "component") => self.depth += 1,
            (Segment::Statement(_), "endblock" | "endcomponent") => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

/// Which ends of a text its neighbours trim.
#[derive(Clone, Copy)]
struct Trimmed {
    start: bool,
    end: bool,
}

fn trims_behind(tag: &str) -> bool {
    ["-%}", "-}}", "-#}"].iter().any(|end| tag.ends_with(end))
}

fn trims_before(tag: &str) -> bool {
    ["{%-", "{{-", "{#-"].iter().any(|start| tag.starts_with(start))
}

/// A mark at the start, behind each line break, and at the end, where nothing is trimmed.
fn mark_text(text: &str, trimmed: Trimmed, template: usize, mut line: usize, marked: &mut String) {
    let first = if trimmed.start { text.len() - text.trim_start().len() } else { 0 };
    let last = if trimmed.end { text.trim_end().len() } else { text.len() };
    let mut mark_due = true;
    for (at, c) in text.char_indices() {
        if mark_due && (first..last).contains(&at) {
            push_mark(template, line, marked);
            mark_due = false;
        }
        marked.push(c);
        if c == '\n' {
            line += 1;
            mark_due = true;
        }
    }
    if last == text.len() && first < last {
        push_mark(template, line, marked);
    }
}

fn push_mark(template: usize, line: usize, marked: &mut String) {
    let number = |first: u32, number: usize| {
        u32::try_from(number).ok().filter(|number| *number <= MOST).and_then(|number| char::from_u32(first + number))
    };
    if let (Some(template), Some(line)) = (number(TEMPLATES, template), number(LINES, line)) {
        marked.extend([template, line]);
    }
}
