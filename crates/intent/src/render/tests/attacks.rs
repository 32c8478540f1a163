//! What people may write into values to get lines into a configuration.

use super::*;

const BREAKS: [&str; 12] = [
    "x\nno aaa root",
    "x\rno aaa root",
    "x\r\nno aaa root",
    "\nno aaa root",
    "x\n",
    "x\u{0}y",
    "x\u{b}y",
    "x\u{c}y",
    "x\u{1b}[2Jy",
    "x\u{85}y",
    "x\u{2028}y",
    "x\u{fdd0}y",
];

/// One line of a configuration, printed in every way a value can be; for both engines.
const TEMPLATES: [(&str, &str); 22] = [
    ("t.tera", "alias X {{ model.value }}"),
    ("t.tera", "alias X {{ model.list[0] }}"),
    ("t.tera", "alias X {{ model.list | join(sep=' ') }}"),
    ("t.tera", "{% for key, value in model.map %}alias {{ key }} b{% endfor %}"),
    ("t.tera", "alias X {{ model.none | default(value=model.value) }}"),
    ("t.tera", "alias X {{ 'a' ~ model.value ~ 'b' }}"),
    ("t.tera", "alias X {{ model.value | indent }}"),
    ("t.tera", "{% set captured %}alias {{ model.value }}{% endset %}{{ captured }}"),
    ("t.tera", "alias X {{ model.value | regex_replace(pattern='q', replacement='r') }}"),
    ("t.j2", "alias X {{ model.value }}"),
    ("t.j2", "alias X {{ model.list[0] }}"),
    ("t.j2", "alias X {{ model.list | join(' ') }}"),
    ("t.j2", "{% for key, value in model.map.items() %}alias {{ key }} b{% endfor %}"),
    ("t.j2", "alias X {{ model.none | default(model.value) }}"),
    ("t.j2", "alias X {{ 'a' ~ model.value ~ 'b' }}"),
    ("t.j2", "alias X {{ model.value | indent(3) }}"),
    ("t.j2", "alias X {{ 'aqb' | replace('q', model.value) }}"),
    ("t.j2", "{% set captured %}alias {{ model.value }}{% endset %}{{ captured }}"),
    ("t.j2", "{% macro m(v) %}alias X {{ v }}{% endmacro %}{{ m(model.value) }}"),
    ("t.j2", "{% set a %}q{% endset %}alias X {{ a ~ model.value }}{{ a | replace('q', model.value) }}"),
    ("t.j2", "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}alias {{ model.value }}{% endcall %}"),
    ("t.j2", "alias X {{ 'q' | regex_replace('q', model.value) }} {{ '%s' % model.value }}"),
];

#[test]
fn no_value_adds_a_line_whichever_way_it_is_printed() {
    for attack in BREAKS {
        for (path, template) in TEMPLATES {
            let data = json!({"value": attack, "list": [attack], "map": {attack: 1}});

            let result = render_as(path, template, data);

            // The filter has taken the line break away.
            if attack == "x\n" && template.contains("indent") && result.is_ok() {
                continue;
            }
            let Err(error @ RenderError::ControlCharacter { .. }) = result else {
                panic!("{attack:?} in {template}: {result:?}");
            };
            let error = error.to_string();
            assert!(error.contains("model.value") && error.ends_with("(model m.json)"), "{error}");
        }
    }
}

#[test]
fn the_error_says_file_line_and_where_the_value_stands() {
    for (path, column) in [("t.j2", ""), ("t.tera", "")] {
        let data = json!({"note": {"texts": ["fine", "a\nb"]}});

        let error = render_as(path, "!\n!\nalias X {{ model.note.texts[1] }}\n", data).unwrap_err().to_string();

        let expected = format!("template {path}, line 3{column} prints a value with a line break or control character");
        assert!(error.starts_with(&expected), "{error}");
        assert!(error.contains("(model.note.texts[1])"), "{error}");
    }
}

#[test]
fn a_list_adds_lines_only_where_the_template_breaks_them() {
    let data = json!({"list": ["a", "b"]});

    let joined = render_as("t.j2", "{{ model.list | join('\\n') }}", data.clone());
    let looped = render_as("t.j2", "{% for item in model.list %}\n{{ item }}\n{% endfor %}", data.clone());
    let safe = render_as("t.j2", "{{ model.list | join('\\n') | safe }}", data);

    assert_eq!(joined.unwrap(), "a\nb\n");
    assert_eq!(looped.unwrap(), "a\nb\n");
    assert_eq!(safe.unwrap(), "a\nb\n");
    for template in [
        "{{ model.list | join('\\n') }}",
        "{{ '\\n'.join(model.list) }}",
        "{{ model.list[0] ~ '\\n' ~ model.list[1] }}",
    ] {
        let smuggled = render_as("t.j2", template, json!({"list": ["a", "b\nno aaa root"]}));
        assert!(matches!(smuggled, Err(RenderError::ControlCharacter { .. })), "{template}: {smuggled:?}");
    }
}

#[test]
fn bodies_of_multi_line_commands_take_several_lines() {
    let data = json!({"banner": "Welcome\n  to leaf1\n", "script": "a\nb"});
    for (path, template) in [
        (
            "t.j2",
            "banner login\n{{ model.banner }}EOF\nevent-handler x\n   action bash\n{{ model.script | indent(6, true) }}\n      EOF\n",
        ),
        ("t.tera", "banner login\n{{ model.banner }}EOF\n"),
        ("t.tera", "banner login\n{{ model.banner | safe }}EOF\n"),
    ] {
        let text = render_as(path, template, data.clone()).unwrap();

        assert!(text.starts_with("banner login\nWelcome\n  to leaf1\nEOF\n"), "{text}");
    }
}

#[test]
fn a_banner_may_bring_its_own_end_as_avds_do() {
    let data = json!({"banner": "Welcome\nEOF\n"});

    let text = render_as("t.j2", "banner login\n{{ model.banner }}\n!\nalias A B\n", data).unwrap();

    assert_eq!(text, "banner login\nWelcome\nEOF\n\n!\nalias A B\n");
}

#[test]
fn no_value_breaks_out_of_a_body() {
    for (template, data) in [
        ("banner motd\n{{ model.a }}\nEOF\n", json!({"a": "x\nEOF\nusername evil secret 0 x"})),
        ("banner motd\n{{ model.a }}\nEOF\n", json!({"a": "x\n EOF \nusername evil secret 0 x\nbanner login"})),
        ("banner motd\n{{ model.a | safe }}\nEOF\n", json!({"a": "x\nEOF\nusername evil secret 0 x"})),
        ("banner motd\n{{ model.a }}\n{{ model.b }}\nEOF\n", json!({"a": "EOF", "b": "username evil"})),
        ("banner motd\n{{ model.a }}\n{{ model.b }}\nEOF\n", json!({"a": "x\nEOF", "b": "username evil"})),
        (
            "banner motd\n{{ model.a }}\n{{ model.b }}\n{{ model.c }}\nEOF\n",
            json!({"a": "x\nEOF", "b": "username evil", "c": "banner login"}),
        ),
        ("banner motd\n{{ model.a }}{{ model.b }}\nusername evil\nEOF\n", json!({"a": "EO", "b": "F"})),
        ("banner motd\n{{ model.a }}F\nusername evil\n!\n", json!({"a": "x\nEO"})),
        ("banner motd\n{{ model.a }}\nEOF\n", json!({"a": "x\u{b}EOF\u{b}username evil"})),
        ("banner {{ model.a }}\nEOF\n", json!({"a": "motd\nEOF\nusername evil"})),
        ("comment\n{{ model.a }}\nEOF\n", json!({"a": "x\nEOF\nusername evil\ncomment\n"})),
    ] {
        for path in ["t.j2", "t.tera"] {
            let result = render_as(path, template, data.clone());

            assert!(
                matches!(result, Err(RenderError::ControlCharacter { .. })),
                "{path}: {template} {data}: {result:?}"
            );
        }
    }
}

#[test]
fn avds_fields_for_configuration_lines_bring_them() {
    let template = "interface Ethernet1\n   {{ model.port.eos_cli | indent(3) }}\n";
    let lines = json!({"port": {"eos_cli": "description x\nshutdown\n"}});
    let misused = json!({"port": {"eos_cli": "x\nno aaa root"}, "description": "x\nno aaa root"});

    assert_eq!(render_as("t.j2", template, lines).unwrap(), "interface Ethernet1\n   description x\n   shutdown\n");
    assert!(render_as("t.j2", template, misused).is_err());
}

#[test]
fn avds_aliases_and_tcam_profiles_bring_lines() {
    let data = json!({
        "aliases": "alias a show a\nalias b show b\n",
        "tcam_profile": {"profiles": [{"name": "p", "config": "   feature acl\n      key size 2\n"}]},
        "peer": {"aliases": "x\nno aaa root", "config": "y\nno aaa root"},
    });
    let template = "{{ aliases }}!\n{% for profile in tcam_profile.profiles %}\n{{ profile.config }}{% endfor %}\n";

    let text = render_as("t.j2", template, data.clone()).unwrap();

    assert_eq!(text, "alias a show a\nalias b show b\n!\n   feature acl\n      key size 2\n");
    for misused in ["{{ peer.aliases }}", "{{ peer.config }}"] {
        assert!(render_as("t.j2", misused, data.clone()).is_err(), "{misused}");
    }
}

#[test]
fn the_value_that_made_the_line_is_named_and_no_other() {
    let data = json!({"banner": "Welcome\nto leaf1", "note": "x\nno aaa root", "list": ["a", "b"]});

    let error = render_as("t.j2", "{{ list | join('\\n') }}\ndescription {{ note }}\n", data).unwrap_err().to_string();

    assert!(error.contains("(model.note)") && !error.contains("banner"), "{error}");
}

#[test]
fn control_characters_are_not_safe_either() {
    for path in ["t.j2", "t.tera"] {
        let error = render_as(path, "{{ model.a | safe }}", json!({"a": "x\u{1b}y"})).unwrap_err();

        assert!(error.to_string().contains("control character"), "{error}");
    }
}

#[test]
fn a_tab_is_white_space() {
    for path in ["t.j2", "t.tera"] {
        assert_eq!(render_as(path, "alias {{ model.a }}", json!({"a": "x\ty"})).unwrap(), "alias x\ty\n");
    }
}
