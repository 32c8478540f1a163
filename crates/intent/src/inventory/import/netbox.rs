//! The devices of NetBox, exported as CSV: "all data" or the current view.
//!
//! Role, site and platform become groups by their slugs, so `Leaf Switch` is group `leaf-switch`; a
//! slug that two of them share is prefixed with the column (`site-core`). The other columns that
//! are known become data. Devices whose status is not active, and those whose names naas cannot
//! take, are left out, which is noted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::imported::{Files, ImportError, Imported, written};
use crate::name::DeviceName;

/// Which columns become groups, under their own name and the names NetBox gives them elsewhere.
const GROUPS: [(&str, &[&str]); 3] =
    [("role", &["role", "device_role"]), ("site", &["site"]), ("platform", &["platform"])];

/// Which become data.
const DATA: [&str; 10] =
    ["id", "role", "site", "tenant", "location", "rack", "manufacturer", "type", "serial", "asset_tag"];

const ADDRESSES: [&str; 5] = ["primary_ip4", "primary_ip", "ip_address", "primary_ipv4", "primary_ip6"];

pub(super) fn import(files: &Files) -> Result<Imported, ImportError> {
    let mut devices = Devices::default();
    for (file, text) in files {
        devices.read(file, text)?;
    }
    let names = files.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let (site, notes) = devices.site();
    let (document, _) = written(&site, &names)?;
    Ok(Imported { document, notes })
}

#[derive(Default)]
struct Devices {
    rows: BTreeMap<DeviceName, Row>,
    not_active: Vec<String>,
    unnamed: Vec<String>,
}

/// A line of the file by its columns' names, without empty cells.
type Row = BTreeMap<String, String>;

impl Devices {
    fn read(&mut self, file: &str, text: &[u8]) -> Result<(), ImportError> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text); // Excel's mark
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
        let fault = |error: csv::Error| {
            let line = error.position().map(csv::Position::line);
            ImportError::new(file, line, in_words(&error))
        };
        let columns: Vec<_> = reader.headers().map_err(fault)?.iter().map(column).collect();
        if !columns.iter().any(|column| column == "name") {
            return Err(ImportError::new(file, 1, "expected NetBox's export of devices, with a column called name"));
        }
        for record in reader.records() {
            let record = record.map_err(fault)?;
            let line = record.position().map(csv::Position::line);
            let cells = columns.iter().cloned().zip(record.iter().map(str::to_owned));
            let row: Row = cells.filter(|(_, cell)| !cell.is_empty() && cell != "—").collect();
            self.add(row).map_err(|reason| ImportError::new(file, line, reason))?;
        }
        Ok(())
    }

    fn add(&mut self, row: Row) -> Result<(), String> {
        let name = row.get("name").cloned().unwrap_or_default();
        if row.get("status").is_some_and(|status| !status.eq_ignore_ascii_case("active")) {
            self.not_active.push(name);
            return Ok(());
        }
        let Ok(name) = DeviceName::new(name.clone()) else {
            self.unnamed.push(name);
            return Ok(());
        };
        match self.rows.insert(name.clone(), row) {
            Some(_) => Err(format!("{name} is there twice; once is enough")),
            None => Ok(()),
        }
    }

    fn site(self) -> (Value, Vec<String>) {
        let mut notes = Vec::new();
        let mut note = |names: &[String], what: &str| {
            if !names.is_empty() {
                notes.push(format!("{} {what}: {}", names.len(), some(names)));
            }
        };
        note(&self.not_active, "left out, as their status is not active");
        note(&self.unnamed, "left out, as naas cannot take their names");
        let names = self.group_names();
        let (mut hosts, mut groups, mut unaddressed) = (Map::new(), Map::new(), Vec::new());
        for (name, row) in &self.rows {
            let address = ADDRESSES.iter().find_map(|column| row.get(*column));
            let address = address.map(|address| address.split('/').next().unwrap_or(address));
            if address.is_none() {
                unaddressed.push(name.to_string());
            }
            let mut member_of = Vec::new();
            for (kind, value) in kinds(row) {
                let Some(group) = names.get(&(kind, slug(value))) else { continue };
                member_of.push(group.clone());
                let platform = kind == "platform" && slug(value).split('-').any(|word| word == "eos");
                groups.insert(group.clone(), if platform { json!({"platform": "eos"}) } else { json!({}) });
            }
            let mut host = Map::new();
            host.extend(address.map(|address| ("hostname".to_owned(), address.into())));
            host.insert("groups".to_owned(), member_of.into());
            host.insert("data".to_owned(), data(row));
            hosts.insert(name.to_string(), host.into());
        }
        note(&unaddressed, "have no primary address and will be reached by name");
        for ((kind, slug), group) in &names {
            if slug != group {
                notes.push(format!("the {kind} {slug} is group {group}, since something else has that slug too"));
            }
        }
        (json!({"hosts": hosts, "groups": groups}), notes)
    }

    /// What a slug of a column is called as a group. `global` and a slug of two columns are
    /// prefixed.
    fn group_names(&self) -> BTreeMap<(&'static str, String), String> {
        let all: BTreeSet<_> = self
            .rows
            .values()
            .flat_map(kinds)
            .map(|(kind, value)| (kind, slug(value)))
            .filter(|(_, slug)| !slug.is_empty())
            .collect();
        let shared = |slug: &str| slug == "global" || all.iter().filter(|(_, other)| other == slug).count() > 1;
        let name = |(kind, slug): &(&'static str, String)| {
            let name = if shared(slug) { format!("{kind}-{slug}") } else { slug.clone() };
            ((*kind, slug.clone()), name)
        };
        all.iter().map(name).collect()
    }
}

fn kinds(row: &Row) -> impl Iterator<Item = (&'static str, &String)> {
    GROUPS.iter().filter_map(|(kind, columns)| Some((*kind, columns.iter().find_map(|column| row.get(*column))?)))
}

fn data(row: &Row) -> Value {
    let mut data = Map::new();
    for key in DATA {
        let columns = [key.to_owned(), format!("device_{key}")];
        data.extend(
            columns.iter().find_map(|column| row.get(column)).map(|cell| (key.to_owned(), cell.as_str().into())),
        );
    }
    if let Some(tags) = row.get("tags") {
        let tags: Vec<_> = tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).collect();
        data.insert("tags".to_owned(), tags.into());
    }
    data.into()
}

/// `Primary IPv4` and `primary_ipv4` are one column.
fn column(header: &str) -> String {
    header.to_lowercase().replace([' ', '-'], "_")
}

/// As NetBox makes slugs: lower case, digits and dashes. At most what a name may have, with room
/// for a prefix.
fn slug(value: &str) -> String {
    let words = value.to_lowercase();
    let words = words.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-");
    slug.trim_start_matches('_').chars().take(100).collect()
}

fn some(names: &[String]) -> String {
    let first: Vec<_> = names.iter().take(5).map(|name| name.chars().take(64).collect::<String>()).collect();
    let more = names.len() - first.len();
    if more == 0 { first.join(", ") } else { format!("{} and {more} more", first.join(", ")) }
}

fn in_words(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8 text".to_owned(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("expected {expected_len} cells as in the first line, found {len}")
        }
        _ => "is not CSV".to_owned(),
    }
}
