//! Lists, maps and their written forms, as Ansible has them.

use serde_json::{Map, Value};

use super::{Call, Filter, is_true, items, kind, to_text};
use crate::yaml;

pub(super) const FILTERS: &[Filter] = &[
    Filter::new(&["arista.avd.default", "first_defined"], &["*values"], first_defined).of_undefined(),
    Filter::new(&["mandatory", "ansible.builtin.mandatory"], &["msg"], mandatory).of_undefined(),
    Filter::new(&["ternary", "ansible.builtin.ternary"], &["true_val", "false_val", "none_val"], ternary),
    Filter::new(&["combine", "ansible.builtin.combine"], &["recursive", "list_merge", "*others"], combine),
    Filter::new(&["dict2items", "ansible.builtin.dict2items"], &["key_name", "value_name"], dict2items),
    Filter::new(&["items2dict", "ansible.builtin.items2dict"], &["key_name", "value_name"], items2dict),
    Filter::new(&["convert_dicts", "arista.avd.convert_dicts"], &["primary_key", "secondary_key"], convert_dicts)
        .of_undefined(),
    Filter::new(&["union", "ansible.builtin.union"], &["other"], union),
    Filter::new(&["intersect", "ansible.builtin.intersect"], &["other"], intersect),
    Filter::new(&["difference", "ansible.builtin.difference"], &["other"], difference),
    Filter::new(&["symmetric_difference", "ansible.builtin.symmetric_difference"], &["other"], symmetric_difference),
    Filter::new(&["flatten", "ansible.builtin.flatten"], &["levels", "skip_nulls"], flatten),
    Filter::new(&["bool", "ansible.builtin.bool"], &[], boolean),
    Filter::new(&["to_json", "ansible.builtin.to_json"], &[], to_json),
    Filter::new(&["to_nice_json", "ansible.builtin.to_nice_json"], &["indent", "sort_keys"], to_nice_json),
    Filter::new(&["from_json", "ansible.builtin.from_json"], &[], from_json),
    Filter::new(&["from_yaml", "ansible.builtin.from_yaml"], &[], from_yaml),
];

/// The value or the first argument that is defined and not null.
fn first_defined(call: &Call) -> Result<Value, String> {
    let mut all = std::iter::once(call.value()).chain(&call.args);
    Ok(all.find(|value| !value.is_null()).cloned().unwrap_or_default())
}

fn mandatory(call: &Call) -> Result<Value, String> {
    call.value.clone().ok_or_else(|| call.arg(0).map_or_else(|| "the value is not defined".to_owned(), to_text))
}

fn ternary(call: &Call) -> Result<Value, String> {
    let given = |at: usize| call.args.get(at).cloned().ok_or_else(|| "needs true_val and false_val".to_owned());
    match (call.value(), call.arg(2)) {
        (Value::Null, Some(none)) => Ok(none.clone()),
        (value, _) => given(if is_true(value) { 0 } else { 1 }),
    }
}

/// Later maps win. With `recursive`, maps in maps are combined too; `list_merge` is `replace`, `keep`, `append` or `prepend`.
fn combine(call: &Call) -> Result<Value, String> {
    let recursive = call.named_flag("recursive", false);
    let lists = call.named.get("list_merge").map_or_else(|| "replace".to_owned(), to_text);
    if !["replace", "keep", "append", "prepend"].contains(&lists.as_str()) {
        return Err(format!("list_merge is replace, keep, append or prepend, not {lists}"));
    }
    let mut combined = Map::new();
    let first = items_or_self(call.value());
    for map in first.iter().chain(call.args.iter().flat_map(items_or_self).collect::<Vec<_>>().iter()) {
        match map {
            Value::Object(map) => merge(&mut combined, map, recursive, &lists),
            other => return Err(format!("expected maps, found {}", kind(other))),
        }
    }
    Ok(combined.into())
}

fn items_or_self(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        other => vec![other.clone()],
    }
}

fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>, recursive: bool, lists: &str) {
    for (key, new) in from {
        match (into.get_mut(key), new) {
            (Some(Value::Object(old)), Value::Object(new)) if recursive => merge(old, new, recursive, lists),
            (Some(Value::Array(old)), Value::Array(new)) => match lists {
                "keep" => {}
                "append" => old.extend(new.iter().cloned()),
                "prepend" => drop(old.splice(..0, new.iter().cloned())),
                _ => old.clone_from(new),
            },
            (Some(old), new) => old.clone_from(new),
            (None, new) => drop(into.insert(key.clone(), new.clone())),
        }
    }
}

fn names(call: &Call) -> (String, String) {
    let name = |at, default: &str| call.arg(at).map_or_else(|| default.to_owned(), to_text);
    (name(0, "key"), name(1, "value"))
}

fn dict2items(call: &Call) -> Result<Value, String> {
    let (key_name, value_name) = names(call);
    let Value::Object(map) = call.value() else {
        return Err(format!("expected a map, found {}", kind(call.value())));
    };
    let pair = |(key, value): (&String, &Value)| {
        Value::Object(Map::from_iter([(key_name.clone(), key.clone().into()), (value_name.clone(), value.clone())]))
    };
    Ok(map.iter().map(pair).collect())
}

fn items2dict(call: &Call) -> Result<Value, String> {
    let (key_name, value_name) = names(call);
    let pair = |item: Value| {
        let part = |name: &str| {
            item.get(name)
                .cloned()
                .ok_or_else(|| format!("expected {key_name} and {value_name} in each item, found {}", to_text(&item)))
        };
        Ok((to_text(&part(&key_name)?), part(&value_name)?))
    };
    let pairs = items(call.value()).into_iter().map(pair).collect::<Result<Map<_, _>, String>>()?;
    Ok(pairs.into())
}

/// A map of maps as a list of maps, each with its key under `primary_key`; as AVD read its data before version 4.
fn convert_dicts(call: &Call) -> Result<Value, String> {
    let primary = call.arg(0).map_or_else(|| "name".to_owned(), to_text);
    let secondary = call.arg(1).map(to_text);
    let converted = |key: &str, value: &Value| {
        let mut item = Map::from_iter([(primary.clone(), Value::from(key))]);
        match (&secondary, value) {
            (Some(secondary), value) => drop(item.insert(secondary.clone(), value.clone())),
            (None, Value::Object(map)) => item.extend(map.iter().map(|(key, value)| (key.clone(), value.clone()))),
            (None, _) => {}
        }
        Value::Object(item)
    };
    Ok(match call.value() {
        Value::Object(map) => map.iter().map(|(key, value)| converted(key, value)).collect(),
        Value::Array(items) => items
            .iter()
            .map(|item| if item.is_object() { item.clone() } else { converted(&to_text(item), &Value::Null) })
            .collect(),
        other => other.clone(),
    })
}

fn distinct(values: impl IntoIterator<Item = Value>) -> Value {
    let mut found: Vec<Value> = Vec::new();
    for value in values {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found.into()
}

fn both(call: &Call) -> (Vec<Value>, Vec<Value>) {
    (items(call.value()), call.arg(0).map(items).unwrap_or_default())
}

fn union(call: &Call) -> Result<Value, String> {
    let (ours, theirs) = both(call);
    Ok(distinct(ours.into_iter().chain(theirs)))
}

fn intersect(call: &Call) -> Result<Value, String> {
    let (ours, theirs) = both(call);
    Ok(distinct(ours.into_iter().filter(|value| theirs.contains(value))))
}

fn difference(call: &Call) -> Result<Value, String> {
    let (ours, theirs) = both(call);
    Ok(distinct(ours.into_iter().filter(|value| !theirs.contains(value))))
}

fn symmetric_difference(call: &Call) -> Result<Value, String> {
    let (ours, theirs) = both(call);
    let common: Vec<_> = ours.iter().filter(|value| theirs.contains(value)).cloned().collect();
    Ok(distinct(ours.into_iter().chain(theirs).filter(|value| !common.contains(value))))
}

fn flatten(call: &Call) -> Result<Value, String> {
    fn flat(values: &[Value], levels: i64, skip_nulls: bool, found: &mut Vec<Value>) {
        for value in values {
            match value {
                Value::Null if skip_nulls => {}
                Value::Array(inner) if levels != 0 => flat(inner, levels - 1, skip_nulls, found),
                other => found.push(other.clone()),
            }
        }
    }
    let mut found = Vec::new();
    flat(&items(call.value()), call.integer(0)?.unwrap_or(-1), call.flag(1, true), &mut found);
    Ok(found.into())
}

/// `yes`, `on`, `1` and `true` in any case are true.
fn boolean(call: &Call) -> Result<Value, String> {
    Ok(match call.value() {
        value @ (Value::Null | Value::Bool(_)) => value.clone(),
        value => ["yes", "on", "1", "true"].contains(&to_text(value).to_lowercase().as_str()).into(),
    })
}

fn to_json(call: &Call) -> Result<Value, String> {
    let mut text = String::new();
    write_json(call.value(), None, &mut text);
    Ok(text.into())
}

fn to_nice_json(call: &Call) -> Result<Value, String> {
    let indent = usize::try_from(call.integer(0)?.unwrap_or(4)).unwrap_or(0).min(16);
    let mut text = String::new();
    let value = if call.flag(1, true) { sorted(call.value()) } else { call.value().clone() };
    write_json(&value, Some((indent, 1)), &mut text);
    Ok(text.into())
}

pub(super) fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
            pairs.into_iter().collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// As Python's `json.dumps`: a blank behind commas and colons, and ASCII only.
pub(super) fn write_json(value: &Value, nice: Option<(usize, usize)>, text: &mut String) {
    let (open, close, members): (_, _, Vec<(Option<&String>, &Value)>) = match value {
        Value::Array(items) => ('[', ']', items.iter().map(|item| (None, item)).collect()),
        Value::Object(map) => ('{', '}', map.iter().map(|(key, item)| (Some(key), item)).collect()),
        Value::String(string) => return text.push_str(&ascii(string)),
        other => return text.push_str(&other.to_string()),
    };
    let line = |depth: usize, indent: usize| format!("\n{}", " ".repeat(depth * indent));
    text.push(open);
    for (index, (key, item)) in members.iter().enumerate() {
        match nice {
            Some((indent, depth)) => {
                text.push_str(if index > 0 { "," } else { "" });
                text.push_str(&line(depth, indent));
            }
            None => text.push_str(if index > 0 { ", " } else { "" }),
        }
        if let Some(key) = key {
            text.push_str(&ascii(key));
            text.push_str(": ");
        }
        write_json(item, nice.map(|(indent, depth)| (indent, depth + 1)), text);
    }
    if let (Some((indent, depth)), false) = (nice, members.is_empty()) {
        text.push_str(&line(depth - 1, indent));
    }
    text.push(close);
}

fn ascii(string: &str) -> String {
    let mut text = String::new();
    for c in Value::from(string).to_string().chars() {
        if c.is_ascii() && c != '\u{7f}' {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}

fn from_json(call: &Call) -> Result<Value, String> {
    serde_json::from_str(&call.text()).map_err(|error| format!("not JSON: {error}"))
}

fn from_yaml(call: &Call) -> Result<Value, String> {
    match call.value() {
        Value::String(text) => yaml::read(text.as_bytes())
            .map(|node| node.to_value())
            .map_err(|error| format!("not YAML, line {}: {}", error.line, error.reason)),
        other => Ok(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::applied;
    use super::*;

    #[test]
    fn maps_are_combined_later_ones_winning() {
        let result = applied("combine", json!({"a": 1, "b": {"c": 1}}), &[json!({"b": {"d": 2}}), json!({"a": 3})]);
        assert_eq!(result.unwrap(), json!({"a": 3, "b": {"d": 2}}));

        let filter = FILTERS.iter().find(|filter| filter.names.contains(&"combine")).unwrap();
        let named = Map::from_iter([("recursive".to_owned(), json!(true)), ("list_merge".to_owned(), json!("append"))]);
        let call = Call { value: Some(json!({"b": {"c": [1]}})), args: vec![json!({"b": {"c": [2], "d": 3}})], named };
        assert_eq!(filter.apply(call).unwrap(), json!({"b": {"c": [1, 2], "d": 3}}));
    }

    #[test]
    fn json_is_written_as_python_writes_it() {
        for (filter, expected) in [
            ("to_json", r#"{"b": [1, 2.5, null, true], "a": "\u00e9\"\n", "e": {}}"#),
            (
                "to_nice_json",
                "{\n    \"a\": \"\\u00e9\\\"\\n\",\n    \"b\": [\n        1,\n        2.5,\n        null,\n        true\n    ],\n    \"e\": {}\n}",
            ),
        ] {
            let value = json!({"b": [1, 2.5, null, true], "a": "é\"\n", "e": {}});
            assert_eq!(applied(filter, value, &[]).unwrap(), json!(expected));
        }
    }

    #[test]
    fn an_undefined_value_is_refused_where_it_is_mandatory() {
        let filter = FILTERS.iter().find(|filter| filter.names.contains(&"mandatory")).unwrap();
        let call = |args| Call { value: None, args, named: Map::new() };

        assert_eq!(filter.apply(call(vec![])).unwrap_err(), "mandatory: the value is not defined");
        assert_eq!(filter.apply(call(vec![json!("give a name")])).unwrap_err(), "mandatory: give a name");
    }

    #[test]
    fn lists_are_sets_too() {
        let (ours, theirs) = (json!([1, 2, 2, 3]), json!([3, 4]));
        for (filter, expected) in [
            ("union", json!([1, 2, 3, 4])),
            ("intersect", json!([3])),
            ("difference", json!([1, 2])),
            ("symmetric_difference", json!([1, 2, 4])),
        ] {
            assert_eq!(applied(filter, ours.clone(), std::slice::from_ref(&theirs)).unwrap(), expected, "{filter}");
        }
        assert_eq!(applied("flatten", json!([1, [2, [3, null]]]), &[]).unwrap(), json!([1, 2, 3]));
        assert_eq!(applied("flatten", json!([1, [2, [3]]]), &[json!(1)]).unwrap(), json!([1, 2, [3]]));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(text in ".{0,30}", number in any::<i64>()) {
            let value = json!({ text.clone(): [number, text] });
            for written in ["to_json", "to_nice_json"] {
                let written = applied(written, value.clone(), &[]).unwrap();
                prop_assert_eq!(applied("from_json", written, &[]).unwrap(), value.clone());
            }
        }

        #[test]
        fn items_make_the_map_again(map in proptest::collection::btree_map("[a-z]{1,5}", 0..9_u8, 0..9)) {
            let items = applied("dict2items", json!(map), &[]).unwrap();
            prop_assert_eq!(applied("items2dict", items, &[]).unwrap(), json!(map));
        }
    }
}
