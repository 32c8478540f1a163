//! The `show` commands about configurations and sessions, and where the others are.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::device::Device;
use crate::diff;
use crate::filter;
use crate::grammar;
use crate::lock;
use crate::reply::{Failure, Reply};
use crate::status;
use crate::vocabulary;

/// Runs a `show` command; `session` is the one the request is in.
pub(crate) fn run(device: &Device, session: Option<&str>, words: &[&str]) -> Result<Reply, Failure> {
    let (words, filter) = match words.iter().position(|word| *word == "|") {
        Some(at) => (&words[..at], Some(&words[at + 1..])),
        None => (words, None),
    };
    let reply = unfiltered(device, session, words)?;
    match filter {
        None => Ok(reply),
        Some(filter) => Ok(Reply { text: filter::apply(&reply.text, filter)?, json: None }),
    }
}

fn unfiltered(device: &Device, session: Option<&str>, words: &[&str]) -> Result<Reply, Failure> {
    let command = words.join(" ");
    match &words[1..] {
        ["running-config"] => Ok(config(device, &command, &device.state().running)),
        ["running-config", "section", wanted @ ..] if !wanted.is_empty() => {
            let text = device.shown(&command, &device.state().running);
            Ok(Reply { text: filter::apply(&text, &[&["section"], wanted].concat())?, json: None })
        }
        ["running-config", "interfaces", names @ ..] if !names.is_empty() => {
            let known = grammar::interfaces(&names.concat());
            let names = known.ok_or_else(|| Failure::invalid(format!("Invalid input (at token 3: '{}')", names[0])))?;
            Ok(Reply { text: device.state().running.interfaces_text(&names), json: None })
        }
        ["running-config", "all"] => Ok(text_of(device, &command, Config::text_with_defaults)),
        ["running-config", "sanitized"] => {
            Ok(text_of(device, &command, |config| eos_config::mask(&config.text()).into_owned()))
        }
        ["running-config", "all", "sanitized"] => {
            Ok(text_of(device, &command, |config| eos_config::mask(&config.text_with_defaults()).into_owned()))
        }
        ["running-config", "digest"] => {
            let digest = Sha256::digest(device.body(&device.state().running));
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            Ok(Reply { text: format!("{digest}\n"), json: Some(json!({"digest": digest})) })
        }
        ["running-config", "diffs"] => {
            let state = device.state();
            let (saved, running) = (device.body(&state.startup), device.body(&state.running));
            drop(state);
            let text = diff::unified(&saved, &running, "flash:/startup-config", "system:/running-config");
            Ok(Reply { text, json: None })
        }
        ["startup-config"] => {
            let startup = device.state().startup.clone();
            Ok(Reply { text: device.shown_startup(), ..config(device, &command, &startup) })
        }
        ["configuration", "lock"] => Ok(lock::show(&device.state())),
        ["configuration", "checkpoints"] => Ok(checkpoints(device)),
        ["configuration", "sessions"] | ["configuration", "sessions", "detail"] => {
            let (state, user, generation) = (device.state(), &device.spec.username, device.generation());
            Ok(Reply {
                text: state.sessions.text(user, generation, device.clock.now()),
                json: Some(state.sessions.json(user, generation, state.booted)),
            })
        }
        ["session-config", "named", name, rest @ ..] => session_config(device, name, rest, 4),
        ["session-config", rest @ ..] => match session {
            Some(name) => session_config(device, name, rest, 2),
            None => Err(Failure::could_not_run("Not currently in a session")),
        },
        rest => status::run(device, rest).ok_or_else(|| vocabulary::refusal(words)),
    }
}

/// The running-config in another form than the usual one.
fn text_of(device: &Device, command: &str, written: impl Fn(&Config) -> String) -> Reply {
    let running = device.state().running.clone();
    let running = device.whole(&running);
    let text = format!("! Command: {command}\n{}", device.headed(&running, &written(&running)));
    Reply { text, json: None }
}

fn config(device: &Device, command: &str, config: &Config) -> Reply {
    let mut json = config.json();
    json["header"] = json!([format!("Command: {command}")]);
    Reply { text: device.shown(command, config), json: Some(json) }
}

fn session_config(device: &Device, name: &str, rest: &[&str], token: usize) -> Result<Reply, Failure> {
    let state = device.state();
    let running = device.body(&state.running);
    let Some(candidate) = state.sessions.candidate(name).cloned() else {
        return Err(Failure::could_not_run(format!("Session {name} does not exist")));
    };
    drop(state);
    match rest {
        ["diffs"] => {
            let to = format!("session:/{name}-session-config");
            let text = diff::unified(&running, &device.body(&candidate), "system:/running-config", &to);
            Ok(Reply { text, json: None })
        }
        [] | ["sanitized"] => {
            let text = device.shown(&format!("show session-configuration named {name}"), &candidate);
            let text = if rest.is_empty() { text } else { eos_config::mask(&text).into_owned() };
            Ok(Reply { text, json: None })
        }
        [word, ..] => Err(Failure::invalid(format!("Invalid input (at token {token}: '{word}')"))),
    }
}

fn checkpoints(device: &Device) -> Reply {
    let state = device.state();
    let mut text = "Maximum number of checkpoints: 20\n".to_owned();
    let mut json = serde_json::Map::new();
    for checkpoint in state.flash.checkpoints() {
        let user = &device.spec.username;
        text.push_str(&format!("  {:<20} {} {user}\n", checkpoint.name, checkpoint.at.strftime("%Y-%m-%d %H:%M:%S")));
        let at = checkpoint.at.as_duration().as_secs_f64();
        json.insert(checkpoint.name.clone(), json!({"fileDate": at, "fileUser": user}));
    }
    Reply { text, json: Some(json!({"maxCheckpoints": 20, "checkpoints": Value::Object(json)})) }
}
