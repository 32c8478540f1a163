//! What a caller asks for: the body of `POST /configure`, checked, and the devices it means.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroUsize;

use intent::confirm::ConfirmWithin;
use intent::inventory::Inventory;
use intent::name::{DeviceName, RunId};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

use crate::records::revision::Reference;
use crate::records::run::Mode;

/// The name that stands for every device.
const ALL: &str = "all";

const FIELDS: [&str; 7] = ["devices", "groups", "step", "mode", "confirm", "plan", "restore"];

/// A request. Serialises to one form whatever the body's white space, so that two can be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Names as written; `all` stands for every device.
    pub devices: Vec<String>,
    /// Groups as written.
    pub groups: Vec<String>,
    /// How many devices go into one slice, if the request says.
    pub step: Option<Step>,
    /// What is to be done.
    pub mode: Mode,
    /// For how long switches run a new configuration on trial, if the request says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<ConfirmWithin>,
    /// The plan to apply, instead of devices and groups: it names them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<RunId>,
    /// The kept configuration that its only device is to be brought back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore: Option<Reference>,
}

/// How many devices go into one slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// As many as fit.
    Max,
    /// At most this many.
    Of(NonZeroUsize),
}

/// Why a body is no request, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidRequest(String);

/// Devices and groups that the inventory does not have, sorted; at least one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct UnknownNames {
    /// Devices.
    pub devices: Vec<String>,
    /// Groups.
    pub groups: Vec<String>,
}

impl Request {
    /// Reads a body such as `{"devices": ["all"], "step": "max"}`.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidRequest> {
        let text = std::str::from_utf8(body)
            .map_err(|_| InvalidRequest("expected JSON, found what is not UTF-8 text".to_owned()))?;
        if text.trim().is_empty() {
            return Err(InvalidRequest(r#"expected JSON such as {"devices": ["all"]}, found nothing"#.to_owned()));
        }
        let request: Self = serde_json::from_str(text).map_err(|error| InvalidRequest(error.to_string()))?;
        let named = !request.devices.is_empty() || !request.groups.is_empty();
        let reason = match (&request.plan, named) {
            (None, false) => r#"devices: expected at least one name, or "all", or groups; found none"#,
            (Some(_), true) => "plan: goes without devices and groups, since the plan names them",
            (Some(_), false) if request.mode != Mode::Apply => r#"plan: goes with the mode "apply" only"#,
            (Some(_), false) if request.restore.is_some() => {
                "restore: goes without a plan; apply the plan of a restore by its run"
            }
            (None, true) if request.restore.is_some() && !request.names_one_device() => {
                "restore: goes with exactly one device by its name, since each device has its own history"
            }
            (None, true) if request.restore.is_some() && request.mode == Mode::Check => {
                r#"restore: goes with the modes "apply" and "plan"; a device that was restored is pinned, and any check compares with that"#
            }
            _ if request.confirm.is_some() && request.mode != Mode::Apply => {
                r#"confirm: goes with the mode "apply" only"#
            }
            _ => return Ok(request),
        };
        Err(InvalidRequest(reason.to_owned()))
    }
}

impl Request {
    fn names_one_device(&self) -> bool {
        self.groups.is_empty() && matches!(self.devices.as_slice(), [name] if name != ALL)
    }
}

impl Step {
    /// Reads `max`, `MAX` or a whole number from 1.
    pub fn parse_text(text: &str) -> Result<Self, InvalidRequest> {
        let text = text.trim();
        match text.parse() {
            Ok(step) => Ok(Self::Of(step)),
            Err(_) if text.eq_ignore_ascii_case("max") => Ok(Self::Max),
            Err(_) => Err(wrong_step(&format!("{:?}", excerpt(text)))),
        }
    }
}

/// The devices that `request` means, sorted, each once. Either all its names are known or nothing is selected.
pub fn select(inventory: &Inventory, request: &Request) -> Result<Vec<DeviceName>, UnknownNames> {
    let mut selected = BTreeSet::new();
    let mut unknown = UnknownNames { devices: Vec::new(), groups: Vec::new() };
    for name in &request.devices {
        match DeviceName::new(name.as_str()) {
            _ if name == ALL => selected.extend(inventory.names().cloned()),
            Ok(device) if inventory.has(name) => drop(selected.insert(device)),
            _ => unknown.devices.push(excerpt(name)),
        }
    }
    for name in &request.groups {
        match inventory.members(name) {
            Some(members) => selected.extend(members),
            None => unknown.groups.push(excerpt(name)),
        }
    }
    for names in [&mut unknown.devices, &mut unknown.groups] {
        names.sort();
        names.dedup();
    }
    if unknown.devices.is_empty() && unknown.groups.is_empty() {
        Ok(selected.into_iter().collect())
    } else {
        Err(unknown)
    }
}

impl fmt::Display for UnknownNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |kind: &str, names: &[String]| match names {
            [] => String::new(),
            [name] => format!("{kind} {name}"),
            names => format!("{kind}s {}", names.join(", ")),
        };
        let parts = [list("device", &self.devices), list("group", &self.groups)];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        write!(f, "the inventory does not have {}", parts.join(" and "))
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Max => to.serialize_str("max"),
            Self::Of(step) => step.serialize(to),
        }
    }
}

/// By hand, because each message should name the field, what was expected and what was found.
impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Body;

        impl<'de> Visitor<'de> for Body {
            type Value = Request;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(r#"an object such as {"devices": ["all"]}"#)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Request, A::Error> {
                let mut request = Request {
                    devices: Vec::new(),
                    groups: Vec::new(),
                    step: None,
                    mode: Mode::default(),
                    confirm: None,
                    plan: None,
                    restore: None,
                };
                let mut seen = BTreeSet::new();
                while let Some(field) = entries.next_key::<String>()? {
                    if !FIELDS.contains(&field.as_str()) {
                        let known = FIELDS.join(", ");
                        return Err(A::Error::custom(format!(
                            "{:?} is not a field; known are {known}",
                            excerpt(&field)
                        )));
                    }
                    match field.as_str() {
                        "devices" => request.devices = entries.next_value_seed(Field("devices", names))?,
                        "groups" => request.groups = entries.next_value_seed(Field("groups", names))?,
                        "step" => request.step = Some(entries.next_value_seed(Field("step", |_, found| step(&found)))?),
                        "confirm" => {
                            request.confirm =
                                Some(entries.next_value_seed(Field("confirm", |_, found| confirm(&found)))?);
                        }
                        "plan" => request.plan = Some(entries.next_value_seed(Field("plan", |_, found| plan(&found)))?),
                        "restore" => {
                            request.restore =
                                Some(entries.next_value_seed(Field("restore", |_, found| restore(&found)))?);
                        }
                        _ => request.mode = entries.next_value_seed(Field("mode", |_, found| mode(&found)))?,
                    }
                    if !seen.insert(field.clone()) {
                        return Err(A::Error::custom(format!("{field}: is there twice")));
                    }
                }
                Ok(request)
            }
        }

        from.deserialize_map(Body)
    }
}

/// What a field was found to hold.
enum Found {
    Text(String),
    List(Vec<Found>),
    /// Anything else, as a message should call it.
    Other(String),
}

impl Found {
    fn name(&self) -> String {
        match self {
            Self::Text(text) => format!("the text {:?}", excerpt(text)),
            Self::List(items) if items.is_empty() => "an empty list".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Other(name) => name.clone(),
        }
    }
}

fn names(field: &str, found: Found) -> Result<Vec<String>, InvalidRequest> {
    let expected = |found: &Found| -> InvalidRequest {
        let example = if field == "devices" { r#"["leaf1"] or ["all"]"# } else { r#"["leaf"]"# };
        InvalidRequest(format!("{field}: expected a list of names such as {example}, found {}", found.name()))
    };
    match found {
        Found::List(items) if !items.is_empty() => {
            let name = |item| if let Found::Text(name) = item { Ok(name) } else { Err(expected(&item)) };
            items.into_iter().map(name).collect()
        }
        other => Err(expected(&other)),
    }
}

fn step(found: &Found) -> Result<Step, InvalidRequest> {
    match found {
        Found::Text(text) => Step::parse_text(text),
        Found::Other(number) => number.parse().map(Step::Of).map_err(|_| wrong_step(number)),
        Found::List(_) => Err(wrong_step(&found.name())),
    }
}

fn mode(found: &Found) -> Result<Mode, InvalidRequest> {
    match found {
        Found::Text(text) if text == "apply" => Ok(Mode::Apply),
        Found::Text(text) if text == "plan" => Ok(Mode::Plan),
        Found::Text(text) if text == "check" => Ok(Mode::Check),
        other => Err(InvalidRequest(format!(r#"mode: expected "apply", "plan" or "check", found {}"#, other.name()))),
    }
}

fn confirm(found: &Found) -> Result<ConfirmWithin, InvalidRequest> {
    let reason = match found {
        Found::Other(number) => match number.parse().map(ConfirmWithin::new) {
            Ok(Ok(confirm)) => return Ok(confirm),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("expected whole seconds, found {number}"),
        },
        other => format!("expected whole seconds, found {}", other.name()),
    };
    Err(InvalidRequest(format!("confirm: {reason}")))
}

fn plan(found: &Found) -> Result<RunId, InvalidRequest> {
    let reason = match found {
        Found::Text(text) => match RunId::parse(text) {
            Ok(run) => return Ok(run),
            Err(error) => error.to_string(),
        },
        other => format!("expected the run that made it, found {}", other.name()),
    };
    Err(InvalidRequest(format!("plan: {reason}")))
}

fn restore(found: &Found) -> Result<Reference, InvalidRequest> {
    let reason = match found {
        Found::Text(text) => match Reference::parse(text) {
            Ok(reference) => return Ok(reference),
            Err(error) => error.to_string(),
        },
        other => format!("expected a kept configuration as text, found {}", other.name()),
    };
    Err(InvalidRequest(format!("restore: {reason}")))
}

fn wrong_step(found: &str) -> InvalidRequest {
    InvalidRequest(format!(r#"step: expected "max" or a whole number from 1, found {found}"#))
}

/// Reads one field's value whatever it is, and lets `check` say what is wrong with it.
struct Field<T>(&'static str, fn(&str, Found) -> Result<T, InvalidRequest>);

impl<'de, T> serde::de::DeserializeSeed<'de> for Field<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<T, D::Error> {
        (self.1)(self.0, Found::deserialize(from)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Found {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Anything;

        impl<'de> Visitor<'de> for Anything {
            type Value = Found;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_str<E>(self, text: &str) -> Result<Found, E> {
                Ok(Found::Text(text.to_owned()))
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Found, E> {
                Ok(Found::Other(flag.to_string()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Found, E> {
                Ok(Found::Other(number.to_string()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Found, E> {
                Ok(Found::Other(number.to_string()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Found, E> {
                Ok(Found::Other(format!("{number:?}")))
            }

            fn visit_unit<E>(self) -> Result<Found, E> {
                Ok(Found::Other("null".to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Found, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Found::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Found, A::Error> {
                while entries.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
                Ok(Found::Other("an object".to_owned()))
            }
        }

        from.deserialize_any(Anything)
    }
}

/// Enough of an outside text to recognise it.
fn excerpt(text: &str) -> String {
    if text.chars().count() <= 64 { text.to_owned() } else { text.chars().take(63).chain(['…']).collect() }
}

#[cfg(test)]
mod tests;
