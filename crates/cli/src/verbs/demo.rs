//! `naas demo`: simulates the switches of a site whose addresses are on this machine, so that naas
//! can be tried without any.

use std::net::{IpAddr, Ipv4Addr};

use adapters::embedded::Passwords;
use anyhow::bail;
use clap::Args;
use eos_sim::{DeviceSpec, Fleet, Tls};
use intent::inventory::{Device, Password, Transport};
use secrecy::SecretString;

use crate::screen::{self, count};
use crate::site::{self, SiteFolder};

/// The options of `naas demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    #[command(flatten)]
    site: SiteFolder,
    /// Run the bash actions of event-handlers on this machine and as you, so that they can call `naas serve`
    #[arg(long)]
    call_back: bool,
}

impl Demo {
    /// Simulates the switches until Ctrl-C.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let folder = site::find(&self.site.path()).await?;
        let inventory = site::inventory(&folder).await?;
        let devices = inventory.names().filter_map(|name| inventory.device(name));
        let devices = devices.filter_map(|device| self.switch(&device)).collect::<Vec<_>>();
        if devices.is_empty() {
            bail!(
                "no host of the inventory has a loopback address such as 127.0.0.1, and only those are simulated; `naas init \
                 FOLDER` makes a site of such hosts"
            );
        }
        let fleet = Fleet { devices, links: Vec::new() };
        let switches = eos_sim::start(fleet, (Ipv4Addr::LOCALHOST, 0).into()).await?;
        say(&switches);
        tokio::signal::ctrl_c().await?;
        Ok(())
    }

    /// The switch that the inventory describes, if it is one of this machine.
    fn switch(&self, device: &Device) -> Option<DeviceSpec> {
        let address: IpAddr = if device.hostname == "localhost" {
            Ipv4Addr::LOCALHOST.into()
        } else {
            device.hostname.parse().ok().filter(IpAddr::is_loopback)?
        };
        let (tls, port) = match device.connection.transport {
            Transport::Http => (Tls::None, 80),
            Transport::Https => (Tls::Modern, 443),
        };
        let username = device.username.clone().unwrap_or_default();
        let find = |password: &Option<Password>| {
            password.as_ref().and_then(|password| Passwords::default().find(password).ok())
        };
        let password = find(&device.password).unwrap_or_else(|| SecretString::from(""));
        Some(DeviceSpec {
            address,
            port: device.connection.port.unwrap_or(port),
            tls,
            enable_password: find(&device.connection.enable_password),
            allow_bash: self.call_back,
            ..DeviceSpec::new(device.name.to_string(), username, password)
        })
    }
}

fn say(switches: &eos_sim::Handle) {
    let devices: Vec<_> = switches.devices().collect();
    screen::line(format_args!("Simulating {}, until Ctrl-C:", count(devices.len(), "device")));
    for device in &devices {
        let spec = device.spec();
        screen::line(format_args!("  {:<16} {}://{}", spec.name, spec.tls.scheme(), device.address()));
    }
    let Some(first) = devices.first() else { return };
    let (spec, address) = (first.spec(), first.address());
    screen::line("\nIn another terminal:");
    screen::line("  naas plan              # what would change");
    screen::line("  naas apply --all       # and make it so");
    screen::line(format_args!("  naas check             # after a change by hand on {}, such as", spec.name));
    screen::line(format_args!(
        "  curl --user {} {}://{address}/command-api --data '{HAND_CHANGE}'",
        spec.username,
        spec.tls.scheme()
    ));
}

/// Somebody types on a switch.
const HAND_CHANGE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"runCmds","params":{"version":1,"cmds":["enable","configure","vlan 99","end","write memory"]}}"#;
