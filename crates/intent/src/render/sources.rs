//! The templates' source texts.

use std::collections::BTreeMap;

use super::error::{Place, RenderError};
use crate::model::ModelFiles;

/// Which engine a template is for, by the ending of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TemplateKind {
    /// `*.tera`
    Tera,
    /// `*.j2`
    Jinja,
    /// `*.cfg`: the configuration itself.
    Plain,
}

impl TemplateKind {
    pub(super) fn of(path: &str) -> Option<Self> {
        match path.rsplit_once('.')?.1 {
            "tera" => Some(Self::Tera),
            "j2" => Some(Self::Jinja),
            "cfg" => Some(Self::Plain),
            _ => None,
        }
    }
}

/// All templates by path, and those that are no text.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) texts: BTreeMap<String, String>,
    pub(super) broken: BTreeMap<String, RenderError>,
}

impl Sources {
    pub(super) fn read(files: &ModelFiles) -> Self {
        let mut sources = Self::default();
        for (path, bytes) in files.0.iter().filter(|(path, _)| TemplateKind::of(path).is_some()) {
            match std::str::from_utf8(bytes) {
                Ok(text) => drop(sources.texts.insert(path.clone(), plain_line_ends(text))),
                Err(error) => drop(sources.broken.insert(path.clone(), not_text(path, bytes, error.valid_up_to()))),
            }
        }
        sources
    }

    /// The texts for one engine.
    pub(super) fn of(&self, kind: TemplateKind) -> impl Iterator<Item = (&str, &str)> {
        self.texts
            .iter()
            .filter(move |(path, _)| TemplateKind::of(path) == Some(kind))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// A template in another folder, or whose name differs by its ending: the two usual slips.
    pub(super) fn closest(&self, wanted: &str) -> Option<String> {
        let stem = |path: &str| {
            let file = path.rsplit('/').next().unwrap_or(path);
            file.split('.').next().unwrap_or(file).to_owned()
        };
        self.texts.keys().chain(self.broken.keys()).filter(|name| stem(name) == stem(wanted)).min().cloned()
    }
}

/// As Jinja2 reads a file: CRLF and CR are line ends too. A byte-order mark is no part of the text.
fn plain_line_ends(text: &str) -> String {
    text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n")
}

fn not_text(path: &str, bytes: &[u8], valid: usize) -> RenderError {
    let line = bytes[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
    let reason = format!("byte 0x{:02X} is not UTF-8 text", bytes[valid]);
    RenderError::Template { place: Place::line(path, line), reason, model: None }
}
