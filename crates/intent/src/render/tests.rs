use serde_json::json;

use super::*;
use crate::inventory::Document;
use crate::inventory::Inventory;
use crate::name::DeviceName;

mod limits;

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
    ModelSet::read(&files(&[("m.yaml", MODEL), ("t.tera", template)]))
        .unwrap()
        .render(&device("{site: fra}"))
        .map(|rendered| rendered.configuration)
}

/// What a template at `path` makes of the model's data.
fn render_as(path: &str, template: &str, data: Value) -> Result<String, RenderError> {
    let model = json!({"name": "m", "group": "global", "template": path, "data": data}).to_string();
    let models = ModelSet::read(&files(&[("m.json", &model), (path, template)])).unwrap();
    models.render(&device("{site: fra}")).map(|rendered| rendered.configuration)
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
fn snippets_are_joined_in_order_and_each_ends_its_line() {
    let models = ModelSet::read(&files(&[
        ("late.yaml", "{name: late, device: leaf1, order: 100, template: late.tera}"),
        ("early.yaml", "{name: early, group: leaf, order: 9, template: early.tera}"),
        ("other.yaml", "{name: other, group: spine, template: missing.tera}"),
        ("late.tera", "late\n\n\n"),
        ("early.tera", "early"),
    ]))
    .unwrap();

    assert_eq!(models.render(&device("{}")).unwrap().configuration, "early\nlate\n");
}

#[test]
fn what_is_undefined_is_named_with_file_line_and_model() {
    let error = failure("hostname {{ host.name }}\nalias {{ model.foo }}\n");

    assert!(error.starts_with("template t.tera, line 2, column 16:"), "{error}");
    assert!(error.contains("foo") && error.ends_with("(model m.yaml)"), "{error}");
}

#[test]
fn a_broken_template_fails_only_the_devices_that_need_it() {
    let models = ModelSet::read(&files(&[
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

    assert_eq!(models.render(&device("{}")).unwrap().configuration, "alias FOO BAR\n");
    let error = models.render(&named("leaf2")).unwrap_err().to_string();
    assert!(error.starts_with("template bad.tera, line 2, column"), "{error}");
    let error = models.render(&named("leaf3")).unwrap_err().to_string();
    assert!(error.contains("includes-bad.tera") && error.contains("bad.tera"), "{error}");
}

#[test]
fn a_missing_template_is_named_with_the_likely_one() {
    let models = ModelSet::read(&files(&[
        ("m.yaml", "{name: m, group: global, template: generic.tera}"),
        ("templates/generic.tera", "x"),
    ]))
    .unwrap();

    let error = models.render(&device("{}")).unwrap_err().to_string();

    assert_eq!(error, "model m.yaml: template generic.tera does not exist; did you mean templates/generic.tera");
}

#[test]
fn a_device_without_models_is_never_wiped() {
    let none = ModelSet::read(&files(&[("m.yaml", "{name: m, group: spine, template: t.tera}")])).unwrap();
    let empty = render("\n  {# nothing #}\n");

    assert_eq!(
        none.render(&device("{}")).unwrap_err().to_string(),
        "no model is for this device; write one for it or for one of its groups (leaf, global)"
    );
    assert_eq!(empty, Err(RenderError::Empty(1)));
}

#[test]
fn a_runaway_template_ends() {
    let long = "{% for a in range(end=3000) %}{% for b in range(end=10000) %}xxxxxxxxxx{% endfor %}{% endfor %}";
    let silent = "{% set r = range(end=9000) %}{% for a in r %}{% for b in r %}{% for c in r %}{% endfor %}{% endfor %}{% endfor %}";

    assert!(
        failure(long).contains("more than 16 MiB")
            || failure(long).contains("too many steps")
            || failure(long).contains("stopped"),
        "{}",
        failure(long)
    );
    assert!(failure(silent).contains("was stopped"), "{}", failure(silent));
    assert!(failure("{{ range(end=100000) | length }}").contains("at most 10000 numbers"));
}

#[test]
fn a_template_of_no_known_kind_is_refused() {
    let models =
        ModelSet::read(&files(&[("m.yaml", "{name: m, group: global, template: t.txt}"), ("t.txt", "x")])).unwrap();

    let error = models.render(&device("{}")).unwrap_err().to_string();

    assert_eq!(error, "model m.yaml: t.txt is no template; expected a file that ends in .tera, .j2 or .cfg");
}

#[test]
fn what_is_no_text_is_said_with_its_place() {
    for template in ["t.tera", "t.j2", "t.cfg"] {
        let model = format!("{{name: m, group: global, template: {template}}}");
        let mut files = files(&[("m.yaml", &model)]);
        files.0.insert(template.to_owned(), b"a\nb \xe9\n".to_vec());

        let error = ModelSet::read(&files).unwrap().render(&device("{}")).unwrap_err().to_string();

        assert_eq!(error, format!("template {template}, line 2: byte 0xE9 is not UTF-8 text"));
    }
}

#[test]
fn a_plain_configuration_renders_to_itself() {
    let text = "hostname leaf1\nbanner motd\n{{ not a template }}\nEOF\nend\n";

    assert_eq!(render_as("t.cfg", text, json!({})).unwrap(), text);
}

#[test]
fn only_the_last_snippet_keeps_its_end() {
    let models = ModelSet::read(&files(&[
        ("a.yaml", "{name: a, group: global, order: 1, template: a.cfg}"),
        ("b.yaml", "{name: b, group: global, order: 2, template: b.cfg}"),
        ("a.cfg", "alias A B\n!\nend\n"),
        ("b.cfg", "alias C D\nend\n"),
    ]))
    .unwrap();

    let rendered = models.render(&device("{}")).unwrap();

    assert_eq!(rendered.configuration, "alias A B\n!\nalias C D\nend\n");
    let part = |model: &str, lines| Part { model: model.to_owned(), lines };
    assert_eq!(rendered.parts, [part("a.yaml", 2), part("b.yaml", 2)]);
}

#[test]
fn what_was_never_rendered_is_refused() {
    for (template, text, value) in [
        ("t.cfg", "hostname x\nalias {{ model.value }} y\n", ""),
        ("t.cfg", "hostname x\n{% if a %}\n", ""),
        ("t.j2", "hostname x\nalias {{ model.value }} y\n", "{{ ansible }}"),
        ("t.tera", "hostname x\nalias {{ model.value }} y\n", "{{ ansible }}"),
    ] {
        let error = render_as(template, text, json!({"value": value})).unwrap_err().to_string();

        assert!(error.starts_with(&format!("template {template}, line 2 leaves {{")), "{error}");
    }
}

mod attacks;
mod docs;
mod jinja;
mod places;
