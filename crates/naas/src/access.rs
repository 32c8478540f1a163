//! Who may do what. This is a pure decision: a caller's grants, an action and what it is asked on
//! give yes, or a refusal that says why.
//!
//! | role | may |
//! | --- | --- |
//! | viewer | read runs and the devices of its groups |
//! | operator | what a viewer may; check, plan, apply, restore, cancel and unpin in its groups |
//! | admin | everything, also accept a replaced switch and redrive dead letters |
//! | device | have itself checked, and brought to its approved intent |
//! | tenant | nothing here: tenants have routes of their own |
//!
//! A refusal names only what the caller named itself. A device that a scoped caller may not see and
//! a device that does not exist get the same answer.

mod action;
mod grant;

use std::fmt;

use intent::inventory::Inventory;
use intent::name::{DeviceName, GroupName, RunId, excerpt};

pub use action::Action;
pub use grant::{Grant, Scope};

use crate::caller::Caller;

/// What an action is asked on, as the caller named it.
#[derive(Debug, Clone, Copy)]
pub enum On<'a> {
    /// No device. The action concerns the installation, or its devices are not looked up yet.
    Nothing,
    /// The device of this name.
    Device(&'a DeviceName),
    /// A group, by its members.
    Group(&'a GroupName, &'a [DeviceName]),
    /// Every device of the inventory.
    Every(&'a [DeviceName]),
    /// What patterns select, by their text.
    Matching(&'a str, &'a [DeviceName]),
    /// A run, by its devices.
    Run(&'a RunId, &'a [DeviceName]),
}

/// Why a caller may not do something. The text names nothing that the caller did not name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{subject} may not {action}{on}: {reason}; nothing was done; ask an admin of this installation for a token that allows it"
)]
pub struct Refused {
    subject: String,
    action: &'static str,
    on: String,
    reason: String,
}

/// Whether `caller` may do `action` on all of `on`. Groups are those of `inventory`; without it, a
/// caller that is limited to groups may do nothing on devices.
///
/// # Errors
///
/// A refusal that says what the caller asked for, and which grants it has.
pub fn may(caller: &Caller, action: Action, on: On<'_>, inventory: Option<&Inventory>) -> Result<(), Refused> {
    let allowed = match on.devices() {
        None => caller.grants().iter().any(|grant| grant.allows(action)),
        // A caller with limits learns nothing from a group that is empty, or that is not there.
        Some([]) => caller.grants().iter().any(|grant| grant.allows(action) && grant.is_unlimited()),
        // A switch names itself, not a group or run whose only device it is.
        Some(devices) if !on.is_name() => devices.iter().all(|device| {
            let mut grants = caller.grants().iter().filter(|grant| !grant.is_device());
            grants.any(|grant| grant.allows(action) && grant.covers(device, inventory))
        }),
        Some(devices) => devices.iter().all(|device| may_on(caller, action, device, inventory)),
    };
    if allowed { Ok(()) } else { Err(Refused::new(caller, action, on)) }
}

/// Whether `caller` may do `action` on this device.
pub fn may_on(caller: &Caller, action: Action, device: &DeviceName, inventory: Option<&Inventory>) -> bool {
    caller.grants().iter().any(|grant| grant.allows(action) && grant.covers(device, inventory))
}

/// True if the groups of devices matter for what the caller may do, so that [`may`] needs the
/// inventory.
pub fn needs_inventory(caller: &Caller, action: Action) -> bool {
    let mut allowing = caller.grants().iter().filter(|grant| grant.allows(action));
    !allowing.clone().any(Grant::is_unlimited) && allowing.any(Grant::has_groups)
}

impl<'a> On<'a> {
    fn is_name(self) -> bool {
        matches!(self, Self::Device(_))
    }

    fn devices(self) -> Option<&'a [DeviceName]> {
        match self {
            Self::Nothing => None,
            Self::Device(device) => Some(std::slice::from_ref(device)),
            Self::Group(_, devices) | Self::Every(devices) | Self::Matching(_, devices) | Self::Run(_, devices) => {
                Some(devices)
            }
        }
    }
}

impl fmt::Display for On<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Device(device) => write!(f, " on device {device}"),
            Self::Group(group, _) => write!(f, " on every device of group {group}"),
            Self::Every(_) => f.write_str(" on every device of the inventory"),
            Self::Matching(patterns, _) => write!(f, " on every device that matches {}", excerpt(patterns)),
            Self::Run(run, _) => write!(f, " on every device of run {run}"),
        }
    }
}

impl Refused {
    fn new(caller: &Caller, action: Action, on: On<'_>) -> Self {
        let granted: Vec<_> = caller.grants().iter().map(ToString::to_string).collect();
        let reason = match granted.as_slice() {
            [] => "its token grants no role here".to_owned(),
            granted => format!("its token grants {}", granted.join(" and ")),
        };
        Self { subject: caller.subject().to_owned(), action: action.words(), on: on.to_string(), reason }
    }
}

#[cfg(test)]
mod tests;
