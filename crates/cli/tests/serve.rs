//! `naas serve` as a process: a site folder in, configured switches out, and nothing lost when it is killed.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where an unwrap is the expectation")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use eos_sim::{Event, Faults, Fleet, Handle};
use futures::{StreamExt, stream};
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// A running `naas serve`; killed when dropped.
struct Naas {
    process: Child,
    url: String,
    client: Client,
}

impl Naas {
    fn serve(site: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_naas"))
            .args(["serve", "--listen", "127.0.0.1:0", "--confirm", "30", "--retry-pause", "1", "--site"])
            .arg(site)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let ready = lines.by_ref().map(Result::unwrap).find(|line| line.contains("naas is serving")).unwrap();
        // A full pipe would stop the process.
        std::thread::spawn(move || lines.for_each(drop));
        let url = ready.split("url=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        Self { process, url, client: Client::new() }
    }

    async fn call(&self, method: Method, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let response = self.client.request(method, format!("{}{path}", self.url)).body(body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// The report of a run, once it says this of enough of its devices.
    async fn report(&self, run: &Value, enough: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(90);
        loop {
            let (_, report) = self.call(Method::GET, &format!("/runs/{}", run.as_str().unwrap()), "").await;
            if enough(&report) {
                return report;
            }
            assert!(Instant::now() < deadline, "{report}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The outcome of the only device of a run, once there is one.
    async fn outcome(&self, run: &Value) -> Value {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let path = format!("/runs/{}/devices/leaf1", run.as_str().unwrap());
            let (_, outcome) = self.call(Method::GET, &path, "").await;
            if outcome["status"] != "pending" {
                return outcome;
            }
            assert!(Instant::now() < deadline, "no outcome within a minute");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Naas {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn switch() -> Handle {
    switches(1).await
}

/// `leaf1`, `leaf2`, …
async fn switches(count: usize) -> Handle {
    let devices: Vec<_> = (1..=count)
        .map(|number| json!({"name": format!("leaf{number}"), "username": "naas", "password": "pw"}))
        .collect();
    let fleet = Fleet::parse(&json!({"devices": devices}).to_string()).unwrap();
    eos_sim::start(fleet, "127.0.0.1:0".parse().unwrap()).await.unwrap()
}

fn site(fleet: &Handle) -> tempfile::TempDir {
    let site = tempfile::tempdir().unwrap();
    let host = |device: &eos_sim::DeviceHandle| {
        let port = device.address().port();
        json!({"hostname": "127.0.0.1", "port": port, "username": "naas", "password": "pw"})
    };
    let hosts: BTreeMap<_, _> = fleet.devices().map(|device| (device.spec().name.clone(), host(&device))).collect();
    let options = json!({"eapi": {"extras": {"transport": "http"}}});
    let inventory = json!({"hosts": hosts, "defaults": {"connection_options": options}});
    fs::write(site.path().join("inventory.json"), inventory.to_string()).unwrap();
    fs::create_dir(site.path().join("models")).unwrap();
    fs::write(site.path().join("models/m.yaml"), "{name: m, group: global, template: t.tera}").unwrap();
    let template = "hostname {{ host.name }}\nusername naas secret sha512 x\nalias FOO BAR\nmanagement api http-commands\n   protocol http\n   no shutdown\n";
    fs::write(site.path().join("models/t.tera"), template).unwrap();
    site
}

/// How often that happened on any of the switches.
fn count(fleet: &Handle, what: impl Fn(&Event) -> bool) -> usize {
    fleet.devices().flat_map(|device| device.journal()).filter(|entry| what(&entry.event)).count()
}

async fn until(what: &str, there: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !there() {
        assert!(Instant::now() < deadline, "waited a minute for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_site_folder_becomes_a_configured_switch() {
    let fleet = switch().await;
    let site = site(&fleet);
    let naas = Naas::serve(site.path());

    let (status, receipt) = naas.call(Method::POST, "/configure", r#"{"devices":["all"]}"#).await;
    let outcome = naas.outcome(&receipt["run"]).await;

    assert_eq!((status, &outcome["status"], &outcome["switch"]), (202, &json!("changed"), &json!("saved")));
    assert!(fleet.device("leaf1").unwrap().startup_config().contains("alias FOO BAR"));
}

#[tokio::test]
async fn what_was_accepted_survives_kill_9() {
    let fleet = switch().await;
    let site = site(&fleet);
    // Slow enough that the process dies while the switch is being worked on.
    fleet.device("leaf1").unwrap().set_faults(Faults { latency_ms: 3_000, ..Faults::default() });
    let naas = Naas::serve(site.path());
    let (_, receipt) = naas.call(Method::POST, "/configure", r#"{"devices":["leaf1"]}"#).await;
    drop(naas);
    fleet.device("leaf1").unwrap().set_faults(Faults::default());

    let outcome = Naas::serve(site.path()).outcome(&receipt["run"]).await;

    assert!(["changed", "in_sync"].contains(&outcome["status"].as_str().unwrap()), "{outcome}");
    assert!(fleet.device("leaf1").unwrap().running_config().contains("alias FOO BAR"));
}

#[tokio::test]
async fn a_push_whose_process_dies_between_commit_and_confirmation_is_finished_by_the_next() {
    let fleet = switch().await;
    let site = site(&fleet);
    let leaf = fleet.device("leaf1").unwrap();
    leaf.set_faults(Faults { latency_ms: 300, ..Faults::default() });
    let naas = Naas::serve(site.path());
    let (_, receipt) = naas.call(Method::POST, "/configure", r#"{"devices":["leaf1"]}"#).await;
    until("the commit", || count(&fleet, |event| matches!(event, Event::SessionCommitted { .. })) == 1).await;
    drop(naas);
    let confirmed_before = count(&fleet, |event| matches!(event, Event::SessionConfirmed { .. }));
    leaf.set_faults(Faults::default());

    let outcome = Naas::serve(site.path()).outcome(&receipt["run"]).await;

    assert_eq!((confirmed_before, &outcome["status"]), (0, &json!("changed")), "{outcome}");
    assert_eq!(count(&fleet, |event| matches!(event, Event::SessionCommitted { .. })), 1, "it is not pushed again");
    assert_eq!(count(&fleet, |event| matches!(event, Event::SessionConfirmed { .. })), 1);
    assert!(leaf.startup_config().contains("alias FOO BAR"));
    assert!(leaf.sessions().values().all(|state| *state == eos_sim::SessionState::Completed), "{:?}", leaf.sessions());
}

#[tokio::test]
async fn a_thousand_identical_webhooks_cost_one_push() {
    let fleet = switch().await;
    let site = site(&fleet);
    // The push takes some seconds, as it does on a switch; the webhooks come within one.
    fleet.device("leaf1").unwrap().set_faults(Faults { latency_ms: 2_000, ..Faults::default() });
    let naas = Naas::serve(site.path());
    let webhook = || async { naas.call(Method::POST, "/configure", r#"{"devices":["leaf1"]}"#).await.1["run"].clone() };

    let runs: Vec<_> = stream::iter(0..1_000).map(|_| webhook()).buffer_unordered(50).collect().await;
    let mut outcomes = BTreeMap::new();
    for run in &runs {
        let outcome = naas.outcome(run).await;
        *outcomes.entry(outcome["status"].as_str().unwrap().to_owned()).or_insert(0) += 1;
    }

    let opened = count(&fleet, |event| matches!(event, Event::SessionOpened { .. }));
    let saved = count(&fleet, |event| matches!(event, Event::Saved));
    assert_eq!((opened, saved), (1, 1), "one push, and no session for the check");
    // One waits while the push is made and checks after it; more checks only where a slow disk keeps requests back until then.
    let told = |status: &str| outcomes.get(status).copied().unwrap_or(0);
    assert_eq!((told("changed"), told("in_sync") + told("superseded")), (1, 999), "{outcomes:?}");
    assert!(told("in_sync") < 50, "{outcomes:?}");
}

#[tokio::test]
async fn a_switch_that_never_answers_slows_no_other() {
    let fleet = switches(20).await;
    let site = site(&fleet);
    // It takes the request and is silent: worse than one that refuses the connection.
    fleet.device("leaf7").unwrap().set_faults(Faults { latency_ms: 3_600_000, ..Faults::default() });
    let naas = Naas::serve(site.path());

    let (_, receipt) = naas.call(Method::POST, "/configure", r#"{"devices":["all"],"step":"max"}"#).await;
    let report = naas.report(&receipt["run"], |report| report["counts"]["changed"] == 19).await;

    assert_eq!((&report["status"], &report["devices"]["leaf7"]), (&json!("running"), &json!("pending")));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_a_missing_inventory_explained() {
    let fleet = switch().await;
    let site = site(&fleet);
    let naas = Naas::serve(site.path());

    let (too_large, _) = naas.call(Method::POST, "/configure", vec![b' '; 1_048_577]).await;
    fs::remove_file(site.path().join("inventory.json")).unwrap();
    let (missing, problem) = naas.call(Method::POST, "/configure", r#"{"devices":["all"]}"#).await;

    assert_eq!((too_large, missing), (413, 503));
    assert!(problem["detail"].as_str().unwrap().contains("inventory.yaml"), "{problem}");
}

#[tokio::test]
async fn one_process_serves_a_site() {
    let fleet = switch().await;
    let site = site(&fleet);
    let _naas = Naas::serve(site.path());

    let second = Command::new(env!("CARGO_BIN_EXE_naas"))
        .args(["serve", "--listen", "127.0.0.1:0", "--site"])
        .arg(site.path())
        .output()
        .unwrap();

    assert_eq!(second.status.code(), Some(1));
    let words = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(words.contains("another naas has it open"), "{words}");
}
