"""The inventory's data by its own names, as Nornir and Ansible give it to templates."""

import unittest
from typing import Any

from judges.templates import Comparison, Naas

HOST = {"name": "leaf1", "groups": ["leaf", "fra"], "vlans": [10, 20], "site": {"name": "fra"}}
OTHERS = {"spine1": {"asn": 65001}}


class TemplateVariablesTest(unittest.TestCase):
    """Each case is rendered by both in this run."""

    naas: Naas

    @classmethod
    def setUpClass(cls) -> None:
        cls.naas = cls.enterClassContext(Naas())

    def compared(self, template: str, jinja: dict[str, Any], **data: Any) -> Comparison:
        """What both make of a template with a site's settings."""
        inventory = {"jinja": jinja, "hosts": OTHERS}
        return self.naas.compared(template, {"t.j2": template}, "t.j2", {**data, "host": HOST, "inventory": inventory})

    def assert_same(self, template: str, jinja: dict[str, Any], expected: str, **data: Any) -> None:
        """Both render `expected`."""
        comparison = self.compared(template, jinja, **data)
        self.assertTrue(comparison.same, str(comparison))
        self.assertEqual(comparison.naas, expected, str(comparison))

    def test_host_data_has_its_own_names_for_nornir_and_ansible(self) -> None:
        for variables in ("nornir", "ansible"):
            template = "{% if vlans is defined %}{% for v in vlans %}vlan {{ v }} {% endfor %}{% endif %}{{ site.name }}"
            self.assert_same(template, {"variables": variables}, "vlan 10 vlan 20 fra")
            self.assert_same("{{ vlans }}{{ model.vlans }}{{ host.vlans }}", {"variables": variables}, "77[10, 20]", vlans=7)

    def test_ansibles_own_variables_are_there(self) -> None:
        template = "{{ inventory_hostname }} {{ ansible_host }} {{ group_names }} {{ groups.leaf }} {{ groups['all'] }}{{ groups | list }}"
        self.assert_same(template, {"variables": "ansible"}, "leaf1 192.0.2.1 ['fra', 'leaf'] ['leaf1'] ['leaf1', 'spine1']['all', 'ungrouped', 'leaf', 'fra']")
        self.assert_same("{{ hostvars.spine1.asn }}{{ hostvars['leaf1'].site.name }}", {"variables": "ansible"}, "65001fra")
        self.assert_same("{{ a.b.c is defined }}{{ a.b | default('x') }}", {"variables": "ansible"}, "Falsex")

    def test_a_model_and_a_folder_have_settings_of_their_own(self) -> None:
        template = "{{ vlans | join(' ') }}{% if true %}\n{% endif %}|"
        for inventory in (
            {"model": {"variables": "nornir"}},
            {"jinja": {"folders": {"old": {"variables": "nornir"}}}},
            {"jinja": {"variables": "nornir", "folders": {"old": {"trim_blocks": False}}}},
            {"jinja": {"folders": {"old": {"variables": "ansible"}}}, "model": {"variables": "nornir", "trim_blocks": False}},
        ):
            data = {"host": HOST, "inventory": {"hosts": OTHERS, **inventory}}
            comparison = self.naas.compared(str(inventory), {"old/t.j2": template}, "old/t.j2", data)
            self.assertTrue(comparison.same and comparison.naas, str(comparison))

    def test_a_model_alone_does_not_know_all_devices(self) -> None:
        for template in ("{{ groups.leaf }}", "{{ hostvars is defined }}"):
            data = {"host": HOST, "inventory": {"hosts": OTHERS, "model": {"variables": "ansible"}}}
            error = self.naas.rendered({"t.j2": template}, "t.j2", data)["error"]
            self.assertIn("is about all devices", error)

    def test_where_it_is_off_such_a_name_is_refused(self) -> None:
        for template in ("{{ vlans is defined }}", "{% for v in vlans %}{% endfor %}", "{{ vlans | default(1) }}"):
            comparison = self.compared(template, {})
            self.assertIsNone(comparison.naas, template)
            self.assertIn("jinja: {variables: nornir}", comparison.reasons[1])
        for template in ("{% set vlans = 1 %}{{ vlans }}", "{% for vlans in [1] %}{{ vlans }}{% endfor %}"):
            self.assert_same(template, {}, "1")

    def test_blocks_are_trimmed_as_the_site_says(self) -> None:
        template = "a\n  {% if true %}\nb\n    {% endif %}\n  {# c #}\nd{% set x %}\n e\n  {% endset %}{{ x }}\n  {% include 't2.j2' ignore missing %}\nf\n"
        for trim in (True, False):
            for lstrip in (True, False):
                comparison = self.compared(template, {"trim_blocks": trim, "lstrip_blocks": lstrip})
                self.assertTrue(comparison.same and comparison.naas, str(comparison))
