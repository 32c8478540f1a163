//! Templates for Jinja2, through minijinja set up as Nornir's `jinja_helper` sets up Jinja2: strict undefined, `trim_blocks`, the end of
//! the file's last line dropped, Python's methods of strings and maps.
//!
//! **AVD.** Arista's AVD renders with an undefined that may be asked for attributes (`a.b.c is arista.avd.defined` where there is no
//! `a`). A template that names `arista.avd.` itself or by way of one it names is rendered so; all others strictly.
//!
//! **Names.** A template may include another by its path from the models' root, or from any folder above the including template, the
//! highest first: where Jinja2's search path begins is not known here, and the folders above it hold no templates.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Enumerator, Kwargs, Object, Rest, Serde, StringInput, Value, ValueKind, ValueOrKwargs};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior};
use serde_json::Map;

use super::budget::Exhausted;
use super::error::{Place, RenderError};
use super::filters::{self, Call};
use super::sources::{Kind, Sources};
use super::tera_engine::{Bounded, caught};
use super::{MAX_STEPS, mutable, printed, python};

/// The templates, compiled as they are needed.
pub(super) struct JinjaEngine {
    strict: Environment<'static>,
    /// For AVD's templates.
    lenient: Environment<'static>,
    of_avd: BTreeSet<String>,
    names: Arc<Texts>,
}

/// Rewritten sources by path, or why one cannot be read.
type Texts = BTreeMap<String, Result<String, String>>;

impl JinjaEngine {
    pub(super) fn compile(sources: &Sources) -> Self {
        let readable = sources.of(Kind::Jinja).map(|(path, text)| (path.to_owned(), Ok(python::rewritten(text))));
        let broken = sources.broken.iter().filter(|(path, _)| Kind::of(path) == Some(Kind::Jinja));
        let names: Arc<Texts> =
            Arc::new(readable.chain(broken.map(|(path, error)| (path.clone(), Err(error.to_string())))).collect());
        Self {
            strict: environment(&names, UndefinedBehavior::Strict),
            lenient: environment(&names, UndefinedBehavior::Chainable),
            of_avd: of_avd(&names),
            names,
        }
    }

    /// Renders `template` within the current rendering.
    pub(super) fn render(&self, template: &str, context: Value) -> Result<String, RenderError> {
        let mut output = Bounded(Vec::new());
        self.caught(template, || {
            let compiled = self.environment(template).get_template(template)?;
            compiled.render_captured_to(context, &mut output).map(drop)
        })?;
        String::from_utf8(output.0).map_err(|error| RenderError::Template {
            place: Place::whole(template),
            reason: error.to_string(),
            model: None,
        })
    }

    /// The same text, and per line of it the template and line that it comes from. What a macro writes comes from the line that
    /// prints it.
    pub(super) fn origins(&self, template: &str, context: Value) -> Result<(String, Vec<super::Source>), RenderError> {
        self.caught(template, || {
            let compiled = self.environment(template).get_template(template)?;
            let (text, spans) = compiled.render_with_spans(context)?;
            let origins = lines_of(&text, &spans);
            Ok((text, origins))
        })
    }

    fn environment(&self, template: &str) -> &Environment<'static> {
        if self.of_avd.contains(template) { &self.lenient } else { &self.strict }
    }

    fn caught<T>(&self, template: &str, render: impl FnOnce() -> Result<T, Error>) -> Result<T, RenderError> {
        match caught(render) {
            Ok(rendered) => rendered.map_err(|error| explain(&error, template, &self.names)),
            Err(reason) => Err(RenderError::Template { place: Place::whole(template), reason, model: None }),
        }
    }
}

/// What a template sees: the model's data by its own names, as Nornir passes variables and AVD has them, and `model`, `host` and
/// `inventory_hostname`, which go before.
pub(super) fn context(host: &Map<String, serde_json::Value>, data: &Map<String, serde_json::Value>) -> Value {
    let name = host.get("name").cloned().unwrap_or_default();
    let ours = [
        ("inventory_hostname".to_owned(), from_json(&name)),
        ("host".to_owned(), Value::from_object(Host::new(host))),
        ("model".to_owned(), Value::from(Serde(data))),
    ];
    let theirs = data.iter().map(|(name, value)| (name.clone(), from_json(value)));
    Value::from_pairs(theirs.chain(ours))
}

/// Nornir's host: printed it is its name, asked it has its attributes and data.
#[derive(Debug)]
struct Host {
    name: String,
    data: BTreeMap<String, Value>,
    keys: Vec<String>,
}

impl Host {
    fn new(host: &Map<String, serde_json::Value>) -> Self {
        Self {
            name: host.get("name").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned(),
            data: host.iter().map(|(name, value)| (name.clone(), from_json(value))).collect(),
            keys: host.keys().cloned().collect(),
        }
    }
}

impl Object for Host {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.data.get(key.as_str()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.keys.iter().map(Value::from).collect())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

fn environment(names: &Arc<Texts>, undefined: UndefinedBehavior) -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).build();
    environment.set_syntax(syntax.unwrap_or_default());
    environment.set_undefined_behavior(undefined);
    environment.set_debug(true); // for the names of undefined variables in errors
    environment.set_fuel(Some(MAX_STEPS));
    // Any kind of escaping makes minijinja tell captured text from values.
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("EOS".into()));
    environment.set_formatter(print);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    minijinja_contrib::add_to_environment(&mut environment);
    mutable::register(&mut environment);
    register(&mut environment);
    let texts = Arc::clone(names);
    environment.set_loader(move |name| match texts.get(name) {
        Some(Ok(text)) => Ok(Some(text.clone())),
        Some(Err(reason)) => Err(Error::new(ErrorKind::SyntaxError, reason.clone())),
        None => Ok(None),
    });
    let texts = Arc::clone(names);
    environment.set_path_join_callback(move |name, parent| resolve(name, parent, &texts).into());
    environment
}

/// The template that `parent` means by `name`.
fn resolve(name: &str, parent: &str, texts: &Texts) -> String {
    let folders = parent.match_indices('/').map(|(at, _)| &parent[..=at]);
    let mut candidates = std::iter::once("").chain(folders).map(|folder| format!("{folder}{name}"));
    candidates.find(|candidate| texts.contains_key(candidate)).unwrap_or_else(|| name.to_owned())
}

/// Every template that names `arista.avd.`, and every one that names one of these.
fn of_avd(texts: &Texts) -> BTreeSet<String> {
    let readable = || texts.iter().filter_map(|(path, text)| Some((path, text.as_deref().ok()?)));
    let mut found: BTreeSet<String> =
        readable().filter(|(_, text)| text.contains("arista.avd.")).map(|(path, _)| path.clone()).collect();
    loop {
        let more: Vec<_> = readable()
            .filter(|(path, text)| {
                !found.contains(*path) && quoted(text).any(|name| found.contains(&resolve(name, path, texts)))
            })
            .map(|(path, _)| path.clone())
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// Everything that stands between two quotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\'', '"']).filter(|name| name.ends_with(".j2"))
}

/// The formatter. Undefined comes here from lenient templates only.
fn print(output: &mut minijinja::Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        // An `if` without `else` that was false prints nothing, as in Jinja2; any other undefined is refused as text.
        return if state.undefined_behavior() == UndefinedBehavior::Strict {
            Ok(())
        } else {
            Err(ErrorKind::UndefinedError.into())
        };
    }
    if value.is_safe() {
        return output.write_str(value.as_str().unwrap_or_default()).map_err(Error::from);
    }
    let text = if value.kind() == ValueKind::Number && !value.is_integer() { float(value) } else { value.to_string() };
    let text = printed::print(&text).map_err(|_| control_character())?;
    output.write_str(&text).map_err(Error::from)
}

/// As Python prints it, with an exponent below 0.0001 and from 10^16 on.
fn float(value: &Value) -> String {
    let text = value.to_string();
    match text.parse::<f64>() {
        Ok(number) if number != 0.0 && number.is_finite() && !(1e-4..1e16).contains(&number.abs()) => {
            let text = format!("{number:e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
            format!("{digits}e{sign}{exponent:0>2}")
        }
        _ => text,
    }
}

/// What [`explain`] knows a refused value by.
const CONTROL_CHARACTER: &str = "a value with a control character";

fn control_character() -> Error {
    Error::new(ErrorKind::BadEscape, CONTROL_CHARACTER)
}

/// Filters and tests of ours.
fn register(environment: &mut Environment<'_>) {
    environment.add_filter("safe", |value: StringInput<'_>| -> Result<Value, Error> {
        if value.is_safe() {
            return Ok(Value::from_safe_string(value.as_str().to_owned()));
        }
        let text = printed::print_safe(value.as_str()).map_err(|_| control_character())?;
        Ok(Value::from_safe_string(text.into_owned()))
    });
    for filter in filters::all().chain(filters::of_jinja()) {
        for name in filter.names {
            environment.add_filter(*name, move |state: &mut State, value: Value, args: Rest<ValueOrKwargs>| {
                apply(filter, state, value, args.into_values())
            });
        }
    }
    for name in filters::JINJA_ALIASES {
        environment
            .add_filter(format!("ansible.builtin.{name}"), move |state: &mut State, args: Rest<ValueOrKwargs>| {
                state.apply_filter(name, &args.into_values())
            });
    }
    for test in filters::tests() {
        for name in test.names {
            environment.add_test(*name, move |state: &mut State, value: Value, args: Rest<ValueOrKwargs>| {
                apply(test, state, value, args.into_values()).map(|result| result.is_true())
            });
        }
    }
}

fn apply(filter: &filters::Filter, state: &State, value: Value, mut args: Vec<Value>) -> Result<Value, Error> {
    let safe = value.is_safe();
    let mut named = Map::new();
    if args.last().is_some_and(Value::is_kwargs)
        && let Some(kwargs) = args.pop().and_then(|kwargs| Kwargs::try_from(kwargs).ok())
    {
        for name in kwargs.args() {
            named.insert(name.to_owned(), to_json(&kwargs.peek::<Value>(name)?)?);
        }
    }
    if !filter.takes_undefined {
        let undefined = std::iter::once(&value).chain(&args).find(|value| value.is_undefined());
        if let Some(undefined) = undefined {
            let named = StringInput::new(state, undefined).err(); // says which variable
            return Err(named.unwrap_or_else(|| ErrorKind::UndefinedError.into()));
        }
    }
    let value = if value.is_undefined() { None } else { Some(to_json(&value)?) };
    let call = Call { value, args: args.iter().map(to_json).collect::<Result<_, _>>()?, named };
    let stays_safe = safe && !call.brings_suspicious_text();
    let result = filter.apply(call).map_err(|reason| Error::new(ErrorKind::InvalidOperation, reason))?;
    Ok(match result {
        serde_json::Value::String(text) if stays_safe => Value::from_safe_string(text),
        result => from_json(&result),
    })
}

fn from_json(value: &serde_json::Value) -> Value {
    Value::from(Serde(value))
}

fn to_json(value: &Value) -> Result<serde_json::Value, Error> {
    if matches!(value.kind(), ValueKind::Undefined | ValueKind::None) {
        return Ok(serde_json::Value::Null);
    }
    serde_json::to_value(value).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}

fn explain(error: &Error, template: &str, texts: &Texts) -> RenderError {
    // What failed in an included template is the cause of an error in the one that includes it.
    let innermost = std::iter::successors(Some(error), |error| {
        std::error::Error::source(*error).and_then(|source| source.downcast_ref::<Error>())
    });
    let error = innermost.filter(|error| error.line().is_some()).last().unwrap_or(error);
    let place = Place {
        template: error.name().unwrap_or(template).to_owned(),
        line: error.line(),
        column: column(error, texts),
    };
    if let Some(exhausted) = error.detail().and_then(Exhausted::in_sentence) {
        return RenderError::Exhausted { place, exhausted, model: None };
    }
    let reason = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => return RenderError::Endless { place, model: None },
        (ErrorKind::WriteFailure, _) => return RenderError::TooLarge { template: template.to_owned(), model: None },
        (ErrorKind::BadEscape, Some(CONTROL_CHARACTER)) => {
            return RenderError::ControlCharacter { place, suspects: Vec::new(), model: None };
        }
        (ErrorKind::UndefinedError, Some(detail)) if detail.contains("undefined") => detail.to_owned(),
        (ErrorKind::SyntaxError | ErrorKind::TemplateNotFound | ErrorKind::InvalidOperation, Some(detail)) => {
            detail.to_owned()
        }
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    RenderError::Template { place, reason, model: None }
}

fn column(error: &Error, texts: &Texts) -> Option<usize> {
    let text = texts.get(error.name()?)?.as_ref().ok()?;
    let before = text.get(..error.range()?.start)?;
    Some(before.rsplit('\n').next()?.chars().count() + 1)
}

/// Per line the first piece of it that shows something.
fn lines_of(text: &str, spans: &[minijinja::OutputSpan]) -> Vec<super::Source> {
    let mut origins = vec![None; text.split('\n').count()];
    let mut line = 0;
    let mut shown = false;
    for span in spans {
        let range = span.output_range();
        let Some(piece) = text.get(range) else { continue };
        let is_raw = span.kind() == minijinja::OutputSpanKind::Raw;
        for (down, part) in piece.split('\n').enumerate() {
            if down > 0 {
                line += 1;
                shown = false;
            }
            let from = (span.name().to_owned(), span.line() + if is_raw { down } else { 0 });
            let shows = !part.trim().is_empty();
            if let Some(origin) = origins.get_mut(line)
                && (origin.is_none() || (shows && !shown))
                && !(part.is_empty() && down + 1 == piece.split('\n').count() && down == 0)
            {
                *origin = Some(from);
            }
            shown |= shows;
        }
    }
    origins
}
