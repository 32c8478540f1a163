//! How a configuration is shown: sections in EOS's order, VLANs that are alike in one block.

use std::collections::HashMap;

use super::tree::{Node, Shown};
use crate::{grammar, order};

/// The text of a whole configuration.
pub(super) fn text(root: &Node, shown: Shown) -> String {
    let mut out = String::new();
    for text in root.comment() {
        out.push_str(format!("!! {text}").trim_end());
        out.push('\n');
    }
    let mut nodes: Vec<_> = root.children().collect();
    nodes.sort_by_cached_key(|(line, node)| (order::top_level(line), node.entered_as()));
    let mut before: Option<(&str, &Node)> = None;
    for (line, node, name) in joined(nodes) {
        let together = before.is_some_and(|(line_before, before)| {
            before.is_command() && node.is_command() && order::section(line_before) == order::section(line)
        });
        if before.is_some() && !together {
            out.push_str("!\n");
        }
        node.write(&name, 0, shown, &mut out);
        before = Some((line, node));
    }
    if before.is_some() {
        out.push_str("!\n");
    }
    out.push_str("end\n");
    out
}

/// The text of the interfaces with these long names, in this order.
pub(super) fn interfaces(root: &Node, names: &[String]) -> String {
    let mut out = String::new();
    for name in names {
        let line = format!("interface {name}");
        if let Some(node) = root.child(&line) {
            node.write(&line, 0, Shown::Changed, &mut out);
        }
    }
    out
}

/// Each node with the line it is shown with. VLANs with the same content are shown once, at the
/// first of them.
fn joined<'n>(nodes: Vec<(&'n str, &'n Node)>) -> Vec<(&'n str, &'n Node, String)> {
    let number = |line: &str| line.strip_prefix("vlan ")?.parse::<u16>().ok();
    let mut alike: HashMap<String, (usize, Vec<u16>)> = HashMap::new();
    let mut shown = Vec::new();
    for (line, node) in nodes {
        let Some(vlan) = number(line) else {
            shown.push((line, node, line.to_owned()));
            continue;
        };
        let mut content = String::new();
        node.write("", 0, Shown::Changed, &mut content);
        let (_, vlans) = alike.entry(content).or_insert_with(|| {
            shown.push((line, node, String::new()));
            (shown.len() - 1, Vec::new())
        });
        vlans.push(vlan);
    }
    for (at, vlans) in alike.into_values() {
        shown[at].2 = format!("vlan {}", grammar::joined(&vlans));
    }
    shown
}
