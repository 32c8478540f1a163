"""What Python makes of Jinja2 templates, and whether naas makes the same of them.

Jinja2 is set up as Nornir's `template_file` sets it up (strict undefined, `trim_blocks`), with the extensions `do` and loop controls.
A template that names `arista.avd.` is rendered as pyavd renders its own: with its undefined, its filters and its tests. Filters and
tests of Ansible are those of the installed release. How a folder is laid out, and which names of the data are special, stands in
`crates/intent/examples/render_folder.rs`, which is naas's side of the comparison.
"""

import copy
import difflib
import importlib
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import jinja2
import yaml
from pyavd.j2filters import __all__ as AVD_FILTERS
from pyavd.j2tests.contains import contains
from pyavd.j2tests.defined import defined
from pyavd.templater import Undefined as AvdUndefined

Texts = Mapping[str, str]
Data = dict[str, Any]

FILTERS = {
    "ansible.plugins.filter.core": [
        "bool", "checksum", "combine", "dict2items", "flatten", "from_json", "from_yaml", "hash", "items2dict", "mandatory", "md5",
        "regex_escape", "regex_findall", "regex_replace", "regex_search", "sha1", "subelements", "ternary", "to_json", "to_nice_json",
        "to_nice_yaml", "to_yaml", "b64encode", "b64decode",
    ],
    "ansible.plugins.filter.mathstuff": ["union", "intersect", "difference", "symmetric_difference"],
}  # fmt: skip
UTILS = [
    "ipaddr", "ipv4", "ipv6", "ipwrap", "ipsubnet", "ipmath", "nthhost", "network_in_usable", "network_in_network", "hwaddr",
    "next_nth_usable", "previous_nth_usable", "cidr_merge",
]  # fmt: skip


ANSIBLE_TESTS = ["contains", "match", "search", "subset", "superset", "issubset", "issuperset", "truthy", "falsy", "version", "regex"]


class Host(dict[str, Any]):
    """Nornir's host: printed it is its name."""

    def __str__(self) -> str:
        return str(self["name"])

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass(frozen=True)
class Comparison:
    """One template with one set of data, rendered twice. Without text it was refused; then there is a reason."""

    case: str
    python: str | None
    naas: str | None
    reasons: tuple[str, str]

    @property
    def same(self) -> bool:
        """Whether both made the same text, or both refused."""
        return self.python == self.naas

    def __str__(self) -> str:
        if self.python is not None and self.naas is not None:
            lines = difflib.unified_diff(
                self.python.splitlines(), self.naas.splitlines(), f"{self.case} by Jinja2", f"{self.case} by naas", lineterm=""
            )
            return "\n".join(lines)
        refusing = "naas" if self.naas is None else "Jinja2"
        return f"{self.case}: only {refusing} refuses it: {self.reasons[0] or self.reasons[1]}"


def compare(folder: Path) -> list[Comparison]:
    """Renders every template of `folder` with all of its data."""
    texts = {str(path.relative_to(folder)): path.read_text(encoding="utf-8", errors="replace") for path in folder.rglob("*.j2")}
    ours = json.loads(subprocess.run([_program(), folder], check=True, capture_output=True, text=True).stdout)
    cases = [case for case in sorted(ours) if _template(case) in texts]
    return [compared(case, texts, _template(case), _data(folder / case), ours[case]) for case in cases]


def compared(case: str, texts: Texts, template: str, data: Data, naas: Mapping[str, str]) -> Comparison:
    """What both make of one template with one set of data."""
    try:
        python, reason = rendered(texts, template, data).rstrip("\n"), ""
    except Exception as error:  # noqa: BLE001 - templates and filters raise what they like
        python, reason = None, f"{type(error).__name__}: {error}"
    if python is not None and not python.strip():
        python = ""  # naas never sends an empty configuration, so its side says no more of one
    return Comparison(case, python, naas.get("output"), (reason, naas.get("error", "")))


class Naas:
    """A program of naas that renders one case after the other."""

    def __enter__(self) -> "Naas":
        self._process = subprocess.Popen([_program(), "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._process.communicate()

    def rendered(self, texts: Texts, template: str, data: Data) -> dict[str, str]:
        """The `output` or `error` of one case."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"templates": texts, "template": template, "data": data}) + "\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))

    def compared(self, case: str, texts: Texts, template: str, data: Data) -> Comparison:
        """What both make of one template with one set of data."""
        return compared(case, texts, template, data, self.rendered(texts, template, data))


def _program() -> Path:
    return Path(os.environ["NAAS_PROGRAMS"]) / "examples" / "render_folder"


def _template(case: str) -> str:
    path = Path(case)
    return str(path.with_name(f"{path.name.split('.')[0]}.j2"))


def _data(file: Path) -> Data:
    return yaml.safe_load(file.read_text(encoding="utf-8")) or {}


def rendered(texts: Texts, template: str, data: Data) -> str:
    """What Python makes of a template, as the tool does whose template it is."""
    data = copy.deepcopy(data)  # a template may change it
    host = data.pop("host", {})
    inventory = data.pop("inventory", {})
    settings = {**inventory.get("jinja", {}), **inventory.get("model", {})}
    for folder, others in settings.pop("folders", {}).items():
        if template.startswith(folder + "/"):
            settings.update({**others, **inventory.get("model", {})})
    described = {key: value for key, value in host.items() if key not in ("name", "hostname", "groups")}
    named = {
        "name": host.get("name", "leaf1"),
        "hostname": host.get("hostname", "192.0.2.1"),
        "groups": [*host.get("groups", []), "global"],
        "data": described,
    }
    variables = _variables(settings, inventory, named, described)
    context = {**variables, **data, "host": Host({**described, **named}), "model": data, "inventory_hostname": named["name"]}
    return str(_environment(texts, template, settings).get_template(template).render(context))


def _variables(settings: Data, inventory: Data, named: Data, described: Data) -> Data:
    """The data of the inventory that a template sees by its own names."""
    if settings.get("variables") == "nornir":
        return described
    if settings.get("variables") != "ansible":
        return {}
    host = {**described, "inventory_hostname": named["name"], "ansible_host": named["hostname"]}
    others = {name: {**values, "inventory_hostname": name, "ansible_host": name} for name, values in inventory.get("hosts", {}).items()}
    names = [named["name"], *others]
    members = {group: [named["name"]] for group in named["groups"] if group != "global"}
    ungrouped = [name for name in names if name != named["name"] or not members]
    return {
        **host,
        "hostvars": {named["name"]: host, **others},
        "group_names": sorted(members) or ["ungrouped"],
        "groups": {"all": names, "ungrouped": ungrouped, **members},
    }


def _is_of_avd(texts: Texts, template: str) -> bool:
    """Whether a template, or one that it names, uses a name of AVD's."""
    seen, named = set(), [template]
    while named:
        path = named.pop()
        if path in texts and path not in seen:
            seen.add(path)
            named += re.findall(r"[\"']([^\"']*\.j2)[\"']", texts[path])
    return any("arista.avd." in texts[path] for path in seen)


def _environment(texts: Texts, template: str, settings: Data) -> jinja2.Environment:
    avd = _is_of_avd(texts, template)
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(texts),
        undefined=AvdUndefined if avd or settings.get("variables") == "ansible" else jinja2.StrictUndefined,
        trim_blocks=settings.get("trim_blocks", True),
        lstrip_blocks=settings.get("lstrip_blocks", False),
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    for name, function in _ansible():
        environment.filters[name] = function
        environment.filters[f"ansible.builtin.{name}"] = function
        environment.filters[f"ansible.utils.{name}"] = function
    for name in AVD_FILTERS:
        module = importlib.import_module(f"pyavd.j2filters.{name}")
        environment.filters[f"arista.avd.{name}"] = getattr(module, name)
    environment.filters["natural_sort"] = environment.filters["arista.avd.natural_sort"]
    environment.tests["arista.avd.defined"] = defined
    environment.tests["arista.avd.contains"] = contains
    for module in ("core", "mathstuff"):
        tests = importlib.import_module(f"ansible.plugins.test.{module}").TestModule().tests()
        environment.tests.update({name: test for name, test in tests.items() if name in ANSIBLE_TESTS})
    return environment


def _ansible() -> Iterator[tuple[str, Callable[..., Any]]]:
    for module, names in FILTERS.items():
        filters = importlib.import_module(module).FilterModule().filters()
        yield from ((name, filters[name]) for name in names if name in filters)
    base = importlib.import_module("ansible_collections.ansible.utils.plugins.plugin_utils.base.ipaddr_utils")
    yield "ipaddr", base.ipaddr
    yield "ipv4", lambda value, query="": base.ipaddr(value, query, version=4, alias="ipv4")
    yield "ipv6", lambda value, query="": base.ipaddr(value, query, version=6, alias="ipv6")
    yield "hwaddr", base.hwaddr
    for name in UTILS:
        if name not in ("ipaddr", "ipv4", "ipv6", "hwaddr"):
            module = importlib.import_module(f"ansible_collections.ansible.utils.plugins.filter.{name}")
            yield name, getattr(module, name)
    yield "usable_range", importlib.import_module("ansible_collections.ansible.utils.plugins.filter.usable_range")._usable_range
