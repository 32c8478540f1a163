//! Which switch it is: compared with the device's record and the inventory before anything is
//! staged, since an address may have come to belong to another switch.

use std::sync::Arc;

use intent::inventory::Device;
use intent::name::{DeviceName, RunId};
use jiff::Timestamp;

use super::inputs::Site;
use crate::ports::SwitchIdentity;
use crate::records::device_state::{DeviceRecord, KnownSwitch};

/// What a switch must be to be taken for a device.
pub(super) struct ExpectedSwitch {
    device: DeviceName,
    /// The address that it is reached at, as the inventory gives it.
    address: String,
    /// The serial number that the inventory gives.
    serial: Option<String>,
    /// The switch that the device was when it was last seen.
    known: Option<KnownSwitch>,
    /// Whether a person said that another switch may take its place.
    accepts_replacement: bool,
    /// Knows the other devices.
    site: Arc<Site>,
}

impl ExpectedSwitch {
    /// What inventory and record say of the switch of `device`.
    pub(super) fn new(device: &Device, site: &Arc<Site>, record: &DeviceRecord) -> Self {
        Self {
            device: device.name.clone(),
            address: device.hostname.clone(),
            serial: device.serial.clone(),
            known: record.identity.clone(),
            accepts_replacement: record.accepts_replacement,
            site: Arc::clone(site),
        }
    }

    /// Checks that `found` is the switch of the device. The error says what it is instead, and what
    /// a person can do.
    pub(super) fn check(&self, found: &SwitchIdentity) -> Result<(), String> {
        let serial = found.serial.as_deref();
        if let Some(expected) = self.serial.as_deref().filter(|expected| serial != Some(*expected)) {
            let found = serial.unwrap_or("none");
            return Err(self.is_another(&format!(
                "serial number {found}, and the inventory says {expected}; correct the address or the serial number there"
            )));
        }
        if self.accepts_replacement {
            return Ok(());
        }
        match self.known.as_ref().and_then(|known| known.serial.as_deref()) {
            Some(known) if serial == Some(known) => Ok(()),
            Some(known) => {
                let found = serial.unwrap_or("none");
                Err(self.is_another(&format!("serial number {found}, and before it was {known}; {}", self.cure())))
            }
            None => self.is_not_called_another(found),
        }
    }

    /// A switch whose serial number says nothing must not have the name of another device.
    fn is_not_called_another(&self, found: &SwitchIdentity) -> Result<(), String> {
        let hostname = found.hostname.as_deref().filter(|hostname| *hostname != self.device.as_ref());
        match hostname.filter(|hostname| self.site.inventory.has(hostname)) {
            Some(hostname) => Err(self.is_another(&format!(
                "it calls itself {hostname}, which is another device of the inventory; {}",
                self.cure()
            ))),
            None => Ok(()),
        }
    }

    fn is_another(&self, how: &str) -> String {
        let Self { device, address, .. } = self;
        format!("the switch at {address} is not {device}: {how}; nothing was staged, and it runs what it ran")
    }

    fn cure(&self) -> String {
        format!(
            "correct the address in the inventory, or, if the switch was replaced or renamed, accept it with `naas accept` or POST \
             /devices/{}/accept and ask again",
            self.device
        )
    }

    /// What the record is to say of the switch from now on, if that is something new.
    pub(super) fn learnt(&self, found: &SwitchIdentity, at: Timestamp, run: &RunId) -> Option<KnownSwitch> {
        let is_known = self.known.as_ref().is_some_and(|known| known.serial == found.serial);
        let is_new = self.accepts_replacement || !is_known;
        is_new.then(|| KnownSwitch { serial: found.serial.clone(), since: at, run: run.clone() })
    }
}
