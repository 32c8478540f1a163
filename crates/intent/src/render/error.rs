//! Why a device's configuration cannot be rendered.

use super::LineOrigin;
use super::budget::Exhausted;
use super::limits::MAX_CONFIGURATION;
use crate::candidate::NotConfiguration;
use crate::model::Unfit;

/// Why a device's configuration cannot be rendered. The switch has not been contacted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
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
    /// A model names a file of a kind that is no template.
    #[error("model {model}: {template} is no template; expected a file that ends in .tera, .j2 or .cfg")]
    UnknownKind {
        /// The model's file.
        model: String,
        /// What it names.
        template: String,
    },
    /// A template does not parse, or failed with this model's data.
    #[error("template {place}: {reason}{}", of_model(.model))]
    Template {
        /// The place in the template.
        place: Place,
        /// The engine's sentence; names the variable.
        reason: String,
        /// The model's file, when it was its data that did not fit.
        model: Option<String>,
    },
    /// A value was about to bring a line break or control character into the configuration.
    #[error(
        "template {place} prints a value with a line break or control character, which could add lines to the configuration{}; \
         correct the value, or write `| safe` behind it if several lines are meant{}",
        found_at(.suspects), of_model(.model)
    )]
    ControlCharacter {
        /// Where it is printed.
        place: Place,
        /// Where such values stand in the data.
        suspects: Vec<String>,
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
    /// The template took more steps than it may.
    #[error("template {place} was stopped after too many steps{}; does a loop repeat itself", of_model(.model))]
    Endless {
        /// Where it was.
        place: Place,
        /// The model's file.
        model: Option<String>,
    },
    /// The device's templates took more time or text than they may.
    #[error("template {place} was stopped, since rendering {exhausted}{}; does a loop repeat itself", of_model(.model))]
    Exhausted {
        /// Where it was.
        place: Place,
        /// What was used up.
        exhausted: Exhausted,
        /// The model's file.
        model: Option<String>,
    },
    /// Source of a template in the text that was rendered: somebody else's template was copied in,
    /// or a value holds one.
    #[error(
        "template {place} leaves {found} in line {line} of the configuration, which looks like a template that was never rendered; \
         give it the ending .j2 or .tera, or correct the value{}", of_model(.model)
    )]
    Unrendered {
        /// Where the line comes from.
        place: Place,
        /// The opening delimiter.
        found: &'static str,
        /// The line of the snippet.
        line: usize,
        /// The model's file.
        model: Option<String>,
    },
    /// Ports are ordered, and nothing says how they are rendered.
    #[error(
        "tenants have ordered ports of {device}, but there is no tenants.yaml that says how they are rendered; put it back, since a \
         configuration without their ports would take them away"
    )]
    NoTenants {
        /// The name of the device.
        device: String,
    },
    /// A model configures a port that a tenant has.
    #[error(
        "port {port} of {device} is configured by a model, and tenant {tenant} has ordered it; take it out of the model, or give it back \
         for the tenant"
    )]
    OrderedPort {
        /// The name of the device.
        device: String,
        /// The name of the port.
        port: String,
        /// Who has the port.
        tenant: String,
    },
    /// A line of the configuration is no configuration, such as an EXEC command.
    #[error("{}{error}", from(.origin))]
    NotConfiguration {
        /// The template line and model that the line comes from, if they are known.
        origin: Option<LineOrigin>,
        /// The line, and what is wrong with it.
        error: NotConfiguration,
    },
}

/// A place in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The template's file.
    pub template: String,
    /// Line from 1, if it is known.
    pub line: Option<usize>,
    /// Column from 1, if it is known.
    pub column: Option<usize>,
}

impl Place {
    /// A template as a whole.
    pub(super) fn whole(template: &str) -> Self {
        Self { template: template.to_owned(), line: None, column: None }
    }

    /// A line of one.
    pub(super) fn line(template: &str, line: usize) -> Self {
        Self { line: Some(line), ..Self::whole(template) }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.template)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        Ok(())
    }
}

impl RenderError {
    /// The same, blamed on a model's data.
    pub(super) fn with_model(mut self, path: &str) -> Self {
        match &mut self {
            Self::Template { model, .. }
            | Self::ControlCharacter { model, .. }
            | Self::TooLarge { model, .. }
            | Self::Endless { model, .. }
            | Self::Exhausted { model, .. }
            | Self::Unrendered { model, .. } => *model = Some(path.to_owned()),
            Self::NoModel(_)
            | Self::Empty(_)
            | Self::Unfit(_)
            | Self::NoTemplate { .. }
            | Self::UnknownKind { .. }
            | Self::NoTenants { .. }
            | Self::OrderedPort { .. }
            | Self::NotConfiguration { .. } => {}
        }
        self
    }
}

fn from(origin: &Option<LineOrigin>) -> String {
    origin.as_ref().map(|origin| format!("{origin}: ")).unwrap_or_default()
}

fn maybe(closest: &Option<String>) -> String {
    closest.as_ref().map(|closest| format!("; did you mean {closest}")).unwrap_or_default()
}

fn of_model(model: &Option<String>) -> String {
    model.as_ref().map(|model| format!(" (model {model})")).unwrap_or_default()
}

fn found_at(suspects: &[String]) -> String {
    match suspects {
        [] => String::new(),
        [only] => format!(" ({only})"),
        [first, rest @ ..] => format!(" ({first} or {} more)", rest.len()),
    }
}
