//! A person's word that a device was replaced by another switch.

use intent::name::DeviceName;

use super::change;
use crate::ports::{Clock, DeviceRecords, StoreError};
use crate::records::device_state::DeviceRecord;

/// Lets the next switch that answers for the device take its place. A device that has no record yet
/// takes the first switch that answers anyway.
pub async fn accept_replacement(
    records: &impl DeviceRecords,
    clock: &impl Clock,
    device: &DeviceName,
) -> Result<(), StoreError> {
    let change = change(records, clock, device, None, |record| {
        (!record.accepts_replacement).then(|| DeviceRecord { accepts_replacement: true, ..record.clone() })
    });
    change.await.map(drop)
}
