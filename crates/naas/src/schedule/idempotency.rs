//! The same request with the same `Idempotency-Key` is the same run, however often it is sent.

use intent::hash::sha256;
use jiff::{SignedDuration, Timestamp};

use super::request::Request;
use super::{Asked, ScheduleError, Scheduler, SchedulerPorts};
use crate::ports::{Clock, IdempotencyKeys, Runs};
use crate::records::idempotency::{IdempotencyRecord, Receipt};
use crate::records::run::Run;

/// How long a claimed `Idempotency-Key` keeps others out before its holder is taken for dead.
/// Longer than API Gateway lets any request live (29 s), so a holder that is late cannot come back.
pub const CLAIM_LIFE: SignedDuration = SignedDuration::from_secs(60);

/// Why a header value is not an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Idempotency-Key: expected 1 to 255 visible ASCII characters, found {0}")]
pub struct InvalidKey(&'static str);

/// A key that this request holds.
struct Claim {
    record: IdempotencyRecord,
    /// The run that a dead holder of the key recorded.
    started: Option<Run>,
}

/// What claiming a key came to.
enum Claimed {
    /// The request is to be accepted under the claim.
    Ours(Box<Claim>),
    /// The same request was accepted before.
    Before(Receipt),
}

impl<P: SchedulerPorts> Scheduler<P> {
    pub(super) async fn accept_once(&self, asked: &Asked<'_>, key: &str) -> Result<Receipt, ScheduleError> {
        let key = &asked.key(checked(key)?);
        let Claim { record: ours, started } = match self.claim(asked, key).await? {
            Claimed::Ours(claim) => *claim,
            Claimed::Before(receipt) => return Ok(receipt),
        };
        let accepted = self.accept(asked, ours.run.clone(), started).await;
        let settled = match &accepted {
            Ok(receipt) => IdempotencyRecord { receipt: Some(receipt.clone()), ..ours.clone() },
            // Nobody has to wait for a claim that came to nothing.
            Err(_) => IdempotencyRecord { claimed_at: Timestamp::UNIX_EPOCH, ..ours.clone() },
        };
        let stored = self.ports().state.replace(key, &ours, &settled).await;
        if accepted.is_ok() {
            stored.map_err(ScheduleError::State)?;
        }
        accepted
    }

    async fn claim(&self, asked: &Asked<'_>, key: &str) -> Result<Claimed, ScheduleError> {
        let now = self.ports().clock.now();
        let new = IdempotencyRecord {
            fingerprint: fingerprint(&asked.request),
            run: self.new_run(),
            claimed_at: now,
            receipt: None,
        };
        match self.ports().state.claim(key, &new).await.map_err(ScheduleError::State)? {
            None => Ok(Claimed::Ours(Box::new(Claim { record: new, started: None }))),
            Some(held) if held.fingerprint != new.fingerprint => Err(ScheduleError::KeyReused),
            Some(IdempotencyRecord { receipt: Some(receipt), .. }) => Ok(Claimed::Before(receipt)),
            Some(held) if now.duration_since(held.claimed_at) < CLAIM_LIFE => Err(ScheduleError::KeyInUse),
            Some(held) => self.take_over(key, held, now).await.map(|claim| Claimed::Ours(Box::new(claim))),
        }
    }

    /// Takes the key of a dead holder. It may have recorded the run and queued some of it: the run
    /// goes on with the same devices under the same name.
    async fn take_over(&self, key: &str, held: IdempotencyRecord, now: Timestamp) -> Result<Claim, ScheduleError> {
        let state = &self.ports().state;
        let record = IdempotencyRecord { claimed_at: now, ..held.clone() };
        if !state.replace(key, &held, &record).await.map_err(ScheduleError::State)? {
            return Err(ScheduleError::KeyInUse);
        }
        let started = state.load(&record.run).await.map_err(ScheduleError::State)?;
        Ok(Claim { record, started })
    }
}

impl Asked<'_> {
    /// The key under which the claim is stored. Each caller has keys of its own, so that nobody
    /// gets the run of somebody else. A subject has no line break.
    fn key(&self, key: &str) -> String {
        format!("{}\n{key}", self.caller.subject())
    }
}

fn checked(key: &str) -> Result<&str, InvalidKey> {
    match key.len() {
        0 => Err(InvalidKey("none")),
        1..=255 if key.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(key),
        1..=255 => Err(InvalidKey("others")),
        _ => Err(InvalidKey("more")),
    }
}

pub(super) fn fingerprint(request: &Request) -> String {
    sha256(serde_json::to_vec(request).expect("a request always serialises"))
}
