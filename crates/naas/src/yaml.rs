//! YAML as naas reads it everywhere: version 1.2, so `yes`, `no`, `on` and `y` are text and only `true` and `false` are not
//! (Nornir reads it so too; PyYAML would not). Duplicate keys, alias bombs and nesting beyond 64 levels are errors.

use serde::de::DeserializeOwned;

/// Reads one document.
pub(crate) fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { strict_booleans: true })
}
