//! YAML as Ansible writes it through PyYAML.

use fancy_regex::Regex;
use serde_json::Value;

use super::data::sorted;
use super::{Filter, FilterCall, to_text};

pub(super) const FILTERS: &[Filter] = &[
    Filter::new(&["to_yaml", "ansible.builtin.to_yaml"], &["indent", "width"], to_yaml),
    Filter::new(&["to_nice_yaml", "ansible.builtin.to_nice_yaml"], &["indent", "width"], to_nice_yaml),
];

/// Ansible writes flow style for what holds no lists or maps, which is refused here rather than
/// guessed at.
fn to_yaml(call: &FilterCall) -> Result<Value, String> {
    match call.value() {
        Value::Array(items) if items.is_empty() => Ok("[]\n".into()),
        Value::Object(map) if map.is_empty() => Ok("{}\n".into()),
        Value::Array(_) | Value::Object(_) => Err("use to_nice_yaml, which writes one item a line".to_owned()),
        scalar => Ok(format!("{}\n", yaml_scalar(scalar)?).into()),
    }
}

/// As PyYAML's block style with sorted keys and Ansible's indent of 4.
fn to_nice_yaml(call: &FilterCall) -> Result<Value, String> {
    let indent = usize::try_from(call.integer(0)?.unwrap_or(4)).unwrap_or(4).clamp(2, 9);
    let mut text = String::new();
    match sorted(call.value()) {
        Value::Array(items) if items.is_empty() => text.push_str("[]\n"),
        Value::Object(map) if map.is_empty() => text.push_str("{}\n"),
        value @ (Value::Array(_) | Value::Object(_)) => yaml_block(&value, 0, indent, &mut text)?,
        scalar => text.push_str(&format!("{}\n", yaml_scalar(&scalar)?)),
    }
    Ok(text.into())
}

fn yaml_block(value: &Value, depth: usize, indent: usize, text: &mut String) -> Result<(), String> {
    let margin = " ".repeat(depth);
    let entries: Vec<(String, usize, &Value)> = match value {
        // A list in a map stands at the map's own margin.
        Value::Array(items) => {
            items.iter().map(|item| (format!("-{}", " ".repeat(indent - 1)), depth + indent, item)).collect()
        }
        Value::Object(map) => {
            let entry = |(key, item)| Ok((format!("{}:", yaml_scalar(&Value::String(key))?), depth + indent, item));
            map.iter().map(|(key, item)| (key.clone(), item)).map(entry).collect::<Result<_, String>>()?
        }
        _ => Vec::new(),
    };
    let is_map = value.is_object();
    for (head, inner, item) in entries {
        let is_empty = match item {
            Value::Array(items) => items.is_empty(),
            Value::Object(map) => map.is_empty(),
            _ => false,
        };
        let block = (item.is_array() || item.is_object()) && !is_empty;
        text.push_str(&margin);
        match (block, is_map) {
            (true, true) => {
                text.push_str(&head);
                text.push('\n');
                yaml_block(item, if item.is_array() { depth } else { inner }, indent, text)?;
            }
            (true, false) => {
                let mut below = String::new();
                yaml_block(item, inner, indent, &mut below)?;
                text.push_str(&head);
                text.push_str(below.trim_start_matches(' '));
            }
            (false, _) => {
                let written = match item {
                    Value::Array(_) => "[]".to_owned(),
                    Value::Object(_) => "{}".to_owned(),
                    scalar => yaml_scalar(scalar)?,
                };
                let head = if is_map { format!("{head} ") } else { format!("{} ", head.trim_end()) };
                text.push_str(&format!("{head}{written}\n"));
            }
        }
    }
    Ok(())
}

/// A value on one line. A text that PyYAML would fold, escape or write in several lines is refused.
fn yaml_scalar(value: &Value) -> Result<String, String> {
    let Value::String(text) = value else {
        return Ok(match value {
            Value::Null => "null".to_owned(),
            Value::Bool(flag) => flag.to_string(),
            // YAML 1.1 takes a number with an exponent for one only if it has a point.
            other => match to_text(other) {
                text if text.contains('e') && !text.contains('.') => text.replace('e', ".0e"),
                text => text,
            },
        });
    };
    let is_written =
        |c: char| matches!(c, ' '..='~' | '\u{a0}'..) && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    if text.len() > 70 || !text.chars().all(is_written) {
        return Err("a text of more than 70 characters, or with control characters, cannot be written here".to_owned());
    }
    Ok(if is_plain(text)? { text.clone() } else { format!("'{}'", text.replace('\'', "''")) })
}

/// Whether PyYAML writes a text without quotes.
fn is_plain(text: &str) -> Result<bool, String> {
    let is_marked =
        text.starts_with(|c| "#,[]{}&*!|>'\"%@`".contains(c)) || text.starts_with("---") || text.starts_with("...");
    let opens = text.starts_with(['-', '?', ':']) && text[1..].chars().next().is_none_or(char::is_whitespace);
    let inside = text.contains(": ") || text.ends_with(':') || text.contains(" #");
    let is_padded = text != text.trim_matches(' ') || text.is_empty();
    Ok(!is_marked && !opens && !inside && !is_padded && !is_something_else(text)?)
}

/// Whether PyYAML reads a text without quotes as something else than text.
fn is_something_else(text: &str) -> Result<bool, String> {
    const PATTERN: &str = r"(?x)^(?:
        yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF
        |~|null|Null|NULL|<<|=
        |[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?
        |[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)
        |[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+
        |[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+
        |[0-9]{4}-[0-9]{2}-[0-9]{2}
        |[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[\ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?
            (?:[\ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?
    )$";
    let pattern = Regex::new(PATTERN).map_err(|error| error.to_string())?;
    pattern.is_match(text).map_err(|error| error.to_string())
}
