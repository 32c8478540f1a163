//! No configuration that a real device shows is refused as a candidate. Their folders are not part of the repository; `EOS_CORPUS`
//! and `EOS_WILD` name them.

#![expect(clippy::unwrap_used, reason = "helpers of a test, where an unwrap is the expectation")]

use std::path::{Path, PathBuf};

use intent::candidate;
use walkdir::WalkDir;

#[test]
fn no_device_dump_is_refused() {
    let dumps = texts("no_device_dump_is_refused", "EOS_WILD", "wild/configs");
    let dumps = dumps.into_iter().filter(|(_, text)| text.contains("! device: "));
    for (path, text) in dumps {
        assert_eq!(candidate::check(&text).map_err(|error| error.to_string()), Ok(()), "{}", path.display());
    }
}

#[test]
fn no_published_configuration_is_refused() {
    for (path, text) in texts("no_published_configuration_is_refused", "EOS_CORPUS", "corpus") {
        assert_eq!(candidate::check(&text).map_err(|error| error.to_string()), Ok(()), "{}", path.display());
    }
}

/// The `.cfg` files below the folder that `variable` names, or else below `../shared`; none if it is not there.
#[expect(clippy::print_stderr, reason = "a test that is skipped should say so")]
fn texts(test: &str, variable: &str, folder: &str) -> Vec<(PathBuf, String)> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(folder);
    let root = std::env::var_os(variable).map_or(default, PathBuf::from);
    if !root.is_dir() {
        eprintln!("skipped: {test}: ../shared/{folder} is not there");
        return Vec::new();
    }
    let files = WalkDir::new(root).into_iter().map(|entry| entry.unwrap().into_path());
    let files = files.filter(|path| path.is_file() && path.extension().is_some_and(|extension| extension != "md"));
    files.map(|path| (path.clone(), String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned())).collect()
}
