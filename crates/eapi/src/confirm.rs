//! Confirming a commit before its timer runs out.
//!
//! A confirmation is best sent over another connection than the commit, as proof that the switch
//! can still be reached. Every attempt first asks whether the timer still runs, since EOS may well
//! accept a confirmation that comes too late. So an attempt can be repeated after an answer was
//! lost.

use std::time::Duration;

use crate::commit::{CommitError, SaveFailure, Saved};
use crate::error::Error;
use crate::error_kind::ErrorKind;
use crate::session::Session;
use crate::sessions::{SessionState, Sessions};
use crate::status::SwitchStatus;

/// The time, as the caller measures it, so that tests and simulations can own it.
pub trait Clock: Sync {
    /// The time since a moment that stays the same, such as the start of the process.
    fn now(&self) -> Duration;

    /// Waits for this long.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}

/// The clock of tokio. It counts from the moment it is made.
#[derive(Debug, Clone, Copy)]
pub struct TokioClock(tokio::time::Instant);

impl TokioClock {
    /// A clock that stands at zero.
    pub fn start() -> Self {
        Self(tokio::time::Instant::now())
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// What became of a confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a timer that is gone is no confirmation"]
pub enum Confirmation {
    /// The switch answered the confirmation: the configuration stays in force and is saved.
    ConfirmationTaken(Saved),
    /// No timer runs for the session, and no answer to a confirmation was seen.
    TimerGone(TimerGone),
}

/// A session whose commit timer does not run. The timer may have run out, so that the switch went
/// back to what it ran before; somebody may have confirmed or aborted the session; or an earlier
/// confirmation of ours was taken and its answer was lost. How the session is listed does not tell
/// these apart. The digest may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimerGone {
    /// How the switch lists the session, or `None` if it does not. [`SessionState::Pending`] means
    /// that the commit never reached the switch.
    pub listed: Option<SessionState>,
    /// True if a confirmation was sent in the same call and not answered.
    pub confirmation_sent: bool,
    /// The status of the switch after that.
    pub status: SwitchStatus,
}

impl TimerGone {
    /// Returns true if the switch runs the configuration with the digest `committed`, which is
    /// proof that the commit stayed in force. `committed` is what [`Session::commit_with_timer`]
    /// returned.
    ///
    /// It may not be saved: see [`SwitchStatus::startup`] and [`Session::save`]. If this is false,
    /// or the commit returned no digest, what became of the commit is unknown.
    pub fn runs(&self, committed: &str) -> bool {
        self.status.digest.as_deref() == Some(committed)
    }
}

/// The pause between two attempts. A switch may take a moment to move its management.
const PAUSE: Duration = Duration::from_secs(1);

/// How long one attempt waits for the answer to the question whether the timer runs.
const LONGEST_READ: Duration = Duration::from_secs(15);

impl Session {
    /// Confirms a commit whose timer still runs, and saves, in one attempt.
    ///
    /// # Errors
    ///
    /// [`CommitError::NotConfirmed`] if the confirmation was not sent or was refused,
    /// [`CommitError::NotSaved`] if it was taken and could not be saved, [`CommitError::Unknown`]
    /// if it was sent and not answered.
    pub async fn confirm(&self) -> Result<Confirmation, CommitError> {
        let timeouts = self.client.timeouts();
        if let Some(gone) = self.timer_gone(timeouts.command).await.map_err(|cause| self.not_confirmed(cause))? {
            return Ok(Confirmation::TimerGone(gone));
        }
        self.send_confirmation(timeouts.commit).await
    }

    /// Confirms a commit whose timer still runs, and saves. Attempts are repeated until one is
    /// answered or `last_moment` has come: after faults that pass, such as a broken connection,
    /// HTTP 502 or code 1005, and also after a 401, since the same credentials committed the
    /// session.
    ///
    /// `last_moment` is the last moment, on `clock`, at which a confirmation may be sent. Leave as
    /// much time before the timer runs out as the switch may take to run the confirmation.
    ///
    /// # Errors
    ///
    /// As for [`confirm`](Self::confirm), when the time is over or a fault will not pass, and
    /// [`CommitError::TooLate`] if the time was over before a confirmation could be sent. Once a
    /// confirmation was sent and not answered, the error is `Unknown`.
    pub async fn confirm_until(&self, clock: &impl Clock, last_moment: Duration) -> Result<Confirmation, CommitError> {
        let mut unanswered = None;
        loop {
            let error = match self.attempt(clock, last_moment).await {
                Ok(Confirmation::TimerGone(gone)) => {
                    let confirmation_sent = unanswered.is_some();
                    return Ok(Confirmation::TimerGone(TimerGone { confirmation_sent, ..gone }));
                }
                Ok(taken) => return Ok(taken),
                Err(error) => error,
            };
            let over = clock.now() + PAUSE > last_moment;
            match error {
                CommitError::Unknown { cause, .. } => unanswered = Some(cause),
                // A refusal after an unanswered confirmation may come because that one was taken.
                CommitError::NotConfirmed { ref cause, .. } if !over && (may_pass(cause) || unanswered.is_some()) => {}
                CommitError::NotSaved { .. } => return Err(error),
                error => return Err(self.ended(unanswered, error)),
            }
            if over {
                let too_late = CommitError::TooLate { session: self.name.clone() };
                return Err(self.ended(unanswered, too_late));
            }
            clock.sleep(PAUSE).await;
        }
    }

    /// One attempt, which sends no confirmation after `last_moment`.
    async fn attempt(&self, clock: &impl Clock, last_moment: Duration) -> Result<Confirmation, CommitError> {
        let timeouts = self.client.timeouts();
        let left = || last_moment.saturating_sub(clock.now());
        let reading = timeouts.command.min(LONGEST_READ).min(left().max(PAUSE));
        if let Some(gone) = self.timer_gone(reading).await.map_err(|cause| self.not_confirmed(cause))? {
            return Ok(Confirmation::TimerGone(gone));
        }
        if clock.now() > last_moment {
            return Err(CommitError::TooLate { session: self.name.clone() });
        }
        // Half of what is left, so that an answer that never comes leaves time to ask again.
        self.send_confirmation(timeouts.commit.min((left() / 2).max(LONGEST_READ))).await
    }

    /// Asks whether the timer of the session runs. `None` if it does.
    async fn timer_gone(&self, timeout: Duration) -> Result<Option<TimerGone>, Error> {
        self.client.check_owner(self.name.as_str())?;
        let sessions = Sessions::within(&self.client, timeout).await?;
        if sessions.state(&self.name) == Some(&SessionState::TimerRunning) {
            return Ok(None);
        }
        let status = SwitchStatus::of(&self.client).await?;
        let listed = status.sessions.state(&self.name).cloned();
        Ok(Some(TimerGone { listed, confirmation_sent: false, status }))
    }

    /// Sends the confirmation. A refused one is not followed by an abort: that would revert at once
    /// what the timer leaves time to look at.
    async fn send_confirmation(&self, timeout: Duration) -> Result<Confirmation, CommitError> {
        let saved = self.commit_then_save(timeout).await;
        saved.map(Confirmation::ConfirmationTaken).map_err(|failed: SaveFailure| failed.into_error(&self.name))
    }

    fn not_confirmed(&self, cause: Error) -> CommitError {
        CommitError::NotConfirmed { session: self.name.clone(), cause }
    }

    /// The error to end with. After a confirmation that was sent and not answered, only `Unknown`
    /// is true: neither silence nor a refusal undoes a confirmation that the switch may have taken.
    fn ended(&self, unanswered: Option<Error>, error: CommitError) -> CommitError {
        match unanswered {
            Some(cause) => CommitError::Unknown { session: self.name.clone(), cause },
            None => error,
        }
    }
}

/// Returns true if another attempt before the timer runs out may work.
fn may_pass(cause: &Error) -> bool {
    let lasting = matches!(cause.kind(), ErrorKind::Settings | ErrorKind::Refused);
    cause.is_passing() || !lasting
}
