//! One history from its seed: a storm, its end, and what is to be seen then.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use tokio::task::JoinHandle;

use crate::invariant::{Invariant, Violation};
use crate::sabotage::Sabotage;
use crate::scenario::{Act, Ask, Scenario};
use crate::site_versions::ModelVariant;
use crate::switches::Switch;
use crate::tally::Tally;
use crate::world::{World, clock, lock};
use crate::{clients, enforcers, operators, verdict};

/// After so long without rest something goes round in circles.
const RESTLESS: Duration = Duration::from_secs(3 * 86_400);

/// Longer than any session of ours is anybody's: the longest function, the clock that named it
/// ahead and the one that reads it behind, the same margin in the lease, and what comes after.
const FORGOTTEN: Duration = Duration::from_secs(900 + 600 + 600 + 60 + 60);

/// What came of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The seed it came from.
    pub seed: u64,
    /// What did not hold; nothing, if all is well.
    pub violations: Vec<Violation>,
    /// Who did what when in virtual time, if it was messages.
    pub log: Vec<String>,
    /// What happened how often.
    pub tally: Tally,
}

/// Plays the history of `seed`.
pub fn play(seed: u64, sabotage: Option<Sabotage>) -> History {
    play_and(seed, sabotage, false)
}

/// Plays the history of `seed`, and keeps its log.
pub fn play_with_log(seed: u64, sabotage: Option<Sabotage>) -> History {
    play_and(seed, sabotage, true)
}

/// Plays all of `seeds` on all cores, shows each history to `seen`, and sums up what happened in
/// them.
pub fn play_all(seeds: Range<u64>, sabotage: Option<Sabotage>, seen: impl Fn(&History) + Sync) -> Tally {
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let part = |worker: usize| {
        let mut tally = Tally::default();
        for seed in seeds.clone().skip(worker).step_by(workers) {
            let history = play(seed, sabotage);
            seen(&history);
            tally.add(&history.tally);
        }
        tally
    };
    let part = &part;
    thread::scope(|scope| {
        let parts: Vec<_> = (0..workers).map(|worker| scope.spawn(move || part(worker))).collect();
        let mut sum = Tally::default();
        for part in parts {
            match part.join() {
                Ok(tally) => sum.add(&tally),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        sum
    })
}

fn play_and(seed: u64, sabotage: Option<Sabotage>, log: bool) -> History {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without input and output needs nothing").block_on(async {
        let mut rng = Rng::with_seed(seed);
        let scenario = Scenario::generate(&mut rng);
        let switches = switches(&mut rng, &scenario);
        let world = Arc::new(World::new(scenario.rules, scenario.fault_rates, sabotage, rng, switches, log));
        world.log("", || {
            format!("seed {seed}: {} devices, {:?}, {:?}", scenario.devices, world.rules, world.fault_rates)
        });
        let enforcers: Vec<_> =
            (1..=world.rules.enforcers).map(|number| tokio::spawn(enforcers::work(world.clone(), number))).collect();
        run(&world, &scenario).await;
        for enforcer in enforcers {
            stop(&world, enforcer).await;
        }
        let violations = world.watch().violations.clone();
        History { seed, violations, log: world.lines(), tally: world.tally() }
    })
}

fn switches(rng: &mut Rng, scenario: &Scenario) -> BTreeMap<String, Switch> {
    let versions = ["4.30.1F", "4.33.1F"];
    let switch = |number| {
        let name = format!("leaf{number}");
        (name.clone(), Switch::new(&name, versions[rng.usize(0..2)], scenario.rules.expired_session))
    };
    (1..=scenario.devices).map(switch).collect()
}

async fn stop(world: &World, enforcer: JoinHandle<()>) {
    enforcer.abort();
    if let Err(error) = enforcer.await
        && error.is_panic()
    {
        world.violated(Invariant::NothingLost, "an enforcer panicked".to_owned());
    }
}

async fn run(world: &Arc<World>, scenario: &Scenario) {
    for (at, act) in &scenario.acts {
        tokio::time::sleep(at.saturating_sub(world.elapsed())).await;
        happen(world, act.clone());
    }
    tokio::time::sleep(scenario.lasts.saturating_sub(world.elapsed())).await;
    world.end_storm();
    if !rest(world).await {
        return;
    }
    verdict::after_the_storm(world, scenario).await;
    afterwards(world).await;
    verdict::of_journals(world);
}

/// Waits until nobody has anything to do.
async fn rest(world: &World) -> bool {
    let limit = world.elapsed() + RESTLESS;
    while !world.is_quiet() {
        if world.elapsed() > limit {
            world.violated(Invariant::Idempotent, format!("it does not come to rest by {}", clock(limit)));
            return false;
        }
        tokio::time::sleep(Duration::from_secs(20)).await;
    }
    true
}

/// The operators have come to their senses, and apply what they want: all of it must be so. Then
/// they do it again: nothing must happen.
async fn afterwards(world: &Arc<World>) {
    lock(&world.stored).change_models(ModelVariant::Good);
    for name in world.switches.keys() {
        clients::unpin(world, name).await;
    }
    tokio::time::sleep(FORGOTTEN).await;
    let everything = Ask { devices: None, mode: "apply", step: None, confirm: None };
    for again in [false, true] {
        world.log("operator", || "applies everything, and nothing is wrong".to_owned());
        let before = verdict::journals(world);
        let run = clients::ask(world, &everything, None).await;
        let Some(run) = run else {
            return world
                .violated(Invariant::NothingLost, "a request was not accepted while nothing was wrong".to_owned());
        };
        tokio::time::sleep(Duration::from_secs(20)).await;
        if !rest(world).await {
            return;
        }
        verdict::in_fair_weather(world, &run, again, &before);
    }
}

/// Lets something happen, without waiting for its end.
fn happen(world: &Arc<World>, act: Act) {
    let switch = |device: usize| world.switches.values().nth(device).expect("acts name devices that there are");
    match act {
        Act::ChangeModels(variant) => {
            world.log("operator", || format!("changes the models: {variant:?}"));
            lock(&world.stored).change_models(variant);
        }
        Act::ChangeInventory => {
            world.log("operator", || "changes the inventory".to_owned());
            let devices: Vec<_> = world.switches.keys().cloned().collect();
            lock(&world.stored).change_inventory(&devices);
        }
        Act::Outage(lasts) => {
            world.log("misfortune", || format!("store and scheduler fail for {} s", lasts.as_secs()));
            lock(&world.stored).outage_until = world.elapsed() + lasts;
        }
        Act::Operator { device, action } => operators::act(world, switch(device), action),
        Act::Trouble { device, trouble, lasts } => {
            world.log("misfortune", || format!("{}: {trouble:?} for {} s", switch(device).name, lasts.as_secs()));
            switch(device).inject(trouble);
            let (world, name) = (world.clone(), switch(device).name.clone());
            tokio::spawn(async move {
                tokio::time::sleep(lasts).await;
                world.switches[&name].recover();
            });
        }
        Act::Ask { request, key, at_once } => {
            for _ in 0..at_once {
                let (own, request) = (world.clone(), request.clone());
                pending_request(world, async move { drop(clients::ask(&own, &request, key).await) });
            }
        }
        Act::PlanAndApply(devices) => {
            let own = world.clone();
            pending_request(world, async move { clients::plan_and_apply(&own, &devices).await });
        }
        Act::Redrive => {
            let own = world.clone();
            pending_request(world, async move { clients::redrive(&own).await });
        }
        Act::Restore { device, back } => {
            let (own, name) = (world.clone(), switch(device).name.clone());
            pending_request(world, async move { clients::restore(&own, &name, back).await });
        }
        Act::Unpin(device) => {
            let (own, name) = (world.clone(), switch(device).name.clone());
            pending_request(world, async move { clients::unpin(&own, &name).await });
        }
        Act::Cancel => {
            let last = world.watch().created.iter().max_by_key(|(_, at)| **at).map(|(run, _)| run.clone());
            if let Some(run) = last {
                let own = world.clone();
                pending_request(world, async move { clients::cancel(&own, &run).await });
            }
        }
    }
}

/// Lets somebody go about something that is awaited before all is at rest.
fn pending_request(world: &Arc<World>, request: impl Future<Output = ()> + Send + 'static) {
    let world = world.clone();
    world.request_begins();
    tokio::spawn(async move {
        request.await;
        world.request_ends();
    });
}
