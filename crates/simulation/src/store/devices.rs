//! The records of devices, and what sabotages write into them.

use intent::name::DeviceName;
use naas::ports::{DeviceRecords, StoreError, Stored as StoredRecord, Version as RecordVersion};
use naas::records::device_state::{DeviceRecord, InSync};
use naas::records::outcome::Status;

use super::Stored;
use crate::process::Reach;
use crate::sabotage::Sabotage;
use crate::world::World;

impl DeviceRecords for Reach {
    async fn device_record(&self, device: &DeviceName) -> Result<Option<StoredRecord>, StoreError> {
        let read = |stored: &mut Stored| {
            let (record, version) = stored.records.get(device)?;
            Some(StoredRecord { record: record.clone(), version: RecordVersion(version.to_string()) })
        };
        self.ask("reading the device's record", read).await
    }

    async fn replace_device_record(
        &self,
        device: &DeviceName,
        record: &DeviceRecord,
        expected: Option<&RecordVersion>,
    ) -> Result<Option<RecordVersion>, StoreError> {
        let process = &self.0;
        let sabotage = process.world.sabotage;
        let write = |stored: &mut Stored| {
            let before = stored.records.get(device);
            let stands = before.map(|(_, version)| RecordVersion(version.to_string()));
            if stands.as_ref() != expected && sabotage != Some(Sabotage::BreaksLease) {
                return None;
            }
            let version = before.map_or(1, |(_, version)| version + 1);
            let lease = record.lease.as_ref();
            let held_before = before.and_then(|(record, _)| record.lease.as_ref());
            if let Some(lease) = lease.filter(|lease| held_before.map(|held| &held.token) != Some(&lease.token)) {
                process.world.leased(process.invocation(), device, stored, record);
                process.log(|| format!("{device}: has the lease for {} until {:.0}", lease.run, lease.until));
            }
            let mut record = record.clone();
            sabotaged(&process.world, device, before.map(|(record, _)| record), &mut record);
            process.world.pin_is_not_set_again(process, device, before.map(|(record, _)| record), &record);
            process.world.digest_is_of_intent(device, stored, &record);
            stored.records.insert(device.clone(), (record, version));
            Some(RecordVersion(version.to_string()))
        };
        self.ask("writing the device's record", write).await
    }
}

/// Changes what is written of a device as the sabotage has it.
fn sabotaged(world: &World, device: &DeviceName, before: Option<&DeviceRecord>, record: &mut DeviceRecord) {
    match world.sabotage {
        Some(Sabotage::ForgetsDigests) => record.in_sync = None,
        Some(Sabotage::PinsAfterPush) => {
            let pinned_before = before.and_then(|before| before.pinned.clone());
            if record.lease.is_none() {
                record.pinned = world.watch().late_pins.remove(device).or(record.pinned.take());
            } else if record.pinned != pinned_before {
                let late = std::mem::replace(&mut record.pinned, pinned_before);
                world.watch().late_pins.extend(late.map(|pin| (device.clone(), pin)));
            }
        }
        Some(Sabotage::RecordsMovedDigest) => {
            let ended = record.last.as_ref().filter(|last| record.lease.is_none() && last.status == Status::Changed);
            let (Some(last), Some(intent)) = (ended, &record.newest_revision) else { return };
            let Some(digest) = world.switches[device.as_ref()].digest() else { return };
            let (at, run) = (last.at, last.run.clone());
            record.in_sync = Some(InSync { intent: intent.to_string(), digest, at, run });
        }
        _ => {}
    }
}
