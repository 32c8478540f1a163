//! `naas serve` as a process: a site folder in, configured switches out, and nothing lost when it is killed.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where an unwrap is the expectation")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use eos_sim::{Faults, Fleet, Handle};
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// A running `naas serve`; killed when dropped.
struct Naas {
    process: Child,
    url: String,
}

impl Naas {
    fn serve(site: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_naas"))
            .args(["serve", "--listen", "127.0.0.1:0", "--site"])
            .arg(site)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let ready = lines.by_ref().map(Result::unwrap).find(|line| line.contains("naas is serving")).unwrap();
        // A full pipe would stop the process.
        std::thread::spawn(move || lines.for_each(drop));
        let url = ready.split("url=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        Self { process, url }
    }

    async fn call(&self, method: Method, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let response = Client::new().request(method, format!("{}{path}", self.url)).body(body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
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
    let fleet = Fleet::parse("devices: [{name: leaf1, username: naas, password: pw}]").unwrap();
    eos_sim::start(fleet, "127.0.0.1:0".parse().unwrap()).await.unwrap()
}

fn site(fleet: &Handle) -> tempfile::TempDir {
    let site = tempfile::tempdir().unwrap();
    let port = fleet.device("leaf1").unwrap().address().port();
    let host = json!({"hostname": "127.0.0.1", "port": port, "username": "naas", "password": "pw"});
    let options = json!({"eapi": {"extras": {"transport": "http"}}});
    let inventory = json!({"hosts": {"leaf1": host}, "defaults": {"connection_options": options}});
    fs::write(site.path().join("inventory.json"), inventory.to_string()).unwrap();
    fs::create_dir(site.path().join("models")).unwrap();
    fs::write(site.path().join("models/m.yaml"), "{name: m, group: global, template: t.tera}").unwrap();
    let template = "hostname {{ host.name }}\nusername naas secret sha512 x\nalias FOO BAR\nmanagement api http-commands\n   protocol http\n   no shutdown\n";
    fs::write(site.path().join("models/t.tera"), template).unwrap();
    site
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
