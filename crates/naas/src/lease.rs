//! At most one push per device at any moment, whoever dies and whatever their clocks say.
//!
//! Whoever works on a device holds the lease in its [record](crate::record), which is written by compare and set. That there are
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
//! since it reads models after it holds the lease, and so after all of them were accepted; and it does its work even if it is
//! cancelled, once others were left to it. A device that was just brought to its intent is left alone for [`SETTLE`], and whoever
//! asks again meanwhile waits: a thousand webhooks, our own save's among them, cost one push and one check, however they fall.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::name::{DeviceName, RunId};
use crate::ports::{Clock, DeviceRecords, StoreError, StoreFault, Stored, Version};
use crate::record::{DeviceRecord, InSync, Last, Lease, Token, Waiting};
use crate::retry;
use crate::run::Mode;

/// For how long a switch may go on with what a holder sent before it died.
pub const AFTERMATH: SignedDuration = SignedDuration::from_secs(60);

/// For how long a waiting run is counted on after it should have come again: longer than its message stays out of sight when the
/// enforcer that took it dies.
const COUNTED_ON: SignedDuration = SignedDuration::from_mins(30);

/// For how long a device is left alone that was just brought to its intent: longer than its own webhook takes.
pub const SETTLE: SignedDuration = SignedDuration::from_secs(3);

/// How often a write is tried that others come before.
const ATTEMPTS: u32 = 8;

/// Longest pause between two of them.
const PAUSE: Duration = Duration::from_millis(250);

/// Who asks for a device.
#[derive(Debug, Clone)]
pub struct Asker {
    /// For which run.
    pub run: RunId,
    /// What it will do.
    pub mode: Mode,
    /// Whether it may refuse the work when it comes to it, as one that is bound to a plan may: then nobody can count on it.
    pub bound: bool,
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
pub enum Answer {
    /// Write this; once it is written, the lease is the asker's.
    Take(DeviceRecord),
    /// It is the asker's already: the write was done and its reply lost.
    Held,
    /// Come again. If there is a record, write it first: the asker is the one who waits.
    Wait(Option<DeviceRecord>),
    /// Leave it to this run, which waits and will do what is asked. If there is a record, write it first: it says so.
    Superseded(RunId, Option<DeviceRecord>),
}

/// Decides what one who asks at `now` gets.
pub fn ask(record: &DeviceRecord, asker: &Asker, terms: &Terms, now: Timestamp) -> Answer {
    let lease = record.lease.as_ref();
    if lease.is_some_and(|lease| lease.token == asker.token) {
        return Answer::Held;
    }
    let waiting = record.waiting.as_ref().filter(|waiting| waiting.until > now && waiting.run != asker.run);
    // An asker whose run holds the lease, or did when it died, has begun already and must end it itself.
    let begun = lease.filter(|lease| lease.run == asker.run);
    if let Some(waiting) = waiting
        && begun.is_none()
        && does(waiting.mode, asker)
    {
        let relied_on = Waiting { relied_on: true, ..waiting.clone() };
        let write = (!waiting.relied_on).then(|| DeviceRecord { waiting: Some(relied_on), ..record.clone() });
        return Answer::Superseded(waiting.run.clone(), write);
    }
    let own_turn = record.waiting.as_ref().filter(|waiting| waiting.run == asker.run);
    let settled = own_turn.is_some() || begun.is_some() || !is_settling(record, asker, now);
    if settled && lease.is_none_or(|lease| lease.until <= now) {
        let relied_on = own_turn.is_some_and(|turn| turn.relied_on) || begun.is_some_and(|lease| lease.relied_on);
        let lease = Lease { run: asker.run.clone(), token: asker.token.clone(), until: terms.until(), relied_on };
        return Answer::Take(DeviceRecord { lease: Some(lease), waiting: waiting.cloned(), ..record.clone() });
    }
    let may_wait = waiting.is_none() && begun.is_none() && !asker.bound;
    let until = now + terms.clock_skew * 2 + COUNTED_ON;
    let relied_on = own_turn.is_some_and(|turn| turn.relied_on);
    Answer::Wait(may_wait.then(|| DeviceRecord {
        waiting: Some(Waiting { run: asker.run.clone(), mode: asker.mode, until, relied_on }),
        ..record.clone()
    }))
}

/// Whether the very same was done a moment ago, for another run. By another clock the moment may lie ahead; then it is not waited for.
fn is_settling(record: &DeviceRecord, asker: &Asker, now: Timestamp) -> bool {
    let is_repeated = |last: &&Last| {
        let another = last.run != asker.run && !asker.bound;
        another && (last.mode, asker.mode) == (Mode::Apply, Mode::Apply) && last.status.is_intent()
    };
    let ended = record.last.as_ref().filter(is_repeated).map(|last| now.duration_since(last.at));
    ended.is_some_and(|ago| (SignedDuration::ZERO..SETTLE).contains(&ago))
}

/// Whether what a run in `mode` does is all that the asker wants. An apply also tells whether a device is in sync.
fn does(mode: Mode, asker: &Asker) -> bool {
    !asker.bound && (mode == asker.mode || (mode, asker.mode) == (Mode::Apply, Mode::Check))
}

/// A lease that is held.
#[derive(Debug)]
pub struct Held {
    device: DeviceName,
    record: DeviceRecord,
    version: Version,
    token: Token,
}

impl Held {
    /// What was known of the device when the lease was taken.
    pub fn record(&self) -> &DeviceRecord {
        &self.record
    }
}

/// What asking came to.
#[derive(Debug)]
pub enum Acquired {
    /// The lease.
    Held(Box<Held>),
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
    asker: &Asker,
    terms: &Terms,
) -> Result<Acquired, StoreError> {
    let mut fault = None;
    for _ in 0..ATTEMPTS {
        let stored = records.device_record(device).await?;
        let (record, version) =
            stored.map_or_else(Default::default, |Stored { record, version }| (record, Some(version)));
        let (write, otherwise) = match ask(&record, asker, terms, clock.now()) {
            Answer::Take(record) => (Some(record), None),
            Answer::Wait(write) => (write, Some(busy(&record, clock.now()))),
            Answer::Superseded(run, write) => (write, Some(Acquired::Superseded(run))),
            Answer::Held => {
                let version = version.expect("a lease stands in a record that was read");
                return Ok(held(device, record, version, asker));
            }
        };
        let Some(record) = write else { return Ok(otherwise.expect("whoever takes it writes it")) };
        match (records.replace_device_record(device, &record, version.as_ref()).await, otherwise) {
            (Ok(Some(version)), None) => return Ok(held(device, record, version, asker)),
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

fn held(device: &DeviceName, record: DeviceRecord, version: Version, asker: &Asker) -> Acquired {
    let token = asker.token.clone();
    Acquired::Held(Box::new(Held { device: device.clone(), record, version, token }))
}

/// Why a device cannot be had at `now`.
fn busy(record: &DeviceRecord, now: Timestamp) -> Acquired {
    let holder = record.lease.as_ref().filter(|lease| lease.until > now);
    holder.map_or(Acquired::Settling, |lease| Acquired::Busy(lease.run.clone()))
}

/// Gives a lease back, with what was learnt. A lease that is not given back ends by itself.
pub async fn release(
    records: &impl DeviceRecords,
    clock: &impl Clock,
    held: Held,
    in_sync: Option<InSync>,
    last: Option<Last>,
) -> Result<(), StoreError> {
    let Held { device, record, version, token } = held;
    let known = Stored { record, version };
    change(records, clock, &device, Some(known), |record| {
        record.lease.as_ref().is_some_and(|lease| lease.token == token).then(|| DeviceRecord {
            lease: None,
            in_sync: in_sync.clone().or_else(|| record.in_sync.clone()),
            last: last.clone().or_else(|| record.last.clone()),
            ..record.clone()
        })
    })
    .await
}

/// Takes a run back that waits for `device`, so that nobody counts on it any more.
pub async fn forsake(
    records: &impl DeviceRecords,
    clock: &impl Clock,
    device: &DeviceName,
    run: &RunId,
) -> Result<(), StoreError> {
    change(records, clock, device, None, |record| {
        let waits = record.waiting.as_ref().is_some_and(|waiting| waiting.run == *run);
        waits.then(|| DeviceRecord { waiting: None, ..record.clone() })
    })
    .await
}

/// Replaces the record by what `change` makes of it, as often as others come before; nothing if that is nothing.
async fn change(
    records: &impl DeviceRecords,
    clock: &impl Clock,
    device: &DeviceName,
    mut known: Option<Stored>,
    change: impl Fn(&DeviceRecord) -> Option<DeviceRecord>,
) -> Result<(), StoreError> {
    let mut fault = None;
    for _ in 0..ATTEMPTS {
        let stored = match known.take() {
            Some(stored) => Ok(Some(stored)),
            None => records.device_record(device).await,
        };
        let replaced = match stored {
            Ok(None) => return Ok(()),
            Ok(Some(Stored { record, version })) => match change(&record) {
                Some(record) => records.replace_device_record(device, &record, Some(&version)).await,
                None => return Ok(()),
            },
            Err(error) => Err(error),
        };
        match replaced {
            Ok(Some(_)) => return Ok(()),
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
