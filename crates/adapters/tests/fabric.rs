//! The worked fabric, `models/fabric` and `sites/fabric`, on simulated switches: each takes all of
//! it, and has it once.

#![cfg(feature = "eos")]
#![expect(clippy::unwrap_used, reason = "helpers of tests, where an unwrap is the expectation")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use adapters::SystemClock;
use adapters::embedded::FolderModels;
use adapters::eos::EosSwitches;
use eos_sim::{DeviceHandle, Event, Fleet, Handle};
use intent::inventory::Document;
use intent::inventory::Inventory;
use intent::name::{DeviceName, RunId};
use intent::render::ModelSet;
use jiff::SignedDuration;
use naas::enforce::{Delivery, Enforcer, Limits, Ports};
use naas::fakes::FakeStore;
use naas::ports::{Clock, Models};
use naas::records::outcome::{Outcome, Status, SwitchState};

const RUN: &str = "20261123-201530-7f3a9c";

/// The simulated fabric, and a store with the site's inventory and models.
struct Site {
    fleet: Handle,
    inventory: String,
    store: FakeStore,
}

impl Site {
    /// On whatever ports are free, so that tests do not meet.
    async fn start() -> Self {
        let switches = read("switches.yaml").replace("port: 8888", "port: 0");
        let fleet = Fleet::parse(&switches).unwrap();
        let fleet = eos_sim::start(fleet, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let mut inventory = read("inventory.yaml");
        for device in fleet.devices() {
            let address = device.address();
            let lab = format!("hostname: {},", address.ip());
            assert!(inventory.contains(&lab), "{lab}");
            inventory = inventory.replace(&lab, &format!("{lab} port: {},", address.port()));
        }
        let store = FakeStore::with(&inventory, &[]);
        *store.models.lock().unwrap() = FolderModels::new(site().join("models")).snapshot().await.unwrap();
        Self { fleet, inventory, store }
    }

    fn devices(&self) -> impl Iterator<Item = DeviceHandle> {
        self.fleet.devices()
    }

    fn device(&self, name: &str) -> DeviceHandle {
        self.fleet.device(name).unwrap()
    }

    /// Pushes to all of them, and gives back what became of each.
    async fn push(&self) -> Vec<(String, Outcome)> {
        let (store, clock) = (&self.store, SystemClock);
        let deadline = clock.now() + SignedDuration::from_mins(15);
        let ports = Ports {
            inventories: store,
            models: store,
            switches: EosSwitches::default(),
            state: store,
            queue: store,
            dead_letters: store,
            clock,
        };
        let names: Vec<_> = self.devices().map(|device| device.spec().name.clone()).collect();
        let slice = serde_json::json!({
            "version": 2, "run": RUN, "mode": "apply", "devices": names, "inventory": ["naas/inventory"], "attempt": 7,
        });
        store.outcomes.lock().unwrap().clear();
        Enforcer::new(ports, Limits::default()).receive(&slice.to_string(), Delivery::First, deadline).await.unwrap();
        let outcomes = store.outcomes.lock().unwrap();
        let outcome = |name: String| {
            let outcome = outcomes[&(RunId::parse(RUN).unwrap(), DeviceName::new(&name).unwrap())].clone();
            (name, outcome)
        };
        names.into_iter().map(outcome).collect()
    }

    /// What the models say that a device should run.
    fn rendered(&self, name: &str) -> String {
        let inventory =
            Inventory::parse(&[Document::new("naas/inventory", self.inventory.clone().into()).with_local_addresses()])
                .unwrap();
        let device = inventory.device(&DeviceName::new(name).unwrap()).unwrap();
        ModelSet::read(&self.store.models.lock().unwrap()).unwrap().render(&device).unwrap().configuration
    }
}

#[tokio::test]
async fn every_switch_takes_its_configuration_and_is_then_in_sync() {
    let site = Site::start().await;

    let first = site.push().await;
    let second = site.push().await;

    for (name, outcome) in first {
        assert_eq!((outcome.status, &outcome.switch), (Status::Changed, &SwitchState::Saved), "{name}: {outcome:?}");
    }
    for (name, outcome) in second {
        assert_eq!((outcome.status, outcome.diff.as_str()), (Status::InSync, ""), "{name}: {outcome:?}");
        let journal = site.device(&name).journal();
        let pushes = journal.iter().filter(|entry| matches!(entry.event, Event::SessionCommitted { .. }));
        assert_eq!(pushes.count(), 1, "{name}");
    }
}

/// EOS goes by words and not by indentation: a line that an open mode knows as well goes there and
/// not to the top level.
#[tokio::test]
async fn every_line_is_in_the_mode_that_its_template_means() {
    let site = Site::start().await;
    site.push().await;

    for device in site.devices() {
        let name = &device.spec().name;
        let (rendered, running) = (lines(&site.rendered(name)), lines(&device.running_config()));
        let lost: Vec<_> = rendered.difference(&running).collect();
        let surplus: Vec<_> = running.difference(&rendered).filter(|line| *line != "end").collect();
        assert!(lost.is_empty() && surplus.is_empty(), "{name}: lost {lost:#?}, and has instead {surplus:#?}");
    }
}

#[tokio::test]
async fn what_a_switch_shows_can_be_pushed_to_it_and_changes_nothing() {
    let site = Site::start().await;
    site.push().await;
    let mut models = Vec::new();
    for device in site.devices() {
        let name = &device.spec().name;
        let model = format!("{{name: {name}, device: {name}, template: {name}.tera}}");
        models.push((format!("{name}.yaml"), model));
        models.push((format!("{name}.tera"), format!("{{% raw %}}{}{{% endraw %}}", device.running_config())));
    }
    let models: Vec<_> = models.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    site.store.set_models(&models);

    for (name, outcome) in site.push().await {
        assert_eq!((outcome.status, outcome.diff.as_str()), (Status::InSync, ""), "{name}: {outcome:?}");
    }
}

#[tokio::test]
async fn every_cable_is_where_the_models_say() {
    let site = Site::start().await;
    site.push().await;
    let described = site.devices().flat_map(|device| {
        let running = device.running_config();
        let mut port = String::new();
        let end = move |line: &str| {
            port = line.strip_prefix("interface ").map_or_else(|| port.clone(), str::to_owned);
            let (peer, peer_port) = line.strip_prefix("   description P2P_")?.split_once('_')?;
            Some((format!("{}:{port}", device.spec().name), format!("{peer}:{peer_port}")))
        };
        running.lines().filter_map(end).collect::<Vec<_>>()
    });
    let described: BTreeSet<_> = described.collect();

    let links = Fleet::parse(&read("switches.yaml")).unwrap().links;
    let cables = links.into_iter().filter(|(a, b)| a.device.starts_with("spine") != b.device.starts_with("spine"));
    let ends = cables.map(|(a, b)| (format!("{}:{}", a.device, a.interface), format!("{}:{}", b.device, b.interface)));
    let ends: BTreeSet<_> = ends.flat_map(|(a, b)| [(a.clone(), b.clone()), (b, a)]).collect();

    assert_eq!(described, ends);
}

/// Each line with the modes it stands in, as its indentation says.
fn lines(configuration: &str) -> BTreeSet<String> {
    let mut modes: Vec<&str> = Vec::new();
    let mut found = BTreeSet::new();
    for line in configuration.lines().filter(|line| !matches!(line.trim_start().as_bytes(), [] | [b'!', ..])) {
        modes.truncate((line.len() - line.trim_start().len()) / 3);
        modes.push(line.trim());
        found.insert(modes.join(" / "));
    }
    found
}

fn read(file: &str) -> String {
    fs::read_to_string(site().join(file)).unwrap()
}

fn site() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sites/fabric")
}
