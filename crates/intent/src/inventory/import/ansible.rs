//! Ansible's inventories: any number of files, INI or YAML, and the folders `group_vars` and `host_vars`.
//!
//! | Ansible | naas |
//! | --- | --- |
//! | `ansible_host`, `ansible_user`, `ansible_password` | `hostname`, `username`, `password` |
//! | `ansible_network_os` | `platform`, without the collection's name |
//! | `ansible_port`, where the connection is `httpapi` | `port` |
//! | `ansible_httpapi_use_ssl`, `…_validate_certs`, `ansible_become_password` | `connection_options.eapi.extras` |
//! | other variables of Ansible's own | left out, and noted |
//! | your variables | `data` |
//! | group `all` | `defaults` |
//! | children of a group | are in it: `groups` of the child |
//!
//! Ansible lets a child group win over its parents, deeper over shallower, then the higher `ansible_group_priority`, then the
//! later name; Nornir, and so naas, goes through groups depth first. Where that gives a host another value, the value Ansible
//! gives stands at the host itself, and a note says so: the document resolves as Ansible does, without exception.
//!
//! What Vault encrypted is refused. Jinja2 in a variable stays text, and is noted.

mod convert;
mod ini;
mod precedence;
mod range;
mod site;
mod tree;

use super::{Files, ImportError, Imported};
use site::Site;

pub(super) fn import(files: &Files) -> Result<Imported, ImportError> {
    let names = files.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    convert::convert(read(files, &names)?, &names)
}

/// Every host's variables, as Ansible resolves them.
#[cfg(test)]
pub(super) fn resolved(files: &Files) -> Result<std::collections::BTreeMap<String, site::Vars>, ImportError> {
    let site = read(files, "")?;
    let precedence = precedence::Precedence::new(&site);
    Ok(site.hosts.keys().map(|host| (host.clone(), precedence.vars(host))).collect())
}

fn read(files: &Files, names: &str) -> Result<Site, ImportError> {
    let mut site = Site::default();
    for (file, text) in files.iter().filter(|(file, _)| vars_of(file).is_none()) {
        site.refuse_vault(file, text)?;
        match tree::is_yaml(file, text) {
            true => tree::read(&mut site, file, text)?,
            false => ini::read(&mut site, file, text)?,
        }
    }
    for (file, text) in files {
        site.refuse_vault(file, text)?;
        match vars_of(file) {
            Some(Vars::Group(name)) => tree::read_vars(&mut site.group(name).from_folder, file, text)?,
            Some(Vars::Host(name)) => match site.hosts.get_mut(name) {
                Some(host) => tree::read_vars(&mut host.from_folder, file, text)?,
                None => site.notes.push(format!("{file}: left out, as there is no host {name}")),
            },
            None => {}
        }
    }
    site.check(names)?;
    Ok(site)
}

/// Whose variables a file in one of the folders holds.
enum Vars<'a> {
    Group(&'a str),
    Host(&'a str),
}

/// `group_vars/leaf.yml`, `group_vars/leaf/any.yml` and `site/group_vars/leaf` are all of group leaf.
fn vars_of(file: &str) -> Option<Vars<'_>> {
    let mut parts = file.split('/');
    let folder = parts.by_ref().find(|part| matches!(*part, "group_vars" | "host_vars"))?;
    let name = parts.next()?;
    let is_file = parts.next().is_none();
    let stem = [".yaml", ".yml", ".json"].iter().find_map(|ending| name.strip_suffix(ending));
    let name = if is_file { stem.unwrap_or(name) } else { name };
    Some(if folder == "group_vars" { Vars::Group(name) } else { Vars::Host(name) })
}
