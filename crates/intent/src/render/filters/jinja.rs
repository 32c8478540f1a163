//! Filters of Jinja2's own that minijinja does otherwise than Python.

use std::num::IntErrorKind;

use serde_json::Value;

use super::{Filter, FilterCall, data, to_text};

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
    let lines = text.split('\n').enumerate().map(|(index, line)| {
        let indented = if index == 0 { first } else { blank || !line.is_empty() };
        format!("{}{line}", if indented { margin.as_str() } else { "" })
    });
    Ok(lines.collect::<Vec<_>>().join("\n").into())
}

/// What is no number is the default, 0.
fn int(call: &FilterCall) -> Result<Value, String> {
    let default = || call.args.first().cloned().filter(|value| !value.is_null()).unwrap_or_else(|| 0.into());
    let base = u32::try_from(call.integer(1)?.unwrap_or(10)).ok().filter(|base| (2..=36).contains(base));
    Ok(match call.value() {
        Value::Bool(flag) => i64::from(*flag).into(),
        Value::Number(number) if number.is_f64() => number.as_f64().map_or_else(|| Ok(default()), cut)?,
        number @ Value::Number(_) => number.clone(),
        Value::String(text) => {
            let base = base.ok_or("expected a base from 2 to 36")?;
            let digits = text.trim().to_lowercase();
            let digits = match base {
                16 => digits.trim_start_matches("0x"),
                8 => digits.trim_start_matches("0o"),
                2 => digits.trim_start_matches("0b"),
                _ => digits.as_str(),
            };
            match i64::from_str_radix(digits, base) {
                Ok(whole) => whole.into(),
                Err(error) if matches!(error.kind(), IntErrorKind::PosOverflow | IntErrorKind::NegOverflow) => {
                    return Err(TOO_LONG.to_owned());
                }
                Err(_) => digits.parse::<f64>().map_or_else(|_| Ok(default()), cut)?,
            }
        }
        _ => default(),
    })
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
    Ok(to_text(call.value()).trim().parse::<f64>().map_or_else(|_| default(), Value::from))
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
