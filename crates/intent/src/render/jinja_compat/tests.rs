use proptest::prelude::*;

use super::*;

fn text(source: &str, dialect: Dialect) -> String {
    rewritten(source, dialect, &BTreeSet::new()).text
}

fn plain(source: &str) -> String {
    text(source, Dialect::default())
}

#[test]
fn formats_become_the_format_filter() {
    for (source, expected) in [
        ("{{ '%03d' % n }}", "{{ '%03d' |format( n) }}"),
        ("{{ '%s-%s' % (a, b[1]) ~ c }}", "{{ __str('%s-%s' |format (a, b[1])) ~ __str(c) }}"),
        ("{{ '%d' % (a + 1) }}", "{{ '%d' |format( (a + 1)) }}"),
        ("{{ '%d' % a.b['c'] | int + 1 }}", "{{ '%d' |format( a.b['c'] | int) + 1 }}"),
        ("{{ 7 % 3 }}", "{{ 7 % 3 }}"),
        ("'%d' % n {{ x }}", "'%d' % n {{ x }}"),
        ("{{ '%d' % }}", "{{ '%d' % }}"),
    ] {
        assert_eq!(plain(source), expected);
    }
}

#[test]
fn operands_of_a_tilde_become_pythons_texts() {
    for (source, expected) in [
        ("{{ a ~ 'x' ~ b.c }}", "{{ __str(a) ~ 'x' ~ __str(b.c) }}"),
        ("{{ 1 + a * 2 ~ -b | abs }}", "{{ 1 + __str(a * 2) ~ __str(-b | abs) }}"),
        (
            "{{ a is odd ~ b is not in c if d ~ e }}",
            "{{ __str(a is odd) ~ __str(b is not in c) if __str(d) ~ __str(e) }}",
        ),
        (
            "{%- set x = f(a ~ b)[0] ~ {'k': c} -%}",
            "{%- set x = __str(f(__str(a) ~ __str(b))[0]) ~ __str({'k': c}) -%}",
        ),
        ("{{- a ~ b -}}", "{{- __str(a) ~ __str(b) -}}"),
        ("{{ not a ~ b == c }}", "{{ not __str(a) ~ __str(b) == c }}"),
    ] {
        assert_eq!(plain(source), expected);
    }
}

#[test]
fn macros_take_defaults_and_further_arguments_as_python() {
    for (source, expected) in [
        (
            "{% macro m(a) %}{% endmacro %}",
            "{% macro m(a) %}{% if false %}{% set __sees = [a, m] %}{% endif %}{% endmacro %}",
        ),
        (
            "{%- macro m(a, b=a|int) -%}{%- endmacro -%}",
            "{%- macro m(a, b) -%}{% if b is __missing -%}{% set b = a|int -%}{% endif -%}{% if false -%}\
             {% set __sees = [a, b, m] -%}{% endif -%}{%- endmacro -%}{% set m = __macro(m, ['b'], false, false) -%}",
        ),
        (
            "{% macro m() %}{{ varargs }}{{ kwargs.a }}{% endmacro %}",
            "{% macro m(varargs, kwargs) %}{% if false %}{% set __sees = [kwargs, m, varargs] %}{% endif %}\
             {{ varargs }}{{ kwargs.a }}{% endmacro %}{% set m = __macro(m, [], true, true) %}",
        ),
    ] {
        assert_eq!(plain(source), expected);
    }
}

#[test]
fn literals_are_changeable_where_a_site_changes_any() {
    let changes = Dialect { changes: true, chained: false };
    assert_eq!(plain("{% set a = [] %}{{ a[0] }}"), "{% set a = [] %}{{ a[0] }}");
    assert_eq!(
        text("{% set a = [1, [2]] %}{% do a.append({'k': v[0]}) %}{% extends ['x'] %}", changes),
        "{% set a = __list([1, __list([2])]) %}{% set __done = a.append(__map({'k': v[0]})) %}{% extends ['x'] %}"
    );
}

#[test]
fn attributes_of_undefined_are_asked_where_avd_asks() {
    let chained = Dialect { chained: true, changes: false };
    for (source, expected) in [
        ("{{ a.b.c }}", "{{ ((a|__chain).b|__chain).c }}"),
        ("{{ a['b'][0] }}", "{{ ((a|__chain)['b']|__chain)[0] }}"),
        ("{{ a.b.items() }}", "{{ (a|__chain).b.items() }}"),
        ("{% set ns.x = a.b %}", "{% set ns.x = __hold((a|__chain).b) %}"),
        ("{% if a.b is arista.avd.defined(c.d) %}", "{% if (a|__chain).b is arista.avd.defined((c|__chain).d) %}"),
        ("{{ x | arista.avd.natural_sort('a.b') }}", "{{ x | arista.avd.natural_sort('a.b') }}"),
        (
            "{% for a in b %}{{ loop.index }}{{ 1.5 }}{% endfor %}",
            "{% for a in b %}{{ loop.index }}{{ 1.5 }}{% endfor %}",
        ),
        ("{{ loop.index }}", "{{ __loop.index }}"),
        ("{% if set.a[set] in [set] %}", "{% if ((set|__chain).a|__chain)[set] in __defined([set]) %}"),
        ("{{ (a or b).c }}", "{{ ((a or b)|__chain).c }}"),
    ] {
        assert_eq!(text(source, chained), expected);
    }
}

#[test]
fn imports_are_alone_unless_with_context() {
    for (source, expected) in [
        ("{% import 'm.j2' as m %}", "{% import __alone('m.j2') as m %}"),
        ("{% import 'm.j2' as m with context %}", "{% import 'm.j2' as m with context %}"),
        ("{% from 'm.j2' import a, b as c %}", "{% from __alone('m.j2', 'a', 'b') import a, b as c %}"),
        (
            "{%- include 'p.j2' without context -%}",
            "{%- with %}{%- include __alone('p.j2') without context -%}{% endwith -%}",
        ),
        ("{% include 'p.j2' %}", "{% with %}{% include 'p.j2' %}{% endwith %}"),
    ] {
        assert_eq!(plain(source), expected);
    }
}

#[test]
fn only_line_breaks_that_a_template_writes_are_its_own() {
    for (source, expected) in [
        ("{{ a | join('\\n') }}", "{{ a | join(__text('\\n')) }}"),
        ("{{ '\\n'.join(a) }}", "{{ __text('\\n').join(a) }}"),
        ("{{ a ~ '\\n' }}", "{{ __str(a) ~ __text('\\n') }}"),
        ("{{ a | replace('\\n', ' ') }}", "{{ a | replace('\\n', ' ') }}"),
        ("{{ a | replace(' ', '\\n') }}", "{{ a | replace(' ', __text('\\n')) }}"),
        ("{{ a == '\\n' }}", "{{ a == '\\n' }}"),
    ] {
        assert_eq!(plain(source), expected);
    }
}

#[test]
fn places_are_those_of_the_source_as_written() {
    let source = "{% include 'a' %}\n{{ a.b.c }}";
    let rewritten = rewritten(source, Dialect { chained: true, changes: false }, &BTreeSet::new());

    for name in ["include", "a.b", "b.c", "c }}"] {
        let (short, at) = (&name[..1], source.find(name).unwrap());
        let candidates = rewritten.text.match_indices(short).map(|(found, _)| rewritten.original(found));
        assert!(candidates.into_iter().any(|original| original == at), "{name}");
    }
}

proptest! {
    #[test]
    fn lines_keep_their_numbers(
        source in "([{}%#'\"()\\[\\],.| an\n-]|\\.append\\(|é|'%d' % |~ a |\\{% (set a|for a in b|macro a\\(b=c, d\\)|endmacro|endfor|endset|include 'x'|block b|endblock) %\\}){0,40}",
        chained in any::<bool>(),
        changes in any::<bool>(),
    ) {
        let text = text(&source, Dialect { chained, changes });
        prop_assert_eq!(text.matches('\n').count(), source.matches('\n').count());
    }
}
