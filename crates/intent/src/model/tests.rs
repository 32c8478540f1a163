use proptest::prelude::*;

use super::*;

fn files(files: &[(&str, &str)]) -> ModelFiles {
    ModelFiles(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect())
}

fn message(path: &str, text: &str) -> String {
    read(&files(&[(path, text)])).unwrap_err().to_string()
}

#[test]
fn models_are_ordered_as_numbers_and_groups_come_before_devices() {
    let files = files(&[
        ("a.yaml", "{name: late, group: global, order: 100, template: t}"),
        ("b.yaml", "{name: mine, device: leaf1, template: t}"),
        ("c.yaml", "{name: ours, group: [leaf, spine], template: t}"),
        ("d.json", r#"{"name": "first", "device": ["leaf1"], "order": 5, "template": "t"}"#),
        ("t.tera", "not a model"),
    ]);

    let names: Vec<_> = read(&files).unwrap().into_iter().map(|model| model.name).collect();

    assert_eq!(names, ["first", "ours", "mine", "late"]);
}

#[test]
fn the_keys_of_data_keep_their_order() {
    let text = "name: n\ngroup: g\ntemplate: t\ndata: {zebra: 1, ant: 2, mole: 3}";

    let model = read(&files(&[("m.yaml", text)])).unwrap().remove(0);

    assert_eq!(model.data.keys().collect::<Vec<_>>(), ["zebra", "ant", "mole"]);
}

#[test]
fn what_is_wrong_with_a_model_is_said_with_its_place() {
    for (text, expected) in [
        (
            "name: n\ngroup: g\ntemplate: t\ncolour: red\n",
            ", line 4, column 9, at colour: `colour` is not a key here; known are name, device,",
        ),
        (
            "name: n\ngroup: g\ntemplat: t\n",
            ", line 3, column 10, at templat: `templat` is not a key here; did you mean `template`",
        ),
        (
            "name: n\ngroup: g\norder: soon\ntemplate: t\n",
            ", line 3, column 8, at order: expected a whole number, found the text \"soon\"",
        ),
        (
            "name: n\ngroup: g\norder: \"10\"\ntemplate: t\n",
            "expected a whole number, found the text \"10\"; leave out the quotes",
        ),
        (
            "name: n\ngroup: g\norder: 1.5\ntemplate: t\n",
            "line 3, column 8, at order: expected a whole number, found floating point 1.5",
        ),
        (
            "name: 10\ngroup: g\ntemplate: t\n",
            ", line 1, column 7, at name: expected text, found integer 10; put it in quotes",
        ),
        (
            "name: n\ngroup: 1\ntemplate: t\n",
            "at group: expected a name or a list of names, found integer 1; put it in quotes",
        ),
        ("name: yes\ngroup: g\ntemplate: t\n", "expected text, found true; without quotes yes, no, on, off"),
        ("name: n\ngroup: g\n", ", line 1, column 1: `template` is missing"),
        ("name: n\ngroup: g\ntemplate:\n", "line 3, column 9, at template: expected text, found nothing"),
        ("name: n\ntemplate: t\n", "names neither device nor group"),
        ("name: n\nname: m\ngroup: g\ntemplate: t\n", ", line 2, column 1: duplicate mapping key: name"),
        ("name: n\ngroup: [a, b/c]\ntemplate: t\n", ", line 2, column 12, at group[1]: \"b/c\" is not a name"),
        ("name: n\ngroup: {a: 1}\ntemplate: t\n", "a name or a list of names, found a map"),
        ("name: [\n", ", line 1, column 7: unclosed bracket"),
        ("- a\n", "expected a map, found a list"),
        ("name: n\ngroup: g\ntemplate: t\ndata: [a]\n", ", line 4, column 7, at data: expected a map, found a list"),
        ("name: n\ngroup: g\ntemplate: t\ndata:\n\tx: 1\n", ", line 5, column 2: tabs disallowed"),
        (
            "name: n\ngroup: g\ntemplate: t\nconfirm: 0\n",
            "line 4, column 10, at confirm: expected whole seconds from 10 to 600, found 0",
        ),
        ("name: n\ngroup: g\ntemplate: t\nconfirm: soon\n", "line 4"),
        (
            "name: n\ngroup: g\ntemplate: t\nchecks: [{command: reload, pattern: x}]\n",
            ", line 4, column 10, at checks[0]: ",
        ),
        (
            "name: n\ngroup: g\ntemplate: t\nchecks:\n- {command: show x, patern: x}\n",
            "line 5, column 29, at checks[0].patern: `patern` is not a key here; did you mean `pattern`",
        ),
        ("name: n\ngroup: g\ntemplate: t\nchecks: [{command: show version, path: '$['}]\n", "is not a JSON path"),
        (
            "name: n\ngroup: g\ntemplate: t\nallow: {management-route: ''}\n",
            "line 4, column 27, at allow.management-route: expected the reason why",
        ),
        (
            "name: n\ngroup: g\ntemplate: t\nallow: {mangement-route: x}\n",
            "`mangement-route` is not known here; did you mean `management-route`",
        ),
        ("", "model m.yaml"),
    ] {
        let error = message("m.yaml", text);
        assert!(error.starts_with("model m.yaml") && error.contains(expected), "{text:?}: {error}");
    }
    let latin1 = ModelFiles([("m.yaml".to_owned(), b"name: n\ngroup: \xe9".to_vec())].into());
    assert_eq!(read(&latin1).unwrap_err().to_string(), "model m.yaml, line 2, column 8: is not UTF-8 text");
    let large = "#".repeat(MAX_FILE + 1);
    assert_eq!(message("m.yaml", &large), "model m.yaml: is larger than 1 MiB");
    let json = message("m.json", "{\n\t\"name\": \"n\",\n\t\"group\": 1, \"template\": \"t\"}");
    assert_eq!(
        json,
        "model m.json, line 3, column 11, at group: expected a name or a list of names, found integer 1; put it in quotes"
    );
}

const PORTS: &str = r#"{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "ports": {"type": "array", "items": {"properties": {
      "vlan": {"$ref": "common.schema.yaml#/$defs/vlan"},
      "secret": {"type": "integer"},
      "address": {"type": "string", "format": "ipv4"}
    }}}
  }
}"#;

const COMMON: &str = "$defs: {vlan: {type: integer, minimum: 1, maximum: 4094}}";

fn unfit(schema: &str, data: &str) -> Option<String> {
    let model = format!("name: n\ngroup: g\ntemplate: t/ports.tera\n{data}");
    let files = files(&[("m.yaml", &model), ("t/ports.schema.json", schema), ("t/common.schema.yaml", COMMON)]);
    read(&files).unwrap()[0].unfit.as_ref().map(ToString::to_string)
}

#[test]
fn data_is_held_against_the_schema_beside_the_template() {
    for (data, expected) in [
        ("data:\n  ports:\n  - vlan: 10\n  - {vlan: 4094, address: 10.0.0.1}\n", None),
        (
            "data:\n  ports:\n  - vlan: 10\n  - vlan: 5000\n",
            Some(
                "model m.yaml, line 7, column 11, at data.ports[1].vlan: 5000 is greater than the maximum of 4094 (t/ports.schema.json)",
            ),
        ),
        (
            "data:\n  ports:\n  - vlan: '10'\n",
            Some(
                "model m.yaml, line 6, column 11, at data.ports[0].vlan: the text is not of type \"integer\" (t/ports.schema.json)",
            ),
        ),
        ("data:\n  ports: [{secret: CANARY, vlan: 0, address: CANARY}]\n", Some("; 2 more values do not fit")),
        (
            "data: {prots: []}\n",
            Some("line 4, column 7, at data: Additional properties are not allowed ('prots' was unexpected)"),
        ),
        ("data: {ports: [{address: 10.0.0.256}]}\n", Some("the text is not a \"ipv4\"")),
    ] {
        let error = unfit(PORTS, data);
        match (&error, expected) {
            (Some(error), Some(expected)) => assert!(error.contains(expected) && !error.contains("CANARY"), "{error}"),
            (error, expected) => assert_eq!(error.as_deref(), expected, "{data}"),
        }
    }
}

#[test]
fn a_broken_schema_fails_only_the_models_that_need_it() {
    for (schema, expected) in [
        (
            "{\"type\": \n\"objekt\"}",
            "data schema t/ports.schema.json, line 2, column 1: is not a JSON Schema: at type: ",
        ),
        ("{\"type\": ", "data schema t/ports.schema.json, line 1"),
        ("{\"$ref\": \"other.schema.json\"}", "there is no t/other.schema.json"),
        ("{\"$ref\": \"https://example.com/a.json\"}", "only schemas among the models can be referred to"),
        ("{\"$ref\": \"../../etc/passwd\"}", "there is no etc/passwd"),
        ("[]", "is not a JSON Schema"),
    ] {
        let error = unfit(schema, "").unwrap();
        assert!(error.contains(expected), "{schema}: {error}");
    }
    let files = files(&[
        ("a.yaml", "{name: a, group: g, template: t/ports.tera}"),
        ("b.yaml", "{name: b, group: g, template: t/other.tera}"),
        ("t/ports.schema.json", "{"),
    ]);
    let unfit: Vec<_> = read(&files).unwrap().into_iter().map(|model| model.unfit.is_some()).collect();
    assert_eq!(unfit, [true, false]);
}

#[test]
fn data_that_does_not_fit_stops_its_own_devices_and_no_others() {
    let files = files(&[
        ("a.yaml", "{name: a, device: leaf1, template: t/ports.tera, data: {ports: no}}"),
        ("b.yaml", "{name: b, device: leaf2, template: t/ports.tera, data: {ports: []}}"),
        ("t/ports.schema.json", PORTS),
        ("t/common.schema.yaml", COMMON),
        ("t/ports.tera", "hostname {{ host.name }}\n"),
    ]);
    let hosts = crate::inventory::Document::new("hosts", b"{leaf1: , leaf2: }".to_vec());
    let inventory = crate::inventory::Inventory::parse(&[hosts]).unwrap();
    let models = crate::render::ModelSet::read(&files).unwrap();
    let render = |name: &str| models.render(&inventory.device(&DeviceName::new(name).unwrap()).unwrap());

    let (stopped, rendered) = (render("leaf1").unwrap_err().to_string(), render("leaf2").unwrap().configuration);

    let expected =
        "model a.yaml, line 1, column 64, at data.ports: false is not of type \"array\" (t/ports.schema.json)";
    assert_eq!((stopped.as_str(), rendered.as_str()), (expected, "hostname leaf2\n"));
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    assert_eq!(unfit("{\"$ref\": \"#\"}", "data: {a: {a: 1}}\n"), None);
}

/// What `docs/model.schema.json` and this module must agree on, and whether it is a model.
const EXAMPLES: &[(&str, bool)] = &[
    ("{name: n, group: g, template: t}", true),
    ("{name: n, device: leaf1.fra.example.net, template: t}", true),
    ("{name: n, device: [a, b], group: [c], template: t, order: -5}", true),
    ("{name: n, device: [], group: c, template: t, data: {}, checks: [], allow: {}}", true),
    ("{name: n, group: g, template: t, confirm: 10, data: {10: {x: [1, yes, null]}}}", true),
    ("{name: n, group: g, template: t, confirm: null}", true),
    ("{name: n, group: g, template: t, confirm: 600}", true),
    (
        "{name: n, group: g, template: t, checks: [{command: show version, path: $.a, expect: 1, tolerance: 0.5, tries: 100, pause: 60}]}",
        true,
    ),
    ("{name: n, group: g, template: t, checks: [{command: show version, pattern: x, count: 0, tolerance: 1}]}", true),
    (
        "{name: n, group: g, template: t, allow: {management-api: a, management-port: a, login: b, management-address: c, management-route: d, management-vrf: e}}",
        true,
    ),
    ("{name: n, group: g, template: t, jinja: {variables: nornir, trim_blocks: false}}", true),
    ("{name: n, group: g, template: t, jinja: {variables: salt}}", false),
    ("{name: n, group: g, template: t, jinja: {folders: {}}}", false),
    ("{group: g, template: t}", false),
    ("{name: n, group: g}", false),
    ("{name: n, template: t}", false),
    ("{name: n, device: [], template: t}", false),
    ("{name: n, group: [], template: t}", false),
    ("{name: 10, group: g, template: t}", false),
    ("{name: n, group: 10, template: t}", false),
    ("{name: n, group: [10], template: t}", false),
    ("{name: n, group: a/b, template: t}", false),
    ("{name: n, group: '', template: t}", false),
    ("{name: n, group: g, template: [t]}", false),
    ("{name: n, group: g, template: t, order: '10'}", false),
    ("{name: n, group: g, template: t, order: 1.5}", false),
    ("{name: n, group: g, template: t, order: null}", false),
    ("{name: n, group: g, template: t, data: [1]}", false),
    ("{name: n, group: g, template: t, data: null}", true),
    ("{name: n, group: g, template: t, confirm: 9}", false),
    ("{name: n, group: g, template: t, confirm: 601}", false),
    ("{name: n, group: g, template: t, confirm: '60'}", false),
    ("{name: n, group: g, template: t, colour: red}", false),
    ("{name: n, group: g, template: t, checks: {}}", false),
    ("{name: n, group: g, template: t, checks: [{command: show version}]}", false),
    ("{name: n, group: g, template: t, checks: [{command: reload, pattern: x}]}", false),
    ("{name: n, group: g, template: t, checks: [{command: show version, path: $.a, pattern: x}]}", false),
    ("{name: n, group: g, template: t, checks: [{command: show version, path: $.a, expect: 1, count: 1}]}", false),
    ("{name: n, group: g, template: t, checks: [{command: show version, pattern: x, expect: 1}]}", false),
    ("{name: n, group: g, template: t, checks: [{command: show version, pattern: x, tries: 0}]}", false),
    ("{name: n, group: g, template: t, checks: [{command: show version, pattern: x, tries: 101}]}", false),
    ("{name: n, group: g, template: t, checks: [{command: show version, pattern: x, pause: 61}]}", false),
    ("{name: n, group: g, template: t, checks: [{command: show version, pattern: x, count: -1}]}", false),
    ("{name: n, group: g, template: t, checks: [{command: show version, pattern: x, tolerance: 1}]}", false),
    ("{name: n, group: g, template: t, checks: [{command: show version, path: $.a, expect: up, tolerance: 1}]}", false),
    ("{name: n, group: g, template: t, checks: [{command: show version, path: $.a, count: 1, tolerance: -1}]}", false),
    ("{name: n, group: g, template: t, checks: [{command: show version, pattern: x, colour: red}]}", false),
    ("{name: n, group: g, template: t, allow: {everything: x}}", false),
    ("{name: n, group: g, template: t, allow: {login: ' '}}", false),
    ("{name: n, group: g, template: t, allow: [login]}", false),
    ("[]", false),
];

fn published_schema() -> serde_json::Value {
    serde_json::from_str(include_str!("../../../../docs/model.schema.json")).unwrap()
}

#[test]
fn the_published_schema_takes_what_is_a_model_and_nothing_else() {
    let schema = jsonschema::validator_for(&published_schema()).unwrap();
    for (text, is_model) in EXAMPLES {
        let value = crate::yaml::read(text.as_bytes()).unwrap().to_value();
        let read = read(&files(&[("m.yaml", text)]));
        assert_eq!(read.is_ok(), *is_model, "{text}: {read:?}");
        let error = schema.validate(&value).err().map(|error| error.to_string());
        assert_eq!(error.is_none(), *is_model, "{text}: {error:?}");
    }
}

#[test]
fn the_published_schema_knows_and_describes_every_key() {
    let schema = published_schema();
    let keys = |pointer: &str| schema.pointer(pointer).unwrap().as_object().unwrap().clone();
    let known = |text: &str| {
        let error = message("m.yaml", text);
        error
            .split_once("known are ")
            .unwrap()
            .1
            .split(", ")
            .map(str::to_owned)
            .collect::<std::collections::BTreeSet<_>>()
    };

    let model = known("{xxxxxxxxxxxx: 1}");
    let check = known("{name: n, group: g, template: t, checks: [{xxxxxxxxxxxx: 1}]}");
    let rules = known("{name: n, group: g, template: t, allow: {xxxxxxxxxxxxxxxxxxxxxxxxxx: 1}}");

    for (known, described) in [
        (model, keys("/properties")),
        (check, keys("/properties/checks/items/properties")),
        (rules, keys("/properties/allow/properties")),
    ] {
        assert_eq!(known, described.keys().cloned().collect());
        assert!(described.values().all(|property| property["description"].is_string()), "{described:?}");
    }
}

#[test]
fn two_models_of_one_name_are_refused_by_both_files() {
    let twice =
        files(&[("a.yaml", "{name: n, group: g, template: t}"), ("b.yaml", "{name: n, device: d, template: t}")]);

    let error = read(&twice).unwrap_err().to_string();

    assert_eq!(error, r#"models a.yaml and b.yaml are both named "n"; a name must be unique"#);
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut bomb = "name: n\ngroup: g\ntemplate: t\ndata:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = level - 1;
        let items = vec![format!("*a{below}"); 10].join(", ");
        bomb.push_str(&format!("  a{level}: &a{level} [{items}]\n"));
    }

    let error = message("m.yaml", &bomb);

    assert!(error.starts_with("model m.yaml"), "{error}");
}

proptest! {
    #[test]
    fn any_bytes_are_a_model_or_an_error(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        for path in ["m.yaml", "m.json"] {
            let _ = read(&ModelFiles([(path.to_owned(), text.clone())].into()));
        }
    }
}
