//! `eos-sim`: simulated EOS switches, from a fleet file or many alike, until SIGTERM or SIGINT.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{ArgGroup, Parser, ValueEnum};
use eos_sim::{DeviceSpec, Fleet, Tls};
use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// Simulated Arista EOS switches that speak eAPI, on loopback addresses. Prints one line of JSON
/// when they are ready.
#[derive(Debug, Parser)]
#[command(version, group = ArgGroup::new("which").required(true).args(["fleet", "devices"]))]
struct Arguments {
    /// Which devices, and how they are cabled (YAML)
    #[arg(long, value_name = "FILE")]
    fleet: Option<PathBuf>,
    /// That many devices alike, named device1, device2, …
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    devices: Option<u32>,
    #[command(flatten)]
    alike: Alike,
    /// Where journals can be read and faults set
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    control: SocketAddr,
}

/// What the devices of `--devices` are like.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "With --devices")]
struct Alike {
    /// Their address; a network such as 127.1.0.0/16 gives each an address of its own
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", value_parser = network, conflicts_with = "fleet")]
    listen: IpNet,
    /// The first one's port, or everyone's where each has its own address; 0 is any free one
    #[arg(long, value_name = "PORT", default_value_t = 0, conflicts_with = "fleet")]
    port_base: u16,
    /// Plain HTTP, which is the default
    #[arg(long, conflicts_with_all = ["fleet", "tls"])]
    http: bool,
    /// HTTPS
    #[arg(long, value_name = "PROFILE", conflicts_with = "fleet")]
    tls: Option<Profile>,
    /// The EOS release
    #[arg(long, value_name = "RELEASE", default_value = "4.32.0F", conflicts_with = "fleet")]
    eos: String,
    /// Who may log in
    #[arg(long, value_name = "NAME", default_value = "admin", conflicts_with = "fleet")]
    user: String,
    /// With what password
    #[arg(
        long,
        value_name = "PASSWORD",
        default_value = "admin",
        hide_default_value = false,
        conflicts_with = "fleet"
    )]
    password: SecretString,
    /// What they start with, in which `{name}` stands for the device's name
    #[arg(long, value_name = "FILE", conflicts_with = "fleet")]
    startup_config: Option<PathBuf>,
    /// Take commands that the grammar does not know
    #[arg(long, conflicts_with = "fleet")]
    lenient: bool,
    /// Show the lines that a device of the release shows although nobody entered them
    #[arg(long, conflicts_with = "fleet")]
    own_lines: bool,
    /// Answer even if the configuration takes eAPI away
    #[arg(long, conflicts_with = "fleet")]
    always_answer: bool,
    /// Let event-handlers really run bash on this machine
    #[arg(long, conflicts_with = "fleet")]
    allow_bash: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Profile {
    /// Suites of today
    Modern,
    /// The default of older EOS: static RSA and DHE with CBC
    Legacy,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the program's own last words")]
fn report(error: &anyhow::Error) {
    eprintln!("eos-sim: {error:#}");
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let fleet = match (&arguments.fleet, arguments.devices) {
        (Some(file), _) => Fleet::parse(&read(file)?).with_context(|| file.display().to_string())?,
        (None, Some(count)) => arguments.alike.fleet(count as usize)?,
        (None, None) => bail!("either --fleet or --devices was expected"),
    };
    make_room_for(fleet.devices.len());
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let handle = eos_sim::start(fleet, arguments.control).await?;
    announce(&handle);
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
    tracing::info!("ending");
    Ok(())
}

impl Alike {
    fn fleet(self, count: usize) -> anyhow::Result<Fleet> {
        let text = self.startup_config.as_deref().map(read).transpose()?;
        let tls = match self.tls {
            None => Tls::None,
            Some(Profile::Modern) => Tls::Modern,
            Some(Profile::Legacy) => Tls::Legacy,
        };
        let like = DeviceSpec {
            port: self.port_base,
            tls,
            eos: release(&self.eos),
            mode: if self.lenient { eos_sim::Strictness::Lenient } else { eos_sim::Strictness::Strict },
            own_lines: self.own_lines,
            allow_bash: self.allow_bash,
            always_answers: self.always_answer,
            ..DeviceSpec::new("device", self.user, self.password)
        };
        let mut fleet = Fleet::of_alike(count, &like, self.listen)?;
        for device in &mut fleet.devices {
            device.startup_config = text.as_ref().map(|text| text.replace("{name}", &device.name));
        }
        Ok(fleet)
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}

fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address
        .or_else(|_| text.parse())
        .map_err(|_| "an address or a network such as 127.1.0.0/16 was expected".to_owned())
}

/// The whole name of a release: `4.31` means `4.31.0F`.
fn release(text: &str) -> String {
    if text.matches('.').count() == 1 { format!("{text}.0F") } else { text.to_owned() }
}

/// Each device takes a file descriptor to listen and some for its connections, and the limit is
/// often 1024.
fn make_room_for(devices: usize) {
    let wanted = 2 * devices as u64 + 256;
    match rlimit::increase_nofile_limit(wanted) {
        Ok(limit) if limit < wanted => tracing::warn!(limit, wanted, "few open files are allowed; see `ulimit -Hn`"),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the limit of open files cannot be raised"),
    }
}

#[expect(clippy::print_stdout, reason = "the ready line is what this program is read for")]
fn announce(handle: &eos_sim::Handle) {
    let devices = handle.devices().map(|device| {
        let (spec, address) = (device.spec(), device.address());
        json!({
            "name": spec.name, "transport": spec.tls.scheme(), "address": address.ip(), "port": address.port(),
            "username": spec.username, "password": spec.password.expose_secret(),
        })
    });
    let devices: Vec<_> = devices.collect();
    let mut ready = json!({"devices": devices, "control": format!("http://{}", handle.control())});
    if let Some(certificate) = handle.certificate() {
        ready["certificate"] = json!(certificate);
    }
    println!("{ready}");
}
