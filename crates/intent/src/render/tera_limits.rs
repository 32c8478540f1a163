//! Limits that Tera has not: every way by which a template binds a value to a name weighs it, and
//! filters that multiply a text say beforehand how large it gets. An expression over weighed values
//! is bounded, since Tera's parser takes at most 256 operators in one.
//!
//! `{% set a = x %}` and `{% for a in x %}` become `(x) | __set` and `(x) | __each`, a component
//! begins with a look at its arguments, and a list comprehension cannot hold `~`, since it would
//! make such a text for each of its items.

use std::ops::Range;

use tera::{Kwargs, State, StringInput, Tera, TeraResult, Value};

use super::budget::{self, Exhausted};
use super::segments::{Segment, after_string, word};

/// What is put behind values that are set. Templates must not be able to name it by accident.
pub(super) const SET: &str = "__set";
/// What is put behind values that a loop walks.
pub(super) const EACH: &str = "__each";
/// What a component's arguments are given to.
pub(super) const ARGUMENTS: &str = "__arguments";

/// Adds the filters and functions of this module.
pub(super) fn register(tera: &mut Tera) {
    tera.register_filter(SET, |value: Value, _: Kwargs, _: &State| {
        let weight = weigh(&value).map_err(tera::Error::message)?;
        budget::spend(weight).map_err(tera::Error::message)?;
        TeraResult::Ok(value)
    });
    tera.register_filter(EACH, |value: Value, _: Kwargs, _: &State| {
        weigh(&value).map(|_| value).map_err(tera::Error::message)
    });
    tera.register_function(ARGUMENTS, |arguments: Kwargs, _: &State| {
        for (_, value) in arguments.iter() {
            weigh(value).map_err(tera::Error::message)?;
        }
        TeraResult::Ok("")
    });
    tera.register_filter("replace", replace);
    tera.register_filter("indent", indent);
    tera.register_filter("join", join);
}

/// About how many bytes a value holds, if no text in it is larger than [`budget::VALUE`] and all of
/// it together no larger than [`budget::VALUES`].
fn weigh(value: &Value) -> Result<usize, Exhausted> {
    let mut left = budget::VALUES;
    take(value, &mut left)?;
    Ok(budget::VALUES - left)
}

fn take(value: &Value, left: &mut usize) -> Result<(), Exhausted> {
    let own = value.as_str().map_or(16, str::len);
    if own > budget::VALUE {
        return Err(Exhausted::Value);
    }
    *left = left.checked_sub(own).ok_or(Exhausted::Value)?;
    for item in value.as_array().unwrap_or_default() {
        take(item, left)?;
    }
    for item in value.as_map().into_iter().flat_map(tera::Map::values) {
        take(item, left)?;
    }
    Ok(())
}

/// As Tera's own, and the text is paid for before it is made.
fn replace(text: StringInput<'_>, kwargs: Kwargs, state: &State) -> TeraResult<Value> {
    let from = kwargs.must_get::<&str>("from")?;
    let to = kwargs.must_get::<StringInput<'_>>("to")?;
    let times = text.as_str().matches(from).count();
    pay(times.saturating_mul(to.as_str().len()).saturating_add(text.as_str().len()))?;
    if state.autoescaping_enabled() && (text.is_safe() || to.is_safe()) {
        return Ok(Value::safe_string(&text.rendered(state)?.replace(from, &to.rendered(state)?)));
    }
    Ok(Value::from(text.as_str().replace(from, to.as_str())))
}

/// As Tera's own, and the text is paid for before it is made.
fn indent(text: StringInput<'_>, kwargs: Kwargs, state: &State) -> TeraResult<Value> {
    let width = kwargs.get::<usize>("width")?.unwrap_or(4).min(1000);
    let sign = kwargs.get::<StringInput<'_>>("indentation")?;
    let (first, blank) = (kwargs.get::<bool>("first")?.unwrap_or(false), kwargs.get::<bool>("blank")?.unwrap_or(false));
    if sign.as_ref().is_some_and(|sign| sign.as_str().chars().count() != 1) {
        return Err(tera::Error::message("The `indentation` argument must contain exactly one character"));
    }
    let lines = text.as_str().lines().count();
    pay(lines.saturating_mul(4 * width).saturating_add(text.as_str().len()))?;
    let safe = state.autoescaping_enabled() && (text.is_safe() || sign.as_ref().is_some_and(StringInput::is_safe));
    let margin = match &sign {
        Some(sign) if safe => sign.rendered(state)?.repeat(width),
        Some(sign) => sign.as_str().repeat(width),
        None => " ".repeat(width),
    };
    let text = if safe { text.rendered(state)? } else { text.as_str().into() };
    let mut indented = Vec::with_capacity(lines);
    for (at, line) in text.lines().enumerate() {
        let has_margin = if at == 0 { first } else { blank || !line.is_empty() };
        indented.push(if has_margin { format!("{margin}{line}") } else { line.to_owned() });
    }
    let end = if text.ends_with('\n') { "\n" } else { "" };
    let result = indented.join("\n") + end;
    Ok(if safe { Value::safe_string(&result) } else { Value::from(result) })
}

/// As Tera's own, and the text is paid for before it is made.
fn join(items: &[Value], kwargs: Kwargs, state: &State) -> TeraResult<Value> {
    let separator = kwargs.get::<StringInput<'_>>("sep")?;
    let mut weight = items.len().saturating_mul(separator.as_ref().map_or(0, |separator| separator.as_str().len()));
    for item in items {
        weight = weight.saturating_add(weigh(item).map_err(tera::Error::message)?);
    }
    pay(weight)?;
    let safe_item = |item: &Value| item.is_string() && item.is_safe();
    let safe = state.autoescaping_enabled()
        && (items.iter().any(safe_item) || separator.as_ref().is_some_and(StringInput::is_safe));
    if !safe {
        let texts: Vec<_> = items.iter().map(ToString::to_string).collect();
        return Ok(Value::from(texts.join(separator.map_or("", |separator| separator.as_str()))));
    }
    let text = |item: &Value| if item.is_undefined() { Ok(String::new()) } else { state.escape_if_needed(item) };
    let texts = items.iter().map(text).collect::<TeraResult<Vec<_>>>()?;
    let separator = separator.as_ref().map(|separator| separator.rendered(state)).transpose()?.unwrap_or_default();
    Ok(Value::safe_string(&texts.join(&separator)))
}

fn pay(bytes: usize) -> TeraResult<()> {
    budget::spend(bytes).map_err(tera::Error::message)
}

/// A tag with what weighs the value that it binds; none if it binds no value.
pub(super) fn weighed(segment: &Segment, tag: &str) -> Option<String> {
    let (filter, value) = match (segment, word(tag)) {
        (Segment::Statement(_), "set" | "set_global") => (SET, behind(tag, "=")?),
        (Segment::Statement(_), "for") => (EACH, behind(tag, " in ")?),
        _ => return None,
    };
    let (before, after) = (&tag[..value.start], &tag[value.end..]);
    Some(format!("{before} ({}) | {filter} {after}", tag[value].trim()))
}

/// What stands between the first `sign` and the end of the tag.
fn behind(tag: &str, sign: &str) -> Option<Range<usize>> {
    let end = tag.strip_suffix("%}")?.trim_end_matches('-').trim_end().len();
    let start = tag.find(sign).map(|at| at + sign.len()).filter(|start| *start < end)?;
    Some(start..end)
}

/// A look at the arguments of the component that the tag begins; empty for any other tag.
pub(super) fn look_at_arguments(segment: &Segment, tag: &str) -> String {
    if !matches!(segment, Segment::Statement(_)) || word(tag) != "component" {
        return String::new();
    }
    let parameters = tag.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map_or("", |(inner, _)| inner);
    let names = at_top(parameters, b',').into_iter().map(|parameter| {
        let name = parameter.trim_start();
        &name[..name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len())]
    });
    let arguments: Vec<_> = names.filter(|name| !name.is_empty()).map(|name| format!("{name}={name}")).collect();
    let trims = if tag.ends_with("-%}") { "-" } else { "" };
    format!("{{{{ {ARGUMENTS}({}) {trims}}}}}", arguments.join(", "))
}

/// The pieces of `text` between `separator`s that stand in no string and no brackets.
fn at_top(text: &str, separator: u8) -> Vec<&str> {
    let bytes = text.as_bytes();
    let (mut pieces, mut start, mut at, mut depth) = (Vec::new(), 0, 0, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'' | b'`') => {
                at = after_string(bytes, at, quote);
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            byte if byte == separator && depth == 0 => {
                pieces.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    pieces.push(&text[start..]);
    pieces
}

/// Whether the tag holds a list comprehension that joins texts.
pub(super) fn joins_in_comprehension(segment: &Segment, tag: &str) -> bool {
    let (Segment::Expression(_) | Segment::Statement(_)) = segment else { return false };
    let mut words = Vec::new();
    let (bytes, mut at) = (tag.as_bytes(), 2);
    let mut joins = false;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'' | b'`') => at = after_string(bytes, at, quote),
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                let end = tag[at..].find(|c: char| !c.is_alphanumeric() && c != '_').map_or(tag.len(), |len| at + len);
                words.push(&tag[at..end]);
                at = end;
            }
            byte => {
                joins |= byte == b'~';
                at += 1;
            }
        }
    }
    joins && words.iter().skip(1).any(|word| *word == "for")
}

#[cfg(test)]
mod tests {
    use super::super::segments::segments;
    use super::*;

    fn rewritten(tag: &str) -> Option<String> {
        weighed(&segments(tag)[0], tag)
    }

    #[test]
    fn values_that_are_bound_are_weighed() {
        for (tag, expected) in [
            ("{%- set a = b ~ '=' -%}", Some("{%- set a = (b ~ '=') | __set  -%}")),
            ("{% for a in b %}", Some("{% for a in  (b) | __each  %}")),
            ("{% set a %}", None),
            ("{% if a == b %}", None),
            ("{{ a }}", None),
        ] {
            assert_eq!(rewritten(tag).as_deref(), expected, "{tag}");
        }
    }

    #[test]
    fn the_arguments_of_a_component_are_looked_at() {
        let tag = "{% component port(name: string, vlans = [1, 2], text = \"a, b\") -%}";

        assert_eq!(look_at_arguments(&segments(tag)[0], tag), "{{ __arguments(name=name, vlans=vlans, text=text) -}}");
        assert_eq!(look_at_arguments(&segments("{% set a = 1 %}")[0], "{% set a = 1 %}"), "");
    }

    #[test]
    fn a_comprehension_that_joins_is_told_from_a_loop() {
        for (tag, expected) in [
            ("{{ [a ~ b for a in c] }}", true),
            ("{% set x = [a ~ b for a in c] %}", true),
            ("{{ [a for a in c] }}", false),
            ("{% for a in b ~ c %}", false),
            ("{{ 'a ~ for ' ~ b }}", false),
        ] {
            assert_eq!(joins_in_comprehension(&segments(tag)[0], tag), expected, "{tag}");
        }
    }
}
