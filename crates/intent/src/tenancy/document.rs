//! The document of a device's ports: every port that was ordered, and what of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::order::{PortIntent, PortMode, SpanningTree};
use super::port_name::PortName;
use super::vlan::Vlan;
use crate::name::{RunId, TenantName};

/// The version of the document that this code reads and writes.
const VERSION: u32 = 1;

/// The ports of a device that were ordered. It is only ever replaced as a whole, over the version
/// that was read: that is what gives each port one owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortDocument {
    version: u32,
    /// Raised by one with every change.
    pub generation: u64,
    /// What was ordered of each port.
    pub ports: BTreeMap<PortName, PortEntry>,
}

/// What was ordered of a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortEntry {
    /// Who ordered the port, or gave it back last.
    pub tenant: TenantName,
    /// True if the port was given back: it is in the idle VLAN, and nobody has it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idle: bool,
    /// What the port is to be.
    pub intent: PortIntent,
    /// The subject of who asked.
    pub by: String,
    /// When it was asked for.
    pub at: Timestamp,
    /// The run that brings it to the switch.
    pub request: RunId,
    /// The generation of the document that brought it.
    pub generation: u64,
}

/// Why bytes are not a document of ports.
#[derive(Debug, thiserror::Error)]
pub enum NotPorts {
    /// Not JSON, or not this JSON.
    #[error("not a document of ports, was it edited by hand: {0}")]
    Malformed(#[from] serde_json::Error),
    /// From a newer naas.
    #[error("a document of ports of version {0}, expected {VERSION}: a newer naas wrote it; run that one")]
    Version(u32),
}

impl Default for PortDocument {
    fn default() -> Self {
        Self { version: VERSION, generation: 0, ports: BTreeMap::new() }
    }
}

impl PortDocument {
    /// Reads a stored document.
    ///
    /// # Errors
    ///
    /// Bytes that are none, or one that a newer naas wrote.
    pub fn parse(document: &[u8]) -> Result<Self, NotPorts> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }

        match serde_json::from_slice(document)? {
            Versioned { version: VERSION } => Ok(serde_json::from_slice(document)?),
            Versioned { version } => Err(NotPorts::Version(version)),
        }
    }

    /// The text to be stored.
    pub fn to_document(&self) -> String {
        serde_json::to_string(self).expect("names, numbers and times always serialise")
    }

    /// The generation of a port, 0 if it was never ordered.
    pub fn generation_of(&self, port: &PortName) -> u64 {
        self.ports.get(port).map_or(0, |entry| entry.generation)
    }

    /// The ports that a tenant has.
    pub fn ports_of<'d>(&'d self, tenant: &'d TenantName) -> impl Iterator<Item = (&'d PortName, &'d PortEntry)> {
        self.ports.iter().filter(move |(_, entry)| entry.is_of(tenant))
    }
}

impl PortEntry {
    /// True if the tenant has the port.
    pub fn is_of(&self, tenant: &TenantName) -> bool {
        !self.idle && self.tenant == *tenant
    }

    /// What the template of ports sees as `model`. Every key is always there.
    pub fn data(&self, port: &PortName) -> Map<String, Value> {
        let (vlan, trunk, native) = match &self.intent.mode {
            PortMode::Access(vlan) => (Some(*vlan), None, None),
            PortMode::Trunk { vlans, native } => (None, Some(vlans.to_string()), *native),
        };
        let number = |vlan: Vlan| u16::from(vlan);
        let data = json!({
            "port": port,
            "tenant": self.tenant,
            "idle": self.idle,
            "vlan": vlan.map(number),
            "trunk": trunk,
            "native": native.map(number),
            "vlans": self.intent.vlans().into_iter().map(number).collect::<Vec<_>>(),
            "description": self.intent.description,
            "shutdown": self.intent.shutdown,
            "portfast": self.intent.stp == SpanningTree::Portfast,
            "request": self.request,
        });
        if let Value::Object(data) = data { data } else { Map::new() }
    }

    /// How the lines of the port are told apart from those of models, in a blame.
    pub fn origin(&self, port: &PortName) -> String {
        let verb = if self.idle { "given back by" } else { "of" };
        format!("port {port} {verb} tenant {}, order {}", self.tenant, self.request)
    }
}
