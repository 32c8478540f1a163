//! Where lines come from.

use super::*;

fn origins(files_: &[(&str, &str)]) -> Vec<(String, String, Option<usize>)> {
    let models = ModelSet::read(&files(files_)).unwrap();
    let device = device("{site: fra}");
    let text = models.render(&device).unwrap().configuration;
    let origins = models.origins(&device).unwrap();
    assert_eq!(text.lines().count(), origins.len());
    text.lines()
        .zip(origins)
        .map(|(line, origin)| (line.to_owned(), format!("{} {}", origin.model, origin.template), origin.line))
        .collect()
}

fn expect(found: Vec<(String, String, Option<usize>)>, expected: &[(&str, &str, usize)]) {
    let found: Vec<_> = found.iter().map(|(line, from, at)| (line.as_str(), from.as_str(), at.unwrap_or(0))).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_line_of_a_jinja_template_knows_where_it_comes_from() {
    let found = origins(&[
        ("m.yaml", "{name: m, group: global, template: leaf.j2, data: {vlans: [7, 8]}}"),
        (
            "leaf.j2",
            "{% extends 'base.j2' %}\n{% block body %}\n{% for vlan in model.vlans %}\nvlan {{ vlan }}\n{%- if vlan == 8 %}\n\n   name eight\n{%- endif %}\n\n{% endfor %}\n{{ super() }}\n{% endblock %}",
        ),
        (
            "base.j2",
            "{% macro alias(n) %}\nalias {{ n }} x\nalias {{ n }} y\n{% endmacro %}\nhostname {{ host }}\n{% block body %}\n{% include 'ntp.j2' %}\n{% endblock %}\n{{ alias('A') }}\nend\n",
        ),
        ("ntp.j2", "!\nntp server 1\n"),
    ]);

    let found: Vec<_> = found.into_iter().filter(|(line, ..)| !line.is_empty()).collect();
    expect(
        found,
        &[
            ("hostname leaf1", "m.yaml base.j2", 5),
            ("vlan 7", "m.yaml leaf.j2", 4),
            ("vlan 8", "m.yaml leaf.j2", 4),
            ("   name eight", "m.yaml leaf.j2", 7),
            ("!", "m.yaml ntp.j2", 1),
            ("ntp server 1", "m.yaml ntp.j2", 2),
            ("alias A x", "m.yaml base.j2", 9),
            ("alias A y", "m.yaml base.j2", 9),
            ("end", "m.yaml base.j2", 10),
        ],
    );
}

#[test]
fn every_line_of_a_tera_template_knows_where_it_comes_from() {
    let found = origins(&[
        ("m.yaml", "{name: m, group: global, template: leaf.tera, data: {vlans: [7, 8]}}"),
        ("n.yaml", "{name: n, group: global, order: 60, template: n.cfg}"),
        (
            "leaf.tera",
            "{% extends 'base.tera' %}\n{% block body %}\n{%- for vlan in model.vlans -%}\nvlan {{ vlan }}\n{%- if vlan == 8 %}\n   name eight\n{%- endif %}\n{% endfor %}\n{{- super() }}\n{% endblock %}",
        ),
        (
            "base.tera",
            "{#- a comment\n-#}\nhostname {{ host.name }}\n{% block body %}\n{% include 'ntp.tera' %}\n{% endblock %}\nend\n",
        ),
        ("ntp.tera", "!\nntp server 1\n"),
        ("n.cfg", "alias A B\nend\n"),
    ]);

    let found: Vec<_> = found.into_iter().filter(|(line, ..)| !line.is_empty()).collect();
    expect(
        found,
        &[
            ("hostname leaf1", "m.yaml base.tera", 3),
            ("vlan 7", "m.yaml leaf.tera", 4),
            ("vlan 8", "m.yaml leaf.tera", 4),
            ("   name eight", "m.yaml leaf.tera", 6),
            ("!", "m.yaml ntp.tera", 1),
            ("ntp server 1", "m.yaml ntp.tera", 2),
            ("alias A B", "n.yaml n.cfg", 1),
            ("end", "n.yaml n.cfg", 2),
        ],
    );
}

#[test]
fn a_template_that_looks_at_its_own_text_is_named_as_a_whole() {
    let found = origins(&[
        ("m.yaml", "{name: m, group: global, template: t.tera}"),
        ("t.tera", "{% set text %}a\nb{% endset %}alias {{ text | length }} x\n"),
    ]);

    assert_eq!(found, [("alias 3 x".to_owned(), "m.yaml t.tera".to_owned(), None)]);
}
