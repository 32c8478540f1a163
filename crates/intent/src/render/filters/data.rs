//! Lists, maps and their written forms, as Ansible has them.

use base64ct::{Base64, Encoding};
use serde_json::{Map, Value};

use super::{Filter, FilterCall, to_text};
use crate::yaml;

pub(super) const FILTERS: &[Filter] = &[
    Filter::new(&["bool", "ansible.builtin.bool"], &[], boolean),
    Filter::new(&["to_json", "ansible.builtin.to_json"], &["indent", "sort_keys"], to_json),
    Filter::new(&["to_nice_json", "ansible.builtin.to_nice_json"], &["indent", "sort_keys"], to_nice_json),
    Filter::new(&["from_json", "ansible.builtin.from_json"], &[], from_json),
    Filter::new(&["from_yaml", "ansible.builtin.from_yaml"], &[], from_yaml),
    Filter::new(&["b64encode", "ansible.builtin.b64encode"], &["encoding"], b64encode),
    Filter::new(&["b64decode", "ansible.builtin.b64decode"], &["encoding"], b64decode),
];

/// `yes`, `on`, `1` and `true` in any case are true.
fn boolean(call: &FilterCall) -> Result<Value, String> {
    Ok(match call.value() {
        value @ (Value::Null | Value::Bool(_)) => value.clone(),
        value => ["yes", "on", "1", "true"].contains(&to_text(value).to_lowercase().as_str()).into(),
    })
}

fn to_json(call: &FilterCall) -> Result<Value, String> {
    json_text(call, None, false)
}

fn to_nice_json(call: &FilterCall) -> Result<Value, String> {
    json_text(call, Some(4), true)
}

/// JSON with this indent, none for one line, and sorted keys or not, unless the call says.
fn json_text(call: &FilterCall, indent: Option<i64>, sorts: bool) -> Result<Value, String> {
    let indent = call.integer(0)?.or(indent).map(|indent| usize::try_from(indent).unwrap_or(0).min(16));
    let value = if call.flag(1, sorts) { sorted(call.value()) } else { call.value().clone() };
    let mut text = String::new();
    write_json(&value, indent.map(|indent| (indent, 1)), &mut text);
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
        Value::Number(number) if number.is_f64() => return text.push_str(&to_text(value)),
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

fn from_json(call: &FilterCall) -> Result<Value, String> {
    serde_json::from_str(&call.text()).map_err(|error| format!("not JSON: {error}"))
}

fn from_yaml(call: &FilterCall) -> Result<Value, String> {
    match call.value() {
        Value::String(text) => yaml::read(text.as_bytes())
            .map(|node| node.to_value())
            .map_err(|error| format!("not YAML, line {}: {}", error.line, error.reason)),
        other => Ok(other.clone()),
    }
}

fn b64encode(call: &FilterCall) -> Result<Value, String> {
    utf8_only(call)?;
    Ok(Base64::encode_string(call.text().as_bytes()).into())
}

fn b64decode(call: &FilterCall) -> Result<Value, String> {
    utf8_only(call)?;
    let bytes = Base64::decode_vec(&call.text()).map_err(|_| "is not base64".to_owned())?;
    String::from_utf8(bytes).map(Value::from).map_err(|_| "does not decode to UTF-8 text".to_owned())
}

fn utf8_only(call: &FilterCall) -> Result<(), String> {
    match call.arg(0).map(to_text) {
        Some(encoding) if !matches!(encoding.as_str(), "utf-8" | "utf8") => Err("knows utf-8 only".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::applied;

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

    proptest! {
        #[test]
        fn what_is_written_is_read_again(text in ".{0,30}", number in any::<i64>()) {
            let value = json!({ text.clone(): [number, text] });
            for written in ["to_json", "to_nice_json"] {
                let written = applied(written, value.clone(), &[]).unwrap();
                prop_assert_eq!(applied("from_json", written, &[]).unwrap(), value.clone());
            }
        }
    }
}
