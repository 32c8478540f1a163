//! The signing keys of a site folder, and the token of its owner.
//!
//! A token file holds a whole header line, `Authorization: Bearer …`, so that curl sends it with
//! `--header @FILE`: the token appears in no command line and no shell history.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use adapters::embedded::private;
use anyhow::{Context, anyhow};
use identity::{Access, Documents, HttpFetch, KeyRing, Life, Pass, Role, Unreadable};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

/// The name of the header, and what stands before the token in it.
const HEADER: &str = "Authorization: Bearer ";

/// The file with the token of the site's owner, who may do everything.
const OWNER: &str = ".naas/authorization";

/// The file with the keys that sign tokens.
const KEYS: &str = ".naas/signing-keys.json";

/// The file that names providers to trust, if there are any.
const ACCESS: &str = "access.json";

/// How long a key signs, and its tokens are believed.
pub(crate) const KEY_LIFE: SignedDuration = SignedDuration::from_hours(24 * 366);

/// A key with less than this left is followed by a new one when `naas serve` starts.
const KEY_REST: SignedDuration = SignedDuration::from_hours(24 * 180);

/// The gate of a site folder.
pub(crate) type SiteGate = identity::Gate<SiteDocuments, HttpFetch>;

/// Whom a site folder trusts: its own keys, and the providers in `access.json`.
pub(crate) struct SiteDocuments {
    folder: PathBuf,
}

impl SiteDocuments {
    /// The documents of the site in `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn read(&self) -> anyhow::Result<Access> {
        let file = self.folder.join(ACCESS);
        let text = existing(&file)?.unwrap_or_default();
        let access = Access::parse(&text).with_context(|| format!("file {}", file.display()))?;
        let ring = read_keys(&self.folder)?.unwrap_or_default();
        Ok(Access { keys: ring.public(Timestamp::now()), ..access })
    }
}

impl Documents for SiteDocuments {
    async fn access(&self) -> Result<Access, Unreadable> {
        self.read().map_err(|error| Unreadable(format!("{error:#}")))
    }
}

/// The owner's token file of the site in `folder`.
pub(crate) fn owner_file(folder: &Path) -> PathBuf {
    folder.join(OWNER)
}

/// Writes a new token for the owner of the site, who is called `name`. Keys are made if there are
/// none, or if they end soon.
///
/// # Errors
///
/// A file that cannot be read or written, or that holds something else.
pub(crate) fn renew_owner(folder: &Path, name: &str, now: Timestamp) -> anyhow::Result<()> {
    let mut ring = read_keys(folder)?.unwrap_or_default();
    if ring.public(now + KEY_REST).is_empty() {
        ring.rotate(now, KEY_LIFE)?;
        write_keys(folder, &ring)?;
    }
    let access = SiteDocuments::new(folder).read()?;
    let pass = Pass::person(name, Role::Admin, None).or_else(|_| Pass::person("owner", Role::Admin, None))?;
    let minted = pass.mint(&ring, &access.audience, now, Life::days(366)?)?;
    write_header(&owner_file(folder), &minted.token)
}

/// The keys of the site in `folder`, if it has any.
///
/// # Errors
///
/// A file that cannot be read, or that holds something else.
pub(crate) fn read_keys(folder: &Path) -> anyhow::Result<Option<KeyRing>> {
    let file = folder.join(KEYS);
    let Some(text) = existing(&file)? else { return Ok(None) };
    private::tighten(&file).with_context(|| format!("file {}", file.display()))?;
    KeyRing::parse(&text).map(Some).with_context(|| format!("file {}", file.display()))
}

/// Stores the keys of the site in `folder`.
///
/// # Errors
///
/// A file that cannot be written.
pub(crate) fn write_keys(folder: &Path, ring: &KeyRing) -> anyhow::Result<()> {
    let file = folder.join(KEYS);
    private::folder(&folder.join(".naas")).with_context(|| format!("folder {}", folder.display()))?;
    private::write(&file, ring.to_document().expose_secret()).with_context(|| format!("file {}", file.display()))
}

/// The audience of the site's tokens.
///
/// # Errors
///
/// A file that cannot be read, or that holds something else.
pub(crate) fn audience(folder: &Path) -> anyhow::Result<String> {
    SiteDocuments::new(folder).read().map(|access| access.audience)
}

/// The header line that shows `token`.
pub(crate) fn header(token: &SecretString) -> SecretString {
    format!("{HEADER}{}\n", token.expose_secret()).into()
}

/// Writes the header line with `token` into `file`, which only its owner may read.
///
/// # Errors
///
/// A file that cannot be written.
pub(crate) fn write_header(file: &Path, token: &SecretString) -> anyhow::Result<()> {
    let line = header(token);
    private::write(file, line.expose_secret()).with_context(|| format!("cannot write token file {}", file.display()))
}

/// Reads the token in `file`.
///
/// # Errors
///
/// A file that cannot be read, or whose text is no header line with a token.
pub(crate) fn read(file: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(file).with_context(|| format!("token file {}", file.display()))?;
    let token = text.trim().strip_prefix(HEADER).filter(|token| !token.is_empty());
    // The text is not shown: it may be a token without its header.
    token.map(str::to_owned).ok_or_else(|| {
        anyhow!("token file {}: expected one line `{HEADER}TOKEN`, found something else", file.display())
    })
}

fn existing(file: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("file {}", file.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> tempfile::TempDir {
        let site = tempfile::tempdir().unwrap();
        fs::create_dir(site.path().join(".naas")).unwrap();
        site
    }

    async fn subject(site: &Path, token: &str) -> Option<String> {
        let gate = SiteGate::new(SiteDocuments::new(site), HttpFetch::new().unwrap());
        let caller = gate.caller(Some(&format!("Bearer {token}")), Timestamp::now()).await;
        caller.ok().map(|caller| caller.subject().to_owned())
    }

    #[tokio::test]
    async fn earlier_tokens_of_the_owner_stay_valid() {
        let site = site();
        let now = Timestamp::now();
        renew_owner(site.path(), "ana@noc", now - SignedDuration::from_secs(5)).unwrap();
        let first = read(&owner_file(site.path())).unwrap();
        renew_owner(site.path(), "ana@noc", now).unwrap();

        let second = read(&owner_file(site.path())).unwrap();

        assert_ne!(first, second);
        assert_eq!(subject(site.path(), &first).await.as_deref(), Some("ana@noc"));
        assert_eq!(subject(site.path(), &second).await.as_deref(), Some("ana@noc"));
    }

    #[tokio::test]
    async fn no_token_is_valid_once_the_keys_are_gone() {
        let site = site();
        renew_owner(site.path(), "ana@noc", Timestamp::now()).unwrap();
        let token = read(&owner_file(site.path())).unwrap();

        fs::remove_file(site.path().join(KEYS)).unwrap();

        assert_eq!(subject(site.path(), &token).await, None);
    }

    #[test]
    fn a_key_that_ends_soon_is_followed_by_another() {
        let site = site();
        let now = Timestamp::now();
        renew_owner(site.path(), "ana@noc", now).unwrap();
        renew_owner(site.path(), "ana@noc", now + KEY_LIFE - KEY_REST).unwrap();

        assert_eq!(read_keys(site.path()).unwrap().unwrap().public(now).len(), 2);
    }

    #[test]
    fn a_file_without_a_token_is_named_and_not_shown() {
        let site = site();
        fs::write(owner_file(site.path()), "hunter2").unwrap();

        let error = read(&owner_file(site.path())).unwrap_err().to_string();

        assert!(error.contains(".naas/authorization") && !error.contains("hunter2"), "{error}");
    }
}
