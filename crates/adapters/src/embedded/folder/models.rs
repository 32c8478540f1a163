//! A folder of models and templates, read as it is at one moment: all of a version or none of it.
//!
//! Nothing locks the folder while `git checkout` or `rsync` writes it. So the time stamps of every
//! file are taken before and after reading; when they differ, or when a file was written a moment
//! ago and others may follow, the folder is read again.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use intent::model::ModelFiles;
use naas::ports::{Models, StoreError, StoreFault};

use super::{failed, must_stay};
use crate::model_file;

/// For how long nothing in the folder must have changed: longer than the pauses of a program that
/// writes many files.
const QUIET: Duration = Duration::from_millis(100);

/// How often the folder is read before it is given up on.
const ATTEMPTS: usize = 30;

/// A folder of models and templates.
#[derive(Debug)]
pub struct FolderModels {
    folder: PathBuf,
    /// Links may lead anywhere within this folder, and nowhere else.
    bounds: PathBuf,
    /// For how long nothing in the folder must have changed.
    quiet: Duration,
    last: Mutex<Arc<ModelFiles>>,
}

/// What changes with a file's content: inode, size, and the times of its last change in
/// nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// Every model file of the folder by its path in it.
type Stamps = BTreeMap<String, Stamp>;

impl FolderModels {
    /// The models and templates below this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self { bounds: folder.clone(), folder, quiet: QUIET, last: Mutex::default() }
    }

    /// The models and templates of the site in this folder: those below its `models`.
    pub fn of_site(site: &Path) -> Self {
        Self { bounds: site.to_path_buf(), ..Self::new(site.join("models")) }
    }

    /// Reads the folder once; nothing if it changed meanwhile. `before_file` is called before each
    /// file is read.
    fn read(&self, mut before_file: impl FnMut()) -> Result<Option<ModelFiles>, StoreError> {
        let before = self.stamps()?;
        let mut files = BTreeMap::new();
        for path in before.keys() {
            before_file();
            match fs::read(self.folder.join(path)) {
                Ok(content) => drop(files.insert(path.clone(), content)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(failed(&self.folder.join(path), error)),
            }
        }
        let now = SystemTime::now();
        let quiet = before.values().all(|stamp| stamp.is_unchanged_for(self.quiet, now));
        Ok((quiet && self.stamps()? == before).then_some(ModelFiles(files)))
    }

    fn stamps(&self) -> Result<Stamps, StoreError> {
        must_stay(&self.folder, &self.bounds)?;
        let mut stamps = Stamps::new();
        self.collect(&self.folder, "", &mut stamps)?;
        let sizes = stamps.iter().map(|(path, stamp)| (path.as_str(), stamp.size));
        match model_file::too_large(sizes) {
            Some(reason) => Err(StoreError::new(self.folder.display().to_string(), StoreFault::Unreadable, reason)),
            None => Ok(stamps),
        }
    }

    /// Stamps every file below `folder`. Links are followed to files only, so no loop can be walked
    /// for ever.
    fn collect(&self, folder: &Path, prefix: &str, stamps: &mut Stamps) -> Result<(), StoreError> {
        for entry in fs::read_dir(folder).map_err(|error| failed(folder, error))? {
            let entry = entry.map_err(|error| failed(folder, error))?;
            let path = entry.path();
            let Some(name) = entry.file_name().to_str().map(|name| format!("{prefix}{name}")) else {
                let reason = "its name is not UTF-8";
                return Err(StoreError::new(path.display().to_string(), StoreFault::Unreadable, reason));
            };
            if !model_file::counts(&name) {
                continue;
            }
            let kind = entry.file_type().map_err(|error| failed(&path, error))?;
            if kind.is_dir() {
                self.collect(&path, &format!("{name}/"), stamps)?;
                continue;
            }
            if kind.is_symlink() {
                must_stay(&path, &self.bounds)?;
            }
            match fs::metadata(&path) {
                Ok(metadata) => drop(stamps.insert(name, Stamp::of(&metadata))),
                // It was listed and is gone: the second look will differ from the first.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(&path, error)),
            }
        }
        Ok(())
    }
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// True unless the file changed within so long before `now`. A change that lies in the future,
    /// by a clock that was turned back, is not waited for.
    fn is_unchanged_for(&self, quiet: Duration, now: SystemTime) -> bool {
        let (seconds, nanoseconds) = (self.changed.0.unsigned_abs(), self.changed.1.unsigned_abs());
        let changed = Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds);
        now.duration_since(SystemTime::UNIX_EPOCH + changed).map_or(true, |ago| ago >= quiet)
    }
}

impl Models for FolderModels {
    async fn snapshot(&self) -> Result<Arc<ModelFiles>, StoreError> {
        for _ in 0..ATTEMPTS {
            if let Some(now) = self.read(|| {})? {
                let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
                if **last != now {
                    *last = Arc::new(now);
                }
                return Ok(Arc::clone(&last));
            }
            tokio::time::sleep(QUIET).await;
        }
        let reason = "models and templates keep changing; nothing is read while they do";
        Err(StoreError::new(self.folder.display().to_string(), StoreFault::Unavailable, reason))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::tests::site;
    use super::*;

    /// Files of one version.
    const FILES: usize = 10;

    #[tokio::test]
    async fn unchanged_models_are_the_same_snapshot() {
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

    #[tokio::test]
    async fn a_link_out_of_the_site_is_no_model() {
        let elsewhere = site(&[("secret.yaml", "password"), ("models/m.yaml", "{}")]);
        for (link, to) in [("models/m.yaml", "secret.yaml"), ("models", "models")] {
            let site = site(&[("models/t/base.tera", "")]);
            if link == "models" {
                fs::remove_dir_all(site.path().join("models")).unwrap();
            }
            symlink(elsewhere.path().join(to), site.path().join(link)).unwrap();

            let error = FolderModels::of_site(site.path()).snapshot().await.unwrap_err();

            assert_eq!(error.fault, StoreFault::Unreadable, "{link}");
            assert!(error.to_string().contains("a link out of the folder"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_link_within_the_site_is_a_model() {
        let site = site(&[("models/t.tera", ""), ("shared/m.yaml", "{}")]);
        symlink("../shared/m.yaml", site.path().join("models/m.yaml")).unwrap();

        let files = FolderModels::of_site(site.path()).snapshot().await.unwrap();

        assert_eq!(files.0.keys().collect::<Vec<_>>(), ["m.yaml", "t.tera"]);
    }

    /// Writes some files of a version, as an editor or a checkout does: each of them in one step.
    fn write(folder: &Path, files: std::ops::Range<usize>, version: usize) {
        for file in files {
            let draft = folder.join(".draft");
            fs::write(&draft, version.to_string()).unwrap();
            fs::rename(draft, folder.join(format!("{file}.yaml"))).unwrap();
        }
    }

    fn versions(files: &ModelFiles) -> std::collections::BTreeSet<&[u8]> {
        files.0.values().map(Vec::as_slice).collect()
    }

    #[test]
    fn no_reader_sees_a_mix_of_two_versions() {
        let site = site(&[]);
        // Without waiting for quiet, so that time stamps alone must tell.
        let models = FolderModels { quiet: Duration::ZERO, ..FolderModels::new(site.path()) };
        for (turn, (begins, pause)) in (0..FILES).flat_map(|b| (0..FILES).map(move |p| (b, p))).enumerate() {
            write(site.path(), 0..FILES, 2 * turn);
            let mut file = 0;
            // Half of the next version is written before one file is read, the rest before a later
            // one.
            let read = models.read(|| {
                if file == begins {
                    write(site.path(), 0..FILES / 2, 2 * turn + 1);
                }
                if file == begins + pause {
                    write(site.path(), FILES / 2..FILES, 2 * turn + 1);
                }
                file += 1;
            });
            if let Some(files) = read.unwrap() {
                assert_eq!(versions(&files).len(), 1, "{begins} {pause}: {files:?}");
            }
            write(site.path(), 0..FILES, 2 * turn + 1);
            assert_eq!(versions(&models.read(|| {}).unwrap().unwrap()).len(), 1);
        }
    }

    #[tokio::test]
    async fn a_version_that_is_still_being_written_is_waited_for() {
        let site = site(&[]);
        write(site.path(), 0..FILES, 1);
        let folder = site.path().to_path_buf();
        let writer = std::thread::spawn(move || {
            for file in 0..FILES {
                write(&folder, file..file + 1, 2);
                std::thread::sleep(QUIET / 3);
            }
        });
        std::thread::sleep(QUIET / 6);

        let files = FolderModels::new(site.path()).snapshot().await.unwrap();
        writer.join().unwrap();

        assert_eq!(versions(&files), [b"2".as_slice()].into());
    }
}
