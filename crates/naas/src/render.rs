//! From models and templates to the full configuration of one device.
//!
//! Templates are [Tera 2](https://keats.github.io/tera/) (`*.tera`). A template sees `host` (name, hostname, groups, the
//! resolved inventory data under `data` and, as Nornir users write it, directly) and `model` (the model's data). What is
//! undefined is an error, except inside `{% if %}`, where Tera takes it for false. The snippets of all models of a device,
//! lowest order first, are its configuration.
//!
//! A value that holds a line break or another control character is refused where it is printed, so data cannot smuggle in
//! configuration lines; a template that means it (a banner's body) writes `{{ model.banner | safe }}`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tera::{Context, ErrorKind, Tera};

use crate::check::Check;
use crate::confirm::ConfirmWithin;
use crate::inventory::Device;
use crate::lockout::Rule;
use crate::model::{self, Model, ModelError, Unfit};
use crate::ports::ModelFiles;

/// Most bytes one device's configuration may have: many times the largest known, and a runaway template ends.
pub const MAX_CONFIGURATION: usize = 16 * 1024 * 1024;

/// All models and templates, parsed once and rendered for many devices.
pub struct Intent {
    models: Vec<Model>,
    tera: Tera,
    /// Templates that cannot be used, and why. They fail the devices that need them and no others.
    broken: BTreeMap<String, RenderError>,
}

/// What all models of one device come to.
pub struct Intended {
    /// The full configuration, one line per configuration line, ending with a line break.
    pub configuration: String,
    /// For how long it is to run on trial, if a model says; the longest.
    pub confirm: Option<ConfirmWithin>,
    /// What must be true before it is confirmed.
    pub checks: Vec<Check>,
    /// The rules of [`crate::lockout`] that it may break.
    pub allowed: BTreeSet<Rule>,
    /// Which model brought how many of its lines, in their order.
    pub parts: Vec<Part>,
}

/// The lines of one model in a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The model's file.
    pub model: String,
    /// How many lines it brought.
    pub lines: usize,
}

/// Shows the configuration's size only: it holds hashes and keys.
impl fmt::Debug for Intended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.configuration.lines().count();
        f.debug_struct("Intended").field("lines", &lines).field("confirm", &self.confirm).finish_non_exhaustive()
    }
}

/// Why a device's configuration cannot be rendered. The switch has not been contacted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// No model is for this device: replacing with nothing would wipe the switch.
    #[error("no model is for this device; write one for it or for one of its groups ({0})")]
    NoModel(String),
    /// The models rendered to no line at all.
    #[error("its {0} models render to an empty configuration, which would wipe the switch")]
    Empty(usize),
    /// A model's data does not fit the schema beside its template.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// A model names a template that is not there.
    #[error("model {model}: template {template} does not exist{}", maybe(.closest))]
    NoTemplate {
        /// The model's file.
        model: String,
        /// What it names.
        template: String,
        /// A template of almost that name.
        closest: Option<String>,
    },
    /// A template does not parse, or failed with this model's data.
    #[error("template {template}, line {line}, column {column}: {reason}{}", of_model(.model))]
    Template {
        /// The file.
        template: String,
        /// Line from 1.
        line: usize,
        /// Column from 1.
        column: usize,
        /// The engine's sentence; names the variable.
        reason: String,
        /// The model's file, when it was its data that did not fit.
        model: Option<String>,
    },
    /// A value with a line break or control character was about to be printed.
    #[error(
        "template {template} prints a value with a line break or control character, which could add lines to the \
         configuration{}; correct the value, or write `| safe` behind it if several lines are meant{}",
        found_at(.places), of_model(.model)
    )]
    ControlCharacter {
        /// The file of the model's template.
        template: String,
        /// Where such values stand in the data.
        places: Vec<String>,
        /// The model's file.
        model: Option<String>,
    },
    /// The configuration outgrew [`MAX_CONFIGURATION`].
    #[error("template {template} renders to more than {} MiB{}; does a loop repeat itself", MAX_CONFIGURATION >> 20, of_model(.model))]
    TooLarge {
        /// The file of the model's template.
        template: String,
        /// The model's file.
        model: Option<String>,
    },
    /// Something about the templates as a whole.
    #[error("template {template}: {reason}{}", of_model(.model))]
    Other {
        /// The file.
        template: String,
        /// The engine's sentence.
        reason: String,
        /// The model's file.
        model: Option<String>,
    },
}

impl Intent {
    /// Parses everything in `files`. A broken model is an error, since it may be for any device; a broken template is
    /// kept as the error of the devices that need it.
    pub fn read(files: &ModelFiles) -> Result<Self, ModelError> {
        let models = model::read(files)?;
        let (tera, broken) = compile(files);
        Ok(Self { models, tera, broken })
    }

    /// What is intended for `device`.
    pub fn render(&self, device: &Device) -> Result<Intended, RenderError> {
        let models: Vec<_> = self.models.iter().filter(|model| model.concerns(&device.name, &device.groups)).collect();
        if models.is_empty() {
            let groups: Vec<_> = device.groups.iter().map(AsRef::as_ref).collect();
            return Err(RenderError::NoModel(groups.join(", ")));
        }
        let host = host(device);
        let mut configuration = String::new();
        let mut parts = Vec::new();
        for model in &models {
            let snippet = self.snippet(model, &host)?;
            let snippet = snippet.trim_end_matches('\n');
            configuration.push_str(snippet);
            configuration.push('\n');
            parts.push(Part { model: model.path.clone(), lines: snippet.matches('\n').count() + 1 });
        }
        if configuration.trim().is_empty() {
            return Err(RenderError::Empty(models.len()));
        }
        Ok(Intended {
            configuration,
            confirm: models.iter().filter_map(|model| model.confirm).max(),
            checks: models.iter().flat_map(|model| model.checks.iter().cloned()).collect(),
            allowed: models.iter().flat_map(|model| model.allow.keys().copied()).collect(),
            parts,
        })
    }

    /// The template of the model in the file of this path.
    pub fn template_of(&self, model: &str) -> Option<&str> {
        self.models.iter().find(|other| other.path == model).map(|model| model.template.as_str())
    }

    fn snippet(&self, model: &Model, host: &Map<String, Value>) -> Result<String, RenderError> {
        if let Some(unfit) = &model.unfit {
            return Err(unfit.clone().into());
        }
        let template = model.template.as_str();
        if let Some(error) = self.broken.get(template) {
            return Err(error.clone());
        }
        if !self.tera.contains_template(template) {
            return Err(RenderError::NoTemplate {
                model: model.path.clone(),
                template: template.to_owned(),
                closest: self.closest(template),
            });
        }
        let mut context = Context::new();
        context.insert("host", host);
        context.insert("model", &model.data);
        let mut output = Bounded(Vec::new());
        let rendered = caught(|| self.tera.render_to(template, &context, &mut output)).map_err(|reason| {
            RenderError::Other { template: template.to_owned(), reason, model: Some(model.path.clone()) }
        })?;
        match rendered {
            Ok(()) => Ok(String::from_utf8_lossy(&output.0).into_owned()),
            Err(error) => Err(explain(&error, template, Some((model, host)))),
        }
    }

    /// A template in another folder, or whose name differs by its ending: the two usual slips.
    fn closest(&self, wanted: &str) -> Option<String> {
        let stem = |path: &str| {
            let file = path.rsplit('/').next().unwrap_or(path);
            file.split('.').next().unwrap_or(file).to_owned()
        };
        self.tera
            .get_template_names()
            .chain(self.broken.keys().map(String::as_str))
            .filter(|name| stem(name) == stem(wanted))
            .min()
            .map(str::to_owned)
    }
}

/// Compiles all templates together; if that fails, one by one until no further one fits, so that each error stays with its
/// own file. A template that includes or extends a broken one is broken too.
fn compile(files: &ModelFiles) -> (Tera, BTreeMap<String, RenderError>) {
    let mut broken = BTreeMap::new();
    let mut sources = BTreeMap::new();
    for (path, text) in files.0.iter().filter(|(path, _)| path.ends_with(".tera")) {
        match std::str::from_utf8(text) {
            Ok(text) => {
                sources.insert(path.as_str(), text);
            }
            Err(_) => {
                let error =
                    RenderError::Other { template: path.clone(), reason: "not UTF-8 text".to_owned(), model: None };
                broken.insert(path.clone(), error);
            }
        }
    }
    let mut tera = Tera::new();
    tera.autoescape_on([".tera"]);
    tera.set_escape_fn(refuse_control_characters);
    if tera.add_raw_templates(sources.iter().map(|(path, text)| (*path, *text))).is_ok() {
        return (tera, broken);
    }
    loop {
        let before = sources.len();
        let mut errors = BTreeMap::new();
        sources.retain(|path, text| match tera.add_raw_template(path, text) {
            Ok(()) => false,
            Err(error) => {
                errors.insert((*path).to_owned(), explain(&error, path, None));
                true
            }
        });
        if sources.len() == before {
            broken.extend(errors);
            return (tera, broken);
        }
    }
}

/// Runs `work` and turns a panic inside the engine into an error: one device's template must not end the others' push.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let words =
            panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned());
        format!("the template engine broke down: {}", words.unwrap_or_else(|| "no reason given".to_owned()))
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

fn explain(error: &tera::Error, template: &str, used: Option<(&Model, &Map<String, Value>)>) -> RenderError {
    let model = used.map(|(model, _)| model.path.clone());
    let template = template.to_owned();
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => RenderError::Template {
            template: report.filename().to_owned(),
            line: report.span().start_line,
            column: report.span().start_col + 1,
            reason: report.message().to_owned(),
            model,
        },
        ErrorKind::Io(io::ErrorKind::InvalidData) => {
            let places = used.map(|(model, host)| control_characters(model, host)).unwrap_or_default();
            RenderError::ControlCharacter { template, places, model }
        }
        ErrorKind::Io(io::ErrorKind::FileTooLarge) => RenderError::TooLarge { template, model },
        other => RenderError::Other { template, reason: other.to_string(), model },
    }
}

/// The escape function: EOS has no quoting that makes a line break harmless, so it refuses instead of escaping. The tab is
/// let through: it is white space to EOS.
fn refuse_control_characters(text: &str, output: &mut dyn Write) -> io::Result<()> {
    if text.chars().any(is_refused) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    output.write_all(text.as_bytes())
}

fn is_refused(c: char) -> bool {
    // U+2028 and U+2029 are line ends to some editors and log viewers that a person may review the diff in.
    (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}')
}

/// The engine does not say which value was refused, so the data is searched for those it may have been.
fn control_characters(model: &Model, host: &Map<String, Value>) -> Vec<String> {
    fn search(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::String(text) if text.chars().any(is_refused) => found.push(path.to_owned()),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    search(item, &format!("{path}[{index}]"), found);
                }
            }
            Value::Object(map) => {
                for (key, item) in map {
                    search(item, &format!("{path}.{key}"), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    for (key, value) in &model.data {
        search(value, &format!("model.{key}"), &mut found);
    }
    if let Some(data) = host.get("data") {
        search(data, "host.data", &mut found);
    }
    found
}

/// Collects at most [`MAX_CONFIGURATION`] bytes.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_CONFIGURATION {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn maybe(closest: &Option<String>) -> String {
    closest.as_ref().map(|closest| format!("; did you mean {closest}")).unwrap_or_default()
}

fn of_model(model: &Option<String>) -> String {
    model.as_ref().map(|model| format!(" (model {model})")).unwrap_or_default()
}

fn found_at(places: &[String]) -> String {
    match places {
        [] => String::new(),
        [only] => format!(" ({only})"),
        [first, rest @ ..] => format!(" ({first} or {} more)", rest.len()),
    }
}

#[cfg(test)]
mod tests;
