//! What Ansible's templates know of all devices.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Inventory;
use super::resolve::Resolved;

/// What a template of Ansible's knows of all devices.
#[derive(Debug, Default)]
pub struct Peers {
    /// The data of each device by its name.
    pub hosts: BTreeMap<String, Map<String, Value>>,
    /// The names of each group's devices, sorted.
    pub groups: BTreeMap<String, Vec<String>>,
}

impl Inventory {
    /// Made when the first device needs it.
    pub(super) fn peers(&self) -> &Arc<Peers> {
        self.peers.get_or_init(|| {
            let mut peers = Peers::default();
            for (name, host) in &self.hosts {
                let Some(levels) = self.levels(name) else { continue };
                let mut data = levels.data();
                let hostname = Resolved::new(&levels).hostname;
                let hostname = hostname.map_or_else(|| name.to_string(), |found| found.value.clone());
                data.insert("inventory_hostname".to_owned(), name.to_string().into());
                data.insert("ansible_host".to_owned(), hostname.into());
                let groups: Vec<String> = self.groups_of(&host.element).iter().map(ToString::to_string).collect();
                let named = groups.iter().filter(|group| *group != "global");
                let ungrouped = (groups.len() < 2).then(|| "ungrouped".to_owned());
                for group in named.cloned().chain(ungrouped).chain(["all".to_owned()]) {
                    peers.groups.entry(group).or_default().push(name.to_string());
                }
                peers.hosts.insert(name.to_string(), data);
            }
            Arc::new(peers)
        })
    }
}
