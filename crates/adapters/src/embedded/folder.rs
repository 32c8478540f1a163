//! Inventory and models from a site folder, read anew whenever they are asked for: an editor's save is the next push's intent.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use intent::inventory::Document;
use intent::model::ModelFiles;
use naas::ports::{Inventories, Models, StoreError, StoreFault};

use crate::model_file;

/// The files of an inventory, in the site folder itself or in its folder `inventory`.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// What an inventory file in the site folder itself may be called; in `inventory/` any name will do.
const STEMS: [&str; 4] = ["inventory", "hosts", "groups", "defaults"];

/// The inventory of a site folder. A document's name is its path in the folder.
#[derive(Debug, Clone)]
pub struct FolderInventories {
    site: PathBuf,
}

/// A folder of models and templates.
#[derive(Debug)]
pub struct FolderModels {
    folder: PathBuf,
    last: Mutex<Arc<ModelFiles>>,
}

impl FolderInventories {
    /// The inventory of this site.
    pub fn new(site: impl Into<PathBuf>) -> Self {
        Self { site: site.into() }
    }

    fn names(&self) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        for (folder, any_stem) in [("", false), ("inventory/", true)] {
            for file in files(&self.site.join(folder))? {
                let path = Path::new(&file);
                let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
                if ENDINGS.contains(&ending) && (any_stem || STEMS.contains(&stem)) && !stem.starts_with('.') {
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
        // A queued slice names the files to read; only those that make up the inventory are believed.
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

impl FolderModels {
    /// The models and templates below this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), last: Mutex::default() }
    }
}

impl Models for FolderModels {
    async fn snapshot(&self) -> Result<Arc<ModelFiles>, StoreError> {
        let mut found = BTreeMap::new();
        collect(&self.folder, "", &mut found)?;
        let now = ModelFiles(found);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if **last != now {
            *last = Arc::new(now);
        }
        Ok(Arc::clone(&last))
    }
}

/// Reads every file below `folder`. Links are followed to files only, so no loop can be walked for ever.
fn collect(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>) -> Result<(), StoreError> {
    for entry in fs::read_dir(folder).map_err(|error| failed(folder, error))? {
        let entry = entry.map_err(|error| failed(folder, error))?;
        let path = entry.path();
        let Some(name) = entry.file_name().to_str().map(|name| format!("{prefix}{name}")) else {
            return Err(StoreError::new(path.display().to_string(), StoreFault::Unreadable, "its name is not UTF-8"));
        };
        if !model_file::counts(&name) {
            continue;
        }
        if entry.file_type().map_err(|error| failed(&path, error))?.is_dir() {
            collect(&path, &format!("{name}/"), found)?;
            continue;
        }
        let size = fs::metadata(&path).map_err(|error| failed(&path, error))?.len();
        let sizes = found.iter().map(|(path, content)| (path.as_str(), content.len() as u64));
        if let Some(reason) = model_file::too_large(sizes.chain([(name.as_str(), size)])) {
            return Err(StoreError::new(folder.display().to_string(), StoreFault::Unreadable, reason));
        }
        found.insert(name, fs::read(&path).map_err(|error| failed(&path, error))?);
    }
    Ok(())
}

/// The names of the files in a folder; none if it does not exist.
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
    use super::*;

    fn site(files: &[(&str, &str)]) -> tempfile::TempDir {
        let site = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = site.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        site
    }

    #[tokio::test]
    async fn inventory_files_are_found_by_name_and_others_are_not_read() {
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
    async fn a_site_without_inventory_and_a_file_outside_of_it_are_not_found() {
        let empty = FolderInventories::new(site(&[]).path());
        let other = site(&[("hosts.yaml", "h: {}"), ("secret.yaml", "x")]);
        let other = FolderInventories::new(other.path());

        assert_eq!(empty.all().await.unwrap_err().fault, StoreFault::NotFound);
        for name in ["secret.yaml", "../hosts.yaml", "/etc/passwd"] {
            assert_eq!(other.named(&[name.to_owned()]).await.unwrap_err().fault, StoreFault::NotFound, "{name}");
        }
    }

    #[tokio::test]
    async fn the_same_models_are_the_same_snapshot_and_a_change_is_another() {
        let site = site(&[("a.yaml", "1"), ("t/b.tera", "2"), (".git/c", "3")]);
        let models = FolderModels::new(site.path());

        let first = models.snapshot().await.unwrap();
        let same = models.snapshot().await.unwrap();
        fs::write(site.path().join("a.yaml"), "4").unwrap();
        let changed = models.snapshot().await.unwrap();

        assert!(Arc::ptr_eq(&first, &same) && !Arc::ptr_eq(&first, &changed));
        assert_eq!(changed.0.keys().collect::<Vec<_>>(), ["a.yaml", "t/b.tera"]);
    }

    #[tokio::test]
    async fn a_model_that_is_too_large_is_named() {
        let site = site(&[("huge.tera", &"x".repeat(1_048_577))]);

        let error = FolderModels::new(site.path()).snapshot().await.unwrap_err();

        assert_eq!(error.fault, StoreFault::Unreadable);
        assert!(std::error::Error::source(&error).unwrap().to_string().contains("huge.tera"));
    }
}
