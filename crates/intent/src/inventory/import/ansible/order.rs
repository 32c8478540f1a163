//! In which order Ansible's `groups` has the hosts of a group.
//!
//! First come the hosts that the group itself names, in the order of the files, then those of its
//! children, child by child, then those of the next generation. From the third generation on,
//! Ansible's own order is another one in each run, since it walks a set.

use std::collections::{BTreeMap, HashSet};

use super::site::{ALL, UNGROUPED};

/// The hosts and groups in the order in which Ansible comes to know them.
#[derive(Default)]
pub(super) struct Order {
    /// Every host.
    pub(super) hosts: Names,
    /// Every group, `all` and `ungrouped` apart.
    pub(super) groups: Names,
    members: BTreeMap<String, Members>,
    /// By a group that was named before it was declared, the groups that it is a child of.
    pending: BTreeMap<String, Vec<String>>,
}

#[derive(Default)]
struct Members {
    hosts: Names,
    children: Names,
}

/// Names, each once, in the order in which they came.
#[derive(Default)]
pub(super) struct Names {
    pub(super) list: Vec<String>,
    known: HashSet<String>,
}

impl Names {
    fn push(&mut self, name: &str) {
        if self.known.insert(name.to_owned()) {
            self.list.push(name.to_owned());
        }
    }
}

impl Order {
    /// A host is named below a group.
    pub(super) fn host(&mut self, host: &str, group: &str) {
        self.hosts.push(host);
        self.members.entry(group.to_owned()).or_default().hosts.push(host);
    }

    /// A group begins.
    pub(super) fn group(&mut self, group: &str) {
        if ![ALL, UNGROUPED].contains(&group) {
            self.groups.push(group);
        }
        for parent in self.pending.remove(group).unwrap_or_default() {
            self.child(&parent, group);
        }
    }

    /// A group is named as a child of another.
    pub(super) fn child(&mut self, parent: &str, child: &str) {
        if self.groups.known.contains(child) {
            self.members.entry(parent.to_owned()).or_default().children.push(child);
        } else {
            self.pending.entry(child.to_owned()).or_default().push(parent.to_owned());
        }
    }

    /// The hosts of a group, by Ansible's order.
    pub(super) fn of(&self, group: &str) -> Vec<&str> {
        let mut generation = vec![group.to_owned()];
        let (mut seen, mut known, mut hosts) = (HashSet::from([group.to_owned()]), HashSet::new(), Vec::new());
        let elsewhere = if group == UNGROUPED { self.grouped() } else { HashSet::new() };
        while !generation.is_empty() {
            for members in generation.iter().filter_map(|group| self.members.get(group)) {
                let named = members.hosts.list.iter().map(String::as_str);
                hosts.extend(named.filter(|host| !elsewhere.contains(host) && known.insert(*host)));
            }
            let children = generation.iter().flat_map(|group| self.children(group));
            generation = children.filter(|child| seen.insert(child.clone())).collect();
        }
        hosts
    }

    /// The hosts that a group of their own names.
    fn grouped(&self) -> HashSet<&str> {
        let own = self.members.iter().filter(|(group, _)| ![ALL, UNGROUPED].contains(&group.as_str()));
        own.flat_map(|(_, members)| members.hosts.list.iter().map(String::as_str)).collect()
    }

    /// The children of a group; of `all` also the groups that are in no other.
    fn children(&self, group: &str) -> Vec<String> {
        let own = self.members.get(group).map(|members| members.children.list.clone()).unwrap_or_default();
        if group != ALL {
            return own;
        }
        let is_child = |group: &&String| self.members.values().any(|members| members.children.known.contains(*group));
        let tops = self.groups.list.iter().filter(|group| !is_child(group)).cloned();
        std::iter::once(UNGROUPED.to_owned()).chain(own).chain(tops).collect()
    }
}
