//! Which of its variables a host has in Ansible.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::site::{ALL, AnsibleInventory, Vars};

/// Sorts groups by what Ansible gives precedence: deeper, then the higher priority, then the later
/// name.
pub(super) struct Precedence<'a> {
    site: &'a AnsibleInventory,
    depths: BTreeMap<&'a str, usize>,
}

impl<'a> Precedence<'a> {
    pub(super) fn new(site: &'a AnsibleInventory) -> Self {
        let mut precedence = Self { site, depths: BTreeMap::new() };
        for group in site.groups.keys() {
            precedence.depth(group);
        }
        precedence
    }

    /// The longest way up to `all`. Ends, since no group is its own ancestor, see
    /// [`AnsibleInventory::check`].
    fn depth(&mut self, group: &'a str) -> usize {
        if let Some(depth) = self.depths.get(group) {
            return *depth;
        }
        let parents = self.site.groups.get(group).into_iter().flat_map(|group| group.above.iter());
        let depth = 1 + parents.map(|parent| self.depth(parent)).max().unwrap_or(0);
        self.depths.insert(group, depth);
        depth
    }

    /// The strongest first.
    pub(super) fn sorted(&self, groups: impl IntoIterator<Item = &'a String>) -> Vec<&'a String> {
        let mut groups: Vec<_> = groups.into_iter().filter(|group| *group != ALL).collect();
        groups.sort_by_key(|group| Reverse((self.depths.get(group.as_str()), self.priority(group), *group)));
        groups
    }

    fn priority(&self, group: &str) -> i64 {
        let priority = self.site.groups.get(group).and_then(|group| group.inline.get("ansible_group_priority"));
        let priority = priority.and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
        priority.unwrap_or(1)
    }

    /// All groups of a host but `all`, the strongest first.
    fn all_groups(&self, host: &str) -> Vec<&'a String> {
        let mut all = BTreeSet::new();
        let mut open: Vec<_> = self.site.hosts.get(host).into_iter().flat_map(|host| host.above.iter()).collect();
        while let Some(name) = open.pop() {
            if all.insert(name) {
                open.extend(self.site.groups.get(name).into_iter().flat_map(|group| group.above.iter()));
            }
        }
        self.sorted(all)
    }

    /// What Ansible's default order of precedence gives a host: `host_vars`, the inventory's own
    /// host variables, `group_vars` of its groups and of `all`, and only then the inventory's own
    /// group variables, those of `all` last.
    pub(super) fn vars(&self, host: &str) -> Vars {
        let groups: Vec<_> =
            self.all_groups(host).into_iter().filter_map(|group| self.site.groups.get(group)).collect();
        let all = self.site.groups.get(ALL);
        let with_all = || groups.iter().copied().chain(all);
        let host = self.site.hosts.get(host);
        let hosts = host.into_iter().flat_map(|host| [&host.from_folder, &host.inline]);
        let levels =
            hosts.chain(with_all().map(|group| &group.from_folder)).chain(with_all().map(|group| &group.inline));
        let mut vars = Vars::new();
        for (key, value) in levels.flatten() {
            vars.entry(key).or_insert_with(|| value.clone());
        }
        vars
    }
}
