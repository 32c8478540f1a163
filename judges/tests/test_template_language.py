"""Where other engines differ from Jinja2 without a word: naas and Python render the same, or both refuse."""

import unittest

from judges.templates import Naas

Texts = dict[str, str]

DATA = {
    "n": 3,
    "names": ["leaf2", "leaf10", "leaf1"],
    "vlans": [{"id": 10, "name": "a"}, {"id": 9}],
    "deep": {"a": {"b": [1, 2]}, "empty": {}},
    "text": "Ethernet1 up  down",
    "none": None,
}

# An undefined in every place that a value can stand in. AVD's answers for its attributes, and for nothing else.
UNDEFINED = [
    "{% for x in typo %}x{% endfor %}",
    "{% for x in typo.a.b %}x{% endfor %}",
    "{% for x in names if typo %}x{% endfor %}",
    "{% if typo %}x{% endif %}",
    "{% if not typo %}x{% endif %}",
    "{% if typo and n %}x{% endif %}",
    "{% if none or typo %}x{% endif %}",
    "{% if n or typo %}x{% endif %}",
    "{% if typo == 1 %}x{% endif %}",
    "{% if typo != typo %}x{% endif %}",
    "{% if 1 in typo %}x{% endif %}",
    "{% if typo in names %}x{% endif %}",
    "{% if typo.a.b %}x{% endif %}",
    "{% if typo is defined %}x{% endif %}",
    "{% if typo.a.b is defined %}x{% endif %}",
    "{% if typo.a['b'][0] is arista.avd.defined %}x{% endif %}",
    "{% if deep.a.c.d is not arista.avd.defined(3) %}x{% endif %}",
    "{% if deep.a.b.c.d is arista.avd.defined %}x{% endif %}",
    "{{ typo }}",
    "{{ typo.a }}",
    "{{ typo ~ 'x' }}",
    "{{ 'x' ~ typo.a }}",
    "{{ typo + 1 }}",
    "{{ -typo }}",
    "{{ typo | join(',') }}",
    "{{ names | join(typo) }}",
    "{{ typo | length }}",
    "{{ typo | default('d') }}",
    "{{ typo.a.b | default('d') }}",
    "{{ typo.a.b | arista.avd.default('d') }}",
    "{{ typo | upper }}",
    "{{ typo | sort }}",
    "{{ typo | first }}",
    "{{ typo | list }}",
    "{{ typo | int }}",
    "{{ typo | string }}",
    "{{ typo | map('upper') | list }}",
    "{{ typo | selectattr('a') | list }}",
    "{{ typo | replace('a', 'b') }}",
    "{{ typo | arista.avd.natural_sort }}",
    "{{ typo.items() }}",
    "{{ typo() }}",
    "{{ typo[0] }}",
    "{{ deep[typo] }}",
    "{{ 'x' if typo is odd else 'y' }}",
    "{{ typo is even or typo is divisibleby(2) }}",
    "{{ typo is lower }}",
    "{{ typo is eq(1) }}",
    "{{ 1 is lt(typo) }}",
    "{{ typo is in(names) }}",
    "{{ 'x' if typo else 'y' }}",
    "{{ 'x' if typo.a is defined else 'y' }}",
    "{{ '%s' % typo }}",
    "{{ [1, typo] | join(',') }}",
    "{% set a = typo %}{{ a is defined }}",
    "{% set a = typo.b.c %}{{ a is defined }}",
]

SCOPE: dict[str, tuple[str, Texts]] = {
    "a set in an included file stays there": (
        "{% set state = 'no shutdown' %}{% include 'p.j2' %} {{ state }}",
        {"p.j2": "{% set state = 'shutdown' %}{{ state }}"},
    ),
    "an included file sees the variables around it": (
        "{% set a = 1 %}{% for b in [2] %}{% with c = 3 %}{% include 'p.j2' %}{% endwith %}{% endfor %}",
        {"p.j2": "{{ a }}{{ b }}{{ c }}{{ n }}"},
    ),
    "without context there are no variables": ("{% set a = 1 %}{% include 'p.j2' without context %}", {"p.j2": "{{ a is defined }}{{ n is defined }}x"}),
    "without context an undefined is refused": ("{% include 'p.j2' without context %}", {"p.j2": "{{ n }}"}),
    "without context in a loop": (
        "{% for x in [1, 2] %}{% include 'p.j2' without context %}{{ x }}{% endfor %}",
        {"p.j2": "\n{% set x = 7 %}{{ x }}{% include 'q.j2' %}\n", "q.j2": "{{ x }}{{ n is defined }}"},
    ),
    "an imported macro does not see the importer's variables": (
        "{% set a = 1 %}{% from 'm.j2' import m %}{{ m() }}",
        {"m.j2": "{% macro m() %}{{ a is defined }}{{ n is defined }}{% endmacro %}"},
    ),
    "an imported module does not see them either": (
        "{% import 'm.j2' as m %}{{ m.a }}{{ m.m(2) }}",
        {"m.j2": "{% set a = n is defined %}{% set k = 5 %}{% macro m(x) %}{{ x + k }}{{ host is defined }}{% endmacro %}"},
    ),
    "with context it does": (
        "{% import 'm.j2' as m with context %}{{ m.m() }}",
        {"m.j2": "{% macro m() %}{{ n }}{% endmacro %}"},
    ),
    "a name that a module lacks is no variable around it": ("{% from 'm.j2' import n %}{{ n is defined }}", {"m.j2": "{% set a = 1 %}"}),
    "an imported macro includes a file": (
        "{% from 'm.j2' import m %}{{ m(1) }}",
        {"m.j2": "{% set own = 4 %}{% macro m(x) %}{% include 'p.j2' %}{% endmacro %}", "p.j2": "{{ x }}{{ n is defined }}{{ own }}"},
    ),
    "the defaults of a macro see what is around it": (
        "{% set k = 5 %}{% macro m(a, b=k, c=n) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }}",
        {},
    ),
    "the defaults of an imported macro do not see the importer": (
        "{% from 'm.j2' import m %}{{ m() }}",
        {"m.j2": "{% macro m(a=n is defined) %}{{ a }}{% endmacro %}"},
    ),
    "a macro that includes a file hands on what is set": (
        "{% set a = 1 %}{% macro m(x) %}{% include 'p.j2' %}{% endmacro %}{{ m(2) }}",
        {"p.j2": "{{ x }}{{ n }}{{ a }}"},
    ),
    "a computed name is imported alone too": (
        "{% set which = 'm' %}{% import which ~ '.j2' as m %}{{ m.m() }}",
        {"m.j2": "{% macro m() %}{{ which is defined }}{{ n is defined }}{% endmacro %}"},
    ),
    "a set in a set block stays there": ("{% set a = 1 %}{% set x %}{% set a = 2 %}{{ a }}{% endset %}{{ x }}{{ a }}", {}),
    "a set in a filter stays there": ("{% set a = 'b' %}{% filter upper %}{% set a = 'c' %}{{ a }}{% endfilter %}{{ a }}", {}),
    "a set in a loop stays in its round": (
        "{% set a = 0 %}{% for x in [1, 2] %}{{ a }}{% set a = x %}{{ a }}{% endfor %}{{ a }}",
        {},
    ),
    "a set in the else of a loop stays there": ("{% set a = 0 %}{% for x in [] %}{% else %}{% set a = 1 %}{{ a }}{% endfor %}{{ a }}", {}),
    "a set in an if does not stay there": ("{% if n %}{% set a = 1 %}{% endif %}{{ a }}", {}),
    "a set in a with stays there": ("{% set a = 0 %}{% with %}{% set a = 1 %}{{ a }}{% endwith %}{{ a }}", {}),
    "a block does not see the loop around it": (
        "{% for x in [1, 2] %}{% block b %}{{ x is defined }}{{ loop is defined }}{% endblock %}{% endfor %}",
        {},
    ),
    "a scoped block does": ("{% for x in [1, 2] %}{% block b scoped %}{{ x }}{{ loop.index }}{% endblock %}{% endfor %}", {}),
    "a block sees the variable that a loop hides": (
        "{% set x = 'top' %}{% for x in [1, 2] %}{% block b %}{{ x }}{% endblock %}{{ x }}{% endfor %}",
        {},
    ),
    "a block of a child does not see the parent's loop": (
        "{% extends 'base.j2' %}{% block b %}{{ x is defined }}{{ n }}{% endblock %}",
        {"base.j2": "{% for x in [1, 2] %}{% block b %}{% endblock %}{% endfor %}"},
    ),
    "a block in a block does not see what that sets": (
        "{% block a %}{% set x = 1 %}{% block b %}{{ x is defined }}{% endblock %}{% endblock %}",
        {},
    ),
    "an included file sees loop only if it is used": ("{% for x in [1, 2] %}{% include 'p.j2' %}{% endfor %}", {"p.j2": "{{ loop is defined }}{{ x }}"}),
    "and then it does": (
        "{% for x in [1, 2] %}{{ loop.index }}{% include 'p.j2' %}{% endfor %}",
        {"p.j2": "{{ loop.last }}{% for y in [1] %}{{ loop.length }}{% endfor %}"},
    ),
    "the loop outside of a loop": (
        "{% for x in [1, 2] %}{{ loop.index }}{% for y in [3] %}{% include 'p.j2' %}{% endfor %}{% endfor %}",
        {"p.j2": "{{ loop.index }}"},
    ),
    "a caller sees what is around the call": (
        "{% macro m() %}[{{ caller() }}]{% endmacro %}{% for x in [1, 2] %}{% call m() %}{{ x }}{{ loop.index }}{% endcall %}{% endfor %}",
        {},
    ),
    "white space around what is scoped": (
        "a\n{%- set x -%}\n b\n{%- set y = 1 -%}\n c {%- endset -%}\n d {{ x }}\n{% include 'p.j2' %}\n e {%- include 'p.j2' -%} f\n",
        {"p.j2": "  p\n\n"},
    ),
}

CHANGES = [
    "{% set a = [] %}{% set b = [a] %}{% do a.append(1) %}{{ b }}",
    "{% set a = [] %}{% set b = [] %}{% do b.append(a) %}{% do a.append(1) %}{{ b }}",
    "{% for item in vlans %}{% do item.update({'name': 'x'}) %}{% endfor %}{{ vlans }}{{ model.vlans }}",
    "{% set m = {} %}{% do m.setdefault('k', []).append(1) %}{% do m.setdefault('k', []).append(2) %}{{ m }}",
    "{% set m = dict(a=1) %}{% do m.update({'b': 2}) %}{% do m.update(c=3) %}{{ m }}",
    "{% set a = names | list %}{% do a.append('x') %}{{ a }}{{ names }}",
    "{% set a = 'a b'.split() %}{% do a.append('c') %}{{ a }}",
    "{% set a = names | sort %}{% do a.append('c') %}{{ a }}",
    "{% set a = vlans | arista.avd.natural_sort('id') %}{% do a[0].update({'x': 1}) %}{{ vlans }}",
    "{% set m = deep | combine({'c': 1}) %}{% do m.a.b.append(3) %}{{ deep }}{{ m }}",
    "{% set m = deep | arista.avd.default({}) %}{% do m.update({'x': 1}) %}{{ deep }}",
    "{% for kv in deep | dict2items %}{% do kv.value.update({'x': 1}) %}{% endfor %}{{ deep }}",
    "{% set a = vlans | selectattr('name', 'defined') | list %}{% do a[0].update({'name': 'z'}) %}{{ vlans }}",
    "{% set a = names.copy() %}{% do a.append('x') %}{{ names }}{{ a }}",
    "{% set m = deep.copy() %}{% do m.update({'x': 1}) %}{% do m.a.update({'y': 2}) %}{{ deep }}{{ m }}",
    "{% do names.sort() %}{{ names }}{% do names.reverse() %}{{ names }}{% do names.clear() %}{{ names }}",
    "{% do names.insert(1, 'x') %}{{ names.pop() }}{{ names.pop(0) }}{{ names }}{% do names.remove('x') %}{{ names }}",
    "{{ deep.pop('a') }}{{ deep.pop('gone', 7) }}{{ deep }}",
    "{% do names.extend(names) %}{{ names }}",
    "{% set ns = namespace(l=[]) %}{% for x in names %}{% do ns.l.append(x) %}{% endfor %}{{ ns.l }}",
    "{% do text.append(1) %}",
    "{% do deep.append(1) %}",
    "{% do (names | map('upper')).append(1) %}",
    "{% set a = [1, 2] %}{{ a.index(2) }}{{ a.count(1) }}{{ a == [1, 2] }}{{ a < [1, 3] }}{{ 2 in a }}{{ a[-1] }}{{ a[:1] }}",
]

BREAKS = [
    "{{ names | join('\\n') }}",
    "{{ names | join('\\n ! \\n') }}",
    "{{ '\\n'.join(names) }}",
    "{{ 'a' ~ '\\n' ~ n }}",
    "{{ '%s\\n%s' % (n, text) }}",
    "{{ '%s\\n%s' | format(n, text) }}",
    "{{ text | replace(' ', '\\n') }}",
    "{% set sep = '\\n' %}{{ names | join(sep) }}",
    "{{ names | join('\n') }}",
    "{% for x in names %}{{ x ~ '\\n' }}{% endfor %}",
    "{{ 'a\\nb'.split('\\n') }}{{ 'a\\n' == 'a\\n' }}",
]

METHODS = [
    "'42'.zfill(5)", "'-42'.zfill(5)", "'a'.ljust(3) ~ '|'", "'a'.ljust(3, '.')", "'a'.rjust(3, '.')", "'ab'.center(5, '.')",
    "'abc'.center(6, '.')", "'a b c'.rsplit(' ', 1)", "'a  b c'.rsplit()", "'a,b'.split(',', maxsplit=1)", "' a  b '.split()",
    "'a b c'.split(None, 1)", "'Et1/2'.partition('/')", "'Et1'.partition('/')", "'a/b/c'.rpartition('/')", "'a'.rpartition('/')",
    "'Ethernet1'.removeprefix('Ethernet')", "'Ethernet1'.removesuffix('1')", "'aXb'.swapcase()", "'AB'.casefold()",
    "'a\\tb'.expandtabs(4)", "'abcb'.index('b')", "'abcb'.rindex('b')", "'abc'.index('x')", "'12'.isdecimal()", "'a1'.isidentifier()",
    "'a b'.isprintable()", "'Ab Cd'.istitle()", "'aB'.istitle()", "','.join(['a', 'b'])", "','.join([1])", "'a\\nb\\rc'.splitlines()",
    "'ab'.find('b')", "'ab'.startswith('a')", "'ab'.endswith(('x', 'b'))", "'{}-{}'.format(1, 'a')", "'ab'.replace('a', 'x')",
    "'aab'.count('a')", "'ab'.title()", "'ab'.capitalize()", "' a '.strip() ~ '|'", "'xax'.strip('x')", "'ab'.upper()", "'AB'.lower()",
    "'12'.isdigit()", "'ab'.isalpha()", "'a1'.isalnum()", "'ab'.islower()", "'AB'.isupper()", "' '.isspace()", "'a'.isascii()",
    "[1, 2].index(2)", "[1, 2].count(1)", "[1, 2].copy()", "{'a': 1}.copy()", "{'a': 1}.get('b')", "{'a': 1}.get('b', 2)",
    "{'a': 1}.keys() | list", "{'a': 1}.values() | list", "{'a': 1}.items() | list",
    "'ab' | center(6) ~ '|'", "'a long text that is cut' | truncate(10)", "'a long text that is cut' | truncate(10, true)",
    "'a long text' | truncate(9, false, '~', 0)", "'abc' | truncate(2)", "{'b': 1, 'A': 2} | dictsort", "{'b': 1, 'A': 2} | dictsort(true)",
    "{'b': 1, 'a': 2} | dictsort(false, 'value')", "{'b': 1, 'a': 2} | dictsort(by='value', reverse=true)",
    "'text' is sequence", "[1] is sequence", "{} is sequence", "1 is sequence", "'a' is iterable", "none is iterable", "{'a': 1} is mapping",
    "1.0 is float", "1 is integer", "true is boolean", "1 is number", "'a' is string", "'a' is in 'abc'", "3 is divisibleby(3)",
    "cycler('a', 'b').next()", "range(3)", "range(1, 9, 3)", "range(3) | list", "range(5, 1, -2) | list", "range(3)[-1]", "range(9) | length", "joiner(', ')()", "'1.10' is version('1.9', '>')", "'1.10' is version('1.9', 'lt')", "'leaf1' is regex('f[0-9]')",
    "'leaf1' is match('l')", "'leaf1' is search('f1$')", "[1] is issubset([1, 2])", "[1, 2] is issuperset([1])", "[1] is subset([1, 2])",
    "{'b': [1, {'c': 'yes'}], 'a': none, 'd': [], 'e': 'x: y'} | to_nice_yaml | replace('\\n', '|')", "'abc' | b64encode", "'YWJj' | b64decode",
    "[{'n': 1, 'l': [2, 3]}] | subelements('l')", "[1, [2, [3]]] | flatten", "12345678901234567890123", "18446744073709551616 + 1",
    "'1_000' | int", "'0x1f' | int(0, 16)", "'0x1f' | int", "'0b11' | int(0, 0)", "'010' | int", "'-1.9' | int", "'1__0' | int", "'inf' | int(4)",
    "true | float", "'1_0.5' | float", "'x' | float(2.5)", "[] | float", "'.5' | float",
    "'a\n' is search('a$')", "'a\nb' is search('a$')", "'a$b' is search('[$]b')", "'ab' is search('b\\\\Z')", "'a\n' | regex_replace('$', 'x') | length",
    "{'b': 1, 'a': [1.0, 1e16, none]} | to_json(sort_keys=true)", "[1, 'é'] | to_json(indent=0) | replace('\n', '|')",
    "['yes', 'n', 'a: b', '1e3', '1.5e+3', 'é', \"it's\", '-x', '- x', 'a:', '0x1', '1:30', '2024-01-01', '', '~', 1e16] | to_nice_yaml | replace('\n', '|')",
    "'x' | to_nice_yaml | replace('\n', '|')", "1 | to_yaml | replace('\n', '|')", "'the quick fox' | wordwrap(6, true, '|')",
    "'10.0.0.0/30' | ansible.utils.usable_range", "'10.0.0.1' | usable_range", "'2001:db8::/127' | usable_range", "'10.0.0.1/30' | usable_range",
    "'x' | arista.avd.encrypt(passwd_type='bgp', key='k')", "none | arista.avd.encrypt(passwd_type='bgp', key='k')", "5 | arista.avd.encrypt('bgp', 'k')",
    "'x' | arista.avd.encrypt(passwd_type='isis', key='k', mode='sha-256')", "'x' | arista.avd.encrypt('ospf_simple', 'k')",
    "'x' | arista.avd.encrypt(passwd_type='ospf_message_digest', key='k', hash_algorithm='md5', key_id=3)",
    "'x' | arista.avd.encrypt(passwd_type='ntp', salt=7)", "'0717' | arista.avd.decrypt(passwd_type='tacacs')", "'x' | arista.avd.encrypt(passwd_type='ntp', salt=16)",
    "'x' | arista.avd.encrypt(passwd_type='zzz', key='3')", "'x' | arista.avd.encrypt(passwd_type='bgp')",
    "'dPgg4ljAFUU=' | arista.avd.decrypt(passwd_type='bgp', key='PG')", "'dPgg4ljAFUU=' | arista.avd.decrypt(passwd_type='bgp', key='PX')",
    "{'passphrase': 'maple', 'auth': 'sha512', 'engine_id': '0a0b'} | arista.avd.snmp_hash",
    "{'passphrase': 'maple', 'auth': 'md5', 'engine_id': '0a0b', 'priv': 'aes256'} | arista.avd.snmp_hash",
    "'pw' | arista.avd.secure_hash('salt')", "'pw' | arista.avd.secure_hash('salt', 'x')", "range is callable", "1 is callable", "joiner() is callable",
]  # fmt: skip


# Macros: what was passed, what was left out, and what a macro has no name for.
MACROS = [
    "{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(1) }}",
    "{% macro m(a='d') %}{{ a is defined }}{% endmacro %}{{ m(typo) }}{{ m(a=typo) }}{{ m() }}",
    "{% macro m(a, b=n, c=b) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }}{{ m(1, c=2) }}",
    "{% macro o(x) %}{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(x) }}{% endmacro %}{{ o(4) }}",
    "{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}",
    "{% macro m(a=b, b=1) %}{{ a }}{% endmacro %}{{ m() }}",
    "{% set b = 7 %}{% macro m(a=b, b=1) %}{{ a }}{% endmacro %}{{ m() }}",
    "{% set a = 7 %}{% macro m(a=a) %}{{ a }}{% endmacro %}{{ m() }}",
    "{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, k=4) }}{{ m(1) }}",
    "{% macro m() %}{% for v in varargs %}{{ v }},{% endfor %}{% for k, v in kwargs.items() %}{{ k }}={{ v }}{% endfor %}{% endmacro %}{{ m(1, 'x', b=2) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}",
    "{% macro m(a, b=2) %}{{ a }}{% endmacro %}{{ m(1, 2, 3) }}",
    "{% macro m(a, b=2) %}{{ a }}{% endmacro %}{{ m(1, c=3) }}",
    "{% macro m(a, b=2) %}{{ a }}{% endmacro %}{{ m(1, a=3) }}",
    "{% macro m(a, b=2) %}{{ a }}{{ caller() }}{% endmacro %}{% call m(1) %}x{% endcall %}",
    "{% macro m(a, b=2) %}{{ a }}{{ varargs }}{{ caller(5) }}{% endmacro %}{% call(z) m(1, 2, 7) %}x{{ z }}{% endcall %}",
    "{% macro m(n) %}{{ n }}{% if n %}{{ m(n - 1, 9) }}{% endif %}{{ varargs | length }}{% endmacro %}{{ m(2) }}",
    "{% macro m(n, k='a') %}{{ k }}{% if n %}{{ m(n - 1, k=k ~ 'b') }}{% endif %}{% endmacro %}{{ m(2) }}",
    "{% macro m(a, b=[]) %}{% do b.append(a) %}{{ b }}{% endmacro %}{{ m(1) }}{{ m(2) }}",
    "{% macro m(a='x|y', b=\"q,(\", c={'k': [1, 2]}) %}{{ a }}{{ b }}{{ c.k }}{% endmacro %}{{ m() }}{{ m(c={'k': 1}) }}",
    "{%- macro m(a, b = 1) -%}   x {{ b }}  {%- endmacro -%}   {{ m(1) }}",
    "{% for i in [1, 2] %}{% macro m(a, b=i) %}{{ b }}{% endmacro %}{{ m(0) }}{% endfor %}",
]

# What Python makes one by one is true, has no length, and is empty once it was walked.
GENERATORS = [
    "{% if [] | select('defined') %}x{% endif %}",
    "{% if [] | map('upper') %}x{% endif %}{% if [] | selectattr('a') %}y{% endif %}{% if [] | unique %}z{% endif %}",
    "{% if [] | batch(2) %}x{% endif %}{% if {} | items %}y{% endif %}{% if [] | reverse %}z{% endif %}",
    "{% if {}.items() %}x{% endif %}{% if {}.keys() %}x{% endif %}",
    "{% set x = names | map('upper') %}{{ x | list }}{{ x | list }}",
    "{% set x = names | select('string') %}{% for a in x %}{{ a }}{% endfor %}{% for a in x %}{{ a }}{% endfor %}",
    "{% set x = names | reverse %}{{ x | list }}{{ x | list }}{{ names | map('upper') | reverse }}{{ 'abc' | reverse }}",
    "{{ names | map('upper') | length }}",
    "{{ names | select | length }}",
    "{{ (names | map('upper'))[0] is defined }}",
    "{{ names | map('upper') is iterable }}{{ names | map('upper') is sequence }}",
    "{% for x in names | map('upper') %}{{ loop.index }}/{{ loop.length }}{{ x }}{{ loop.last }}{{ loop.revindex }}{{ loop.nextitem is defined }}{% endfor %}",
    "{{ deep.items() }}{{ deep.keys() }}{{ deep.values() }}{{ deep.items() | list }}{{ deep.items() | length }}{{ 'a' in deep.keys() }}",
    "{{ vlans | groupby('id') }}{{ 'a1b2' | regex_findall('([a-z])([0-9])') }}",
]

# An attribute that an item has not is refused, wherever it would empty or reorder a list.
ATTRIBUTES = [
    "{{ vlans | selectattr('nme') | list }}",
    "{{ vlans | rejectattr('nme') | list }}",
    "{{ vlans | selectattr('name') | list }}",
    "{{ vlans | selectattr('name', 'defined') | list }}",
    "{{ vlans | selectattr('nme', 'equalto', 1) | list }}",
    "{{ vlans | rejectattr('name', 'undefined') | list }}",
    "{{ vlans | sum(attribute='nme') }}",
    "{{ vlans | sum('nme') }}",
    "{{ vlans | sum('id', 5) }}{{ vlans | sum(attribute='id') }}",
    "{{ vlans | sort(attribute='nme') }}",
    "{{ vlans | sort(true, true, 'id') }}{{ names | sort(true) }}{{ ['b', 'A', 'a'] | sort(case_sensitive=true) }}",
    "{{ vlans | groupby('nme') }}",
    "{{ vlans | groupby('name', default='x') }}",
    "{{ vlans | unique(attribute='nme') | list }}",
    "{{ ['b', 'A', 'a'] | unique(true) | list }}",
    "{{ vlans | min(attribute='nme') }}",
    "{{ vlans | max(attribute='id') }}",
    "{{ vlans | join(',', attribute='nme') }}",
    "{{ vlans | join(',', 'id') }}",
    "{{ vlans | map(attribute='nme') | join(',') }}",
    "{{ [typo] | select | list }}",
    "{{ [typo] | unique | list }}",
    "{{ {'k': typo} | tojson }}",
]

# Python's text of numbers, lists and maps, wherever it is made.
TEXTS = [
    "{{ 1e16 }}{{ [1e16] }}{{ 1e16 ~ '' }}{{ 1e16 | string }}{{ [1e16] | join }}{{ '%s' % 1e16 }}{{ '{}'.format(1e16) }}",
    "{{ 1.5 ~ 'a' ~ [1e16] ~ none ~ true }}{{ n ~ names }}{{ -n ~ 1 }}{{ n + 1 ~ 2 }}{{ n * 2 ~ 'x' }}{{ n is odd ~ 'x' }}",
    "{{ 'a' ~ n is not even ~ 'b' }}{{ names[0] ~ names[-1][1:] ~ deep.a.b | length }}{{ 'x' ~ (n if n else 1) ~ 'y' if n else 'z' }}",
    "{{ ('a' ~ 'b').upper() ~ {'a': 'x' ~ 1}['a'] ~ ['c' ~ 'd'][0] }}{{ dict(a=1 ~ 2) }}{{ 'a' ~ 'b' in names }}{{ not 'a' ~ '' }}",
    "{%- set x = - n ~ 'a' -%}{{ x -}} {{- n ~ -n -}}",
    "{% for i in 'a' ~ 'b' %}{{ loop.index ~ i }}{% endfor %}{% if 1 ~ 2 == '12' and 'a' ~ 'b' != 'x' %}y{% elif n ~ 1 %}z{% endif %}",
    "{{ [\"it's\", 'a\"b', 'a\\\\b', 'é', true, none, 1.0, (1,), (), {'a': [()]}] }}",
    "{{ 1e22 }} {{ 1.0 }} {{ 0.1 + 0.2 }} {{ 1e-5 }} {{ -0.0 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2 ** -1 }} {{ -2 ** 2 }}",
    "{{ 2.5 | round }} {{ 3.5 | round }} {{ 1.15 | round(1) }} {{ 1234 | round(-2) }} {{ 2.5 | round(0, 'ceil') }} {{ 2.5 | round | int }}",
]


# Statements of every kind, and the white space around them.
BLOCKS = [
    "{% for x in [{'n': 1, 'c': [{'n': 2, 'c': []}]}] recursive %}{{ x.n }}{{ loop.depth }}{% if x.c %}[{{ loop(x.c) }}]{% endif %}{% endfor %}",
    "{% for x in [1, 1, 2] %}{{ loop.changed(x) }}{{ loop.cycle('a', 'b') }}{{ loop.previtem is defined }}{{ loop.depth0 }}{% endfor %}",
    "{% set ns = namespace(a=1, b=[]) %}{% for x in [1, 2] %}{% set ns.a = ns.a + x %}{% do ns.b.append(x) %}{% endfor %}{{ ns.a }}{{ ns.b }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, d) = (3, 4) %}{{ c }}{{ d }}",
    "a {#- comment -#} b {# {{ x }} #} c",
    "a  {%- if true %} b {% endif -%}  c",
    "  {%+ if true %} b {%+ endif %}",
    "{% set x %}a{{ 1 }}{% endset %}{{ x }}{{ x | length }}{{ x ~ 'b' }}{% set x | upper %}abc{% endset %}{{ x }}",
    "{% filter replace('a', 'b') | upper %}aac{% endfilter %}",
    "{{ 'a' if false }}{{ ('a' if false) is defined }}",
    "{{ ('a' if false) ~ 'b' }}",
    "{% for a in names %}{% if loop.first %}{% continue %}{% endif %}{% if loop.index == 3 %}{% break %}{% endif %}{{ a }}{% else %}none{% endfor %}",
    "{% for k in {'b': 1, 'a': 2} %}{{ k }}{% endfor %}{% for k, v in {'b': 1, 'a': 2} | dictsort %}{{ k }}{{ v }}{% endfor %}",
    "{% for g in vlans | groupby('id') %}{{ g.grouper }}{{ g.list | length }}{% endfor %}{{ vlans | groupby('id') | map('first') | list }}",
    "{{ names | batch(2) | map('join', '-') | list }}{{ [1, 2, 3] | batch(2, 0) | list }}{{ [1, 2, 3, 4, 5] | slice(3, 'x') | list }}",
    "{% macro a() %}{% set x = 1 %}{{ x }}{% endmacro %}{{ a() }}{{ x is defined }}{% for i in [1] %}{% set z = 3 %}{% endfor %}{{ z is defined }}",
    "{% block a %}x{{ n }}{% endblock %}{{ self.a() }}",
    "{% for set in ['a'] %}{% if set in ['a', 'b'] %}{{ {'set': {'a': 1}}.set[set] }}{% endif %}{% endfor %}",
    "{% set c = cycler('x', 'y') %}{{ c.next() }}{{ c.next() }}{{ c.current }}{% set j = joiner('|') %}{{ j() }}{{ j() }}",
    "{{ 'a' 'b' }}{{ 'a' ~ 'b' * 3 }}{{ 10 / 2 }}{{ 10 // 3 }}{{ 1 + 1.0 }}{{ - 3 | abs }}{{ 1_000 }}{{ 0x1f }}{{ '\\u00e9' }}",
]


class TemplateLanguageTest(unittest.TestCase):
    """Each case is rendered by both in this run."""

    naas: Naas

    @classmethod
    def setUpClass(cls) -> None:
        cls.naas = cls.enterClassContext(Naas())

    def same(self, case: str, template: str, texts: Texts | None = None, data: dict[str, object] | None = None) -> str | None:
        """What both make of it."""
        comparison = self.naas.compared(case, {"t.j2": template, **(texts or {})}, "t.j2", DATA if data is None else data)
        with self.subTest(case):
            self.assertTrue(comparison.same, str(comparison))
        return comparison.naas

    def test_an_undefined_is_refused_where_python_refuses_it(self) -> None:
        for template in UNDEFINED:
            self.same(f"strict {template}", template.replace("arista.avd.defined(3)", "defined").replace("arista.avd.defined", "defined"))
            self.same(f"AVD {template}", template + "{# arista.avd. #}")
            self.same(f"AVD, included {template}", "{% include 'p.j2' %}", {"p.j2": template + "{# arista.avd. #}"})

    def test_macros_take_arguments_as_in_python(self) -> None:
        for template in MACROS:
            self.same(template, template)

    def test_generators_are_walked_once(self) -> None:
        for template in GENERATORS:
            self.same(template, template)

    def test_an_attribute_that_is_missing_is_refused(self) -> None:
        for template in ATTRIBUTES:
            self.same(template, template)

    def test_texts_are_pythons(self) -> None:
        for template in TEXTS:
            self.same(template, template)

    def test_a_list_that_holds_an_undefined_is_never_printed(self) -> None:
        # Python prints the word Undefined into the configuration.
        for template in ("{{ [typo] }}", "{{ {'a': [typo]} }}", "{{ 1 ~ {'k': typo} }}", "{{ [typo] | string }}", "{{ '%s' % [typo] }}"):
            self.assertIn("undefined", self.naas.rendered({"t.j2": template}, "t.j2", DATA)["error"], template)

    def test_what_has_no_text_is_never_printed(self) -> None:
        # Python prints an address in memory, or a class.
        for template in ("{{ names | map('upper') }}", "{{ range }}", "{% macro m() %}{% endmacro %}{{ m }}", "{{ cycler('a') }}", "{{ namespace(a=1) }}"):
            self.assertIn("prints ", self.naas.rendered({"t.j2": template}, "t.j2", DATA).get("error", ""), template)

    def test_a_width_counts_letters_or_is_refused(self) -> None:
        for template in ("{{ '%5s|' % 'é' }}", "{{ '{:>5}'.format('é') }}"):
            self.assertIn("a width cannot be given", self.naas.rendered({"t.j2": template}, "t.j2", DATA).get("error", ""), template)
        for template in ("{{ '%s é %s' % ('é', 5) }}", "{{ '{0} {1}'.format('é', 1) }}", "{{ '%-8s|' % 'ab' }}"):
            self.same(template, template)

    def test_loops_blocks_and_white_space_are_pythons(self) -> None:
        for template in BLOCKS:
            self.same(template, template)

    def test_variables_are_seen_where_python_sees_them(self) -> None:
        for case, (template, texts) in SCOPE.items():
            self.same(case, template, texts)
            self.same(f"AVD: {case}", template + "{# arista.avd. #}", texts)

    def test_changes_in_place_are_seen_where_python_sees_them(self) -> None:
        for template in CHANGES:
            self.same(template, template)
            self.same(f"AVD {template}", template + "{# arista.avd. #}")

    def test_a_template_may_write_line_breaks(self) -> None:
        for template in BREAKS:
            self.assertIsNotNone(self.same(template, template), template)

    def test_methods_filters_and_tests_are_pythons(self) -> None:
        for expression in METHODS:
            self.same(expression, "{{ " + expression + " }}", {}, {})
