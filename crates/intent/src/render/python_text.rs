//! Values as Python writes them: `str` of a value, and `repr` of what stands in a list or map.
//!
//! What Python would write by an address in memory or by its class, such as a generator or a
//! function, is an error: nobody wants it in a configuration.

use std::borrow::Cow;
use std::fmt::Write;

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind};

use super::jinja_variables::Host;
use super::mutable::refused;
use super::python_methods::{Generator, Range, View};

/// Deepest nesting that is written.
const MAX_DEPTH: usize = 64;

/// The text of a value. A text is itself, and so keeps whether it is safe.
pub(super) fn as_text(value: Value) -> Result<Value, Error> {
    if value.is_undefined() || value.as_str().is_some() {
        return Ok(value);
    }
    text(&value).map(|text| Value::from(text.into_owned()))
}

/// As Python's `str`.
///
/// # Errors
///
/// If it holds something undefined, or is nothing that has a text.
pub(super) fn text(value: &Value) -> Result<Cow<'_, str>, Error> {
    if let Some(text) = value.as_str() {
        return Ok(Cow::Borrowed(text));
    }
    let mut text = String::new();
    write(value, 0, &mut text)?;
    Ok(Cow::Owned(text))
}

fn write(value: &Value, depth: usize, text: &mut String) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        return Err(refused("prints a list or map that is nested too deeply"));
    }
    if let Some(what) = without_text(value, depth) {
        return Err(refused(format!("prints {what}")));
    }
    if let Some(view) = value.downcast_object_ref::<View>() {
        text.push_str(view.name());
        write_items(value, ("([", "])"), depth, text)?;
        return Ok(());
    }
    match value.kind() {
        ValueKind::Undefined => {
            return Err(Error::new(ErrorKind::UndefinedError, "prints a list or map that holds something undefined"));
        }
        ValueKind::Number if !value.is_integer() => text.push_str(&float(value)),
        ValueKind::String if depth > 0 => text.push_str(&quoted(value)),
        _ if writes_itself(value) => text.push_str(&value.to_string()),
        ValueKind::Seq if value.is_tuple() && value.len() == Some(1) => write_items(value, ("(", ",)"), depth, text)?,
        ValueKind::Seq if value.is_tuple() || is_group(value) => write_items(value, ("(", ")"), depth, text)?,
        ValueKind::Seq | ValueKind::Iterable => write_items(value, ("[", "]"), depth, text)?,
        ValueKind::Map => write_map(value, depth, text)?,
        _ => text.push_str(&value.to_string()),
    }
    Ok(())
}

/// Whether an object knows what Python writes for it: a range its call, a host its name.
fn writes_itself(value: &Value) -> bool {
    value.downcast_object_ref::<Range>().is_some() || value.downcast_object_ref::<Host>().is_some()
}

/// Whether a value is one of those that `groupby` makes.
fn is_group(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.type_name().ends_with("GroupTuple"))
}

fn write_items(value: &Value, (open, close): (&str, &str), depth: usize, text: &mut String) -> Result<(), Error> {
    text.push_str(open);
    for (at, item) in value.try_iter()?.enumerate() {
        text.push_str(if at > 0 { ", " } else { "" });
        write(&item, depth + 1, text)?;
    }
    text.push_str(close);
    Ok(())
}

fn write_map(value: &Value, depth: usize, text: &mut String) -> Result<(), Error> {
    text.push('{');
    for (at, key) in value.try_iter()?.enumerate() {
        text.push_str(if at > 0 { ", " } else { "" });
        write(&key, depth + 1, text)?;
        text.push_str(": ");
        write(&value.get_item(&key)?, depth + 1, text)?;
    }
    text.push('}');
    Ok(())
}

/// Whether a value is undefined, or holds something undefined.
pub(super) fn holds_undefined(value: &Value) -> bool {
    fn within(value: &Value, depth: usize) -> bool {
        let is_generator = value.downcast_object_ref::<Generator>().is_some();
        if depth > MAX_DEPTH || is_generator {
            return false;
        }
        match value.kind() {
            ValueKind::Map => value
                .try_iter()
                .is_ok_and(|mut keys| keys.any(|key| value.get_item(&key).is_ok_and(|item| within(&item, depth + 1)))),
            ValueKind::Seq | ValueKind::Iterable => {
                value.try_iter().is_ok_and(|mut items| items.any(|item| within(&item, depth + 1)))
            }
            _ => value.is_undefined(),
        }
    }
    within(value, 0)
}

/// What a value is that Python writes by its class or address.
fn without_text(value: &Value, depth: usize) -> Option<&'static str> {
    if value.downcast_object_ref::<Generator>().is_some() {
        return Some("what a filter such as map or select makes one by one; write `… | list`");
    }
    let name = value.as_object()?.type_name();
    match name.rsplit("::").next()? {
        "Host" if depth > 0 => Some("a list or map that holds the host; print its name"),
        "Macro" | "BoxedFunction" => Some("a macro or function; call it"),
        "Namespace" => Some("a namespace; print its attributes"),
        "Cycler" | "Joiner" => Some("a cycler or joiner; call it"),
        "Loop" | "LoopState" => Some("the loop; print its attributes"),
        "Module" | "ModuleObject" => Some("an imported file; print what it has"),
        _ => None,
    }
}

/// A text in the quotes that Python writes in lists.
fn quoted(text: &Value) -> String {
    let list = Value::from(vec![text.clone()]).to_string();
    list.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(&list).to_owned()
}

/// A number with an exponent below 0.0001 and from 10^16 on.
fn float(value: &Value) -> String {
    let text = value.to_string();
    match text.parse::<f64>() {
        Ok(number) if number != 0.0 && number.is_finite() && !(1e-4..1e16).contains(&number.abs()) => {
            let text = format!("{number:e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
            let mut text = digits.to_owned();
            let _ = write!(text, "e{sign}{exponent:0>2}");
            text
        }
        _ => text,
    }
}
