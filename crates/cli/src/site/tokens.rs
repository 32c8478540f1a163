//! The tokens of those who may ask a `naas serve`, each in a file of the site's `.naas` folder.
//!
//! A file holds a whole header line, `Authorization: Bearer …`, so that curl sends it with
//! `--header @FILE`: the token appears in no command line, no shell history and no configuration of
//! a switch.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use adapters::embedded::private;
use anyhow::{Context, anyhow};
use intent::hash::sha256;

/// The name of the header, and what stands before the token in it.
const HEADER: &str = "Authorization: Bearer ";

/// Random bytes in a token, from the operating system.
const TOKEN_BYTES: usize = 32;

/// The file with the token of operators, who may ask for everything.
const OPERATOR: &str = ".naas/authorization";

/// The file with the token of switches, which may only report that they were changed.
const SWITCH: &str = ".naas/switch-authorization";

/// Whom a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bearer {
    /// Somebody who may ask for everything.
    Operator,
    /// A switch. It may ask that one device is brought to what models say.
    Switch,
}

/// The tokens of a site, by their hashes: comparing those tells nothing about a token by the time
/// that it takes.
pub(crate) struct Tokens {
    operator: String,
    switch: String,
}

impl Tokens {
    /// Reads the tokens of the site in `folder`; each that is missing is made.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or written, or that holds something else.
    pub(crate) fn of_site(folder: &Path) -> anyhow::Result<Self> {
        let hash = |file| read_or_make(&folder.join(file)).map(sha256);
        Ok(Self { operator: hash(OPERATOR)?, switch: hash(SWITCH)? })
    }

    /// Whom the value of an `Authorization` header stands for; nobody if it is not one of the
    /// tokens.
    pub(crate) fn bearer(&self, authorization: &str) -> Option<Bearer> {
        let (scheme, token) = authorization.split_once(' ')?;
        let hash = sha256(token.trim());
        match scheme.eq_ignore_ascii_case("bearer") {
            true if hash == self.operator => Some(Bearer::Operator),
            true if hash == self.switch => Some(Bearer::Switch),
            _ => None,
        }
    }
}

/// The operators' file of the site in `folder`.
pub(crate) fn operator_file(folder: &Path) -> PathBuf {
    folder.join(OPERATOR)
}

/// The switches' file of the site in `folder`.
pub(crate) fn switch_file(folder: &Path) -> PathBuf {
    folder.join(SWITCH)
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

fn read_or_make(file: &Path) -> anyhow::Result<String> {
    match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut random = [0; TOKEN_BYTES];
            getrandom::fill(&mut random).map_err(|error| anyhow!("the system gives no random numbers: {error}"))?;
            let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
            let line = format!("{HEADER}{token}\n");
            private::write(file, &line).with_context(|| format!("cannot write token file {}", file.display()))?;
            Ok(token)
        }
        _ => {
            private::tighten(file).with_context(|| format!("token file {}", file.display()))?;
            read(file)
        }
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

    #[test]
    fn tokens_are_made_once_and_are_told_apart() {
        let site = site();
        Tokens::of_site(site.path()).unwrap();
        let tokens = Tokens::of_site(site.path()).unwrap();

        let (operator, switch) = (read(&operator_file(site.path())).unwrap(), read(&switch_file(site.path())).unwrap());

        assert_eq!(operator.len(), 2 * TOKEN_BYTES);
        assert_eq!(tokens.bearer(&format!("Bearer {operator}")), Some(Bearer::Operator));
        assert_eq!(tokens.bearer(&format!("bearer {switch}")), Some(Bearer::Switch));
    }

    #[test]
    fn anything_else_is_no_token() {
        let site = site();
        let tokens = Tokens::of_site(site.path()).unwrap();
        let operator = read(&operator_file(site.path())).unwrap();

        for wrong in ["", "Bearer", "Bearer ", "Bearer x", &operator, &format!("Basic {operator}")] {
            assert_eq!(tokens.bearer(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_file_without_a_token_is_named_and_not_shown() {
        let site = site();
        fs::write(operator_file(site.path()), "hunter2").unwrap();

        let error = Tokens::of_site(site.path()).err().unwrap().to_string();

        assert!(error.contains(".naas/authorization") && !error.contains("hunter2"), "{error}");
    }
}
