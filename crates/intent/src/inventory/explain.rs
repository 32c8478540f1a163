//! Where each thing known about a device comes from: `ntp` from group leaf, the user from the
//! defaults.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Inventory;
use super::password::Password;
use super::resolve::{Levels, Resolved, Setting};
use crate::name::{DeviceName, GroupName};

/// One device, with the origin of everything known about it.
#[derive(Debug, Clone, Serialize)]
pub struct Explained {
    /// Its key in the inventory.
    pub device: DeviceName,
    /// Every group it belongs to, nearest first: the order in which values are looked for.
    pub groups: Vec<Membership>,
    /// How it is reached, in the words of the inventory: `hostname`,
    /// `connection_options.eapi.extras.transport`.
    pub connection: Vec<ExplainedValue>,
    /// The first level of its data.
    pub data: Vec<ExplainedValue>,
}

/// A group, and how a device comes to be in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Membership {
    /// The name of the group.
    pub group: GroupName,
    /// The groups that lead to it, the host's own first; empty if it is named by the host itself,
    /// or is `global`.
    pub through: Vec<GroupName>,
}

/// One value that is known about a device, and who sets it.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedValue {
    /// Its name, such as `connection_options.eapi.port`.
    pub key: String,
    /// The value; for a password at most where it is kept. In data, what stands under a key that
    /// sounds like a secret is hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Who sets it.
    pub from: ValueSource,
    /// Who else sets it, nearest first. Overridden by `from`, or merged below it if the inventory
    /// says `merge: deep`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<ValueSource>,
}

/// Who sets a value, and the document that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueSource {
    /// Who sets it.
    pub origin: SetBy,
    /// The secret or file; absent for what is assumed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

/// Who sets a value. In JSON the same words as on a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetBy {
    /// The host itself.
    Host,
    /// A group, and the groups that lead to it.
    Group(Membership),
    /// The defaults of the document.
    Defaults,
    /// Nobody, so naas assumes it.
    Assumed,
}

impl fmt::Display for SetBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("the host itself"),
            Self::Group(Membership { group, through }) if through.is_empty() => write!(f, "group {group}"),
            Self::Group(Membership { group, through }) => {
                let through: Vec<_> = through.iter().map(AsRef::as_ref).collect();
                write!(f, "group {group} through {}", through.join(", "))
            }
            Self::Defaults => f.write_str("the defaults"),
            Self::Assumed => f.write_str("nobody, it is assumed"),
        }
    }
}

impl Serialize for SetBy {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl Inventory {
    /// What is known about a device, and from where.
    pub fn explain(&self, name: &DeviceName) -> Option<Explained> {
        let levels = self.levels(name)?;
        let groups = self.memberships(name)?;
        let sources = self.sources(name, &groups)?;
        Some(Explained {
            device: name.clone(),
            connection: connection(name, &levels, &sources),
            data: known_data(&levels, &sources),
            groups,
        })
    }

    fn memberships(&self, name: &DeviceName) -> Option<Vec<Membership>> {
        let paths = self.paths_of(&self.hosts.get(name)?.element);
        let membership = |mut path: Vec<GroupName>| path.pop().map(|group| Membership { group, through: path });
        Some(paths.into_iter().filter_map(membership).collect())
    }

    /// One for each of [`Self::levels`].
    fn sources(&self, name: &DeviceName, groups: &[Membership]) -> Option<Vec<ValueSource>> {
        let source = |origin, document: &String| ValueSource { origin, document: Some(document.clone()) };
        let mut sources = vec![source(SetBy::Host, &self.hosts.get(name)?.document)];
        for membership in groups {
            if let Some(defined) = self.groups.get(&membership.group) {
                sources.push(source(SetBy::Group(membership.clone()), &defined.document));
            }
        }
        let defaults = self.defaults_of(name);
        sources.extend(defaults.iter().map(|defaults| source(SetBy::Defaults, &defaults.document)));
        Some(sources)
    }
}

fn connection(name: &DeviceName, levels: &Levels<'_>, sources: &[ValueSource]) -> Vec<ExplainedValue> {
    let resolved = Resolved::new(levels);
    let assumed = |key: &str, value: Value| ExplainedValue {
        key: key.to_owned(),
        value: Some(value),
        from: ValueSource { origin: SetBy::Assumed, document: None },
        also: Vec::new(),
    };
    fn known<T>(
        found: &Option<Setting<T>>,
        sources: &[ValueSource],
        value: impl Fn(&T) -> Option<Value>,
    ) -> Option<ExplainedValue> {
        let found = found.as_ref()?;
        let from = sources.get(found.level)?.clone();
        Some(ExplainedValue { key: found.key.clone(), value: value(&found.value), from, also: Vec::new() })
    }
    let transport = resolved.connection().transport;
    let verify = |verify: &&super::Verify| Some(Value::from(verify.in_words()));
    let platform = levels.nearest("platform", |element| element.platform.as_ref());
    [
        known(&resolved.hostname, sources, |value| Some(Value::from(value.as_str())))
            .or_else(|| Some(assumed("hostname", name.as_ref().into()))),
        known(&resolved.port, sources, |port| Some(Value::from(*port)))
            .or_else(|| Some(assumed("port", transport.default_port().into()))),
        known(&resolved.username, sources, |value| Some(Value::from(value.as_str()))),
        known(&resolved.password, sources, |password| elsewhere(password)),
        known(&platform, sources, |value| Some(Value::from(value.as_str()))),
        known(&resolved.transport, sources, |value| serde_json::to_value(value).ok())
            .or_else(|| Some(assumed("transport", transport.in_words().into()))),
        known(&resolved.verify, sources, verify).or_else(|| Some(assumed("verify", "ca".into()))),
        known(&resolved.tls, sources, |value| serde_json::to_value(value).ok()),
        known(&resolved.enable_password, sources, |password| elsewhere(password)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Where a password is kept, if it is not in the inventory.
fn elsewhere(password: &Password) -> Option<Value> {
    (!matches!(password, Password::Literal(_))).then(|| password.to_string().into())
}

fn known_data(levels: &Levels<'_>, sources: &[ValueSource]) -> Vec<ExplainedValue> {
    let known = |(key, value): (String, Value)| {
        let mut from = levels.elements.iter().zip(sources).filter(|(element, _)| element.data.contains_key(&key));
        let nearest = from.next()?.1.clone();
        let also = from.map(|(_, source)| source.clone()).collect();
        Some(ExplainedValue { value: Some(veiled(&key, value)), key, from: nearest, also })
    };
    levels.data().into_iter().filter_map(known).collect()
}

/// The value without what stands under a key that sounds like a secret, and without the secrets in
/// configuration lines.
fn veiled(key: &str, value: Value) -> Value {
    const SECRET: [&str; 7] = ["password", "passwd", "secret", "token", "community", "private", "key"];
    match value {
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, value)| (key.clone(), veiled(&key, value))).collect())
        }
        Value::Array(items) => items.into_iter().map(|item| veiled(key, item)).collect(),
        Value::String(_) | Value::Number(_) if SECRET.iter().any(|word| key.to_lowercase().contains(word)) => {
            "<hidden>".into()
        }
        Value::String(text) => crate::redact::secrets(&text).into(),
        other => other,
    }
}
