//! A command that is ended while devices are worked on: by Ctrl-C, SIGTERM or `kill -9`.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use eos_sim::Faults;

use crate::lab::{Lab, command};

/// Starts a command in the site folder.
fn start(lab: &Lab, arguments: &[&str]) -> Child {
    let mut naas = command(lab.path(), arguments);
    naas.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Sends a signal, and waits for the end.
async fn end(naas: Child, signal: &str) -> Output {
    assert!(Command::new("kill").args([signal, &naas.id().to_string()]).status().unwrap().success());
    tokio::task::spawn_blocking(|| naas.wait_with_output().unwrap()).await.unwrap()
}

/// Makes every answer of these switches slow.
fn slow(lab: &Lab, devices: &[&str], latency_ms: u64) {
    for device in devices {
        lab.device(device).set_faults(Faults { latency_ms, ..Faults::default() });
    }
}

async fn until(what: &str, there: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !there() {
        assert!(Instant::now() < deadline, "waited half a minute for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_finishes_what_is_under_way_and_leaves_the_rest() {
    // Forty are under way at once, in four slices of ten by name; leaf8 and leaf9 are left for
    // later.
    let lab = Lab::of(42).await;
    let names: Vec<_> = (1..=42).map(|number| format!("leaf{number}")).collect();
    slow(&lab, &names.iter().map(String::as_str).collect::<Vec<_>>(), 300);
    let apply = start(&lab, &["apply", "--all", "--yes"]);
    until("the first session", || !lab.device("leaf1").sessions().is_empty()).await;

    let ended = end(apply, "-INT").await;
    let planned = lab.naas(&["plan", "leaf9"]);

    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert_eq!((ended.status.code(), planned.status), (Some(1), 2), "{out} {err} {planned:?}");
    assert!(
        err.contains("interrupted; what is under way is finished first") && err.contains("2 devices of run"),
        "{err}"
    );
    assert!(out.contains("Apply: 40 changed, 2 without outcome."), "{out}");
    assert!(lab.device("leaf1").startup_config().contains("alias FOO BAR"));
    assert!(!lab.device("leaf9").running_config().contains("alias FOO"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_apply_within_seconds() {
    let lab = Lab::of(2).await;
    slow(&lab, &["leaf2"], 3_600_000);
    let apply = start(&lab, &["apply", "--all", "--yes"]);
    until("leaf1 to be saved", || lab.device("leaf1").startup_config().contains("alias FOO BAR")).await;

    let began = Instant::now();
    let ended = end(apply, "-TERM").await;
    let took = began.elapsed();
    slow(&lab, &["leaf2"], 0);
    let again = lab.naas(&["apply", "leaf2", "--yes"]);

    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert_eq!((ended.status.code(), again.status), (Some(1), 0), "{out} {err} {again:?}");
    assert!(took < Duration::from_secs(12), "ended after {took:?}");
    assert!(err.contains("1 device of run"), "{err}");
    assert!(lab.device("leaf2").startup_config().contains("alias FOO BAR"));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_in_a_push_the_next_apply_works() {
    let lab = Lab::of(1).await;
    slow(&lab, &["leaf1"], 500);
    let apply = start(&lab, &["apply", "leaf1", "--yes"]);
    until("a session", || !lab.device("leaf1").sessions().is_empty()).await;

    end(apply, "-KILL").await;
    slow(&lab, &["leaf1"], 0);
    let next = lab.naas(&["apply", "leaf1", "--yes"]);

    assert_eq!(next.status, 0, "{next:?}");
    assert!(lab.device("leaf1").startup_config().contains("alias FOO BAR"));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_of_a_waiting_apply_the_next_works() {
    let lab = Lab::of(1).await;
    assert_eq!(lab.naas(&["apply", "leaf1", "--yes"]).status, 0);
    // Another one waits for some seconds, since the same was just done; it dies waiting.
    let waiting = start(&lab, &["apply", "leaf1", "--yes"]);
    tokio::time::sleep(Duration::from_millis(700)).await;
    end(waiting, "-KILL").await;
    lab.write("models/m.yaml", "{name: m, group: global, template: t.tera, data: {foo: BAZ}}");

    let next = lab.naas(&["apply", "leaf1", "--yes"]);

    assert_eq!(next.status, 0, "{next:?}");
    assert!(lab.device("leaf1").startup_config().contains("alias FOO BAZ"));
}
