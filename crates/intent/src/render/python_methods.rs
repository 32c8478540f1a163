//! The methods, functions, filters and tests of Python and Jinja2 that minijinja lacks or has otherwise.
//!
//! What has no meaning here that could be the same twice, such as `random`, is refused by name.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use minijinja::value::{
    Enumerator, Kwargs, Object, ObjectRepr, Rest, StringInput, Tuple, ValueKind, ValueOrKwargs, from_args,
};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::mutable::{METHODS, list, map};

/// Calls a method that the engine does not know.
pub(super) fn call(state: &mut State, value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        return match string(state, value, text, method, args) {
            Err(error) if error.kind() == ErrorKind::UnknownMethod => {
                minijinja_contrib::pycompat::unknown_method_callback(state, value, method, args)
            }
            done => done,
        };
    }
    match (value.kind(), method) {
        (ValueKind::Seq, "copy") => from_args::<()>(args).and_then(|()| Ok(list(value.try_iter()?))),
        (ValueKind::Seq, "index") => index_of(value, args),
        (ValueKind::Map, "copy") => from_args::<()>(args).and_then(|()| copied(value)),
        (ValueKind::Seq, _) if METHODS.contains(&method) && !value.is_tuple() => Err(unchangeable("list")),
        (ValueKind::Map, _) if METHODS.contains(&method) => Err(unchangeable("map")),
        _ => minijinja_contrib::pycompat::unknown_method_callback(state, value, method, args),
    }
}

fn refused(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, reason.into())
}

/// Python would change a list or map that is a copy here: say so instead.
fn unchangeable(what: &str) -> Error {
    refused(format!(
        "this {what} cannot be changed: a template changes its own literals and data, and what `list`, `sort` and `dict` \
         make; write for example `(… | list)`"
    ))
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

/// Methods of Python's `str`.
fn string(state: &mut State, value: &Value, text: &str, method: &str, args: &[Value]) -> Result<Value, Error> {
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
fn centered(text: &str, width: usize, fill: char) -> String {
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

/// Python joins texts only. A text of the template's own joins as the filter does, so its line breaks stay its own.
fn joined(state: &mut State, value: &Value, args: &[Value]) -> Result<Value, Error> {
    let (items,): (&Value,) = from_args(args)?;
    let items: Vec<Value> = items.try_iter()?.collect();
    if let Some(other) = items.iter().find(|item| item.as_str().is_none()) {
        return Err(refused(format!("join: expected texts, found {}", other.kind())));
    }
    state.apply_filter("join", &[Value::from(items), value.clone()])
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
    environment.add_filter("random", |_: Value| -> Result<Value, Error> {
        Err(refused("random is not possible here: a configuration must be the same each time"))
    });
    environment.add_filter("center", |state: &State, text: String, width: Option<usize>| -> Result<Value, Error> {
        let width = width.unwrap_or(80);
        state.consume_fuel(width as u64 / 64)?;
        Ok(Value::from(centered(&text, width, ' ')))
    });
    environment.add_filter("truncate", truncate);
    environment.add_filter("__plain_dictsort", minijinja::filters::dictsort);
    environment.add_filter("dictsort", dictsort);
    environment.add_test("iterable", |state: &State, value: Value| -> Result<bool, Error> {
        refuse_undefined(state, &value)?;
        Ok(!value.is_none() && value.try_iter().is_ok())
    });
    refuse_undefined_arguments(environment);
    refuse_undefined_operands(environment);
    environment.add_test("sequence", |value: Value| {
        matches!(value.kind(), ValueKind::String | ValueKind::Seq | ValueKind::Map)
    });
}

/// Lets the engine's filters that take an undefined argument for none refuse it, as strict undefined is refused in Python.
fn refuse_undefined_arguments(environment: &mut Environment<'_>) {
    environment.add_filter("__plain_join", minijinja::filters::join);
    environment.add_filter("__plain_round", minijinja::filters::round);
    environment.add_filter("__plain_batch", minijinja::filters::batch);
    environment.add_filter("__plain_slice", minijinja::filters::slice);
    environment.add_filter("__plain_trim", minijinja::filters::trim);
    environment.add_filter("__plain_unique", minijinja::filters::unique);
    for name in ["join", "round", "batch", "slice", "trim", "unique"] {
        let original = format!("__plain_{name}");
        let is_joining = name == "join";
        environment.add_filter(name, move |state: &mut State, args: Rest<ValueOrKwargs>| -> Result<Value, Error> {
            let mut args = args.into_values();
            args.iter().try_for_each(|arg| refuse_undefined(state, arg))?;
            if is_joining && let Some(first) = args.first_mut().filter(|value| value.as_str().is_none()) {
                let items: Vec<Value> = first.try_iter()?.collect();
                items.iter().try_for_each(|item| refuse_undefined(state, item))?;
                *first = Value::from(items);
            }
            state.apply_filter(&original, &args)
        });
    }
}

/// Lets the engine's tests that take an undefined for some value refuse it.
fn refuse_undefined_operands(environment: &mut Environment<'_>) {
    environment.add_test("__plain_odd", minijinja::tests::is_odd);
    environment.add_test("__plain_even", minijinja::tests::is_even);
    environment.add_test("__plain_divisibleby", minijinja::tests::is_divisibleby);
    environment.add_test("__plain_lower", minijinja::tests::is_lower);
    environment.add_test("__plain_upper", minijinja::tests::is_upper);
    environment.add_test("__plain_in", minijinja::tests::is_in);
    environment.add_test("__plain_eq", minijinja::tests::is_eq);
    environment.add_test("__plain_ne", minijinja::tests::is_ne);
    environment.add_test("__plain_lt", minijinja::tests::is_lt);
    environment.add_test("__plain_le", minijinja::tests::is_le);
    environment.add_test("__plain_gt", minijinja::tests::is_gt);
    environment.add_test("__plain_ge", minijinja::tests::is_ge);
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
        let original = format!("__plain_{original}");
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

/// Most numbers that `range` makes.
const MAX_RANGE: u64 = 100_000;

/// Python's `range`: printed it is its call.
#[derive(Debug)]
struct Range {
    start: i64,
    stop: i64,
    step: i64,
}

impl Range {
    /// How many numbers it has; nothing if its step is zero.
    fn count(&self) -> Option<u64> {
        let way = match self.step {
            0 => return None,
            1.. => i128::from(self.stop) - i128::from(self.start),
            _ => i128::from(self.start) - i128::from(self.stop),
        };
        let step = i128::from(self.step.unsigned_abs());
        Some(u64::try_from((way.max(0) + step - 1) / step).unwrap_or(u64::MAX))
    }
}

impl Object for Range {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let count = i64::try_from(self.count()?).ok()?;
        let index = i64::try_from(key.clone()).ok()?;
        let index = if index < 0 { index + count } else { index };
        (0..count).contains(&index).then(|| Value::from(self.start + index * self.step))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.count().and_then(|count| usize::try_from(count).ok()).unwrap_or(0))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            1 => write!(f, "range({}, {})", self.start, self.stop),
            step => write!(f, "range({}, {}, {step})", self.start, self.stop),
        }
    }
}

/// Jinja2's `cycler`.
#[derive(Debug)]
struct Cycler {
    items: Vec<Value>,
    at: AtomicUsize,
}

impl Cycler {
    fn current(&self) -> Value {
        self.items[self.at.load(Ordering::Relaxed) % self.items.len()].clone()
    }
}

impl Object for Cycler {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        (key.as_str() == Some("current")).then(|| self.current())
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, args: &[Value]) -> Result<Value, Error> {
        from_args::<()>(args)?;
        match method {
            "next" => {
                let item = self.current();
                self.at.fetch_add(1, Ordering::Relaxed);
                Ok(item)
            }
            "reset" => {
                self.at.store(0, Ordering::Relaxed);
                Ok(Value::from(()))
            }
            _ => Err(ErrorKind::UnknownMethod.into()),
        }
    }
}

/// Jinja2's `joiner`: nothing at first, then the separator.
#[derive(Debug)]
struct Joiner {
    separator: String,
    calls: AtomicUsize,
}

impl Object for Joiner {
    fn call(self: &Arc<Self>, _: &mut State, args: &[Value]) -> Result<Value, Error> {
        from_args::<()>(args)?;
        let is_first = self.calls.fetch_add(1, Ordering::Relaxed) == 0;
        Ok(Value::from(if is_first { "" } else { self.separator.as_str() }))
    }
}
