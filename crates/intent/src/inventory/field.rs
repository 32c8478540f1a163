//! Values taken out of a document one by one, with errors that say where and never what.

use serde_json::{Map, Value};

use super::InventoryError;
use super::password::Password;
use crate::name::GroupName;
use crate::yaml::{Node, NodeKind};

/// One value's place in a document: the document, the path of keys, and the line. It takes the
/// value as what is expected there, and its errors say the place and never the value.
pub(super) struct Field<'a> {
    pub(super) document: &'a str,
    /// Such as `hosts.leaf1.port`; empty for the document as a whole.
    pub(super) path: String,
    /// From 1; 0 if it is not known.
    pub(super) line: u64,
    /// Whether the document may name things of this machine, see
    /// [`super::Document::of_this_machine`].
    pub(super) of_this_machine: bool,
}

impl Field<'_> {
    /// The field of `node`, which stands under `key` in this one.
    pub(super) fn below(&self, key: &str, node: &Node) -> Self {
        let key: String = key.chars().filter(|c| !c.is_control()).take(64).collect();
        let path = if self.path.is_empty() { key } else { format!("{}.{key}", self.path) };
        Self { path, line: node.line, ..*self }
    }

    /// The line from 1, if it is known.
    pub(super) fn line(&self) -> Option<u64> {
        (self.line > 0).then_some(self.line)
    }

    /// An error about this field.
    pub(super) fn fault(&self, reason: impl Into<String>) -> InventoryError {
        InventoryError {
            document: self.document.to_owned(),
            line: self.line(),
            path: self.path.clone(),
            reason: reason.into(),
        }
    }

    pub(super) fn expected<T>(&self, what: &str, found: &NodeKind) -> Result<T, InventoryError> {
        Err(self.fault(format!("expected {what}, found {}", found.name())))
    }

    /// A map, in the document's order.
    pub(super) fn map(&self, kind: NodeKind) -> Result<Vec<(String, Node)>, InventoryError> {
        match kind {
            NodeKind::Map(entries) => Ok(entries),
            other => self.expected("a map", &other),
        }
    }

    /// Text; a number will do, since a password may look like one.
    pub(super) fn text(&self, kind: NodeKind) -> Result<String, InventoryError> {
        match kind {
            NodeKind::Text(text) => Ok(text),
            NodeKind::Number(number) => Ok(number.to_string()),
            other => self.expected("text", &other),
        }
    }

    /// A TCP port, as a number or as text.
    pub(super) fn port(&self, kind: &NodeKind) -> Result<u16, InventoryError> {
        let port = match kind {
            NodeKind::Number(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
            NodeKind::Text(text) => text.parse().ok(),
            _ => None,
        };
        match port {
            Some(port) if port > 0 => Ok(port),
            _ => self.expected("a port from 1 to 65535", kind),
        }
    }

    /// A value that is true or false.
    pub(super) fn flag(&self, kind: &NodeKind) -> Result<bool, InventoryError> {
        match kind {
            NodeKind::Bool(flag) => Ok(*flag),
            other => self.expected("true or false", other),
        }
    }

    /// A list of group names.
    pub(super) fn groups(&self, kind: NodeKind) -> Result<Vec<GroupName>, InventoryError> {
        let NodeKind::List(items) = kind else { return self.expected("a list of group names", &kind) };
        let group = |(index, node): (usize, Node)| {
            let at = self.below(&index.to_string(), &node);
            GroupName::new(at.text(node.kind)?).map_err(|error| at.fault(error.to_string()))
        };
        items.into_iter().enumerate().map(group).collect()
    }

    /// A map of any values.
    pub(super) fn data(&self, kind: NodeKind) -> Result<Map<String, Value>, InventoryError> {
        Ok(self.map(kind)?.into_iter().map(|(key, node)| (key, node.to_value())).collect())
    }

    /// A password: text, `{env: NAME}`, or `{command: [PROGRAM, ARGUMENT, …]}`. The last two only
    /// in a document of this machine.
    pub(super) fn password(&self, kind: NodeKind) -> Result<Password, InventoryError> {
        let NodeKind::Map(entries) = kind else { return Ok(Password::Literal(self.text(kind)?.into())) };
        if !self.of_this_machine {
            return Err(self.fault(
                "is to come from the environment or from a command, which works only for an inventory in a folder on the machine \
                 that runs naas; write the password itself into this secret",
            ));
        }
        let Ok([(key, node)]) = <[_; 1]>::try_from(entries) else {
            return Err(self.fault("expected the password, or one of env and command"));
        };
        let at = self.below(&key, &node);
        match (key.as_str(), node.kind) {
            ("env", kind) => Ok(Password::Env(at.text(kind)?)),
            ("command", NodeKind::List(words)) if !words.is_empty() => {
                let words = words.into_iter().map(|word| at.text(word.kind)).collect::<Result<_, _>>()?;
                Ok(Password::Command(words))
            }
            ("command", _) => Err(at.fault("expected a list of the program and its arguments")),
            _ => Err(at.fault("is no source of a password; known are env and command")),
        }
    }
}
