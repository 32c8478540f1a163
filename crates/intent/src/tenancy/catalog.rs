//! `tenants.yaml`: which tenants there are, and what each of them may order.
//!
//! ```yaml
//! template: templates/port.tera   # renders one port, with its order as `model`
//! order: 60                       # where the ports stand among the models; 50 when left out
//! idle_vlan: 999                  # where a port is that was given back
//! conflicts: name                 # or `hide`: whether a refused tenant learns who has the port
//! tenants:
//!   red:
//!     patch:
//!       - device: leaf1           # or a list
//!         ports: 1-20             # 3/1-4 on a switch with line cards
//!     vlans: 110-119
//!     quota:
//!       ports_per_device: 10
//!       waiting_per_device: 4     # changes that are not on the switch yet
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::port_name::PortName;
use super::range;
use super::vlan::{Vlan, VlanSet};
use crate::model::{DEFAULT_ORDER, MAX_FILE, ModelError, ModelFiles};
use crate::name::{DeviceName, TenantName};
use crate::yaml;

/// Where it stands among the models. A file of this name is no model.
pub const PATH: &str = "tenants.yaml";

/// What `tenants.yaml` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenants {
    /// How ordered ports become configuration.
    pub rendering: Rendering,
    /// The VLAN of a port that was given back.
    pub idle_vlan: Vlan,
    /// What a tenant learns when it is refused somebody else's port.
    pub conflicts: Conflicts,
    /// The tenants by name.
    pub tenants: BTreeMap<TenantName, Tenant>,
}

/// How ordered ports become configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendering {
    /// Where their lines stand among those of models, lower first.
    pub order: i64,
    /// The path of the template that renders one port.
    pub template: String,
}

/// What a tenant learns when it is refused somebody else's port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Conflicts {
    /// Who has the port.
    Name,
    /// That the port is somebody else's.
    #[default]
    Hide,
}

/// A tenant, and what it may order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The ports that it may order, by device.
    pub patch: BTreeMap<DeviceName, BTreeSet<PortName>>,
    /// The VLANs that its ports may be in.
    pub vlans: VlanSet,
    /// How much it may order.
    pub quota: Quota,
}

/// How much a tenant may order. Without a number there is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// The most ports that it has on one device.
    pub ports_per_device: Option<usize>,
    /// The most of its ports on one device whose newest order is not on the switch yet.
    pub waiting_per_device: Option<usize>,
}

impl Tenants {
    /// Reads `tenants.yaml` of `files`, if it is there.
    ///
    /// # Errors
    ///
    /// The file is not what is expected there.
    pub fn read(files: &ModelFiles) -> Result<Option<Self>, ModelError> {
        let Some(text) = files.0.get(PATH) else { return Ok(None) };
        let malformed =
            |line, column, at, reason| ModelError::Malformed { path: PATH.to_owned(), line, column, at, reason };
        if text.len() > MAX_FILE {
            return Err(malformed(0, 0, String::new(), format!("is larger than {} MiB", MAX_FILE >> 20)));
        }
        let node =
            yaml::read(text).map_err(|error| malformed(error.line, error.column, String::new(), error.reason))?;
        let fields: TenantsFields =
            yaml::from_node(&node).map_err(|error| malformed(error.line, error.column, error.path, error.reason))?;
        Ok(Some(fields.into()))
    }

    /// The ports of a tenant's patch on a device; none if there is no such tenant.
    pub fn patch(&self, tenant: &TenantName, device: &DeviceName) -> Option<&BTreeSet<PortName>> {
        self.tenants.get(tenant)?.patch.get(device)
    }
}

/// The keys of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantsFields {
    template: String,
    #[serde(default = "default_order")]
    order: i64,
    idle_vlan: Vlan,
    #[serde(default)]
    conflicts: Conflicts,
    tenants: BTreeMap<TenantName, TenantFields>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantFields {
    patch: Vec<Patch>,
    vlans: VlanSet,
    #[serde(default)]
    quota: Quota,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Patch {
    device: Devices,
    ports: PortList,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "the name of a device, or a list of names")]
enum Devices {
    One(DeviceName),
    Many(Vec<DeviceName>),
}

/// `ports: 1-4,7`; YAML takes a single number for a number.
#[derive(Deserialize)]
#[serde(untagged, expecting = "ports such as 1-4,7 or 3/1-4")]
enum PortsText {
    Text(String),
    Number(u16),
}

#[derive(Deserialize)]
#[serde(try_from = "PortsText")]
struct PortList(BTreeSet<PortName>);

impl TryFrom<PortsText> for PortList {
    type Error = range::InvalidRange;

    fn try_from(text: PortsText) -> Result<Self, range::InvalidRange> {
        match text {
            PortsText::Text(text) => range::ports(&text).map(Self),
            PortsText::Number(number) => range::ports(&number.to_string()).map(Self),
        }
    }
}

fn default_order() -> i64 {
    DEFAULT_ORDER
}

impl From<TenantsFields> for Tenants {
    fn from(TenantsFields { template, order, idle_vlan, conflicts, tenants }: TenantsFields) -> Self {
        let tenants = tenants.into_iter().map(|(name, fields)| (name, fields.into())).collect();
        Self { rendering: Rendering { order, template }, idle_vlan, conflicts, tenants }
    }
}

impl From<TenantFields> for Tenant {
    fn from(TenantFields { patch, vlans, quota }: TenantFields) -> Self {
        let mut ports: BTreeMap<DeviceName, BTreeSet<PortName>> = BTreeMap::new();
        for Patch { device, ports: PortList(list) } in patch {
            let devices = match device {
                Devices::One(device) => vec![device],
                Devices::Many(devices) => devices,
            };
            for device in devices {
                ports.entry(device).or_default().extend(list.iter().cloned());
            }
        }
        Self { patch: ports, vlans, quota }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Tenants>, ModelError> {
        Tenants::read(&ModelFiles([(PATH.to_owned(), text.as_bytes().to_vec())].into()))
    }

    #[test]
    fn a_tenant_has_the_ports_of_all_its_patches() {
        let text = "template: t.tera\nidle_vlan: 999\ntenants:\n  red:\n    patch:\n    - {device: leaf1, ports: 1-2}\n    \
                    - {device: [leaf1, leaf2], ports: 7}\n    vlans: 110-119,130\n";

        let tenants = read(text).unwrap().unwrap();

        let ports = |device: &str| {
            let ports = tenants.patch(&TenantName::new("red").unwrap(), &DeviceName::new(device).unwrap());
            ports.unwrap().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(ports("leaf1"), ["Ethernet1", "Ethernet2", "Ethernet7"]);
        assert_eq!(ports("leaf2"), ["Ethernet7"]);
        assert_eq!((tenants.rendering.order, tenants.conflicts), (DEFAULT_ORDER, Conflicts::Hide));
    }

    #[test]
    fn what_is_wrong_with_it_is_said_with_its_place() {
        let red = |fields: &str| format!("template: t\nidle_vlan: 999\ntenants:\n  red: {{{fields}}}\n");
        for (text, expected) in [
            ("idle_vlan: 999\ntenants: {}\n".to_owned(), "model tenants.yaml, line 1, column 1: `template` is missing"),
            ("template: t\nidle_vlan: 4095\ntenants: {}\n".to_owned(), "at idle_vlan: expected a VLAN from 1 to 4094"),
            (red("patch: [{device: leaf1, ports: 4-1}], vlans: 10"), "the range 4-1 runs backwards; expected 1-4"),
            (red("patch: [{device: leaf1, ports: 1-4x}], vlans: 10"), "\"1-4x\" is not a list of ports"),
            (red("patch: [{device: [a b], ports: 1}], vlans: 10"), "the name of a device, or a list of names"),
            (red("patch: [], vlans: 0"), "expected a VLAN from 1 to 4094, found 0"),
            (red("patch: [], vlans: 10, qouta: {}"), "`qouta` is not a key here; did you mean `quota`"),
            (red("patch: [], vlans: 10, quota: {ports_per_device: -1}"), "at tenants.red.quota.ports_per_device"),
            ("template: t\nidle_vlan: 1\ntenants: {a/b: {patch: [], vlans: 1}}\n".to_owned(), "\"a/b\" is not a name"),
        ] {
            let error = read(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_site_without_the_file_has_no_tenants() {
        assert_eq!(Tenants::read(&ModelFiles::default()), Ok(None));
    }
}
