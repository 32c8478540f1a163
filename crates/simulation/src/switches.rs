//! The switches and the way to them: real eAPI requests to simulated switches, which are lost,
//! late, answered to nobody, and go on when whoever sent them is dead.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use eapi::{Carried, Carrier, CarryFault};
use eos_sim::{DeviceHandle, DeviceSpec, Entry, Event, ExpiredSession, FailingRequest, Faults};
use serde_json::json;
use tokio::sync::oneshot;

use crate::clients;
use crate::operators;
use crate::process::{Invocation, Process};
use crate::sabotage::Sabotage;
use crate::scenario::Trouble;
use crate::site_versions;
use crate::world::{World, lock};

/// Longer than no request is on its way, or worked on: below what the lease allows for.
const SLOWEST: Duration = Duration::from_secs(15);

/// A simulated switch, and what was seen of it.
pub(crate) struct Switch {
    pub(crate) name: String,
    pub(crate) handle: DeviceHandle,
    /// What it shows that runs the first version of everything.
    pub(crate) first: String,
    /// How it lists a session after its commit timer ran out.
    expired_session: ExpiredSession,
    trouble: Mutex<Option<Trouble>>,
    last_seen: Mutex<LastSeen>,
    /// Requests are run one after the other.
    turn: tokio::sync::Mutex<()>,
}

/// What was read of a switch.
struct LastSeen {
    /// How many entries of its journal.
    entries: usize,
    running: Arc<str>,
}

/// Who talks to a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Push(Invocation, Connection),
    Operator,
}

/// Tells the connections of all processes apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Connection(pub(crate) u32);

impl Switch {
    pub(crate) fn new(name: &str, eos: &str, expired_session: ExpiredSession) -> Self {
        let spec = DeviceSpec {
            name: name.to_owned(),
            eos: eos.to_owned(),
            startup_config: Some(site_versions::startup(name)),
            ..DeviceSpec::new(name, "naas", "pw".into())
        };
        let handle = DeviceHandle::detached(spec, World::beginning()).expect("the first version is a configuration");
        let first = handle.running_config();
        let last_seen = LastSeen { entries: handle.journal().len(), running: first.as_str().into() };
        handle.set_faults(Faults { expired_session, ..Faults::default() });
        Self {
            name: name.to_owned(),
            handle,
            first,
            expired_session,
            trouble: Mutex::default(),
            last_seen: Mutex::new(last_seen),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Makes something go wrong.
    pub(crate) fn inject(&self, trouble: Trouble) {
        let lines = |line: &str| vec![line.to_owned()];
        let well = self.no_faults();
        self.handle.set_faults(match trouble {
            Trouble::Down => Faults { down: true, ..well },
            Trouble::RefusesLine => Faults { refuse_lines: lines("alias MODELS"), ..well },
            Trouble::DeniesCommit => Faults { deny_commands: lines(" commit"), ..well },
            Trouble::DeniesSessions => Faults { deny_commands: lines("configure session"), ..well },
            Trouble::LosesManagementOnCommit => Faults { lose_management_on_commit: true, ..well },
            Trouble::DiskFull => Faults { disk_full: true, ..well },
            Trouble::ConfigLocked => Faults { config_locked: true, ..well },
            Trouble::Hiccups(command, answer, times) => {
                // The part of a command as it stands in a request ends with a quotation mark at
                // times.
                let with = command.trim_end_matches('"').to_owned();
                Faults { failing_requests: vec![FailingRequest { with, answer, times }], ..well }
            }
            _ => well,
        });
        *lock(&self.trouble) = Some(trouble);
    }

    /// Ends what goes wrong.
    pub(crate) fn recover(&self) {
        self.handle.set_faults(self.no_faults());
        *lock(&self.trouble) = None;
    }

    /// Whether a reload would change nothing: the startup-config says what the running-config says.
    pub(crate) fn is_saved(&self) -> bool {
        let said =
            |text: String| text.lines().filter(|line| !line.starts_with("! ")).map(str::to_owned).collect::<Vec<_>>();
        said(self.handle.startup_config()) == said(self.handle.running_config())
    }

    /// EOS's digest of what the switch runs.
    pub(crate) fn digest(&self) -> Option<String> {
        let params = json!({"version": 1, "cmds": ["enable", "show running-config digest"], "format": "json"});
        let body = json!({"jsonrpc": "2.0", "method": "runCmds", "params": params, "id": 1}).to_string();
        let answer: serde_json::Value = serde_json::from_slice(&self.handle.call(body.as_bytes())?).ok()?;
        Some(answer["result"][1]["digest"].as_str()?.to_owned())
    }

    /// What is so of the switch even when nothing is wrong with it.
    fn no_faults(&self) -> Faults {
        Faults { expired_session: self.expired_session, ..Faults::default() }
    }

    /// Lets happen what is due by now.
    fn settle(&self, world: &Arc<World>) -> Arc<str> {
        let behind = world.now().duration_since(self.handle.now());
        self.handle.advance(behind.unsigned_abs());
        self.read_on(world).1
    }

    /// What the journal has since it was read last, and the running-config: nothing changes that
    /// without a line in the journal.
    fn read_on(&self, world: &Arc<World>) -> (Vec<Entry>, Arc<str>) {
        let mut last_seen = lock(&self.last_seen);
        let new = self.handle.journal_after(last_seen.entries);
        for entry in &new {
            world.log(&self.name, || told(entry));
        }
        if !new.is_empty() {
            last_seen.entries += new.len();
            last_seen.running = self.handle.running_config().into();
        }
        (new, last_seen.running.clone())
    }

    /// Runs `act` on the switch as it is now, and notes what came of it.
    pub(crate) fn run<T>(&self, world: &Arc<World>, by: By, act: impl FnOnce(&DeviceHandle) -> T) -> T {
        let before = self.settle(world);
        let done = act(&self.handle);
        let (new, after) = self.read_on(world);
        if new.iter().any(|entry| matches!(entry.event, Event::ActionNotRun { .. })) {
            clients::webhook(world, &self.name);
        }
        world.ran(self, by, &[&before, &after], &new);
        if let Some(Trouble::EditedDuringTrial { saved }) = *lock(&self.trouble)
            && new.iter().any(|entry| matches!(entry.event, Event::SessionCommitted { timer_s: Some(_), .. }))
            && by != By::Operator
        {
            edit_soon(world, &self.name, saved);
        }
        done
    }

    /// One request: its answer or the HTTP status it fails with, unless the switch could not give
    /// it or cannot be reached any more.
    fn request(&self, world: &Arc<World>, by: By, body: &[u8]) -> Option<Result<Vec<u8>, u16>> {
        self.run(world, by, |handle| {
            if let Some(status) = handle.failing_status(body) {
                return Some(Err(status));
            }
            let answer = handle.call(body)?;
            handle.call(b"").and(Some(Ok(answer)))
        })
    }
}

/// An operator changes the switch by hand while the configuration of a push is on trial.
fn edit_soon(world: &Arc<World>, name: &str, saved: bool) {
    let (world, name) = (world.clone(), name.to_owned());
    let after = Duration::from_millis(world.random(|rng| rng.u64(0..400)));
    world.request_begins();
    tokio::spawn(async move {
        tokio::time::sleep(after).await;
        world.count("edits during a trial");
        operators::change(&world, &world.switches[&name], saved);
        world.request_ends();
    });
}

fn told(entry: &Entry) -> String {
    match &entry.event {
        Event::SessionOpened { session } => format!("  opens session {session}"),
        Event::SessionCommitted { session, timer_s } => format!("  runs session {session}, timer {timer_s:?}"),
        Event::SessionConfirmed { session } => format!("  keeps session {session}"),
        Event::SessionReverted { session } => format!("  goes back from session {session}"),
        Event::SessionAborted { session } => format!("  drops session {session}"),
        event => format!("  {event:?}"),
    }
}

/// The way from one process to one switch.
pub(crate) struct Wire {
    pub(crate) process: Arc<Process>,
    pub(crate) device: String,
    pub(crate) connection: Connection,
}

/// What is done to a request on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    NotSent,
    Lost,
    AnswerLost,
    /// Lost, and nobody hears of it.
    Swallowed,
    /// Its answer is, and nobody hears of it.
    AnswerSwallowed,
}

impl Carrier for Wire {
    fn carry(&self, body: Vec<u8>) -> Carried<'_> {
        Box::pin(self.bring(body))
    }
}

impl Wire {
    async fn bring(&self, body: Vec<u8>) -> Result<Vec<u8>, CarryFault> {
        let (process, world) = (&self.process, &self.process.world);
        let switch = &world.switches[&self.device];
        process.point("before a request was sent").await;
        let body = sabotaged(world, body);
        let fate = fate(world, switch, &body);
        process.log(|| format!("{} <- {}{}", self.device, summary(&body), words(fate)));
        if fate == Fate::NotSent {
            return Err(CarryFault::NotSent("connection refused".into()));
        }
        let latency = latency(world, switch, &body);
        let answer = if matches!(fate, Fate::Lost | Fate::Swallowed) {
            tokio::time::sleep(latency).await;
            None
        } else {
            process.point("while a request was on its way").await;
            let (sender, answer) = oneshot::channel();
            // What was sent goes on even if whoever sent it is dead.
            let by = By::Push(process.invocation(), self.connection);
            tokio::spawn(deliver(world.clone(), self.device.clone(), by, body, latency, sender));
            answer.await.ok().flatten()
        };
        process.point("before it had the answer to a request").await;
        match (fate, answer) {
            (Fate::Swallowed | Fate::AnswerSwallowed, _) => std::future::pending().await,
            (Fate::Answered, Some(Ok(answer))) => Ok(answer),
            (Fate::Answered, Some(Err(status))) => Err(CarryFault::Status(status)),
            _ => Err(CarryFault::NoAnswer("connection reset by peer".into())),
        }
    }
}

async fn deliver(
    world: Arc<World>,
    device: String,
    by: By,
    body: Vec<u8>,
    latency: Duration,
    answer: oneshot::Sender<Option<Result<Vec<u8>, u16>>>,
) {
    let switch = &world.switches[&device];
    let _turn = switch.turn.lock().await;
    tokio::time::sleep(latency).await;
    let _ = answer.send(switch.request(&world, by, &body));
}

fn sabotaged(world: &World, body: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8_lossy(&body);
    match text.find(" commit timer ") {
        Some(at) if world.sabotage == Some(Sabotage::CommitsForGood) => {
            let timer = " commit timer 00:00:00".len();
            format!("{} commit{}", &text[..at], &text[at + timer..]).into_bytes()
        }
        _ => body,
    }
}

fn fate(world: &World, switch: &Switch, body: &[u8]) -> Fate {
    let has = |part: &str| has(body, part);
    let trouble = *lock(&switch.trouble);
    match trouble {
        Some(Trouble::Silent) => Fate::Swallowed,
        Some(Trouble::DropsRequestOf(part)) if has(part) => Fate::Lost,
        Some(Trouble::DropsReplyOf(part)) if has(part) => Fate::AnswerLost,
        Some(Trouble::Down) => Fate::NotSent,
        _ if world.happens(world.fault_rates.network) => {
            let fates = [
                Fate::NotSent,
                Fate::Lost,
                Fate::Lost,
                Fate::AnswerLost,
                Fate::AnswerLost,
                Fate::Swallowed,
                Fate::AnswerSwallowed,
            ];
            fates[world.random(|rng| rng.usize(0..fates.len()))]
        }
        _ => Fate::Answered,
    }
}

/// A session's commands take a switch seconds, others none.
fn latency(world: &World, switch: &Switch, body: &[u8]) -> Duration {
    let ms = match *lock(&switch.trouble) {
        Some(Trouble::Slow) => 500..SLOWEST.as_millis() as u64,
        Some(Trouble::Crawls) => 9_000..SLOWEST.as_millis() as u64,
        _ if has(body, "configure session") => 200..3000,
        _ => 2..60,
    };
    Duration::from_millis(world.random(|rng| rng.u64(ms)))
}

fn has(body: &[u8], part: &str) -> bool {
    String::from_utf8_lossy(body).contains(part)
}

fn words(fate: Fate) -> &'static str {
    match fate {
        Fate::Answered => "",
        Fate::NotSent => " (refused)",
        Fate::Lost => " (lost)",
        Fate::AnswerLost => " (its answer lost)",
        Fate::Swallowed => " (swallowed)",
        Fate::AnswerSwallowed => " (its answer swallowed)",
    }
}

/// The commands of a request, but for `enable` and the lines of a configuration.
fn summary(body: &[u8]) -> String {
    let request: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let commands = request["params"]["cmds"].as_array().map(Vec::as_slice).unwrap_or_default();
    let line = |command: &serde_json::Value| command["cmd"].as_str().or(command.as_str()).unwrap_or("?").to_owned();
    let lines: Vec<_> = commands.iter().skip(1).map(line).collect();
    match lines.as_slice() {
        [first, second, .., last] if lines.len() > 4 => {
            format!("{first}; {second}; … {} lines …; {last}", lines.len() - 3)
        }
        lines => lines.join("; "),
    }
}
