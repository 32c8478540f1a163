//! From a tree to a type, with errors that say where, what was expected and found, and which word
//! was meant.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
use serde_path_to_error::{Path, Segment};

use super::{Node, NodeKind};

/// Why a document is well written but not what is expected.
#[derive(Debug)]
pub(crate) struct Misfit {
    /// The line from 1; 0 if it is not known.
    pub(crate) line: u64,
    /// The column from 1.
    pub(crate) column: u64,
    /// Such as `checks[0].path`; empty for the document as a whole.
    pub(crate) path: String,
    /// What was expected and found.
    pub(crate) reason: String,
}

/// Takes a tree as a `T`.
pub(crate) fn from_node<T: DeserializeOwned>(node: &Node) -> Result<T, Misfit> {
    serde_path_to_error::deserialize(node).map_err(|error| {
        let (line, column) = place(node, error.path());
        let path = match error.path().to_string() {
            root if root == "." => String::new(),
            path => path,
        };
        Misfit { line, column, path, reason: error.into_inner().0 }
    })
}

/// The place of the deepest node on the way.
fn place(root: &Node, path: &Path) -> (u64, u64) {
    let mut node = root;
    for segment in path {
        let below = match segment {
            Segment::Seq { index } => node.get(&index.to_string()),
            Segment::Map { key } => node.get(key),
            _ => None,
        };
        let Some(below) = below else { break };
        node = below;
    }
    (node.line, node.column)
}

/// What was expected and found.
#[derive(Debug)]
pub(crate) struct Reason(String);

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Reason {}

impl serde::de::Error for Reason {
    fn custom<T: std::fmt::Display>(reason: T) -> Self {
        Self(reason.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = in_words(&expected.to_string());
        let (found, advice) = match found {
            Unexpected::Unit | Unexpected::Option => ("nothing".to_owned(), String::new()),
            Unexpected::Bool(flag) if is_text(&expected) => {
                let plain = "; without quotes yes, no, on, off, true and false are no text, so put it in quotes";
                (flag.to_string(), plain.to_owned())
            }
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) if is_text(&expected) => {
                (found.to_string().replace('`', ""), "; put it in quotes".to_owned())
            }
            Unexpected::Str(text) if is_number(&expected) && text.parse::<f64>().is_ok() => {
                (format!("the text {text:?}"), "; leave out the quotes".to_owned())
            }
            Unexpected::Str(text) => (format!("the text {:?}", excerpt(text)), String::new()),
            Unexpected::Map => ("a map".to_owned(), String::new()),
            Unexpected::Seq => ("a list".to_owned(), String::new()),
            other => (other.to_string().replace('`', ""), String::new()),
        };
        Self(format!("expected {expected}, found {found}{advice}"))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(format!("expected {}, found {}", in_words(&expected.to_string()), found.to_string().replace('`', "")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self(format!("`{field}` is missing"))
    }

    fn unknown_field(found: &str, known: &'static [&'static str]) -> Self {
        Self(format!("`{}` is not a key here{}", excerpt(found), instead(found, known)))
    }

    fn unknown_variant(found: &str, known: &'static [&'static str]) -> Self {
        Self(format!("`{}` is not known here{}", excerpt(found), instead(found, known)))
    }
}

fn in_words(expected: &str) -> String {
    match expected {
        "a string" | "string" => "text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "i64" | "u64" | "i32" | "u32" => "a whole number".to_owned(),
        "f64" => "a number".to_owned(),
        other if other.starts_with("struct ") => "a map".to_owned(),
        other if other.starts_with("enum ") => "text".to_owned(),
        other => other.to_owned(),
    }
}

fn is_text(expected: &str) -> bool {
    expected == "text" || expected.contains("name")
}

fn is_number(expected: &str) -> bool {
    expected.ends_with("number")
}

/// `; did you mean …` for a slip, otherwise what there is.
pub(crate) fn instead(found: &str, known: &[&str]) -> String {
    match closest(found, known.iter().copied()) {
        Some(meant) => format!("; did you mean `{meant}`"),
        None => format!("; known are {}", known.join(", ")),
    }
}

/// The one of `known` that `word` is a slip of, if any.
fn closest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word: String = word.chars().take(64).collect::<String>().to_lowercase();
    let slips = known.map(|known| (strsim::damerau_levenshtein(&word, known), known));
    slips.filter(|(distance, known)| *distance <= known.len().div_ceil(3)).min().map(|(_, known)| known)
}

fn excerpt(text: &str) -> String {
    if text.chars().count() <= 64 { text.to_owned() } else { text.chars().take(63).chain(['…']).collect() }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Reason;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Reason> {
        match &self.kind {
            NodeKind::Null => visitor.visit_unit(),
            NodeKind::Bool(flag) => visitor.visit_bool(*flag),
            NodeKind::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            NodeKind::Text(text) => visitor.visit_borrowed_str(text),
            NodeKind::List(items) => visitor.visit_seq(SeqDeserializer::new(items.iter())),
            NodeKind::Map(entries) => {
                visitor.visit_map(MapDeserializer::new(entries.iter().map(|(key, node)| (key.as_str(), node))))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Reason> {
        match self.kind {
            NodeKind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Reason> {
        visitor.visit_newtype_struct(self)
    }

    /// A map by its keys, never a list by its order.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Reason> {
        match self.kind {
            NodeKind::List(_) => Err(serde::de::Error::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Reason> {
        match &self.kind {
            NodeKind::Text(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            _ => self.deserialize_any(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Reason> for &'de Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
