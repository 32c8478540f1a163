//! Objects that functions of Python and Jinja2 make.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use minijinja::value::{Enumerator, Object, ObjectRepr, from_args};
use minijinja::{Error, ErrorKind, State, Value};

/// Most numbers that `range` makes.
pub(super) const MAX_RANGE: u64 = 100_000;

/// Python's `range`: printed it is its call.
#[derive(Debug)]
pub(super) struct Range {
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
