//! Ansible's YAML form, and the files of variables.

use super::super::imported::ImportError;
use super::range;
use super::site::{ALL, AnsibleInventory, UNGROUPED, VAULT, Vars};
use crate::yaml::{self, Node, NodeKind};

/// By its ending; a file without one is YAML if its first line is a key or `---`.
pub(super) fn is_yaml(file: &str, text: &[u8]) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    match name.rsplit_once('.') {
        Some((_, "yaml" | "yml" | "json")) => true,
        Some((_, "ini" | "cfg")) => false,
        _ => {
            let text = String::from_utf8_lossy(text);
            let mut lines =
                text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with(['#', ';']));
            let key = |line: &str| line.split('#').next().unwrap_or_default().trim_end().ends_with(':');
            lines.next().is_some_and(|line| line.starts_with(['{', '-']) || (key(line) && !line.contains('[')))
        }
    }
}

pub(super) fn read(site: &mut AnsibleInventory, file: &str, text: &[u8]) -> Result<(), ImportError> {
    let Some(root) = parse(file, text)? else { return Ok(()) };
    for (name, node) in map(file, &root)? {
        group(site, file, name, node)?;
    }
    Ok(())
}

/// A file of variables, added to those that its folder has given already.
pub(super) fn read_vars(vars: &mut Vars, file: &str, text: &[u8]) -> Result<(), ImportError> {
    match parse(file, text)? {
        Some(root) => add_vars(vars, file, &root),
        None => Ok(()),
    }
}

/// `None` for a file with nothing but comments.
fn parse(file: &str, text: &[u8]) -> Result<Option<Node>, ImportError> {
    let root = yaml::read(text)
        .map_err(|error| ImportError::new(file, error.line, super::super::imported::without_values(&error.reason)))?;
    Ok((!matches!(root.kind, NodeKind::Null)).then_some(root))
}

fn group(site: &mut AnsibleInventory, file: &str, name: &str, node: &Node) -> Result<(), ImportError> {
    site.group(name);
    site.order.group(name);
    for (key, node) in map(file, node)? {
        match key {
            "hosts" => hosts(site, file, name, node)?,
            "vars" => add_vars(&mut site.group(name).inline, file, node)?,
            "children" => {
                for (child, node) in map(file, node)? {
                    if name != ALL {
                        site.group(child).above.insert(name.to_owned());
                    }
                    group(site, file, child, node)?;
                    site.order.child(name, child);
                }
            }
            _ => return Err(ImportError::new(file, node.line, "expected hosts, vars or children below a group")),
        }
    }
    Ok(())
}

fn hosts(site: &mut AnsibleInventory, file: &str, group: &str, node: &Node) -> Result<(), ImportError> {
    let group = if group == ALL { UNGROUPED } else { group };
    for (pattern, node) in map(file, node)? {
        let fault = |reason: String| ImportError::new(file, node.line, reason);
        for name in range::expand(pattern).map_err(fault)? {
            add_vars(&mut site.host(&name, group).map_err(fault)?.inline, file, node)?;
        }
    }
    Ok(())
}

fn add_vars(vars: &mut Vars, file: &str, node: &Node) -> Result<(), ImportError> {
    for (key, node) in map(file, node)? {
        if node.any_text(&|text| text.trim_start().starts_with("$ANSIBLE_VAULT")) {
            return Err(ImportError::new(file, node.line, format!("{}: {VAULT}", short(key))));
        }
        vars.insert(key.to_owned(), node.to_value());
    }
    Ok(())
}

fn short(key: &str) -> String {
    key.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// The entries of a map; nothing is an empty one.
fn map<'a>(file: &str, node: &'a Node) -> Result<impl Iterator<Item = (&'a str, &'a Node)>, ImportError> {
    let entries = match &node.kind {
        NodeKind::Map(entries) => entries.as_slice(),
        NodeKind::Null => &[],
        other => return Err(ImportError::new(file, node.line, format!("expected a map, found {}", other.name()))),
    };
    Ok(entries.iter().map(|(key, node)| (key.as_str(), node)))
}
