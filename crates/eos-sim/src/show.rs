//! The `show` commands.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cli::{Failure, Reply};
use crate::config::Config;
use crate::device::Device;
use crate::diff;

/// Runs a `show` command; `session` is the one the request is in.
pub(crate) fn run(device: &Device, session: Option<&str>, privileged: bool, words: &[&str]) -> Result<Reply, Failure> {
    let (words, filter) = match words.iter().position(|word| *word == "|") {
        Some(at) => (&words[..at], Some(&words[at + 1..])),
        None => (words, None),
    };
    let needs_privilege = matches!(words, ["show", "running-config" | "startup-config" | "session-config", ..]);
    if needs_privilege && !privileged {
        return Err(Failure::invalid(format!("Invalid input (at token 1: '{}') (privileged mode required)", words[1])));
    }
    let reply = unfiltered(device, session, words)?;
    match filter {
        None => Ok(reply),
        Some(filter) => Ok(Reply { text: filtered(&reply.text, filter)?, json: None }),
    }
}

fn unfiltered(device: &Device, session: Option<&str>, words: &[&str]) -> Result<Reply, Failure> {
    let command = words.join(" ");
    match &words[1..] {
        ["version"] => Ok(version(device)),
        ["hostname"] => {
            let name = device.state().running.hostname().to_owned();
            Ok(Reply {
                text: format!("Hostname: {name}\nFQDN:     {name}\n"),
                json: Some(json!({"hostname": name, "fqdn": name})),
            })
        }
        ["running-config"] => Ok(config(device, &command, &device.state().running)),
        ["startup-config"] => Ok(config(device, &command, &device.state().startup)),
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
        ["configuration", "sessions"] | ["configuration", "sessions", "detail"] => {
            let (state, user) = (device.state(), &device.spec.username);
            Ok(Reply { text: state.sessions.text(user), json: Some(state.sessions.json(user)) })
        }
        ["session-config", "named", name, rest @ ..] => session_config(device, name, rest),
        ["session-config", rest @ ..] => match session {
            Some(name) => session_config(device, name, rest),
            None => Err(Failure::could_not_run("Not currently in a session")),
        },
        ["lldp", "neighbors"] => Ok(lldp(device)),
        [word, ..] => Err(Failure::invalid(format!("Invalid input (at token 1: '{word}')"))),
        [] => Err(Failure::invalid("Incomplete command (at token 0: 'show')")),
    }
}

fn config(device: &Device, command: &str, config: &Config) -> Reply {
    let mut json = config.json();
    json["header"] = json!([format!("Command: {command}")]);
    Reply { text: device.shown(command, config), json: Some(json) }
}

fn session_config(device: &Device, name: &str, rest: &[&str]) -> Result<Reply, Failure> {
    let mut state = device.state();
    let running = device.body(&state.running);
    let Some(candidate) = state.sessions.candidate(name) else {
        return Err(Failure::could_not_run(format!("Session {name} does not exist")));
    };
    match rest {
        ["diffs"] => {
            let to = format!("session:/{name}-session-config");
            Ok(Reply {
                text: diff::unified(&running, &device.body(candidate), "system:/running-config", &to),
                json: None,
            })
        }
        [] | ["sanitized"] => {
            Ok(Reply { text: device.shown(&format!("show session-configuration named {name}"), candidate), json: None })
        }
        [word, ..] => Err(Failure::invalid(format!("Invalid input (at token 2: '{word}')"))),
    }
}

fn version(device: &Device) -> Reply {
    let (model, eos) = (&device.spec.model, &device.spec.eos);
    let uptime = Timestamp::now().as_second() - device.booted.as_second();
    let json = json!({
        "mfgName": "Arista", "modelName": model, "hardwareRevision": "", "serialNumber": format!("SIM-{}", device.spec.name),
        "systemMacAddress": "00:00:00:00:00:00", "version": eos, "architecture": "x86_64", "internalVersion": eos,
        "bootupTimestamp": device.booted.as_second(), "uptime": uptime,
    });
    let text = format!(
        "Arista {model}\nSerial number: SIM-{}\n\nSoftware image version: {eos}\nArchitecture: x86_64\nInternal build \
         version: {eos}\n\nUptime: {} minutes\n",
        device.spec.name,
        uptime / 60
    );
    Reply { text, json: Some(json) }
}

fn lldp(device: &Device) -> Reply {
    let neighbors = device.neighbors();
    let mut text = format!(
        "Last table change time   : 0:00:00 ago\nNumber of table inserts  : {}\nNumber of table deletes  : 0\nNumber of table \
         drops    : 0\nNumber of table age-outs : 0\n\nPort          Neighbor Device ID       Neighbor Port ID    TTL\n\
         ---------- ------------------------ ---------------------- ---\n",
        neighbors.len()
    );
    for neighbor in &neighbors {
        let port = neighbor.interface.replacen("Ethernet", "Et", 1).replacen("Management", "Ma", 1);
        text.push_str(&format!("{port:<13} {:<24} {:<19} 120\n", neighbor.device, neighbor.port));
    }
    let entries: Vec<Value> = neighbors
        .into_iter()
        .map(|n| json!({"port": n.interface, "neighborDevice": n.device, "neighborPort": n.port, "ttl": 120}))
        .collect();
    let json = json!({"tablesInserts": entries.len(), "tablesDeletes": 0, "tablesDrops": 0, "tablesAgeOuts": 0, "lldpNeighbors": entries});
    Reply { text, json: Some(json) }
}

/// `| include WORDS` by line, `| section WORDS` by block; words, not regular expressions.
fn filtered(text: &str, filter: &[&str]) -> Result<String, Failure> {
    let wanted = filter.get(1..).unwrap_or_default().join(" ");
    match filter.first() {
        Some(_) if wanted.is_empty() => Err(Failure::invalid("Incomplete command (at token 3: '|')")),
        Some(&"include") => {
            Ok(text.lines().filter(|line| line.contains(&wanted)).map(|line| format!("{line}\n")).collect())
        }
        Some(&"section") => Ok(sections(text).filter(|block| block.contains(&wanted)).collect()),
        _ => Err(Failure::invalid("Invalid input (at token 3: '|')")),
    }
}

/// Top-level lines, each with the lines below it.
fn sections(text: &str) -> impl Iterator<Item = String> {
    let mut blocks: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('!')) {
        match blocks.last_mut() {
            Some(block) if line.starts_with(' ') => block.push_str(&format!("{line}\n")),
            _ => blocks.push(format!("{line}\n")),
        }
    }
    blocks.into_iter()
}
