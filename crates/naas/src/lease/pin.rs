//! Pinning a device to a configuration that was restored, and unpinning it.

use intent::name::DeviceName;

use super::{HeldLease, change};
use crate::ports::{Clock, DeviceRecords, StoreError, StoreFault, Stored};
use crate::records::device_state::{DeviceRecord, Pin};

/// Pins the device to a configuration, under a lease. If the lease was lost meanwhile, the error
/// says so and nothing is pinned.
pub async fn pin(
    records: &impl DeviceRecords,
    clock: &impl Clock,
    held: &mut HeldLease,
    pin: Pin,
) -> Result<(), StoreError> {
    // A pin of this run stands from an attempt that died: what stood before that is not known, and
    // it is left as it is.
    if held.record.pinned.as_ref().is_some_and(|stands| stands.run == pin.run) {
        return Ok(());
    }
    let replaced = held.record.pinned.clone();
    let known = Stored { record: held.record.clone(), version: held.version.clone() };
    let changed = change(records, clock, &held.device, Some(known), |record| {
        let ours = record.lease.as_ref().is_some_and(|lease| lease.token == held.token);
        ours.then(|| DeviceRecord { pinned: Some(pin.clone()), ..record.clone() })
    });
    let Some(Stored { record, version }) = changed.await? else {
        let reason = "its lease ran out while it was worked on";
        return Err(StoreError::new(format!("the record of {}", held.device), StoreFault::Unavailable, reason));
    };
    (held.record, held.version, held.replaced) = (record, version, Some(replaced));
    Ok(())
}

/// Unpins a device, whoever works on it, and notes when, so that no restore that was asked for
/// before pins it again. A device that is not pinned stays as it is.
pub async fn unpin(records: &impl DeviceRecords, clock: &impl Clock, device: &DeviceName) -> Result<(), StoreError> {
    let change = change(records, clock, device, None, |record| {
        let unpinned_at = Some(clock.now());
        record.pinned.is_some().then(|| DeviceRecord { pinned: None, unpinned_at, ..record.clone() })
    });
    change.await.map(drop)
}
