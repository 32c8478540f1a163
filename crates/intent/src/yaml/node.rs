//! A document as a tree whose every node knows its place.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

use super::Malformed;

/// A value, and the line and column from 1 that it begins in; both 0 if unknown.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) line: u64,
    pub(crate) column: u64,
}

/// What a node holds.
#[derive(Clone)]
pub(crate) enum NodeKind {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    /// In the order of the document; no key is there twice.
    Map(Vec<(String, Node)>),
}

impl NodeKind {
    /// What it is, for messages.
    pub(crate) fn name(&self) -> &'static str {
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
    pub(crate) fn to_value(&self) -> Value {
        match &self.kind {
            NodeKind::Null => Value::Null,
            NodeKind::Bool(flag) => (*flag).into(),
            NodeKind::Number(number) => number.clone().into(),
            NodeKind::Text(text) => text.as_str().into(),
            NodeKind::List(items) => items.iter().map(Node::to_value).collect(),
            NodeKind::Map(entries) => {
                let entries = entries.iter().map(|(key, node)| (key.clone(), node.to_value()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }

    /// The node below `key`, which is an index in a list.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            NodeKind::List(items) => items.get(key.parse::<usize>().ok()?),
            NodeKind::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// Whether any text in it, not counting keys, is so.
    pub(crate) fn any_text(&self, is_so: &impl Fn(&str) -> bool) -> bool {
        match &self.kind {
            NodeKind::Text(text) => is_so(text),
            NodeKind::List(items) => items.iter().any(|item| item.any_text(is_so)),
            NodeKind::Map(entries) => entries.iter().any(|(_, node)| node.any_text(is_so)),
            _ => false,
        }
    }

    /// How deep its lists and maps are nested.
    pub(super) fn depth(&self) -> usize {
        match &self.kind {
            NodeKind::List(items) => 1 + items.iter().map(Node::depth).max().unwrap_or(0),
            NodeKind::Map(entries) => 1 + entries.iter().map(|(_, node)| node.depth()).max().unwrap_or(0),
            _ => 0,
        }
    }
}

/// Reads JSON, which YAML's parser refuses where it is indented with tabs. The nodes know no
/// places.
pub(super) fn from_json(text: &str) -> Result<Node, Malformed> {
    serde_json::from_str(text).map(|Unplaced(node)| node).map_err(|error| {
        let reason = super::sentence(&error.to_string());
        Malformed { line: error.line() as u64, column: error.column() as u64, reason }
    })
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<NodeKindOf<Node>>::deserialize(from)?;
        let place = spanned.referenced;
        Ok(Self { line: place.line(), column: place.column(), kind: spanned.value.0 })
    }
}

/// A node read by a parser that knows no places.
struct Unplaced(Node);

impl<'de> Deserialize<'de> for Unplaced {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let kind = NodeKindOf::<Unplaced>::deserialize(from)?.0;
        Ok(Self(Node { kind, line: 0, column: 0 }))
    }
}

impl From<Unplaced> for Node {
    fn from(Unplaced(node): Unplaced) -> Self {
        node
    }
}

/// A kind whose children are read as `N`.
struct NodeKindOf<N>(NodeKind, std::marker::PhantomData<N>);

impl<'de, N: Deserialize<'de> + Into<Node>> Deserialize<'de> for NodeKindOf<N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let kind = from.deserialize_any(NodeKindVisitor(std::marker::PhantomData::<N>))?;
        Ok(Self(kind, std::marker::PhantomData))
    }
}

struct NodeKindVisitor<N>(std::marker::PhantomData<N>);

impl<'de, N: Deserialize<'de> + Into<Node>> Visitor<'de> for NodeKindVisitor<N> {
    type Value = NodeKind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<NodeKind, E> {
        Ok(NodeKind::Null)
    }

    fn visit_none<E>(self) -> Result<NodeKind, E> {
        Ok(NodeKind::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<NodeKind, D::Error> {
        from.deserialize_any(self)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<NodeKind, E> {
        Ok(NodeKind::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<NodeKind, E> {
        Ok(NodeKind::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<NodeKind, E> {
        Ok(NodeKind::Number(number.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<NodeKind, E> {
        // The parsers hand over a longer whole number rounded, and no longer say that it was whole.
        if number.abs() >= 2_f64.powi(63) && number.is_finite() {
            return Err(E::custom("a number of more than 64 bits; write it in quotes, as text"));
        }
        Number::from_f64(number).map(NodeKind::Number).ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E>(self, text: &str) -> Result<NodeKind, E> {
        Ok(NodeKind::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<NodeKind, E> {
        Ok(NodeKind::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<NodeKind, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<N>()? {
            list.push(item.into());
        }
        Ok(NodeKind::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<NodeKind, A::Error> {
        let mut map: Vec<(String, Node)> = Vec::new();
        let mut keys = std::collections::HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if !keys.insert(key.clone()) {
                let key: String = key.chars().take(64).collect();
                return Err(A::Error::custom(format!("duplicate mapping key: {key}")));
            }
            map.push((key, entries.next_value::<N>()?.into()));
        }
        Ok(NodeKind::Map(map))
    }
}
