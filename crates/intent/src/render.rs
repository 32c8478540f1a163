//! From models and templates to the full configuration of one device.
//!
//! A template is for one of two engines, by the ending of its file: `*.tera` for [Tera
//! 2](https://keats.github.io/tera/), `*.j2` for Jinja2 as Nornir sets it up. `*.cfg` is
//! configuration and renders to itself. A template sees `host` (name, hostname, groups, the
//! resolved inventory data under `data` and, as Nornir users write it, directly) and `model` (the
//! model's data). What is undefined is an error, except inside Tera's `{% if %}`, where Tera takes
//! it for false. The snippets of all models of a device, lowest order first, are its configuration.
//! `docs/templates.md` says it for those who write templates.
//!
//! Values cannot add configuration lines, see `value_guard.rs`; every line knows its model,
//! template and template line, see [`ModelSet::origins`].

use std::collections::BTreeSet;
use std::fmt;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::candidate::{self, NotConfiguration};
use crate::check::Check;
use crate::confirm::ConfirmWithin;
use crate::inventory::Device;
use crate::lockout::Rule;
use crate::model::{self, Model, ModelError, ModelFiles};

pub(crate) mod bodies;
mod budget;
mod error;
mod filters;
mod jinja_compat;
mod jinja_engine;
mod jinja_library;
mod jinja_output;
mod jinja_variables;
mod limits;
mod line_marks;
mod mutable;
mod provenance;
mod python_methods;
mod render_context;
mod segments;
mod sources;
mod tera_engine;
mod tera_limits;
mod value_guard;

pub use budget::Exhausted;
pub use error::{Place, RenderError};
pub use limits::{MAX_CONFIGURATION, MAX_STEPS};
pub use provenance::ModelVersion;

use jinja_engine::JinjaEngine;
use jinja_output::LineSource;
use jinja_variables::Given;
use line_marks::LineMarks;
use render_context::RenderContext;
use sources::{Sources, TemplateKind};
use tera_engine::TeraEngine;

/// All models and templates, parsed once and rendered for many devices.
pub struct ModelSet {
    models: Vec<Model>,
    sources: Sources,
    tera: TeraEngine,
    jinja: JinjaEngine,
    /// Compiled when a person or an error first asks where a line comes from.
    marked: OnceLock<(LineMarks, TeraEngine)>,
}

/// What all models of one device come to.
pub struct RenderedConfig {
    /// The full configuration, one line per configuration line, ending with a line break.
    pub configuration: String,
    /// Which model brought how many of its lines, in order.
    pub parts: Vec<Part>,
    /// For how long it is to run on trial, if a model says; the longest.
    pub confirm: Option<ConfirmWithin>,
    /// What must be true before it is confirmed.
    pub checks: Vec<Check>,
    /// The rules of [`crate::lockout`] that it may break.
    pub allowed: BTreeSet<Rule>,
}

/// What one model brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The model's file.
    pub model: String,
    /// How many lines of the configuration.
    pub lines: usize,
}

/// Where a line of a configuration comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineOrigin {
    /// The model's file.
    pub model: String,
    /// The template's file: the model's, or one that it includes or extends.
    pub template: String,
    /// Line from 1; nothing if the template looks at its own text in a way that hides it.
    pub line: Option<usize>,
}

impl fmt::Display for LineOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "template {}", self.template)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, " (model {})", self.model)
    }
}

/// Shows the configuration's size only: it holds hashes and keys.
impl fmt::Debug for RenderedConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.configuration.lines().count();
        f.debug_struct("RenderedConfig").field("lines", &lines).field("confirm", &self.confirm).finish_non_exhaustive()
    }
}

impl ModelSet {
    /// Parses everything in `files`. A broken model is an error, since it may be for any device; a
    /// broken template is kept as the error of the devices that need it.
    pub fn read(files: &ModelFiles) -> Result<Self, ModelError> {
        let models = model::read(files)?;
        let sources = Sources::read(files);
        let tera = TeraEngine::compile(&sources);
        let jinja = JinjaEngine::new(&sources);
        Ok(Self { models, sources, tera, jinja, marked: OnceLock::new() })
    }

    /// Renders the full configuration of `device`.
    ///
    /// # Errors
    ///
    /// What is wrong in a model or template; and the first line that is no configuration, see
    /// [`candidate`].
    pub fn render(&self, device: &Device) -> Result<RenderedConfig, RenderError> {
        let rendered = self.render_text(device)?;
        candidate::check(&rendered.configuration).map_err(|error| self.not_configuration(error, device))?;
        Ok(rendered)
    }

    /// The same for templates that make any text, which is not looked at: it is not to be sent to a
    /// switch.
    ///
    /// # Errors
    ///
    /// What is wrong in a model or template.
    pub fn render_text(&self, device: &Device) -> Result<RenderedConfig, RenderError> {
        budget::limited(|| self.rendered(device))
    }

    fn rendered(&self, device: &Device) -> Result<RenderedConfig, RenderError> {
        let models = self.models_of(device)?;
        let host = host(device);
        let mut configuration = String::new();
        let mut parts = Vec::new();
        for (index, model) in models.iter().enumerate() {
            let snippet = Snippet { models: self, template: &model.template, device, host: &host, data: &model.data };
            let text = snippet.render(&model.path)?;
            let text = kept(&text, index + 1 == models.len());
            configuration.push_str(text);
            configuration.push('\n');
            parts.push(Part { model: model.path.clone(), lines: text.split('\n').count() });
        }
        if configuration.trim().is_empty() {
            return Err(RenderError::Empty(models.len()));
        }
        Ok(RenderedConfig {
            configuration,
            parts,
            confirm: models.iter().filter_map(|model| model.confirm).max(),
            checks: models.iter().flat_map(|model| model.checks.iter().cloned()).collect(),
            allowed: models.iter().flat_map(|model| model.allow.keys().copied()).collect(),
        })
    }

    /// Where each line of what [`render`](Self::render) returns comes from. It renders once more,
    /// so it is for errors and people.
    pub fn origins(&self, device: &Device) -> Result<Vec<LineOrigin>, RenderError> {
        budget::limited(|| self.traced(device))
    }

    fn traced(&self, device: &Device) -> Result<Vec<LineOrigin>, RenderError> {
        let models = self.models_of(device)?;
        let host = host(device);
        let mut all = Vec::new();
        for (index, model) in models.iter().enumerate() {
            let snippet = Snippet { models: self, template: &model.template, device, host: &host, data: &model.data };
            let text = snippet.render(&model.path)?;
            let lines = kept(&text, index + 1 == models.len()).split('\n').count();
            let origins = snippet.origins(&text);
            all.extend((0..lines).map(|line| {
                let (template, line) = match origins.get(line).cloned().flatten() {
                    Some((template, line)) => (template, Some(line)),
                    None => (model.template.clone(), None),
                };
                LineOrigin { model: model.path.clone(), template, line }
            }));
        }
        Ok(all)
    }

    /// The error of a line that is no configuration, with the template line and model that it comes
    /// from.
    fn not_configuration(&self, error: NotConfiguration, device: &Device) -> RenderError {
        let origins = self.origins(device).unwrap_or_default();
        RenderError::NotConfiguration { origin: origins.into_iter().nth(error.line - 1), error }
    }

    /// What a person should know about the data of `device` that is no error: each name that both a
    /// model and the inventory give, where templates see both by their names. The model's value
    /// counts.
    pub fn clashes(&self, device: &Device) -> Vec<String> {
        let host = host(device);
        let models = self.models.iter().filter(|model| model.concerns(&device.name, &device.groups));
        let of_model = |model: &Model| {
            let snippet = Snippet { models: self, template: &model.template, device, host: &host, data: &model.data };
            let name = |name| format!("model {}: {name} hides the inventory's data of that name", model.path);
            snippet.given().clashes().into_iter().map(name).collect::<Vec<_>>()
        };
        models
            .filter(|model| TemplateKind::of(&model.template) == Some(TemplateKind::Jinja))
            .flat_map(of_model)
            .collect()
    }

    /// The template of the model in the file of this path.
    pub fn template_of(&self, model: &str) -> Option<&str> {
        self.models.iter().find(|other| other.path == model).map(|model| model.template.as_str())
    }

    /// The models of `device`, in the order of their lines; an error if one's data does not fit.
    fn models_of(&self, device: &Device) -> Result<Vec<&Model>, RenderError> {
        let models: Vec<_> = self.models.iter().filter(|model| model.concerns(&device.name, &device.groups)).collect();
        if models.is_empty() {
            let groups: Vec<_> = device.groups.iter().map(AsRef::as_ref).collect();
            return Err(RenderError::NoModel(groups.join(", ")));
        }
        if let Some(unfit) = models.iter().find_map(|model| model.unfit.as_ref()) {
            return Err(unfit.clone().into());
        }
        Ok(models)
    }

    fn marked(&self) -> &(LineMarks, TeraEngine) {
        self.marked.get_or_init(|| {
            let marks = LineMarks::of(&self.sources);
            let engine = TeraEngine::compile_marked(&self.sources, &marks);
            (marks, engine)
        })
    }
}

/// The files that `parts` of a configuration came from, with their hashes, sorted by path.
pub fn models(files: &ModelFiles, models: &ModelSet, parts: &[Part]) -> Vec<ModelVersion> {
    let named = parts.iter().map(|part| (part.model.as_str(), models.template_of(&part.model)));
    provenance::versions(files, named)
}

/// One model's template for one device.
struct Snippet<'s> {
    models: &'s ModelSet,
    template: &'s str,
    device: &'s Device,
    host: &'s Map<String, Value>,
    data: &'s Map<String, Value>,
}

impl Snippet<'_> {
    /// The text that `model` brings.
    fn render(&self, model: &str) -> Result<String, RenderError> {
        let sources = &self.models.sources;
        if let Some(error) = sources.broken.get(self.template) {
            return Err(error.clone());
        }
        if !sources.texts.contains_key(self.template) {
            return Err(self.missing(model));
        }
        self.judged().map_err(|error| error.with_model(model))
    }

    fn missing(&self, model: &str) -> RenderError {
        let (model, template) = (model.to_owned(), self.template.to_owned());
        match self.models.sources.closest(self.template) {
            None if TemplateKind::of(self.template).is_none() => RenderError::UnknownKind { model, template },
            closest => RenderError::NoTemplate { model, template, closest },
        }
    }

    /// What the filters of a rendering know of it.
    fn context(&self) -> RenderContext {
        let raw_lines = value_guard::raw_lines([self.host, self.data]);
        RenderContext::new(self.device.name.as_ref(), filters::salt_key(self.host), raw_lines)
    }

    /// The text, if no value brought anything into it that it may not.
    fn judged(&self) -> Result<String, RenderError> {
        let current = self.context();
        let (rendered, after) = current.clone().during(|| self.text());
        let text = rendered.map_err(|error| self.with_suspects(error))?;
        if value_guard::must_be_judged(&text, after.several_lines)
            && TemplateKind::of(self.template) != Some(TemplateKind::Plain)
        {
            let (marked, _) = RenderContext { marking: true, ..current }.during(|| self.text());
            let marked = marked.map_err(|error| self.with_suspects(error))?;
            let refused = match value_guard::judge(&marked) {
                Err(refusal) => Some((self.place(&text, refusal.line), Some(refusal.text))),
                Ok(()) => (value_guard::unmarked(&marked) != text).then(|| (Place::whole(self.template), None)),
            };
            if let Some((place, line)) = refused {
                let suspects = self.suspects(line.as_deref());
                return Err(RenderError::ControlCharacter { place, suspects, model: None });
            }
        }
        match unrendered(&text) {
            Some((line, found)) => {
                let place = self.place(&text, line);
                Err(RenderError::Unrendered { place, found, line, model: None })
            }
            None => Ok(text),
        }
    }

    /// Runs the engine.
    fn text(&self) -> Result<String, RenderError> {
        match TemplateKind::of(self.template) {
            Some(TemplateKind::Tera) => self.models.tera.render(self.template, self.host, self.data),
            Some(TemplateKind::Jinja) => self.models.jinja.render(self.template, self.device.jinja, self.variables()),
            _ => Ok(self.models.sources.texts[self.template].clone()),
        }
    }

    /// What a Jinja2 template sees. Made anew for each rendering, since a template may change it.
    fn variables(&self) -> minijinja::Value {
        self.given().variables()
    }

    fn given(&self) -> Given<'_> {
        let changes = self.models.jinja.changes();
        Given { device: self.device, host: self.host, model: self.data, changes }
    }

    /// Where each line of `text` comes from; nothing if that cannot be found.
    fn origins(&self, text: &str) -> Vec<LineSource> {
        let current = self.context();
        let found = match TemplateKind::of(self.template) {
            Some(TemplateKind::Jinja) => {
                let variables = self.variables();
                current.during(|| self.models.jinja.origins(self.template, self.device.jinja, variables)).0.ok()
            }
            Some(TemplateKind::Tera) => {
                let (marks, tera) = self.models.marked();
                let marked = current.during(|| tera.render(self.template, self.host, self.data)).0;
                marked.ok().map(|marked| {
                    let (text, lines) = marks.read(&marked);
                    let owned = |(template, line): (&str, usize)| (template.to_owned(), line);
                    (text, lines.into_iter().map(|line| line.map(owned)).collect())
                })
            }
            _ => {
                let lines = text.split('\n').count();
                Some((text.to_owned(), (1..=lines).map(|line| Some((self.template.to_owned(), line))).collect()))
            }
        };
        found.filter(|(same, _)| same == text).map(|(_, lines)| lines).unwrap_or_default()
    }

    /// Where line `line` of `text` comes from.
    fn place(&self, text: &str, line: usize) -> Place {
        match self.origins(text).get(line - 1) {
            Some(Some((template, line))) => Place::line(template, *line),
            _ => Place::whole(self.template),
        }
    }

    /// An error about a value, with where such values stand in the data: the engines do not say
    /// which it was.
    fn with_suspects(&self, mut error: RenderError) -> RenderError {
        if let RenderError::ControlCharacter { suspects, .. } = &mut error {
            *suspects = self.suspects(None);
        }
        error
    }

    /// Where values stand that may have made a refused line; without a line, that would be refused
    /// at all. If none fits the line, a filter has changed it, and it may be any.
    fn suspects(&self, line: Option<&str>) -> Vec<String> {
        let model = self.data.iter().map(|(key, value)| (format!("model.{key}"), value));
        let host = self.host.get("data").into_iter().map(|data| ("host.data".to_owned(), data));
        let all = model.chain(host);
        let found: Vec<_> = all.flat_map(|(name, value)| value_guard::suspects(&name, value, line)).collect();
        if found.is_empty() && line.is_some() { self.suspects(None) } else { found }
    }
}

/// What goes into the configuration of a snippet: not the line breaks at its end, and, unless it is
/// the last, not the `end` that a running-config ends with.
fn kept(text: &str, is_last: bool) -> &str {
    let text = text.trim_end_matches('\n');
    match text.strip_suffix("end") {
        Some(before) if !is_last && (before.is_empty() || before.ends_with('\n')) => before.trim_end_matches('\n'),
        _ => text,
    }
}

/// The first line, from 1, that looks like a template's source. In bodies it is text, and braces
/// may mean anything there.
fn unrendered(text: &str) -> Option<(usize, &'static str)> {
    let mut bodies = bodies::Bodies::default();
    text.lines().enumerate().find_map(|(index, line)| {
        let is_command = bodies.next(line) == bodies::LineRole::Command;
        let pair = |open: &'static str, close| {
            line.find(open).filter(|at| line[*at..].contains(close)).map(|_| (index + 1, open))
        };
        is_command.then(|| pair("{{", "}}").or_else(|| pair("{%", "%}"))).flatten()
    })
}

/// What a template sees as `host`.
fn host(device: &Device) -> Map<String, Value> {
    let groups: Vec<_> = device.groups.iter().map(ToString::to_string).collect();
    let mut host = device.data.clone();
    host.insert("name".to_owned(), device.name.to_string().into());
    host.insert("hostname".to_owned(), device.hostname.clone().into());
    host.insert("groups".to_owned(), groups.into());
    host.insert("data".to_owned(), device.data.clone().into());
    host
}

#[cfg(test)]
mod tests;
