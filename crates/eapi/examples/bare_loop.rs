//! The floor that a push is measured against: what must be sent, by reqwest alone, with nothing
//! rendered, compared or recorded.
//!
//! ```console
//! $ cargo run --release -p eapi --example bare_loop -- INVENTORY CONFIGURATION apply|check
//! ```
//!
//! The inventory is Nornir's, as JSON. In the configuration `{name}` stands for the device's name.
//! `apply` sends three requests over two connections: session, lines and diff; commit timer;
//! confirmation and save. `check` sends one.

use std::error::Error;
use std::sync::Arc;
use std::{env, fs};

use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// As many devices at once as an enforcer works on in a slice.
const AT_ONCE: usize = 32;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [inventory, configuration, what] = arguments.as_slice() else {
        return Err("usage: bare_loop INVENTORY CONFIGURATION apply|check".into());
    };
    let inventory: Value = serde_json::from_slice(&fs::read(inventory)?)?;
    let (configuration, applies) = (Arc::new(fs::read_to_string(configuration)?), what == "apply");
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut devices = JoinSet::new();
    for (name, host) in inventory["hosts"].as_object().ok_or("expected `hosts` in the inventory")? {
        let switch = Switch::new(host, &inventory["defaults"])?;
        let (name, configuration, turns) = (name.clone(), Arc::clone(&configuration), Arc::clone(&turns));
        devices.spawn(async move {
            let _turn = turns.acquire_owned().await?;
            if applies { switch.replace(&configuration.replace("{name}", &name)).await } else { switch.look().await }
        });
    }
    while let Some(ended) = devices.join_next().await {
        ended??;
    }
    Ok(())
}

struct Switch {
    url: String,
    user: String,
    password: String,
}

impl Switch {
    fn new(host: &Value, defaults: &Value) -> Result<Self, Failure> {
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("expected a text in the inventory");
        let url = format!("https://{}:{}/command-api", text(&host["hostname"])?, host["port"]);
        Ok(Self { url, user: text(&defaults["username"])?, password: text(&defaults["password"])? })
    }

    async fn replace(&self, configuration: &str) -> Result<(), Failure> {
        let first = client()?;
        let lines = configuration.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('!'));
        // A switch takes a name once.
        let session = format!("configure session bare{}", std::process::id());
        let diffs = format!("show session-config named bare{} diffs", std::process::id());
        let (timer, confirm) = (format!("{session} commit timer 00:02:00"), format!("{session} commit"));
        let open = ["enable", &session, "rollback clean-config"];
        let close = ["end", &diffs];
        self.send(&first, open.into_iter().chain(lines).chain(close).collect()).await?;
        self.send(&first, vec!["enable", &timer]).await?;
        self.send(&client()?, vec!["enable", &confirm, "write memory", "show running-config digest"]).await
    }

    async fn look(&self) -> Result<(), Failure> {
        self.send(&client()?, vec!["enable", "show running-config digest"]).await
    }

    async fn send(&self, client: &reqwest::Client, commands: Vec<&str>) -> Result<(), Failure> {
        let params = json!({"version": 1, "cmds": commands, "format": "text"});
        let request = json!({"jsonrpc": "2.0", "method": "runCmds", "id": 1, "params": params});
        let sent = client.post(&self.url).basic_auth(&self.user, Some(&self.password)).json(&request);
        let answer: Value = sent.send().await?.json().await?;
        if answer["error"].is_null() { Ok(()) } else { Err(answer["error"].to_string().into()) }
    }
}

/// A connection of its own for whoever asks. Like naas's where an inventory says `verify:
/// insecure`.
fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder().no_proxy().http1_only().tls_danger_accept_invalid_certs(true).build()
}
