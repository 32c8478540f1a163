//! YAML and JSON as naas reads them everywhere, with places, and with what PyYAML's users expect of
//! a plain word.
//!
//! - `yes`, `no`, `on` and `off` without quotes are true and false, in the spellings of PyYAML
//!   (`yes`, `Yes`, `YES`, not `yEs` or `y`). Keys are always text, as they are written.
//! - What is only sometimes a number stays text: `12:30:45`, which PyYAML would take as
//!   sexagesimal, `010`, which it would take as octal, `1_000`, and dates.
//! - Duplicate keys, alias bombs, and nesting beyond 40 levels are errors.

mod de;
mod json;
mod node;

use serde_saphyr::budget::BudgetBreach;

pub(crate) use de::{from_node, instead};
pub use json::{InvalidJson, from_json};
pub(crate) use node::{Node, NodeKind};

/// Deepest nesting of lists and maps.
pub(crate) const MAX_DEPTH: usize = 40;

/// Why a text is neither YAML nor JSON, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// The line from 1; 0 if it is not known.
    pub(crate) line: u64,
    /// The column from 1.
    pub(crate) column: u64,
    /// The parser's sentence, which may quote the text.
    pub(crate) reason: String,
}

/// Reads one document. JSON is nearly YAML; what looks like JSON and is not YAML has the JSON
/// parser's last word.
pub(crate) fn read(text: &[u8]) -> Result<Node, Malformed> {
    let text = utf8(text)?;
    let malformed = match from_yaml(text, true) {
        Ok(node) => return booleans(node, text),
        Err(malformed) => malformed,
    };
    let inside = text.trim_start().strip_prefix(['{', '[']).map(str::trim_start);
    match node::from_json(text) {
        Ok(node) if node.depth() <= MAX_DEPTH => Ok(node), // the JSON parser itself ends at 128
        Err(error) if inside.is_some_and(|inside| inside.starts_with(['"', '{', '['])) => Err(error),
        _ => Err(malformed),
    }
}

/// Reads one document by YAML 1.2 alone, in which `yes` and `off` are text.
pub(crate) fn read_strictly(text: &[u8]) -> Result<Node, Malformed> {
    from_yaml(utf8(text)?, true)
}

fn utf8(text: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(text).map_err(|error| {
        let valid = &text[..error.valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        let column = valid.iter().rev().take_while(|byte| **byte != b'\n').count() as u64 + 1;
        Malformed { line, column, reason: "is not UTF-8 text".to_owned() }
    })
}

fn from_yaml(text: &str, strict_booleans: bool) -> Result<Node, Malformed> {
    let options = serde_saphyr::options! {
        strict_booleans: strict_booleans,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: 4_000_000,
            max_events: 10_000_000,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 100_000 },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let place = error.location();
        let reason = match error.without_snippet() {
            serde_saphyr::Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => {
                format!("is nested more than {MAX_DEPTH} levels deep")
            }
            error => sentence(&error.to_string()),
        };
        Malformed { line: place.map_or(0, |at| at.line()), column: place.map_or(0, |at| at.column()), reason }
    })
}

/// The parser repeats the place at the end of its sentence, and adds hints for those who program
/// with it.
fn sentence(reason: &str) -> String {
    let ends = [" at line ", " (at line ", ", set DuplicateKeyPolicy", "\n"];
    let end = ends.iter().filter_map(|end| reason.find(end)).min().unwrap_or(reason.len());
    reason[..end].trim_end_matches([',', ':', ' ']).to_owned()
}

/// PyYAML's words for true and false. The parser knows more, such as `y`, and does not tell which
/// words were in quotes; so where such a word stands it is asked a second time with all of them,
/// and what then is no text was plain.
fn booleans(mut node: Node, text: &str) -> Result<Node, Malformed> {
    if node.any_text(&is_boolean_word) {
        resolve(&mut node, &from_yaml(text, false)?);
    }
    Ok(node)
}

/// Whether a text would be true or false without quotes.
pub(crate) fn is_boolean_word(word: &str) -> bool {
    boolean(word).is_some()
}

fn boolean(word: &str) -> Option<bool> {
    match word {
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn resolve(node: &mut Node, loose: &Node) {
    match (&mut node.kind, &loose.kind) {
        (NodeKind::Text(text), NodeKind::Bool(_)) => {
            if let Some(flag) = boolean(text) {
                node.kind = NodeKind::Bool(flag);
            }
        }
        (NodeKind::List(items), NodeKind::List(loose)) => {
            items.iter_mut().zip(loose).for_each(|(item, loose)| resolve(item, loose));
        }
        (NodeKind::Map(entries), NodeKind::Map(loose)) => {
            entries.iter_mut().zip(loose).for_each(|((_, value), (_, loose))| resolve(value, loose));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn whole_numbers_are_kept_or_refused_but_never_rounded() {
        for text in ["a: 18446744073709551616", "a: -9223372036854775809", "{\"a\":\t18446744073709551616}"] {
            match read(text.as_bytes()) {
                Ok(node) => assert!(!node.to_value()["a"].is_f64(), "{text}: {}", node.to_value()),
                Err(malformed) => assert!(malformed.reason.contains("64 bits"), "{text}: {}", malformed.reason),
            }
        }
        assert_eq!(value("a: 18446744073709551615")["a"], u64::MAX);
    }

    fn value(text: &str) -> Value {
        read(text.as_bytes()).unwrap().to_value()
    }

    #[test]
    fn plain_words_are_the_booleans_of_pyyaml() {
        for (text, expected) in [
            ("[yes, Yes, YES, on, On, ON, true, True, TRUE]", Value::from(vec![true; 9])),
            ("[no, No, NO, off, Off, OFF, false, False, FALSE]", Value::from(vec![false; 9])),
            ("['yes', \"no\", !!str on, y, n, Y, N, yEs]", json!(["yes", "no", "on", "y", "n", "Y", "N", "yEs"])),
            ("{yes: no, on: {off: [on]}}", json!({"yes": false, "on": {"off": [true]}})),
            ("a: |\n  yes\nb: &x yes\nc: *x\n", json!({"a": "yes\n", "b": true, "c": true})),
            (
                "base: &b {up: yes}\nport: {<<: *b, vlan: 1}\n",
                json!({"base": {"up": true}, "port": {"vlan": 1, "up": true}}),
            ),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn what_only_sometimes_is_a_number_stays_text() {
        for text in
            ["12:30:45", "01:23:45:67:89:10", "22:22", "010", "0755", "1_000", "2026-11-24", "1/2", "1.2.3", "65001:10"]
        {
            assert_eq!(value(&format!("a: {text}")), json!({"a": text}));
        }
        assert_eq!(value("[10, -1, 0x1f, 1.5, 1e3, 0]"), json!([10, -1, 31, 1.5, 1000.0, 0]));
    }

    #[test]
    fn keys_are_text_as_written() {
        let text = "{10: a, 0x10: b, 010: c, 1.50: d, true: e, yes: f}";

        let value = value(text);

        assert_eq!(value.as_object().unwrap().keys().collect::<Vec<_>>(), ["10", "0x10", "010", "1.50", "true", "yes"]);
    }

    #[test]
    fn json_with_tabs_is_read_too() {
        assert_eq!(value("{\n\t\"a\": [1,\n\t\t\"yes\"]\n}"), json!({"a": [1, "yes"]}));
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_place() {
        let deep = format!("a:\n  {}{}", "[".repeat(50), "]".repeat(50));
        let flat = "[".repeat(100_000);
        let json = format!("{{\t\"a\": {}{}}}", "[".repeat(60), "]".repeat(60));
        for (text, line, reason) in [
            ("a: 1\na: 2\n", 2, "duplicate mapping key: a"),
            ("a:\n\tb: 1\n", 2, "tab"),
            (deep.as_str(), 2, "deep"),
            (flat.as_str(), 1, ""),
            (json.as_str(), 1, ""),
            ("{\"a\": 1,\n \"a\": 2}", 2, "duplicate mapping key: a"),
            ("{\t\"a\": 1,\n \"b\" 2}", 2, "expected `:`"),
            ("a: [1\nb: 2\n", 2, ""),
            ("a: *b\n", 1, "unknown anchor"),
        ] {
            let error = read(text.as_bytes()).err().unwrap();
            let short: String = text.chars().take(40).collect();
            assert!(error.line == line && error.reason.contains(reason), "{short}: {error:?}");
            assert!(error.reason.len() < 200, "{error:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_text(text in "[ -~]{0,12}") {
            let json = Value::from(text.clone()).to_string();
            prop_assert_eq!(value(&format!("a: {json}")), json!({"a": text}));
        }

        #[test]
        fn any_bytes_are_read_or_an_error(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&text);
        }
    }
}
