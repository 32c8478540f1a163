//! The invariants that can be told only when it is over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use eos_sim::{Entry, Event, SessionState};
use intent::name::{DeviceName, RunId};
use jiff::SignedDuration;
use naas::records::outcome::{Outcome, Status};
use naas::records::slice::Slice;

use crate::clients;
use crate::invariant::Invariant;
use crate::scenario::Scenario;
use crate::world::{World, lock};

/// Within so long a healthy switch is done, whatever is wrong with its neighbours: a few requests,
/// and no store that fails.
const SOON: Duration = Duration::from_secs(30);

/// What must be so once everything has come to rest.
pub(crate) async fn after_the_storm(world: &Arc<World>, scenario: &Scenario) {
    nothing_is_lost(world).await;
    coalescing_loses_nothing(world);
    if let Some(sick) = scenario.only_sick {
        failures_are_their_own(world, sick);
    }
}

/// Checks invariant 3: each device of an accepted run ended, or is in the dead letters.
async fn nothing_is_lost(world: &Arc<World>) {
    let parked = parked(world);
    let accepted: Vec<_> = world.watch().accepted.iter().cloned().collect();
    for run in accepted {
        let Some(devices) = lock(&world.stored).runs.get(&run).map(|run| run.devices.clone()) else {
            world.violated(Invariant::NothingLost, format!("run {run} was accepted, and is not on record"));
            continue;
        };
        let mut complete = true;
        for device in devices {
            let ended = lock(&world.stored).outcomes.contains_key(&(run.clone(), device.clone()));
            complete &= ended;
            if !ended && !parked.iter().any(|slice| slice.task.run == run && slice.devices.contains(&device)) {
                let what = format!("{device} has no outcome in run {run}, and is not among the dead letters");
                world.violated(Invariant::NothingLost, what);
            }
        }
        // What was written in two steps is whole, whoever died in between.
        if complete && clients::is_finished(world, &run).await != Some(true) {
            let what = format!("each device has an outcome in run {run}, and its report says that it is not finished");
            world.violated(Invariant::NothingLost, what);
        }
    }
}

fn parked(world: &World) -> Vec<Slice> {
    world.queue.parked().iter().filter_map(|message| Slice::parse(message).ok()).collect()
}

/// What was left to another run was done by that, or by one that it was left to in turn: one of
/// them got the lease, and so read models, after the first was accepted. Unless it is among the
/// dead letters. Which of them does not matter: a run may be done, wait once more with a slice that
/// came twice, and do then what was left to it.
fn coalescing_loses_nothing(world: &World) {
    let parked = parked(world);
    let outcomes = lock(&world.stored).outcomes.clone();
    let superseded = outcomes.values().filter(|outcome| outcome.status == Status::Superseded);
    for Outcome { run, device, .. } in superseded {
        let by = |run: &RunId| outcomes.get(&(run.clone(), device.clone()))?.superseded_by.clone();
        let mut chain = vec![run.clone()];
        while let Some(next) = chain.last().and_then(by).filter(|next| !chain.contains(next)) {
            chain.push(next);
        }
        let given_up = parked.iter().any(|slice| chain.contains(&slice.task.run) && slice.devices.contains(device));
        let watch = world.watch();
        let leases = chain.iter().flat_map(|run| watch.pushes_of(run, device)).filter_map(|push| push.leased.clone());
        let done = leases.map(|(at, _)| at).max() >= watch.created.get(run).copied();
        drop(watch);
        if !given_up && !done {
            let what = format!("{device}: run {run} was left to {:?}, and nobody took it up after that", &chain[1..]);
            world.violated(Invariant::NothingLost, what);
        }
    }
}

/// Invariant 6, where one switch is sick and nothing else is wrong.
fn failures_are_their_own(world: &World, sick: usize) {
    let sick = world.switches.keys().nth(sick).cloned().unwrap_or_default();
    let watch = world.watch();
    let created: BTreeMap<_, _> = watch.created.iter().min_by_key(|(_, at)| **at).into_iter().collect();
    let mut late = Vec::new();
    for (run, asked) in created {
        for name in world.switches.keys().filter(|name| **name != sick) {
            let device = DeviceName::new(name.as_str()).expect("a switch has the name of its device");
            let done = watch.recorded.get(&((*run).clone(), device));
            if done.is_none_or(|done| *done > *asked + SOON) {
                late.push(format!("{name} is healthy and was done at {done:?}, asked at {asked:?}; {sick} is sick"));
            }
        }
    }
    drop(watch);
    late.into_iter().for_each(|what| world.violated(Invariant::OwnFailure, what));
}

/// How much every switch has in its journal.
pub(crate) fn journals(world: &World) -> BTreeMap<String, usize> {
    world.switches.iter().map(|(name, switch)| (name.clone(), switch.handle.journal().len())).collect()
}

/// What must be so after everything was applied and nothing was wrong; `again` if it was so before.
pub(crate) fn in_fair_weather(world: &World, run: &RunId, again: bool, before: &BTreeMap<String, usize>) {
    let newest = lock(&world.stored).version;
    for (name, switch) in &world.switches {
        let device = DeviceName::new(name.as_str()).expect("a switch has the name of its device");
        let status = lock(&world.stored).outcomes.get(&(run.clone(), device)).map(|outcome| outcome.status);
        let journal = switch.handle.journal();
        let new = &journal[before[name]..];
        match status {
            Some(Status::Changed) if !again => ends_in_a_check(world, name, new),
            Some(Status::InSync) if again && new.is_empty() => {}
            Some(Status::InSync) if again => {
                world.violated(Invariant::Idempotent, format!("{name} was in sync, and yet: {new:?}"));
            }
            status if again => {
                world.violated(Invariant::Idempotent, format!("applied a second time, {name} is {status:?}"));
            }
            status => world.violated(
                Invariant::ComesBack,
                format!("{name} is {status:?} after all was applied while nothing was wrong"),
            ),
        }
        if switch.handle.running_config() != newest.shown(&switch.first) {
            world.violated(Invariant::NewestIntent, format!("{name} does not run {newest:?} after all was applied"));
        }
        let watch = world.watch();
        let ours =
            |(session, state): &(String, SessionState)| watch.is_ours(name, session) && *state == SessionState::Pending;
        let left = switch.handle.sessions().into_iter().find(ours);
        drop(watch);
        if let Some((session, state)) = left {
            world.violated(Invariant::Honest, format!("session {session} is left on {name}: {state:?}"));
        }
    }
}

/// The second half of invariant 4: what our own save sets off opens no session, and saves nothing.
fn ends_in_a_check(world: &World, name: &str, journal: &[Entry]) {
    let after = journal.iter().skip_while(|entry| entry.event != Event::Saved).skip(1);
    // What a dead push left may be old enough by then to be put away.
    let expected = |event: &Event| matches!(event, Event::ActionNotRun { .. } | Event::SessionAborted { .. });
    let mut others = after.filter(|entry| !expected(&entry.event));
    if let Some(entry) = others.next() {
        world.violated(Invariant::Idempotent, format!("our own save on {name} set off {:?}", entry.event));
    }
}

/// Invariant 5, from the journals: whatever was committed with a timer was confirmed, undone or
/// lost in a reload before that ran out.
pub(crate) fn of_journals(world: &World) {
    for (name, switch) in &world.switches {
        let journal = switch.handle.journal();
        for (index, entry) in journal.iter().enumerate() {
            let Event::SessionCommitted { session, timer_s: Some(seconds) } = &entry.event else { continue };
            let until = entry.at + SignedDuration::from_secs(i64::try_from(*seconds).unwrap_or(i64::MAX));
            let ended = |later: &&Entry| match &later.event {
                Event::SessionConfirmed { session: other } | Event::SessionReverted { session: other } => {
                    other == session
                }
                event => *event == Event::Rebooted,
            };
            if journal[index..].iter().find(ended).is_none_or(|ended| ended.at > until) {
                world.violated(Invariant::ComesBack, format!("{name} ran session {session} unconfirmed after {until}"));
            }
        }
    }
}
