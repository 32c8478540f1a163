//! Methods of Python's `str`.

use minijinja::value::{Kwargs, Tuple, from_args};
use minijinja::{Error, ErrorKind, State, Value};

use super::refused;
use crate::render::mutable::list;

/// Calls a method of a text; the error is of its own kind if there is no such method.
pub(super) fn call(state: &mut State, value: &Value, text: &str, method: &str, args: &[Value]) -> Result<Value, Error> {
    match method {
        "zfill" => padded(state, args, |width, _| {
            let (sign, digits) = match text.strip_prefix(['+', '-']) {
                Some(digits) => (&text[..1], digits),
                None => ("", text),
            };
            format!("{sign}{}{digits}", "0".repeat(width.saturating_sub(text.chars().count())))
        }),
        "ljust" => padded(state, args, |width, fill| format!("{text}{}", fill_of(text, width, fill))),
        "rjust" => padded(state, args, |width, fill| format!("{}{text}", fill_of(text, width, fill))),
        "center" => padded(state, args, |width, fill| centered(text, width, fill)),
        "split" => split(text, args, false),
        "rsplit" => split(text, args, true),
        "splitlines" => {
            let (keep,): (Option<bool>,) = from_args(args)?;
            Ok(list(lines(text, keep.unwrap_or(false)).into_iter().map(Value::from)))
        }
        "partition" => parted(text, args, false),
        "rpartition" => parted(text, args, true),
        "removeprefix" => one_text(args, |prefix| Ok(Value::from(text.strip_prefix(prefix).unwrap_or(text)))),
        "removesuffix" => one_text(args, |suffix| Ok(Value::from(text.strip_suffix(suffix).unwrap_or(text)))),
        "index" => one_text(args, |part| position(text, text.find(part))),
        "rindex" => one_text(args, |part| position(text, text.rfind(part))),
        "title" => no_arguments(args, || Value::from(titled(text))),
        "swapcase" => no_arguments(args, || Value::from(text.chars().flat_map(swapped).collect::<String>())),
        "casefold" => no_arguments(args, || Value::from(text.to_lowercase().replace('ß', "ss"))),
        "expandtabs" => expanded(state, text, args),
        "isdecimal" => no_arguments(args, || Value::from(!text.is_empty() && text.chars().all(|c| c.is_ascii_digit()))),
        "isidentifier" => no_arguments(args, || Value::from(is_identifier(text))),
        "isprintable" => no_arguments(args, || Value::from(text.chars().all(|c| !c.is_control()))),
        "istitle" => no_arguments(args, || Value::from(is_title(text))),
        "join" => joined(state, value, args),
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

/// A method with a width and, perhaps, a character to fill with.
fn padded(state: &State, args: &[Value], write: impl Fn(usize, char) -> String) -> Result<Value, Error> {
    let (width, fill): (i64, Option<&str>) = from_args(args)?;
    let mut fill = fill.unwrap_or(" ").chars();
    let (Some(c), None) = (fill.next(), fill.next()) else {
        return Err(refused("the fill character must be exactly one character long"));
    };
    let width = usize::try_from(width).unwrap_or(0);
    state.consume_fuel(width as u64 / 64)?;
    Ok(Value::from(write(width, c)))
}

fn fill_of(text: &str, width: usize, fill: char) -> String {
    fill.to_string().repeat(width.saturating_sub(text.chars().count()))
}

/// As CPython: of an odd margin, the larger half stands left if the width is odd.
pub(super) fn centered(text: &str, width: usize, fill: char) -> String {
    let margin = width.saturating_sub(text.chars().count());
    let left = margin / 2 + (margin & width & 1);
    let fill = fill.to_string();
    format!("{}{text}{}", fill.repeat(left), fill.repeat(margin - left))
}

fn split(text: &str, args: &[Value], from_right: bool) -> Result<Value, Error> {
    let (separator, most, kwargs): (Option<&str>, Option<i64>, Kwargs) = from_args(args)?;
    let separator = match kwargs.get::<Option<String>>("sep")? {
        Some(named) => Some(named),
        None => separator.map(str::to_owned),
    };
    let most = kwargs.get::<Option<i64>>("maxsplit")?.or(most);
    kwargs.assert_all_used()?;
    let most = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let parts: Vec<&str> = match &separator {
        Some(separator) if separator.is_empty() => return Err(refused("empty separator")),
        Some(separator) if from_right => {
            let mut parts: Vec<&str> = text.rsplitn(most.saturating_add(1), separator.as_str()).collect();
            parts.reverse();
            parts
        }
        Some(separator) => text.splitn(most.saturating_add(1), separator.as_str()).collect(),
        None if from_right => words_from_right(text, most),
        None => words(text, most),
    };
    Ok(list(parts.into_iter().map(Value::from)))
}

fn words(text: &str, most: usize) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if found.len() == most {
            found.push(rest);
            break;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        found.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    found
}

fn words_from_right(text: &str, most: usize) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text.trim_end();
    while !rest.is_empty() {
        if found.len() == most {
            found.push(rest);
            break;
        }
        let start = rest.char_indices().rev().find(|(_, c)| c.is_whitespace()).map_or(0, |(at, c)| at + c.len_utf8());
        found.push(&rest[start..]);
        rest = rest[..start].trim_end();
    }
    found.reverse();
    found
}

/// Python's lines end with more than a line feed.
fn lines(text: &str, keep_ends: bool) -> Vec<String> {
    let ends = ['\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(ends).unwrap_or(rest.len());
        let width = match &rest[end..] {
            both if both.starts_with("\r\n") => 2,
            other => other.chars().next().map_or(0, char::len_utf8),
        };
        found.push(rest[..end + if keep_ends { width } else { 0 }].to_owned());
        rest = &rest[end + width..];
    }
    found
}

fn parted(text: &str, args: &[Value], from_right: bool) -> Result<Value, Error> {
    one_text(args, |separator| {
        if separator.is_empty() {
            return Err(refused("empty separator"));
        }
        let parts = if from_right { text.rsplit_once(separator) } else { text.split_once(separator) };
        let (before, middle, behind) = match (parts, from_right) {
            (Some((before, behind)), _) => (before, separator, behind),
            (None, false) => (text, "", ""),
            (None, true) => ("", "", text),
        };
        Ok(Value::from(Tuple::from(vec![Value::from(before), Value::from(middle), Value::from(behind)])))
    })
}

fn position(text: &str, found: Option<usize>) -> Result<Value, Error> {
    found.map(|at| Value::from(text[..at].chars().count())).ok_or_else(|| refused("substring not found"))
}

fn one_text(args: &[Value], then: impl FnOnce(&str) -> Result<Value, Error>) -> Result<Value, Error> {
    let (text,): (&str,) = from_args(args)?;
    then(text)
}

fn no_arguments(args: &[Value], then: impl FnOnce() -> Value) -> Result<Value, Error> {
    from_args::<()>(args)?;
    Ok(then())
}

/// Every letter behind something else than a letter is a capital, and no other is.
fn titled(text: &str) -> String {
    let mut result = String::new();
    let mut inside = false;
    for c in text.chars() {
        if inside {
            result.extend(c.to_lowercase())
        } else {
            result.extend(c.to_uppercase())
        }
        inside = c.is_lowercase() || c.is_uppercase();
    }
    result
}

fn swapped(c: char) -> Vec<char> {
    if c.is_uppercase() { c.to_lowercase().collect() } else { c.to_uppercase().collect() }
}

fn expanded(state: &State, text: &str, args: &[Value]) -> Result<Value, Error> {
    let (size,): (Option<i64>,) = from_args(args)?;
    let size = usize::try_from(size.unwrap_or(8)).unwrap_or(0);
    state.consume_fuel((text.matches('\t').count() * size) as u64 / 64)?;
    let (mut result, mut column) = (String::new(), 0);
    for c in text.chars() {
        match c {
            '\t' if size > 0 => {
                let width = size - column % size;
                result.push_str(&" ".repeat(width));
                column += width;
            }
            '\t' => {}
            '\n' | '\r' => {
                result.push(c);
                column = 0;
            }
            _ => {
                result.push(c);
                column += 1;
            }
        }
    }
    Ok(Value::from(result))
}

fn is_identifier(text: &str) -> bool {
    let mut all = text.chars();
    all.next().is_some_and(|c| c.is_alphabetic() || c == '_') && all.all(|c| c.is_alphanumeric() || c == '_')
}

fn is_title(text: &str) -> bool {
    let (mut cased, mut any) = (false, false);
    for c in text.chars() {
        if (c.is_uppercase() && cased) || (c.is_lowercase() && !cased) {
            return false;
        }
        cased = c.is_uppercase() || c.is_lowercase();
        any |= cased;
    }
    any
}

/// Python joins texts only. A text of the template's own joins as the filter does, so its line
/// breaks stay its own.
fn joined(state: &mut State, value: &Value, args: &[Value]) -> Result<Value, Error> {
    let (items,): (&Value,) = from_args(args)?;
    let items: Vec<Value> = items.try_iter()?.collect();
    if let Some(other) = items.iter().find(|item| item.as_str().is_none()) {
        return Err(refused(format!("join: expected texts, found {}", other.kind())));
    }
    state.apply_filter("join", &[Value::from(items), value.clone()])
}
