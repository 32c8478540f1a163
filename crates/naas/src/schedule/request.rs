//! The body of `POST /configure`, checked.

use std::fmt;
use std::num::NonZeroUsize;

use intent::confirm::ConfirmWithin;
use intent::name::{RunId, excerpt};
use intent::yaml::{InvalidJson, from_json};
use serde::de::{Deserialize, Deserializer, Error as _, Unexpected, Visitor};
use serde::{Deserialize as Derived, Serialize, Serializer};

use super::pattern::Pattern;
use crate::records::order::Load;
use crate::records::revision::Reference;
use crate::records::run::Mode;

/// The name that stands for every device.
pub(super) const ALL: &str = "all";

/// The request to work on devices. It serialises to one form whatever the body's white space, so
/// that two requests can be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Derived)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The devices, by name or [`Pattern`]; `all` stands for every device.
    #[serde(default, deserialize_with = "names")]
    pub devices: Vec<Pattern>,
    /// The names of groups, as written.
    #[serde(default, deserialize_with = "names")]
    pub groups: Vec<String>,
    /// How many devices go into one slice, if the request says.
    #[serde(default, deserialize_with = "given")]
    pub step: Option<Step>,
    /// What is done with each device.
    #[serde(default)]
    pub mode: Mode,
    /// How long switches run a new configuration on trial, if the request says.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub confirm: Option<ConfirmWithin>,
    /// The plan to apply. It takes the place of devices and groups, since it names them.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub plan: Option<RunId>,
    /// The stored configuration that the only device is to be brought back to.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub restore: Option<Reference>,
    /// How the configuration is loaded.
    #[serde(default, skip_serializing_if = "Load::is_replace")]
    pub load: Load,
}

/// How many devices go into one slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// As many as fit.
    Max,
    /// At most this many.
    Of(NonZeroUsize),
}

/// Why a body is not a request, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    /// The body is empty.
    #[error(r#"expected JSON such as {{"devices": ["all"]}}, found nothing"#)]
    Empty,
    /// The body is not JSON, or a field is not what is expected there.
    #[error(transparent)]
    Json(#[from] InvalidJson),
    /// The fields do not go together.
    #[error("{0}")]
    Contradiction(&'static str),
}

/// Why a text is not a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {STEP}, found {0:?}")]
pub struct InvalidStep(String);

/// What a step is, for messages.
const STEP: &str = r#""max" or a whole number from 1"#;

impl Request {
    /// Reads a body such as `{"devices": ["all"], "step": "max"}`.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidRequest> {
        if body.trim_ascii().is_empty() {
            return Err(InvalidRequest::Empty);
        }
        let request: Self = from_json(body)?;
        match request.contradiction() {
            None => Ok(request),
            Some(reason) => Err(InvalidRequest::Contradiction(reason)),
        }
    }

    /// Why the fields do not go together, if they do not.
    fn contradiction(&self) -> Option<&'static str> {
        let named = !self.devices.is_empty() || !self.groups.is_empty();
        match (&self.plan, named) {
            (None, false) => Some(r#"devices: expected at least one name, or "all", or groups; found none"#),
            (Some(_), true) => Some("plan: goes without devices and groups, since the plan names them"),
            (Some(_), false) if self.mode != Mode::Apply => Some(r#"plan: goes with the mode "apply" only"#),
            (Some(_), false) if self.restore.is_some() => {
                Some("restore: goes without a plan; apply the plan of a restore by its run")
            }
            _ if self.confirm.is_some() && self.mode != Mode::Apply => {
                Some(r#"confirm: goes with the mode "apply" only"#)
            }
            (_, _) if self.load == Load::Merge => self.merge_contradiction(),
            _ => self.restore.as_ref().and_then(|_| self.restore_contradiction()),
        }
    }

    /// Why the merge does not go with the other fields, if it does not.
    fn merge_contradiction(&self) -> Option<&'static str> {
        match (&self.plan, &self.restore, self.mode) {
            (Some(_), ..) => Some("load: goes without a plan, which says itself how it is loaded"),
            (_, Some(_), _) => {
                Some(r#"restore: goes with the load "replace" only, since it brings a whole configuration back"#)
            }
            (.., Mode::Check) => {
                Some(r#"load: "merge" goes with the modes "apply" and "plan"; a check compares the whole"#)
            }
            _ => None,
        }
    }

    /// Why the restore does not go with the other fields, if it does not.
    fn restore_contradiction(&self) -> Option<&'static str> {
        let one_device =
            self.groups.is_empty() && matches!(self.devices.as_slice(), [pattern] if pattern.name().is_some());
        match self.mode {
            _ if !one_device => {
                Some("restore: goes with exactly one device by its name, since each device has its own history")
            }
            Mode::Check => Some(
                r#"restore: goes with the modes "apply" and "plan"; a device that was restored is pinned, and any check compares with that"#,
            ),
            Mode::Apply | Mode::Plan => None,
        }
    }
}

impl Step {
    /// Reads `max`, in any case, or a whole number from 1.
    pub fn parse_text(text: &str) -> Result<Self, InvalidStep> {
        let text = text.trim();
        match text.parse() {
            Ok(step) => Ok(Self::Of(step)),
            Err(_) if text.eq_ignore_ascii_case("max") => Ok(Self::Max),
            Err(_) => Err(InvalidStep(excerpt(text))),
        }
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

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct TextOrNumber;

        impl Visitor<'_> for TextOrNumber {
            type Value = Step;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(STEP)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Step, E> {
                Step::parse_text(text).map_err(E::custom)
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Step, E> {
                let step = usize::try_from(number).ok().and_then(NonZeroUsize::new);
                step.map(Step::Of).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
            }
        }

        from.deserialize_any(TextOrNumber)
    }
}

/// Reads a list of names. An empty one is refused: whoever sends it means something else than
/// leaving the field out.
pub(super) fn names<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    let names = Vec::<T>::deserialize(from)?;
    if names.is_empty() { Err(D::Error::custom("expected at least one name, found an empty list")) } else { Ok(names) }
}

/// Reads a field that may be left out, but not be `null`.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests;
