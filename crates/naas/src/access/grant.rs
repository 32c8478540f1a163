//! Roles, and how far each of them goes.

use std::collections::BTreeSet;
use std::fmt;

use intent::inventory::Inventory;
use intent::name::{DeviceName, GroupName, TenantName};

use super::Action;

/// A role of a caller, with the devices that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// Reads, within a scope.
    Viewer(Scope),
    /// Works on devices, within a scope.
    Operator(Scope),
    /// Does everything.
    Admin,
    /// Is this switch, and asks for nothing but itself.
    Device(DeviceName),
    /// Is this tenant.
    Tenant(TenantName),
}

/// The devices that a viewer or an operator is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every device, also those that the inventory no longer has.
    Every,
    /// The devices of these groups, as the inventory has them at the moment of the call.
    Groups(BTreeSet<GroupName>),
}

impl Grant {
    /// True if the role may do `action`, at least on some device.
    pub fn allows(&self, action: Action) -> bool {
        match self {
            Self::Viewer(_) => action.is_read(),
            Self::Operator(_) => !action.is_for_admins(),
            Self::Admin => true,
            Self::Device(_) => action.is_for_devices(),
            Self::Tenant(_) => false,
        }
    }

    /// True if the grant is for this device.
    pub fn covers(&self, device: &DeviceName, inventory: Option<&Inventory>) -> bool {
        match self {
            Self::Admin => true,
            Self::Viewer(scope) | Self::Operator(scope) => scope.covers(device, inventory),
            Self::Device(itself) => itself == device,
            Self::Tenant(_) => false,
        }
    }

    /// True if the grant is a switch's own.
    pub fn is_device(&self) -> bool {
        matches!(self, Self::Device(_))
    }

    /// True if the grant is for every device, whatever the inventory says.
    pub fn is_unlimited(&self) -> bool {
        matches!(self, Self::Admin | Self::Viewer(Scope::Every) | Self::Operator(Scope::Every))
    }

    /// True if the grant is for the devices of some groups.
    pub fn has_groups(&self) -> bool {
        matches!(self, Self::Viewer(Scope::Groups(_)) | Self::Operator(Scope::Groups(_)))
    }
}

impl Scope {
    fn covers(&self, device: &DeviceName, inventory: Option<&Inventory>) -> bool {
        match (self, inventory) {
            (Self::Every, _) => true,
            (Self::Groups(groups), Some(inventory)) => groups.iter().any(|group| inventory.is_member(device, group)),
            (Self::Groups(_), None) => false,
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Viewer(scope) => write!(f, "viewer of {scope}"),
            Self::Operator(scope) => write!(f, "operator of {scope}"),
            Self::Admin => f.write_str("admin"),
            Self::Device(device) => write!(f, "the role of device {device}"),
            Self::Tenant(tenant) => write!(f, "the role of tenant {tenant}"),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => f.write_str("every device"),
            Self::Groups(groups) if groups.is_empty() => f.write_str("no group"),
            Self::Groups(groups) => {
                let groups: Vec<_> = groups.iter().map(AsRef::as_ref).collect();
                write!(f, "groups {}", groups.join(", "))
            }
        }
    }
}
