//! What Python makes one by one: the results of filters such as `map` and `select`, and the views
//! of a map that `items`, `keys` and `values` give.
//!
//! A generator is true even if nothing comes of it, has no length, and is empty once it was walked.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Enumerator, Object, ObjectRepr, Tuple};
use minijinja::{Error, Value};

/// Items that are handed out once.
#[derive(Debug)]
pub(in super::super) struct Generator(Arc<Mutex<VecDeque<Value>>>);

struct Rests(Arc<Mutex<VecDeque<Value>>>);

impl Iterator for Rests {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let length = self.0.lock().unwrap_or_else(PoisonError::into_inner).len();
        (length, Some(length))
    }
}

impl Object for Generator {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    /// It has no items that could be asked for by their place.
    fn get_value(self: &Arc<Self>, _: &Value) -> Option<Value> {
        Some(Value::UNDEFINED)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Iter(Box::new(Rests(Arc::clone(&self.0))))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        None
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }
}

/// A generator of the items of a value.
pub(super) fn generator(value: &Value) -> Result<Value, Error> {
    Ok(Value::from_object(Generator(Arc::new(Mutex::new(value.try_iter()?.collect())))))
}

/// The items, keys or values of a map.
#[derive(Debug)]
pub(in super::super) struct View {
    map: Value,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Items,
    Keys,
    Values,
}

impl View {
    /// The view that a method of a map gives.
    pub(super) fn of(map: &Value, method: &str) -> Option<Self> {
        let what = match method {
            "items" => What::Items,
            "keys" => What::Keys,
            "values" => What::Values,
            _ => return None,
        };
        Some(Self { map: map.clone(), what })
    }

    /// What Python writes before its items.
    pub(in super::super) fn name(&self) -> &'static str {
        match self.what {
            What::Items => "dict_items",
            What::Keys => "dict_keys",
            What::Values => "dict_values",
        }
    }
}

impl Object for View {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let Ok(keys) = self.map.try_iter() else { return Enumerator::Empty };
        let (map, what) = (self.map.clone(), self.what);
        Enumerator::Iter(Box::new(keys.map(move |key| {
            let value = || map.get_item(&key).unwrap_or_default();
            match what {
                What::Keys => key,
                What::Values => value(),
                What::Items => Value::from(Tuple::from([key.clone(), value()])),
            }
        })))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        self.map.len()
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
