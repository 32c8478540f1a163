//! Ctrl-C while devices are worked on.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use eos_sim::Faults;

use crate::lab::{Lab, command};

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_apply_finishes_what_is_under_way_and_no_other_verb_goes_on_with_the_rest() {
    // Forty are under way at once, in four slices of ten by name; leaf8 and leaf9 are left for later.
    let lab = Lab::of(42).await;
    let names: Vec<_> = (1..=42).map(|number| format!("leaf{number}")).collect();
    for name in &names {
        lab.device(name).set_faults(Faults { latency_ms: 300, ..Faults::default() });
    }
    let mut apply = command(lab.path(), &["apply", "--all", "--yes"]);
    let apply = apply.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while lab.device("leaf1").sessions().is_empty() {
        assert!(Instant::now() < deadline, "nothing was begun within half a minute");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    assert!(Command::new("kill").args(["-INT", &apply.id().to_string()]).status().unwrap().success());
    let ended = tokio::task::spawn_blocking(|| apply.wait_with_output().unwrap()).await.unwrap();
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
