//! The engine's filters over lists, with what Jinja2 refuses, takes by position, and makes.

use minijinja::value::{Kwargs, Rest, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::generators::{Generator, generator};
use super::{as_text, list, refuse_undefined};

/// What a filter makes of the list that the engine makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    /// What the engine makes, as it is.
    Same,
    /// A list that a template can change.
    List,
    /// A generator, which can be walked once.
    Generator,
}

/// One filter.
#[derive(Debug)]
struct ListFilter {
    name: &'static str,
    /// Its parameters, in order.
    parameters: &'static [&'static str],
    made: Made,
    /// Whether the engine takes its arguments by name only.
    by_name: bool,
}

const fn filter(name: &'static str, parameters: &'static [&'static str], made: Made) -> ListFilter {
    ListFilter { name, parameters, made, by_name: false }
}

const fn by_name(name: &'static str, parameters: &'static [&'static str], made: Made) -> ListFilter {
    ListFilter { name, parameters, made, by_name: true }
}

const FILTERS: &[ListFilter] = &[
    filter("batch", &[], Made::Generator),
    filter("slice", &[], Made::Generator),
    filter("map", &[], Made::Generator),
    filter("items", &[], Made::Generator),
    filter("reverse", &[], Made::Generator),
    filter("select", &["test"], Made::Generator),
    filter("reject", &["test"], Made::Generator),
    filter("selectattr", &["attribute", "test"], Made::Generator),
    filter("rejectattr", &["attribute", "test"], Made::Generator),
    filter("round", &[], Made::Same),
    filter("trim", &[], Made::Same),
    filter("join", &["d", ATTRIBUTE], Made::Same),
    filter("sum", &[ATTRIBUTE, "start"], Made::Same),
    by_name("min", &["case_sensitive", ATTRIBUTE], Made::Same),
    by_name("max", &["case_sensitive", ATTRIBUTE], Made::Same),
    by_name("unique", &["case_sensitive", ATTRIBUTE], Made::Generator),
    by_name("sort", &["reverse", "case_sensitive", ATTRIBUTE], Made::List),
    by_name("wordwrap", &["width", "break_long_words", "wrapstring", "break_on_hyphens"], Made::Same),
    by_name("groupby", &["attribute", "default", "case_sensitive"], Made::List),
];

/// The parameter that names what is looked at in each item.
const ATTRIBUTE: &str = "attribute";

/// Registers the filters.
pub(super) fn register(environment: &mut Environment<'_>) {
    keep_originals!(environment.add_filter, filters: batch, slice, map, items, reverse, select, reject);
    keep_originals!(environment.add_filter, filters: selectattr, rejectattr, round, trim, join, sum);
    keep_originals!(environment.add_filter, filters: min, max, unique, sort, groupby);
    environment.add_filter("__plain_wordwrap", minijinja_contrib::filters::wordwrap);
    for filter in FILTERS {
        environment.add_filter(filter.name, move |state: &mut State, args: Rest<ValueOrKwargs>| {
            filter.apply(state, args.into_values())
        });
    }
}

impl ListFilter {
    fn apply(&self, state: &mut State, mut args: Vec<Value>) -> Result<Value, Error> {
        args.iter().try_for_each(|arg| refuse_undefined(state, arg))?;
        if self.by_name {
            args = self.named(args)?;
        }
        self.prepare(state, &mut args)?;
        let (is_text, is_generator) = match args.first() {
            Some(value) => (value.as_str().is_some(), value.downcast_object_ref::<Generator>().is_some()),
            None => (false, false),
        };
        let made = state.apply_filter(&format!("__plain_{}", self.name), &args)?;
        match (self.name, self.made) {
            ("reverse", _) if is_text => Ok(made),
            // Python cannot walk it backwards, so it makes a list of it first.
            ("reverse", _) if is_generator => Ok(list(made.try_iter()?)),
            (_, Made::Same) => Ok(made),
            (_, Made::List) => Ok(list(made.try_iter()?)),
            (_, Made::Generator) => generator(&made),
        }
    }

    /// The arguments with their names.
    fn named(&self, mut args: Vec<Value>) -> Result<Vec<Value>, Error> {
        let kwargs = match args.last().is_some_and(Value::is_kwargs) {
            true => args.pop().map(Kwargs::try_from).transpose()?,
            false => None,
        };
        let positional = args.split_off(args.len().min(1));
        if positional.len() > self.parameters.len() {
            let reason = format!("{} takes {}", self.name, self.parameters.join(", "));
            return Err(Error::new(ErrorKind::TooManyArguments, reason));
        }
        let mut named: Vec<(String, Value)> =
            self.parameters.iter().map(|name| (*name).to_owned()).zip(positional).collect();
        if let Some(kwargs) = kwargs {
            for name in kwargs.args() {
                named.push((name.to_owned(), kwargs.peek(name)?));
            }
        }
        args.push(Kwargs::from_iter(named).into());
        Ok(args)
    }

    /// Refuses an item that has not what is looked at, and makes Python's texts of what is joined.
    fn prepare(&self, state: &State, args: &mut [Value]) -> Result<(), Error> {
        let attribute = self.attribute(args)?;
        let looks_at_items =
            matches!(self.name, "join" | "unique" | "sum") || (self.parameters == ["test"] && args.len() == 1);
        if attribute.is_none() && !looks_at_items {
            return Ok(());
        }
        let Some(value) = args.first_mut().filter(|value| value.as_str().is_none()) else { return Ok(()) };
        let mut items: Vec<Value> = value.try_iter()?.collect();
        for item in &mut items {
            refuse_undefined(state, item)?;
            if let Some(attribute) = &attribute {
                refuse_without(item, attribute)?;
            } else if self.name == "join" {
                *item = as_text(item.clone())?;
            }
        }
        *value = Value::from(items);
        Ok(())
    }

    /// The attribute that each item must have: `selectattr` with a test looks by itself.
    fn attribute(&self, args: &[Value]) -> Result<Option<Value>, Error> {
        let Some(at) = self.parameters.iter().position(|name| *name == ATTRIBUTE) else { return Ok(None) };
        let has_test = self.parameters.get(at + 1) == Some(&"test") && args.len() > 2;
        if has_test || self.name == "groupby" {
            return Ok(None);
        }
        let named = match args.last().filter(|last| last.is_kwargs()) {
            Some(kwargs) => Kwargs::try_from(kwargs.clone())?.peek::<Option<Value>>(ATTRIBUTE)?,
            None => None,
        };
        let positional = || args.get(at + 1).filter(|value| !value.is_kwargs()).cloned();
        Ok(named.or_else(positional).filter(|attribute| !attribute.is_none()))
    }
}

/// Refuses an item that has not each of these attributes, such as `name`, `a.b` or `id,name`.
fn refuse_without(item: &Value, attributes: &Value) -> Result<(), Error> {
    let written = attributes.to_string();
    for attribute in written.split(',') {
        let mut value = item.clone();
        for part in attribute.trim().split('.') {
            value = match part.parse::<usize>() {
                Ok(index) if value.as_str().is_none() => value.get_item_by_index(index)?,
                _ => value.get_attr(part)?,
            };
            if value.is_undefined() {
                let reason = format!("an item has no attribute `{attribute}`, which is undefined");
                return Err(Error::new(ErrorKind::UndefinedError, reason));
            }
        }
    }
    Ok(())
}
