//! Jinja2 as Nornir sets it up. What Python says of many more templates,
//! `judges/tests/test_templates.py` compares.

use proptest::prelude::*;

use super::*;

fn jinja(template: &str) -> Result<String, RenderError> {
    render_as("t.j2", template, json!({"n": 3, "none": null, "yes": true, "ports": {"Ethernet2": 1, "Ethernet1": 2}}))
}

#[test]
fn nornirs_way_of_writing_is_understood() {
    for (template, expected) in [
        ("hostname {{ host }}", "hostname leaf1"),
        ("{{ host.name }} {{ host['site'] }} {{ host.get('x', 7) }} {{ host.data.site }}", "leaf1 fra 7 fra"),
        ("{% for name, n in model.ports.items() %}\n{{ name }} {{ n }}\n{% endfor %}", "Ethernet2 1\nEthernet1 2"),
        ("{{ n }} {{ model.n }} {{ inventory_hostname }}", "3 3 leaf1"),
        ("{{ model.none }} {{ model.yes }} {{ 1.0 }} {{ [1, 'a'] }}", "None True 1.0 [1, 'a']"),
        ("{{ '%03d' % model.n }} {{ '%s/%s' % (1, 'x') }}", "003 1/x"),
        ("{% set a = [] %}{% do a.append('x') %}{% do a.extend([1, 2]) %}{{ a | join(',') }} {{ a[-1] }}", "x,1,2 2"),
        ("{% set m = {} %}{% do m.update({'k': 1}) %}{{ m.k }} {{ m }}", "1 {'k': 1}"),
        ("{{ ['b10', 'b9'] | arista.avd.natural_sort | join(' ') }}", "b9 b10"),
        ("{% if model.n is arista.avd.defined(3) and model.a.b is not arista.avd.defined %}x{% endif %}", "x"),
        ("{{ '10.0.0.1/24' | ansible.utils.ipaddr('network') }}", "10.0.0.0"),
        ("{{ 'AbB' | regex_replace('b', '', ignorecase=true) }}", "A"),
        ("{{ {'a': [1]} | combine({'a': [2]}, list_merge='append') }}", "{'a': [1, 2]}"),
        ("{{ [3, 1] | ansible.builtin.join('-') }}", "3-1"),
        ("{{ 'x' if false }}{{ '' | default('y', true) }}", "y"),
    ] {
        assert_eq!(jinja(template).unwrap(), format!("{expected}\n"), "{template}");
    }
}

#[test]
fn what_is_undefined_is_named_with_file_and_line() {
    for (template, expected) in [
        ("!\n{{ model.foo }}", "template t.j2, line 2, column 4: `model.foo` is undefined (model m.json)"),
        ("!\n\n{% if foo %}x{% endif %}", "line 3, column 7: `foo` is undefined"),
        ("{{ host.a.b }}", "`host.a` is undefined"),
        ("{% for x in host.nothing %}{% endfor %}", "`host.nothing` is undefined"),
        ("{{ foo | regex_replace('a', 'b') }}", "`foo` is undefined"),
        ("{{ foo | natural_sort }}{{ 'a' ~ foo }}", "`foo` is undefined"),
    ] {
        let error = jinja(template).unwrap_err().to_string();

        assert!(error.contains(expected), "{template}: {error}");
    }
}

#[test]
fn templates_include_and_inherit_across_folders() {
    let models = ModelSet::read(&files(&[
        ("m.yaml", "{name: m, group: global, template: site/leaf.j2, data: {vlans: [7]}}"),
        ("site/leaf.j2", "{% extends 'base.j2' %}{% block body %}{% from 'macros.j2' import vlan %}{{ vlan(7) }}{{ super() }}{% endblock %}"),
        ("site/base.j2", "hostname {{ host }}\n{% block body %}\n{% include 'parts/ntp.j2' %}\n{% endblock %}\nend\n"),
        ("site/parts/ntp.j2", "ntp server 1\n\n"),
        ("site/macros.j2", "{% macro vlan(n) %}\nvlan {{ n }}\n{% endmacro %}"),
    ]))
    .unwrap();

    assert_eq!(models.render(&device("{}")).unwrap().configuration, "hostname leaf1\nvlan 7\nntp server 1\nend\n");
}

#[test]
fn an_error_in_an_included_template_names_that_template() {
    let models = ModelSet::read(&files(&[
        ("m.yaml", "{name: m, group: global, template: a.j2}"),
        ("n.yaml", "{name: n, device: leaf2, template: c.j2}"),
        ("a.j2", "!\n{% include 'b.j2' %}"),
        ("b.j2", "!\n!\n{{ nothing }}"),
        ("c.j2", "x\n{% if %}"),
    ]))
    .unwrap();

    let error = models.render(&device("{}")).unwrap_err().to_string();

    assert_eq!(error, "template b.j2, line 3, column 4: `nothing` is undefined (model m.yaml)");
}

#[test]
fn templates_that_never_end_are_stopped() {
    for (files_, expected) in [
        (vec![("t.j2", "{% include 't.j2' %}")], "t.j2, line 1"),
        (vec![("t.j2", "{% include 'u.j2' %}"), ("u.j2", "{% include 't.j2' %}")], ".j2, line 1"),
        (vec![("t.j2", "{% extends 't.j2' %}")], "t.j2"),
        (vec![("t.j2", "{% extends 'u.j2' %}"), ("u.j2", "{% extends 't.j2' %}")], ".j2"),
        (
            vec![("t.j2", "!\n{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}")],
            "too many steps",
        ),
        (vec![("t.j2", "{% for a in range(99999) %}{{ 'x' * 9999 }}{% endfor %}")], ""),
        (vec![("t.j2", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")], "t.j2, line 1"),
        (
            vec![("t.j2", "{% set a = ['x'] %}{% for i in range(99) %}{% do a.extend(a) %}{% endfor %}")],
            "too many steps",
        ),
        (vec![("t.j2", "{% set a = [] %}{% do a.append(a) %}{{ a }}")], "into itself"),
        (vec![("t.j2", "{% set a = [] %}{% do a.append([a]) %}{{ a }}")], "into itself"),
        (vec![("t.j2", "{% set a = {} %}{% set b = {'a': a} %}{% do a.update(b=b) %}{{ a }}")], "into itself"),
        (vec![("t.j2", "{% set n = namespace() %}{% set n.n = n %}{{ n }}")], "a namespace cannot be kept"),
        (
            vec![("t.j2", "{% set n = namespace(l=[]) %}{% set n.l = [{'n': n}] %}{{ n }}")],
            "a namespace cannot be kept",
        ),
        (vec![("t.j2", "{% set n = namespace(l=[]) %}{% do n.l.append(n) %}{{ n }}")], "a namespace cannot be put"),
    ] {
        let mut all = vec![("m.yaml", "{name: m, group: global, template: t.j2}")];
        all.extend(files_.iter().copied());
        let models = ModelSet::read(&files(&all)).unwrap();

        match models.render(&device("{}")) {
            Ok(rendered) => assert!(expected.is_empty() && rendered.configuration.len() < 100, "{files_:?}"),
            Err(error) => assert!(error.to_string().contains(expected), "{files_:?}: {error}"),
        }
    }
}

#[test]
fn cyclic_tera_templates_are_refused_by_name() {
    let models = ModelSet::read(&files(&[
        ("m.yaml", "{name: m, group: global, template: a.tera}"),
        ("a.tera", "{% include 'b.tera' %}"),
        ("b.tera", "{% include 'a.tera' %}"),
    ]))
    .unwrap();

    let error = models.render(&device("{}")).unwrap_err().to_string();

    assert!(error.contains("a.tera") && error.contains("b.tera"), "{error}");
}

proptest! {
    #[test]
    fn any_template_renders_or_is_refused(text in "([{}%#'\"()\\[\\],.|~+*/<>= \n-]|for |in |if |endfor|endif|set |model|host|n|range\\(3\\)|do |append|macro |[a-z0-9é]){0,30}") {
        for path in ["t.j2", "t.tera", "t.cfg"] {
            let _ = render_as(path, &text, json!({"n": [1, "a\nb"]}));
        }
    }

    #[test]
    fn any_value_is_printed_in_one_line_or_refused(value in any::<String>()) {
        for path in ["t.j2", "t.tera"] {
            if let Ok(text) = render_as(path, "alias X |{{ model.value }}|", json!({"value": value})) {
                prop_assert_eq!(text.lines().count(), 1);
                prop_assert_eq!(text, format!("alias X |{value}|\n"));
            }
        }
    }
}

/// What a site with these settings makes of a template, for a device with data `vlans` and `site`.
fn with_settings(jinja: &str, template: &str, data: &str) -> (Result<String, RenderError>, Vec<String>) {
    let inventory = format!(
        "hosts: {{leaf1: {{groups: [leaf], data: {{vlans: [10], site: fra}}}}, spine1: {{data: {{asn: 65001}}}}}}\n\
         groups: {{leaf: {{}}}}\ndefaults: {{jinja: {jinja}}}\n"
    );
    let inventory = Inventory::parse(&[Document::new("inventory.yaml", inventory.into_bytes())]).unwrap();
    let device = inventory.device(&DeviceName::new("leaf1").unwrap()).unwrap();
    let model = format!("{{name: m, group: global, template: t.j2, data: {data}}}");
    let models = ModelSet::read(&files(&[("m.yaml", &model), ("t.j2", template)])).unwrap();
    (models.render(&device).map(|rendered| rendered.configuration), models.clashes(&device))
}

#[test]
fn host_data_has_its_own_names_where_the_site_says_so() {
    let template = "{% for v in vlans %}vlan {{ v }}{% endfor %} {{ site }}";
    for variables in ["{variables: nornir}", "{variables: ansible}"] {
        assert_eq!(with_settings(variables, template, "{}"), (Ok("vlan 10 fra\n".to_owned()), Vec::new()));
        let (text, clashes) = with_settings(variables, template, "{vlans: [7]}");
        assert_eq!(text.unwrap(), "vlan 7 fra\n");
        assert_eq!(clashes, ["model m.yaml: vlans hides the inventory's data of that name"]);
    }
    let ansible = "{{ group_names }} {{ groups.all }} {{ hostvars.spine1.asn }} {{ a.b is defined }}";
    let (text, _) = with_settings("{variables: ansible}", ansible, "{}");
    assert_eq!(text.unwrap(), "['leaf'] ['leaf1', 'spine1'] 65001 False\n");
}

#[test]
fn host_data_is_missed_aloud_where_the_site_does_not() {
    for template in ["{{ vlans is defined }}", "{% if vlans is defined %}x{% endif %}", "{{ vlans | default(1) }}"] {
        let error = with_settings("{}", template, "{}").0.unwrap_err().to_string();
        assert!(error.contains("write host.vlans") && error.contains("variables: nornir"), "{error}");
    }
    assert_eq!(with_settings("{}", "{% set vlans = 1 %}{{ vlans }}", "{}").0.unwrap(), "1\n");
}

#[test]
fn a_misspelt_list_is_refused_beside_a_filter_of_avd() {
    for template in [
        "{% for v in vlans_lst %}vlan {{ v }}\n{% endfor %}{{ [1] | arista.avd.natural_sort }}",
        "{% if vlans_lst %}x{% endif %}{{ [1] | arista.avd.natural_sort }}",
        "{{ vlans_lst.a | join(',') }}{{ [1] | arista.avd.natural_sort }}",
        "{{ vlans_lst.a | length }}{{ [1] | arista.avd.natural_sort }}",
    ] {
        let error = jinja(template).unwrap_err().to_string();
        assert!(error.contains("vlans_lst"), "{template}: {error}");
    }
}

#[test]
fn variables_are_seen_where_jinja2_sees_them() {
    let models = ModelSet::read(&files(&[
        ("m.yaml", "{name: m, group: global, template: t.j2, data: {n: 3}}"),
        (
            "t.j2",
            "{% set state = 'no shutdown' %}{% include 'p.j2' %}{{ state }}\n{% from 'macros.j2' import m %}{{ m() }}\n\
             {% set x %}{% set state = 'a' %}{% endset %}{{ state }}\n\
             {% for x in [1] %}{% block b %}{{ x is defined }}{% endblock %}{% endfor %}\n",
        ),
        ("p.j2", "{% set state = 'shutdown' %}"),
        ("macros.j2", "{% macro m() %}{{ n is defined }}{{ state is defined }}{% endmacro %}"),
    ]))
    .unwrap();

    let text = models.render(&device("{}")).unwrap().configuration;

    assert_eq!(text, "no shutdown\nFalseFalse\nno shutdown\nTrue\n");
}

#[test]
fn what_a_template_changes_is_shared() {
    let template = "{% for item in model.items %}{% do item.update({'mtu': 1}) %}{% endfor %}{{ items }}\
                    {% set a = [] %}{% set b = [a] %}{% do a.append(2) %}{{ b }}";

    let text = render_as("t.j2", template, json!({"items": [{"id": 1}]})).unwrap();

    assert_eq!(text, "[{'id': 1, 'mtu': 1}][[2]]\n");
    let error = render_as("t.j2", "{% do ([1] + [2]).append(3) %}", json!({})).unwrap_err().to_string();
    assert!(error.contains("cannot be changed"), "{error}");
}

#[test]
fn methods_and_filters_are_pythons() {
    for (expression, expected) in [
        ("'-42'.zfill(5)", "-0042"),
        ("'abc'.center(6, '.')", ".abc.."),
        ("'a b c'.rsplit(' ', 1)", "['a b', 'c']"),
        ("'Et1/2'.partition('/')", "('Et1', '/', '2')"),
        ("'Ethernet1'.removeprefix('Ethernet')", "1"),
        ("'a\\nb\\rc'.splitlines()", "['a', 'b', 'c']"),
        ("{'b': 1, 'A': 2} | dictsort(true)", "[('A', 2), ('b', 1)]"),
        ("'a long text that is cut' | truncate(10)", "a long..."),
        ("'text' is sequence", "True"),
        ("[1, 2, 3][1:] is sequence", "True"),
        ("([1] + [2]) is sequence", "True"),
        ("none is iterable", "False"),
        ("range(3)", "range(0, 3)"),
        ("'1.10' is version('1.9', '>')", "True"),
    ] {
        assert_eq!(jinja(&format!("{{{{ {expression} }}}}")).unwrap(), format!("{expected}\n"), "{expression}");
    }
    for expression in ["','.join([1])", "[1] | random", "'a'.index('x')", "'a'.ljust(3, 'xy')", "cycler()"] {
        assert!(jinja(&format!("{{{{ {expression} }}}}")).is_err(), "{expression}");
    }
}
