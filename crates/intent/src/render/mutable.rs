//! Lists and maps that a template may change, shared as Python shares them: a list in a map is the
//! same list, wherever it is reached from.
//!
//! What Python allows and would not end well here is refused with its reason: a list that would
//! contain itself, and a list or map that changes while a loop walks it.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::value::{Enumerator, Kwargs, Object, ObjectRepr, Serde, Tuple, ValueKind, from_args};
use minijinja::{Environment, Error, ErrorKind, State, Value};

mod walk;

use walk::{Walk, Walked, refuse_while_walked};

/// The methods that change something.
pub(super) const METHODS: [&str; 11] =
    ["append", "extend", "insert", "pop", "remove", "reverse", "sort", "update", "setdefault", "clear", "popitem"];

/// Makes a list; what the template cannot name by accident.
pub(super) const LIST: &str = "__list";
/// Makes a map.
pub(super) const MAP: &str = "__map";

/// Whether a source calls one of [`METHODS`].
pub(super) fn changes(source: &str) -> bool {
    source.match_indices('.').any(|(at, _)| {
        let call = source[at + 1..].trim_start();
        METHODS.iter().any(|method| call.strip_prefix(method).is_some_and(|rest| rest.trim_start().starts_with('(')))
    })
}

/// Adds [`LIST`] and [`MAP`], and lets `dict` and `list` make changeable ones.
pub(super) fn register(environment: &mut Environment<'_>) {
    environment.add_function(LIST, |items: Value| -> Result<Value, Error> { Ok(list(items.try_iter()?)) });
    environment.add_function(MAP, |map: Value| copied_map(&map));
    environment.add_function("dict", |first: Option<Value>, kwargs: Kwargs| -> Result<Value, Error> {
        let map = Map::default();
        for source in first.iter() {
            map.take_all(source)?;
        }
        for name in kwargs.args() {
            map.put(Value::from(name), kwargs.peek(name)?);
        }
        Ok(Value::from_object(map))
    });
    environment.add_filter("__plain_list", minijinja::filters::list);
    environment.add_filter("list", |state: &mut State, value: Value| -> Result<Value, Error> {
        Ok(list(state.apply_filter("__plain_list", &[value])?.try_iter()?))
    });
}

/// A value that a namespace may hold: no namespace, in which it could come to hold itself.
pub(super) fn held(state: &State, value: Value) -> Result<Value, Error> {
    refuse_namespaces(state, &value, 0)?;
    Ok(value)
}

fn refuse_namespaces(state: &State, value: &Value, depth: usize) -> Result<(), Error> {
    state.consume_fuel(1)?;
    if depth > MAX_NESTING {
        return Err(refused("this is nested too deeply to be kept in a namespace"));
    }
    if value.as_object().is_some_and(|object| object.type_name().ends_with("Namespace")) {
        return Err(refused("a namespace cannot be kept in a namespace here"));
    }
    match value.kind() {
        ValueKind::Seq => value.try_iter()?.try_for_each(|item| refuse_namespaces(state, &item, depth + 1)),
        ValueKind::Map => pairs_of(value)?.iter().try_for_each(|(_, item)| refuse_namespaces(state, item, depth + 1)),
        _ => Ok(()),
    }
}

/// A list of these items.
pub(super) fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::from_object(List { items: Mutex::new(items.into_iter().collect()), walks: AtomicUsize::new(0) })
}

/// A map of these pairs; a later one replaces an earlier one of the same key.
pub(super) fn map(pairs: impl IntoIterator<Item = (Value, Value)>) -> Value {
    let map = Map::default();
    pairs.into_iter().for_each(|(key, item)| map.put(key, item));
    Value::from_object(map)
}

/// Data as lists and maps that can be changed.
pub(super) fn from_json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Array(items) => list(items.iter().map(from_json)),
        serde_json::Value::Object(pairs) => {
            let pairs = pairs.iter().map(|(key, item)| (Value::from(key.as_str()), from_json(item))).collect();
            Value::from_object(Map { pairs: Mutex::new(pairs), walks: AtomicUsize::new(0) })
        }
        other => Value::from(Serde(other)),
    }
}

fn copied_map(map: &Value) -> Result<Value, Error> {
    let copy = Map::default();
    copy.take_all(map)?;
    Ok(Value::from_object(copy))
}

#[derive(Debug)]
struct List {
    items: Mutex<Vec<Value>>,
    /// How many loops walk it.
    walks: AtomicUsize,
}

/// In the order of insertion, as Python's.
#[derive(Debug, Default)]
struct Map {
    pairs: Mutex<Vec<(Value, Value)>>,
    walks: AtomicUsize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Walked for List {
    fn walks(&self) -> &AtomicUsize {
        &self.walks
    }
}

impl Walked for Map {
    fn walks(&self) -> &AtomicUsize {
        &self.walks
    }
}

impl Object for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let items = lock(&self.items);
        let index = i64::try_from(key.clone()).ok()?;
        let index = if index < 0 { index + items.len() as i64 } else { index };
        items.get(usize::try_from(index).ok()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let items = lock(&self.items).clone();
        Walk::begin(self, items)
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(lock(&self.items).len())
    }

    fn call_method(self: &Arc<Self>, state: &mut State, method: &str, args: &[Value]) -> Result<Value, Error> {
        if method == "copy" && args.is_empty() {
            return Ok(list(lock(&self.items).clone()));
        }
        if !METHODS.contains(&method) {
            return Err(ErrorKind::UnknownMethod.into());
        }
        refuse_while_walked(self.as_ref(), "list")?;
        let this = Arc::as_ptr(self).cast::<()>();
        let is_taken_apart = method == "extend";
        args.iter().try_for_each(|arg| refuse_cycle(state, arg, this, is_taken_apart, 0))?;
        state.consume_fuel(1 + lock(&self.items).len() as u64 / 64)?;
        self.change(state, method, args)
    }
}

impl List {
    fn change(&self, state: &State, method: &str, args: &[Value]) -> Result<Value, Error> {
        match (method, args) {
            ("append", [item]) => lock(&self.items).push(item.clone()),
            ("extend", [more]) => {
                // Collected first: it may be this list itself.
                let more: Vec<Value> = more.try_iter()?.collect();
                state.consume_fuel(more.len() as u64)?;
                lock(&self.items).extend(more);
            }
            ("insert", [at, item]) => {
                let mut items = lock(&self.items);
                let at = place(at, items.len())?.min(items.len());
                items.insert(at, item.clone());
            }
            ("pop", []) => return lock(&self.items).pop().ok_or_else(|| refused("pop from an empty list")),
            ("pop", [at]) => return self.pop(at),
            ("remove", [item]) => {
                let mut items = lock(&self.items);
                let at = items.iter().position(|other| other == item);
                items.remove(at.ok_or_else(|| refused("the list does not hold what is to be removed"))?);
            }
            ("reverse", []) => lock(&self.items).reverse(),
            ("clear", []) => lock(&self.items).clear(),
            ("sort", args) => self.sort(args)?,
            ("update" | "setdefault" | "popitem", _) => return Err(ErrorKind::UnknownMethod.into()),
            _ => return Err(refused(format!("wrong number of arguments for list.{method}"))),
        }
        Ok(Value::from(()))
    }

    fn pop(&self, at: &Value) -> Result<Value, Error> {
        let mut items = lock(&self.items);
        let index = i64::try_from(at.clone())?;
        let index = if index < 0 { index + items.len() as i64 } else { index };
        match usize::try_from(index).ok().filter(|index| *index < items.len()) {
            Some(index) => Ok(items.remove(index)),
            None => Err(refused("pop beyond the list's end")),
        }
    }

    /// Python sorts only what it can compare.
    fn sort(&self, args: &[Value]) -> Result<(), Error> {
        let (kwargs,): (Kwargs,) = from_args(args)?;
        let reverse = kwargs.get::<Option<bool>>("reverse")?.unwrap_or(false);
        kwargs.assert_all_used()?;
        let mut items = lock(&self.items);
        let all = |kinds: &[ValueKind]| items.iter().all(|item| kinds.contains(&item.kind()));
        if !all(&[ValueKind::Number, ValueKind::Bool]) && !all(&[ValueKind::String]) {
            return Err(refused("list.sort compares numbers with numbers and texts with texts only"));
        }
        if reverse {
            items.reverse(); // equal ones keep their order, as in Python
            items.sort();
            items.reverse();
        } else {
            items.sort();
        }
        Ok(())
    }
}

impl Object for Map {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        lock(&self.pairs).iter().find(|(name, _)| name == key).map(|(_, item)| item.clone())
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        lock(&self.pairs).iter().find(|(name, _)| name.as_str() == Some(key)).map(|(_, item)| item.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let keys = lock(&self.pairs).iter().map(|(key, _)| key.clone()).collect();
        Walk::begin(self, keys)
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(lock(&self.pairs).len())
    }

    fn call_method(self: &Arc<Self>, state: &mut State, method: &str, args: &[Value]) -> Result<Value, Error> {
        if METHODS.contains(&method) {
            let this = Arc::as_ptr(self).cast::<()>();
            let is_taken_apart = method == "update";
            args.iter().try_for_each(|arg| refuse_cycle(state, arg, this, is_taken_apart, 0))?;
        }
        match method {
            "copy" if args.is_empty() => Ok(map(lock(&self.pairs).clone())),
            "clear" if args.is_empty() => {
                refuse_while_walked(self.as_ref(), "map")?;
                lock(&self.pairs).clear();
                Ok(Value::from(()))
            }
            "update" => args.iter().try_for_each(|other| self.update(state, other)).map(|()| Value::from(())),
            "setdefault" => {
                let (key, item): (Value, Option<Value>) = from_args(args)?;
                if let Some(there) = self.get_value(&key) {
                    return Ok(there);
                }
                let item = item.unwrap_or_else(|| Value::from(()));
                self.set(state, key, item.clone())?;
                Ok(item)
            }
            "popitem" if args.is_empty() => {
                refuse_while_walked(self.as_ref(), "map")?;
                let (key, item) = lock(&self.pairs).pop().ok_or_else(|| refused("popitem from an empty map"))?;
                Ok(Value::from(Tuple::from([key, item])))
            }
            "pop" => {
                let (key, default): (Value, Option<Value>) = from_args(args)?;
                let at = lock(&self.pairs).iter().position(|(name, _)| *name == key);
                match at {
                    Some(at) => {
                        refuse_while_walked(self.as_ref(), "map")?;
                        Ok(lock(&self.pairs).remove(at).1)
                    }
                    None => default.ok_or_else(|| refused(format!("the map has no key {key}"))),
                }
            }
            _ => Err(ErrorKind::UnknownMethod.into()),
        }
    }
}

impl Map {
    /// Takes over all pairs of a map, of named arguments, or of a list of pairs.
    fn update(&self, state: &State, other: &Value) -> Result<(), Error> {
        pairs_of(other)?.into_iter().try_for_each(|(key, item)| self.set(state, key, item))
    }

    fn take_all(&self, other: &Value) -> Result<(), Error> {
        pairs_of(other)?.into_iter().for_each(|(key, item)| self.put(key, item));
        Ok(())
    }

    fn set(&self, state: &State, key: Value, item: Value) -> Result<(), Error> {
        let is_new = {
            let pairs = lock(&self.pairs);
            state.consume_fuel(1 + pairs.len() as u64 / 16)?;
            !pairs.iter().any(|(name, _)| *name == key)
        };
        if is_new {
            refuse_while_walked(self, "map")?;
        }
        self.put(key, item);
        Ok(())
    }

    fn put(&self, key: Value, item: Value) {
        let mut pairs = lock(&self.pairs);
        match pairs.iter_mut().find(|(name, _)| *name == key) {
            Some(pair) => pair.1 = item,
            None => pairs.push((key, item)),
        }
    }
}

fn pairs_of(value: &Value) -> Result<Vec<(Value, Value)>, Error> {
    if value.kind() == ValueKind::Map {
        let pair = |key: Value| Ok((key.clone(), value.get_item(&key)?));
        return value.try_iter()?.map(pair).collect();
    }
    let pair = |item: Value| match (item.len(), item.get_item_by_index(0), item.get_item_by_index(1)) {
        (Some(2), Ok(key), Ok(value)) => Ok((key, value)),
        _ => Err(refused("expected a map or pairs of key and value")),
    };
    value.try_iter()?.map(pair).collect()
}

/// Refuses a value in which `this` can be reached: printing or comparing it would never end. What
/// is taken apart may be `this` itself, as in `names.extend(names)`.
fn refuse_cycle(state: &State, value: &Value, this: *const (), taken_apart: bool, depth: usize) -> Result<(), Error> {
    state.consume_fuel(1)?;
    if depth > MAX_NESTING {
        return Err(refused("this is nested too deeply to be put into a list or map"));
    }
    let Some(object) = value.as_object() else { return Ok(()) };
    if object.type_name().ends_with("Namespace") {
        return Err(refused("a namespace cannot be put into a list or map here"));
    }
    let address = address_of(value);
    if address == Some(this) {
        return if taken_apart { Ok(()) } else { Err(refused("this would put a list or map into itself")) };
    }
    let within = |item: &Value| refuse_cycle(state, item, this, false, depth + 1);
    match value.kind() {
        ValueKind::Seq => value.try_iter()?.try_for_each(|item| within(&item)),
        ValueKind::Map => pairs_of(value)?.iter().try_for_each(|(_, item)| within(item)),
        _ => Ok(()),
    }
}

/// Deepest nesting that a template may build.
const MAX_NESTING: usize = 64;

/// Where a list or map that can be changed is kept.
fn address_of(value: &Value) -> Option<*const ()> {
    let list = value.downcast_object::<List>().map(|list| Arc::as_ptr(&list).cast::<()>());
    list.or_else(|| value.downcast_object::<Map>().map(|map| Arc::as_ptr(&map).cast::<()>()))
}

/// Python's index, negative from the end.
fn place(at: &Value, length: usize) -> Result<usize, Error> {
    let at = i64::try_from(at.clone())?;
    let at = if at < 0 { (at + length as i64).max(0) } else { at };
    usize::try_from(at).map_err(|_| refused("an index beyond the list"))
}

/// The error of an operation, which is its reason.
pub(super) fn refused(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, reason.into())
}
