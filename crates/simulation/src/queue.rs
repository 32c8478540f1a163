//! A queue such as SQS's: messages come at least once, in any order, late, again when they are not
//! deleted in time, and are set aside when they came too often.

use std::sync::Mutex;
use std::time::Duration;

use naas::ports::{DeadLetters, Parked, SliceQueue, StoreError, StoreFault};
use naas::records::slice::Slice;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::process::Reach;
use crate::sabotage::Sabotage;
use crate::world::{World, lock};

/// How often a message is handed out before it is set aside, as in the template.
const MOST_RECEIVES: u32 = 5;

#[derive(Default)]
pub(crate) struct Queue {
    contents: Mutex<Contents>,
    /// Something may have become visible.
    news: Notify,
}

#[derive(Default)]
struct Contents {
    waiting: Vec<Message>,
    parked: Vec<Parked>,
    /// What is parked too late, under [`Sabotage::ParksAfterRecording`].
    to_park: Vec<(String, String)>,
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
    /// How often this message was handed out, this time included.
    pub(crate) times: u32,
}

impl Queue {
    /// Waits for a message, and hides it for as long as `world`'s rules say; sometimes it is not
    /// hidden.
    pub(crate) async fn receive(&self, world: &World) -> Received {
        loop {
            if let Some(received) = self.take(world) {
                return received;
            }
            let next = lock(&self.contents).waiting.iter().map(|message| message.visible_at).min();
            match next {
                Some(at) => drop(timeout_at(at, self.news.notified()).await),
                None => self.news.notified().await,
            }
        }
    }

    fn take(&self, world: &World) -> Option<Received> {
        let mut contents = lock(&self.contents);
        let now = Instant::now();
        loop {
            let visible: Vec<_> =
                (0..contents.waiting.len()).filter(|i| contents.waiting[*i].visible_at <= now).collect();
            let index = *visible.get(world.random(|rng| rng.usize(0..visible.len().max(1))))?;
            let message = &mut contents.waiting[index];
            if message.receives < MOST_RECEIVES {
                message.receives += 1;
                let twice = world.happens(world.fault_rates.duplicates);
                message.visible_at = now + if twice { Duration::ZERO } else { world.rules.visibility };
                return Some(Received { id: message.id, body: message.body.clone(), times: message.receives });
            }
            let Message { id, body, .. } = contents.waiting.remove(index);
            world.log("queue", || format!("message {id} came {MOST_RECEIVES} times, and goes to the dead letters"));
            world.count("messages that came too often");
            contents.parked.push(Parked { handle: format!("m{id}"), message: body, reason: None });
        }
    }

    fn send(&self, body: String, delay: Duration) -> u64 {
        let mut contents = lock(&self.contents);
        contents.numbers += 1;
        let id = contents.numbers;
        contents.waiting.push(Message { id, body, visible_at: Instant::now() + delay, receives: 0 });
        drop(contents);
        self.news.notify_waiters();
        id
    }

    /// Done with a message.
    pub(crate) fn delete(&self, id: u64) {
        lock(&self.contents).waiting.retain(|message| message.id != id);
    }

    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.contents).waiting.is_empty()
    }

    pub(crate) fn parked(&self) -> Vec<String> {
        lock(&self.contents).parked.iter().map(|parked| parked.message.clone()).collect()
    }
}

impl Reach {
    /// Whether something is done, and whether its caller hears of it.
    fn luck(&self) -> (bool, bool) {
        let world = &self.0.world;
        if world.happens(world.fault_rates.store) { (world.random(fastrand::Rng::bool), false) } else { (true, true) }
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
                let late = process.world.random(|rng| if rng.bool() { 0 } else { rng.u64(0..3000) });
                let late = Duration::from_millis(late);
                let id = process.world.queue.send(slice.to_message(), delay + late);
                process.log(|| {
                    let Slice { task, devices, attempt, waits, .. } = slice;
                    let names = devices.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(" ");
                    let after = (delay + late).as_secs_f64();
                    format!("queues {id}: run {}, {names}, attempt {attempt}, waits {waits}, in {after:.1} s", task.run)
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

impl World {
    fn park(&self, message: &str, reason: &str) {
        let mut contents = lock(&self.queue.contents);
        contents.numbers += 1;
        let handle = format!("p{}", contents.numbers);
        contents.parked.push(Parked { handle, message: message.to_owned(), reason: Some(reason.to_owned()) });
        drop(contents);
        self.count("devices parked");
        if let Ok(Slice { task, devices, .. }) = Slice::parse(message) {
            self.watch().parked.extend(devices.into_iter().map(|device| (task.run.clone(), device)));
        }
    }

    /// Parks what was to be parked before, under [`Sabotage::ParksAfterRecording`].
    pub(crate) fn park_late(&self) {
        let late = std::mem::take(&mut lock(&self.queue.contents).to_park);
        late.iter().for_each(|(message, reason)| self.park(message, reason));
    }
}

impl DeadLetters for Reach {
    async fn park(&self, message: &str, reason: &str) -> Result<(), StoreError> {
        let process = &self.0;
        process.point("before it parked a slice").await;
        let (done, known) = self.luck();
        if done && process.world.sabotage == Some(Sabotage::ParksAfterRecording) {
            lock(&process.world.queue.contents).to_park.push((message.to_owned(), reason.to_owned()));
        } else if done {
            process.log(|| format!("parks a slice: {reason}"));
            process.world.park(message, reason);
        }
        process.point("after it had parked a slice").await;
        if known { Ok(()) } else { Err(unavailable("parking a slice")) }
    }

    async fn parked(&self) -> Result<Vec<Parked>, StoreError> {
        self.0.point("before it looked at the dead letters").await;
        Ok(lock(&self.0.world.queue.contents).parked.iter().take(10).cloned().collect())
    }

    async fn unpark(&self, parked: &Parked) -> Result<(), StoreError> {
        self.0.point("before it took out a dead letter").await;
        lock(&self.0.world.queue.contents).parked.retain(|other| other.handle != parked.handle);
        Ok(())
    }
}
