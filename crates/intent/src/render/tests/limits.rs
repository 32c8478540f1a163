//! Templates that would take a machine's whole time or memory, each of which is an error of its device within seconds.

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
    ] {
        stopped(path, template);
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
