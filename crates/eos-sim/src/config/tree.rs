//! The tree of a configuration's lines. Children are found by what identifies their command, and
//! remember the order they were entered in.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde_json::{Map, Value, json};

use super::Changed;
use crate::order;

/// A line, with what belongs to it. Small, since ten thousand devices have a hundred each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Node {
    kind: Kind,
    /// The line where it is another text than what identifies it.
    line: Option<Box<str>>,
    /// Its place in the order of entry, among its neighbours.
    entered: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Command,
    /// A command that is typed over several lines.
    Body(Box<str>),
    Mode(Box<Mode>),
}

/// The lines and comments inside of a mode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mode {
    comment: Vec<String>,
    children: BTreeMap<Box<str>, Node>,
    /// How many lines were entered so far.
    entered: u32,
}

/// How much of a configuration is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Only what differs from the defaults is shown.
    Changed,
    /// Defaults are shown as well, as far as they are known.
    All,
}

impl Node {
    pub(super) fn is_command(&self) -> bool {
        matches!(self.kind, Kind::Command)
    }

    pub(super) fn entered_as(&self) -> u32 {
        self.entered
    }

    pub(super) fn body(&self) -> &str {
        if let Kind::Body(body) = &self.kind { body } else { "" }
    }

    pub(super) fn comment(&self) -> &[String] {
        self.mode().map_or(&[], |mode| &mode.comment)
    }

    /// The lines below it, in no particular order.
    pub(super) fn children(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.mode().into_iter().flat_map(|mode| &mode.children).map(|(identity, node)| (node.line(identity), node))
    }

    /// The child with this line. Its name is the line, or a beginning of it.
    pub(super) fn child(&self, line: &str) -> Option<&Node> {
        let children = &self.mode()?.children;
        let bare = line.strip_prefix("no ").unwrap_or(line);
        let ends = std::iter::once(bare.len()).chain(bare.rmatch_indices(' ').map(|(at, _)| at));
        let named = ends.filter_map(|end| children.get_key_value(&bare[..end]));
        named.into_iter().find(|(name, node)| node.line(name) == line).map(|(_, node)| node)
    }

    /// The line of the child with this name.
    pub(super) fn named(&self, name: &str) -> Option<&str> {
        self.mode()?.children.get_key_value(name).map(|(name, node)| node.line(name))
    }

    /// The number of a new rule: ten after the last one.
    pub(super) fn next_number(&self) -> u32 {
        let numbers = self.children().filter_map(|(line, _)| line.split(' ').next()?.parse::<u32>().ok());
        numbers.max().map_or(10, |last| last.saturating_add(10))
    }

    /// The children whose line begins with `prefix`, in the order of their text, with the rest of
    /// the line.
    pub(super) fn beginning<'a, 'p>(
        &'a self,
        prefix: &'p str,
    ) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a, 'p> {
        // A line that differs from its identity begins with it, up to the argument that `prefix`
        // may end in.
        let first = prefix.split(' ').next().unwrap_or_default();
        let from = self.mode().map(|mode| mode.children.range::<str, _>((Bound::Included(first), Bound::Unbounded)));
        let near = from.into_iter().flatten().take_while(move |(identity, _)| identity.starts_with(first));
        near.filter_map(move |(identity, node)| Some((node.line(identity).strip_prefix(prefix)?, node)))
    }

    pub(super) fn set_comment(&mut self, comment: Vec<String>) -> Changed {
        let mode = self.mode_mut();
        if mode.comment == comment {
            return Changed::No;
        }
        mode.comment = comment;
        Changed::Yes
    }

    /// The mode that `line` opens, and whether it is new.
    pub(super) fn open(&mut self, line: &str) -> (&mut Node, Changed) {
        let mode = self.mode_mut();
        let entered = mode.entered;
        let mut made = Changed::No;
        // Two lookups, since most of the time it is there and needs no key of its own.
        if !mode.children.contains_key(line) {
            mode.entered += 1;
            mode.children.insert(line.into(), Node { entered, ..Node::default() });
            made = Changed::Yes;
        }
        let node = mode.children.entry(line.into()).or_default();
        node.mode_mut();
        (node, made)
    }

    /// Puts a whole mode in the place of the one that `line` opens.
    pub(super) fn store(&mut self, line: &str, new: Node) -> Changed {
        let (node, made) = self.open(line);
        if node.kind == new.kind {
            return made;
        }
        node.kind = new.kind;
        node.mode_mut();
        Changed::Yes
    }

    /// Enters a line, in place of what has its name.
    pub(super) fn put(&mut self, name: &str, line: &str, kind: Kind) -> Changed {
        self.insert(name.to_owned(), (name != line).then(|| line.into()), kind)
    }

    fn insert(&mut self, identity: String, line: Option<Box<str>>, kind: Kind) -> Changed {
        let mode = self.mode_mut();
        if let Some(old) = mode.children.get_mut(identity.as_str()) {
            if old.line == line && old.kind == kind {
                return Changed::No;
            }
            (old.line, old.kind) = (line, kind);
        } else {
            let node = Node { kind, line, entered: mode.entered };
            mode.entered += 1;
            mode.children.insert(identity.into(), node);
        }
        Changed::Yes
    }

    /// Removes the command of this name, and none that only begins with it.
    pub(super) fn forget(&mut self, name: &str) -> Changed {
        if self.mode_mut().children.remove(name).is_some() { Changed::Yes } else { Changed::No }
    }

    /// Removes a command and all that begin with it.
    pub(super) fn remove(&mut self, line: &str) -> Changed {
        let children = &mut self.mode_mut().children;
        let before = children.len();
        children.remove(line);
        let longer = format!("{line} ");
        let from = (Bound::Included(line), Bound::Unbounded);
        let near = children.range::<str, _>(from).take_while(|(identity, _)| identity.starts_with(line));
        let fitting = near.filter(|(identity, _)| &***identity == line || identity.starts_with(&longer));
        let fitting: Vec<Box<str>> = fitting.map(|(identity, _)| identity.clone()).collect();
        for identity in fitting {
            children.remove(&identity);
        }
        if children.len() < before { Changed::Yes } else { Changed::No }
    }

    /// Writes it as line `line` and below it what is in it, in EOS's order: commands before modes,
    /// and VRFs last of all, since they would take what follows them for theirs.
    pub(super) fn write(&self, line: &str, depth: usize, shown: Shown, out: &mut String) {
        let indent = |depth: usize, out: &mut String| (0..depth).for_each(|_| out.push_str("   "));
        // A description may go on in another line.
        for part in line.split('\n') {
            indent(depth, out);
            out.push_str(part);
            out.push('\n');
        }
        self.write_body(line, depth, out);
        for text in self.comment() {
            indent(depth + 1, out);
            out.push_str(format!("!! {text}").trim_end());
            out.push('\n');
        }
        let mut children: Vec<_> = self.children().collect();
        children.sort_by_cached_key(|(line, node)| {
            let is_mode = matches!(node.kind, Kind::Mode(_));
            (is_mode, is_mode && line.starts_with("vrf "), order::in_mode(line), node.entered)
        });
        for default in defaults(line, shown).iter().filter(|default| !self.says(default)) {
            indent(depth + 1, out);
            out.push_str(default);
            out.push('\n');
        }
        for (line, node) in children {
            if matches!(node.kind, Kind::Mode(_)) {
                indent(depth + 1, out);
                out.push_str("!\n");
            }
            node.write(line, depth + 1, shown, out);
        }
    }

    // EOS-78: three spaces a level, `!` between blocks, `end` at the end.
    fn write_body(&self, line: &str, depth: usize, out: &mut String) {
        let Kind::Body(body) = &self.kind else { return };
        let banner = line.starts_with("banner ");
        let margin = if banner || line == "protocol https certificate" { 0 } else { depth + 1 };
        for text in body.lines().chain(["EOF"]) {
            if !text.is_empty() {
                (0..margin).for_each(|_| out.push_str("   "));
            }
            out.push_str(text);
            out.push('\n');
        }
        if banner {
            out.push('\n');
        }
    }

    /// Whether it has a line about what `default` is about.
    fn says(&self, default: &str) -> bool {
        let bare = default.strip_prefix("no ").unwrap_or(default);
        let name = bare.split(' ').next().unwrap_or(bare);
        self.mode().is_some_and(|mode| mode.children.contains_key(name))
    }

    pub(super) fn json(&self) -> Value {
        let mut children: Vec<_> = self.children().collect();
        children.sort_by_key(|(_, node)| node.entered);
        let lines = children.into_iter().map(|(line, node)| {
            let below = if matches!(node.kind, Kind::Mode(_)) { node.json() } else { Value::Null };
            (line.to_owned(), below)
        });
        json!({"cmds": lines.collect::<Map<_, _>>(), "comments": self.comment()})
    }

    fn line<'a>(&'a self, identity: &'a str) -> &'a str {
        self.line.as_deref().unwrap_or(identity)
    }

    fn mode(&self) -> Option<&Mode> {
        if let Kind::Mode(mode) = &self.kind { Some(mode) } else { None }
    }

    /// What is in it; a command becomes a mode by this.
    fn mode_mut(&mut self) -> &mut Mode {
        if !matches!(self.kind, Kind::Mode(_)) {
            (self.kind, self.line) = (Kind::Mode(Box::default()), None);
        }
        match &mut self.kind {
            Kind::Mode(mode) => mode,
            _ => unreachable!("it was made a mode just now"),
        }
    }
}

/// What a mode shows beside its lines in `show running-config all`: the few defaults that are
/// known.
// EOS-82: a default is not shown.
fn defaults(line: &str, shown: Shown) -> &'static [&'static str] {
    match line.split(' ').next() {
        Some("interface") if shown == Shown::All => &["no description", "no shutdown", "mtu 1500"],
        Some("vlan") if shown == Shown::All => &["state active"],
        _ => &[],
    }
}
