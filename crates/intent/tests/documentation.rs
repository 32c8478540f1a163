//! What docs/models.md shows is what naas reads.

use intent::inventory::Document;
use intent::inventory::Inventory;
use intent::model;
use intent::model::ModelFiles;
use intent::name::DeviceName;

const MODELS: &str = include_str!("../../../docs/models.md");

/// The blocks of a kind, such as those that begin with ```` ```yaml model ````.
fn blocks(kind: &str) -> Vec<String> {
    let text = |block: &str| block.strip_prefix(kind)?.strip_prefix('\n').map(|text| format!("{text}\n"));
    let found: Vec<_> = MODELS.split("\n```").filter_map(text).collect();
    assert!(!found.is_empty(), "no block of {kind}");
    found
}

fn read(model: &str, schema: &str) -> Result<Vec<model::Model>, model::ModelError> {
    let files = [("models/leaf1.yaml", model), ("templates/interface.schema.json", schema)];
    model::read(&ModelFiles(files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into()))
}

#[test]
fn the_example_of_a_model_fits_the_example_of_a_schema() {
    let models = read(&blocks("yaml model")[0], &blocks("yaml schema")[0]).unwrap();

    assert!(models[0].unfit.is_none(), "{:?}", models[0].unfit);
    assert_eq!(models[0].data["ports"][0]["shutdown"], false);
}

#[test]
fn the_errors_shown_are_those_that_come() {
    let [faults, unfit] = &blocks("text")[..] else { panic!("expected two blocks of errors") };
    let wrong = [
        "name: n\ngroup: g\ntemplat: t\n",
        "name: n\ngroup: g\ntemplate: t\norder: \"10\"\n",
        "name: 10\ngroup: g\ntemplate: t\n",
    ];
    let said: String = wrong.iter().map(|text| format!("{}\n", read(text, "{}").unwrap_err())).collect();
    assert_eq!(&said, faults);
    let model = blocks("yaml model")[0].replace("vlan: 20", "vlan: 5000");
    let models = read(&model, &blocks("yaml schema")[0]).unwrap();
    assert_eq!(format!("{}\n", models[0].unfit.as_ref().unwrap()), *unfit);
}

#[test]
fn the_table_of_yaml_is_true() {
    let text = "name: n\ngroup: g\ntemplate: t\ndata:\n  true: [yes, On]\n  false: [no, OFF]\n  text: [y, 'yes', 12:30:45, 01:23:45:67:89:10, 65001:10, 010, 1_000, 2026-11-24]\n  numbers: [0x1f, 0o17, 65001.10, 1e3]\n  10: key\n  on: key\n";

    let data = &read(text, "{}").unwrap()[0].data;

    assert!(data["true"].as_array().unwrap().iter().all(|value| *value == true));
    assert!(data["false"].as_array().unwrap().iter().all(|value| *value == false));
    assert!(data["text"].as_array().unwrap().iter().all(serde_json::Value::is_string));
    assert_eq!(data["numbers"], serde_json::json!([31, 15, 65001.1, 1000.0]));
    assert_eq!((&data["10"], &data["on"]), (&"key".into(), &"key".into()));
}

#[test]
fn the_example_of_an_inventory_resolves_as_the_text_says() {
    let example = &blocks("yaml inventory")[0];
    let ntp = |text: &str| {
        let inventory =
            Inventory::parse(&[Document::new("inventory.yaml", text.as_bytes().to_vec()).of_this_machine()]).unwrap();
        inventory.device(&DeviceName::new("leaf1").unwrap()).unwrap().data["ntp"].clone()
    };

    assert_eq!(ntp(example), serde_json::json!({"servers": ["192.0.2.1"]}));
    let deep = example.replace("merge: shallow", "merge: deep");
    assert_eq!(ntp(&deep), serde_json::json!({"servers": ["192.0.2.1"], "vrf": "MGMT"}));
}
