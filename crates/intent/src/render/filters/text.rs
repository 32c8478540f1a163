//! Sorting and ranges of names, as AVD has them.

use fancy_regex::Regex;
use serde_json::Value;

use super::{Filter, FilterCall, items, kind, spend, to_text};

pub(super) const FILTERS: &[Filter] = &[
    Filter::new(&["range_expand", "arista.avd.range_expand"], &[], range_expand),
    Filter::new(&["list_compress", "arista.avd.list_compress"], &[], list_compress),
    Filter::new(&["hide_passwords", "arista.avd.hide_passwords"], &["hide_passwords"], hide_passwords),
    Filter::new(&["is_in_filter", "arista.avd.is_in_filter"], &["hostname_filter"], is_in_filter),
];

/// Names that a `range_expand` makes at most.
const MAX_NAMES: usize = 100_000;

fn range_expand(call: &FilterCall) -> Result<Value, String> {
    let mut names = Vec::new();
    match call.value() {
        Value::Array(ranges) => {
            for range in ranges {
                expand(&to_text(range), &mut names)?;
            }
        }
        Value::String(ranges) => expand(ranges, &mut names)?,
        other => return Err(format!("expected text or a list, found {}", kind(other))),
    }
    Ok(names.into_iter().map(Value::String).collect())
}

/// `Ethernet1-2/3-4.10-12`: a prefix, up to two levels before a slash, the interface and a
/// subinterface, each a number or a range. A later range without a prefix takes the one before.
fn expand(ranges: &str, names: &mut Vec<String>) -> Result<(), String> {
    const PATTERN: &str = r"^(.*?)(?:(?:(\d+)-)?(\d+)/)?(?:(?:(\d+)-)?(\d+)/)?(?:(\d+)-)?(\d+)(?:\.(?:(\d+)-)?(\d+))?";
    let pattern = Regex::new(PATTERN).map_err(|error| error.to_string())?;
    let mut prefix = String::new();
    for range in ranges.split(',') {
        let Some(found) = pattern.captures(range).map_err(|error| error.to_string())? else { continue };
        let text = |group: usize| found.get(group).map(|group| group.as_str());
        if let Some(new) = text(1).filter(|new| !new.is_empty()) {
            prefix = new.to_owned();
        }
        let level = |first: usize, last: usize| {
            let number =
                |group| text(group).map(|digits| digits.parse::<u64>().map_err(|_| too_large(range))).transpose();
            let Some(last) = number(last)? else { return Ok(None) };
            let first = number(first)?.unwrap_or(last);
            if first > last {
                return Err(format!(
                    "the range {range} is empty: its first number {first} is larger than its last, {last}"
                ));
            }
            Ok(Some((first, last)))
        };
        let mut made = vec![prefix.clone()];
        for (numbers, before, behind) in
            [(level(2, 3)?, "", "/"), (level(4, 5)?, "", "/"), (level(6, 7)?, "", ""), (level(8, 9)?, ".", "")]
        {
            let Some((first, last)) = numbers else { continue };
            if (last - first) as usize >= MAX_NAMES / made.len() {
                return Err(too_large(range));
            }
            spend((last - first + 1) as usize * made.iter().map(|name| name.len() + 8).sum::<usize>())?;
            made = made
                .iter()
                .flat_map(|name| (first..=last).map(move |number| format!("{name}{before}{number}{behind}")))
                .collect();
        }
        names.extend(made);
        if names.len() > MAX_NAMES {
            return Err(too_large(range));
        }
    }
    Ok(())
}

fn too_large(range: &str) -> String {
    format!("the range {range} is too large; at most {MAX_NAMES} names are made")
}

fn list_compress(call: &FilterCall) -> Result<Value, String> {
    let Value::Array(items) = call.value() else {
        return Err(format!("expected a list of whole numbers, found {}", kind(call.value())));
    };
    let whole = |item: &Value| item.as_i64().ok_or_else(|| format!("expected whole numbers, found {}", to_text(item)));
    let mut numbers = items.iter().map(whole).collect::<Result<Vec<_>, _>>()?;
    numbers.sort_unstable();
    let runs = numbers.chunk_by(|a, b| a.checked_add(1) == Some(*b));
    let written = runs.map(|run| match run {
        [only] => only.to_string(),
        run => format!("{}-{}", run[0], run[run.len() - 1]),
    });
    Ok(written.collect::<Vec<_>>().join(",").into())
}

fn hide_passwords(call: &FilterCall) -> Result<Value, String> {
    match call.arg(0) {
        Some(Value::Bool(true)) => Ok(crate::redact::REMOVED.into()),
        None | Some(Value::Bool(false)) => Ok(call.value().clone()),
        Some(other) => Err(format!("expected true or false, found {}", to_text(other))),
    }
}

fn is_in_filter(call: &FilterCall) -> Result<Value, String> {
    let Some(filter) = call.arg(0) else { return Ok(true.into()) };
    let name = call.text();
    let among = items(filter).iter().map(to_text).any(|part| part == "all" || name.contains(&part));
    Ok(among.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::applied;

    #[test]
    fn ranges_are_expanded_on_every_level() {
        for (range, expected) in [
            (json!("Ethernet1-3"), json!(["Ethernet1", "Ethernet2", "Ethernet3"])),
            (json!("Ethernet1-2/3-4"), json!(["Ethernet1/3", "Ethernet1/4", "Ethernet2/3", "Ethernet2/4"])),
            (json!("Eth1/1-2.10-11,5"), json!(["Eth1/1.10", "Eth1/1.11", "Eth1/2.10", "Eth1/2.11", "Eth5"])),
            (json!(["1-2", "7"]), json!(["1", "2", "7"])),
        ] {
            assert_eq!(applied("range_expand", range, &[]).unwrap(), expected);
        }
        assert!(applied("range_expand", json!("Eth3-1"), &[]).unwrap_err().contains("Eth3-1 is empty"));
        assert!(applied("range_expand", json!("1-9999999/1-9999999"), &[]).unwrap_err().contains("too large"));
    }

    #[test]
    fn numbers_are_compressed() {
        assert_eq!(applied("list_compress", json!([3, 1, 2, 8, 7, 10]), &[]).unwrap(), json!("1-3,7-8,10"));
        assert_eq!(applied("list_compress", json!([]), &[]).unwrap(), json!(""));
    }

    #[test]
    fn passwords_are_hidden_on_demand() {
        assert_eq!(applied("hide_passwords", json!("s"), &[json!(true)]).unwrap(), json!("<removed>"));
        assert_eq!(applied("hide_passwords", json!("s"), &[]).unwrap(), json!("s"));
    }

    proptest! {
        #[test]
        fn any_text_is_expanded_or_refused(range in "[a-z0-9/.,-]{0,30}") {
            let _ = applied("range_expand", range.into(), &[]);
        }

        #[test]
        fn compressed_numbers_expand_to_themselves(numbers in proptest::collection::btree_set(0..300_u32, 1..40)) {
            let compressed = applied("list_compress", json!(numbers), &[]).unwrap();
            let expanded = applied("range_expand", compressed, &[]).unwrap();
            prop_assert_eq!(expanded, json!(numbers.iter().map(ToString::to_string).collect::<Vec<_>>()));
        }
    }
}
