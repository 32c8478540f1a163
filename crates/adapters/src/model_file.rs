//! Which files count as models and templates, and how large they may be: the same in a bucket and
//! in a folder.

#![cfg_attr(
    not(any(feature = "aws", feature = "embedded")),
    expect(dead_code, reason = "only stores read model files")
)]

/// Largest model or template, in bytes.
pub(crate) const MAX_FILE: u64 = 1024 * 1024;

/// Largest sum of all models and templates, in bytes.
pub(crate) const MAX_TOTAL: u64 = 64 * 1024 * 1024;

/// Hidden files and folders (`.git`, `.DS_Store`) are not read, nor are a bucket's folder markers.
pub(crate) fn counts(path: &str) -> bool {
    !path.is_empty() && !path.ends_with('/') && path.split('/').all(|part| !part.starts_with('.'))
}

/// Why files of these sizes are too large, if they are.
pub(crate) fn too_large<'a>(sizes: impl IntoIterator<Item = (&'a str, u64)>) -> Option<String> {
    let mut total = 0;
    for (path, size) in sizes {
        if size > MAX_FILE {
            return Some(format!("{path} has {size} bytes; a model or template may have {MAX_FILE}"));
        }
        total += size;
    }
    (total > MAX_TOTAL).then(|| format!("models and templates have {total} bytes together; they may have {MAX_TOTAL}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_files_and_folder_markers_do_not_count() {
        for (path, expected) in [
            ("generic.yaml", true),
            ("a/b.tera", true),
            ("a/", false),
            (".git/config", false),
            ("a/.DS_Store", false),
            ("", false),
        ] {
            assert_eq!(counts(path), expected, "{path}");
        }
    }

    #[test]
    fn a_file_or_a_sum_that_is_too_large_is_named() {
        assert_eq!(too_large([("a", MAX_FILE)]), None);
        assert!(too_large([("a", MAX_FILE + 1)]).is_some_and(|reason| reason.starts_with("a has")));
        assert!(too_large(std::iter::repeat_n(("a", MAX_FILE), 65)).is_some_and(|reason| reason.contains("together")));
    }
}
