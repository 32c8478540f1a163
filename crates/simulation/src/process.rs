//! A process that can die anywhere: between any two things it does, and between what it asks for
//! and the answer.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures::future::{Either, select};
use jiff::{SignedDuration, Timestamp};
use naas::ports::Clock;
use tokio::sync::Notify;

use crate::store::Snapshot;
use crate::world::World;

/// One piece of work of one process: a message an enforcer took, a request a scheduler answers.
pub(crate) type Invocation = u32;

/// A machine with a clock of its own, which does one piece of work after the other.
pub(crate) struct Process {
    pub(crate) world: Arc<World>,
    pub(crate) name: String,
    /// How far its clock is ahead of the true time.
    skew: SignedDuration,
    life: Mutex<Life>,
    death: Notify,
    /// What was to be read when it began its first work.
    first_seen: OnceLock<Snapshot>,
}

#[derive(Default)]
struct Life {
    invocation: Invocation,
    /// How many more points it passes alive.
    crash_after: Option<u32>,
    dead: bool,
}

/// How a piece of work ended.
pub(crate) enum Ended<T> {
    Done(T),
    /// The process is dead, and nothing more comes from it.
    Killed,
}

impl Process {
    pub(crate) fn new(world: &Arc<World>, name: impl Into<String>) -> Arc<Self> {
        let skew = world.skew();
        Arc::new(Self {
            world: world.clone(),
            name: name.into(),
            skew,
            life: Mutex::default(),
            death: Notify::new(),
            first_seen: OnceLock::new(),
        })
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up a new piece of work, which it may not survive.
    pub(crate) fn begin(&self) -> Invocation {
        let invocation = self.world.next_invocation();
        self.first_seen.get_or_init(|| self.world.snapshot());
        *self.life() = Life { invocation, crash_after: self.world.crash_after(), dead: false };
        invocation
    }

    pub(crate) fn invocation(&self) -> Invocation {
        self.life().invocation
    }

    pub(crate) fn first_seen(&self) -> Option<&Snapshot> {
        self.first_seen.get()
    }

    /// Does `work` for `limit` at most, or until it dies.
    pub(crate) async fn live<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Ended<T> {
        let work = std::pin::pin!(tokio::time::timeout(limit, work));
        match select(work, std::pin::pin!(self.death.notified())).await {
            Either::Left((Ok(done), _)) => Ended::Done(done),
            Either::Left((Err(_), _)) => {
                self.log(|| format!("KILLED: its {} s are over", limit.as_secs()));
                self.world.count("killed by the function's timeout");
                Ended::Killed
            }
            Either::Right(_) => Ended::Killed,
        }
    }

    /// A point at which it may die, or be held up.
    pub(crate) async fn point(&self, place: &str) {
        if self.dies(place) {
            std::future::pending::<()>().await;
        }
        if let Some(pause) = self.world.pause() {
            tokio::time::sleep(pause).await;
        }
    }

    fn dies(&self, place: &str) -> bool {
        let mut life = self.life();
        if life.dead {
            return true;
        }
        life.crash_after = match life.crash_after {
            Some(0) => {
                life.dead = true;
                drop(life);
                self.log(|| format!("KILLED {place}"));
                self.world.count("killed somewhere");
                self.death.notify_one();
                return true;
            }
            crash_after => crash_after.map(|points| points - 1),
        };
        false
    }

    /// Notes what it does.
    pub(crate) fn log(&self, what: impl FnOnce() -> String) {
        self.world.log(&self.name, what);
    }
}

impl Clock for Reach {
    fn now(&self) -> Timestamp {
        self.0.world.now() + self.0.skew
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
        self.0.point("after it had slept").await;
    }

    fn entropy(&self) -> u64 {
        self.0.world.random(|rng| rng.u64(..))
    }

    fn random(&self) -> u128 {
        self.0.world.random(|rng| rng.u128(..))
    }
}

/// All ports of one process.
#[derive(Clone)]
pub(crate) struct Reach(pub(crate) Arc<Process>);
