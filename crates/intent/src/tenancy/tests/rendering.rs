//! Claims about ordered ports in a configuration.

use jiff::Timestamp;

use crate::inventory::{Device, Document, Inventory};
use crate::model::ModelFiles;
use crate::name::{DeviceName, RunId, TenantName};
use crate::render::{self, ModelSet, RenderedConfig};
use crate::tenancy::*;

const TERA: &str = "{% for vlan in model.vlans %}vlan {{ vlan }}\n{% endfor %}interface {{ model.port }}\n\
    {% if model.description %}   description {{ model.description }}\n{% endif %}\
    {% if model.vlan %}   switchport access vlan {{ model.vlan }}\n{% endif %}\
    {% if model.shutdown %}   shutdown\n{% endif %}";

const JINJA: &str = "{% for vlan in model.vlans %}\nvlan {{ vlan }}\n{% endfor %}\ninterface {{ model.port }}\n\
    {% if model.description %}\n   description {{ model.description }}\n{% endif %}\n\
    {% if model.vlan %}\n   switchport access vlan {{ model.vlan }}\n{% endif %}\n\
    {% if model.shutdown %}\n   shutdown\n{% endif %}";

fn models(template: &str, text: &str, order: i64) -> (ModelFiles, ModelSet) {
    let tenants = format!("template: {template}\norder: {order}\nidle_vlan: 999\ntenants: {{}}\n");
    let files = [
        (PATH, tenants.as_str()),
        (template, text),
        ("base.yaml", "{name: base, group: global, order: 10, template: base.cfg}"),
        ("base.cfg", "hostname leaf1\ninterface Ethernet9\n   no switchport\n"),
        ("last.yaml", "{name: last, group: global, order: 90, template: last.cfg}"),
        ("last.cfg", "end\n"),
    ];
    let files = ModelFiles(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect());
    let set = ModelSet::read(&files).unwrap();
    (files, set)
}

fn leaf1() -> Device {
    let inventory = Inventory::parse(&[Document::new("i.yaml", b"hosts: {leaf1: {}}".to_vec())]).unwrap();
    inventory.device(&DeviceName::new("leaf1").unwrap()).unwrap()
}

fn entry(idle: bool, body: &str) -> PortEntry {
    PortEntry {
        tenant: TenantName::new("red").unwrap(),
        idle,
        intent: single(body.as_bytes()).unwrap(),
        by: "ana".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        request: RunId::new(Timestamp::UNIX_EPOCH, 7),
        generation: 1,
    }
}

fn document(port: &str, entry: PortEntry) -> PortDocument {
    let mut document = PortDocument::default();
    document.generation = 1;
    document.ports.insert(PortName::parse(port).unwrap(), entry);
    document
}

fn lines(rendered: &RenderedConfig) -> Vec<&str> {
    rendered.configuration.lines().filter(|line| !line.is_empty()).collect()
}

#[test]
fn both_engines_render_an_ordered_port_in_its_place() {
    let document = document("Ethernet3", entry(false, r#"{"vlan": 110, "description": "web 1", "shutdown": false}"#));
    for (template, text) in [("port.tera", TERA), ("port.j2", JINJA)] {
        let (files, set) = models(template, text, 50);

        let rendered = set.render_with_ports(&leaf1(), &document).unwrap();

        let expected = [
            "hostname leaf1",
            "interface Ethernet9",
            "   no switchport",
            "vlan 110",
            "interface Ethernet3",
            "   description web 1",
            "   switchport access vlan 110",
            "end",
        ];
        assert_eq!(lines(&rendered), expected, "{template}");
        assert_eq!(rendered.parts[1].model, "port Ethernet3 of tenant red, order 19700101-000000-0000000000000007");
        let covered = render::models(&files, &set, &rendered.parts);
        assert!(covered.iter().any(|file| file.path == template), "{covered:?}");
        let origins = set.origins_with_ports(&leaf1(), &document).unwrap();
        assert_eq!(origins.len(), rendered.configuration.lines().count());
        assert_eq!(origins[3].template, template);
    }
}

#[test]
fn ports_alone_are_set_back_before_their_lines() {
    let (_, set) = models("port.tera", TERA, 50);
    let document = document("Ethernet3", entry(false, r#"{"vlan": 110}"#));

    let rendered = set.render_ports(&leaf1(), &document, document.ports.keys()).unwrap();

    let expected = [
        "default interface Ethernet3",
        "vlan 110",
        "interface Ethernet3",
        "   switchport access vlan 110",
        "   shutdown",
    ];
    assert_eq!(lines(&rendered), expected);
    assert_eq!(rendered.parts.iter().map(|part| part.lines).sum::<usize>(), rendered.configuration.lines().count());
}

#[test]
fn a_model_and_a_tenant_cannot_both_have_a_port() {
    let (_, set) = models("port.tera", TERA, 50);
    let taken = document("Ethernet9", entry(false, r#"{"vlan": 110}"#));
    let given_back = document("Ethernet9", entry(true, r#"{"vlan": 999}"#));

    let error = set.render_with_ports(&leaf1(), &taken).unwrap_err().to_string();
    let rendered = set.render_with_ports(&leaf1(), &given_back).unwrap();

    assert!(
        error.contains("port Ethernet9 of leaf1 is configured by a model, and tenant red has ordered it"),
        "{error}"
    );
    assert!(!rendered.configuration.contains("999"), "a port that was given back is the model's");
}

#[test]
fn orders_without_tenants_yaml_are_an_error() {
    let files = [("m.yaml", "{name: m, group: global, template: t.cfg}"), ("t.cfg", "hostname leaf1\n")];
    let files = ModelFiles(files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into());
    let set = ModelSet::read(&files).unwrap();

    let error = set.render_with_ports(&leaf1(), &document("Ethernet3", entry(false, r#"{"vlan": 110}"#))).unwrap_err();

    assert!(error.to_string().contains("there is no tenants.yaml that says how they are rendered"), "{error}");
}

#[test]
fn a_template_that_acts_is_refused_with_its_port() {
    let (_, set) = models("port.tera", "interface {{ model.port }}\nwrite memory\n", 50);
    let document = document("Ethernet3", entry(false, r#"{"vlan": 110}"#));

    let error = set.render_ports(&leaf1(), &document, document.ports.keys()).unwrap_err().to_string();

    assert!(error.contains("template port.tera (model port Ethernet3 of tenant red"), "{error}");
    assert!(error.contains("is the EXEC command `write`"), "{error}");
}
