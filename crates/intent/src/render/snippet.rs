//! One model's template for one device: the text that it brings, what is refused of it, and where
//! its lines come from.

use serde_json::{Map, Value};

use super::error::{Place, RenderError};
use super::jinja_output::LineSource;
use super::jinja_variables::Given;
use super::render_context::RenderContext;
use super::sources::TemplateKind;
use super::{ModelSet, bodies, filters, value_guard};
use crate::inventory::{Device, Jinja};
use crate::model::Model;

/// One model's template for one device.
pub(super) struct Snippet<'s> {
    models: &'s ModelSet,
    model: &'s Model,
    device: &'s Device,
    /// What the template sees as `host`.
    host: &'s Map<String, Value>,
}

impl<'s> Snippet<'s> {
    pub(super) fn new(
        models: &'s ModelSet,
        model: &'s Model,
        device: &'s Device,
        host: &'s Map<String, Value>,
    ) -> Self {
        Self { models, model, device, host }
    }

    /// The text that the model brings.
    pub(super) fn render(&self) -> Result<String, RenderError> {
        let sources = &self.models.sources;
        if let Some(error) = sources.broken.get(self.template()) {
            return Err(error.clone());
        }
        if !sources.texts.contains_key(self.template()) {
            return Err(self.missing());
        }
        self.judged().map_err(|error| error.with_model(&self.model.path))
    }

    fn template(&self) -> &'s str {
        &self.model.template
    }

    /// How the template is set up.
    fn jinja(&self) -> Jinja {
        self.device.jinja.of(self.template(), self.model.jinja)
    }

    fn data(&self) -> &'s Map<String, Value> {
        &self.model.data
    }

    fn missing(&self) -> RenderError {
        let (model, template) = (self.model.path.clone(), self.model.template.clone());
        match self.models.sources.closest(&template) {
            None if TemplateKind::of(&template).is_none() => RenderError::UnknownKind { model, template },
            closest => RenderError::NoTemplate { model, template, closest },
        }
    }

    /// What the filters of a rendering know of it.
    fn context(&self) -> RenderContext {
        let raw_lines = value_guard::raw_lines([self.host, self.data()]);
        RenderContext::new(self.device.name.as_ref(), filters::salt_key(self.host), raw_lines)
    }

    /// The text, if no value brought anything into it that it may not.
    fn judged(&self) -> Result<String, RenderError> {
        let current = self.context();
        let (rendered, after) = current.clone().during(|| self.text());
        let text = rendered.map_err(|error| self.with_suspects(error))?;
        if value_guard::must_be_judged(&text, after.several_lines)
            && TemplateKind::of(self.template()) != Some(TemplateKind::Plain)
        {
            let (marked, _) = RenderContext { marking: true, ..current }.during(|| self.text());
            let marked = marked.map_err(|error| self.with_suspects(error))?;
            let refused = match value_guard::judge(&marked) {
                Err(refusal) => Some((self.place(&text, refusal.line), Some(refusal.text))),
                Ok(()) => (value_guard::unmarked(&marked) != text).then(|| (Place::whole(self.template()), None)),
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
        match TemplateKind::of(self.template()) {
            Some(TemplateKind::Tera) => self.models.tera.render(self.template(), self.host, self.data()),
            Some(TemplateKind::Jinja) => self.models.jinja.render(self.template(), self.jinja(), self.variables()),
            _ => Ok(self.models.sources.texts[self.template()].clone()),
        }
    }

    /// What a Jinja2 template sees. Made anew for each rendering, since a template may change it.
    fn variables(&self) -> minijinja::Value {
        self.given().variables()
    }

    pub(super) fn given(&self) -> Given<'_> {
        let changes = self.models.jinja.changes();
        Given { device: self.device, host: self.host, model: self.data(), changes, jinja: self.jinja() }
    }

    /// Where each line of `text` comes from; nothing if that cannot be found.
    pub(super) fn origins(&self, text: &str) -> Vec<LineSource> {
        let current = self.context();
        let found = match TemplateKind::of(self.template()) {
            Some(TemplateKind::Jinja) => {
                let variables = self.variables();
                current.during(|| self.models.jinja.origins(self.template(), self.jinja(), variables)).0.ok()
            }
            Some(TemplateKind::Tera) => {
                let (marks, tera) = self.models.marked();
                let marked = current.during(|| tera.render(self.template(), self.host, self.data())).0;
                marked.ok().map(|marked| {
                    let (text, lines) = marks.read(&marked);
                    let owned = |(template, line): (&str, usize)| (template.to_owned(), line);
                    (text, lines.into_iter().map(|line| line.map(owned)).collect())
                })
            }
            _ => {
                let lines = text.split('\n').count();
                Some((text.to_owned(), (1..=lines).map(|line| Some((self.template().to_owned(), line))).collect()))
            }
        };
        found.filter(|(same, _)| same == text).map(|(_, lines)| lines).unwrap_or_default()
    }

    /// Where line `line` of `text` comes from.
    fn place(&self, text: &str, line: usize) -> Place {
        match self.origins(text).get(line - 1) {
            Some(Some((template, line))) => Place::line(template, *line),
            _ => Place::whole(self.template()),
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
        let model = self.data().iter().map(|(key, value)| (format!("model.{key}"), value));
        let host = self.host.get("data").into_iter().map(|data| ("host.data".to_owned(), data));
        let all = model.chain(host);
        let found: Vec<_> = all.flat_map(|(name, value)| value_guard::suspects(&name, value, line)).collect();
        if found.is_empty() && line.is_some() { self.suspects(None) } else { found }
    }
}

/// What goes into the configuration of a snippet: not the line breaks at its end, and, unless it is
/// the last, not the `end` that a running-config ends with.
pub(super) fn kept(text: &str, is_last: bool) -> &str {
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
