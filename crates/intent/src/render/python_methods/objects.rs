//! Objects that functions of Python and Jinja2 make.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use minijinja::value::{Enumerator, Kwargs, Object, ObjectRepr, Tuple, from_args};
use minijinja::{Error, ErrorKind, State, Value};

use crate::render::mutable::map;

/// Most numbers that `range` makes.
pub(super) const MAX_RANGE: u64 = 100_000;

/// Python's `range`: printed it is its call.
#[derive(Debug)]
pub(in super::super) struct Range {
    pub(super) start: i64,
    pub(super) stop: i64,
    pub(super) step: i64,
}

impl Range {
    /// How many numbers it has; nothing if its step is zero.
    pub(super) fn count(&self) -> Option<u64> {
        let way = match self.step {
            0 => return None,
            1.. => i128::from(self.stop) - i128::from(self.start),
            _ => i128::from(self.start) - i128::from(self.stop),
        };
        let step = i128::from(self.step.unsigned_abs());
        Some(u64::try_from((way.max(0) + step - 1) / step).unwrap_or(u64::MAX))
    }
}

impl Object for Range {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let count = i64::try_from(self.count()?).ok()?;
        let index = i64::try_from(key.clone()).ok()?;
        let index = if index < 0 { index + count } else { index };
        (0..count).contains(&index).then(|| Value::from(self.start + index * self.step))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.count().and_then(|count| usize::try_from(count).ok()).unwrap_or(0))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            1 => write!(f, "range({}, {})", self.start, self.stop),
            step => write!(f, "range({}, {}, {step})", self.start, self.stop),
        }
    }
}

/// Jinja2's `cycler`.
#[derive(Debug)]
pub(super) struct Cycler {
    pub(super) items: Vec<Value>,
    pub(super) at: AtomicUsize,
}

impl Cycler {
    fn current(&self) -> Value {
        self.items[self.at.load(Ordering::Relaxed) % self.items.len()].clone()
    }
}

impl Object for Cycler {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        (key.as_str() == Some("current")).then(|| self.current())
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, args: &[Value]) -> Result<Value, Error> {
        from_args::<()>(args)?;
        match method {
            "next" => {
                let item = self.current();
                self.at.fetch_add(1, Ordering::Relaxed);
                Ok(item)
            }
            "reset" => {
                self.at.store(0, Ordering::Relaxed);
                Ok(Value::from(()))
            }
            _ => Err(ErrorKind::UnknownMethod.into()),
        }
    }
}

/// Jinja2's `joiner`: nothing at first, then the separator.
#[derive(Debug)]
pub(super) struct Joiner {
    pub(super) separator: String,
    pub(super) calls: AtomicUsize,
}

impl Object for Joiner {
    fn call(self: &Arc<Self>, _: &mut State, args: &[Value]) -> Result<Value, Error> {
        from_args::<()>(args)?;
        let is_first = self.calls.fetch_add(1, Ordering::Relaxed) == 0;
        Ok(Value::from(if is_first { "" } else { self.separator.as_str() }))
    }
}

/// What a macro is handed for an argument that was left out.
#[derive(Debug)]
pub(super) struct Missing;

impl Object for Missing {}

/// A macro whose head has names only, see [`super::super::jinja_compat`].
#[derive(Debug)]
pub(super) struct Macro {
    pub(super) body: Value,
    /// The names of its arguments, in order.
    pub(super) parameters: Vec<String>,
    /// Those that have a default.
    pub(super) with_default: Vec<String>,
    /// Whether it takes more arguments than it names, and named ones that it does not name.
    pub(super) varargs: bool,
    pub(super) kwargs: bool,
}

impl Macro {
    fn takes_caller(&self) -> bool {
        self.body.get_attr("caller").is_ok_and(|caller| caller.is_true())
    }

    fn left_out(&self, name: &String) -> Value {
        if self.with_default.contains(name) { Value::from_object(Missing) } else { Value::UNDEFINED }
    }

    /// The arguments of the macro as it is written, from those of a call.
    fn arguments(&self, args: &[Value]) -> Result<Vec<Value>, Error> {
        let (args, mut named) = match args.split_last() {
            Some((last, args)) if last.is_kwargs() => (args, named(last)?),
            _ => (args, Vec::new()),
        };
        let wrong = |reason: String| Error::new(ErrorKind::TooManyArguments, reason);
        let own = args.len().min(self.parameters.len());
        let mut all = args[..own].to_vec();
        for (at, name) in self.parameters.iter().enumerate() {
            let given = named.iter().position(|(other, _)| other == name).map(|at| named.remove(at).1);
            match given {
                Some(_) if at < own => return Err(wrong(format!("duplicate argument `{name}`"))),
                Some(value) => all.push(value),
                None if at < own => {}
                None => all.push(self.left_out(name)),
            }
        }
        let caller = named.iter().position(|(name, _)| name == "caller" && self.takes_caller());
        let caller = caller.map(|at| named.remove(at));
        match self.varargs {
            true => all.push(Value::from(Tuple::from(args[own..].to_vec()))),
            false if args.len() > own => {
                return Err(wrong(format!("takes not more than {own} arguments, {} were given", args.len())));
            }
            false => {}
        }
        match self.kwargs {
            true => all.push(map(named.into_iter().map(|(name, value)| (Value::from(name), value)))),
            false if !named.is_empty() => return Err(wrong(format!("unknown keyword argument `{}`", named[0].0))),
            false => {}
        }
        all.extend(caller.map(|caller| Value::from(Kwargs::from_iter([caller]))));
        Ok(all)
    }
}

/// Named arguments in their order.
fn named(kwargs: &Value) -> Result<Vec<(String, Value)>, Error> {
    let kwargs = Kwargs::try_from(kwargs.clone())?;
    kwargs.args().map(|name| Ok((name.to_owned(), kwargs.peek(name)?))).collect()
}

impl Object for Macro {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "arguments" => Some(self.parameters.iter().map(|name| Value::from(name.as_str())).collect()),
            _ => self.body.get_item(key).ok().filter(|value| !value.is_undefined()),
        }
    }

    fn call(self: &Arc<Self>, state: &mut State, args: &[Value]) -> Result<Value, Error> {
        self.body.call(state, &self.arguments(args)?)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.body)
    }
}
