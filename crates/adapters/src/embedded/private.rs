//! Files and folders that only their owner may read: what naas remembers, and inventories with
//! passwords.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// The permissions of a private folder.
const FOLDER: u32 = 0o700;

/// The permissions of a private file.
const FILE: u32 = 0o600;

/// Makes `folder` and what is missing above it, or takes away what others may do with a folder that
/// exists.
///
/// # Errors
///
/// The folder cannot be made, or belongs to somebody else and is open to others.
pub fn folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(folder)?;
    tighten(folder)
}

/// Opens `file` to read and write it, and makes it if it is missing. Nobody else may read it.
///
/// # Errors
///
/// The file cannot be opened, or belongs to somebody else and is open to others.
pub fn open(file: &Path) -> io::Result<File> {
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(FILE).open(file)?;
    tighten(file)?;
    Ok(opened)
}

/// Writes `text` to a file that nobody else may read. It appears whole: a reader never sees half of
/// it.
///
/// # Errors
///
/// The file cannot be written or renamed.
pub fn write(file: &Path, text: &str) -> io::Result<()> {
    let draft = file.with_added_extension("draft");
    let mut written = OpenOptions::new().write(true).create(true).truncate(true).mode(FILE).open(&draft)?;
    tighten(&draft)?;
    written.write_all(text.as_bytes())?;
    written.sync_all()?;
    fs::rename(draft, file)
}

/// Takes away what the group and others may do with a file or folder.
///
/// # Errors
///
/// The file does not exist, or its permissions cannot be changed by this user.
pub fn tighten(path: &Path) -> io::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode & FOLDER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_is_its_owners_alone() {
        let site = tempfile::tempdir().unwrap();
        let (state, text) = (site.path().join("a/.naas"), site.path().join("a/.naas/token"));

        folder(&state).unwrap();
        open(&state.join("state")).unwrap();
        write(&text, "secret").unwrap();

        assert_eq!((mode(&state), mode(&state.join("state")), mode(&text)), (FOLDER, FILE, FILE));
        assert_eq!(fs::read_to_string(&text).unwrap(), "secret");
    }

    #[test]
    fn what_others_could_read_is_tightened() {
        let site = tempfile::tempdir().unwrap();
        let (state, file) = (site.path().join(".naas"), site.path().join("state"));
        fs::create_dir(&state).unwrap();
        fs::write(&file, "kept").unwrap();
        fs::set_permissions(&state, Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();

        folder(&state).unwrap();
        open(&file).unwrap();

        assert_eq!((mode(&state), mode(&file)), (FOLDER, FILE));
        assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
    }
}
