//! What operators and misfortune do to switches.

use std::sync::Arc;
use std::time::Duration;

use intent::name::RunId;
use naas::records::installation::InstallationId;
use naas::session;
use serde_json::json;

use crate::scenario::{OperatorAction, SessionOwner};
use crate::switches::{By, Switch};
use crate::world::{World, lock};

/// Lets `action` happen to `switch` now.
pub(crate) fn act(world: &Arc<World>, switch: &Switch, action: OperatorAction) {
    let name = switch.name.as_str();
    let number = world.random(|rng| rng.u32(..10_000));
    match action {
        OperatorAction::Changes => change(world, switch, false),
        OperatorAction::ChangesAndSaves => change(world, switch, true),
        OperatorAction::OpensSession(owner) => {
            let session = session_of(world, owner, number);
            world.log("operator", || format!("opens session {session} on {name}"));
            typed(world, switch, &["enable", &format!("configure session {session}"), "alias MAINTENANCE later"]);
        }
        OperatorAction::Tries(owner, timer) => {
            let session = session_of(world, owner, number);
            world.log("operator", || format!("commits session {session} on {name}, timer {} s", timer.as_secs()));
            if switch.run(world, By::Operator, |handle| handle.arm_commit_timer(&session, timer)).is_ok() {
                world.count("operators' commit timers");
            }
        }
        OperatorAction::Reboots(down) => {
            world.log("misfortune", || format!("reloads {name}, {} s", down.as_secs()));
            world.count("reloads");
            switch.run(world, By::Operator, |handle| handle.reboot(down));
        }
        OperatorAction::DeadSessions(count) => dead_sessions(world, switch, count, number),
    }
}

/// Changes the running-config by hand, and saves it if `saved`.
pub(crate) fn change(world: &Arc<World>, switch: &Switch, saved: bool) {
    let number = world.random(|rng| rng.u32(..10_000));
    world.log("operator", || format!("changes {} by hand{}", switch.name, if saved { " and saves" } else { "" }));
    world.count("hand changes");
    let line = format!("alias HAND {number}");
    let commands = ["enable", "configure", line.as_str(), "write memory"];
    typed(world, switch, &commands[..if saved { 4 } else { 3 }]);
}

/// The sessions of pushes of ours that died a day ago.
fn dead_sessions(world: &Arc<World>, switch: &Switch, count: usize, number: u32) {
    let long_ago = World::beginning() - Duration::from_secs(86_400);
    let run = RunId::new(long_ago, u64::from(number));
    let installation = lock(&world.stored).installation.clone();
    for entropy in 0..count as u64 {
        let session = session::name(&installation, &run, long_ago, entropy);
        typed(world, switch, &["enable", &format!("configure session {session}")]);
        world.watch().opened_by_us(&switch.name, &session);
    }
}

/// The name of a session that is not ours.
fn session_of(world: &World, owner: SessionOwner, number: u32) -> String {
    match owner {
        SessionOwner::Operator => format!("maintenance-{number}"),
        SessionOwner::OperatorWithOurPrefix => format!("naas-lab-change-{number}"),
        SessionOwner::OtherInstallation => {
            let (opened, number) = (world.now(), u64::from(number));
            session::name(&InstallationId::new(number), &RunId::new(opened, number), opened, number)
        }
    }
}

fn typed(world: &Arc<World>, switch: &Switch, commands: &[&str]) {
    let params = json!({"version": 1, "cmds": commands, "format": "text"});
    let body = json!({"jsonrpc": "2.0", "method": "runCmds", "params": params, "id": 1}).to_string();
    switch.run(world, By::Operator, |handle| drop(handle.call(body.as_bytes())));
}
