//! Groups in groups: none may be its own member, and none be nested deeper than anybody means.

use std::collections::HashMap;

/// Deepest nesting; what goes through groups may do so by recursion.
const MAX: usize = 64;

/// What is wrong, and with which group.
pub(super) struct Unsound<'a> {
    pub(super) group: &'a str,
    pub(super) reason: String,
}

/// Checks all `groups`; `above` tells which a group is a member of.
pub(super) fn check<'a, I: IntoIterator<Item = &'a str>>(
    groups: impl Iterator<Item = &'a str>,
    above: impl Fn(&'a str) -> I,
) -> Result<(), Unsound<'a>> {
    let mut walk = Walk { above, path: Vec::new(), heights: HashMap::new() };
    for group in groups {
        walk.height(group)?;
    }
    Ok(())
}

struct Walk<'a, F> {
    above: F,
    /// From the group that was begun with to the one looked at.
    path: Vec<&'a str>,
    /// How many levels are above each group that is sound.
    heights: HashMap<&'a str, usize>,
}

impl<'a, I: IntoIterator<Item = &'a str>, F: Fn(&'a str) -> I> Walk<'a, F> {
    fn height(&mut self, group: &'a str) -> Result<usize, Unsound<'a>> {
        if let Some(height) = self.heights.get(group) {
            return Ok(*height);
        }
        if let Some(start) = self.path.iter().position(|name| *name == group) {
            let cycle = [&self.path[start..], &[group]].concat().join(" → ");
            return Err(Unsound { group, reason: format!("groups are members of themselves: {cycle}") });
        }
        self.path.push(group);
        let mut height = if self.path.len() > MAX { MAX } else { 0 };
        if height == 0 {
            for above in (self.above)(group) {
                height = height.max(1 + self.height(above)?);
            }
        }
        if height >= MAX {
            return Err(Unsound { group, reason: format!("groups are nested more than {MAX} levels deep") });
        }
        self.path.pop();
        self.heights.insert(group, height);
        Ok(height)
    }
}
