"""Which filters, tests, functions and methods of Jinja2, Python and pyavd naas knows, by their own lists."""

import unittest
from collections.abc import Iterable

import jinja2
from jinja2.defaults import DEFAULT_NAMESPACE
from pyavd.j2filters import __all__ as avd_filters

from judges.templates import Naas

# For pages of the web, not for configurations.
WEB = {"escape", "e", "forceescape", "urlencode", "urlize", "xmlattr", "striptags", "filesizeformat", "pprint", "wordcount", "wordwrap", "safe"}
# pyavd's filters for its documentation: the table of contents of a page, and a test's result as a picture.
NOT_FOR_CONFIGURATION = {"add_md_toc", "status_render"}
# Methods that a template of a configuration has no use for.
MISSING_METHODS = {
    str: {"encode", "format_map", "maketrans", "translate"},
    list: set(),
    dict: {"fromkeys"},
    tuple: set(),
}  # fmt: skip


class TemplateNamesTest(unittest.TestCase):
    """Every name is asked for in this run. What is missing is listed here and in `docs/conformance.md`."""

    naas: Naas

    @classmethod
    def setUpClass(cls) -> None:
        cls.naas = cls.enterClassContext(Naas())

    def unknown(self, names: Iterable[str], template: str, said: str) -> set[str]:
        """The names that naas says it does not know."""
        return {name for name in names if said in self.naas.rendered({"t.j2": template.replace("NAME", name)}, "t.j2", {}).get("error", "")}

    def test_the_filters_that_are_missing_are_listed(self) -> None:
        names = set(jinja2.Environment().filters) - WEB | {f"arista.avd.{name}" for name in set(avd_filters) - NOT_FOR_CONFIGURATION}
        self.assertEqual(self.unknown(names, "{{ 1 | NAME }}", "unknown filter"), set())

    def test_the_tests_that_are_missing_are_listed(self) -> None:
        names = {name for name in jinja2.Environment().tests if name.isidentifier()} | {"arista.avd.defined", "arista.avd.contains"}
        self.assertEqual(self.unknown(names - {"escaped"}, "{{ 1 is NAME }}", "unknown test"), set())

    def test_the_functions_that_are_missing_are_listed(self) -> None:
        self.assertEqual(self.unknown(DEFAULT_NAMESPACE, "{{ NAME(1) }}", "unknown function"), set())

    def test_the_methods_that_are_missing_are_listed(self) -> None:
        literals = {str: "'a'", list: "[1]", dict: "{'a': 1}", tuple: "(1, 2)"}
        for kind, literal in literals.items():
            names = [name for name in dir(kind) if not name.startswith("_")]
            unknown = self.unknown(names, "{{ " + literal + ".NAME() }}{# .append( #}", "has no method")
            self.assertEqual(unknown, MISSING_METHODS[kind], kind)
