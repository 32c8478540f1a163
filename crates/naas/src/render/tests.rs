use super::*;
use crate::inventory::Inventory;
use crate::name::DeviceName;
use crate::ports::Document;

const MODEL: &str = "{name: m, group: global, template: t.tera, data: {banner: \"a\\n b\", n: 3, ports: {Ethernet2: {vlan: 7}, Ethernet1: {}}}}";

fn device(data: &str) -> Device {
    let text =
        format!("hosts: {{leaf1: {{hostname: 10.0.0.1, groups: [leaf], data: {data}}}}}\ngroups: {{leaf: {{}}}}\n");
    let inventory = Inventory::parse(&[Document::new("inventory.yaml", text.into_bytes())]).unwrap();
    inventory.device(&DeviceName::new("leaf1").unwrap()).unwrap()
}

fn files(files: &[(&str, &str)]) -> ModelFiles {
    ModelFiles(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect())
}

fn render(template: &str) -> Result<String, RenderError> {
    Intent::read(&files(&[("m.yaml", MODEL), ("t.tera", template)]))
        .unwrap()
        .render(&device("{site: fra}"))
        .map(|intended| intended.configuration)
}

fn failure(template: &str) -> String {
    render(template).unwrap_err().to_string()
}

#[test]
fn a_template_sees_the_host_and_the_model() {
    let text = render(
        "{{ host.name }} {{ host.hostname }} {{ host.site }} {{ host.data.site }} {{ host.groups | join(sep=',') }} {{ model.n }}",
    );

    assert_eq!(text.unwrap(), "leaf1 10.0.0.1 fra fra leaf,global 3\n");
}

#[test]
fn maps_are_walked_in_the_order_of_the_file() {
    let text = render("{% for name, port in model.ports %}{{ name }} {% endfor %}").unwrap();

    assert_eq!(text, "Ethernet2 Ethernet1 \n");
}

#[test]
fn snippets_are_joined_lowest_order_first_and_each_ends_its_line() {
    let intent = Intent::read(&files(&[
        ("late.yaml", "{name: late, device: leaf1, order: 100, template: late.tera}"),
        ("early.yaml", "{name: early, group: leaf, order: 9, template: early.tera}"),
        ("other.yaml", "{name: other, group: spine, template: missing.tera}"),
        ("late.tera", "late\n\n\n"),
        ("early.tera", "early"),
    ]))
    .unwrap();

    assert_eq!(intent.render(&device("{}")).unwrap().configuration, "early\nlate\n");
}

#[test]
fn what_is_undefined_is_named_with_file_line_and_model() {
    let error = failure("hostname {{ host.name }}\nalias {{ model.foo }}\n");

    assert!(error.starts_with("template t.tera, line 2, column 16:"), "{error}");
    assert!(error.contains("foo") && error.ends_with("(model m.yaml)"), "{error}");
}

#[test]
fn a_template_that_does_not_parse_fails_only_the_devices_that_need_it() {
    let intent = Intent::read(&files(&[
        ("good.yaml", "{name: good, group: leaf, template: good.tera}"),
        ("bad.yaml", "{name: bad, device: leaf2, template: bad.tera}"),
        ("worse.yaml", "{name: worse, device: leaf3, template: includes-bad.tera}"),
        ("good.tera", "{% include 'part.tera' %}"),
        ("part.tera", "alias FOO BAR"),
        ("bad.tera", "alias FOO BAR\n{% if %}\n"),
        ("includes-bad.tera", "{% include 'bad.tera' %}"),
    ]))
    .unwrap();
    let named = |name: &str| Device { name: DeviceName::new(name).unwrap(), groups: Vec::new(), ..device("{}") };

    assert_eq!(intent.render(&device("{}")).unwrap().configuration, "alias FOO BAR\n");
    let error = intent.render(&named("leaf2")).unwrap_err().to_string();
    assert!(error.starts_with("template bad.tera, line 2, column"), "{error}");
    let error = intent.render(&named("leaf3")).unwrap_err().to_string();
    assert!(error.contains("includes-bad.tera") && error.contains("bad.tera"), "{error}");
}

#[test]
fn a_missing_template_is_named_with_the_likely_one() {
    let intent = Intent::read(&files(&[
        ("m.yaml", "{name: m, group: global, template: generic.tera}"),
        ("templates/generic.tera", "x"),
    ]))
    .unwrap();

    let error = intent.render(&device("{}")).unwrap_err().to_string();

    assert_eq!(error, "model m.yaml: template generic.tera does not exist; did you mean templates/generic.tera");
}

#[test]
fn a_device_without_models_is_never_wiped() {
    let none = Intent::read(&files(&[("m.yaml", "{name: m, group: spine, template: t.tera}")])).unwrap();
    let empty = render("\n  {# nothing #}\n");

    assert_eq!(
        none.render(&device("{}")).unwrap_err().to_string(),
        "no model is for this device; write one for it or for one of its groups (leaf, global)"
    );
    assert_eq!(empty, Err(RenderError::Empty(1)));
}

#[test]
fn a_value_cannot_add_a_line() {
    for attack in
        ["x\nno aaa root", "x\rno aaa root", "x\u{0}y", "x\u{b}y", "x\u{1b}[2Jy", "x\u{85}y", "x\u{2028}y", "x\u{7f}"]
    {
        let data = serde_json::json!({ "note": { "text": [attack] } });
        let model = serde_json::json!({"name": "m", "group": "global", "template": "t.tera", "data": data}).to_string();
        let intent =
            Intent::read(&files(&[("m.json", &model), ("t.tera", "alias X {{ model.note.text[0] }}")])).unwrap();

        let error = intent.render(&device("{}")).unwrap_err().to_string();

        assert!(error.contains("(model.note.text[0])"), "{attack:?}: {error}");
    }
}

#[test]
fn several_lines_are_printed_where_the_template_says_so() {
    let text = render("banner login\n{{ model.banner | safe }}\nEOF\n").unwrap();

    assert_eq!(text, "banner login\na\n b\nEOF\n");
    assert!(failure("{{ model.banner }}").contains("(model.banner)"));
}

#[test]
fn a_runaway_template_ends() {
    let error =
        failure("{% for a in range(end=3000) %}{% for b in range(end=10000) %}xxxxxxxxxx{% endfor %}{% endfor %}");

    assert!(error.contains("more than 16 MiB"), "{error}");
}

#[test]
fn a_panic_of_the_engine_is_an_error_of_this_device() {
    let error = caught(|| panic!("index out of bounds")).unwrap_err();

    assert_eq!(error, "the template engine broke down: index out of bounds");
}
