//! The folders `group_vars` and `host_vars`, read as Ansible's own loader reads them.
//!
//! The variables of group `leaf` are in `leaf`, `leaf.yml`, `leaf.yaml` or `leaf.json`, of which
//! the first that is there counts. Each may be a file or a folder; in a folder count the files with
//! these endings or none, in the order of their names, and the folders whose names have no ending.
//! What is not read is noted with the number of its values.

use std::collections::{BTreeMap, BTreeSet};

use super::super::imported::Files;
use crate::yaml::{self, NodeKind};

/// Whose variables a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    Group(String),
    Host(String),
}

/// The files of variables in the order in which they are read, and why others are not, one sentence
/// each.
#[derive(Debug, Default)]
pub(super) struct Folders<'f> {
    pub(super) read: Vec<(Owner, &'f str)>,
    pub(super) notes: Vec<String>,
}

/// Endings that Ansible looks for, in its order.
const ENDINGS: [&str; 4] = ["", ".yml", ".yaml", ".json"];

/// Whether a file lies in one of the folders.
pub(super) fn is_in_folder(file: &str) -> bool {
    place(file).is_some()
}

/// One of the folders by its path, and the path below it.
fn place(file: &str) -> Option<(&str, Vec<&str>)> {
    let mut start = 0;
    for part in file.split('/') {
        let end = start + part.len();
        if matches!(part, "group_vars" | "host_vars") && end < file.len() {
            return Some((&file[..end], file[end + 1..].split('/').collect()));
        }
        start = end + 1;
    }
    None
}

/// What lies in one folder: by the name of each entry the files below it, with their paths below
/// the entry.
type Entries<'f> = BTreeMap<&'f str, Vec<(Vec<&'f str>, &'f str)>>;

impl<'f> Folders<'f> {
    pub(super) fn of(files: &'f Files) -> Self {
        let mut all: BTreeMap<&str, Entries<'f>> = BTreeMap::new();
        for file in files.keys() {
            if let Some((folder, below)) = place(file) {
                let (entry, rest) = (below[0], below[1..].to_vec());
                all.entry(folder).or_default().entry(entry).or_default().push((rest, file));
            }
        }
        let mut folders = Self::default();
        for name in ["group_vars", "host_vars"] {
            let several: Vec<_> =
                all.keys().filter(|folder| folder.rsplit('/').next() == Some(name)).copied().collect();
            if several.len() > 1 {
                let several = several.join(", ");
                folders
                    .notes
                    .push(format!("{several}: of a variable that is in several of these the last value counts"));
            }
        }
        for (folder, entries) in &all {
            folders.read_folder(files, folder, entries);
        }
        folders
    }

    fn read_folder(&mut self, files: &Files, folder: &str, entries: &Entries<'f>) {
        let owners: BTreeSet<&str> = entries.keys().map(|entry| stem(entry)).collect();
        for owner in owners {
            let candidates = ENDINGS.map(|ending| format!("{owner}{ending}"));
            let mut found = candidates.iter().filter_map(|name| entries.get_key_value(name.as_str()));
            let Some((first, inside)) = found.next() else { continue };
            let whose = match folder.ends_with("group_vars") {
                true => Owner::Group(owner.to_owned()),
                false => Owner::Host(owner.to_owned()),
            };
            self.read_entry(files, &whose, inside);
            for (_, unread) in found {
                for (_, file) in unread {
                    self.leave_out(files, file, &format!("Ansible reads {folder}/{first} instead"));
                }
            }
        }
    }

    fn read_entry(&mut self, files: &Files, owner: &Owner, inside: &[(Vec<&'f str>, &'f str)]) {
        let mut inside = inside.to_vec();
        inside.sort();
        for (below, file) in inside {
            let name = below.last().copied().unwrap_or_default();
            let folders = below.split_last().map_or(&[][..], |(_, folders)| folders);
            let reason = if below.iter().any(|part| part.starts_with('.') || part.ends_with('~')) {
                "Ansible reads no hidden and no backup files"
            } else if folders.iter().any(|folder| folder.contains('.')) {
                "Ansible reads no folder in a folder whose name has an ending"
            } else if name.contains('.') && !ENDINGS[1..].iter().any(|ending| name.ends_with(ending)) {
                "Ansible reads no file with this ending"
            } else {
                self.read.push((owner.clone(), file));
                continue;
            };
            self.leave_out(files, file, reason);
        }
    }

    /// Notes that a file is not read.
    pub(super) fn leave_out(&mut self, files: &Files, file: &str, reason: &str) {
        let text = files.get(file).map(Vec::as_slice).unwrap_or_default();
        if !text.trim_ascii().is_empty() {
            self.notes.push(left_out(file, text, reason));
        }
    }
}

/// The note about a file of variables that is not read.
pub(super) fn left_out(file: &str, text: &[u8], reason: &str) -> String {
    let values = match yaml::read(text).map(|node| node.kind) {
        Ok(NodeKind::Map(entries)) if entries.len() == 1 => " (1 value)".to_owned(),
        Ok(NodeKind::Map(entries)) => format!(" ({} values)", entries.len()),
        _ => String::new(),
    };
    format!("{file}: left out{values}, as {reason}")
}

/// An entry's name without its ending, if it is one that Ansible looks for.
fn stem(entry: &str) -> &str {
    ENDINGS[1..].iter().find_map(|ending| entry.strip_suffix(ending)).unwrap_or(entry)
}
