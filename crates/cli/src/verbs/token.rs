//! `naas token`: mints tokens, places them on switches and rotates the keys that sign them.

use std::path::{Path, PathBuf};

use adapters::embedded::Passwords;
use adapters::eos::EosSwitches;
use anyhow::Context;
use clap::{Args, Subcommand};
use identity::{KeyRing, Life, Minted, Pass, Role};
use intent::inventory::{Device, Inventory};
use intent::name::{DeviceName, GroupName, TenantName};
use jiff::Timestamp;
use naas::ports::Switches;
use secrecy::ExposeSecret;

use crate::screen;
use crate::site::{self, KEY_LIFE, SiteFolder};
use crate::verbs::Ended;

/// Where a switch keeps the header line that it shows when it calls naas.
const ON_FLASH: &str = "flash:naas-authorization";

/// The options of `naas token`.
#[derive(Debug, Args)]
pub(crate) struct Token {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Mint a token for a person, a pipeline, a switch or a tenant, and print it
    Mint(Mint),
    /// Mint a token for each switch and place it on the switch's flash
    Place(Place),
    /// Sign with a new key from now on; tokens of the key before stay valid until their time
    Rotate(Rotate),
}

#[derive(Debug, Args)]
struct Mint {
    /// Who the token stands for, as runs record it, such as ana@example.net or ci
    #[arg(value_name = "SUBJECT", required_unless_present_any = ["device", "tenant"])]
    subject: Option<String>,
    /// What the token allows: viewer, operator or admin
    #[arg(long, value_name = "ROLE", default_value = "viewer")]
    role: Role,
    /// Limit the role to the devices of this group; can be repeated
    #[arg(long = "group", short = 'g', value_name = "GROUP")]
    groups: Vec<String>,
    /// The token is for this switch
    #[arg(long, value_name = "DEVICE", conflicts_with_all = ["subject", "role", "groups"])]
    device: Option<String>,
    /// The token is for this tenant
    #[arg(long, value_name = "TENANT", conflicts_with_all = ["subject", "role", "groups", "device"])]
    tenant: Option<String>,
    /// The token is valid for this many days
    #[arg(long, value_name = "N", default_value = "30")]
    days: u16,
    /// Write the header line `Authorization: Bearer TOKEN` into this file instead of printing the token
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    site: SiteFolder,
}

#[derive(Debug, Args)]
struct Place {
    /// The switches; every switch of the inventory if none is named
    #[arg(value_name = "DEVICE")]
    devices: Vec<String>,
    /// The tokens are valid for this many days
    #[arg(long, value_name = "N", default_value = "366")]
    days: u16,
    #[command(flatten)]
    site: SiteFolder,
}

#[derive(Debug, Args)]
struct Rotate {
    #[command(flatten)]
    site: SiteFolder,
}

impl Token {
    pub(crate) async fn run(self) -> anyhow::Result<Ended> {
        match self.command {
            TokenCommand::Mint(mint) => mint.run().await,
            TokenCommand::Place(place) => place.run().await,
            TokenCommand::Rotate(rotate) => rotate.run().await,
        }
    }
}

impl Mint {
    async fn run(self) -> anyhow::Result<Ended> {
        let (ring, audience) = signing(&site::find(&self.site.path()).await?)?;
        let minted = self.pass()?.mint(&ring, &audience, Timestamp::now(), Life::days(self.days)?)?;
        match &self.file {
            Some(file) => {
                site::write_header(file, &minted.token)?;
                screen::line(format_args!("{} has a token that is valid until {}.", file.display(), minted.until));
            }
            None => screen::line(minted.token.expose_secret()),
        }
        Ok(Ended::InSync)
    }

    fn pass(&self) -> anyhow::Result<Pass> {
        if let Some(device) = &self.device {
            return Ok(Pass::device(DeviceName::new(device.as_str())?));
        }
        if let Some(tenant) = &self.tenant {
            return Ok(Pass::tenant(TenantName::new(tenant.as_str())?));
        }
        let groups = self.groups.iter().map(|group| GroupName::new(group.as_str())).collect::<Result<Vec<_>, _>>()?;
        let groups = (!groups.is_empty()).then_some(groups);
        Ok(Pass::person(self.subject.as_deref().unwrap_or_default(), self.role, groups)?)
    }
}

impl Place {
    async fn run(self) -> anyhow::Result<Ended> {
        let folder = site::find(&self.site.path()).await?;
        let (ring, audience) = signing(&folder)?;
        let inventory = site::inventory(&folder).await?;
        let passwords = Passwords::default();
        let switches = EosSwitches::default().with_passwords(move |password| passwords.find(password));
        let mut ended = Ended::InSync;
        for device in self.devices(&inventory)? {
            let pass = Pass::device(device.name.clone());
            let minted = pass.mint(&ring, &audience, Timestamp::now(), Life::days(self.days)?)?;
            match place(&switches, &device, &minted).await {
                Ok(()) => screen::line(format_args!("{}: placed, valid until {}", device.name, minted.until)),
                Err(reason) => {
                    screen::sentence(&format!("{}: not placed: {reason}", device.name), 2);
                    ended = Ended::Failed;
                }
            }
        }
        Ok(ended)
    }

    fn devices(&self, inventory: &Inventory) -> anyhow::Result<Vec<Device>> {
        let all: Vec<_> = inventory.names().map(ToString::to_string).collect();
        let wanted = if self.devices.is_empty() { &all } else { &self.devices };
        let device = |name: &String| {
            let name = DeviceName::new(name.as_str())?;
            inventory.device(&name).with_context(|| format!("the inventory does not have device {name}"))
        };
        wanted.iter().map(device).collect()
    }
}

/// Writes the header line onto the flash of a switch, outside of its configuration.
async fn place(switches: &EosSwitches, device: &Device, minted: &Minted) -> Result<(), String> {
    let switch = switches.open(device).map_err(|error| error.message)?;
    let line = site::header(&minted.token);
    switch.write_file(ON_FLASH, &line).await.map_err(|error| error.message)
}

impl Rotate {
    async fn run(self) -> anyhow::Result<Ended> {
        let folder = site::find(&self.site.path()).await?;
        let (now, mut ring) = (Timestamp::now(), site::read_keys(&folder)?.unwrap_or_default());
        ring.rotate(now, KEY_LIFE)?;
        site::write_keys(&folder, &ring)?;
        for key in ring.public(now) {
            screen::line(format_args!("key {} is valid until {}", key.kid, key.until));
        }
        Ok(Ended::InSync)
    }
}

/// The keys of a site and the audience of the tokens that they sign. A site gets keys when it has
/// none.
fn signing(folder: &Path) -> anyhow::Result<(KeyRing, String)> {
    let ring = match site::read_keys(folder)? {
        Some(ring) => ring,
        None => {
            let mut ring = KeyRing::default();
            ring.rotate(Timestamp::now(), KEY_LIFE)?;
            site::write_keys(folder, &ring)?;
            ring
        }
    };
    Ok((ring, site::audience(folder)?))
}
