//! Filters of Jinja2's own that minijinja does otherwise than Python.

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
        Value::Number(number) if number.is_f64() => {
            number.as_f64().map_or_else(default, |number| (number as i64).into())
        }
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
            let whole = i64::from_str_radix(digits, base).ok();
            let cut = || digits.parse::<f64>().ok().map(|number| number as i64);
            whole.or_else(cut).map_or_else(default, Value::from)
        }
        _ => default(),
    })
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
}
