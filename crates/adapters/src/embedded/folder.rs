//! Inventory and models from a site folder. They are read anew whenever they are asked for, so that
//! what an editor saves is what the next push brings.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use intent::inventory::Document;
use naas::ports::{Inventories, StoreError, StoreFault};

pub use models::FolderModels;

mod models;

/// The endings of inventory files, in the site folder itself or in its folder `inventory`.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// The names that an inventory file in the site folder itself may have, without their ending. In
/// `inventory/` a file may have any name.
const STEMS: [&str; 4] = ["inventory", "hosts", "groups", "defaults"];

/// The inventory of a site folder. A document is named by its path in the folder.
#[derive(Debug, Clone)]
pub struct FolderInventories {
    site: PathBuf,
}

impl FolderInventories {
    /// The inventory of the site in this folder.
    pub fn new(site: impl Into<PathBuf>) -> Self {
        Self { site: site.into() }
    }

    /// The full paths of the inventory's files.
    ///
    /// # Errors
    ///
    /// [`StoreFault::Unreadable`] for a link that leads out of the site.
    pub fn files(&self) -> Result<Vec<PathBuf>, StoreError> {
        Ok(self.names()?.iter().map(|name| self.site.join(name)).collect())
    }

    fn names(&self) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        for (folder, any_stem) in [("", false), ("inventory/", true)] {
            for file in files(&self.site.join(folder))? {
                let path = Path::new(&file);
                let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
                if ENDINGS.contains(&ending) && (any_stem || STEMS.contains(&stem)) && !stem.starts_with('.') {
                    must_stay(&self.site.join(folder).join(&file), &self.site)?;
                    names.push(format!("{folder}{file}"));
                }
            }
        }
        names.sort();
        Ok(names)
    }
}

impl Inventories for FolderInventories {
    async fn all(&self) -> Result<Vec<Document>, StoreError> {
        let names = self.names()?;
        if names.is_empty() {
            return Err(StoreError::not_found(format!(
                "inventory.yaml (or Nornir's hosts.yaml) in {}",
                self.site.display()
            )));
        }
        self.named(&names).await
    }

    async fn named(&self, names: &[String]) -> Result<Vec<Document>, StoreError> {
        // A queued slice names the files to read; only those that make up the inventory are
        // believed.
        let known = self.names()?;
        names
            .iter()
            .map(|name| {
                let path = self.site.join(name);
                if !known.contains(name) {
                    return Err(StoreError::not_found(path.display().to_string()));
                }
                let body = fs::read(&path).map_err(|error| failed(&path, error))?;
                Ok(Document::new(name, body).of_this_machine())
            })
            .collect()
    }
}

/// Refuses a file that a link puts outside of `bounds`: whoever may write the folder could have any
/// file of this machine read, and sent to a switch.
fn must_stay(path: &Path, bounds: &Path) -> Result<(), StoreError> {
    let real = path.canonicalize().map_err(|error| failed(path, error))?;
    let bounds = bounds.canonicalize().map_err(|error| failed(bounds, error))?;
    if real.starts_with(&bounds) {
        return Ok(());
    }
    let resource = format!("{}, a link out of the folder {}", path.display(), bounds.display());
    let reason = format!("it leads to {}; copy the file into the folder", real.display());
    Err(StoreError::new(resource, StoreFault::Unreadable, reason))
}

/// The names of the files in a folder; none if the folder does not exist.
fn files(folder: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(folder, error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| failed(folder, error))?;
        if entry.path().is_file() {
            names.extend(entry.file_name().into_string());
        }
    }
    Ok(names)
}

fn failed(path: &Path, error: io::Error) -> StoreError {
    let fault = match error.kind() {
        io::ErrorKind::NotFound => StoreFault::NotFound,
        io::ErrorKind::PermissionDenied => StoreFault::Denied,
        _ => StoreFault::Unavailable,
    };
    StoreError::new(path.display().to_string(), fault, error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    pub(super) fn site(files: &[(&str, &str)]) -> tempfile::TempDir {
        let site = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = site.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        site
    }

    #[tokio::test]
    async fn inventory_files_are_found_by_their_names() {
        let site = site(&[
            ("hosts.yaml", "h: {}"),
            ("notes.yaml", "x"),
            ("inventory/any.json", "{}"),
            ("inventory/README.md", ""),
        ]);

        let documents = FolderInventories::new(site.path()).all().await.unwrap();

        let names: Vec<_> = documents.iter().map(|document| document.name.as_str()).collect();
        assert_eq!(names, ["hosts.yaml", "inventory/any.json"]);
    }

    #[tokio::test]
    async fn files_that_are_no_inventory_are_not_found() {
        let empty = FolderInventories::new(site(&[]).path());
        let other = site(&[("hosts.yaml", "h: {}"), ("secret.yaml", "x")]);
        let other = FolderInventories::new(other.path());

        assert_eq!(empty.all().await.unwrap_err().fault, StoreFault::NotFound);
        for name in ["secret.yaml", "../hosts.yaml", "/etc/passwd"] {
            assert_eq!(other.named(&[name.to_owned()]).await.unwrap_err().fault, StoreFault::NotFound, "{name}");
        }
    }

    #[tokio::test]
    async fn a_link_out_of_the_site_is_no_inventory() {
        let elsewhere = site(&[("hosts.yaml", "h: {}")]);
        for (link, to) in [("hosts.yaml", "hosts.yaml"), ("inventory", ""), ("inventory.json", "hosts.yaml")] {
            let site = site(&[("groups.yaml", "{}")]);
            symlink(elsewhere.path().join(to), site.path().join(link)).unwrap();

            let error = FolderInventories::new(site.path()).all().await.unwrap_err();

            assert_eq!(error.fault, StoreFault::Unreadable, "{link}");
            assert!(error.to_string().contains("a link out of the folder"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_link_within_the_site_is_followed() {
        let site = site(&[("teams/noc.yaml", "leaf1: {}")]);
        symlink("teams/noc.yaml", site.path().join("hosts.yaml")).unwrap();

        let documents = FolderInventories::new(site.path()).all().await.unwrap();

        assert_eq!(documents.len(), 1);
    }
}
