//! What Ansible's templates know of all devices.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::resolve::Resolved;
use super::{Defined, Inventory};
use crate::name::DeviceName;

/// What a template of Ansible's knows of all devices, in the order of the inventory's documents.
#[derive(Debug, Default)]
pub struct Peers {
    /// The data of each device by its name.
    pub hosts: Map<String, Value>,
    /// The names of each group's devices, as a list. `all` and `ungrouped` are there and `global`
    /// is not.
    pub groups: Map<String, Value>,
}

impl Inventory {
    /// Made when the first device needs it.
    pub(super) fn peers(&self) -> &Arc<Peers> {
        self.peers.get_or_init(|| Arc::new(Peers { hosts: self.data_of_peers(), groups: self.groups_of_peers() }))
    }

    fn in_order(&self) -> impl Iterator<Item = (&DeviceName, &Defined)> {
        self.order.iter().filter_map(|name| Some((name, self.hosts.get(name)?)))
    }

    fn data_of_peers(&self) -> Map<String, Value> {
        let data = |(name, _): (&DeviceName, _)| {
            let levels = self.levels(name)?;
            let hostname = Resolved::new(&levels).hostname;
            let hostname = hostname.map_or_else(|| name.to_string(), |found| found.value.clone());
            let mut data = levels.data();
            data.insert("inventory_hostname".to_owned(), name.to_string().into());
            data.insert("ansible_host".to_owned(), hostname.into());
            Some((name.to_string(), data.into()))
        };
        self.in_order().filter_map(data).collect()
    }

    fn groups_of_peers(&self) -> Map<String, Value> {
        let mut members: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (name, host) in self.in_order() {
            let groups = self.groups_of(&host.element);
            let named = groups.iter().map(ToString::to_string).filter(|group| group != "global");
            let ungrouped = (groups.len() < 2).then(|| "ungrouped".to_owned());
            for group in named.chain(ungrouped).chain(["all".to_owned()]) {
                members.entry(group).or_default().push(name.as_ref());
            }
        }
        self.put_in_order(&mut members);
        let named = self.group_order.iter().map(AsRef::<str>::as_ref).filter(|group| *group != "global");
        let names = ["all", "ungrouped"].into_iter().chain(named);
        names.map(|group| (group.to_owned(), members.remove(group).unwrap_or_default().into())).collect()
    }

    /// Orders the hosts of each group whose order the defaults say. Hosts that stand in no such
    /// list come last.
    fn put_in_order(&self, members: &mut BTreeMap<String, Vec<&str>>) {
        for (group, order) in self.defaults.values().flat_map(|defaults| &defaults.element.jinja.group_order) {
            let places: BTreeMap<&str, usize> =
                order.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
            if let Some(hosts) = members.get_mut(group) {
                hosts.sort_by_key(|host| places.get(host).copied().unwrap_or(usize::MAX));
            }
        }
    }
}
