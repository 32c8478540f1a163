//! The Jinja2 templates of a site: their sources as minijinja is given them, and which one a
//! template means by a name.
//!
//! **Names.** A template may include another by its path from the models' root, or from any folder
//! above the including template, the highest first: where Jinja2's search path begins is not known
//! here, and the folders above it hold no templates.
//!
//! **AVD.** Arista's AVD renders with an undefined that may be asked for attributes, and is refused
//! everywhere else (`a.b.c is arista.avd.defined` where there is no `a`). A template that names
//! `arista.avd.` itself or by way of one it names is rendered so.

use std::collections::{BTreeMap, BTreeSet};

use super::jinja_compat::{self, ALONE, Dialect, Rewritten, names, quoted};
use super::mutable;
use super::segments::{Segment, segments, word};
use super::sources::{Sources, TemplateKind};

/// All Jinja2 templates.
#[derive(Debug)]
pub(super) struct Library {
    /// Sources by path, or why one cannot be read.
    texts: BTreeMap<String, Result<String, String>>,
    of_avd: BTreeSet<String>,
    changes: bool,
}

impl Library {
    pub(super) fn new(sources: &Sources) -> Self {
        let readable = sources.of(TemplateKind::Jinja).map(|(path, text)| (path.to_owned(), Ok(text.to_owned())));
        let broken = sources.broken.iter().filter(|(path, _)| TemplateKind::of(path) == Some(TemplateKind::Jinja));
        let broken = broken.map(|(path, error)| (path.clone(), Err(error.to_string())));
        let mut library = Self { texts: readable.chain(broken).collect(), of_avd: BTreeSet::new(), changes: false };
        library.of_avd = library.of_avd();
        let changes = library.readable().any(|(_, text)| mutable::changes(text));
        library.changes = changes;
        library
    }

    /// Whether a template is rendered as AVD renders its own.
    pub(super) fn is_of_avd(&self, template: &str) -> bool {
        self.of_avd.contains(template)
    }

    /// Whether any template changes a list or map in place.
    pub(super) fn changes(&self) -> bool {
        self.changes
    }

    /// The source of the template of this name, as minijinja is to have it; nothing if there is no
    /// such template.
    pub(super) fn source(&self, name: &str, chained: bool) -> Option<Result<Rewritten, String>> {
        let (path, hidden) = split(name);
        let text = match self.texts.get(path)? {
            Ok(text) => text,
            Err(reason) => return Some(Err(reason.clone())),
        };
        let encloses = text.contains("macro") && text.contains("include");
        let included = if encloses { self.names_reached(path) } else { BTreeSet::new() };
        let rewritten = jinja_compat::rewritten(text, Dialect { chained, changes: self.changes }, &included);
        Some(Ok(match hidden {
            Some(hidden) => {
                let mut names = self.names_reached(path);
                names.extend(hidden.split(',').filter(|name| !name.is_empty()).map(str::to_owned));
                jinja_compat::alone(&rewritten, names)
            }
            None => rewritten,
        }))
    }

    /// The source of a template as it was written.
    pub(super) fn original(&self, name: &str) -> Option<&str> {
        self.texts.get(split(name).0)?.as_deref().ok()
    }

    /// The template that `parent` means by `name`.
    pub(super) fn resolve(&self, name: &str, parent: &str) -> String {
        let ((path, hidden), (parent, _)) = (split(name), split(parent));
        let folders = parent.match_indices('/').map(|(at, _)| &parent[..=at]);
        let mut candidates = std::iter::once("").chain(folders).map(|folder| format!("{folder}{path}"));
        let found = candidates.find(|candidate| self.texts.contains_key(candidate)).unwrap_or_else(|| path.to_owned());
        match hidden {
            Some(hidden) => format!("{found}{ALONE}{hidden}"),
            None => found,
        }
    }

    fn readable(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref().ok()?)))
    }

    /// Every template that names `arista.avd.`, and every one that names one of these.
    fn of_avd(&self) -> BTreeSet<String> {
        let named = self.readable().filter(|(_, text)| text.contains("arista.avd."));
        let mut found: BTreeSet<String> = named.map(|(path, _)| path.to_owned()).collect();
        loop {
            let names_one = |path: &str, text: &str| quoted(text).any(|name| found.contains(&self.resolve(name, path)));
            let more = self.readable().filter(|(path, text)| !found.contains(*path) && names_one(path, text));
            let more: Vec<_> = more.map(|(path, _)| path.to_owned()).collect();
            if more.is_empty() {
                return found;
            }
            found.extend(more);
        }
    }

    /// The names that a template and those it names may read; those of all templates if it computes
    /// a name.
    fn names_reached(&self, path: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut open = vec![path.to_owned()];
        while let Some(path) = open.pop() {
            let Some(text) = self.original(&path) else { continue };
            if computes_a_name(text) {
                return self.readable().flat_map(|(_, text)| names(text)).collect();
            }
            if reached.insert(path.clone()) {
                open.extend(quoted(text).map(|name| self.resolve(name, &path)));
            }
        }
        reached.iter().filter_map(|path| self.original(path)).flat_map(names).collect()
    }
}

/// A template's path, and the names that are to be hidden from it if it is to see no variables but
/// its own.
pub(super) fn split(name: &str) -> (&str, Option<&str>) {
    name.split_once(ALONE).map_or((name, None), |(path, hidden)| (path, Some(hidden)))
}

/// Whether a source includes or imports a file whose name does not stand in it.
fn computes_a_name(source: &str) -> bool {
    segments(source).into_iter().any(|segment| {
        let Segment::Statement(range) = segment else { return false };
        let tag = &source[range];
        let loads = matches!(word(tag), "include" | "import" | "from" | "extends");
        loads && !quoted(tag).any(|_| true)
    })
}
