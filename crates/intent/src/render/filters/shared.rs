//! Filters that hand on the very values they were given, so that a list which a template changes
//! afterwards is changed wherever it is reached from, as in Python. Both engines have them.

use std::cmp::Ordering;

use minijinja::Value;
use minijinja::value::ValueKind;

use super::numbers::NaturalKey;
use super::regexes;
use crate::render::mutable::{list, map};

mod combine;

use combine::combine;

/// A filter over values of minijinja.
#[derive(Debug)]
pub(in crate::render) struct SharedFilter {
    /// Its name, and the names with Ansible's and AVD's collection before it.
    pub(in crate::render) names: &'static [&'static str],
    /// Its parameters in order. A last one that begins with `*` takes all the rest.
    parameters: &'static [&'static str],
    /// Whether it may be given something undefined.
    pub(in crate::render) takes_undefined: bool,
    run: fn(&Operands) -> Result<Value, String>,
}

/// A value and arguments, of which undefined ones may be left out.
struct Operands {
    value: Value,
    args: Vec<Option<Value>>,
    rest: Vec<Value>,
}

pub(super) const FILTERS: &[SharedFilter] = &[
    SharedFilter::of_undefined(&["arista.avd.default", "first_defined"], &["*values"], first_defined),
    SharedFilter::of_undefined(&["mandatory", "ansible.builtin.mandatory"], &["msg"], mandatory),
    SharedFilter::new(&["ternary", "ansible.builtin.ternary"], &["true_val", "false_val", "none_val"], ternary),
    SharedFilter::new(&["combine", "ansible.builtin.combine"], &["recursive", "list_merge", "*others"], combine),
    SharedFilter::new(&["dict2items", "ansible.builtin.dict2items"], &["key_name", "value_name"], dict2items),
    SharedFilter::new(&["items2dict", "ansible.builtin.items2dict"], &["key_name", "value_name"], items2dict),
    SharedFilter::of_undefined(
        &["convert_dicts", "arista.avd.convert_dicts"],
        &["primary_key", "secondary_key"],
        convert_dicts,
    ),
    SharedFilter::new(&["union", "ansible.builtin.union"], &["other"], union),
    SharedFilter::new(&["intersect", "ansible.builtin.intersect"], &["other"], intersect),
    SharedFilter::new(&["difference", "ansible.builtin.difference"], &["other"], difference),
    SharedFilter::new(
        &["symmetric_difference", "ansible.builtin.symmetric_difference"],
        &["other"],
        symmetric_difference,
    ),
    SharedFilter::new(&["flatten", "ansible.builtin.flatten"], &["levels", "skip_nulls"], flatten),
    SharedFilter::new(&["subelements", "ansible.builtin.subelements"], &["subelements", "skip_missing"], subelements),
    SharedFilter::new(
        &["regex_findall", "ansible.builtin.regex_findall"],
        &["pattern", "multiline", "ignorecase"],
        regex_findall,
    ),
    SharedFilter::of_undefined(
        &["natural_sort", "arista.avd.natural_sort"],
        &["sort_key", "strict", "ignore_case", "default_value"],
        natural_sort,
    ),
];

impl SharedFilter {
    const fn new(
        names: &'static [&'static str],
        parameters: &'static [&'static str],
        run: fn(&Operands) -> Result<Value, String>,
    ) -> Self {
        Self { names, parameters, takes_undefined: false, run }
    }

    const fn of_undefined(
        names: &'static [&'static str],
        parameters: &'static [&'static str],
        run: fn(&Operands) -> Result<Value, String>,
    ) -> Self {
        Self { names, parameters, takes_undefined: true, run }
    }

    /// Applies it. The error is a sentence that begins with the filter's name.
    pub(in crate::render) fn apply(
        &self,
        value: Value,
        args: Vec<Value>,
        named: Vec<(String, Value)>,
    ) -> Result<Value, String> {
        let name = self.names[0];
        self.operands(value, args, named)
            .and_then(|operands| (self.run)(&operands))
            .map_err(|reason| format!("{name}: {reason}"))
    }

    /// Arguments where they belong. Before a rest stand parameters that are given by name only.
    fn operands(&self, value: Value, args: Vec<Value>, named: Vec<(String, Value)>) -> Result<Operands, String> {
        let (fixed, rest_name) = match self.parameters.split_last() {
            Some((last, fixed)) if last.starts_with('*') => (fixed, Some(&last[1..])),
            _ => (self.parameters, None),
        };
        let mut operands = Operands { value, args: vec![None; fixed.len()], rest: Vec::new() };
        if rest_name.is_some() {
            operands.rest = args;
        } else if args.len() > fixed.len() {
            return Err(format!("takes {} arguments, {} were given", fixed.len(), args.len()));
        } else {
            args.into_iter().enumerate().for_each(|(at, arg)| operands.args[at] = Some(arg));
        }
        for (name, value) in named {
            match fixed.iter().position(|parameter| *parameter == name) {
                Some(at) => operands.args[at] = Some(value),
                None if rest_name == Some(name.as_str()) => operands.rest.extend(items(&value)),
                None => return Err(format!("has no argument {name}; it takes {}", self.parameters.join(", "))),
            }
        }
        Ok(operands)
    }
}

impl Operands {
    /// An argument, unless it was left out or is null.
    fn arg(&self, at: usize) -> Option<&Value> {
        self.args.get(at)?.as_ref().filter(|value| is_given(value))
    }

    fn text(&self, at: usize, default: &str) -> String {
        self.arg(at).map_or_else(|| default.to_owned(), ToString::to_string)
    }

    fn flag(&self, at: usize, default: bool) -> bool {
        self.arg(at).map_or(default, Value::is_true)
    }
}

/// Neither undefined nor null.
fn is_given(value: &Value) -> bool {
    !value.is_undefined() && !value.is_none()
}

fn is_list(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

/// The items of a list, the keys of a map, or the value alone.
fn items(value: &Value) -> Vec<Value> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => {
            value.try_iter().map(Iterator::collect).unwrap_or_default()
        }
        ValueKind::None | ValueKind::Undefined => Vec::new(),
        _ => vec![value.clone()],
    }
}

fn pairs(value: &Value) -> Vec<(Value, Value)> {
    let keys = value.try_iter().map(Iterator::collect::<Vec<_>>).unwrap_or_default();
    keys.into_iter().map(|key| (key.clone(), value.get_item(&key).unwrap_or_default())).collect()
}

fn has(map: &Value, key: &str) -> Option<Value> {
    map.get_attr(key).ok().filter(|value| !value.is_undefined())
}

/// The value or the first argument that is defined and not null.
fn first_defined(call: &Operands) -> Result<Value, String> {
    let mut all = std::iter::once(&call.value).chain(&call.rest);
    Ok(all.find(|value| is_given(value)).cloned().unwrap_or_else(|| Value::from(())))
}

fn mandatory(call: &Operands) -> Result<Value, String> {
    if call.value.is_undefined() { Err(call.text(0, "the value is not defined")) } else { Ok(call.value.clone()) }
}

fn ternary(call: &Operands) -> Result<Value, String> {
    let given = |at: usize| call.args[at].clone().ok_or_else(|| "needs true_val and false_val".to_owned());
    match call.arg(2) {
        Some(none) if call.value.is_none() => Ok(none.clone()),
        _ => given(if call.value.is_true() { 0 } else { 1 }),
    }
}

fn dict2items(call: &Operands) -> Result<Value, String> {
    let (key_name, value_name) = (call.text(0, "key"), call.text(1, "value"));
    if call.value.kind() != ValueKind::Map {
        return Err(format!("expected a map, found {}", call.value.kind()));
    }
    let item = |(key, value)| map([(Value::from(key_name.as_str()), key), (Value::from(value_name.as_str()), value)]);
    Ok(list(pairs(&call.value).into_iter().map(item)))
}

fn items2dict(call: &Operands) -> Result<Value, String> {
    let (key_name, value_name) = (call.text(0, "key"), call.text(1, "value"));
    let pair = |item: Value| {
        let part = |name: &str| {
            has(&item, name).ok_or_else(|| format!("expected {key_name} and {value_name} in each item, found {item}"))
        };
        Ok((part(&key_name)?, part(&value_name)?))
    };
    Ok(map(items(&call.value).into_iter().map(pair).collect::<Result<Vec<_>, String>>()?))
}

/// A map of maps as a list of maps, each with its key under `primary_key`; as AVD read its data
/// before version 4.
fn convert_dicts(call: &Operands) -> Result<Value, String> {
    let primary = Value::from(call.text(0, "name"));
    let secondary = call.arg(1).map(ToString::to_string);
    let converted = |key: Value, value: Value| {
        let mut item = vec![(primary.clone(), key)];
        match &secondary {
            Some(secondary) => item.push((Value::from(secondary.as_str()), value)),
            None if value.kind() == ValueKind::Map => item.extend(pairs(&value)),
            None => {}
        }
        map(item)
    };
    let alone = |item: Value| if item.kind() == ValueKind::Map { item } else { converted(item, Value::from(())) };
    Ok(match call.value.kind() {
        ValueKind::Map => list(pairs(&call.value).into_iter().map(|(key, value)| converted(key, value))),
        ValueKind::Seq | ValueKind::Iterable => list(items(&call.value).into_iter().map(alone)),
        ValueKind::Undefined => Value::from(()),
        _ => call.value.clone(),
    })
}

fn distinct(values: impl IntoIterator<Item = Value>) -> Value {
    let mut found: Vec<Value> = Vec::new();
    for value in values {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    list(found)
}

fn both(call: &Operands) -> (Vec<Value>, Vec<Value>) {
    (items(&call.value), call.arg(0).map(items).unwrap_or_default())
}

fn union(call: &Operands) -> Result<Value, String> {
    let (ours, theirs) = both(call);
    Ok(distinct(ours.into_iter().chain(theirs)))
}

fn intersect(call: &Operands) -> Result<Value, String> {
    let (ours, theirs) = both(call);
    Ok(distinct(ours.into_iter().filter(|value| theirs.contains(value))))
}

fn difference(call: &Operands) -> Result<Value, String> {
    let (ours, theirs) = both(call);
    Ok(distinct(ours.into_iter().filter(|value| !theirs.contains(value))))
}

fn symmetric_difference(call: &Operands) -> Result<Value, String> {
    let (ours, theirs) = both(call);
    let common: Vec<_> = ours.iter().filter(|value| theirs.contains(value)).cloned().collect();
    Ok(distinct(ours.into_iter().chain(theirs).filter(|value| !common.contains(value))))
}

fn flatten(call: &Operands) -> Result<Value, String> {
    fn flat(values: Vec<Value>, levels: i64, skip_nulls: bool, found: &mut Vec<Value>) {
        for value in values {
            match value.kind() {
                ValueKind::None if skip_nulls => {}
                ValueKind::Seq if levels != 0 => flat(items(&value), levels - 1, skip_nulls, found),
                _ => found.push(value),
            }
        }
    }
    let levels = call.arg(0).map(|levels| i64::try_from(levels.clone()));
    let levels = levels.transpose().map_err(|_| "levels is a whole number")?.unwrap_or(-1);
    let mut found = Vec::new();
    flat(items(&call.value), levels, call.flag(1, true), &mut found);
    Ok(list(found))
}

/// Each item with each of the items of the list that a path in it leads to.
fn subelements(call: &Operands) -> Result<Value, String> {
    let path = call.arg(0).ok_or("needs the argument subelements")?;
    let path: Vec<String> = match path.as_str() {
        Some(path) => path.split('.').map(str::to_owned).collect(),
        None => items(path).iter().map(ToString::to_string).collect(),
    };
    let all = if call.value.kind() == ValueKind::Map {
        pairs(&call.value).into_iter().map(|(_, item)| item).collect()
    } else {
        items(&call.value)
    };
    let mut found = Vec::new();
    for item in all {
        let mut inner = Some(item.clone());
        for key in &path {
            inner = inner.and_then(|inner| has(&inner, key));
        }
        match inner {
            Some(inner) if inner.kind() == ValueKind::Seq => {
                found.extend(
                    items(&inner)
                        .into_iter()
                        .map(|sub| Value::from(minijinja::value::Tuple::from([item.clone(), sub]))),
                );
            }
            None if call.flag(1, false) => {}
            None => return Err(format!("there is no {} in an item", path.join("."))),
            Some(other) => return Err(format!("expected a list at {}, found {}", path.join("."), other.kind())),
        }
    }
    Ok(list(found))
}

fn regex_findall(call: &Operands) -> Result<Value, String> {
    let pattern = call.arg(0).map(ToString::to_string).ok_or("needs the argument pattern")?;
    regexes::find_all(&call.value.to_string(), &regexes::compile(&pattern, call.flag(2, false), call.flag(1, false))?)
}

/// AVD's order of names: digits compare as numbers. A map needs `sort_key`; one without it is
/// refused, unless a `default_value` is given or it is not `strict`, and then sorts by itself.
fn natural_sort(call: &Operands) -> Result<Value, String> {
    let sort_key = call.arg(0).map(ToString::to_string);
    let (strict, ignore_case, default) = (call.flag(1, true), call.flag(2, true), call.arg(3));
    let text_of = |item: &Value| {
        if item.kind() != ValueKind::Map {
            return Ok(item.to_string());
        }
        let key = sort_key.as_ref().ok_or("needs sort_key to sort maps")?;
        let there = has(item, key);
        match there.as_ref().filter(|value| is_given(value)).or(default) {
            Some(value) => Ok(value.to_string()),
            None if strict && there.is_none() => Err(format!("there is no {key} in the item {item}")),
            None => Ok(item.to_string()),
        }
    };
    if !matches!(
        call.value.kind(),
        ValueKind::Seq
            | ValueKind::Iterable
            | ValueKind::Map
            | ValueKind::None
            | ValueKind::Undefined
            | ValueKind::String
    ) {
        return Err(format!("expected a list, found {}", call.value.kind()));
    }
    let all = match call.value.as_str() {
        Some(text) => text.chars().map(|c| Value::from(c.to_string())).collect(),
        None => items(&call.value),
    };
    let keyed = all.into_iter().map(|item| text_of(&item).map(|text| (NaturalKey::of(&text, ignore_case), item)));
    let mut keyed = keyed.collect::<Result<Vec<_>, String>>()?;
    keyed.sort_by(|(a, _), (b, _): &(NaturalKey, Value)| -> Ordering { a.cmp(b) });
    Ok(list(keyed.into_iter().map(|(_, item)| item)))
}

#[cfg(test)]
mod tests;
