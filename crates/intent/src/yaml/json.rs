//! Reading JSON as a type, with errors that say where, what was expected and found, and which word
//! was meant.

use serde::de::DeserializeOwned;

use super::{Malformed, from_node, node, utf8};

/// Why a text is not the JSON document that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJson {
    /// The text is not JSON, or has a key twice, or is nested too deeply.
    #[error("line {line}, column {column}: {reason}")]
    Malformed {
        /// The line, from 1.
        line: u64,
        /// The column, from 1.
        column: u64,
        /// The parser's sentence.
        reason: String,
    },
    /// The text is JSON, but not what was expected.
    #[error("{}{reason}", place(.path))]
    Unexpected {
        /// The path to the value, such as `devices[0]`; empty for the document as a whole.
        path: String,
        /// What was expected and found.
        reason: String,
    },
}

/// Reads one JSON document as a `T`.
pub fn from_json<T: DeserializeOwned>(text: &[u8]) -> Result<T, InvalidJson> {
    let node = utf8(text).and_then(node::from_json)?;
    from_node(&node).map_err(|misfit| InvalidJson::Unexpected { path: misfit.path, reason: misfit.reason })
}

impl From<Malformed> for InvalidJson {
    fn from(Malformed { line, column, reason }: Malformed) -> Self {
        Self::Malformed { line, column, reason }
    }
}

fn place(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read is asked")]
    struct Order {
        names: Vec<String>,
        size: Option<Size>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Size {
        Small,
        Large,
    }

    #[test]
    fn a_fault_is_said_with_place_expected_and_found() {
        for (text, expected) in [
            ("{", "line 1, column 1: EOF while parsing an object"),
            ("{}\nx", "line 2, column 1: trailing characters"),
            ("names: [a]", "line 1, column 2: expected ident"),
            (r#"{"names":[],"names":[]}"#, "duplicate mapping key: names"),
            ("[]", "expected a map, found a list"),
            ("{}", "`names` is missing"),
            (r#"{"names":"a"}"#, r#"names: expected a list, found the text "a""#),
            (r#"{"names":["a",7]}"#, "names[1]: expected text, found integer 7; put it in quotes"),
            (r#"{"name":["a"]}"#, "name: `name` is not a key here; did you mean `names`"),
            (r#"{"names":[],"size":"larg"}"#, "size: `larg` is not known here; did you mean `large`"),
            (r#"{"names":[],"size":7}"#, "size: expected text, found integer 7; put it in quotes"),
            (&"[".repeat(500), "recursion limit exceeded"),
        ] {
            let error = from_json::<Order>(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}\nexpected {expected}\nfound    {error}");
        }
        assert!(from_json::<Order>(b"\xff").unwrap_err().to_string().contains("is not UTF-8 text"));
    }
}
