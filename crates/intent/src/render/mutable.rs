//! Lists and maps that a template changes, as Jinja2's `do` extension is used for: `{% do names.append(name) %}`.
//!
//! What is put into one is frozen, a copy as it is at that moment, so nothing can contain itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::value::{Enumerator, Object, ObjectRepr, ValueKind, from_args};
use minijinja::{Environment, Error, ErrorKind, State, Value};

/// The methods that change something.
pub(super) const METHODS: [&str; 9] =
    ["append", "extend", "insert", "pop", "remove", "reverse", "sort", "update", "setdefault"];

/// Makes a list; what the template cannot name by accident.
pub(super) const LIST: &str = "__list";
/// Makes a map.
pub(super) const MAP: &str = "__map";

/// Adds [`LIST`] and [`MAP`].
pub(super) fn register(environment: &mut Environment<'_>) {
    environment.add_function(LIST, |items: Value| -> Result<Value, Error> {
        Ok(Value::from_object(List(Mutex::new(items.try_iter()?.collect()))))
    });
    environment.add_function(MAP, |map: Value| -> Result<Value, Error> {
        let mut pairs = Vec::new();
        for key in map.try_iter()? {
            let item = map.get_item(&key)?;
            pairs.push((key, item));
        }
        Ok(Value::from_object(Map(Mutex::new(pairs))))
    });
}

#[derive(Debug)]
struct List(Mutex<Vec<Value>>);

/// In the order of insertion, as Python's.
#[derive(Debug)]
struct Map(Mutex<Vec<(Value, Value)>>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Object for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let items = lock(&self.0);
        let index = i64::try_from(key.clone()).ok()?;
        let index = if index < 0 { index + items.len() as i64 } else { index };
        items.get(usize::try_from(index).ok()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(lock(&self.0).clone())
    }

    fn call_method(self: &Arc<Self>, state: &mut State, method: &str, args: &[Value]) -> Result<Value, Error> {
        if !METHODS.contains(&method) {
            return Err(ErrorKind::UnknownMethod.into());
        }
        let args: Vec<Value> = args.iter().map(|arg| frozen(state, arg)).collect::<Result<_, _>>()?;
        let mut items = lock(&self.0);
        state.consume_fuel(1 + items.len() as u64 / 64)?;
        match (method, args.as_slice()) {
            ("append", [item]) => items.push(item.clone()),
            ("extend", [more]) => {
                state.consume_fuel(more.len().unwrap_or_default() as u64)?;
                items.extend(more.try_iter()?);
            }
            ("insert", [at, item]) => {
                let at = place(at, items.len())?.min(items.len());
                items.insert(at, item.clone());
            }
            ("pop", []) => return items.pop().ok_or_else(|| refused("pop from an empty list")),
            ("pop", [at]) => {
                let at = place(at, items.len())?;
                return if at < items.len() { Ok(items.remove(at)) } else { Err(refused("pop beyond the list's end")) };
            }
            ("remove", [item]) => {
                let at = items.iter().position(|other| other == item);
                items.remove(at.ok_or_else(|| refused("the list does not hold what is to be removed"))?);
            }
            ("reverse", []) => items.reverse(),
            ("sort", []) => items.sort(),
            ("update" | "setdefault", _) => return Err(ErrorKind::UnknownMethod.into()),
            _ => return Err(refused(format!("wrong number of arguments for list.{method}"))),
        }
        Ok(Value::from(()))
    }
}

impl Object for Map {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        lock(&self.0).iter().find(|(name, _)| name == key).map(|(_, item)| item.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(lock(&self.0).iter().map(|(key, _)| key.clone()).collect())
    }

    fn call_method(self: &Arc<Self>, state: &mut State, method: &str, args: &[Value]) -> Result<Value, Error> {
        let get = |key: &Value| self.get_value(key);
        match method {
            "update" => {
                // A map, names with values, or both.
                for other in args {
                    for key in other.try_iter()? {
                        let item = frozen(state, &other.get_item(&key)?)?;
                        self.set(state, key, item)?;
                    }
                }
                Ok(Value::from(()))
            }
            "setdefault" => {
                let (key, item): (Value, Option<Value>) = from_args(args)?;
                if let Some(there) = get(&key) {
                    return Ok(there);
                }
                let item = frozen(state, &item.unwrap_or_default())?;
                self.set(state, key, item.clone())?;
                Ok(item)
            }
            "pop" => {
                let (key, default): (Value, Option<Value>) = from_args(args)?;
                let mut pairs = lock(&self.0);
                match pairs.iter().position(|(name, _)| *name == key) {
                    Some(at) => Ok(pairs.remove(at).1),
                    None => default.ok_or_else(|| refused(format!("the map has no key {key}"))),
                }
            }
            _ => Err(ErrorKind::UnknownMethod.into()),
        }
    }
}

impl Map {
    fn set(&self, state: &State, key: Value, item: Value) -> Result<(), Error> {
        let mut pairs = lock(&self.0);
        state.consume_fuel(1 + pairs.len() as u64 / 16)?;
        match pairs.iter_mut().find(|(name, _)| *name == key) {
            Some(pair) => pair.1 = item,
            None => pairs.push((key, item)),
        }
        Ok(())
    }
}

/// `value` without anything in it that may change later.
fn frozen(state: &State, value: &Value) -> Result<Value, Error> {
    frozen_at(state, value, 0)
}

/// A namespace can hold itself, so there is an end to how deep it goes.
fn frozen_at(state: &State, value: &Value, depth: usize) -> Result<Value, Error> {
    state.consume_fuel(1)?;
    if depth > 64 {
        return Err(refused("this is nested too deeply to be put into a list or map"));
    }
    let inner = |item: Value| frozen_at(state, &item, depth + 1);
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable if !value.is_tuple() => {
            value.try_iter()?.map(inner).collect::<Result<Vec<_>, _>>().map(Value::from)
        }
        ValueKind::Map => {
            let pair = |key: Value| Ok((key.clone(), inner(value.get_item(&key)?)?));
            let pairs = value.try_iter()?.map(pair).collect::<Result<Vec<_>, Error>>()?;
            Ok(Value::from_pairs(pairs))
        }
        _ => Ok(value.clone()),
    }
}

/// Python's index, negative from the end.
fn place(at: &Value, length: usize) -> Result<usize, Error> {
    let at = i64::try_from(at.clone())?;
    let at = if at < 0 { (at + length as i64).max(0) } else { at };
    usize::try_from(at).map_err(|_| refused("an index beyond the list"))
}

fn refused(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, reason.into())
}
