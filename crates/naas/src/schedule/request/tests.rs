use proptest::prelude::*;

use super::*;

fn parse(body: &str) -> Result<Request, String> {
    Request::parse(body.as_bytes()).map_err(|error| error.to_string())
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
        ("{", "line 1, column 1: EOF while parsing an object"),
        (r#"{"devices":["all"]} x"#, "trailing characters"),
        ("devices: [all]", "line 1, column"),
        ("[]", "expected a map, found a list"),
        (r#""devices""#, r#"expected a map, found the text "devices""#),
        ("{}", r#"devices: expected at least one name, or "all", or groups; found none"#),
        (r#"{"devices":"all"}"#, r#"devices: expected a list, found the text "all""#),
        (r#"{"devices":[]}"#, "devices: expected at least one name, found an empty list"),
        (r#"{"devices":[1]}"#, "devices[0]: expected text, found integer 1"),
        (r#"{"devices":null}"#, "devices: expected a list, found nothing"),
        (r#"{"devices":{"a":1}}"#, "devices: expected a list, found a map"),
        (r#"{"devices":["all"],"groups":[]}"#, "groups: expected at least one name, found an empty list"),
        (r#"{"devices":["all"],"devices":["x"]}"#, "duplicate mapping key: devices"),
        (r#"{"device":["all"]}"#, "`device` is not a key here; did you mean `devices`"),
        (r#"{"devices":["all"],"interfaces":1}"#, "known are devices, groups, step, mode, confirm, plan, restore"),
        (r#"{"devices":["all"],"step":0}"#, r#"step: expected "max" or a whole number from 1, found integer 0"#),
        (r#"{"devices":["all"],"step":-1}"#, "found integer -1"),
        (r#"{"devices":["all"],"step":1.5}"#, "found floating point 1.5"),
        (r#"{"devices":["all"],"step":1e99}"#, "line 1, column 30: a number of more than 64 bits"),
        (r#"{"devices":["all"],"step":"many"}"#, r#"expected "max" or a whole number from 1, found "many""#),
        (r#"{"devices":["all"],"step":null}"#, "found nothing"),
        (r#"{"devices":["all"],"step":[1]}"#, "found a list"),
        (r#"{"devices":["all"],"mode":"dry"}"#, "mode: `dry` is not known here; known are apply, plan, check"),
        (r#"{"devices":["all"],"mode":"aply"}"#, "mode: `aply` is not known here; did you mean `apply`"),
        (r#"{"devices":["all"],"mode":null}"#, "mode: expected text, found nothing"),
        (r#"{"devices":["all"],"confirm":null}"#, "confirm: expected a whole number, found nothing"),
        (r#"{"devices":["all"],"confirm":9999999999999999999}"#, "confirm: "),
        (r#"{"plan":7}"#, "plan: expected text, found integer 7"),
        (&format!("{{\"devices\":{}", "[".repeat(500)), "recursion limit exceeded"),
        (&format!("{}1{}", r#"{"a":"#.repeat(500), "}".repeat(500)), "recursion limit exceeded"),
    ] {
        let error = parse(body).unwrap_err();
        assert!(error.contains(expected), "{body}\nexpected {expected}\nfound    {error}");
        assert!(error.len() < 300, "{error}");
    }
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
