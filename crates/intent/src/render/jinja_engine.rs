//! Templates for Jinja2, through minijinja set up as Nornir's `jinja_helper` sets up Jinja2: strict
//! undefined, `trim_blocks`, the end of the file's last line dropped, Python's methods of strings,
//! lists and maps. What minijinja has otherwise is rewritten before it is compiled, see
//! [`super::jinja_compat`].

use std::sync::{Arc, OnceLock};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Object, Rest, Serde, StringInput, Value, ValueKind, ValueOrKwargs};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior};
use serde_json::Map;

use super::budget::Exhausted;
use super::error::{Place, RenderError};
use super::filters::{self, FilterCall};
use super::jinja_compat::{ALONE, ALONE_FUNCTION, AS_TEXT, CHAIN, DEFINED, HOLD, OUTSIDE, OWN_TEXT, REFUSE};
use super::jinja_library::{Library, split};
use super::jinja_output::{CONTROL_CHARACTER, LineSource, control_character, lines_of, print};
use super::limits::MAX_STEPS;
use super::sources::Sources;
use super::tera_engine::{Bounded, caught};
use super::{mutable, python_methods, python_text, value_guard};
use crate::inventory::{Jinja, Variables};

/// The templates, compiled as they are needed.
pub(super) struct JinjaEngine {
    library: Arc<Library>,
    /// By [`Setup::index`].
    environments: [OnceLock<Environment<'static>>; 8],
}

/// What an environment is made for.
#[derive(Debug, Clone, Copy)]
struct Setup {
    /// Whether an undefined answers for its attributes.
    chained: bool,
    trim_blocks: bool,
    lstrip_blocks: bool,
}

impl Setup {
    fn index(self) -> usize {
        usize::from(self.chained) | usize::from(self.trim_blocks) << 1 | usize::from(self.lstrip_blocks) << 2
    }
}

impl JinjaEngine {
    pub(super) fn new(sources: &Sources) -> Self {
        Self { library: Arc::new(Library::new(sources)), environments: Default::default() }
    }

    /// Whether templates change lists and maps in place, so that their data must be changeable.
    pub(super) fn changes(&self) -> bool {
        self.library.changes()
    }

    /// Renders `template` within the current rendering.
    pub(super) fn render(&self, template: &str, jinja: Jinja, variables: Value) -> Result<String, RenderError> {
        let mut output = Bounded(Vec::new());
        self.caught(template, jinja, |environment| {
            environment.get_template(template)?.render_captured_to(variables, &mut output).map(drop)
        })?;
        String::from_utf8(output.0).map_err(|error| RenderError::Template {
            place: Place::whole(template),
            reason: error.to_string(),
            model: None,
        })
    }

    /// The same text, and per line of it the template and line that it comes from. What a macro
    /// writes comes from the line that prints it.
    pub(super) fn origins(
        &self,
        template: &str,
        jinja: Jinja,
        variables: Value,
    ) -> Result<(String, Vec<LineSource>), RenderError> {
        self.caught(template, jinja, |environment| {
            let (text, spans) = environment.get_template(template)?.render_with_spans(variables)?;
            let origins = lines_of(&text, &spans);
            Ok((text, origins))
        })
    }

    fn setup(&self, template: &str, jinja: Jinja) -> Setup {
        let chained = self.library.is_of_avd(template) || jinja.variables == Variables::Ansible;
        Setup { chained, trim_blocks: jinja.trim_blocks, lstrip_blocks: jinja.lstrip_blocks }
    }

    fn caught<T>(
        &self,
        template: &str,
        jinja: Jinja,
        render: impl FnOnce(&Environment<'static>) -> Result<T, Error>,
    ) -> Result<T, RenderError> {
        let setup = self.setup(template, jinja);
        let environment = self.environments[setup.index()].get_or_init(|| environment(&self.library, setup));
        match caught(|| render(environment)) {
            Ok(rendered) => rendered.map_err(|error| self.explain(&error, template, setup.chained)),
            Err(reason) => Err(RenderError::Template { place: Place::whole(template), reason, model: None }),
        }
    }

    fn explain(&self, error: &Error, template: &str, chained: bool) -> RenderError {
        // What failed in an included template is the cause of an error in the one that includes it.
        let innermost = std::iter::successors(Some(error), |error| {
            std::error::Error::source(*error).and_then(|source| source.downcast_ref::<Error>())
        });
        let error = innermost.filter(|error| error.line().is_some()).last().unwrap_or(error);
        let place = Place {
            template: split(error.name().unwrap_or(template)).0.to_owned(),
            line: error.line(),
            column: self.column(error, chained),
        };
        if let Some(exhausted) = error.detail().and_then(Exhausted::in_sentence) {
            return RenderError::Exhausted { place, exhausted, model: None };
        }
        let reason = match (error.kind(), error.detail()) {
            (ErrorKind::OutOfFuel, _) => return RenderError::Endless { place, model: None },
            (ErrorKind::WriteFailure, _) => {
                return RenderError::TooLarge { template: template.to_owned(), model: None };
            }
            (ErrorKind::BadEscape, Some(CONTROL_CHARACTER)) => {
                return RenderError::ControlCharacter { place, suspects: Vec::new(), model: None };
            }
            (ErrorKind::UndefinedError, Some(detail)) if detail.contains("undefined") => {
                self.named(detail, error, chained)
            }
            (
                ErrorKind::SyntaxError
                | ErrorKind::TemplateNotFound
                | ErrorKind::InvalidOperation
                | ErrorKind::UndefinedError,
                Some(detail),
            ) => detail.to_owned(),
            (kind, Some(detail)) => format!("{kind}: {detail}"),
            (kind, None) => kind.to_string(),
        };
        RenderError::Template { place, reason: without_marks(&reason), model: None }
    }

    /// The column, from 1, in the template as it was written.
    fn column(&self, error: &Error, chained: bool) -> Option<usize> {
        let rewritten = self.library.source(error.name()?, chained)?.ok()?;
        let original = self.library.original(error.name()?)?;
        let before = original.get(..rewritten.original(error.range()?.start))?;
        Some(before.rsplit('\n').next()?.chars().count() + 1)
    }

    /// A sentence about something undefined, with its name as the template writes it: the engine
    /// does not know a name behind a filter of ours.
    fn named(&self, detail: &str, error: &Error, chained: bool) -> String {
        let Some((accessor, rest)) = detail.strip_prefix("`(...)").and_then(|rest| rest.split_once('`')) else {
            return detail.to_owned();
        };
        let written = || {
            let rewritten = self.library.source(error.name()?, chained)?.ok()?;
            let end = rewritten.original(error.range()?.end);
            chain_before(self.library.original(error.name()?)?.get(..end)?, accessor)
        };
        written().map_or_else(|| detail.to_owned(), |text| format!("`{text}`{rest}"))
    }
}

/// The last expression such as `a.b.c` in a source that ends with this accessor.
fn chain_before<'s>(source: &'s str, accessor: &str) -> Option<&'s str> {
    let end = source.rfind(accessor)? + accessor.len();
    let is_part = |c: char| c.is_alphanumeric() || "_.[]'\"".contains(c);
    Some(source[..end].rsplit(|c| !is_part(c)).next().unwrap_or_default())
}

/// A sentence without the names that templates are rewritten with.
fn without_marks(reason: &str) -> String {
    let reason = reason.replace(&format!("{OUTSIDE}."), "").replace(super::jinja_compat::LOOP, "loop");
    match reason.find(ALONE) {
        Some(at) => {
            let end = reason[at..].find(['"', '\'', ' ', '`']).map_or(reason.len(), |end| at + end);
            format!("{}{}", &reason[..at], &reason[end..])
        }
        None => reason,
    }
}

fn environment(library: &Arc<Library>, setup: Setup) -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(setup.trim_blocks).lstrip_blocks(setup.lstrip_blocks).build();
    environment.set_syntax(syntax.unwrap_or_default());
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_debug(true); // for the names of undefined variables in errors
    environment.set_fuel(Some(MAX_STEPS));
    // Any kind of escaping makes minijinja tell captured text from values.
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("EOS".into()));
    environment.set_formatter(print);
    environment.set_unknown_method_callback(python_methods::call);
    minijinja_contrib::add_to_environment(&mut environment);
    mutable::register(&mut environment);
    python_methods::register(&mut environment);
    register(&mut environment);
    register_rewritten(&mut environment);
    let (texts, chained) = (Arc::clone(library), setup.chained);
    environment.set_loader(move |name| match texts.source(name, chained) {
        Some(Ok(rewritten)) => Ok(Some(rewritten.text)),
        Some(Err(reason)) => Err(Error::new(ErrorKind::SyntaxError, reason)),
        None => Ok(None),
    });
    let texts = Arc::clone(library);
    environment.set_path_join_callback(move |name, parent| texts.resolve(name, parent).into());
    environment
}

/// What rewritten templates call.
fn register_rewritten(environment: &mut Environment<'static>) {
    environment.add_function(ALONE_FUNCTION, |name: Value, hidden: Rest<String>| -> Result<Value, Error> {
        let marked = |name: &str| Value::from(format!("{name}{ALONE}{}", hidden.join(",")));
        match name.as_str() {
            Some(name) => Ok(marked(name)),
            None => name
                .try_iter()?
                .map(|name| Ok(marked(name.as_str().unwrap_or_default())))
                .collect::<Result<Vec<_>, Error>>()
                .map(Value::from),
        }
    });
    environment
        .add_filter(CHAIN, |value: Value| if value.is_undefined() { Value::from_object(Undefined) } else { value });
    environment.add_function(REFUSE, |reason: String| -> Result<Value, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, reason))
    });
    environment.add_function(HOLD, |state: &State, value: Value| mutable::held(state, value));
    environment.add_function(DEFINED, |state: &State, value: Value| -> Result<Value, Error> {
        if value.kind() == ValueKind::Seq {
            let items: Vec<Value> = value.try_iter()?.collect();
            refuse_undefined(state, items.iter())?;
        }
        Ok(value)
    });
    environment.add_function(AS_TEXT, python_text::as_text);
    environment.add_function(OWN_TEXT, |text: String| Value::from_safe_string(text));
    let globals = environment.globals().map(|(name, value)| (name.to_owned(), value)).collect();
    environment.add_global(OUTSIDE, Value::from_object(Outside(globals)));
}

/// Something undefined that is asked for an attribute: it has none, and so it is undefined in turn.
#[derive(Debug)]
struct Undefined;

impl Object for Undefined {}

/// What names mean where no variable has them: the functions.
#[derive(Debug)]
struct Outside(std::collections::BTreeMap<String, Value>);

impl Object for Outside {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_str()?).cloned()
    }
}

/// Filters and tests of ours.
fn register(environment: &mut Environment<'_>) {
    environment.add_filter("safe", |value: StringInput<'_>| -> Result<Value, Error> {
        if value.is_safe() {
            return Ok(Value::from_safe_string(value.as_str().to_owned()));
        }
        let text = value_guard::print_safe(value.as_str()).map_err(|_| control_character())?;
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
    for filter in filters::shared() {
        for name in filter.names {
            environment.add_filter(*name, move |state: &mut State, value: Value, args: Rest<ValueOrKwargs>| {
                apply_shared(filter, state, value, args.into_values())
            });
        }
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
        refuse_undefined(state, std::iter::once(&value).chain(&args))?;
    }
    let value = if value.is_undefined() { None } else { Some(to_json(&value)?) };
    let call = FilterCall { value, args: args.iter().map(to_json).collect::<Result<_, _>>()?, named };
    let stays_safe = safe && !call.brings_suspicious_text();
    let result = filter.apply(call).map_err(|reason| Error::new(ErrorKind::InvalidOperation, reason))?;
    Ok(match result {
        serde_json::Value::String(text) if stays_safe => Value::from_safe_string(text),
        result => from_json(&result),
    })
}

/// Applies a filter that hands on the very values it was given.
fn apply_shared(
    filter: &filters::SharedFilter,
    state: &State,
    value: Value,
    mut args: Vec<Value>,
) -> Result<Value, Error> {
    let mut named = Vec::new();
    if args.last().is_some_and(Value::is_kwargs)
        && let Some(kwargs) = args.pop().and_then(|kwargs| Kwargs::try_from(kwargs).ok())
    {
        for name in kwargs.args() {
            named.push((name.to_owned(), kwargs.peek::<Value>(name)?));
        }
    }
    if !filter.takes_undefined {
        refuse_undefined(state, std::iter::once(&value).chain(&args))?;
    }
    filter.apply(value, args, named).map_err(|reason| Error::new(ErrorKind::InvalidOperation, reason))
}

/// The engine's own error about the first undefined of `values`, which says which variable it is.
fn refuse_undefined<'v>(state: &State, mut values: impl Iterator<Item = &'v Value>) -> Result<(), Error> {
    match values.find(|value| value.is_undefined()) {
        Some(undefined) => {
            let named = StringInput::new(state, undefined).err();
            Err(named.unwrap_or_else(|| ErrorKind::UndefinedError.into()))
        }
        None => Ok(()),
    }
}

fn from_json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => mutable::from_json(value),
        other => Value::from(Serde(other)),
    }
}

fn to_json(value: &Value) -> Result<serde_json::Value, Error> {
    if matches!(value.kind(), ValueKind::Undefined | ValueKind::None) {
        return Ok(serde_json::Value::Null);
    }
    if python_text::holds_undefined(value) {
        return Err(Error::new(ErrorKind::UndefinedError, "takes a list or map that holds something undefined"));
    }
    serde_json::to_value(value).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}
