//! The keys of a model's file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde_json::{Map, Value};

use super::{DEFAULT_ORDER, MAX_FILE, Model, ModelError, Reason};
use crate::check::Check;
use crate::confirm::ConfirmWithin;
use crate::inventory::JinjaChanges;
use crate::lockout::Rule;
use crate::name::{DeviceName, GroupName, InvalidName};
use crate::yaml::{self, Node};

/// Reads one file: the model, and the tree that knows where each of its values stands.
pub(super) fn read(path: &str, text: &[u8]) -> Result<(Model, Node), ModelError> {
    let malformed =
        |line, column, at, reason| ModelError::Malformed { path: path.to_owned(), line, column, at, reason };
    if text.len() > MAX_FILE {
        return Err(malformed(0, 0, String::new(), format!("is larger than {} MiB", MAX_FILE >> 20)));
    }
    let node = yaml::read(text).map_err(|error| malformed(error.line, error.column, String::new(), error.reason))?;
    let fields: ModelFields =
        yaml::from_node(&node).map_err(|error| malformed(error.line, error.column, error.path, error.reason))?;
    if fields.device.0.is_empty() && fields.group.0.is_empty() {
        return Err(ModelError::ForNobody { path: path.to_owned() });
    }
    let model = Model {
        path: path.to_owned(),
        name: fields.name,
        devices: fields.device.0,
        groups: fields.group.0,
        order: fields.order,
        template: fields.template,
        jinja: fields.jinja,
        data: fields.data,
        unfit: None,
        confirm: fields.confirm,
        checks: fields.checks,
        allow: fields.allow.into_iter().map(|(RuleKey(rule), reason)| (rule, reason)).collect(),
    };
    Ok((model, node))
}

/// The keys of a model; `docs/model.schema.json` describes them too.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFields {
    name: String,
    #[serde(default = "OneOrMany::none")]
    device: OneOrMany<DeviceName>,
    #[serde(default = "OneOrMany::none")]
    group: OneOrMany<GroupName>,
    #[serde(default = "default_order")]
    order: i64,
    template: String,
    #[serde(default)]
    jinja: JinjaChanges,
    #[serde(default)]
    data: Map<String, Value>,
    confirm: Option<ConfirmWithin>,
    #[serde(default)]
    checks: Vec<Check>,
    #[serde(default)]
    allow: BTreeMap<RuleKey, Reason>,
}

fn default_order() -> i64 {
    DEFAULT_ORDER
}

/// A rule read as text first, so that an error behind it knows its path.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct RuleKey(Rule);

impl<'de> Deserialize<'de> for RuleKey {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let word = String::deserialize(from)?;
        Rule::deserialize(word.as_str().into_deserializer()).map(Self)
    }
}

/// `device: leaf1` and `device: [leaf1, leaf2]` alike.
struct OneOrMany<T>(Vec<T>);

impl<T> OneOrMany<T> {
    fn none() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: TryFrom<String, Error = InvalidName> + Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Names<T>(std::marker::PhantomData<T>);

        impl<'de, T: TryFrom<String, Error = InvalidName> + Deserialize<'de>> serde::de::Visitor<'de> for Names<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a name or a list of names")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(OneOrMany(vec![T::try_from(name.to_owned()).map_err(E::custom)?]))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut names: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(name) = names.next_element()? {
                    all.push(name);
                }
                Ok(OneOrMany(all))
            }
        }

        from.deserialize_any(Names(std::marker::PhantomData))
    }
}
