//! What a Jinja2 template writes: values as Python prints them, and where each line comes from.

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind, State};

use super::jinja_library::split;
use super::value_guard;

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
    if holds_undefined(value, 0) {
        return Err(Error::new(ErrorKind::UndefinedError, "prints a list or map that holds something undefined"));
    }
    let text = if value.kind() == ValueKind::Number && !value.is_integer() { float(value) } else { value.to_string() };
    let text = value_guard::print(&text).map_err(|_| control_character())?;
    output.write_str(&text).map_err(Error::from)
}

/// Whether a list or map holds something undefined, for which Python would print the word.
fn holds_undefined(value: &Value, depth: usize) -> bool {
    if depth > 64 || !matches!(value.kind(), ValueKind::Seq | ValueKind::Map | ValueKind::Iterable) {
        return value.is_undefined();
    }
    let Ok(mut items) = value.try_iter() else { return false };
    match value.kind() {
        ValueKind::Map => items.any(|key| value.get_item(&key).is_ok_and(|item| holds_undefined(&item, depth + 1))),
        _ => items.any(|item| holds_undefined(&item, depth + 1)),
    }
}

/// As Python prints it, with an exponent below 0.0001 and from 10^16 on.
fn float(value: &Value) -> String {
    let text = value.to_string();
    match text.parse::<f64>() {
        Ok(number) if number != 0.0 && number.is_finite() && !(1e-4..1e16).contains(&number.abs()) => {
            let text = format!("{number:e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
            format!("{digits}e{sign}{exponent:0>2}")
        }
        _ => text,
    }
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
