//! Which orders of ports a switch runs. Only the holder of the device's lease writes it, after the
//! switch has saved them.

use std::collections::BTreeMap;

use intent::name::{RunId, TenantName};
use intent::tenancy::{PortDocument, PortIntent, PortName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The ports of a device as naas last brought them to its switch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppliedPorts {
    /// Each port that was ever brought to the switch.
    pub ports: BTreeMap<PortName, AppliedPort>,
}

/// A port as it was last brought to the switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppliedPort {
    /// Whose port it was.
    pub tenant: TenantName,
    /// True if the port was given back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idle: bool,
    /// What the port was made.
    pub intent: PortIntent,
    /// The generation of its order.
    pub generation: u64,
    /// The run that brought it.
    pub run: RunId,
    /// When that run ended.
    pub at: Timestamp,
}

impl AppliedPorts {
    /// The generation of each port that the switch runs.
    pub fn generations(&self) -> BTreeMap<PortName, u64> {
        self.ports.iter().map(|(port, applied)| (port.clone(), applied.generation)).collect()
    }

    /// True if the switch runs the newest order of a port.
    pub fn has(&self, port: &PortName, generation: u64) -> bool {
        self.ports.get(port).is_some_and(|applied| applied.generation >= generation)
    }

    /// The ports of a document whose newest order the switch does not run.
    pub fn waiting<'d>(&'d self, document: &'d PortDocument) -> impl Iterator<Item = &'d PortName> {
        document.ports.iter().filter(|(port, entry)| !self.has(port, entry.generation)).map(|(port, _)| port)
    }

    /// Notes that `run` has brought these ports of a document to the switch.
    pub fn note<'p>(
        &mut self,
        document: &PortDocument,
        ports: impl IntoIterator<Item = &'p PortName>,
        run: &RunId,
        at: Timestamp,
    ) {
        for port in ports {
            let Some(entry) = document.ports.get(port) else { continue };
            let applied = AppliedPort {
                tenant: entry.tenant.clone(),
                idle: entry.idle,
                intent: entry.intent.clone(),
                generation: entry.generation,
                run: run.clone(),
                at,
            };
            if !self.has(port, entry.generation) {
                self.ports.insert(port.clone(), applied);
            }
        }
    }
}
