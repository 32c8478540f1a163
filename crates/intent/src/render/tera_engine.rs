//! Templates for [Tera 2](https://keats.github.io/tera/).
//!
//! Tera has no limit of its own on how long a template may take. Its loops walk finite values, so
//! only loops in loops can last; a call that counts their rounds is put in at the beginning of each
//! loop's body, and `range` makes at most 10,000 numbers. Not counted are list comprehensions. A
//! value that is set is weighed, so that no loop doubles a text without end, see `budget`.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Map, Value};
use tera::{Context, ErrorKind, Kwargs, State, Tera};

use super::budget::{self, Exhausted};
use super::error::{Place, RenderError};
use super::filters::{self, FilterCall};
use super::limits::MAX_CONFIGURATION;
use super::render_context::render_context;
use super::segments::{Segment, segments, word};
use super::sources::{Sources, TemplateKind};
use super::{line_marks, tera_limits, value_guard};

/// The compiled templates.
pub(super) struct TeraEngine {
    tera: Tera,
    /// Templates that cannot be used, and why. They fail the devices that need them and no others.
    broken: BTreeMap<String, RenderError>,
}

/// What [`TeraEngine::counted`] puts into loops. Templates must not be able to name it by accident.
const COUNT: &str = "__count_round";

/// What [`explain`] knows a loop by that was stopped.
const ENDLESS: &str = "too many rounds";
/// What [`explain`] knows a value by that was refused where it was called safe.
const REFUSED: &str = "a value with a control character";

/// The longest `range`.
const MAX_RANGE: i128 = 10_000;

impl TeraEngine {
    /// Compiles all templates together; if that fails, one by one until no further one fits, so
    /// that each error stays with its own file. A template that includes or extends a broken one is
    /// broken too.
    pub(super) fn compile(sources: &Sources) -> Self {
        Self::of(sources.of(TemplateKind::Tera).map(|(path, text)| (path.to_owned(), counted(text))).collect())
    }

    /// The same templates with a mark before each piece of text that says where it stands in its
    /// template.
    pub(super) fn compile_marked(sources: &Sources, marks: &line_marks::LineMarks) -> Self {
        let marked = |(path, text): (&str, &str)| (path.to_owned(), counted(&marks.mark(path, text)));
        Self::of(sources.of(TemplateKind::Tera).map(marked).collect())
    }

    fn of(mut sources: BTreeMap<String, String>) -> Self {
        let mut broken = joining_comprehensions(&sources);
        sources.retain(|path, _| !broken.contains_key(path));
        let mut tera = Tera::new();
        tera.autoescape_on([".tera"]);
        tera.set_escape_fn(print);
        register(&mut tera);
        if tera.add_raw_templates(sources.iter()).is_ok() {
            return Self { tera, broken };
        }
        loop {
            let before = sources.len();
            let mut errors = BTreeMap::new();
            sources.retain(|path, text| match tera.add_raw_template(path, text) {
                Ok(()) => false,
                Err(error) => {
                    errors.insert(path.clone(), explain(&error, path));
                    true
                }
            });
            if sources.len() == before {
                broken.extend(errors);
                return Self { tera, broken };
            }
        }
    }

    /// Renders `template` within the current rendering.
    pub(super) fn render(
        &self,
        template: &str,
        host: &Map<String, Value>,
        data: &Map<String, Value>,
    ) -> Result<String, RenderError> {
        if let Some(error) = self.broken.get(template) {
            return Err(error.clone());
        }
        let mut context = Context::new();
        context.insert("host", host);
        context.insert("model", data);
        let mut output = Bounded(Vec::new());
        let rendered = caught(|| self.tera.render_to(template, &context, &mut output))
            .map_err(|reason| RenderError::Template { place: Place::whole(template), reason, model: None })?;
        match rendered {
            Ok(()) => Ok(String::from_utf8_lossy(&output.0).into_owned()),
            Err(error) => Err(explain(&error, template)),
        }
    }
}

/// The templates that hold a list comprehension with `~`, each with the error that it is.
fn joining_comprehensions(sources: &BTreeMap<String, String>) -> BTreeMap<String, RenderError> {
    let error = |(path, text): (&String, &String)| {
        let segments = segments(text);
        let found =
            segments.iter().find(|segment| tera_limits::joins_in_comprehension(segment, &text[segment.range()]))?;
        let line = text[..found.range().start].split('\n').count();
        let reason = "a list comprehension cannot hold `~`; write a loop, `{% for … %}`".to_owned();
        Some((path.clone(), RenderError::Template { place: Place::line(path, line), reason, model: None }))
    };
    sources.iter().filter_map(error).collect()
}

/// Filters and functions of ours.
fn register(tera: &mut Tera) {
    for filter in filters::all() {
        for name in filter.names.iter().filter(|name| !name.contains('.')) {
            tera.register_filter(*name, move |value: tera::Value, kwargs: Kwargs, _: &State| {
                let safe = value.is_safe();
                let call = FilterCall {
                    value: (!value.is_undefined()).then(|| to_json(&value)),
                    args: Vec::new(),
                    named: kwargs.iter().map(|(name, value)| (name.to_string(), to_json(value))).collect(),
                };
                let stays_safe = safe && !call.brings_suspicious_text();
                let result = filter.apply(call).map_err(tera::Error::message)?;
                let result = tera::Value::from_serializable(&result);
                tera::TeraResult::Ok(if stays_safe { result.mark_safe() } else { result })
            });
        }
    }
    for filter in filters::shared() {
        for name in filter.names.iter().filter(|name| !name.contains('.')) {
            tera.register_filter(*name, move |value: tera::Value, kwargs: Kwargs, _: &State| {
                let own = |value: &tera::Value| match value.is_undefined() {
                    true => minijinja::Value::UNDEFINED,
                    false => minijinja::Value::from(minijinja::value::Serde(to_json(value))),
                };
                let named = kwargs.iter().map(|(name, value)| (name.to_string(), own(value))).collect();
                let stays_safe = value.is_safe();
                let result = filter.apply(own(&value), Vec::new(), named).map_err(tera::Error::message)?;
                if stays_safe && result.as_str().is_some() && result.as_str() == value.as_str() {
                    return Ok(value);
                }
                let result = serde_json::to_value(result).map_err(|error| tera::Error::message(error.to_string()))?;
                tera::TeraResult::Ok(tera::Value::from_serializable(&result))
            });
        }
    }
    tera.register_filter("safe", |value: std::borrow::Cow<'_, str>, _: Kwargs, _: &State| {
        let text = value_guard::print_safe(&value).map_err(|_| tera::Error::message(REFUSED))?;
        tera::TeraResult::Ok(tera::Value::safe_string(&text))
    });
    tera.register_function("range", range);
    tera.register_function(COUNT, |kwargs: Kwargs, _: &State| {
        let text = kwargs.get::<usize>("text")?.unwrap_or_default();
        let rounds = render_context(|context| {
            context.rounds += 1;
            context.rounds
        });
        budget::spend(text).map_err(tera::Error::message)?;
        if rounds > MAX_ROUNDS { Err(tera::Error::message(ENDLESS)) } else { Ok("") }
    });
    tera_limits::register(tera);
}

/// Most rounds that all loops of one template may take together.
const MAX_ROUNDS: u64 = 2_000_000;

fn to_json(value: &tera::Value) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// As Tera's own, with [`MAX_RANGE`].
fn range(kwargs: Kwargs, _: &State) -> tera::TeraResult<Vec<i128>> {
    let start = kwargs.get::<i128>("start")?.unwrap_or_default();
    let end = kwargs.must_get::<i128>("end")?;
    let step = kwargs.get::<i128>("step_by")?.unwrap_or(1);
    if step == 0 || (start > end && step > 0) {
        return Err(tera::Error::message("range counts from `start` up to `end` by `step_by`, which must not be 0"));
    }
    let mut numbers = Vec::new();
    let mut number = start;
    while (step > 0 && number < end) || (step < 0 && number > end) {
        if numbers.len() as i128 == MAX_RANGE {
            return Err(tera::Error::message(format!("range makes at most {MAX_RANGE} numbers")));
        }
        numbers.push(number);
        number = number.saturating_add(step);
    }
    Ok(numbers)
}

/// `source` with what holds it within its limits: [`COUNT`] at the beginning of each loop,
/// component and block and at the end of the template, with the bytes of text that it writes each
/// time; and what `tera_limits` puts into tags.
fn counted(source: &str) -> String {
    let all = segments(source);
    let texts = texts(source, &all);
    let mut text = String::with_capacity(source.len());
    for (at, segment) in all.iter().enumerate() {
        let piece = &source[segment.range()];
        match tera_limits::weighed(segment, piece) {
            Some(weighed) => text.push_str(&weighed),
            None => text.push_str(piece),
        }
        text.push_str(&tera_limits::look_at_arguments(segment, piece));
        if let Some(bytes) = texts.get(&at) {
            // The tag's own trimming goes on behind the call.
            let trims = if piece.ends_with("-%}") { "-" } else { "" };
            text.push_str(&format!("{{{{ {COUNT}(text={bytes}) {trims}}}}}"));
        }
    }
    let is_whole = !all.iter().any(|segment| word(&source[segment.range()]) == "extends");
    match texts.get(&all.len()) {
        Some(bytes) if is_whole => text + &format!("{{{{ {COUNT}(text={bytes}) }}}}"),
        _ => text,
    }
}

/// By the index of each tag that opens a loop, component or block: how many bytes of text stand
/// directly in it. By the number of segments: how many stand in none, so that a loop that includes
/// the template is charged for it.
fn texts(source: &str, segments: &[Segment]) -> BTreeMap<usize, usize> {
    let mut open = Vec::new();
    let mut texts = BTreeMap::new();
    for (at, segment) in segments.iter().enumerate() {
        match segment {
            Segment::Text(range) => {
                let opener = open.last().copied().unwrap_or(segments.len());
                *texts.entry(opener).or_default() += range.len();
            }
            Segment::Statement(range) => match word(&source[range.clone()]) {
                "for" | "component" | "block" => {
                    open.push(at);
                    texts.insert(at, 0);
                }
                "endfor" | "endcomponent" | "endblock" => drop(open.pop()),
                _ => {}
            },
            Segment::Expression(_) | Segment::Comment(_) => {}
        }
    }
    texts
}

/// The escape function.
fn print(text: &str, output: &mut dyn Write) -> io::Result<()> {
    budget::spend(text.len()).map_err(|exhausted| io::Error::other(exhausted.to_string()))?;
    let text = value_guard::print(text).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    output.write_all(text.as_bytes())
}

/// Runs `work` and turns a panic inside the engine into an error: one device's template must not
/// end the others' push.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let words =
            panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned());
        format!("the template engine broke down: {}", words.unwrap_or_else(|| "no reason given".to_owned()))
    })
}

fn explain(error: &tera::Error, template: &str) -> RenderError {
    let whole = Place::whole(template);
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            let place = Place {
                template: report.filename().to_owned(),
                line: Some(report.span().start_line),
                column: Some(report.span().start_col + 1),
            };
            match report.message() {
                ENDLESS => RenderError::Endless { place: Place { column: None, ..place }, model: None },
                REFUSED => RenderError::ControlCharacter { place, suspects: Vec::new(), model: None },
                reason => match Exhausted::in_sentence(reason) {
                    Some(exhausted) => RenderError::Exhausted { place, exhausted, model: None },
                    None => RenderError::Template { place, reason: reason.to_owned(), model: None },
                },
            }
        }
        ErrorKind::Io(io::ErrorKind::InvalidData) => {
            RenderError::ControlCharacter { place: whole, suspects: Vec::new(), model: None }
        }
        ErrorKind::Io(io::ErrorKind::FileTooLarge) => {
            RenderError::TooLarge { template: template.to_owned(), model: None }
        }
        other => match Exhausted::in_sentence(&with_causes(error)) {
            Some(exhausted) => RenderError::Exhausted { place: whole, exhausted, model: None },
            None => RenderError::Template { place: whole, reason: other.to_string(), model: None },
        },
    }
}

/// The error's sentence and those of its causes.
fn with_causes(error: &tera::Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(error.to_string(), |words, cause| format!("{words}: {cause}"))
}

/// Collects at most [`MAX_CONFIGURATION`] bytes.
pub(super) struct Bounded(pub(super) Vec<u8>);

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_count_their_rounds_and_trim_as_before() {
        assert_eq!(
            counted("{% for a in b -%}\n x{% endfor %}"),
            "{% for a in  (b) | __each  -%}{{ __count_round(text=3) -}}\n x{% endfor %}"
        );
        assert_eq!(
            counted("{% for a in b %}x{% endfor %}"),
            "{% for a in  (b) | __each  %}{{ __count_round(text=1) }}x{% endfor %}"
        );
    }

    #[test]
    fn a_panic_of_the_engine_is_an_error_of_this_device() {
        let error = caught(|| panic!("index out of bounds")).unwrap_err();

        assert_eq!(error, "the template engine broke down: index out of bounds");
    }
}
