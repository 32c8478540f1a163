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
use crate::tenancy::{PortDocument, PortName, Tenants};

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
mod pieces;
mod provenance;
mod python_methods;
mod python_text;
mod render_context;
mod segments;
mod snippet;
mod sources;
mod tera_engine;
mod tera_limits;
mod value_guard;

pub use budget::Exhausted;
pub use error::{Place, RenderError};
pub use limits::{MAX_CONFIGURATION, MAX_STEPS};
pub use provenance::ModelVersion;

use jinja_engine::JinjaEngine;
use line_marks::LineMarks;
use pieces::Piece;
use snippet::{Snippet, kept};
use sources::{Sources, TemplateKind};
use tera_engine::TeraEngine;

/// All models and templates, parsed once and rendered for many devices.
pub struct ModelSet {
    models: Vec<Model>,
    tenants: Option<Tenants>,
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

impl RenderedConfig {
    /// Where a line of ordered ports that are rendered alone comes from.
    fn origin_of(&self, line: usize, models: &ModelSet) -> Option<LineOrigin> {
        let mut last = 0;
        let part = self.parts.iter().find(|part| {
            last += part.lines;
            line <= last
        })?;
        let template = models.template_of(&part.model)?.to_owned();
        Some(LineOrigin { model: part.model.clone(), template, line: None })
    }
}

impl ModelSet {
    /// Parses everything in `files`. A broken model is an error, since it may be for any device; a
    /// broken template is kept as the error of the devices that need it.
    pub fn read(files: &ModelFiles) -> Result<Self, ModelError> {
        let models = model::read(files)?;
        let tenants = Tenants::read(files)?;
        let sources = Sources::read(files);
        let tera = TeraEngine::compile(&sources);
        let jinja = JinjaEngine::new(&sources);
        Ok(Self { models, tenants, sources, tera, jinja, marked: OnceLock::new() })
    }

    /// Renders the full configuration of `device`, without ports that tenants ordered.
    ///
    /// # Errors
    ///
    /// What is wrong in a model or template; and the first line that is no configuration, see
    /// [`candidate`].
    pub fn render(&self, device: &Device) -> Result<RenderedConfig, RenderError> {
        self.render_with_ports(device, &PortDocument::default())
    }

    /// Renders the full configuration of `device` with the ports that tenants ordered.
    ///
    /// # Errors
    ///
    /// As [`render`](Self::render); and a port that a model configures and a tenant has.
    pub fn render_with_ports(&self, device: &Device, ports: &PortDocument) -> Result<RenderedConfig, RenderError> {
        let rendered = budget::limited(|| self.rendered(device, ports))?;
        candidate::check(&rendered.configuration).map_err(|error| self.not_configuration(error, device, ports))?;
        Ok(rendered)
    }

    /// Renders these ordered ports of `device` alone, to be merged into what it runs: each port is
    /// taken back to the defaults of EOS before its lines.
    ///
    /// # Errors
    ///
    /// What is wrong in the template; and the first line that is no configuration.
    pub fn render_ports<'p>(
        &self,
        device: &Device,
        ports: &PortDocument,
        wanted: impl IntoIterator<Item = &'p PortName>,
    ) -> Result<RenderedConfig, RenderError> {
        let rendered = budget::limited(|| self.rendered_ports(device, ports, wanted))?;
        candidate::check(&rendered.configuration)
            .map_err(|error| RenderError::NotConfiguration { origin: rendered.origin_of(error.line, self), error })?;
        Ok(rendered)
    }

    /// The same for templates that make any text, which is not looked at: it is not to be sent to a
    /// switch.
    ///
    /// # Errors
    ///
    /// What is wrong in a model or template.
    pub fn render_text(&self, device: &Device) -> Result<RenderedConfig, RenderError> {
        budget::limited(|| self.rendered(device, &PortDocument::default()))
    }

    fn rendered(&self, device: &Device, ports: &PortDocument) -> Result<RenderedConfig, RenderError> {
        let pieces = self.pieces(device, &host(device), ports)?;
        let (mut configuration, mut parts) = (String::new(), Vec::new());
        for (index, piece) in pieces.iter().enumerate() {
            let text = kept(&piece.text, index + 1 == pieces.len());
            configuration.push_str(text);
            configuration.push('\n');
            parts.push(Part { model: piece.model.path.clone(), lines: text.split('\n').count() });
        }
        if configuration.trim().is_empty() {
            return Err(RenderError::Empty(pieces.len()));
        }
        Ok(RenderedConfig { configuration, parts, ..self.guards(device)? })
    }

    /// What guards a push to `device`, whatever is pushed: its commit timer, its checks, and the
    /// rules that it may break.
    fn guards(&self, device: &Device) -> Result<RenderedConfig, RenderError> {
        let models = self.models_of(device)?;
        Ok(RenderedConfig {
            configuration: String::new(),
            parts: Vec::new(),
            confirm: models.iter().filter_map(|model| model.confirm).max(),
            checks: models.iter().flat_map(|model| model.checks.iter().cloned()).collect(),
            allowed: models.iter().flat_map(|model| model.allow.keys().copied()).collect(),
        })
    }

    fn rendered_ports<'p>(
        &self,
        device: &Device,
        ports: &PortDocument,
        wanted: impl IntoIterator<Item = &'p PortName>,
    ) -> Result<RenderedConfig, RenderError> {
        let host = host(device);
        let (mut configuration, mut parts) = (String::new(), Vec::new());
        for port in wanted {
            let Some(entry) = ports.ports.get(port) else { continue };
            let piece = self.port_piece(device, &host, port, entry)?;
            // EOS-94: without it, what stood in the section before would stay.
            let text = format!("default interface {port}\n{}\n", kept(&piece.text, false));
            parts.push(Part { model: piece.model.path.clone(), lines: text.lines().count() });
            configuration.push_str(&text);
        }
        Ok(RenderedConfig { configuration, parts, ..self.guards(device)? })
    }

    /// Where each line of what [`render`](Self::render) returns comes from. It renders once more,
    /// so it is for errors and people.
    pub fn origins(&self, device: &Device) -> Result<Vec<LineOrigin>, RenderError> {
        self.origins_with_ports(device, &PortDocument::default())
    }

    /// Where each line of what [`render_with_ports`](Self::render_with_ports) returns comes from.
    ///
    /// # Errors
    ///
    /// What is wrong in a model or template.
    pub fn origins_with_ports(&self, device: &Device, ports: &PortDocument) -> Result<Vec<LineOrigin>, RenderError> {
        budget::limited(|| self.traced(device, ports))
    }

    fn traced(&self, device: &Device, ports: &PortDocument) -> Result<Vec<LineOrigin>, RenderError> {
        let host = host(device);
        let pieces = self.pieces(device, &host, ports)?;
        let mut all = Vec::new();
        for (index, Piece { model, text }) in pieces.iter().enumerate() {
            let lines = kept(text, index + 1 == pieces.len()).split('\n').count();
            let origins = Snippet::new(self, model, device, &host).origins(text);
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
    fn not_configuration(&self, error: NotConfiguration, device: &Device, ports: &PortDocument) -> RenderError {
        let origins = self.origins_with_ports(device, ports).unwrap_or_default();
        RenderError::NotConfiguration { origin: origins.into_iter().nth(error.line - 1), error }
    }

    /// What a person should know about the data of `device` that is no error: each name that both a
    /// model and the inventory give, where templates see both by their names. The model's value
    /// counts.
    pub fn clashes(&self, device: &Device) -> Vec<String> {
        let host = host(device);
        let models = self.models.iter().filter(|model| model.concerns(&device.name, &device.groups));
        let of_model = |model: &Model| {
            let snippet = Snippet::new(self, model, device, &host);
            let name = |name| format!("model {}: {name} hides the inventory's data of that name", model.path);
            snippet.given().clashes().into_iter().map(name).collect::<Vec<_>>()
        };
        models
            .filter(|model| TemplateKind::of(&model.template) == Some(TemplateKind::Jinja))
            .flat_map(of_model)
            .collect()
    }

    /// What `tenants.yaml` says, if it is there.
    pub fn tenants(&self) -> Option<&Tenants> {
        self.tenants.as_ref()
    }

    /// The template of the model in the file of this path; that of ordered ports if no file has it.
    pub fn template_of(&self, model: &str) -> Option<&str> {
        let of_file = self.models.iter().find(|other| other.path == model).map(|model| model.template.as_str());
        of_file.or_else(|| self.tenants().map(|tenants| tenants.rendering.template.as_str()))
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
