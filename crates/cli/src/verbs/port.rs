//! `naas port`: the ports of a tenant: what it ordered beside what the switches run.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use crate::backend::{Backend, Target};
use crate::follow::follow;
use crate::screen::{self, Form, moment};
use crate::verbs::Ended;

/// The options of `naas port`.
#[derive(Debug, Args)]
pub(crate) struct Port {
    #[command(subcommand)]
    verb: PortVerb,
}

#[derive(Debug, Subcommand)]
enum PortVerb {
    /// Order a port, or several ports of a device as one
    Set(Set),
    /// Show what was ordered of a port beside what the switch runs
    Show(OnePort),
    /// List the ports that a tenant has
    List(List),
    /// Give a port back: it goes to the idle VLAN
    Clear(OnePort),
}

/// A port of a tenant.
#[derive(Debug, Args)]
struct OnePort {
    /// The device
    #[arg(value_name = "DEVICE")]
    device: String,
    /// The port, for example Ethernet3 or Ethernet3/1
    #[arg(value_name = "PORT")]
    port: String,
    /// The tenant
    #[arg(long, value_name = "TENANT", env = "NAAS_TENANT")]
    tenant: String,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
struct List {
    /// Only the ports of this device
    #[arg(value_name = "DEVICE")]
    device: Option<String>,
    /// The tenant
    #[arg(long, value_name = "TENANT", env = "NAAS_TENANT")]
    tenant: String,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
struct Set {
    /// The device
    #[arg(value_name = "DEVICE")]
    device: String,
    /// The ports: Ethernet3, or a list such as 1-4,7 or 3/1-4
    #[arg(value_name = "PORTS")]
    ports: String,
    /// The tenant
    #[arg(long, value_name = "TENANT", env = "NAAS_TENANT")]
    tenant: String,
    /// The VLAN of an access port
    #[arg(long, value_name = "VLAN", required_unless_present = "trunk", conflicts_with = "trunk")]
    vlan: Option<u16>,
    /// The VLANs of a trunk, for example 110-112
    #[arg(long, value_name = "VLANS")]
    trunk: Option<String>,
    /// The VLAN of a trunk whose frames are untagged
    #[arg(long, value_name = "VLAN", requires = "trunk")]
    native: Option<u16>,
    /// What the port is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Turn the port on; without it the port is shut down
    #[arg(long)]
    no_shutdown: bool,
    /// What spanning tree does with the port
    #[arg(long, value_enum, default_value = "portfast")]
    stp: Stp,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Stp {
    /// Forward at once: a host is behind the port
    Portfast,
    /// Listen and learn first: a switch is behind the port
    Normal,
}

impl Port {
    pub(crate) async fn run(self) -> anyhow::Result<Ended> {
        match self.verb {
            PortVerb::Set(set) => set.run().await,
            PortVerb::Show(port) => port.show().await,
            PortVerb::List(list) => list.run().await,
            PortVerb::Clear(port) => port.clear().await,
        }
    }
}

impl Set {
    async fn run(self) -> anyhow::Result<Ended> {
        let mut backend = self.target.open().await?;
        let path = format!("tenants/{}/ports/{}", self.tenant, self.device);
        let ordered = backend.call("PUT", &path, Some(self.body())).await?;
        bring(&mut backend, ordered, &self.target).await
    }

    fn body(&self) -> Value {
        let mut body = Map::new();
        let stp = match self.stp {
            Stp::Portfast => "portfast",
            Stp::Normal => "normal",
        };
        body.extend([("ports".to_owned(), json!(self.ports)), ("stp".to_owned(), json!(stp))]);
        body.insert("shutdown".to_owned(), json!(!self.no_shutdown));
        body.extend(self.vlan.map(|vlan| ("vlan".to_owned(), json!(vlan))));
        body.extend(self.trunk.as_ref().map(|trunk| ("trunk".to_owned(), json!(trunk))));
        body.extend(self.native.map(|native| ("native".to_owned(), json!(native))));
        body.extend(self.description.as_ref().map(|text| ("description".to_owned(), json!(text))));
        body.into()
    }
}

impl OnePort {
    fn path(&self) -> String {
        format!("tenants/{}/ports/{}/{}", self.tenant, self.device, self.port)
    }

    async fn show(self) -> anyhow::Result<Ended> {
        let port = self.target.open().await?.get(&self.path()).await?;
        print(json!({"tenant": self.tenant, "ports": [port]}), self.target.output);
        Ok(Ended::InSync)
    }

    async fn clear(self) -> anyhow::Result<Ended> {
        let mut backend = self.target.open().await?;
        let cleared = backend.call("DELETE", &self.path(), None).await?;
        bring(&mut backend, cleared, &self.target).await
    }
}

impl List {
    async fn run(self) -> anyhow::Result<Ended> {
        let device = self.device.iter().map(|device| format!("/{device}")).collect::<String>();
        let ports = self.target.open().await?.get(&format!("tenants/{}/ports{device}", self.tenant)).await?;
        print(ports, self.target.output);
        Ok(Ended::InSync)
    }
}

/// Waits until the run of an order has brought it to the switch, and prints the ports as they are then.
async fn bring(backend: &mut Backend, ordered: Value, target: &Target) -> anyhow::Result<Ended> {
    let mut ports = Vec::new();
    let tenant = ordered["tenant"].clone();
    for port in ordered["ports"].as_array().into_iter().flatten() {
        if let (Some("waiting"), Some(run)) = (port["status"].as_str(), port["run"].as_str()) {
            follow(backend, run).await?;
        }
        let text = |key: &str| port[key].as_str().unwrap_or_default();
        let path = format!("tenants/{}/ports/{}/{}", text_of(&tenant), text("device"), text("port"));
        ports.push(backend.get(&path).await?);
    }
    let failed = ports.iter().any(|port| !matches!(port["status"].as_str(), Some("applied" | "free")));
    print(json!({"tenant": tenant, "ports": ports}), target.output);
    Ok(if failed { Ended::Failed } else { Ended::InSync })
}

fn print(document: Value, form: Form) {
    if form == Form::Json {
        return screen::json(document);
    }
    let ports: Vec<_> = document["ports"].as_array().into_iter().flatten().collect();
    let row = |port: &&Value| {
        let applied_at = port["applied"]["at"].as_str().map(moment).unwrap_or_default();
        let status = text_of(&port["status"]);
        vec![
            text_of(&port["device"]),
            text_of(&port["port"]),
            words(&port["desired"]),
            status,
            words(&port["applied"]),
            applied_at,
        ]
    };
    let head = ["device", "port", "ordered", "status", "applied", "since"];
    screen::table(&head, &ports.iter().map(row).collect::<Vec<_>>());
    for port in &ports {
        if let Some(reason) = port["in_the_way"].as_str() {
            screen::sentence(&format!("\n{} {}: {reason}", text_of(&port["device"]), text_of(&port["port"])), 0);
        }
    }
    if ports.is_empty() {
        screen::line(format_args!("Tenant {} has no ports.", text_of(&document["tenant"])));
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// An intent in some words, such as `vlan 110, off, web 1`.
fn words(intent: &Value) -> String {
    let mut words = Vec::new();
    words.extend(intent["vlan"].as_u64().map(|vlan| format!("vlan {vlan}")));
    words.extend(intent["trunk"].as_str().map(|vlans| format!("trunk {vlans}")));
    words.extend(intent["native"].as_u64().map(|vlan| format!("native {vlan}")));
    words.extend(intent["shutdown"].as_bool().map(|off| if off { "off" } else { "on" }.to_owned()));
    words.extend(intent["description"].as_str().map(str::to_owned));
    words.join(", ")
}
