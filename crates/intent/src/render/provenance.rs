//! Which models and templates a configuration was rendered from, as they were: path and SHA-256 of
//! each.
//!
//! Covered are the models of the device, their templates, and the templates that those name in
//! quotes (`{% include "x" %}`, `extends`, `import`), however deep. A template whose name is
//! computed is not; neither are the inventory's values, which the configuration's own hash stands
//! for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::hash::sha256;
use crate::model::ModelFiles;

/// A file that a configuration was rendered from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelVersion {
    /// Its path in the models bucket or folder.
    pub path: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// The files of these models and their templates, sorted by path.
pub(super) fn versions<'m>(
    files: &ModelFiles,
    models: impl Iterator<Item = (&'m str, Option<&'m str>)>,
) -> Vec<ModelVersion> {
    let mut found = BTreeMap::new();
    let mut templates: Vec<&str> = Vec::new();
    for (model, template) in models {
        found.extend(files.0.get_key_value(model));
        templates.extend(template);
    }
    while let Some(template) = templates.pop() {
        let Some((path, text)) = files.0.get_key_value(template) else { continue };
        if found.insert(path, text).is_none() {
            templates.extend(named_in(text, files));
        }
    }
    found.into_iter().map(|(path, text)| ModelVersion { path: path.clone(), sha256: sha256(text) }).collect()
}

/// The files whose paths stand in `template` in quotes.
fn named_in<'f>(template: &'f [u8], files: &'f ModelFiles) -> impl Iterator<Item = &'f str> {
    let text = String::from_utf8_lossy(template).into_owned();
    let named = move |path: &&str| ['"', '\'', '`'].iter().any(|quote| text.contains(&format!("{quote}{path}{quote}")));
    files.0.keys().map(String::as_str).filter(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{ModelSet, Part, models};

    #[test]
    fn models_templates_and_what_they_include_are_covered() {
        let files = [
            ("mine.yaml", "{name: mine, group: global, template: t/mine.tera}"),
            ("other.yaml", "{name: other, group: none, template: t/other.tera}"),
            ("t/mine.tera", "{% include \"t/part.tera\" %}"),
            ("t/part.tera", "{% include 't/deep.tera' %}"),
            ("t/deep.tera", "alias A B"),
            ("t/other.tera", ""),
        ];
        let files = ModelFiles(files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into());
        let model_set = ModelSet::read(&files).unwrap();

        let covered = models(&files, &model_set, &[Part { model: "mine.yaml".to_owned(), lines: 1 }]);

        let paths: Vec<_> = covered.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["mine.yaml", "t/deep.tera", "t/mine.tera", "t/part.tera"]);
        assert_eq!(covered[1].sha256, sha256("alias A B"));
    }
}
