//! Models: pieces of intent, each for some devices, each naming the template that turns its data into configuration.
//!
//! A model is a YAML or JSON file in the models bucket or folder:
//!
//! ```yaml
//! name: interfaces of devicea
//! device: devicea            # or a list; `group: leaf` for every member of a group
//! order: 99                  # lower first; 50 when left out
//! template: templates/interface.tera
//! data:
//!   ports:
//!     - name: Ethernet1
//! confirm: 180               # seconds on trial before the switch goes back by itself; the longest of a device's models counts
//! checks:                    # what must be true before the confirmation, see `check`
//!   - command: show interfaces Ethernet1 status
//!     pattern: connected
//! allow:                     # rules of `lockout` that do not fit here, each with the reason
//!   management-route: the management network is flat
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::check::Check;
use crate::confirm::ConfirmWithin;
use crate::lockout::Rule;
use crate::name::{DeviceName, GroupName};
use crate::ports::ModelFiles;
use crate::yaml;

/// The order of a model that does not say.
pub const DEFAULT_ORDER: i64 = 50;

/// One piece of intent.
#[derive(Debug, Clone)]
pub struct Model {
    /// The file it stands in.
    pub path: String,
    /// What it is called in errors and reports; unique.
    pub name: String,
    /// The devices it is for by name.
    pub devices: Vec<DeviceName>,
    /// The groups whose members it is for.
    pub groups: Vec<GroupName>,
    /// Where its lines stand among those of other models, lower first.
    pub order: i64,
    /// The path of its template.
    pub template: String,
    /// What the template sees as `model`.
    pub data: Map<String, Value>,
    /// For how long its devices run a new configuration on trial, at least.
    pub confirm: Option<ConfirmWithin>,
    /// What must be true of its devices before that is confirmed.
    pub checks: Vec<Check>,
    /// Rules that its devices may break, and why.
    pub allow: BTreeMap<Rule, Reason>,
}

/// Why a rule may be broken; not empty.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Reason(String);

impl TryFrom<String> for Reason {
    type Error = &'static str;

    fn try_from(reason: String) -> Result<Self, Self::Error> {
        if reason.trim().is_empty() {
            Err("expected the reason why this rule may be broken, found nothing")
        } else {
            Ok(Self(reason))
        }
    }
}

/// Why a file is not a model. It concerns every device: a model that cannot be read may be for any of them, and
/// replacing a configuration without it would take its lines off the switch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Not YAML or JSON, or not in the form of a model.
    #[error("model {path}{}: {reason}", at(*.line, *.column))]
    Malformed {
        /// The file.
        path: String,
        /// Line from 1; 0 when it is the file as a whole.
        line: u64,
        /// Column from 1.
        column: u64,
        /// What was expected and found.
        reason: String,
    },
    /// For nobody.
    #[error(
        "model {path}: names neither device nor group; say who it is for, such as `group: global` for every device"
    )]
    ForNobody {
        /// The file.
        path: String,
    },
    /// Two models of one name.
    #[error("models {first} and {second} are both named {name:?}; a name must be unique")]
    SameName {
        /// The name.
        name: String,
        /// One file.
        first: String,
        /// The other file.
        second: String,
    },
}

/// Reads every model among `files` (`*.yaml`, `*.yml`, `*.json`), in the order their lines take in a configuration.
pub fn read(files: &ModelFiles) -> Result<Vec<Model>, ModelError> {
    let mut models = files
        .0
        .iter()
        .filter(|(path, _)| is_model(path))
        .map(|(path, text)| parse(path, text))
        .collect::<Result<Vec<_>, _>>()?;
    models.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some([first, second]) = models.array_windows().find(|[a, b]| a.name == b.name) {
        let (first, second) = (first.path.clone(), second.path.clone());
        let name = models.iter().find(|model| model.path == first).map(|model| model.name.clone()).unwrap_or_default();
        return Err(ModelError::SameName { name, first, second });
    }
    models.sort_by_key(Model::precedence);
    Ok(models)
}

impl Model {
    /// Whether this model is for the device, by its name or by one of its `groups`.
    pub fn concerns(&self, device: &DeviceName, groups: &[GroupName]) -> bool {
        self.devices.contains(device) || self.groups.iter().any(|group| groups.contains(group))
    }

    /// By order; among equals what is for groups comes before what is for a device, and names decide the rest.
    fn precedence(&self) -> (i64, bool, String) {
        (self.order, !self.devices.is_empty(), self.name.clone())
    }
}

fn is_model(path: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|ending| path.ends_with(ending))
}

fn parse(path: &str, text: &[u8]) -> Result<Model, ModelError> {
    let malformed =
        |line, column, reason: String| ModelError::Malformed { path: path.to_owned(), line, column, reason };
    let text = std::str::from_utf8(text).map_err(|error| {
        let line = text[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        malformed(line, 1, "not UTF-8 text".to_owned())
    })?;
    let written: Written = if path.ends_with(".json") {
        serde_json::from_str(text)
            .map_err(|error| malformed(error.line() as u64, error.column() as u64, without_place(&error.to_string())))?
    } else {
        yaml::from_str(text).map_err(|error| {
            let place = error.location();
            let reason = without_place(&error.without_snippet().to_string());
            malformed(place.map_or(0, |at| at.line()), place.map_or(0, |at| at.column()), reason)
        })?
    };
    if written.device.0.is_empty() && written.group.0.is_empty() {
        return Err(ModelError::ForNobody { path: path.to_owned() });
    }
    Ok(Model {
        path: path.to_owned(),
        name: written.name,
        devices: written.device.0,
        groups: written.group.0,
        order: written.order,
        template: written.template,
        data: written.data,
        confirm: written.confirm,
        checks: written.checks,
        allow: written.allow,
    })
}

/// A model as it stands in its file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    #[serde(default = "OneOrMany::none")]
    device: OneOrMany<DeviceName>,
    #[serde(default = "OneOrMany::none")]
    group: OneOrMany<GroupName>,
    #[serde(default = "default_order")]
    order: i64,
    template: String,
    #[serde(default)]
    data: Map<String, Value>,
    confirm: Option<ConfirmWithin>,
    #[serde(default)]
    checks: Vec<Check>,
    #[serde(default)]
    allow: BTreeMap<Rule, Reason>,
}

fn default_order() -> i64 {
    DEFAULT_ORDER
}

/// `device: leaf1` and `device: [leaf1, leaf2]` alike.
struct OneOrMany<T>(Vec<T>);

impl<T> OneOrMany<T> {
    fn none() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: TryFrom<String, Error = crate::name::InvalidName>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Names<T>(std::marker::PhantomData<T>);

        impl<'de, T: TryFrom<String, Error = crate::name::InvalidName>> serde::de::Visitor<'de> for Names<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a name or a list of names")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(OneOrMany(vec![T::try_from(name.to_owned()).map_err(E::custom)?]))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut names: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(name) = names.next_element::<String>()? {
                    all.push(T::try_from(name).map_err(serde::de::Error::custom)?);
                }
                Ok(OneOrMany(all))
            }
        }

        from.deserialize_any(Names(std::marker::PhantomData))
    }
}

/// The place stands in the error's own fields; both parsers repeat it at the end of their sentence.
fn without_place(reason: &str) -> String {
    let end = reason.rfind(" at line ").unwrap_or(reason.len());
    reason[..end].trim_end_matches([',', ':']).to_owned()
}

fn at(line: u64, column: u64) -> String {
    if line == 0 { String::new() } else { format!(", line {line}, column {column}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn files(files: &[(&str, &str)]) -> ModelFiles {
        ModelFiles(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect())
    }

    fn message(path: &str, text: &str) -> String {
        read(&files(&[(path, text)])).unwrap_err().to_string()
    }

    #[test]
    fn models_are_ordered_as_numbers_and_groups_come_before_devices() {
        let files = files(&[
            ("a.yaml", "{name: late, group: global, order: 100, template: t}"),
            ("b.yaml", "{name: mine, device: leaf1, template: t}"),
            ("c.yaml", "{name: ours, group: [leaf, spine], template: t}"),
            ("d.json", r#"{"name": "first", "device": ["leaf1"], "order": 5, "template": "t"}"#),
            ("t.tera", "not a model"),
        ]);

        let names: Vec<_> = read(&files).unwrap().into_iter().map(|model| model.name).collect();

        assert_eq!(names, ["first", "ours", "mine", "late"]);
    }

    #[test]
    fn the_keys_of_data_keep_their_order() {
        let text = "name: n\ngroup: g\ntemplate: t\ndata: {zebra: 1, ant: 2, mole: 3}";

        let model = read(&files(&[("m.yaml", text)])).unwrap().remove(0);

        assert_eq!(model.data.keys().collect::<Vec<_>>(), ["zebra", "ant", "mole"]);
    }

    #[test]
    fn what_is_wrong_with_a_model_is_said_with_its_place() {
        for (text, expected) in [
            ("name: n\ngroup: g\ntemplate: t\ncolour: red\n", "line 4"),
            ("name: n\ngroup: g\norder: soon\ntemplate: t\n", "line 3"),
            ("name: n\ngroup: g\n", "missing field `template`"),
            ("name: n\ntemplate: t\n", "names neither device nor group"),
            ("name: n\nname: m\ngroup: g\ntemplate: t\n", "line 2"),
            ("name: n\ngroup: [a, b/c]\ntemplate: t\n", "b/c"),
            ("name: n\ngroup: {a: 1}\ntemplate: t\n", "a name or a list of names"),
            ("name: [\n", "line"),
            (
                "name: n\ngroup: g\ntemplate: t\nconfirm: 0\n",
                "line 4, column 10: expected whole seconds from 10 to 600, found 0",
            ),
            ("name: n\ngroup: g\ntemplate: t\nconfirm: soon\n", "line 4"),
            ("name: n\ngroup: g\ntemplate: t\nchecks: [{command: reload, pattern: x}]\n", "line 4"),
            ("name: n\ngroup: g\ntemplate: t\nchecks: [{command: show version, path: '$['}]\n", "is not a JSON path"),
            ("name: n\ngroup: g\ntemplate: t\nallow: {management-route: ''}\n", "expected the reason why"),
            ("name: n\ngroup: g\ntemplate: t\nallow: {everything: yes please}\n", "unknown variant `everything`"),
            ("", "model m.yaml"),
        ] {
            let error = message("m.yaml", text);
            assert!(error.starts_with("model m.yaml") && error.contains(expected), "{text:?}: {error}");
        }
        let latin1 = ModelFiles([("m.yaml".to_owned(), b"name: n\ngroup: \xe9".to_vec())].into());
        assert_eq!(read(&latin1).unwrap_err().to_string(), "model m.yaml, line 2, column 1: not UTF-8 text");
    }

    #[test]
    fn two_models_of_one_name_are_refused_by_both_files() {
        let twice =
            files(&[("a.yaml", "{name: n, group: g, template: t}"), ("b.yaml", "{name: n, device: d, template: t}")]);

        let error = read(&twice).unwrap_err().to_string();

        assert_eq!(error, r#"models a.yaml and b.yaml are both named "n"; a name must be unique"#);
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut bomb = "name: n\ngroup: g\ntemplate: t\ndata:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let below = level - 1;
            let items = vec![format!("*a{below}"); 10].join(", ");
            bomb.push_str(&format!("  a{level}: &a{level} [{items}]\n"));
        }

        let error = message("m.yaml", &bomb);

        assert!(error.starts_with("model m.yaml"), "{error}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_model_or_an_error(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            for path in ["m.yaml", "m.json"] {
                let _ = read(&ModelFiles([(path.to_owned(), text.clone())].into()));
            }
        }
    }
}
