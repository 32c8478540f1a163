//! What somebody sees in a terminal of 80 columns: colours, wrapped sentences, a progress bar, a
//! question.

use std::io::{Read, Write};

use insta::assert_snapshot;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::lab::{Lab, program, snapshot};

/// Everything that `naas` writes to a terminal in which `typed` is typed, control sequences
/// included.
fn in_terminal(lab: &Lab, arguments: &[&str], typed: &str, environment: &[(&str, &str)]) -> (u32, String) {
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(program());
    command.args(arguments);
    command.cwd(lab.path());
    command.env("TERM", "xterm-256color");
    for name in ["NO_COLOR", "RUST_LOG", "NAAS_API", "CI"] {
        command.env_remove(name);
    }
    for (name, value) in environment {
        command.env(name, value);
    }
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    pair.master.take_writer().unwrap().write_all(typed.as_bytes()).unwrap();
    let mut seen = Vec::new();
    // Linux ends a terminal whose last program is gone with an error.
    let _ = reader.read_to_end(&mut seen);
    (child.wait().unwrap().exit_code(), String::from_utf8_lossy(&seen).into_owned())
}

/// Without the progress bar, whose speed nobody knows, and with control sequences that can be read.
fn readable(seen: &str) -> String {
    let lines = seen.replace("\r\n", "\n");
    let lines = lines.lines().map(|line| line.rsplit("\u{1b}[2K").next().unwrap_or(line).trim_start_matches('\r'));
    lines.collect::<Vec<_>>().join("\n").replace('\u{1b}', "␛")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_gets_colours_wrapped_sentences_and_a_progress_bar() {
    let lab = Lab::of(2).await;
    lab.device("leaf2").set_faults(eos_sim::Faults { latency_ms: 400, ..Default::default() });
    lab.write("models/leaves/ports-of-leaf1.yaml", "{name: ports, device: leaf1, template: templates/missing.tera}");

    let (status, seen) = in_terminal(&lab, &["plan"], "", &[]);

    assert_eq!(status, 1, "{seen}");
    assert!(seen.contains("/2 devices"), "{seen:?}");
    snapshot(|| assert_snapshot!("plan_in_a_terminal", readable(&seen)));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_color_is_honoured() {
    let lab = Lab::of(1).await;

    let (_, seen) = in_terminal(&lab, &["plan"], "", &[("NO_COLOR", "1")]);

    assert!(!readable(&seen).contains("␛[3"), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_shows_a_plan_and_takes_nothing_but_yes_for_one() {
    let lab = Lab::of(1).await;

    let (refused, seen) = in_terminal(&lab, &["apply", "--all"], "\n", &[]);
    let untouched = lab.device("leaf1").startup_config();
    let (agreed, _) = in_terminal(&lab, &["apply", "--all"], "y\n", &[]);

    assert!(seen.contains("Apply these changes? [y/N]") && seen.contains("Nothing was applied."), "{seen}");
    assert_eq!((refused, agreed), (2, 0));
    assert!(!untouched.contains("alias FOO"), "{untouched}");
    assert!(lab.device("leaf1").startup_config().contains("alias FOO BAR"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_fails_where_its_plan_has_failed() {
    let lab = Lab::of(2).await;
    lab.device("leaf2").reboot(std::time::Duration::from_secs(600));

    let (status, seen) = in_terminal(&lab, &["apply", "--all"], "y\n", &[]);

    assert_eq!(status, 1, "{seen}");
    assert!(seen.contains("1 device failed in the plan and got nothing"), "{seen}");
    assert!(lab.device("leaf1").startup_config().contains("alias FOO BAR"));
}
