//! Ansible's `combine`: maps put together.

use minijinja::Value;
use minijinja::value::ValueKind;

use super::{Operands, is_list, items, pairs};
use crate::render::mutable::{list, map};

/// Later maps win. With `recursive`, maps in maps are combined too; `list_merge` is one of
/// [`LIST_MERGES`].
pub(super) fn combine(call: &Operands) -> Result<Value, String> {
    let recursive = call.flag(0, false);
    let lists = call.text(1, "replace");
    if !LIST_MERGES.contains(&lists.as_str()) {
        return Err(format!("list_merge is one of {}, not {lists}", LIST_MERGES.join(", ")));
    }
    let given = std::iter::once(&call.value).chain(&call.rest);
    let maps: Vec<Value> =
        given.flat_map(|value| if is_list(value) { items(value) } else { vec![value.clone()] }).collect();
    let mut combined: Vec<(Value, Value)> = Vec::new();
    for map in &maps {
        if map.kind() != ValueKind::Map {
            return Err(format!("expected maps, found {}", map.kind()));
        }
        merge(&mut combined, pairs(map), recursive, &lists);
    }
    Ok(map(combined))
}

const LIST_MERGES: [&str; 6] = ["replace", "keep", "append", "prepend", "append_rp", "prepend_rp"];

fn merge(into: &mut Vec<(Value, Value)>, from: Vec<(Value, Value)>, recursive: bool, lists: &str) {
    for (key, new) in from {
        match into.iter_mut().find(|(there, _)| *there == key) {
            Some((_, old)) if recursive && old.kind() == ValueKind::Map && new.kind() == ValueKind::Map => {
                let mut inner = pairs(old);
                merge(&mut inner, pairs(&new), recursive, lists);
                *old = map(inner);
            }
            Some((_, old)) if is_list(old) && is_list(&new) => *old = merged_lists(old, &new, lists),
            Some((_, old)) => *old = new,
            None => into.push((key, new)),
        }
    }
}

fn merged_lists(old: &Value, new: &Value, lists: &str) -> Value {
    let without =
        |from: Vec<Value>, other: &[Value]| from.into_iter().filter(|item| !other.contains(item)).collect::<Vec<_>>();
    match lists {
        "keep" => old.clone(),
        "append" => list([items(old), items(new)].concat()),
        "prepend" => list([items(new), items(old)].concat()),
        "append_rp" => list([without(items(old), &items(new)), items(new)].concat()),
        "prepend_rp" => list([items(new), without(items(old), &items(new))].concat()),
        _ => new.clone(),
    }
}
