//! Nornir's files in one document. They are read as Nornir reads them, by YAML 1.2, so `yes` and
//! `off` arrive as text; the document puts them in quotes. Templates see the host's data by its own
//! names, as Nornir's `template_file(…, **task.host)` gives it to them: the document says `jinja:
//! {variables: nornir}`.

use serde_json::{Map, Value};

use super::imported::{Files, ImportError, Imported, written};
use crate::yaml;

const PARTS: [&str; 3] = ["hosts", "groups", "defaults"];

pub(super) fn import(files: &Files) -> Result<Imported, ImportError> {
    let mut site = Map::new();
    let mut words = Vec::new();
    for (file, text) in files {
        let fault = |line: u64, reason: String| ImportError::new(file, line, reason);
        let node = yaml::read_strictly(text).map_err(|error| fault(error.line, error.reason))?;
        if node.any_text(&yaml::is_boolean_word) {
            words.push(file.as_str());
        }
        let map = match node.to_value() {
            Value::Object(map) => map,
            Value::Null => Map::new(), // an empty file, or one with comments only, as in Nornir
            _ => return Err(fault(1, "expected a map".to_owned())),
        };
        let stem = file.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
        let parts = if map.is_empty() {
            Map::new()
        } else if map.keys().all(|key| PARTS.contains(&key.as_str())) {
            map
        } else if PARTS.contains(&stem) {
            Map::from_iter([(stem.to_owned(), Value::Object(map))])
        } else {
            Map::from_iter([("hosts".to_owned(), Value::Object(map))])
        };
        for (part, value) in parts {
            if site.insert(part.clone(), value).is_some_and(|earlier| !earlier.is_null()) {
                return Err(fault(0, format!("{part} stand in another file as well; once is enough")));
            }
        }
    }
    let defaults = site.entry("defaults").or_insert_with(|| Map::new().into());
    if defaults.is_null() {
        *defaults = Map::new().into();
    }
    if let Value::Object(defaults) = defaults {
        defaults.insert("jinja".to_owned(), serde_json::json!({"variables": "nornir"}));
    }
    let names = files.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let (document, _) = written(&Value::Object(site), &names)?;
    let note = format!("{}: yes, no, on or off are text to Nornir and stay text, in quotes", words.join(", "));
    Ok(Imported { document, notes: (!words.is_empty()).then_some(note).into_iter().collect() })
}
