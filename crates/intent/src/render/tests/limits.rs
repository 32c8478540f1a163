//! Templates that would take a machine's whole time or memory, each of which is an error of its
//! device within seconds.

use std::time::{Duration, Instant};

use super::*;

/// What the template comes to; it must be an error, and soon.
fn stopped(path: &str, template: &str) -> String {
    let begun = Instant::now();
    let error = render_as(path, template, json!({"text": "x".repeat(10_000)})).unwrap_err().to_string();
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}: {template}", begun.elapsed());
    assert!(error.starts_with(&format!("template {path}")) && error.ends_with("does a loop repeat itself"), "{error}");
    error
}

#[test]
fn a_text_that_a_loop_doubles_is_stopped() {
    let nested = format!(
        "{}{{{{ a | length }}}}{}",
        "{% for a in [a | default(value=model.text) ~ a | default(value=model.text)] %}".repeat(30),
        "{% endfor %}".repeat(30)
    );
    for (path, template) in [
        (
            "t.j2",
            "{% set ns = namespace(x=model.text) %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x[:9] }}",
        ),
        (
            "t.j2",
            "{% set ns = namespace(x='x') %}{% for i in range(60) %}{% set ns.x = ns.x * 9 %}{% endfor %}{{ ns.x[:9] }}",
        ),
        (
            "t.j2",
            "{% set ns = namespace(x='x') %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] | join %}{% endfor %}",
        ),
        ("t.j2", "{% macro m(x, n) %}{% if n %}{{ m(x ~ x, n - 1) }}{% endif %}{% endmacro %}{{ m(model.text, 40) }}"),
        ("t.tera", "{% set x = model.text %}{% for i in range(end=60) %}{% set_global x = x ~ x %}{% endfor %}"),
        (
            "t.tera",
            "{% set x = model.text %}{% for i in range(end=60) %}{% set_global x = x | regex_replace(pattern='x', replacement='xx') %}{% endfor %}",
        ),
        (
            "t.tera",
            "{% set x = model.text %}{% for i in range(end=60) %}{% set y %}{{ x }}{{ x }}{% endset %}{% set_global x = y %}{% endfor %}",
        ),
        (
            "t.tera",
            "{% set y %}{% for i in range(end=9999) %}{% for j in range(end=999) %}TEXT{% endfor %}{% endfor %}{% endset %}{{ y | length }}",
        ),
        (
            "t.tera",
            "{% set a = [model.text] %}{% for i in range(end=60) %}{% set_global a = [a, a] %}{% endfor %}{{ a | length }}",
        ),
        (
            "t.tera",
            "{% set a = [1] %}{% for i in range(end=60) %}{% set_global a = [...a, ...a] %}{% endfor %}{{ a | length }}",
        ),
        ("t.tera", nested.as_str()),
        (
            "t.tera",
            "{% component twice(t, n) %}{% if n > 0 %}{{ <twice t={t ~ t} n={n - 1} /> }}{% endif %}{% endcomponent twice %}{{ <twice t={model.text} n={18} /> }}",
        ),
    ] {
        let template = template.replace("TEXT", &"text ".repeat(200));
        stopped(path, &template);
    }
}

#[test]
fn a_comprehension_that_joins_texts_is_refused() {
    let error = failure("!\n{% set x = [model.banner ~ i for i in range(end=9)] %}");

    assert!(error.contains("t.tera, line 2: a list comprehension cannot hold `~`"), "{error}");
}

/// The filters that are held to the budget do what Tera's own do.
#[test]
fn bounded_filters_are_those_of_tera() {
    for (template, expected) in [
        ("{{ 'aXbX' | replace(from='X', to='--') }}", "a--b--"),
        ("{{ 'a\n\nb\n' | indent(width=2) | safe }}", "a\n\n  b"),
        ("{{ 'a\nb' | indent(width=2, first=true, indentation='>') | safe }}", ">>a\n>>b"),
        ("{{ 'a\n\nb' | indent(blank=true, width=1) | safe }}", "a\n \n b"),
        ("{{ [1, 'b', 2.5] | join(sep=', ') }}", "1, b, 2.5"),
        ("{{ ['a', 'b'] | join }}", "ab"),
        ("{{ [x for x in [1, 2]] | join(sep=' ') }}", "1 2"),
        ("{% set x = 'a' if true else 'b' %}{% set_global y = x ~ '=' %}{{ y }}", "a="),
        ("{% for k, v in {'a': 1} %}{{ k }}{{ v }}{% endfor %}", "a1"),
    ] {
        assert_eq!(render(template).unwrap(), format!("{expected}\n"), "{template}");
    }
}

#[test]
fn a_filter_that_multiplies_its_text_is_stopped() {
    for (path, template) in [
        ("t.j2", "{{ model.text | regex_replace('x', model.text) }}"),
        ("t.j2", "{{ (model.text * 20) | regex_findall('(?=(.*))') | length }}"),
        ("t.j2", "{{ ('\\n' * 10000) | indent(model.text, true, true) }}"),
        ("t.j2", "{{ (model.text ~ '1-99999') | range_expand | length }}"),
        ("t.tera", "{{ model.text | regex_replace(pattern='x', replacement=model.text) }}"),
        ("t.tera", "{{ model.text | replace(from='x', to=model.text) | length }}"),
        ("t.tera", "{{ model.text | split(pat='') | join(sep=model.text) | length }}"),
        (
            "t.tera",
            "{{ model.text | replace(from='x', to='\\n') | indent(width=1000, blank=true) | indent(width=1000, blank=true) | length }}{{ model.text | replace(from='x', to='\\n') | indent(width=1000, blank=true) | length }}",
        ),
    ] {
        stopped(path, template);
    }
}

#[test]
fn slow_filters_in_a_loop_run_out_of_time() {
    for (path, template) in [
        ("t.j2", "{% for i in range(9999) %}{% set x = 'x' | password_hash('sha512', 'salt', 100000) %}{% endfor %}"),
        (
            "t.tera",
            "{% for i in range(end=9999) %}{% set x = 'x' | password_hash(hashtype='sha512', salt='salt', rounds=100000) %}{% endfor %}",
        ),
    ] {
        assert!(stopped(path, template).contains("took longer than 5 seconds"), "{template}");
    }
}

#[test]
fn the_next_device_has_a_budget_of_its_own() {
    stopped("t.j2", "{{ model.text | regex_replace('x', model.text) }}");

    assert_eq!(render_as("t.j2", "{{ 'abc' | regex_replace('b', 'x') }}", json!({})).unwrap(), "axc\n");
}
