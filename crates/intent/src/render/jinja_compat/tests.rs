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
        ("{{ '%s-%s' % (a, b[1]) ~ c }}", "{{ '%s-%s' |format (a, b[1]) ~ c }}"),
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
        ("{{ a ~ '\\n' }}", "{{ a ~ __text('\\n') }}"),
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
        source in "([{}%#'\"()\\[\\],.| an\n-]|\\.append\\(|é|'%d' % |\\{% (set a|for a in b|endfor|endset|include 'x'|block b|endblock) %\\}){0,40}",
        chained in any::<bool>(),
        changes in any::<bool>(),
    ) {
        let text = text(&source, Dialect { chained, changes });
        prop_assert_eq!(text.matches('\n').count(), source.matches('\n').count());
    }
}
