//! `naas serve` as a process: a site folder in, configured switches out, and nothing lost when it
//! is killed.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where an unwrap is the expectation")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use eos_sim::{Event, Faults, Fleet, Handle};
use futures::{StreamExt, stream};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

/// A running `naas serve`; killed when dropped.
struct Naas {
    process: Child,
    url: String,
    client: Client,
}

impl Naas {
    fn serve(site: &Path) -> Self {
        // So many open files are what a service gets by default.
        let mut process = Command::new("bash")
            .args(["-c", "ulimit -n 1024 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_naas")])
            .args(["serve", "--listen", "127.0.0.1:0", "--confirm", "30", "--retry-pause", "1", "--site"])
            .arg(site)
            .env("NO_COLOR", "1")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let ready = lines.by_ref().map(Result::unwrap).find(|line| line.contains("naas is serving")).unwrap();
        // A full pipe would stop the process.
        std::thread::spawn(move || lines.for_each(drop));
        let url = ready.split("url=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let header = fs::read_to_string(site.join(".naas/authorization")).unwrap();
        let (_, authorization) = header.trim().split_once(": ").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("authorization", authorization.parse().unwrap());
        headers.insert("content-type", "application/json".parse().unwrap());
        Self { process, url, client: Client::builder().default_headers(headers).build().unwrap() }
    }

    /// Asks as somebody without a token, with these headers.
    async fn stranger(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &'static str) -> u16 {
        let request = Client::new().request(method, format!("{}{path}", self.url)).body(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.send().await.unwrap().status().as_u16()
    }

    fn address(&self) -> SocketAddr {
        self.url.trim_start_matches("http://").parse().unwrap()
    }

    /// Sends SIGTERM, and waits for the end: its status, and how long it took.
    async fn terminate(&mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        let sent = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(sent.success());
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return (status.code(), began.elapsed());
            }
            assert!(began.elapsed() < Duration::from_secs(60), "still there a minute after SIGTERM");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
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
async fn a_commit_whose_process_died_is_confirmed_by_the_next() {
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
    // One waits while the push is made and checks after it; more checks only where a slow disk
    // keeps requests back until then.
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
async fn a_large_body_is_refused_and_a_missing_inventory_named() {
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

#[tokio::test]
async fn state_and_inventory_are_their_owners_alone() {
    let fleet = switch().await;
    let site = site(&fleet);
    fs::create_dir(site.path().join(".naas")).unwrap();
    for (path, mode) in [(".naas", 0o755), ("inventory.json", 0o644)] {
        fs::set_permissions(site.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    let _naas = Naas::serve(site.path());

    let mode = |path: &str| fs::metadata(site.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(".naas"), mode("inventory.json")), (0o700, 0o600));
    for file in ["state.redb", "serving", "authorization", "signing-keys.json"] {
        assert_eq!(mode(&format!(".naas/{file}")), 0o600, "{file}");
    }
}

#[tokio::test]
async fn strangers_and_foreign_pages_are_refused() {
    let fleet = switch().await;
    let site = site(&fleet);
    let naas = Naas::serve(site.path());
    let header = fs::read_to_string(site.path().join(".naas/authorization")).unwrap();
    let token = ("authorization", header.trim().split_once(": ").unwrap().1);
    let json = ("content-type", "application/json");
    let body = r#"{"devices":["all"]}"#;

    for (headers, refused) in [
        (vec![json], 401),
        (vec![json, ("authorization", "Bearer 0123456789")], 401),
        (vec![json, ("host", "evil.example.com")], 421),
        (vec![json, ("origin", "https://evil.example.com")], 403),
        (vec![token, ("content-type", "text/plain")], 415),
        (vec![token, ("content-type", "application/x-www-form-urlencoded")], 415),
        (vec![token], 415),
    ] {
        assert_eq!(naas.stranger(Method::POST, "/configure", &headers, body).await, refused, "{headers:?}");
    }
    assert_eq!(naas.stranger(Method::GET, "/runs", &[], "").await, 401);

    assert_eq!(naas.call(Method::GET, "/runs", "").await.1["runs"], json!([]));
    assert_eq!(count(&fleet, |_| true), 0, "no switch was asked for anything");
}

/// A token that the command mints in a site.
fn minted(site: &Path, options: &[&str]) -> String {
    let mut mint = Command::new(env!("CARGO_BIN_EXE_naas"));
    let minted = mint.args(["token", "mint"]).args(options).arg("--site").arg(site).output().unwrap();
    assert!(minted.status.success(), "{}", String::from_utf8_lossy(&minted.stderr));
    String::from_utf8(minted.stdout).unwrap().trim().to_owned()
}

/// Every route, with names in it that the site has or may have.
fn routes() -> Vec<(&'static str, String)> {
    let names = [
        ("{run}", "20261123-201530-000001"),
        ("{device}", "leaf1"),
        ("{hash}", "0123456789"),
        ("{tenant}", "red"),
        ("{port}", "Ethernet2"),
    ];
    let filled = |path: &str| names.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value));
    naas::api::ROUTES.iter().map(|route| (route.method, filled(route.path))).collect()
}

#[tokio::test]
async fn every_route_asks_who_the_caller_is() {
    let fleet = switch().await;
    let site = site(&fleet);
    let naas = Naas::serve(site.path());
    let stranger_site = tempfile::tempdir().unwrap();
    fs::create_dir(stranger_site.path().join("models")).unwrap();
    let stranger = minted(stranger_site.path(), &["eve", "--role", "admin"]);
    let owner = fs::read_to_string(site.path().join(".naas/authorization")).unwrap();
    let owner = owner.trim().split_once("Bearer ").unwrap().1;
    let (header, rest) = owner.split_once('.').unwrap();
    let (claims, _) = rest.split_once('.').unwrap();
    let callers = [
        (None, 401),
        (Some(String::new()), 401),
        (Some("Basic bmFhczpuYWFz".to_owned()), 401),
        (Some(format!("Bearer {stranger}")), 401),
        // The header {"alg":"none"}.
        (Some(format!("Bearer eyJhbGciOiJub25lIn0.{claims}.")), 401),
        (Some(format!("Bearer {header}.{claims}.")), 401),
        (Some(format!("Bearer {header}.{claims}.{}", "A".repeat(86))), 401),
    ];
    for (method, path) in routes().into_iter().chain([("GET", "/nowhere".to_owned())]) {
        for (authorization, expected) in &callers {
            let mut headers = vec![("content-type", "application/json")];
            headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
            let found = naas.stranger(method.parse().unwrap(), &path, &headers, r#"{"devices":["leaf1"]}"#).await;
            assert_eq!(found, *expected, "{method} {path} {authorization:?}");
        }
    }
}

#[tokio::test]
async fn every_route_asks_what_the_caller_may_do() {
    let fleet = switch().await;
    let site = site(&fleet);
    let naas = Naas::serve(site.path());
    let token = |options: &[&str]| format!("Bearer {}", minted(site.path(), options));
    let nobody = token(&["--tenant", "blue"]);
    let (other_device, viewer) = (token(&["--device", "leaf9"]), token(&["bob", "--role", "viewer"]));
    let elsewhere = token(&["ann", "--role", "operator", "--group", "elsewhere"]);
    let admin = token(&["ana", "--role", "admin"]);
    for (method, path) in routes().into_iter().filter(|(_, path)| !path.starts_with("/tenants")) {
        let ask = async |authorization: &str| {
            let headers = [("content-type", "application/json"), ("authorization", authorization)];
            naas.stranger(method.parse().unwrap(), &path, &headers, r#"{"devices":["leaf1"]}"#).await
        };
        assert_eq!(ask(&nobody).await, 403, "a tenant: {method} {path}");
        assert_eq!(ask(&other_device).await, 403, "another switch: {method} {path}");
        assert_eq!(ask(&viewer).await == 403, method == "POST", "a viewer: {method} {path}");
        let names_a_device = path.contains("leaf1") && !path.starts_with("/runs") || path == "/configure";
        let refused = names_a_device || path == "/redrive";
        assert_eq!(ask(&elsewhere).await == 403, refused, "an operator out of its groups: {method} {path}");
        assert!(!matches!(ask(&admin).await, 401 | 403), "an admin: {method} {path}");
    }
}

#[tokio::test]
async fn to_anybody_else_there_is_no_such_tenant() {
    let fleet = switch().await;
    let site = site(&fleet);
    let tenants = "template: port.tera\nidle_vlan: 999\ntenants: {red: {patch: [{device: [leaf1], ports: 2-3}], vlans: 110-119}}\n";
    fs::write(site.path().join("models/tenants.yaml"), tenants).unwrap();
    fs::write(site.path().join("models/port.tera"), "   switchport access vlan {{ model.vlan }}\n").unwrap();
    let naas = Naas::serve(site.path());
    let token = |options: &[&str]| format!("Bearer {}", minted(site.path(), options));
    let red = token(&["--tenant", "red"]);
    let others = [
        token(&["--tenant", "blue"]),
        token(&["--device", "leaf1"]),
        token(&["ann", "--role", "operator", "--group", "elsewhere"]),
    ];
    let ask = async |authorization: &str, method: &str, path: &str| {
        let headers = [("content-type", "application/json"), ("authorization", authorization)];
        let several = path.ends_with("/leaf1");
        let body = if several { r#"{"ports":"2","vlan":110}"# } else { r#"{"vlan":110}"# };
        naas.stranger(method.parse().unwrap(), path, &headers, body).await
    };

    assert_eq!(ask(&red, "GET", "/tenants/red/ports").await, 200);
    for (method, path) in routes().into_iter().filter(|(_, path)| path.starts_with("/tenants")) {
        for other in &others {
            assert_eq!(ask(other, method, &path).await, 404, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_switchs_token_reports_that_switch_and_no_more() {
    let fleet = switch().await;
    let site = site(&fleet);
    let naas = Naas::serve(site.path());
    let authorization = format!("Bearer {}", minted(site.path(), &["--device", "leaf1"]));
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];

    let report = naas.stranger(Method::POST, "/configure", &headers, r#"{"devices":["leaf1"]}"#).await;
    assert_eq!(report, 202);
    for beyond in [
        r#"{"devices":["all"]}"#,
        r#"{"devices":["leaf1"],"mode":"plan"}"#,
        r#"{"devices":["leaf1"],"step":"max"}"#,
        r#"{"devices":["leaf1"],"confirm":600}"#,
    ] {
        assert_eq!(naas.stranger(Method::POST, "/configure", &headers, beyond).await, 403, "{beyond}");
    }
    assert_eq!(naas.stranger(Method::GET, "/runs", &headers, "").await, 403);
}

#[tokio::test]
async fn a_token_is_placed_on_flash_and_not_in_the_configuration() {
    let fleet = switch().await;
    let site = site(&fleet);

    let mut place = Command::new(env!("CARGO_BIN_EXE_naas"));
    place.args(["token", "place", "--site"]).arg(site.path());
    let placed = tokio::task::spawn_blocking(move || place.output()).await.unwrap().unwrap();

    assert!(placed.status.success(), "{}", String::from_utf8_lossy(&placed.stderr));
    assert!(String::from_utf8_lossy(&placed.stdout).contains("leaf1: placed, valid until"));
    let copied = |event: &Event| matches!(event, Event::Copied { target, .. } if target == "flash:naas-authorization");
    assert_eq!(count(&fleet, copied), 1);
}

#[tokio::test]
async fn half_open_connections_delay_nobody() {
    rlimit::increase_nofile_limit(4_096).unwrap();
    let fleet = switch().await;
    let site = site(&fleet);
    let naas = Naas::serve(site.path());
    let mut half_open = Vec::new();
    for number in 0..1_200 {
        let mut stream = tokio::net::TcpStream::connect(naas.address()).await.unwrap();
        if number % 2 == 0 {
            let _ = stream.write_all(b"POST /configure HTTP/1.1\r\nHost: 127.0.0.1\r\n").await;
        }
        half_open.push(stream);
    }

    let began = Instant::now();
    let (status, _) = naas.call(Method::GET, "/runs", "").await;

    assert_eq!(status, 200);
    assert!(began.elapsed() < Duration::from_secs(2), "answered after {:?}", began.elapsed());
    drop(half_open);
}

#[tokio::test]
async fn sigterm_ends_serve_within_seconds_and_the_next_goes_on() {
    let fleet = switches(3).await;
    let site = site(&fleet);
    // One switch takes the request and never answers; the others are quick.
    fleet.device("leaf2").unwrap().set_faults(Faults { latency_ms: 3_600_000, ..Faults::default() });
    let mut naas = Naas::serve(site.path());
    // Half a request is under way, too.
    let mut half_open = tokio::net::TcpStream::connect(naas.address()).await.unwrap();
    half_open.write_all(b"POST /configure HTTP/1.1\r\n").await.unwrap();
    let (_, receipt) = naas.call(Method::POST, "/configure", r#"{"devices":["all"],"step":"max"}"#).await;
    naas.report(&receipt["run"], |report| report["counts"]["changed"] == 2).await;

    let (status, took) = naas.terminate().await;
    fleet.device("leaf2").unwrap().set_faults(Faults::default());
    let report = Naas::serve(site.path()).report(&receipt["run"], |report| report["status"] == "finished").await;

    assert_eq!(status, Some(0));
    assert!(took < Duration::from_secs(12), "ended after {took:?}");
    assert_eq!(report["counts"]["changed"], 3, "{report}");
}

#[tokio::test]
async fn sigterm_lets_a_push_that_is_under_way_finish() {
    let fleet = switch().await;
    let site = site(&fleet);
    fleet.device("leaf1").unwrap().set_faults(Faults { latency_ms: 300, ..Faults::default() });
    let mut naas = Naas::serve(site.path());
    let (_, receipt) = naas.call(Method::POST, "/configure", r#"{"devices":["leaf1"]}"#).await;
    until("a session", || count(&fleet, |event| matches!(event, Event::SessionOpened { .. })) == 1).await;

    let (status, _) = naas.terminate().await;
    let saved = count(&fleet, |event| matches!(event, Event::Saved));
    let outcome = Naas::serve(site.path()).outcome(&receipt["run"]).await;

    assert_eq!((status, saved, &outcome["status"]), (Some(0), 1, &json!("changed")), "{outcome}");
}
