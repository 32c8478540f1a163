//! The lease: at most one push per device at any moment, whoever dies and whatever their clocks
//! say.
//!
//! Whoever works on a device holds the lease in its [record](crate::records::device_state), which
//! is written by compare and set. That there are never two holders follows from four things:
//!
//! 1. *One taker.* A lease is written only over a record that has none, or one that has ended, and
//!    only if the record is still the one that was read. Of two who read the same record, the
//!    second write fails.
//! 2. *The holder ends first.* Work is cut off at a moment of the holder's own clock
//!    ([`Terms::work_until`]); the lease lasts longer by twice the skew a clock may have and by
//!    [`AFTERMATH`]. One clock may be behind by the skew and the other ahead by it: when any other
//!    clock reads the lease's end, the holder's has passed the moment its work was cut off.
//! 3. *The dead are silent.* A holder that dies sends no more; what it sent before, the switch may
//!    still be doing for a while: that is what [`AFTERMATH`] is for.
//! 4. *A lost reply is not a lost write.* After a write that failed the record is read again, and a
//!    holder knows its own token.
//!
//! A crash frees the device when the lease ends, without anybody's help.
//!
//! Requests coalesce: of the runs that ask for a device while another one works on it, one waits
//! and the others end as superseded by it: they follow it. That loses nothing, since the waiting
//! run reads models after it holds the lease, and so after all of them were accepted. A run that
//! others follow does its work when its turn comes, even if its own outcome is recorded already
//! (its slice was delivered twice) or it was cancelled since. If it does not come in time, because
//! its process died, the next run that does the same work takes over its followers.
//!
//! A device that was just brought to its intent is left alone for [`SETTLE`], and whoever asks
//! again meanwhile waits: a thousand webhooks, those of our own save among them (EOS-83), cost one
//! push and one check, in whatever order they come.

mod pin;
mod replacement;

use std::time::Duration;

use intent::hash::ContentHash;
use intent::name::{DeviceName, RunId};
use jiff::{SignedDuration, Timestamp};

pub use pin::{pin, unpin};
pub use replacement::accept_replacement;

use crate::ports::{Clock, DeviceRecords, StoreError, StoreFault, Stored, Version};
use crate::records::device_state::{DeviceRecord, InSync, KnownSwitch, Last, Lease, Pin, Token, Waiting};
use crate::records::run::Mode;
use crate::retry;

/// How long a switch may go on with what a holder sent before it died.
pub const AFTERMATH: SignedDuration = SignedDuration::from_secs(60);

/// How long others are left to a waiting run. Its slice comes again within half a minute, and asks
/// anew. The slice of a run whose enforcer died comes much later or, if that happens often, not at
/// all; then another run waits in its place.
const WAITING_LIFE: SignedDuration = SignedDuration::from_mins(2);

/// How long a device that was just brought to its intent is left alone: longer than its own webhook
/// takes.
pub const SETTLE: SignedDuration = SignedDuration::from_secs(3);

/// How often a write is tried when others write the same record first.
const ATTEMPTS: u32 = 8;

/// The longest pause between two of these attempts.
const PAUSE: Duration = Duration::from_millis(250);

/// A request for the lease of a device.
#[derive(Debug, Clone)]
pub struct LeaseRequest {
    /// The run that asks.
    pub run: RunId,
    /// What the run will do with the device.
    pub mode: Mode,
    /// True if no other run can do this work: it applies a specific plan or restores a
    /// configuration. Such a run is never superseded, and no other run is left to it.
    pub exclusive: bool,
    /// The token that the lease will carry. A new one for each request.
    pub token: Token,
}

/// How long a lease lasts.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// The moment at which work is cut off, by the holder's clock.
    pub work_until: Timestamp,
    /// How far a clock may be from the true time.
    pub clock_skew: SignedDuration,
}

impl Terms {
    /// The moment at which the lease ends, by anybody's clock.
    pub fn until(&self) -> Timestamp {
        self.work_until + self.clock_skew * 2 + AFTERMATH
    }
}

/// What a request for the lease gets, and what is to be written for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseDecision {
    /// The lease, once this record is written.
    Take(DeviceRecord),
    /// The run has the lease already: the write was done and its reply was lost.
    Held,
    /// The run must ask again. If there is a record, it is written first and gives the run the
    /// waiting place.
    Wait(Option<DeviceRecord>),
    /// This other run waits and will do the work. If there is a record, it is written first: it
    /// notes the follower.
    Superseded(RunId, Option<DeviceRecord>),
}

/// Decides what a request at `now` gets.
pub fn decide(record: &DeviceRecord, request: &LeaseRequest, terms: &Terms, now: Timestamp) -> LeaseDecision {
    let lease = record.lease.as_ref();
    if lease.is_some_and(|lease| lease.token == request.token) {
        return LeaseDecision::Held;
    }
    let waiting = record.waiting.as_ref().filter(|waiting| waiting.until > now && waiting.run != request.run);
    // A run that holds the lease, or held it when its enforcer died, has begun its work and must
    // end it itself.
    let begun = lease.filter(|lease| lease.run == request.run);
    if let Some(waiting) = waiting
        && begun.is_none()
        && includes(waiting.mode, request)
    {
        let followed = Waiting { has_followers: true, ..waiting.clone() };
        let write = (!waiting.has_followers).then(|| DeviceRecord { waiting: Some(followed), ..record.clone() });
        return LeaseDecision::Superseded(waiting.run.clone(), write);
    }
    let own_turn = record.waiting.as_ref().filter(|waiting| waiting.run == request.run);
    let abandoned = record.waiting.as_ref().filter(|place| place.until <= now && place.run != request.run);
    let abandoned = abandoned.filter(|place| place.has_followers);
    let adopted = abandoned.filter(|place| takes_over(request, place));
    let has_followers = own_turn.is_some_and(|turn| turn.has_followers)
        || begun.is_some_and(|lease| lease.has_followers)
        || adopted.is_some();
    // The followers of a run that does not come stay noted until a run comes that does their work.
    let unserved = abandoned.filter(|_| adopted.is_none());
    let settled = own_turn.is_some() || begun.is_some() || !is_settling(record, request, now);
    if settled && lease.is_none_or(|lease| lease.until <= now) {
        let lease =
            Lease { run: request.run.clone(), token: request.token.clone(), until: terms.until(), has_followers };
        let waiting = waiting.or(unserved).cloned();
        return LeaseDecision::Take(DeviceRecord { lease: Some(lease), waiting, ..record.clone() });
    }
    let may_wait = waiting.or(unserved).is_none() && begun.is_none() && !request.exclusive;
    let until = now + terms.clock_skew * 2 + WAITING_LIFE;
    LeaseDecision::Wait(may_wait.then(|| DeviceRecord {
        waiting: Some(Waiting { run: request.run.clone(), mode: request.mode, until, has_followers }),
        ..record.clone()
    }))
}

/// True if the run that asks does the work that a waiting run was to do, so that it can take over
/// its followers.
fn takes_over(request: &LeaseRequest, place: &Waiting) -> bool {
    let includes = request.mode == place.mode || (request.mode, place.mode) == (Mode::Apply, Mode::Check);
    includes && !request.exclusive
}

/// True if the same work ended a moment ago, for another run. By another clock that moment may lie
/// ahead; then nobody waits for it.
fn is_settling(record: &DeviceRecord, request: &LeaseRequest, now: Timestamp) -> bool {
    let is_repeated = |last: &&Last| {
        let another = last.run != request.run && !request.exclusive;
        another && (last.mode, request.mode) == (Mode::Apply, Mode::Apply) && last.status.is_intent()
    };
    let ended = record.last.as_ref().filter(is_repeated).map(|last| now.duration_since(last.at));
    ended.is_some_and(|ago| (SignedDuration::ZERO..SETTLE).contains(&ago))
}

/// True if a run in `mode` does all that the request wants. An apply also tells whether a device is
/// in sync.
fn includes(mode: Mode, request: &LeaseRequest) -> bool {
    !request.exclusive && (mode == request.mode || (mode, request.mode) == (Mode::Apply, Mode::Check))
}

/// A lease that its run holds, and the record that it stands in.
#[derive(Debug)]
pub struct HeldLease {
    device: DeviceName,
    record: DeviceRecord,
    version: Version,
    token: Token,
    /// The pin that stood before the one that was set under this lease. The outer option is empty
    /// if none was set.
    replaced: Option<Option<Pin>>,
}

/// What a holder leaves behind in the device's record.
#[derive(Debug, Clone, Default)]
pub struct WorkResult {
    /// What the device is known to run, if that is known.
    pub in_sync: Option<InSync>,
    /// How the work ended, if it ended.
    pub last: Option<Last>,
    /// The newest configuration in the device's history, if there is a new one.
    pub newest_revision: Option<ContentHash>,
    /// True if the restore came to nothing: the pin that was set with [`pin()`] is replaced by the
    /// one before it.
    pub undo_pin: bool,
    /// The switch that was seen, if it is seen for the first time. It uses up the word that a
    /// person gave for it.
    pub identity: Option<KnownSwitch>,
}

impl HeldLease {
    /// The record as it stood when the lease was taken, with the changes made under it.
    pub fn record(&self) -> &DeviceRecord {
        &self.record
    }

    /// The pin that stands once the lease is given back.
    pub fn pin_after(&self, undo_pin: bool) -> Option<&Pin> {
        let before = self.replaced.as_ref().filter(|_| undo_pin);
        before.unwrap_or(&self.record.pinned).as_ref()
    }
}

/// The answer to a request for the lease.
#[derive(Debug)]
pub enum Acquired {
    /// The lease is the run's.
    Held(Box<HeldLease>),
    /// This run works on the device.
    Busy(RunId),
    /// The device was just brought to its intent, and is left alone for [`SETTLE`].
    Settling,
    /// This run waits for the device and will do the work.
    Superseded(RunId),
}

/// Asks for the lease of `device`. An error is the store's; the lease may then be written or not,
/// and ends by itself.
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
        let (write, otherwise) = match decide(&record, request, terms, clock.now()) {
            LeaseDecision::Take(record) => (Some(record), None),
            LeaseDecision::Wait(write) => (write, Some(busy(&record, clock.now()))),
            LeaseDecision::Superseded(run, write) => (write, Some(Acquired::Superseded(run))),
            LeaseDecision::Held => {
                let version = version.expect("a lease stands in a record that was read");
                return Ok(held(device, record, version, request));
            }
        };
        let Some(record) = write else { return Ok(otherwise.expect("whoever takes the lease writes it")) };
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

/// Gives a lease back, with the result of the work. A lease that is not given back ends by itself.
pub async fn release(
    records: &impl DeviceRecords,
    clock: &impl Clock,
    held: HeldLease,
    result: WorkResult,
) -> Result<(), StoreError> {
    let HeldLease { device, record, version, token, replaced } = held;
    let ours = record.pinned.clone();
    let accepted = record.accepts_replacement && result.identity.is_some();
    let known = Stored { record, version };
    let replaced = replaced.filter(|_| result.undo_pin);
    let change = change(records, clock, &device, Some(known), |record| {
        record.lease.as_ref().is_some_and(|lease| lease.token == token).then(|| DeviceRecord {
            lease: None,
            in_sync: result.in_sync.clone().or_else(|| record.in_sync.clone()),
            last: result.last.clone().or_else(|| record.last.clone()),
            newest_revision: result.newest_revision.clone().or_else(|| record.newest_revision.clone()),
            identity: result.identity.clone().or_else(|| record.identity.clone()),
            accepts_replacement: record.accepts_replacement && !accepted,
            // Somebody may have unpinned the device meanwhile: then it stays unpinned.
            pinned: replaced.clone().filter(|_| record.pinned == ours).unwrap_or_else(|| record.pinned.clone()),
            ..record.clone()
        })
    });
    change.await.map(drop)
}

/// True if other runs may have been left to `run`: it waits for `device`, or has its lease, which
/// it may have died with.
pub async fn has_followers(records: &impl DeviceRecords, device: &DeviceName, run: &RunId) -> Result<bool, StoreError> {
    let Some(Stored { record, .. }) = records.device_record(device).await? else { return Ok(false) };
    let waits = record.waiting.is_some_and(|waiting| waiting.run == *run);
    Ok(waits || record.lease.is_some_and(|lease| lease.run == *run))
}

/// Gives up the waiting place that `run` has for `device`, so that no other run is left to it any
/// more.
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

/// Replaces the record by what `change` makes of it, again and again while others write first, and
/// returns the record as it then stands. If there is no record, or `change` makes nothing of it,
/// nothing is written or returned.
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
