//! The filters that both engines have besides their own, under the names that Ansible and AVD give
//! them.
//!
//! A filter is a plain function over JSON values that knows neither engine. Jinja2 passes arguments
//! by position or name, Tera by name only, so each filter says what its parameters are called.

mod data;
mod eos_secrets;
mod jinja;
mod net;
mod numbers;
mod password;
mod regexes;
mod shared;
mod shell;
mod test;
mod text;
mod yaml_text;

use serde_json::{Map, Value};

pub(super) use password::salt_key;
pub(super) use shared::SharedFilter;

use super::value_guard::is_suspicious;

/// One filter or test.
#[derive(Debug)]
pub(super) struct Filter {
    /// Its name, and the names with Ansible's and AVD's collection before it.
    pub(super) names: &'static [&'static str],
    /// Its parameters in order. A last one that begins with `*` takes all the rest; by name it is
    /// given as a list.
    pub(super) parameters: &'static [&'static str],
    /// Whether it may be given something undefined.
    pub(super) takes_undefined: bool,
    run: fn(&FilterCall) -> Result<Value, String>,
}

/// A value and arguments.
#[derive(Debug)]
pub(super) struct FilterCall {
    /// Nothing if it is undefined.
    pub(super) value: Option<Value>,
    pub(super) args: Vec<Value>,
    pub(super) named: Map<String, Value>,
}

impl Filter {
    const fn new(
        names: &'static [&'static str],
        parameters: &'static [&'static str],
        run: fn(&FilterCall) -> Result<Value, String>,
    ) -> Self {
        Self { names, parameters, takes_undefined: false, run }
    }

    const fn of_undefined(self) -> Self {
        Self { takes_undefined: true, ..self }
    }

    /// Applies it. The error is a sentence that begins with the filter's name.
    pub(super) fn apply(&self, mut call: FilterCall) -> Result<Value, String> {
        let name = self.names[0];
        let mut run = || {
            spend(0)?;
            self.place(&mut call)?;
            let result = (self.run)(&call)?;
            spend(weight(&result))?;
            Ok(result)
        };
        run().map_err(|reason: String| format!("{name}: {reason}"))
    }

    /// Puts arguments given by name where they belong.
    fn place(&self, call: &mut FilterCall) -> Result<(), String> {
        let rest = self.parameters.last().filter(|last| last.starts_with('*'));
        let most = if rest.is_some() { usize::MAX } else { self.parameters.len() };
        if call.args.len() > most {
            return Err(format!("takes {most} arguments, {} were given", call.args.len()));
        }
        for (name, value) in std::mem::take(&mut call.named) {
            if rest.is_some_and(|rest| rest[1..] == name) {
                call.args.extend(items(&value));
                continue;
            }
            let Some(at) = self.parameters.iter().position(|parameter| *parameter == name) else {
                return Err(format!("has no argument {name}; it takes {}", self.parameters.join(", ")));
            };
            // Names after `*` cannot be told from its rest by position.
            if rest.is_some() {
                call.named.insert(name, value);
                continue;
            }
            if call.args.len() <= at {
                call.args.resize(at + 1, Value::Null);
            }
            call.args[at] = value;
        }
        Ok(())
    }
}

impl FilterCall {
    /// The value; null if it is undefined.
    fn value(&self) -> &Value {
        self.value.as_ref().unwrap_or(&Value::Null)
    }

    /// The value as text, as Python prints it.
    fn text(&self) -> String {
        to_text(self.value())
    }

    /// An argument, unless it was left out or is null.
    fn arg(&self, at: usize) -> Option<&Value> {
        self.args.get(at).filter(|value| !value.is_null())
    }

    fn text_arg(&self, at: usize, name: &str) -> Result<String, String> {
        self.arg(at).map(to_text).ok_or_else(|| format!("needs the argument {name}"))
    }

    fn flag(&self, at: usize, default: bool) -> bool {
        self.arg(at).map_or(default, is_true)
    }

    fn integer(&self, at: usize) -> Result<Option<i64>, String> {
        let whole = |value: &Value| value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
        self.arg(at)
            .map(|value| whole(value).ok_or_else(|| format!("expected a whole number, found {}", to_text(value))))
            .transpose()
    }

    /// Whether an argument could bring what [`super::value_guard`] refuses into a text that is not
    /// looked at again.
    pub(super) fn brings_suspicious_text(&self) -> bool {
        fn suspicious(value: &Value) -> bool {
            match value {
                Value::String(text) => is_suspicious(text),
                Value::Array(items) => items.iter().any(suspicious),
                Value::Object(map) => map.iter().any(|(key, item)| is_suspicious(key) || suspicious(item)),
                _ => false,
            }
        }
        self.args.iter().chain(self.named.values()).any(suspicious)
    }
}

/// Takes text from the rendering's budget, see [`super::budget`].
fn spend(bytes: usize) -> Result<(), String> {
    super::budget::spend(bytes).map_err(|exhausted| exhausted.to_string())
}

/// About how many bytes of text a value holds.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| 16 + weight(item)).sum(),
        Value::Object(map) => map.iter().map(|(key, item)| 16 + key.len() + weight(item)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

/// All filters that take a value and arguments.
pub(super) fn all() -> impl Iterator<Item = &'static Filter> {
    let rooms =
        [text::FILTERS, data::FILTERS, regexes::FILTERS, password::FILTERS, eos_secrets::FILTERS, shell::FILTERS];
    rooms.into_iter().chain([net::FILTERS, yaml_text::FILTERS]).flatten()
}

/// All filters that hand on the values they were given.
pub(super) fn shared() -> impl Iterator<Item = &'static SharedFilter> {
    shared::FILTERS.iter()
}

/// Jinja2's own filters where minijinja's are not Python's.
pub(super) fn of_jinja() -> impl Iterator<Item = &'static Filter> {
    jinja::FILTERS.iter()
}

/// The tests (`is …`); a filter whose result is true or not.
pub(super) fn tests() -> impl Iterator<Item = &'static Filter> {
    test::TESTS.iter()
}

/// Filters of Jinja2's own that Ansible's users also write with `ansible.builtin.` before them.
pub(super) const JINJA_ALIASES: [&str; 36] = [
    "abs",
    "batch",
    "capitalize",
    "count",
    "d",
    "default",
    "dictsort",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "sort",
    "string",
    "sum",
    "title",
    "trim",
    "unique",
    "upper",
];

/// As Python's `str`.
fn to_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => {
            let value = minijinja::Value::from(minijinja::value::Serde(other));
            super::python_text::text(&value).map_or_else(|_| value.to_string(), std::borrow::Cow::into_owned)
        }
    }
}

/// As Python's `bool`.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// The items of a list, the keys of a map, or the value alone.
fn items(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Object(map) => map.keys().map(|key| Value::from(key.as_str())).collect(),
        Value::Null => Vec::new(),
        other => vec![other.clone()],
    }
}

/// What a value is, in Python's words.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "None",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// For the filters' tests: applies a filter or test by name.
#[cfg(test)]
fn applied(name: &str, value: Value, args: &[Value]) -> Result<Value, String> {
    let own = |value: &Value| minijinja::Value::from(minijinja::value::Serde(value));
    if let Some(filter) = shared().find(|filter| filter.names.contains(&name)) {
        let result = filter.apply(own(&value), args.iter().map(own).collect(), Vec::new())?;
        return Ok(serde_json::to_value(result).unwrap());
    }
    let filter = all().chain(tests()).find(|filter| filter.names.contains(&name)).unwrap();
    filter.apply(FilterCall { value: Some(value), args: args.to_vec(), named: Map::new() })
}
