//! `eos-sim`: simulated EOS switches from a fleet file, until SIGTERM or SIGINT.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// Simulated Arista EOS switches that speak eAPI, on loopback addresses. Prints one line of JSON when they are ready.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Which devices, and how they are cabled (YAML)
    #[arg(long, value_name = "FILE")]
    fleet: PathBuf,
    /// Where journals can be read and faults set
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    control: SocketAddr,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let file = arguments.fleet.display();
    let yaml = std::fs::read_to_string(&arguments.fleet).with_context(|| format!("{file} cannot be read"))?;
    let fleet = eos_sim::Fleet::parse(&yaml).with_context(|| file.to_string())?;
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let handle = eos_sim::start(fleet, arguments.control).await?;
    announce(&handle);
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
    tracing::info!("ending");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the ready line is what this program is read for")]
fn announce(handle: &eos_sim::Handle) {
    let devices = handle.devices().map(|device| {
        let (spec, address) = (device.spec(), device.address());
        json!({
            "name": spec.name, "address": address.ip(), "port": address.port(),
            "username": spec.username, "password": spec.password.expose_secret(),
        })
    });
    let devices: Vec<_> = devices.collect();
    println!("{}", json!({"devices": devices, "control": format!("http://{}", handle.control())}));
}
