//! Configurations as files: `copy`, `configure replace`, `more`, `dir` and `delete`.
//!
//! `copy` into a configuration enters its text line by line. What it refuses is named in what it
//! prints, and it still ends with "Copy completed successfully.", as people found on switches.

use std::sync::Arc;

use crate::config::{Config, Refused};
use crate::device::Device;
use crate::event_handler;
use crate::journal::Event;
use crate::load;
use crate::reply::{Failure, Reply};
use crate::state::DiskFull;
use crate::workspace::Runner;

const DONE: &str = "Copy completed successfully.";

/// Where a command is run: the device, and the session that the request is in.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) device: &'a Arc<Device>,
    pub(crate) session: Option<&'a str>,
    /// How scripts of event-handlers run commands on the device.
    pub(crate) runner: Runner,
}

/// `copy <from> <to>`; the text of `terminal:` is the command's input.
pub(crate) fn run(at: At<'_>, from: &str, to: &str, input: Option<&str>) -> Result<Reply, Failure> {
    let device = at.device;
    let failed = |reason: &str| Failure::could_not_run(format!("Error copying {from} to {to} ({reason})"));
    let disk_full = |_| failed("No space left on device");
    if (from, to) == ("running-config", "startup-config") {
        let running = device.state().running.clone();
        save(at, running).map_err(disk_full)?;
        return Ok(Reply::messages(&[DONE.to_owned()]));
    }
    let text = source(at, from, input).ok_or_else(|| failed("No such file or directory"))?;
    let refused = match to {
        "startup-config" => {
            let mut config = Config::default();
            let refused = load::text_into(&mut config, &text, device.dialect());
            save(at, Arc::new(config)).map_err(disk_full)?;
            refused
        }
        "running-config" => load::text_into(Arc::make_mut(&mut device.state().running), &text, device.dialect()),
        "session-config" => {
            let mut state = device.state();
            let candidate = at.session.and_then(|name| state.sessions.candidate_mut(name));
            load::text_into(candidate.ok_or_else(|| failed("not in a session"))?, &text, device.dialect())
        }
        file if is_file(file) => {
            device.state().write(file, text).map_err(disk_full)?;
            Vec::new()
        }
        _ => return Err(Failure::invalid(format!("Invalid input (at token 2: '{to}')"))),
    };
    if to != "startup-config" {
        device.note(Event::Copied { source: from.to_owned(), target: to.to_owned() });
    }
    let lines: Vec<String> = refused.iter().map(said).chain([DONE.to_owned()]).collect();
    Ok(Reply::messages(&lines))
}

/// Saves a configuration as startup-config, and starts what event-handlers have to do then.
fn save(at: At<'_>, config: Arc<Config>) -> Result<(), DiskFull> {
    let device = at.device;
    let running = {
        let mut state = device.state();
        state.save(config, device.clock.now())?;
        state.running.clone()
    };
    event_handler::on_startup_config(device, &running, at.runner);
    Ok(())
}

/// `configure replace <from>`: applies at once. A file with a line that is refused replaces
/// nothing.
// EOS-73: at once, and the session ends.
pub(crate) fn replace(at: At<'_>, from: &str) -> Result<(), Failure> {
    let device = at.device;
    let text = source(at, from, None);
    let text =
        text.ok_or_else(|| Failure::could_not_run(format!("Error reading {from} (No such file or directory)")))?;
    let mut config = Config::default();
    let refused = load::text_into(&mut config, &text, device.dialect());
    if !refused.is_empty() {
        return Err(Failure { errors: refused.iter().map(said).collect(), ..Failure::could_not_run("") });
    }
    device.state().replace(config, from, device.clock.now());
    Ok(())
}

pub(crate) fn more(device: &Device, file: &str) -> Result<Reply, Failure> {
    let text = device.state().flash.read(file).ok_or_else(|| no_file(file))?;
    Ok(Reply { text: text.to_string(), json: None })
}

pub(crate) fn delete(device: &Device, file: &str) -> Result<Reply, Failure> {
    if !device.state().flash.delete(file) {
        return Err(no_file(file));
    }
    device.note(Event::Deleted { file: file.to_owned() });
    Ok(Reply::silent())
}

pub(crate) fn dir(device: &Device) -> Reply {
    let state = device.state();
    let mut lines = vec!["Directory of flash:/".to_owned(), String::new()];
    lines.extend(state.flash.list().map(|(name, size)| format!("       -rw-{size:>12}  {name}")));
    Reply::messages(&lines)
}

/// The text that is copied from `from`; none if there is nothing there.
fn source(at: At<'_>, from: &str, input: Option<&str>) -> Option<String> {
    let (device, state) = (at.device, at.device.state());
    match from {
        "running-config" | "system:/running-config" => Some(device.shown("show running-config", &state.running)),
        "startup-config" | "flash:startup-config" | "flash:/startup-config" => {
            Some(device.shown("show running-config", &state.startup))
        }
        "session-config" => Some(state.sessions.candidate(at.session?)?.text()),
        "terminal:" => input.map(str::to_owned),
        checkpoint if checkpoint.starts_with("checkpoint:") => {
            Some(state.flash.checkpoint(checkpoint.trim_start_matches("checkpoint:"))?.text())
        }
        file => state.flash.read(file).map(|text| text.to_string()),
    }
}

fn is_file(path: &str) -> bool {
    path.starts_with("flash:") || path.starts_with("file:/mnt/flash/")
}

fn said((line, _): &(usize, Refused)) -> String {
    format!("% Invalid input at line {line}")
}

fn no_file(file: &str) -> Failure {
    Failure::could_not_run(format!("{file}: No such file or directory"))
}
