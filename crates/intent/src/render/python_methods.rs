//! The methods, functions, filters and tests of Python and Jinja2 that minijinja lacks or has
//! otherwise.
//!
//! What has no meaning here that could be the same twice, such as `random`, is refused by name.

use std::sync::atomic::AtomicUsize;

use minijinja::value::{Kwargs, Rest, StringInput, ValueKind, ValueOrKwargs, from_args};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::mutable::{METHODS, list, map, refused};
use super::python_text::{self, as_text};

/// Keeps filters or tests of the engine under names that no template has by accident.
macro_rules! keep_originals {
    ($environment:ident.$add:ident, $of:ident: $($name:ident),+) => {
        $($environment.$add(concat!("__plain_", stringify!($name)), minijinja::$of::$name);)+
    };
}

mod filters;
mod generators;
mod objects;
mod strings;

pub(super) use generators::{Generator, View};
pub(super) use objects::Range;
use objects::{Cycler, Joiner, MAX_RANGE, Macro, Missing};

use super::jinja_compat::{DEFINE, MISSING};

/// Calls a method that the engine does not know.
pub(super) fn call(state: &mut State, value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        if method == "format" {
            args.iter().filter(|arg| !arg.is_kwargs()).try_for_each(|arg| python_text::text(arg).map(drop))?;
            refuse_wide_letters(text, args)?;
        }
        return match strings::call(state, value, text, method, args) {
            Err(error) if error.kind() == ErrorKind::UnknownMethod => {
                minijinja_contrib::pycompat::unknown_method_callback(state, value, method, args)
            }
            done => done,
        };
    }
    if value.kind() == ValueKind::Map
        && let Some(view) = View::of(value, method)
    {
        return from_args::<()>(args).map(|()| Value::from_object(view));
    }
    match (value.kind(), method) {
        (ValueKind::Seq, "copy") => from_args::<()>(args).and_then(|()| Ok(list(value.try_iter()?))),
        (ValueKind::Seq, "index") => index_of(value, args),
        (ValueKind::Map, "copy") => from_args::<()>(args).and_then(|()| copied(value)),
        (ValueKind::Seq | ValueKind::Iterable, _) if METHODS.contains(&method) && !value.is_tuple() => {
            Err(unchangeable("list"))
        }
        (ValueKind::Map, _) if METHODS.contains(&method) => Err(unchangeable("map")),
        _ => minijinja_contrib::pycompat::unknown_method_callback(state, value, method, args),
    }
}

/// Python would change a list or map that is a copy here: say so instead.
fn unchangeable(what: &str) -> Error {
    refused(format!(
        "this {what} cannot be changed: a template changes its own literals and data, and what `list`, `sort` and `dict` \
         make; write for example `(… | list)`"
    ))
}

/// Refuses a format with a width, and a text with other than ASCII's letters: the engine counts
/// their bytes, and Python counts letters.
fn refuse_wide_letters(format: &str, args: &[Value]) -> Result<(), Error> {
    let specs = format.split('%').skip(1).chain(format.split(':').skip(1).filter(|_| format.contains('{')));
    let has_width = specs.into_iter().any(|spec| {
        let end = spec.find(|c: char| c.is_ascii_alphabetic() || c == '}').unwrap_or(spec.len());
        spec[..end].contains(|c: char| c.is_ascii_digit())
    });
    if has_width && args.iter().any(|arg| arg.as_str().is_some_and(|text| !text.is_ascii())) {
        return Err(refused(
            "a width cannot be given to a text with other than ASCII's letters; use ljust, rjust or center",
        ));
    }
    Ok(())
}

/// Whether a value is a function, a macro, or an object that can be called.
fn is_callable(value: &Value) -> bool {
    let name = value.as_object().map(|object| object.type_name());
    let name = name.and_then(|name| name.rsplit("::").next()).unwrap_or_default();
    matches!(name, "Macro" | "BoxedFunction" | "Joiner" | "Loop")
}

fn copied(value: &Value) -> Result<Value, Error> {
    let pair = |key: Value| Ok((key.clone(), value.get_item(&key)?));
    Ok(map(value.try_iter()?.map(pair).collect::<Result<Vec<_>, Error>>()?))
}

fn index_of(value: &Value, args: &[Value]) -> Result<Value, Error> {
    let (wanted,): (&Value,) = from_args(args)?;
    let found = value.try_iter()?.position(|item| item == *wanted);
    found.map(Value::from).ok_or_else(|| refused(format!("{wanted} is not in the list")))
}

/// Adds functions, filters and tests.
pub(super) fn register(environment: &mut Environment<'_>) {
    environment.add_function("cycler", |items: Rest<Value>| -> Result<Value, Error> {
        if items.is_empty() {
            return Err(refused("cycler: at least one item has to be provided"));
        }
        Ok(Value::from_object(Cycler { items: items.to_vec(), at: AtomicUsize::new(0) }))
    });
    environment.add_function("range", |first: i64, second: Option<i64>, step: Option<i64>| -> Result<Value, Error> {
        let (start, stop) = second.map_or((0, first), |second| (first, second));
        let range = Range { start, stop, step: step.unwrap_or(1) };
        match range.count() {
            None => Err(refused("range: the step must not be zero")),
            Some(count) if count > MAX_RANGE => Err(refused(format!("range makes at most {MAX_RANGE} numbers"))),
            Some(_) => Ok(Value::from_object(range)),
        }
    });
    environment.add_function("joiner", |separator: Option<String>| {
        Value::from_object(Joiner {
            separator: separator.unwrap_or_else(|| ", ".to_owned()),
            calls: AtomicUsize::new(0),
        })
    });
    for name in ["lipsum", "debug"] {
        environment.add_function(name, move |_: Rest<Value>| -> Result<Value, Error> {
            Err(refused(format!("{name} is not possible here: a configuration must be the same each time")))
        });
    }
    environment.add_function(
        DEFINE,
        |body: Value, with_default: Vec<String>, varargs: bool, kwargs: bool| -> Result<Value, Error> {
            let arguments = body.get_attr("arguments")?;
            let mut parameters: Vec<String> = arguments.try_iter()?.map(|name| name.to_string()).collect();
            parameters.truncate(parameters.len().saturating_sub(usize::from(varargs) + usize::from(kwargs)));
            Ok(Value::from_object(Macro { body, parameters, with_default, varargs, kwargs }))
        },
    );
    environment.add_test(MISSING, |value: &Value| value.downcast_object_ref::<Missing>().is_some());
    environment.add_test("callable", |state: &State, value: Value| -> Result<bool, Error> {
        refuse_undefined(state, &value)?;
        Ok(is_callable(&value))
    });
    environment.add_filter("random", |_: Value| -> Result<Value, Error> {
        Err(refused("random is not possible here: a configuration must be the same each time"))
    });
    environment.add_filter("center", |state: &State, text: String, width: Option<usize>| -> Result<Value, Error> {
        let width = width.unwrap_or(80);
        state.consume_fuel(width as u64 / 64)?;
        Ok(Value::from(strings::centered(&text, width, ' ')))
    });
    environment.add_filter("truncate", truncate);
    environment.add_filter("__plain_dictsort", minijinja::filters::dictsort);
    environment.add_filter("dictsort", dictsort);
    environment.add_test("iterable", |state: &State, value: Value| -> Result<bool, Error> {
        refuse_undefined(state, &value)?;
        Ok(!value.is_none() && value.try_iter().is_ok())
    });
    refuse_undefined_operands(environment);
    filters::register(environment);
    keep_originals!(environment.add_filter, filters: format);
    environment.add_filter("format", |state: &mut State, args: Rest<ValueOrKwargs>| -> Result<Value, Error> {
        let is_object = |value: &Value| value.as_object().is_some() && !value.is_kwargs();
        let written = |value: Value| if is_object(&value) { as_text(value) } else { Ok(value) };
        let args = args.into_values().into_iter().map(written).collect::<Result<Vec<_>, _>>()?;
        if let Some((format, args)) = args.split_first() {
            refuse_wide_letters(format.as_str().unwrap_or_default(), args)?;
        }
        state.apply_filter("__plain_format", &args)
    });
    environment.add_filter("string", |state: &State, value: Value| -> Result<Value, Error> {
        refuse_undefined(state, &value)?;
        as_text(value)
    });
    environment.add_test("sequence", |value: Value| {
        // A slice of a list, and two lists added up, are lists in Python.
        let is_walked_only =
            value.downcast_object_ref::<Generator>().is_some() || value.downcast_object_ref::<View>().is_some();
        matches!(value.kind(), ValueKind::String | ValueKind::Seq | ValueKind::Map | ValueKind::Iterable)
            && !is_walked_only
    });
}

/// Lets the engine's tests that take an undefined for some value refuse it.
fn refuse_undefined_operands(environment: &mut Environment<'_>) {
    keep_originals!(environment.add_test, tests: is_odd, is_even, is_divisibleby, is_lower, is_upper, is_in);
    keep_originals!(environment.add_test, tests: is_eq, is_ne, is_lt, is_le, is_gt, is_ge);
    let same = ["odd", "even", "divisibleby", "lower", "upper", "in", "eq", "ne", "lt", "le", "gt", "ge"]
        .map(|name| (name, name));
    let others = [
        ("equalto", "eq"),
        ("==", "eq"),
        ("!=", "ne"),
        ("lessthan", "lt"),
        ("<", "lt"),
        ("<=", "le"),
        ("greaterthan", "gt"),
        (">", "gt"),
        (">=", "ge"),
    ];
    for (name, original) in same.into_iter().chain(others) {
        let original = format!("__plain_is_{original}");
        environment.add_test(name, move |state: &mut State, args: Rest<Value>| -> Result<bool, Error> {
            args.iter().try_for_each(|arg| refuse_undefined(state, arg))?;
            state.perform_test(&original, &args)
        });
    }
}

/// The engine's own error about something undefined, which says what it is.
fn refuse_undefined(state: &State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() { StringInput::new(state, value).map(drop) } else { Ok(()) }
}

/// Jinja2's `dictsort(case_sensitive, by, reverse)`, whose arguments the engine takes by name only.
fn dictsort(state: &mut State, map: Value, args: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let mut args = args.into_values();
    let named = match args.last().is_some_and(Value::is_kwargs) {
        true => args.pop().map(Kwargs::try_from).transpose()?,
        false => None,
    };
    let names = ["case_sensitive", "by", "reverse"];
    if args.len() > names.len() {
        return Err(refused("dictsort: takes case_sensitive, by and reverse"));
    }
    let mut all: Vec<(&str, Value)> = names.into_iter().zip(args).collect();
    if let Some(named) = &named {
        for name in names {
            all.extend(named.get::<Option<Value>>(name)?.map(|value| (name, value)));
        }
        named.assert_all_used()?;
    }
    let sorted = state.apply_filter("__plain_dictsort", &[map, Kwargs::from_iter(all).into()])?;
    Ok(list(sorted.try_iter()?))
}

/// Jinja2's: a text that is at most `leeway` too long stays whole.
fn truncate(
    text: String,
    length: Option<usize>,
    killwords: Option<bool>,
    end: Option<String>,
    rest: Rest<Value>,
) -> Result<Value, Error> {
    let (leeway, kwargs): (Option<usize>, Kwargs) = from_args(&rest)?;
    let length = kwargs.get::<Option<usize>>("length")?.or(length).unwrap_or(255);
    let killwords = kwargs.get::<Option<bool>>("killwords")?.or(killwords).unwrap_or(false);
    let end = kwargs.get::<Option<String>>("end")?.or(end).unwrap_or_else(|| "...".to_owned());
    let leeway = kwargs.get::<Option<usize>>("leeway")?.or(leeway).unwrap_or(5);
    kwargs.assert_all_used()?;
    let Some(kept) = length.checked_sub(end.chars().count()) else {
        return Err(refused(format!("truncate: expected a length of at least that of {end}, found {length}")));
    };
    if text.chars().count() <= length + leeway {
        return Ok(Value::from(text));
    }
    let cut: String = text.chars().take(kept).collect();
    let cut = if killwords { cut.as_str() } else { cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words) };
    Ok(Value::from(format!("{cut}{end}")))
}
