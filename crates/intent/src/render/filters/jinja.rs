//! Filters of Jinja2's own that minijinja does otherwise than Python.

use std::num::IntErrorKind;

use serde_json::Value;

use super::{Filter, FilterCall, data, spend};

pub(super) const FILTERS: &[Filter] = &[
    Filter::new(&["indent"], &["width", "first", "blank"], indent),
    Filter::new(&["int"], &["default", "base"], int),
    Filter::new(&["float"], &["default"], float),
    Filter::new(&["tojson"], &["indent"], tojson),
];

/// Jinja2 keeps the line break at the end, and indents blank lines only if told to.
fn indent(call: &FilterCall) -> Result<Value, String> {
    let margin = match call.arg(0) {
        Some(Value::String(margin)) => margin.clone(),
        _ => " ".repeat(usize::try_from(call.integer(0)?.unwrap_or(4)).unwrap_or(0).min(200)),
    };
    let (first, blank) = (call.flag(1, false), call.flag(2, false));
    let text = call.text();
    spend(margin.len().saturating_mul(text.split('\n').count()))?;
    let lines = text.split('\n').enumerate().map(|(index, line)| {
        let indented = if index == 0 { first } else { blank || !line.is_empty() };
        format!("{}{line}", if indented { margin.as_str() } else { "" })
    });
    Ok(lines.collect::<Vec<_>>().join("\n").into())
}

/// What is no number is the default, 0.
fn int(call: &FilterCall) -> Result<Value, String> {
    let default = || call.args.first().cloned().filter(|value| !value.is_null()).unwrap_or_else(|| 0.into());
    Ok(match call.value() {
        Value::Bool(flag) => i64::from(*flag).into(),
        Value::Number(number) if number.is_f64() => number.as_f64().map_or_else(|| Ok(default()), cut)?,
        number @ Value::Number(_) => number.clone(),
        Value::String(text) => {
            let base = call.integer(1)?.unwrap_or(10);
            if text.chars().any(|c| c.is_numeric() && !c.is_ascii()) {
                return Err("expected the digits 0 to 9".to_owned());
            }
            match whole(text.trim(), base)?.map(i64::try_from) {
                Some(Ok(whole)) => whole.into(),
                Some(Err(_)) => return Err(TOO_LONG.to_owned()),
                None => match number(text) {
                    Some(number) if number.is_finite() => cut(number)?,
                    _ => default(),
                },
            }
        }
        _ => default(),
    })
}

/// A whole number as Python's `int` reads it, with a sign, a prefix of its base, and single
/// underscores between digits.
fn whole(text: &str, base: i64) -> Result<Option<i128>, String> {
    let base = u32::try_from(base).ok().filter(|base| *base == 0 || (2..=36).contains(base));
    let base = base.ok_or("expected a base of 0, or from 2 to 36")?;
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_lowercase();
    let prefix = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find(|(prefix, of)| lower.starts_with(prefix) && (base == 0 || base == *of));
    let (digits, base) = match prefix {
        Some((prefix, of)) => (lower[prefix.len()..].strip_prefix('_').unwrap_or(&lower[prefix.len()..]), of),
        // Python refuses `010` where the base is to be found.
        None if base == 0 && lower.starts_with('0') && !lower.trim_matches(['0', '_']).is_empty() => return Ok(None),
        None => (lower.as_str(), if base == 0 { 10 } else { base }),
    };
    let Some(digits) = joined(digits).filter(|digits| digits.chars().all(|c| c.is_digit(base))) else {
        return Ok(None);
    };
    match i128::from_str_radix(&format!("{sign}{digits}"), base) {
        Ok(whole) => Ok(Some(whole)),
        Err(error) if matches!(error.kind(), IntErrorKind::PosOverflow | IntErrorKind::NegOverflow) => {
            Err(TOO_LONG.to_owned())
        }
        Err(_) => Ok(None),
    }
}

/// Digits without the underscores that may stand between two of them, all as ASCII has them;
/// nothing if an underscore stands elsewhere.
fn joined(digits: &str) -> Option<String> {
    let misplaced = digits.is_empty() || digits.starts_with('_') || digits.ends_with('_') || digits.contains("__");
    (!misplaced).then(|| digits.chars().filter(|c| *c != '_').collect())
}

/// A number as Python's `float` reads it.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_between_digits = |at: usize| {
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        digit(text[..at].chars().next_back()) && digit(text[at + 1..].chars().next())
    };
    text.match_indices('_').all(|(at, _)| is_between_digits(at)).then(|| text.replace('_', "").parse().ok()).flatten()
}

/// What is said of a whole number that would have to be rounded.
const TOO_LONG: &str = "a whole number of more than 64 bits";

/// The whole part of a number.
fn cut(number: f64) -> Result<Value, String> {
    if number.abs() < 9_007_199_254_740_992.0 { Ok((number as i64).into()) } else { Err(TOO_LONG.to_owned()) }
}

/// What is no number is the default, 0.0.
fn float(call: &FilterCall) -> Result<Value, String> {
    let default = || call.args.first().cloned().filter(|value| !value.is_null()).unwrap_or_else(|| 0.0.into());
    let number = match call.value() {
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::String(text) => number(text),
        other => other.as_f64(),
    };
    match number {
        Some(number) if !number.is_finite() => Err("an infinite number, or none, cannot be written".to_owned()),
        number => Ok(number.map_or_else(default, Value::from)),
    }
}

/// With sorted keys, and as Jinja2 has it for pages, without `<`, `>`, `&` and `'`.
fn tojson(call: &FilterCall) -> Result<Value, String> {
    let indent = call.integer(0)?.map(|indent| usize::try_from(indent).unwrap_or(0).min(16));
    let mut text = String::new();
    data::write_json(&data::sorted(call.value()), indent.map(|indent| (indent, 1)), &mut text);
    for (sign, written) in [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026"), ('\'', "\\u0027")] {
        text = text.replace(sign, written);
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    #[test]
    fn numbers_and_margins_are_as_in_python() {
        for (filter, value, args, expected) in [
            ("indent", json!("a\n\nb\n"), vec![json!(2)], json!("a\n\n  b\n")),
            ("indent", json!("a\nb"), vec![json!("> "), json!(true)], json!("> a\n> b")),
            ("int", json!("x"), vec![], json!(0)),
            ("int", json!("3.7"), vec![], json!(3)),
            ("int", json!("0x1f"), vec![json!(0), json!(16)], json!(31)),
            ("float", json!("x"), vec![json!(1.5)], json!(1.5)),
        ] {
            let filter = FILTERS.iter().find(|found| found.names.contains(&filter)).unwrap();
            let call = FilterCall { value: Some(value), args, named: Map::new() };
            assert_eq!(filter.apply(call).unwrap(), expected);
        }
    }

    #[test]
    fn whole_numbers_are_never_rounded() {
        let int = FILTERS.iter().find(|found| found.names.contains(&"int")).unwrap();
        for value in [json!("99999999999999999999"), json!("-99999999999999999999"), json!("1e30"), json!(1e30)] {
            let call = FilterCall { value: Some(value.clone()), args: Vec::new(), named: Map::new() };
            assert_eq!(int.apply(call), Err("int: a whole number of more than 64 bits".to_owned()), "{value}");
        }
    }
}
