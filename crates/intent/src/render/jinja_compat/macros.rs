//! Macros that take their arguments as Jinja2 has it.
//!
//! In minijinja a default counts also where something undefined is passed, it cannot read the
//! arguments before it, and there is no `varargs` and `kwargs`. So the head of a macro with any of
//! these has names only. A function around the macro hands it a mark for each argument that was
//! left out, and the body begins with what a default is:
//!
//! ```text
//! {% macro port(name, text=name) %}…{% endmacro %}
//! {% macro port(name, text) %}{% if text is __missing %}{% set text = name %}{% endif %}…{% endmacro %}
//! {% set port = __macro(port, ['text'], false, false) %}
//! ```

use std::ops::Range;

use super::names::reads;
use super::tag::Tag;
use super::tokens::{is_name, tokens};
use super::{Dialect, Rewritten, refusal};

/// The name under which a macro has the arguments behind its own.
pub(super) const VARARGS: &str = "varargs";
/// The name under which a macro has the named arguments that are not its own.
pub(super) const KWARGS: &str = "kwargs";
/// The function that makes a macro of one whose head has names only.
pub(in super::super) const DEFINE: &str = "__macro";
/// The test that an argument was left out.
pub(in super::super) const MISSING: &str = "__missing";

/// The head of a macro with defaults, or that takes any arguments.
#[derive(Debug)]
pub(super) struct MacroHead {
    name: String,
    parameters: Vec<Parameter>,
    varargs: bool,
    kwargs: bool,
    /// The sign before the end of the tag, `-` or `+`.
    sign: &'static str,
    begin: String,
    start: usize,
    line_breaks: usize,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    /// Where its default stands in the source.
    default: Option<Range<usize>>,
}

impl MacroHead {
    /// The head that stands at `range`, if it needs to be written anew for what stands in `body`.
    pub(super) fn read(source: &str, range: Range<usize>, body: &str) -> Option<Self> {
        let piece = &source[range.clone()];
        let tag = Tag::new(&piece[2..piece.len() - 2], "macro");
        let name = tag.after((0..tag.tokens.len()).find(|at| tag.tokens[*at] == "macro")? + 1)?;
        let open = tag.after(name + 1).filter(|at| tag.tokens[*at] == "(")?;
        let close = tag.closing(open)?;
        let parameters = parameters(&tag, open, close, range.start + 2)?;
        let has = |name: &str| parameters.iter().any(|parameter| parameter.name == name);
        let takes = |name: &str| !has(name) && reads(body, name);
        let (varargs, kwargs) = (takes(VARARGS), takes(KWARGS));
        if !varargs && !kwargs && parameters.iter().all(|parameter| parameter.default.is_none()) {
            return None;
        }
        let sign = ["-", "+"].into_iter().find(|sign| piece[..piece.len() - 2].ends_with(sign)).unwrap_or_default();
        let begin = piece[..2 + tag.tokens[..name].concat().len()].to_owned();
        let line_breaks = piece.matches('\n').count();
        let name = tag.tokens[name].to_owned();
        Some(Self { name, parameters, varargs, kwargs, sign, begin, start: range.start, line_breaks })
    }

    /// The statement behind the macro.
    pub(super) fn definition(&self) -> String {
        let with_default = self.parameters.iter().filter(|parameter| parameter.default.is_some());
        let names: Vec<_> = with_default.map(|parameter| format!("'{}'", parameter.name)).collect();
        let name = &self.name;
        format!("set {name} = {DEFINE}({name}, [{}], {}, {})", names.join(", "), self.varargs, self.kwargs)
    }

    /// Writes the head and the defaults.
    pub(super) fn write(&self, source: &str, dialect: Dialect, result: &mut Rewritten) {
        let mut names: Vec<_> = self.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        names.extend(
            [(VARARGS, self.varargs), (KWARGS, self.kwargs)].iter().filter(|(_, is)| *is).map(|(name, _)| *name),
        );
        let defaults =
            || self.parameters.iter().filter_map(|parameter| Some((&parameter.name, parameter.default.clone()?)));
        let below: usize = defaults().map(|(_, range)| source[range].matches('\n').count()).sum();
        let breaks = self.line_breaks.saturating_sub(self.begin.matches('\n').count() + below);
        let sign = self.sign;
        result.push(&self.begin, self.start);
        result.text.push_str(&format!("{}({}{}) {sign}%}}", self.name, names.join(", "), "\n".repeat(breaks)));
        for (at, (name, range)) in defaults().enumerate() {
            result.text.push_str(&format!("{{% if {name} is {MISSING} {sign}%}}"));
            for (later, _) in
                defaults().skip(at).filter(|(later, _)| tokens(&source[range.clone()]).contains(&later.as_str()))
            {
                let reason = format!("the default of {name} reads {later}, which is not there yet");
                result
                    .text
                    .push_str(&format!("{{% if {later} is {MISSING} %}}{}{{% endif {sign}%}}", refusal(&reason)));
            }
            result.text.push_str(&format!("{{% set {name} = "));
            Tag::new(&source[range.clone()], "").rewrite(dialect, false, range.start, result);
            result.text.push_str(&format!(" {sign}%}}{{% endif {sign}%}}"));
        }
    }
}

/// The parameters between two brackets of a tag whose tokens begin at `start` of the source;
/// nothing if they are not written as parameters are.
fn parameters(tag: &Tag<'_>, open: usize, close: usize, start: usize) -> Option<Vec<Parameter>> {
    let outer = tag.depth(open) + 1;
    let offset = |at: usize| start + tag.tokens[..at].iter().map(|token| token.len()).sum::<usize>();
    let mut found = Vec::new();
    let mut at = open + 1;
    while let Some(name) = tag.after(at).filter(|name| *name < close) {
        let end = (name..close).find(|at| tag.tokens[*at] == "," && tag.depth(*at) == outer).unwrap_or(close);
        let default = match tag.after(name + 1).filter(|equals| *equals < end) {
            None => None,
            Some(equals) if tag.tokens[equals] == "=" => Some(offset(equals + 1)..offset(end)),
            Some(_) => return None,
        };
        if !is_name(tag.tokens[name]) || default.as_ref().is_some_and(Range::is_empty) {
            return None;
        }
        found.push(Parameter { name: tag.tokens[name].to_owned(), default });
        at = end + 1;
    }
    Some(found)
}
