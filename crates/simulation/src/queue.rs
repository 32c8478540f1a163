//! A queue such as SQS's: messages come at least once, in any order, late, again when they are not deleted in time, and are set
//! aside when they came too often.

use std::sync::Mutex;
use std::time::Duration;

use naas::ports::{DeadLetters, Parked, SliceQueue, StoreError, StoreFault};
use naas::records::slice::Slice;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::process::Reach;
use crate::world::{World, lock};

/// How often a message is handed out before it is set aside, as in the template.
const MOST_RECEIVES: u32 = 5;

#[derive(Default)]
pub(crate) struct Queue {
    kept: Mutex<Kept>,
    /// Something may have become visible.
    news: Notify,
}

#[derive(Default)]
struct Kept {
    messages: Vec<Message>,
    parked: Vec<Parked>,
    numbers: u64,
}

struct Message {
    id: u64,
    body: String,
    visible_at: Instant,
    receives: u32,
}

/// A message handed out.
pub(crate) struct Received {
    pub(crate) id: u64,
    pub(crate) body: String,
    /// For the how manyth time.
    pub(crate) times: u32,
}

impl Queue {
    /// Waits for a message, and hides it for as long as `world`'s rules say; sometimes it is not hidden.
    pub(crate) async fn receive(&self, world: &World) -> Received {
        loop {
            if let Some(received) = self.take(world) {
                return received;
            }
            let next = lock(&self.kept).messages.iter().map(|message| message.visible_at).min();
            match next {
                Some(at) => drop(timeout_at(at, self.news.notified()).await),
                None => self.news.notified().await,
            }
        }
    }

    fn take(&self, world: &World) -> Option<Received> {
        let mut kept = lock(&self.kept);
        let now = Instant::now();
        loop {
            let visible: Vec<_> = (0..kept.messages.len()).filter(|i| kept.messages[*i].visible_at <= now).collect();
            let index = *visible.get(world.dice(|dice| dice.usize(0..visible.len().max(1))))?;
            let message = &mut kept.messages[index];
            if message.receives < MOST_RECEIVES {
                message.receives += 1;
                let twice = world.happens(world.weather.duplicates);
                message.visible_at = now + if twice { Duration::ZERO } else { world.rules.visibility };
                return Some(Received { id: message.id, body: message.body.clone(), times: message.receives });
            }
            let Message { id, body, .. } = kept.messages.remove(index);
            world.say("queue", || format!("message {id} came {MOST_RECEIVES} times, and goes to the dead letters"));
            world.count("messages that came too often");
            kept.parked.push(Parked { handle: format!("m{id}"), message: body, reason: None });
        }
    }

    fn send(&self, body: String, delay: Duration) -> u64 {
        let mut kept = lock(&self.kept);
        kept.numbers += 1;
        let id = kept.numbers;
        kept.messages.push(Message { id, body, visible_at: Instant::now() + delay, receives: 0 });
        drop(kept);
        self.news.notify_waiters();
        id
    }

    /// Done with a message.
    pub(crate) fn delete(&self, id: u64) {
        lock(&self.kept).messages.retain(|message| message.id != id);
    }

    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.kept).messages.is_empty()
    }

    pub(crate) fn parked(&self) -> Vec<String> {
        lock(&self.kept).parked.iter().map(|parked| parked.message.clone()).collect()
    }
}

impl Reach {
    /// Whether something is done, and whether its caller hears of it.
    fn luck(&self) -> (bool, bool) {
        let world = &self.0.world;
        if world.happens(world.weather.store) { (world.dice(fastrand::Rng::bool), false) } else { (true, true) }
    }
}

fn unavailable(what: &str) -> StoreError {
    StoreError::new(what, StoreFault::Unavailable, "503 Service Unavailable")
}

impl SliceQueue for Reach {
    async fn send(&self, slices: &[Slice], delay: Duration) -> Result<(), StoreError> {
        let process = &self.0;
        for slice in slices {
            process.point("before it queued a slice").await;
            let (done, known) = self.luck();
            if done {
                let late = process.world.dice(|dice| if dice.bool() { 0 } else { dice.u64(0..3000) });
                let late = Duration::from_millis(late);
                let id = process.world.queue.send(slice.to_message(), delay + late);
                process.say(|| {
                    let Slice { run, devices, attempt, waits, .. } = slice;
                    let names = devices.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(" ");
                    let after = (delay + late).as_secs_f64();
                    format!("queues {id}: run {run}, {names}, attempt {attempt}, waits {waits}, in {after:.1} s")
                });
            }
            if !known {
                return Err(unavailable("sending a slice"));
            }
        }
        process.point("after it had queued slices").await;
        Ok(())
    }
}

impl DeadLetters for Reach {
    async fn park(&self, message: &str, reason: &str) -> Result<(), StoreError> {
        let process = &self.0;
        process.point("before it parked a slice").await;
        let (done, known) = self.luck();
        if done {
            let mut kept = lock(&process.world.queue.kept);
            kept.numbers += 1;
            let handle = format!("p{}", kept.numbers);
            kept.parked.push(Parked { handle, message: message.to_owned(), reason: Some(reason.to_owned()) });
            drop(kept);
            process.say(|| format!("parks a slice: {reason}"));
            process.world.count("devices parked");
        }
        process.point("after it had parked a slice").await;
        if known { Ok(()) } else { Err(unavailable("parking a slice")) }
    }

    async fn parked(&self) -> Result<Vec<Parked>, StoreError> {
        self.0.point("before it looked at the dead letters").await;
        Ok(lock(&self.0.world.queue.kept).parked.iter().take(10).cloned().collect())
    }

    async fn unpark(&self, parked: &Parked) -> Result<(), StoreError> {
        self.0.point("before it took out a dead letter").await;
        lock(&self.0.world.queue.kept).parked.retain(|kept| kept.handle != parked.handle);
        Ok(())
    }
}
