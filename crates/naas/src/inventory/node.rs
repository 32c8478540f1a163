//! YAML or JSON as a tree whose every node knows its line, and whose errors never quote a value.
//!
//! Reading into typed structs would be shorter, but the parsers' messages quote what they found (`invalid type: string
//! "hunter2"`), and an inventory is full of passwords. Here text becomes a tree first, and the tree is then taken apart by hand.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

use super::InventoryError;
use crate::ports::Document;
use crate::yaml;

/// Largest document, in bytes; a secret holds 64 KiB, a file may be larger.
pub(super) const MAX_DOCUMENT: usize = 16 * 1024 * 1024;

/// A value and the line it stands in, 0 if unknown.
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) line: u64,
}

/// What a node holds.
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    /// In the order of the document; no key is there twice.
    Map(Vec<(String, Node)>),
}

impl Kind {
    /// What it is, for messages.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

impl Node {
    /// The tree as plain JSON.
    pub(super) fn into_value(self) -> Value {
        match self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(flag) => flag.into(),
            Kind::Number(number) => number.into(),
            Kind::Text(text) => text.into(),
            Kind::List(items) => items.into_iter().map(Node::into_value).collect(),
            Kind::Map(entries) => {
                let entries = entries.into_iter().map(|(key, node)| (key, node.into_value()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }
}

/// Reads a document. YAML 1.2, of which JSON is nearly a subset; where it is not, the JSON parser has the last word.
pub(super) fn read(document: &Document) -> Result<Node, InventoryError> {
    let body = document.body();
    let fault = |line: Option<u64>, reason: &str| {
        Err(InventoryError { document: document.name.clone(), line, path: String::new(), reason: reason.to_owned() })
    };
    if body.len() > MAX_DOCUMENT {
        return fault(None, &format!("is larger than {} MiB", MAX_DOCUMENT >> 20));
    }
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => {
            let line = body[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            return fault(Some(line), "is not UTF-8 text");
        }
    };
    match yaml::from_str::<Node>(text) {
        Ok(node) => Ok(node),
        Err(_) if text.trim_start().starts_with('{') => {
            let json = serde_json::from_str::<Unplaced>(text);
            json.map(|Unplaced(node)| node).or_else(|error| {
                let reason =
                    if error.is_data() { without_values(&error.to_string()) } else { "is not valid JSON".to_owned() };
                fault(Some(error.line() as u64), &reason)
            })
        }
        Err(error) => {
            let line = error.location().map(|at| at.line()).filter(|line| *line > 0);
            fault(line, &without_values(&error.without_snippet().to_string()))
        }
    }
}

/// The parser's own sentence up to the first thing it quotes, without its place.
fn without_values(reason: &str) -> String {
    let ends = ["`", "\"", "'", "\n", " at line ", " (at line ", ", set DuplicateKeyPolicy"];
    let end = ends.iter().filter_map(|end| reason.find(end)).min().unwrap_or(reason.len());
    let sentence = reason[..end].trim_end_matches([' ', ':', ',', '=', '(']);
    if sentence.is_empty() { "is not valid YAML".to_owned() } else { format!("is not valid: {sentence}") }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<KindOf<Node>>::deserialize(from)?;
        Ok(Self { line: spanned.referenced.line(), kind: spanned.value.0 })
    }
}

/// A node read by a parser that knows no places.
struct Unplaced(Node);

impl<'de> Deserialize<'de> for Unplaced {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let kind = KindOf::<Unplaced>::deserialize(from)?.0;
        Ok(Self(Node { kind, line: 0 }))
    }
}

impl From<Unplaced> for Node {
    fn from(Unplaced(node): Unplaced) -> Self {
        node
    }
}

/// A kind whose children are read as `N`.
struct KindOf<N>(Kind, std::marker::PhantomData<N>);

impl<'de, N: Deserialize<'de> + Into<Node>> Deserialize<'de> for KindOf<N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let kind = from.deserialize_any(KindVisitor(std::marker::PhantomData::<N>))?;
        Ok(Self(kind, std::marker::PhantomData))
    }
}

struct KindVisitor<N>(std::marker::PhantomData<N>);

impl<'de, N: Deserialize<'de> + Into<Node>> Visitor<'de> for KindVisitor<N> {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Kind, D::Error> {
        from.deserialize_any(self)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Kind, E> {
        Ok(Kind::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Kind, E> {
        Ok(Kind::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Kind, E> {
        Ok(Kind::Number(number.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Kind, E> {
        Number::from_f64(number).map(Kind::Number).ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Kind, E> {
        Ok(Kind::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Kind, E> {
        Ok(Kind::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Kind, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<N>()? {
            list.push(item.into());
        }
        Ok(Kind::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Kind, A::Error> {
        let mut map: Vec<(String, Node)> = Vec::new();
        let mut keys = std::collections::HashSet::new();
        while let Some(Key(key)) = entries.next_key()? {
            if !keys.insert(key.clone()) {
                return Err(A::Error::custom(format!(
                    "duplicate mapping key: {}",
                    key.chars().take(64).collect::<String>()
                )));
            }
            map.push((key, entries.next_value::<N>()?.into()));
        }
        Ok(Kind::Map(map))
    }
}

/// A map's key: text, or a number taken as it is written, since `1234:` is a fine name for a switch.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key that is text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Key, E> {
                Ok(Key(text.to_owned()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Key, E> {
                Ok(Key(number.to_string()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Key, E> {
                Ok(Key(number.to_string()))
            }
        }

        from.deserialize_any(KeyVisitor)
    }
}
