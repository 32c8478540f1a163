//! The check that follows a push during which somebody changed the switch by hand.

use intent::name::{DeviceName, RunId};

use super::enforcer_ports::EnforcerPorts;
use super::slice_work::SliceWork;
use crate::ports::{Clock, Created, Runs, SliceQueue, StoreError, StoreFault};
use crate::records::run::{Mode, Run};
use crate::records::slice::cut;
use crate::records::task::Task;

/// Accepts a check of `device` as a run of its own, and returns its name. When it returns, the
/// check is recorded and queued. Killed before that, the device comes again and gets another check.
pub(super) async fn check_again<P: EnforcerPorts>(
    work: &SliceWork<'_, P>,
    device: &DeviceName,
) -> Result<RunId, StoreError> {
    let SliceWork { ports, slice, .. } = work;
    let now = ports.clock.now();
    let run = RunId::new(now, ports.clock.random() as u64);
    let task = Task {
        by: Some(format!("naas, after run {}", slice.task.run)),
        ..Task::new(run, Mode::Check, slice.task.inventory.clone())
    };
    let check = Run { task, accepted_at: now, devices: vec![device.clone()], step: 1 };
    if ports.state.create(&check).await? == Created::NameTaken {
        let reason = "another run has this name";
        return Err(StoreError::new(format!("run {}", check.task.run), StoreFault::Unavailable, reason));
    }
    ports.queue.send(&cut(&check), std::time::Duration::ZERO).await?;
    Ok(check.task.run)
}
