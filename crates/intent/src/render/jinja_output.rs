//! What a Jinja2 template writes: values as Python prints them, and where each line comes from.

use minijinja::value::Value;
use minijinja::{Error, ErrorKind, State};

use super::jinja_library::split;
use super::{python_text, value_guard};

/// The template and line from 1 that a line of the text comes from; nothing if they are not known.
pub(super) type LineSource = Option<(String, usize)>;

/// The formatter. An `if` without `else` that was false prints nothing, as in Jinja2; any other
/// undefined is refused by the engine before it comes here.
pub(super) fn print(output: &mut minijinja::Output, _: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Ok(());
    }
    if value.is_safe() {
        return output.write_str(value.as_str().unwrap_or_default()).map_err(Error::from);
    }
    let text = python_text::text(value)?;
    let text = value_guard::print(&text).map_err(|_| control_character())?;
    output.write_str(&text).map_err(Error::from)
}

/// What the engine's caller knows a refused value by.
pub(super) const CONTROL_CHARACTER: &str = "a value with a control character";

pub(super) fn control_character() -> Error {
    Error::new(ErrorKind::BadEscape, CONTROL_CHARACTER)
}

/// Per line the first piece of it that shows something.
pub(super) fn lines_of(text: &str, spans: &[minijinja::OutputSpan]) -> Vec<LineSource> {
    let mut origins = vec![None; text.split('\n').count()];
    let mut line = 0;
    let mut shown = false;
    for span in spans {
        let range = span.output_range();
        let Some(piece) = text.get(range) else { continue };
        let is_raw = span.kind() == minijinja::OutputSpanKind::Raw;
        for (down, part) in piece.split('\n').enumerate() {
            if down > 0 {
                line += 1;
                shown = false;
            }
            let from = (split(span.name()).0.to_owned(), span.line() + if is_raw { down } else { 0 });
            let shows = !part.trim().is_empty();
            if let Some(origin) = origins.get_mut(line)
                && (origin.is_none() || (shows && !shown))
                && !(part.is_empty() && down + 1 == piece.split('\n').count() && down == 0)
            {
                *origin = Some(from);
            }
            shown |= shows;
        }
    }
    origins
}
