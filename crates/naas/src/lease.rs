//! At most one push per device at any moment, whoever dies and whatever their clocks say.
//!
//! Whoever works on a device holds the lease in its [record](crate::records::device_state), which is written by compare and set. That there are
//! never two follows from four things:
//!
//! 1. *One taker.* A lease is written only over a record that has none, or one that has ended, and only if the record is still the
//!    one that was read. Of two who read the same record, the second write fails.
//! 2. *The holder ends first.* Work is cut off at a moment of the holder's own clock ([`Terms::work_until`]); the lease lasts longer
//!    by twice the skew a clock may have and by [`AFTERMATH`]. One clock may be behind by the skew and the other ahead by it: when
//!    any other clock reads the lease's end, the holder's has passed the moment its work was cut off.
//! 3. *The dead are silent.* A holder that dies sends no more; what it sent before, the switch may still be doing for a while:
//!    that is what [`AFTERMATH`] is for.
//! 4. *A lost reply is not a lost write.* After a write that failed the record is read again, and a holder knows its own token.
//!
//! A crash frees the device when the lease ends, without anybody's help.
//!
//! Requests coalesce: of those that come while a device is worked on, one waits and the others are left to it. That loses nothing,
//! since it reads models after it holds the lease, and so after all of them were accepted. Whoever waits works when its turn comes,
//! even if its own run has an outcome by then, from a slice that was delivered twice, or was cancelled once others were left to it.
//! A device that was just brought to its intent is left alone for [`SETTLE`], and whoever asks again meanwhile waits: a thousand
//! webhooks, our own save's among them, cost one push and one check, however they fall.

use std::time::Duration;

use intent::hash::ContentHash;
use intent::name::{DeviceName, RunId};
use jiff::{SignedDuration, Timestamp};

use crate::ports::{Clock, DeviceRecords, StoreError, StoreFault, Stored, Version};
use crate::records::device_state::{DeviceRecord, Hold, InSync, Last, Lease, Token, Waiting};
use crate::records::run::Mode;
use crate::retry;

/// For how long a switch may go on with what a holder sent before it died.
pub const AFTERMATH: SignedDuration = SignedDuration::from_secs(60);

/// For how long a waiting run is counted on. Its slice comes again within half a minute, and asks anew; one whose enforcer died
/// comes much later or, if that happens often, not at all, and then another one waits in its place.
const COUNTED_ON: SignedDuration = SignedDuration::from_mins(2);

/// For how long a device is left alone that was just brought to its intent: longer than its own webhook takes.
// EOS-83: our own save calls back too.
pub const SETTLE: SignedDuration = SignedDuration::from_secs(3);

/// How often a write is tried that others come before.
const ATTEMPTS: u32 = 8;

/// Longest pause between two of them.
const PAUSE: Duration = Duration::from_millis(250);

/// Who asks for a device.
#[derive(Debug, Clone)]
pub struct LeaseRequest {
    /// For which run.
    pub run: RunId,
    /// What it will do.
    pub mode: Mode,
    /// Whether its work is its own: bound to a plan, it may refuse it when it comes to it, and a restore nobody else does. Then nobody
    /// can count on it, and it is left to nobody.
    pub exclusive: bool,
    /// Its own.
    pub token: Token,
}

/// For how long.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// When work is cut off, by the holder's clock.
    pub work_until: Timestamp,
    /// How far a clock may be from the true time.
    pub clock_skew: SignedDuration,
}

impl Terms {
    /// When the lease ends, by anybody's clock.
    pub fn until(&self) -> Timestamp {
        self.work_until + self.clock_skew * 2 + AFTERMATH
    }
}

/// What is to be done with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseDecision {
    /// Write this; once it is written, the lease is the request's.
    Take(DeviceRecord),
    /// It is the request's already: the write was done and its reply lost.
    Held,
    /// Come again. If there is a record, write it first: the request is the one who waits.
    Wait(Option<DeviceRecord>),
    /// Leave it to this run, which waits and will do what is asked. If there is a record, write it first: it says so.
    Superseded(RunId, Option<DeviceRecord>),
}

/// Decides what one who asks at `now` gets.
pub fn ask(record: &DeviceRecord, request: &LeaseRequest, terms: &Terms, now: Timestamp) -> LeaseDecision {
    let lease = record.lease.as_ref();
    if lease.is_some_and(|lease| lease.token == request.token) {
        return LeaseDecision::Held;
    }
    let waiting = record.waiting.as_ref().filter(|waiting| waiting.until > now && waiting.run != request.run);
    // An request whose run holds the lease, or did when it died, has begun already and must end it itself.
    let begun = lease.filter(|lease| lease.run == request.run);
    if let Some(waiting) = waiting
        && begun.is_none()
        && does(waiting.mode, request)
    {
        let has_followers = Waiting { has_followers: true, ..waiting.clone() };
        let write = (!waiting.has_followers).then(|| DeviceRecord { waiting: Some(has_followers), ..record.clone() });
        return LeaseDecision::Superseded(waiting.run.clone(), write);
    }
    let own_turn = record.waiting.as_ref().filter(|waiting| waiting.run == request.run);
    let settled = own_turn.is_some() || begun.is_some() || !is_settling(record, request, now);
    if settled && lease.is_none_or(|lease| lease.until <= now) {
        let has_followers =
            own_turn.is_some_and(|turn| turn.has_followers) || begun.is_some_and(|lease| lease.has_followers);
        let lease =
            Lease { run: request.run.clone(), token: request.token.clone(), until: terms.until(), has_followers };
        return LeaseDecision::Take(DeviceRecord { lease: Some(lease), waiting: waiting.cloned(), ..record.clone() });
    }
    let may_wait = waiting.is_none() && begun.is_none() && !request.exclusive;
    let until = now + terms.clock_skew * 2 + COUNTED_ON;
    let has_followers = own_turn.is_some_and(|turn| turn.has_followers);
    LeaseDecision::Wait(may_wait.then(|| DeviceRecord {
        waiting: Some(Waiting { run: request.run.clone(), mode: request.mode, until, has_followers }),
        ..record.clone()
    }))
}

/// Whether the very same was done a moment ago, for another run. By another clock the moment may lie ahead; then it is not waited for.
fn is_settling(record: &DeviceRecord, request: &LeaseRequest, now: Timestamp) -> bool {
    let is_repeated = |last: &&Last| {
        let another = last.run != request.run && !request.exclusive;
        another && (last.mode, request.mode) == (Mode::Apply, Mode::Apply) && last.status.is_intent()
    };
    let ended = record.last.as_ref().filter(is_repeated).map(|last| now.duration_since(last.at));
    ended.is_some_and(|ago| (SignedDuration::ZERO..SETTLE).contains(&ago))
}

/// Whether what a run in `mode` does is all that the request wants. An apply also tells whether a device is in sync.
fn does(mode: Mode, request: &LeaseRequest) -> bool {
    !request.exclusive && (mode == request.mode || (mode, request.mode) == (Mode::Apply, Mode::Check))
}

/// A lease that is held.
#[derive(Debug)]
pub struct HeldLease {
    device: DeviceName,
    record: DeviceRecord,
    version: Version,
    token: Token,
    /// The hold that stood before the one that was set under this lease, if one was.
    replaced: Option<Option<Hold>>,
}

/// What a holder leaves behind in the record.
#[derive(Debug, Clone, Default)]
pub struct WorkResult {
    /// What the device is known to run, if that is known.
    pub in_sync: Option<InSync>,
    /// How the work ended, if it did.
    pub last: Option<Last>,
    /// The newest configuration of its history, if there is a new one.
    pub kept: Option<ContentHash>,
    /// The restore came to nothing: what it set with [`hold`] is put back as it was.
    pub take_hold_back: bool,
}

impl HeldLease {
    /// What was known of the device when the lease was taken.
    pub fn record(&self) -> &DeviceRecord {
        &self.record
    }

    /// The hold that stands once the lease is given back.
    pub fn holds_after(&self, take_hold_back: bool) -> Option<&Hold> {
        let before = self.replaced.as_ref().filter(|_| take_hold_back);
        before.unwrap_or(&self.record.held).as_ref()
    }
}

/// What asking came to.
#[derive(Debug)]
pub enum Acquired {
    /// The lease.
    Held(Box<HeldLease>),
    /// It is worked on for this run.
    Busy(RunId),
    /// It was just brought to its intent, and is left alone for a moment.
    Settling,
    /// This run will do it.
    Superseded(RunId),
}

/// Asks for `device`.
pub async fn acquire(
    records: &impl DeviceRecords,
    clock: &impl Clock,
    device: &DeviceName,
    request: &LeaseRequest,
    terms: &Terms,
) -> Result<Acquired, StoreError> {
    let mut fault = None;
    for _ in 0..ATTEMPTS {
        let stored = records.device_record(device).await?;
        let (record, version) =
            stored.map_or_else(Default::default, |Stored { record, version }| (record, Some(version)));
        let (write, otherwise) = match ask(&record, request, terms, clock.now()) {
            LeaseDecision::Take(record) => (Some(record), None),
            LeaseDecision::Wait(write) => (write, Some(busy(&record, clock.now()))),
            LeaseDecision::Superseded(run, write) => (write, Some(Acquired::Superseded(run))),
            LeaseDecision::Held => {
                let version = version.expect("a lease stands in a record that was read");
                return Ok(held(device, record, version, request));
            }
        };
        let Some(record) = write else { return Ok(otherwise.expect("whoever takes it writes it")) };
        match (records.replace_device_record(device, &record, version.as_ref()).await, otherwise) {
            (Ok(Some(version)), None) => return Ok(held(device, record, version, request)),
            (Ok(Some(_)), Some(otherwise)) => return Ok(otherwise),
            // Somebody else was first, or the reply was lost: the record tells.
            (Ok(None), _) => {}
            (Err(error), _) if error.fault == StoreFault::Unavailable => fault = Some(error),
            (Err(error), _) => return Err(error),
        }
        pause(clock).await;
    }
    Err(fault.unwrap_or_else(|| contended(device)))
}

fn held(device: &DeviceName, record: DeviceRecord, version: Version, request: &LeaseRequest) -> Acquired {
    let token = request.token.clone();
    Acquired::Held(Box::new(HeldLease { device: device.clone(), record, version, token, replaced: None }))
}

/// Why a device cannot be had at `now`.
fn busy(record: &DeviceRecord, now: Timestamp) -> Acquired {
    let holder = record.lease.as_ref().filter(|lease| lease.until > now);
    holder.map_or(Acquired::Settling, |lease| Acquired::Busy(lease.run.clone()))
}

/// Holds the device at a configuration, under a lease. The error of a holder that has lost its lease meanwhile says so.
pub async fn hold(
    records: &impl DeviceRecords,
    clock: &impl Clock,
    held: &mut HeldLease,
    hold: Hold,
) -> Result<(), StoreError> {
    // A hold of this run stands from an attempt that died: what was before that is not known, and it is left as it is.
    if held.record.held.as_ref().is_some_and(|stands| stands.run == hold.run) {
        return Ok(());
    }
    let replaced = held.record.held.clone();
    let known = Stored { record: held.record.clone(), version: held.version.clone() };
    let changed = change(records, clock, &held.device, Some(known), |record| {
        let ours = record.lease.as_ref().is_some_and(|lease| lease.token == held.token);
        ours.then(|| DeviceRecord { held: Some(hold.clone()), ..record.clone() })
    });
    let Some(Stored { record, version }) = changed.await? else {
        let reason = "its lease ran out while it was worked on";
        return Err(StoreError::new(format!("the record of {}", held.device), StoreFault::Unavailable, reason));
    };
    (held.record, held.version, held.replaced) = (record, version, Some(replaced));
    Ok(())
}

/// Ends the hold of a device, whoever works on it.
pub async fn unhold(records: &impl DeviceRecords, clock: &impl Clock, device: &DeviceName) -> Result<(), StoreError> {
    let change = change(records, clock, device, None, |record| {
        record.held.is_some().then(|| DeviceRecord { held: None, ..record.clone() })
    });
    change.await.map(drop)
}

/// Gives a lease back, with what was result. A lease that is not given back ends by itself.
pub async fn release(
    records: &impl DeviceRecords,
    clock: &impl Clock,
    held: HeldLease,
    result: WorkResult,
) -> Result<(), StoreError> {
    let HeldLease { device, record, version, token, replaced } = held;
    let ours = record.held.clone();
    let known = Stored { record, version };
    let replaced = replaced.filter(|_| result.take_hold_back);
    let change = change(records, clock, &device, Some(known), |record| {
        record.lease.as_ref().is_some_and(|lease| lease.token == token).then(|| DeviceRecord {
            lease: None,
            in_sync: result.in_sync.clone().or_else(|| record.in_sync.clone()),
            last: result.last.clone().or_else(|| record.last.clone()),
            kept: result.kept.clone().or_else(|| record.kept.clone()),
            // Somebody may have ended the hold meanwhile: then it stays ended.
            held: replaced.clone().filter(|_| record.held == ours).unwrap_or_else(|| record.held.clone()),
            ..record.clone()
        })
    });
    change.await.map(drop)
}

/// Whether others may have been left to `run`: it waits for `device`, or has its lease, which it may have died with.
pub async fn is_counted_on(records: &impl DeviceRecords, device: &DeviceName, run: &RunId) -> Result<bool, StoreError> {
    let Some(Stored { record, .. }) = records.device_record(device).await? else { return Ok(false) };
    let waits = record.waiting.is_some_and(|waiting| waiting.run == *run);
    Ok(waits || record.lease.is_some_and(|lease| lease.run == *run))
}

/// Takes a run back that waits for `device`, so that nobody counts on it any more.
pub async fn withdraw(
    records: &impl DeviceRecords,
    clock: &impl Clock,
    device: &DeviceName,
    run: &RunId,
) -> Result<(), StoreError> {
    let change = change(records, clock, device, None, |record| {
        let waits = record.waiting.as_ref().is_some_and(|waiting| waiting.run == *run);
        waits.then(|| DeviceRecord { waiting: None, ..record.clone() })
    });
    change.await.map(drop)
}

/// Replaces the record by what `change` makes of it, as often as others come before, and returns that; nothing if it is nothing.
async fn change(
    records: &impl DeviceRecords,
    clock: &impl Clock,
    device: &DeviceName,
    mut known: Option<Stored>,
    change: impl Fn(&DeviceRecord) -> Option<DeviceRecord>,
) -> Result<Option<Stored>, StoreError> {
    let mut fault = None;
    for _ in 0..ATTEMPTS {
        let stored = match known.take() {
            Some(stored) => Ok(Some(stored)),
            None => records.device_record(device).await,
        };
        let changed = match stored {
            Ok(stored) => stored.and_then(|Stored { record, version }| Some((change(&record)?, version))),
            Err(error) => {
                fault = Some(error);
                pause(clock).await;
                continue;
            }
        };
        let Some((record, version)) = changed else { return Ok(None) };
        match records.replace_device_record(device, &record, Some(&version)).await {
            Ok(Some(version)) => return Ok(Some(Stored { record, version })),
            Ok(None) => {}
            Err(error) => fault = Some(error),
        }
        pause(clock).await;
    }
    Err(fault.unwrap_or_else(|| contended(device)))
}

async fn pause(clock: &impl Clock) {
    clock.sleep(PAUSE.mul_f64(retry::fraction(clock.entropy()))).await;
}

fn contended(device: &DeviceName) -> StoreError {
    let reason = "others keep writing it at the same moment";
    StoreError::new(format!("the record of {device}"), StoreFault::Unavailable, reason)
}

#[cfg(test)]
mod tests;
