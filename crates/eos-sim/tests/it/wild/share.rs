//! What share of some files comes back.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::shown::as_shown;
use super::{entered, release};
use eos_sim::Strictness;

/// How many of some files come back.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    /// How many files there are.
    pub(crate) of: usize,
    /// How many of which every line is taken.
    pub(crate) taken: usize,
    /// How many that are taken and shown as they were entered, but for what EOS writes in another
    /// way.
    pub(crate) equal: usize,
    /// How many of which what is shown is taken and shown the same again.
    pub(crate) stable: usize,
}

impl Share {
    pub(crate) fn of(files: &[(PathBuf, String)], strictness: Strictness) -> Self {
        let mut share = Self { of: files.len(), ..Self::default() };
        for (path, text) in files {
            let eos = release(text).unwrap_or_else(|| "4.36.0F".to_owned());
            let (refused, shown) = entered(text, strictness);
            let equal = as_shown(text, &eos) == as_shown(&shown, &eos);
            let (again, same) = entered(&shown.replace("EOS-4.36.0F", &format!("EOS-{eos}")), strictness);
            share.taken += usize::from(refused.is_empty());
            share.equal += usize::from(refused.is_empty() && equal);
            share.stable += usize::from(again.is_empty() && same.lines().skip(1).eq(shown.lines().skip(1)));
            report(path, text, &refused, &as_shown(text, &eos), &as_shown(&shown, &eos));
        }
        share
    }
}

/// Writes what is wrong with a file where `EOS_SIM_REPORT` says.
fn report(path: &Path, text: &str, refused: &[usize], expected: &BTreeSet<Vec<String>>, found: &BTreeSet<Vec<String>>) {
    let Some(file) = std::env::var_os("EOS_SIM_REPORT") else { return };
    let lines: Vec<&str> = text.lines().collect();
    let mut out = format!("== {}\n", path.display());
    refused.iter().for_each(|number| out.push_str(&format!("  refused {number}: {}\n", lines[number - 1])));
    expected.difference(found).for_each(|lost| out.push_str(&format!("  lost {lost:?}\n")));
    found.difference(expected).for_each(|new| out.push_str(&format!("  new {new:?}\n")));
    let file = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
    std::io::Write::write_all(&mut &file, out.as_bytes()).unwrap();
}
