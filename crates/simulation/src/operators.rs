//! What people and misfortune do to switches.

use std::sync::Arc;
use std::time::Duration;

use intent::name::RunId;
use naas::session;
use serde_json::json;

use crate::scenario::OperatorAction;
use crate::switches::{By, Switch};
use crate::world::{World, lock};

/// Does it.
pub(crate) fn act(world: &Arc<World>, switch: &Switch, action: OperatorAction) {
    let name = switch.name.as_str();
    let number = world.random(|rng| rng.u32(..10_000));
    match action {
        OperatorAction::Changes | OperatorAction::ChangesAndSaves => {
            world.log("person", || format!("changes {name} by hand: {action:?}"));
            let (line, save) = (format!("alias HAND {number}"), "write memory");
            let commands = ["enable", "configure", line.as_str(), save];
            let count = if action == OperatorAction::Changes { 3 } else { 4 };
            world.count("hand changes");
            typed(world, switch, &commands[..count]);
        }
        OperatorAction::OpensSession => {
            world.log("person", || format!("opens a session on {name}"));
            let session = format!("configure session maintenance-{number}");
            typed(world, switch, &["enable", &session, "alias MAINTENANCE later"]);
        }
        OperatorAction::Tries(timer) => {
            world.log("person", || format!("commits with a timer of {} s on {name}", timer.as_secs()));
            let armed = switch
                .run(world, By::Operator, |handle| handle.arm_commit_timer(&format!("night-shift-{number}"), timer));
            if armed.is_ok() {
                world.count("people's commit timers");
            }
        }
        OperatorAction::Reboots(down) => {
            world.log("misfortune", || format!("reloads {name}, {} s", down.as_secs()));
            world.count("reloads");
            switch.run(world, By::Operator, |handle| handle.reboot(down));
        }
        OperatorAction::DeadSessions(count) => {
            let long_ago = World::beginning() - Duration::from_secs(86_400);
            let run = RunId::new(long_ago, u64::from(number));
            let installation = lock(&world.stored).installation.clone();
            for entropy in 0..count as u64 {
                let session = session::name(&installation, &run, long_ago, entropy);
                let enter = format!("configure session {session}");
                typed(world, switch, &["enable", &enter]);
            }
        }
    }
}

fn typed(world: &Arc<World>, switch: &Switch, commands: &[&str]) {
    let params = json!({"version": 1, "cmds": commands, "format": "text"});
    let body = json!({"jsonrpc": "2.0", "method": "runCmds", "params": params, "id": 1}).to_string();
    switch.run(world, By::Operator, |handle| drop(handle.call(body.as_bytes())));
}
