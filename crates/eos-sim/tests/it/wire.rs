//! A device over real HTTP: the wire, configuration sessions, event-handlers, cables and faults.

use std::time::Duration;

use crate::support::{ask, error, events, fleet, text};
use eos_sim::Faults;
use serde_json::{Value, json};

const PAIR: &str = "
devices:
  - {name: a, username: admin, password: admin}
  - {name: b, username: admin, password: admin, allow_bash: true}
links: [['a:Ethernet1', 'b:Ethernet2']]";

#[tokio::test]
async fn a_wrong_password_is_refused_in_plain_text() {
    let handle = fleet(PAIR).await;
    let device = handle.device("a").unwrap();
    let url = format!("http://{}/command-api", device.address());

    let answer = reqwest::Client::new().post(&url).basic_auth("admin", Some("wrong")).body("{}").send().await.unwrap();

    assert_eq!(answer.status(), 401);
    assert_eq!(answer.text().await.unwrap(), "Unable to authenticate user: Bad username/password combination");
    assert_eq!(events(&device), ["login_refused"]);
    assert_eq!(reqwest::Client::new().head(&url).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_refused_command_is_counted_with_enable() {
    let handle = fleet(PAIR).await;
    let device = handle.device("a").unwrap();

    let answer = ask(&device, json!(["enable", "show hostname", "bogus", "show version"]), "json").await.unwrap();

    assert_eq!(answer["id"], "x");
    assert_eq!(answer["error"]["code"], 1002);
    assert_eq!(answer["error"]["message"], "CLI command 3 of 4 'bogus' failed: invalid command");
    let data = answer["error"]["data"].as_array().unwrap();
    assert_eq!((data.len(), &data[1]["hostname"]), (3, &json!("a")));
    assert_eq!(data[2]["errors"], json!(["Invalid input (at token 0: 'bogus')"]));
}

#[tokio::test]
async fn bodies_that_are_no_request_are_answered() {
    let handle = fleet(PAIR).await;
    let url = format!("http://{}/command-api", handle.device("a").unwrap().address());
    let send = |body: Vec<u8>| reqwest::Client::new().post(&url).basic_auth("admin", Some("admin")).body(body).send();

    let malformed: Value = send(b"{\xff".to_vec()).await.unwrap().json().await.unwrap();
    assert_eq!(malformed["error"]["code"], -32700);
    // The device may end the connection before it has read everything.
    if let Ok(answer) = send(vec![b' '; 65 * 1024 * 1024]).await {
        assert_eq!(answer.status(), 413);
    }
}

#[tokio::test]
async fn a_link_is_seen_while_neither_end_is_shut_down() {
    let handle = fleet(PAIR).await;
    let (a, b) = (handle.device("a").unwrap(), handle.device("b").unwrap());
    let seen = text(&a, json!(["show lldp neighbors"])).await;
    assert!(seen.lines().any(|line| line.split_whitespace().eq(["Et1", "b", "Ethernet2", "120"])), "{seen}");

    text(&b, json!(["enable", "configure", "interface Ethernet2", "shutdown"])).await;

    assert!(!text(&a, json!(["show lldp neighbors"])).await.contains("Et1 "));
}

#[tokio::test]
async fn a_save_starts_the_action_where_bash_is_allowed() {
    let handle = fleet(PAIR).await;
    let body = json!({"cmd": "action bash", "input": "echo from $HOSTNAME\n"});
    let cmds = json!([
        "enable",
        "configure",
        "event-handler h",
        "trigger on-startup-config",
        body,
        "delay 0",
        "asynchronous",
        "write memory"
    ]);
    let (a, b) = (handle.device("a").unwrap(), handle.device("b").unwrap());

    text(&a, cmds.clone()).await;
    text(&b, cmds).await;

    assert!(events(&a).contains(&"action_not_run".to_owned()));
    let ended = async {
        loop {
            let journal = serde_json::to_value(b.journal()).unwrap();
            if let Some(end) = journal.as_array().unwrap().iter().find(|entry| entry["event"] == "action_ended") {
                return end.clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap();
    assert_eq!(
        (&ended["handler"], &ended["exit_status"], &ended["output"]),
        (&json!("h"), &json!(0), &json!("from b\n"))
    );
}

#[tokio::test]
async fn a_script_finds_flash_and_fast_cli() {
    let handle = fleet(PAIR).await;
    let device = handle.device("b").unwrap();
    let script = "FastCli -p 15 -c 'show hostname' | head -1\ncat /mnt/flash/x\ngrep -c '^hostname' /mnt/flash/startup-config\n\
                  echo made > /mnt/flash/y\nFastCli -p 15 -c $'configure\nalias z show clock'\nFastCli -p 15 -c nonsense\n";
    let copy = json!({"cmd": "copy terminal: flash:x", "input": "kept\n"});
    let body = json!({"cmd": "action bash", "input": script});
    let event_handler = ["event-handler h", "trigger on-startup-config"];
    let cmds =
        json!(["enable", copy, "configure", event_handler[0], event_handler[1], body, "delay 0", "write memory"]);

    text(&device, cmds).await;

    let ended = async {
        while !events(&device).contains(&"action_ended".to_owned()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        serde_json::to_value(device.journal().last().unwrap()).unwrap()
    };
    let ended = tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap();
    let expected = "Hostname: b\nkept\n1\n% Invalid input (at token 0: 'nonsense')\n";
    assert_eq!(ended["output"], expected);
    assert!(device.running_config().contains("alias z show clock\n"));
    assert_eq!(text(&device, json!(["enable", "more flash:y"])).await, "made\n");
}

#[tokio::test]
async fn traffic_of_all_devices_is_counted() {
    let handle =
        fleet("devices: [{name: a, username: u, password: p}, {name: b, username: u, password: p, tls: modern}]").await;
    let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).build().unwrap();
    for (name, scheme) in [("a", "http"), ("b", "https")] {
        let url = format!("{scheme}://{}/command-api", handle.device(name).unwrap().address());
        for _ in 0..2 {
            client.head(&url).send().await.unwrap();
        }
    }

    let url = format!("http://{}/traffic", handle.control());
    let traffic: Value = client.get(url).send().await.unwrap().json().await.unwrap();

    assert_eq!(traffic, json!({"connections": 2, "handshakes": 1, "requests": 4}));
}

#[tokio::test]
async fn faults_are_set_and_cleared_over_the_control_face() {
    let handle = fleet(PAIR).await;
    let device = handle.device("a").unwrap();
    let faults = format!("http://{}/devices/a/faults", handle.control());
    let http = reqwest::Client::new();
    assert_eq!(http.post(&faults).json(&json!({"down": true})).send().await.unwrap().status(), 204);
    assert!(ask(&device, json!(["show version"]), "json").await.is_err());
    assert_eq!(http.delete(&faults).send().await.unwrap().status(), 204);
    assert!(ask(&device, json!(["show version"]), "json").await.is_ok());
    assert_eq!(http.post(&faults).body(r#"{"colour": 1}"#).send().await.unwrap().status(), 400);

    device.set_faults(Faults { refuse_lines: vec!["vlan 66".into()], ..Faults::default() });
    let answer = ask(&device, json!(["enable", "configure", "vlan 66"]), "json").await.unwrap();
    assert_eq!(answer["error"]["code"], 1002);

    device.set_faults(Faults { drop_reply_of: Some("write memory".into()), ..Faults::default() });
    assert!(ask(&device, json!(["enable", "write memory"]), "json").await.is_err());
    let journal: Value =
        http.get(format!("http://{}/devices/a/journal", handle.control())).send().await.unwrap().json().await.unwrap();
    assert_eq!(journal[0]["event"], "saved");
}

#[tokio::test]
async fn a_device_whose_configuration_has_no_eapi_answers_no_more() {
    let handle = fleet(PAIR).await;
    let device = handle.device("a").unwrap();

    let cut_off = json!(["enable", "configure session s", "rollback clean-config", "hostname z", "commit"]);
    assert!(ask(&device, cut_off, "json").await.is_err(), "the answer to the commit is lost, too");

    assert!(device.running_config().contains("hostname z"));
    assert!(ask(&device, json!(["show version"]), "json").await.is_err());
}

#[tokio::test]
async fn a_login_gives_a_cookie_that_runs_out() {
    let handle = fleet(PAIR).await;
    let device = handle.device("a").unwrap();
    let http = reqwest::Client::new();
    let url = |path: &str| format!("http://{}{path}", device.address());
    let log_in =
        |password: &str| http.post(url("/login")).json(&json!({"username": "admin", "password": password})).send();
    assert_eq!(log_in("wrong").await.unwrap().status(), 401);
    let welcome = log_in("admin").await.unwrap();
    let cookie = welcome.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let body =
        json!({"jsonrpc": "2.0", "method": "runCmds", "params": {"version": 1, "cmds": ["show version"]}, "id": 1});
    let asked = async || {
        http.post(url("/command-api")).header("cookie", &cookie).json(&body).send().await.unwrap().status().as_u16()
    };

    assert_eq!(asked().await, 200);
    device.advance(Duration::from_secs(1439 * 60));
    assert_eq!(asked().await, 200);
    device.advance(Duration::from_secs(60));
    assert_eq!(asked().await, 401);

    let welcome = log_in("admin").await.unwrap();
    let cookie = welcome.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    http.post(url("/logout")).header("cookie", &cookie).send().await.unwrap();
    let again = http.post(url("/command-api")).header("cookie", &cookie).json(&body).send().await.unwrap();
    assert_eq!(again.status(), 401);
}

#[tokio::test]
async fn enable_asks_for_its_password() {
    let handle = fleet("devices: [{name: a, username: admin, password: admin, enable_password: more}]").await;
    let device = handle.device("a").unwrap();

    let refused = error(&device, json!(["enable", "show running-config"])).await;
    assert_eq!((&refused["code"], &refused["data"][0]["errors"][0]), (&json!(1005), &json!("Bad secret")));
    let shown = text(&device, json!([{"cmd": "enable", "input": "more"}, "show running-config"])).await;
    assert!(shown.starts_with("! Command: show running-config\n! device: a "), "{shown}");
    let unprivileged = error(&device, json!(["show running-config"])).await;
    assert!(unprivileged.to_string().contains("privileged mode required"));
}

#[tokio::test]
async fn abbreviations_and_aliases_are_taken_when_they_are_asked_for() {
    let handle = fleet(PAIR).await;
    let device = handle.device("a").unwrap();
    text(&device, json!(["enable", "configure", "alias sv show hostname"])).await;
    let ask = async |options: Value| {
        let mut params = json!({"version": 1, "cmds": ["enable", "sh ver", "sv"], "format": "json"});
        params.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        let body = json!({"jsonrpc": "2.0", "method": "runCmds", "params": params, "id": 1});
        let url = format!("http://{}/command-api", device.address());
        let http = reqwest::Client::new().post(url).basic_auth("admin", Some("admin")).json(&body);
        http.send().await.unwrap().json::<Value>().await.unwrap()
    };

    let plain = ask(json!({})).await;
    assert_eq!(plain["error"]["data"][1]["errors"][0], "Incomplete token (at token 0: 'sh')");
    let all = ask(json!({"stopOnError": false})).await;
    assert_eq!((all["error"]["code"].as_i64(), all["error"]["data"].as_array().unwrap().len()), (Some(1002), 3));
    let meant = ask(json!({"autoComplete": true, "expandAliases": true, "timestamps": true})).await;
    assert_eq!((&meant["result"][1]["version"], &meant["result"][2]["hostname"]), (&json!("4.32.0F"), &json!("a")));
    assert!(meant["result"][1]["_meta"]["execDuration"].as_f64().unwrap() >= 0.0);
}

#[tokio::test]
async fn https_has_a_certificate_that_is_its_own_authority() {
    let handle = fleet("devices: [{name: a, username: admin, password: admin, tls: modern}]").await;
    let device = handle.device("a").unwrap();
    let url = format!("https://{}/command-api", device.address());
    let authority = reqwest::Certificate::from_pem(handle.certificate().unwrap().as_bytes()).unwrap();

    // What rustls thinks of such a leaf is one of the reasons to imitate it.
    let trusting = reqwest::Client::builder().tls_certs_only([authority]).build().unwrap();
    let refused = trusting.head(&url).send().await.unwrap_err();
    let anyone = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).build().unwrap();

    assert!(format!("{refused:?}").contains("CaUsedAsEndEntity"), "{refused:?}");
    assert_eq!(anyone.head(&url).send().await.unwrap().status(), 200);
}

#[cfg(feature = "legacy-tls")]
#[tokio::test]
async fn the_old_suites_are_refused_by_rustls_and_spoken_by_openssl() {
    use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
    let handle = fleet("devices: [{name: a, username: admin, password: admin, tls: legacy}]").await;
    let device = handle.device("a").unwrap();

    let anyone = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).build().unwrap();
    let refused = anyone.head(format!("https://{}/command-api", device.address())).send().await.unwrap_err();
    assert!(refused.is_connect(), "{refused:?}");

    for suite in ["AES256-SHA", "DHE-RSA-AES256-SHA", "AES128-SHA", "DHE-RSA-AES128-SHA"] {
        let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
        connector.set_verify(SslVerifyMode::NONE);
        connector.set_cipher_list(&format!("{suite}:@SECLEVEL=0")).unwrap();
        let ssl = connector.build().configure().unwrap().into_ssl("a").unwrap();
        let stream = tokio::net::TcpStream::connect(device.address()).await.unwrap();
        let mut stream = tokio_openssl::SslStream::new(ssl, stream).unwrap();
        std::pin::Pin::new(&mut stream).connect().await.unwrap();
        assert_eq!(stream.ssl().current_cipher().unwrap().name(), suite);
    }
}

#[tokio::test]
async fn what_fails_is_told_apart_from_what_is_lost() {
    let handle = fleet(PAIR).await;
    let device = handle.device("a").unwrap();
    let save = json!(["enable", "write memory"]);

    device.set_faults(Faults { drop_request_of: Some("write".into()), ..Faults::default() });
    assert!(ask(&device, save.clone(), "text").await.is_err());
    assert_eq!(events(&device), [""; 0], "the request was dropped before it was run");

    device.set_faults(Faults { disk_full: true, ..Faults::default() });
    let full = error(&device, save.clone()).await;
    assert_eq!(full["code"], 1000);
    assert!(full.to_string().contains("No space left on device"), "{full}");
    assert_eq!(events(&device), ["save_failed"]);

    device.set_faults(Faults { deny_commands: vec!["write".into()], ..Faults::default() });
    assert_eq!(error(&device, save.clone()).await["code"], 1005);

    device.set_faults(Faults { refuse_login: true, ..Faults::default() });
    assert!(ask(&device, save, "json").await.is_err(), "401 has no JSON");
}

#[tokio::test]
async fn requests_wait_for_each_other_in_the_order_they_came() {
    let handle = fleet(PAIR).await;
    let device = handle.device("a").unwrap();
    device.set_faults(Faults { command_latency_us: 20_000, ..Faults::default() });
    let line = |number: usize| json!(["enable", "configure", format!("alias a{number} show clock"), "show aliases"]);

    let (first, second) = tokio::join!(text(&device, line(1)), async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        text(&device, line(2)).await
    });

    assert!(first.contains("a1") && !first.contains("a2"), "{first}");
    assert!(second.contains("a1") && second.contains("a2"), "{second}");
}

#[tokio::test]
async fn a_reload_forgets_what_was_not_saved_over_the_control_face() {
    let handle = fleet(PAIR).await;
    let device = handle.device("a").unwrap();
    text(&device, json!(["enable", "configure", "hostname unsaved"])).await;
    let http = reqwest::Client::new();
    let post =
        |path: &str, body: Value| http.post(format!("http://{}/devices/a/{path}", handle.control())).json(&body).send();

    assert_eq!(post("reboot", json!({"down_s": 60})).await.unwrap().status(), 204);
    assert!(ask(&device, json!(["show hostname"]), "json").await.is_err());
    assert_eq!(post("clock", json!({"advance_s": 60})).await.unwrap().status(), 204);
    assert_eq!(ask(&device, json!(["show hostname"]), "json").await.unwrap()["result"][0]["hostname"], "a");

    assert_eq!(post("clock", json!({"advance_s": -1})).await.unwrap().status(), 400);
    assert_eq!(post("sessions", json!({"prefix": "ansible_", "count": 6})).await.unwrap().status(), 400);
    assert_eq!(device.sessions().len(), 5);
    let shown = http.get(format!("http://{}/devices/a/running-config", handle.control())).send().await.unwrap();
    assert_eq!(shown.text().await.unwrap(), device.running_config());
}

#[tokio::test]
async fn web_pages_reach_neither_the_control_face_nor_bash() {
    let handle = fleet("devices: [{name: a, username: admin, password: admin, allow_bash: true}]").await;
    let device = handle.device("a").unwrap();
    let control = format!("http://{}/devices/a/reboot", handle.control());
    let eapi = format!("http://{}/command-api", device.address());
    let body =
        json!({"jsonrpc": "2.0", "method": "runCmds", "id": 1, "params": {"version": 1, "cmds": ["show version"]}});

    for (name, value, expected) in
        [("origin", "https://evil.example.com", 403), ("host", "evil.example.com", 403), ("accept", "*/*", 200)]
    {
        let asked = reqwest::Client::new().post(&eapi).basic_auth("admin", Some("admin")).json(&body);
        let status = asked.header(name, value).send().await.unwrap().status().as_u16();
        let broken = reqwest::Client::new().post(&control).header(name, value).send().await.unwrap().status().as_u16();

        assert_eq!((status, broken == 403), (expected, expected == 403), "{name}: {value}");
    }
}
