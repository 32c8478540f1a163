//! The tests (`is …`) that Jinja2 templates have from Ansible and AVD.

use serde_json::Value;

use super::{Filter, FilterCall, items, kind, regexes, to_text};

pub(super) const TESTS: &[Filter] = &[
    Filter::new(&["arista.avd.defined"], &["test_value", "var_type", "fail_action", "var_name"], defined)
        .of_undefined(),
    Filter::new(&["arista.avd.contains"], &["test_value"], contains_any).of_undefined(),
    Filter::new(&["contains", "ansible.builtin.contains"], &["value"], contains),
    Filter::new(&["match", "ansible.builtin.match"], &["pattern", "ignorecase", "multiline"], |call| {
        found(call, r"\A(?:", ")")
    }),
    Filter::new(&["search", "ansible.builtin.search"], &["pattern", "ignorecase", "multiline"], |call| {
        found(call, "", "")
    }),
    Filter::new(&["regex", "ansible.builtin.regex"], &["pattern", "ignorecase", "multiline", "match_type"], |call| {
        match call.arg(3).map_or_else(|| "search".to_owned(), to_text).as_str() {
            "search" => found(call, "", ""),
            "match" => found(call, r"\A(?:", ")"),
            "fullmatch" => found(call, r"\A(?:", r")\z"),
            other => Err(format!("match_type is search, match or fullmatch, not {other}")),
        }
    }),
    Filter::new(
        &["version", "version_compare", "ansible.builtin.version"],
        &["version", "operator", "strict", "version_type"],
        version,
    ),
    Filter::new(&["subset", "issubset", "ansible.builtin.subset"], &["superset"], |call| {
        all_in(call.value(), call.arg(0))
    }),
    Filter::new(&["superset", "issuperset", "ansible.builtin.superset"], &["subset"], |call| {
        all_in(call.arg(0).unwrap_or(&Value::Null), call.value.as_ref())
    }),
    Filter::new(&["truthy", "ansible.builtin.truthy"], &[], |call| Ok(super::is_true(call.value()).into())),
    Filter::new(&["falsy", "ansible.builtin.falsy"], &[], |call| Ok((!super::is_true(call.value())).into())),
];

/// Defined and not null; of this value, if one is given; of this type, if one is given.
fn defined(call: &FilterCall) -> Result<Value, String> {
    let name = call.arg(3).map_or_else(|| "a variable".to_owned(), to_text);
    let value = call.value();
    let failure = if value.is_null() {
        Some(format!("{name} was expected but not set"))
    } else if let Some(expected) = call.arg(0).filter(|expected| *expected != value) {
        Some(format!("{name} was set to {}, expected {}", to_text(value), to_text(expected)))
    } else {
        let types = ["float", "int", "str", "list", "dict", "bool"];
        let expected = call.arg(1).map(to_text).filter(|expected| types.contains(&expected.as_str()));
        expected
            .filter(|expected| expected != kind(value))
            .map(|expected| format!("{name} is of type {}, expected {expected}", kind(value)))
    };
    match failure {
        Some(failure) if call.arg(2).is_some_and(|action| to_text(action) == "error") => Err(failure),
        failure => Ok(failure.is_none().into()),
    }
}

/// Whether a list has any of these items.
fn contains_any(call: &FilterCall) -> Result<Value, String> {
    let (Value::Array(list), Some(wanted)) = (call.value(), call.arg(0)) else { return Ok(false.into()) };
    let any = wanted.as_array().is_some_and(|wanted| wanted.iter().any(|item| list.contains(item)));
    Ok((any || list.contains(wanted)).into())
}

fn contains(call: &FilterCall) -> Result<Value, String> {
    let Some(wanted) = call.arg(0) else { return Ok(false.into()) };
    Ok(match call.value() {
        Value::String(text) => text.contains(&to_text(wanted)),
        Value::Object(map) => map.contains_key(&to_text(wanted)),
        list => items(list).contains(wanted),
    }
    .into())
}

fn found(call: &FilterCall, before: &str, behind: &str) -> Result<Value, String> {
    let pattern = format!("{before}{}{behind}", call.text_arg(0, "pattern")?);
    let pattern = regexes::compile(&pattern, call.flag(1, false), call.flag(2, false))?;
    pattern.is_match(&call.text()).map(Value::from).map_err(|error| error.to_string())
}

/// Compares two versions as Python's `LooseVersion` does: numbers as numbers, words as words.
fn version(call: &FilterCall) -> Result<Value, String> {
    if call.arg(2).is_some() || call.arg(3).is_some() {
        return Err("strict and version_type are not known here; loose versions are compared".to_owned());
    }
    let operator = call.arg(1).map_or_else(|| "eq".to_owned(), to_text);
    let (ours, theirs) = (parts_of_version(&call.text()), parts_of_version(&call.text_arg(0, "version")?));
    let mixed = ours.iter().zip(&theirs).find(|(a, b)| a != b).is_some_and(|(a, b)| a.is_ok() != b.is_ok());
    let is_equal = matches!(operator.as_str(), "==" | "=" | "eq" | "!=" | "<>" | "ne");
    if mixed && !is_equal {
        return Err(format!(
            "{} and {} cannot be compared: a number meets a word",
            call.text(),
            call.text_arg(0, "version")?
        ));
    }
    let order = ours.cmp(&theirs);
    Ok(match operator.as_str() {
        "==" | "=" | "eq" => order.is_eq(),
        "!=" | "<>" | "ne" => order.is_ne(),
        "<" | "lt" => order.is_lt(),
        "<=" | "le" => order.is_le(),
        ">" | "gt" => order.is_gt(),
        ">=" | "ge" => order.is_ge(),
        other => return Err(format!("expected an operator such as >=, found {other}")),
    }
    .into())
}

/// Numbers, and words of lower-case letters or anything else between dots.
fn parts_of_version(version: &str) -> Vec<Result<u128, String>> {
    let kind = |c: char| {
        if c.is_ascii_digit() {
            0
        } else if c.is_ascii_lowercase() {
            1
        } else if c == '.' {
            2
        } else {
            3
        }
    };
    let characters: Vec<char> = version.chars().collect();
    let parts = characters.chunk_by(|a, b| kind(*a) == kind(*b) && *a != '.');
    let parts = parts.map(|part| part.iter().collect::<String>()).filter(|part| part != ".");
    parts.map(|part| part.parse().map_err(|_| part)).collect()
}

fn all_in(small: &Value, large: Option<&Value>) -> Result<Value, String> {
    let large = large.map(items).unwrap_or_default();
    Ok(items(small).iter().all(|item| large.contains(item)).into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::applied;

    #[test]
    fn avds_tests_look_at_value_and_type() {
        for (value, args, expected) in [
            (json!("x"), vec![], true),
            (json!(null), vec![], false),
            (json!(false), vec![], true),
            (json!(true), vec![json!(true)], true),
            (json!(1), vec![json!(2)], false),
            (json!([]), vec![json!(null), json!("list")], true),
            (json!(1), vec![json!(null), json!("str")], false),
        ] {
            assert_eq!(applied("arista.avd.defined", value, &args).unwrap(), json!(expected), "{args:?}");
        }
        let args = [json!(null), json!(null), json!("error"), json!("vlan")];
        let error = applied("arista.avd.defined", json!(null), &args).unwrap_err();
        assert_eq!(error, "arista.avd.defined: vlan was expected but not set");
    }

    #[test]
    fn texts_match_from_their_beginning_and_are_searched_everywhere() {
        assert_eq!(applied("match", json!("leaf1"), &[json!("eaf|xx")]).unwrap(), json!(false));
        assert_eq!(applied("search", json!("leaf1"), &[json!("eaf")]).unwrap(), json!(true));
        assert_eq!(applied("subset", json!([1]), &[json!([1, 2])]).unwrap(), json!(true));
        assert_eq!(applied("arista.avd.contains", json!([1, 2]), &[json!([2, 9])]).unwrap(), json!(true));
    }
}
