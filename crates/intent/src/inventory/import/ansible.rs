//! Ansible's inventories: any number of files, INI or YAML, and the folders `group_vars` and
//! `host_vars`.
//!
//! | Ansible | naas |
//! | --- | --- |
//! | `ansible_host`, `ansible_user`, `ansible_password` | `hostname`, `username`, `password` |
//! | `ansible_network_os` | `platform`, without the collection's name |
//! | `ansible_httpapi_port` | `port` |
//! | `ansible_port` | left out, and noted: Ansible's httpapi does not read it |
//! | `ansible_httpapi_use_ssl`, `…_validate_certs`, `ansible_become_password` | `connection_options.eapi.extras` |
//! | other variables of Ansible's own | left out, and noted |
//! | your variables | `data` |
//! | group `all` | `defaults` |
//! | children of a group | are in it: `groups` of the child |
//!
//! Ansible lets a child group win over its parents, deeper over shallower, then the higher
//! `ansible_group_priority`, then the later name; Nornir, and so naas, goes through groups depth
//! first. Where that gives a host another value, the value Ansible gives stands at the host itself,
//! and a note says so: the document resolves as Ansible does, without exception.
//!
//! Templates see the variables by their own names, as in Ansible: the document says `jinja:
//! {variables: ansible}`.
//!
//! What Vault encrypted is refused. Jinja2 in a variable stays text, and is noted.

mod convert;
mod folders;
mod ini;
mod order;
mod precedence;
mod range;
mod site;
mod tree;

use super::imported::{Files, ImportError, Imported};
use folders::{Folders, Owner};
use site::{ALL, AnsibleInventory, UNGROUPED};

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

fn read(files: &Files, names: &str) -> Result<AnsibleInventory, ImportError> {
    let mut site = AnsibleInventory::default();
    for (file, text) in files.iter().filter(|(file, _)| !folders::is_in_folder(file)) {
        site.refuse_vault(file, text)?;
        match tree::is_yaml(file, text) {
            true => tree::read(&mut site, file, text)?,
            false => ini::read(&mut site, file, text)?,
        }
    }
    let folders = Folders::of(files);
    site.notes.extend(folders.notes);
    for (owner, file) in folders.read {
        let text = &files[file];
        site.refuse_vault(file, text)?;
        let (member, name) = match &owner {
            Owner::Group(name) if [ALL, UNGROUPED].contains(&name.as_str()) => (Some(site.group(name)), "group"),
            Owner::Group(name) => (site.groups.get_mut(name), "group"),
            Owner::Host(name) => (site.hosts.get_mut(name), "host"),
        };
        match (member, owner) {
            (Some(member), _) => tree::read_vars(&mut member.from_folder, file, text)?,
            (None, Owner::Group(whose) | Owner::Host(whose)) => {
                site.notes.push(folders::left_out(file, text, &format!("there is no {name} {whose}")));
            }
        }
    }
    site.check(names)?;
    Ok(site)
}
