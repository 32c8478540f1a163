//! Which folder is the site: the one that was named, or the nearest one upwards, as git finds its
//! repository.

use std::path::{Path, PathBuf};

use adapters::embedded::FolderInventories;
use clap::Args;

/// The environment variable that names the site folder.
const SITE: &str = "NAAS_SITE";

/// The option that names the site folder.
#[derive(Debug, Clone, Args)]
pub(crate) struct SiteFolder {
    /// The site folder [default: NAAS_SITE, or else the nearest site at or above the current folder]
    #[arg(id = "site", long, value_name = "FOLDER")]
    named: Option<PathBuf>,
}

impl SiteFolder {
    /// The folder, which need not be a site: [`super::find`] tells.
    pub(crate) fn path(&self) -> PathBuf {
        let from_environment = || std::env::var_os(SITE).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        self.named.clone().or_else(from_environment).unwrap_or_else(|| {
            let here = std::env::current_dir().unwrap_or_default();
            nearest(&here).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
        })
    }

    /// The option to type again so that a command means the same site; empty if none is needed.
    pub(crate) fn option(&self) -> String {
        self.named.as_ref().map(|folder| format!(" --site {}", folder.display())).unwrap_or_default()
    }
}

/// The nearest folder at or above `start` that has an inventory and models.
fn nearest(start: &Path) -> Option<&Path> {
    let is_site = |folder: &&Path| {
        let no_inventory = || FolderInventories::new(folder).files().is_ok_and(|files| files.is_empty());
        folder.join("models").is_dir() && !no_inventory()
    };
    start.ancestors().find(is_site)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_nearest_site_upwards_is_found() {
        let root = tempfile::tempdir().unwrap();
        let (outer, inner) = (root.path().join("outer"), root.path().join("outer/sites/inner"));
        for site in [&outer, &inner] {
            fs::create_dir_all(site.join("models/leafs")).unwrap();
            fs::write(site.join("inventory.yaml"), "leaf1: {}\n").unwrap();
        }

        assert_eq!(nearest(&inner.join("models/leafs")), Some(inner.as_path()));
        assert_eq!(nearest(&outer.join("sites")), Some(outer.as_path()));
        assert_eq!(nearest(root.path()), None);
    }

    #[test]
    fn a_folder_with_models_alone_is_passed_by() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("models")).unwrap();

        assert_eq!(nearest(root.path()), None);
    }
}
