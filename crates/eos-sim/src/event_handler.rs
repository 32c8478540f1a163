//! Event-handlers: what `trigger on-startup-config` does on every save.
//!
//! An action waits for `delay` seconds (20 if not given) and may take `timeout` seconds (10 if not
//! given); then it is killed with all it started. It runs on this machine with `bash -c`, and only
//! if the device has `allow_bash`; of the environment it gets `PATH`, `HOME` and `HOSTNAME`, the
//! device's configured one. It finds the device's flash and `FastCli`.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::config::Config;
use crate::device::Device;
use crate::journal::Event;
use crate::workspace::{Runner, Workspace};

// EOS-87: the default delay and timeout, in seconds, are assumed.
const DELAY: u64 = 20;
const TIMEOUT: u64 = 10;
/// How many bytes of each output stream are kept, so that an action cannot fill the memory.
const OUTPUT_LIMIT: u64 = 64 * 1024;

/// An event-handler that has something to do on a save.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Handler {
    name: String,
    script: String,
    delay: Duration,
    timeout: Duration,
    asynchronous: bool,
}

/// Starts what `config` wants done after a save.
// EOS-83: the trigger fires at every save.
pub(crate) fn on_startup_config(device: &Arc<Device>, config: &Config, run: Runner) {
    for handler in handlers(config) {
        if !device.spec.allow_bash {
            device.note(Event::ActionNotRun { handler: handler.name });
            continue;
        }
        let (device, hostname) = (Arc::downgrade(device), config.hostname().to_owned());
        tokio::spawn(async move {
            tokio::time::sleep(handler.delay).await;
            // A device that is gone by now does nothing any more.
            if let Some(device) = device.upgrade() {
                act(&device, handler, &hostname, run).await;
            }
        });
    }
}

// EOS-85: the action is run by bash.
async fn act(device: &Arc<Device>, handler: Handler, hostname: &str, runner: Runner) {
    // EOS-86: else it waits for earlier ones.
    let _turn = if handler.asynchronous { None } else { Some(device.action_turn.lock().await) };
    device.note(Event::ActionStarted { handler: handler.name.clone() });
    let ended = match Workspace::new(device, runner).await {
        Ok(workspace) => {
            let ended = run(&handler, hostname, Some(&workspace)).await;
            workspace.keep(device);
            ended
        }
        Err(error) => Err(error),
    };
    let (exit_status, output) = ended.unwrap_or_else(|error| (None, format!("bash could not be started: {error}")));
    device.note(Event::ActionEnded { handler: handler.name, exit_status, output });
}

async fn run(
    handler: &Handler,
    hostname: &str,
    workspace: Option<&Workspace>,
) -> std::io::Result<(Option<i32>, String)> {
    let mut bash = Command::new("bash");
    let script = workspace.map_or_else(|| handler.script.clone(), |workspace| workspace.script(&handler.script));
    let path = workspace.map(Workspace::path).or_else(|| std::env::var_os("PATH"));
    // EOS-88: bash sets `HOSTNAME` itself; the configured name is given here.
    bash.args(["-c", &script]).env_clear().env("HOSTNAME", hostname);
    bash.envs(path.map(|path| ("PATH", path))).envs(std::env::var_os("HOME").map(|home| ("HOME", home)));
    bash.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).process_group(0);
    let mut bash = bash.spawn()?;
    let group = bash.id();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (stdout, stderr) = (bash.stdout.take(), bash.stderr.take());
    let status = tokio::time::timeout(handler.timeout, async {
        let out = async {
            if let Some(pipe) = stdout {
                let _ = pipe.take(OUTPUT_LIMIT).read_to_end(&mut out).await;
            }
        };
        let err = async {
            if let Some(pipe) = stderr {
                let _ = pipe.take(OUTPUT_LIMIT).read_to_end(&mut err).await;
            }
        };
        tokio::join!(bash.wait(), out, err).0
    })
    .await;
    let exit_status = match status {
        Ok(status) => status?.code(),
        Err(_) => {
            kill(group).await;
            None
        }
    };
    out.extend(err);
    Ok((exit_status, String::from_utf8_lossy(&out).into_owned()))
}

/// Kills a process group; the standard library kills single processes only.
async fn kill(group: Option<u32>) {
    if let Some(group) = group {
        let killed =
            Command::new("kill").args(["-KILL", "--", &format!("-{group}")]).stderr(Stdio::null()).status().await;
        if let Err(error) = killed {
            tracing::warn!(%error, "an action that took too long could not be killed");
        }
    }
}

fn handlers(config: &Config) -> Vec<Handler> {
    let modes = config.modes("event-handler ");
    modes.filter_map(|(name, lines)| handler(name, &lines)).collect()
}

fn handler(name: &str, lines: &[(&str, &str)]) -> Option<Handler> {
    let has = |wanted: &str| lines.iter().any(|(line, _)| *line == wanted);
    let seconds = |prefix: &str, default: u64| {
        let given = lines.iter().find_map(|(line, _)| line.strip_prefix(prefix)?.parse().ok());
        Duration::from_secs(given.unwrap_or(default))
    };
    let script = lines.iter().find_map(|(line, body)| match line.strip_prefix("action bash")? {
        "" => Some((*body).to_owned()),
        script => Some(script.trim_start().to_owned()),
    });
    has("trigger on-startup-config").then_some(())?;
    Some(Handler {
        name: name.to_owned(),
        script: script?,
        delay: seconds("delay ", DELAY),
        timeout: seconds("timeout ", TIMEOUT),
        asynchronous: has("asynchronous"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(script: &str, timeout: u64) -> Handler {
        let timeout = Duration::from_secs(timeout);
        Handler { name: "x".into(), script: script.into(), delay: Duration::ZERO, timeout, asynchronous: true }
    }

    #[test]
    fn a_handler_is_read_with_its_defaults() {
        let lines = [("trigger on-startup-config", ""), ("action bash", "echo a\necho b\n")];
        let read = handler("x", &lines).unwrap();
        assert_eq!((read.script.as_str(), read.delay.as_secs(), read.timeout.as_secs()), ("echo a\necho b\n", 20, 10));
        assert_eq!(handler("x", &[("trigger on-boot", ""), ("action bash true", "")]), None);
        assert_eq!(handler("x", &[("trigger on-startup-config", "")]), None);
    }

    #[tokio::test]
    async fn bash_gets_the_configured_hostname_and_its_output_is_kept() {
        let (status, output) =
            run(&running("echo on $HOSTNAME; echo oops >&2; exit 3", 10), "leaf1", None).await.unwrap();
        assert_eq!((status, output.as_str()), (Some(3), "on leaf1\noops\n"));
    }

    #[tokio::test]
    async fn what_takes_too_long_is_killed_with_its_children() {
        let (status, output) = run(&running("echo started; sleep 600; echo ended", 1), "a", None).await.unwrap();
        assert_eq!((status, output.as_str()), (None, "started\n"));
    }
}
