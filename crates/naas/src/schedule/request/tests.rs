use intent::inventory::Document;
use proptest::prelude::*;

use super::*;

fn parse(body: &str) -> Result<Request, String> {
    Request::parse(body.as_bytes()).map_err(|error| error.to_string())
}

fn inventory() -> Inventory {
    let text = "hosts: {leaf1: {groups: [leaf]}, leaf2: {groups: [border]}, spine1: {}}\n\
                groups: {leaf: {}, border: {groups: [leaf]}, empty: {}}\n";
    Inventory::parse(&[Document::new("inventory.yaml", text.into())]).unwrap()
}

fn selected(body: &str) -> Result<Vec<String>, UnknownNames> {
    let devices = select(&inventory(), &parse(body).unwrap())?;
    Ok(devices.into_iter().map(String::from).collect())
}

#[test]
fn a_step_is_max_or_a_number_however_written() {
    let seven = Step::Of(NonZeroUsize::new(7).unwrap());
    for (text, step) in [("\"max\"", Step::Max), ("\"MAX\"", Step::Max), ("7", seven), ("\"7\"", seven)] {
        assert_eq!(parse(&format!(r#"{{"devices":["all"],"step":{text}}}"#)).unwrap().step, Some(step));
    }
}

#[test]
fn what_is_wrong_is_said_with_field_expected_and_found() {
    for (body, expected) in [
        ("", r#"expected JSON such as {"devices": ["all"]}, found nothing"#),
        ("{", "EOF while parsing an object at line 1 column 1"),
        (r#"{"devices":["all"]} x"#, "trailing characters"),
        ("[]", r#"expected an object such as {"devices": ["all"]}"#),
        ("{}", r#"devices: expected at least one name, or "all", or groups; found none"#),
        (
            r#"{"devices":"all"}"#,
            r#"devices: expected a list of names such as ["leaf1"] or ["all"], found the text "all""#,
        ),
        (
            r#"{"devices":[]}"#,
            "devices: expected a list of names such as [\"leaf1\"] or [\"all\"], found an empty list",
        ),
        (r#"{"devices":[1]}"#, "found 1"),
        (r#"{"devices":null}"#, "found null"),
        (r#"{"devices":{"a":1}}"#, "found an object"),
        (
            r#"{"devices":["all"],"groups":[]}"#,
            "groups: expected a list of names such as [\"leaf\"], found an empty list",
        ),
        (r#"{"devices":["all"],"devices":["x"]}"#, "devices: is there twice"),
        (r#"{"device":["all"]}"#, r#""device" is not a field; known are devices, groups, step, mode"#),
        (r#"{"devices":["all"],"step":0}"#, r#"step: expected "max" or a whole number from 1, found 0"#),
        (r#"{"devices":["all"],"step":-1}"#, "found -1"),
        (r#"{"devices":["all"],"step":1.5}"#, "found 1.5"),
        (r#"{"devices":["all"],"step":1e99}"#, "found 1e99"),
        (r#"{"devices":["all"],"step":"many"}"#, r#"found "many""#),
        (r#"{"devices":["all"],"step":null}"#, "found null"),
        (r#"{"devices":["all"],"step":[1]}"#, "found a list"),
        (r#"{"devices":["all"],"mode":"dry"}"#, r#"mode: expected "apply", "plan" or "check", found the text "dry""#),
        (r#"{"devices":["all"],"mode":null}"#, "found null"),
        (&format!("{{\"devices\":{}", "[".repeat(500)), "recursion limit exceeded"),
    ] {
        let error = parse(body).unwrap_err();
        assert!(error.contains(expected), "{body}\nexpected {expected}\nfound    {error}");
    }
}

#[test]
fn a_huge_wrong_name_is_quoted_in_part() {
    let body = format!(r#"{{"devices":["{}"]}}"#, "x".repeat(100_000));

    let unknown = selected(&body).unwrap_err().to_string();

    assert!(unknown.len() < 200, "{} bytes", unknown.len());
}

#[test]
fn devices_and_groups_are_a_sorted_union() {
    assert_eq!(
        selected(r#"{"devices":["spine1","leaf1"],"groups":["border"]}"#).unwrap(),
        ["leaf1", "leaf2", "spine1"]
    );
    assert_eq!(selected(r#"{"groups":["leaf"]}"#).unwrap(), ["leaf1", "leaf2"]);
    assert_eq!(selected(r#"{"groups":["global"]}"#).unwrap().len(), 3);
    assert_eq!(selected(r#"{"devices":["all"]}"#).unwrap().len(), 3);
}

#[test]
fn every_unknown_name_is_named_once() {
    let unknown = selected(r#"{"devices":["leaf9","leaf1","leaf9","a/b"],"groups":["edge"]}"#).unwrap_err();

    assert_eq!(unknown.to_string(), "the inventory does not have devices a/b, leaf9 and group edge");
}

#[test]
fn requests_that_mean_the_same_compare_equal() {
    let one = parse(r#"{"devices":["all"],"step":"7"}"#).unwrap();
    let other = parse("{ \"step\": 7,\n \"mode\": \"apply\", \"devices\": [\"all\"] }").unwrap();

    assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&other).unwrap());
}

proptest! {
    #[test]
    fn any_bytes_are_a_request_or_an_error(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Request::parse(&body);
    }

    #[test]
    fn any_json_is_a_request_or_a_short_error(body in r#"\{"(devices|groups|step|mode)":[\[\]{}"a-z0-9.,:-]{0,40}\}"#) {
        if let Err(error) = Request::parse(body.as_bytes()) {
            prop_assert!(error.to_string().len() < 300);
        }
    }
}
