use serde_json::json;

use super::super::applied;
use super::*;

fn filter(name: &str) -> &'static SharedFilter {
    FILTERS.iter().find(|filter| filter.names.contains(&name)).unwrap()
}

fn own(value: serde_json::Value) -> Value {
    Value::from(minijinja::value::Serde(value))
}

#[test]
fn maps_are_combined_later_ones_winning() {
    let result = applied("combine", json!({"a": 1, "b": {"c": 1}}), &[json!({"b": {"d": 2}}), json!({"a": 3})]);
    assert_eq!(result.unwrap(), json!({"a": 3, "b": {"d": 2}}));

    let named = vec![("recursive".to_owned(), own(json!(true))), ("list_merge".to_owned(), own(json!("append")))];
    let (value, other) = (own(json!({"b": {"c": [1]}})), own(json!({"b": {"c": [2], "d": 3}})));
    let combined = filter("combine").apply(value, vec![other], named).unwrap();
    assert_eq!(combined.to_string(), "{'b': {'c': [1, 2], 'd': 3}}");
}

#[test]
fn an_undefined_value_is_refused_where_it_is_mandatory() {
    assert_eq!(
        filter("mandatory").apply(Value::UNDEFINED, vec![], vec![]).unwrap_err(),
        "mandatory: the value is not defined"
    );
    assert_eq!(
        filter("mandatory").apply(Value::UNDEFINED, vec![Value::from("give a name")], vec![]).unwrap_err(),
        "mandatory: give a name"
    );
}

#[test]
fn lists_are_sets_too() {
    let (ours, theirs) = (json!([1, 2, 2, 3]), json!([3, 4]));
    for (filter, expected) in [
        ("union", json!([1, 2, 3, 4])),
        ("intersect", json!([3])),
        ("difference", json!([1, 2])),
        ("symmetric_difference", json!([1, 2, 4])),
    ] {
        assert_eq!(applied(filter, ours.clone(), std::slice::from_ref(&theirs)).unwrap(), expected, "{filter}");
    }
    assert_eq!(applied("flatten", json!([1, [2, [3, null]]]), &[]).unwrap(), json!([1, 2, 3]));
    assert_eq!(applied("flatten", json!([1, [2, [3]]]), &[json!(1)]).unwrap(), json!([1, 2, [3]]));
}

#[test]
fn names_are_sorted_as_people_read_them() {
    for (names, expected) in [
        (
            json!(["Ethernet10", "ethernet2", "Ethernet1/2", "Ethernet1/10"]),
            json!(["Ethernet1/2", "Ethernet1/10", "ethernet2", "Ethernet10"]),
        ),
        (json!({"Vlan20": 1, "Vlan3": 2}), json!(["Vlan3", "Vlan20"])),
        (json!([10, 9, "8"]), json!(["8", 9, 10])),
        (json!(null), json!([])),
    ] {
        assert_eq!(applied("natural_sort", names, &[]).unwrap(), expected);
    }
    let by_name = applied("natural_sort", json!([{"n": "b10"}, {"n": "b9"}]), &[json!("n")]);
    assert_eq!(by_name.unwrap(), json!([{"n": "b9"}, {"n": "b10"}]));
    let error = applied("natural_sort", json!([{"m": 1}]), &[json!("n")]).unwrap_err();
    assert!(error.starts_with("natural_sort: there is no n"), "{error}");
    for (args, expected) in [
        (vec![json!("n"), json!(true), json!(true), json!("0")], json!([{"m": 1}, {"n": "b9"}])),
        (vec![json!("n"), json!(false)], json!([{"n": "b9"}, {"m": 1}])),
    ] {
        let sorted = applied("natural_sort", json!([{"n": "b9"}, {"m": 1}]), &args);
        assert_eq!(sorted.unwrap(), expected, "{args:?}");
    }
}
