//! What a tenant asks of a port, as JSON or YAML says it.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::port_name::PortName;
use super::range::{self, InvalidRange};
use super::vlan::{Vlan, VlanSet};
use crate::yaml::{self, InvalidJson};

/// What a port is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct PortIntent {
    /// The VLANs of the port.
    pub mode: PortMode,
    /// What the port is for.
    pub description: Option<Description>,
    /// True if the port is shut down. A port is shut down unless its order says otherwise.
    pub shutdown: bool,
    /// What spanning tree does with the port.
    pub stp: SpanningTree,
}

/// The VLANs of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortMode {
    /// One VLAN, untagged.
    Access(Vlan),
    /// Several VLANs, tagged.
    Trunk {
        /// The VLANs whose frames the port carries.
        vlans: VlanSet,
        /// The VLAN whose frames are untagged.
        native: Option<Vlan>,
    },
}

/// What spanning tree does with a port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpanningTree {
    /// The port forwards at once: a host is behind it.
    #[default]
    Portfast,
    /// The port listens and learns first: a switch is behind it.
    Normal,
}

/// What a port is for: one line of at most [`MAX`](Self::MAX) characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Description(String);

impl Description {
    /// The most characters of a description.
    pub const MAX: usize = 200;
}

impl TryFrom<String> for Description {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let length = text.chars().count();
        if let Some(found) = text.chars().find(|c| c.is_control()) {
            return Err(format!("expected one line of text, found the control character U+{:04X}", u32::from(found)));
        }
        if text.trim() != text || text.is_empty() {
            return Err("expected text that neither begins nor ends with a space".to_owned());
        }
        if length > Self::MAX {
            return Err(format!("expected at most {} characters, found {length}", Self::MAX));
        }
        Ok(Self(text))
    }
}

impl From<Description> for String {
    fn from(description: Description) -> Self {
        description.0
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PortIntent {
    /// What a port without an owner is: in the idle VLAN, and shut down.
    pub fn idle(vlan: Vlan) -> Self {
        Self { mode: PortMode::Access(vlan), description: None, shutdown: true, stp: SpanningTree::Portfast }
    }

    /// Every VLAN of the port.
    pub fn vlans(&self) -> BTreeSet<Vlan> {
        match &self.mode {
            PortMode::Access(vlan) => [*vlan].into(),
            PortMode::Trunk { vlans, native } => vlans.iter().chain(*native).collect(),
        }
    }
}

/// The keys of an order. `vlan` and `trunk` take each other's place.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vlan: Option<Vlan>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trunk: Option<VlanSet>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    native: Option<Vlan>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<Description>,
    #[serde(default = "is_shut_down")]
    shutdown: bool,
    #[serde(default)]
    stp: SpanningTree,
}

fn is_shut_down() -> bool {
    true
}

impl TryFrom<Fields> for PortIntent {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, &'static str> {
        let Fields { vlan, trunk, native, description, shutdown, stp } = fields;
        let mode = match (vlan, trunk, native) {
            (Some(vlan), None, None) => PortMode::Access(vlan),
            (None, Some(vlans), native) => PortMode::Trunk { vlans, native },
            (Some(_), Some(_), _) => return Err("expected `vlan` or `trunk`, found both"),
            (Some(_), None, Some(_)) => return Err("native: goes with `trunk` only"),
            (None, None, _) => return Err("expected `vlan` or `trunk`, found neither"),
        };
        Ok(Self { mode, description, shutdown, stp })
    }
}

impl From<PortIntent> for Fields {
    fn from(PortIntent { mode, description, shutdown, stp }: PortIntent) -> Self {
        let (vlan, trunk, native) = match mode {
            PortMode::Access(vlan) => (Some(vlan), None, None),
            PortMode::Trunk { vlans, native } => (None, Some(vlans), native),
        };
        Self { vlan, trunk, native, description, shutdown, stp }
    }
}

/// One intent for several ports of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchOrder {
    /// The ports, at least one.
    pub ports: BTreeSet<PortName>,
    /// What each of them is to be.
    pub intent: PortIntent,
}

/// Why a text is not an order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOrder {
    /// The text is empty.
    #[error(r#"the order is empty; expected something like {{"vlan": 110, "shutdown": false}}"#)]
    Empty,
    /// The text is not JSON, or not this JSON.
    #[error(transparent)]
    Json(#[from] InvalidJson),
    /// The list of ports is none.
    #[error("ports: {0}")]
    Ports(#[from] InvalidRange),
}

/// Reads the order of one port, such as `{"vlan": 110, "shutdown": false}`.
///
/// # Errors
///
/// What is wrong with the text, and where.
pub fn single(body: &[u8]) -> Result<PortIntent, InvalidOrder> {
    Ok(yaml::from_json(not_empty(body)?)?)
}

/// Reads an order for several ports, such as `{"ports": "1-4,7", "vlan": 110}`.
///
/// # Errors
///
/// What is wrong with the text, and where.
pub fn batch(body: &[u8]) -> Result<BatchOrder, InvalidOrder> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Batch {
        ports: String,
        vlan: Option<Vlan>,
        trunk: Option<VlanSet>,
        native: Option<Vlan>,
        description: Option<Description>,
        #[serde(default = "is_shut_down")]
        shutdown: bool,
        #[serde(default)]
        stp: SpanningTree,
    }

    let Batch { ports, vlan, trunk, native, description, shutdown, stp } = yaml::from_json(not_empty(body)?)?;
    let fields = Fields { vlan, trunk, native, description, shutdown, stp };
    let intent = PortIntent::try_from(fields)
        .map_err(|reason| InvalidJson::Unexpected { path: String::new(), reason: reason.to_owned() })?;
    Ok(BatchOrder { ports: range::ports(&ports)?, intent })
}

fn not_empty(body: &[u8]) -> Result<&[u8], InvalidOrder> {
    if body.trim_ascii().is_empty() { Err(InvalidOrder::Empty) } else { Ok(body) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_order_is_shut_down_and_portfast_unless_it_says_otherwise() {
        let intent = single(br#"{"vlan": 110}"#).unwrap();

        assert_eq!(intent.mode, PortMode::Access(Vlan::new(110).unwrap()));
        assert_eq!((intent.shutdown, intent.stp, intent.description), (true, SpanningTree::Portfast, None));
    }

    #[test]
    fn shutdown_false_turns_the_port_on() {
        assert!(!single(br#"{"vlan": 110, "shutdown": false}"#).unwrap().shutdown);
    }

    #[test]
    fn a_trunk_has_its_vlans_and_a_native_one() {
        let batch = batch(br#"{"ports": "1-2", "trunk": "110-112", "native": 113, "stp": "normal"}"#).unwrap();

        assert_eq!((batch.ports.len(), batch.intent.stp), (2, SpanningTree::Normal));
        let vlans: Vec<u16> = batch.intent.vlans().into_iter().map(Into::into).collect();
        assert_eq!(vlans, [110, 111, 112, 113]);
    }

    #[test]
    fn each_bad_order_has_its_sentence() {
        for (body, expected) in [
            ("", "the order is empty; expected something like {\"vlan\": 110"),
            ("{}", "expected `vlan` or `trunk`, found neither"),
            (r#"{"vlan": 0}"#, "vlan: expected a VLAN from 1 to 4094, found 0"),
            (r#"{"vlan": 4095}"#, "vlan: expected a VLAN from 1 to 4094, found 4095"),
            (r#"{"vlan": "10"}"#, "vlan: expected a whole number, found the text \"10\"; leave out the quotes"),
            (r#"{"vlan": 1.5}"#, "vlan: expected a whole number"),
            (r#"{"vlan": 10, "trunk": "10"}"#, "expected `vlan` or `trunk`, found both"),
            (r#"{"vlan": 10, "native": 10}"#, "native: goes with `trunk` only"),
            (r#"{"trunk": "20-10"}"#, "trunk: the range 20-10 runs backwards; expected 10-20"),
            (r#"{"vlan": 10, "vlna": 5}"#, "`vlna` is not a key here; did you mean `vlan`"),
            (
                r#"{"vlan": 10, "description": "a\nreload now"}"#,
                "description: expected one line of text, found the control",
            ),
            (
                r#"{"vlan": 10, "description": ""}"#,
                "description: expected text that neither begins nor ends with a space",
            ),
            (r#"{"vlan": 10, "stp": "fast"}"#, "`fast` is not known here; known are portfast, normal"),
            (r#"{"vlan": 10, "shutdown": "no"}"#, "shutdown: expected true or false, found the text \"no\""),
            (r#"{"vlan": 10"#, "line 1, column"),
        ] {
            let error = single(body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{body}: {error}");
        }
    }

    #[test]
    fn each_bad_batch_has_its_sentence() {
        for (body, expected) in [
            (r#"{"vlan": 10}"#, "`ports` is missing"),
            (r#"{"ports": "1-4,3", "vlan": 10}"#, "ports: Ethernet3 is named twice; expected each port once"),
            (r#"{"ports": "Ethernet1-4x", "vlan": 10}"#, "ports: \"Ethernet1-4x\" is not a list of ports"),
            (r#"{"ports": [1, 2], "vlan": 10}"#, "ports: expected text, found a list"),
            (r#"{"ports": "1"}"#, "expected `vlan` or `trunk`, found neither"),
        ] {
            let error = batch(body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{body}: {error}");
        }
    }

    #[test]
    fn a_long_description_is_refused_with_its_length() {
        let body = format!(r#"{{"vlan": 10, "description": "{}"}}"#, "x".repeat(10_000));

        let error = single(body.as_bytes()).unwrap_err().to_string();

        assert!(error.contains("expected at most 200 characters, found 10000"), "{error}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_order_or_an_error(body in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = (single(&body), batch(&body));
        }
    }
}
