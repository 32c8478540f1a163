"""What Python's Jinja2 makes of a folder of templates, and whether naas makes the same of it.

Jinja2 is set up as Nornir's `template_file` sets it up (strict undefined, `trim_blocks`), with the extensions `do` and loop controls,
and with the filters and tests of Ansible that are installed beside it. How a folder is laid out stands in
`crates/intent/examples/render_folder.rs`, which is naas's side of the comparison.

AVD is not installed: templates with names of `arista.avd` are rendered with the few filters below, written after AVD's documentation.
"""

import difflib
import importlib
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import yaml

FILTERS = {
    "ansible.plugins.filter.core": [
        "bool", "checksum", "combine", "dict2items", "flatten", "from_json", "from_yaml", "hash", "items2dict", "mandatory", "md5",
        "regex_escape", "regex_findall", "regex_replace", "regex_search", "sha1", "ternary", "to_json", "to_nice_json",
    ],
    "ansible.plugins.filter.mathstuff": ["union", "intersect", "difference", "symmetric_difference"],
}  # fmt: skip
UTILS = [
    "ipaddr", "ipv4", "ipv6", "ipwrap", "ipsubnet", "ipmath", "nthhost", "network_in_usable", "network_in_network", "hwaddr",
    "next_nth_usable", "previous_nth_usable", "cidr_merge",
]  # fmt: skip


class Host(dict[str, Any]):
    """Nornir's host: printed it is its name."""

    def __str__(self) -> str:
        return str(self["name"])

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Chained(jinja2.StrictUndefined):
    """AVD's undefined: asked for what it has, it is still undefined."""

    def __getattr__(self, name: str) -> "Chained":
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, _key: object) -> "Chained":
        return self


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
    ours = json.loads(_run(folder))
    return [_compared(folder, case, ours[case]) for case in sorted(ours) if _template(folder, case).suffix == ".j2"]


def _compared(folder: Path, case: str, naas: dict[str, str]) -> Comparison:
    try:
        python, reason = _rendered(folder, case).rstrip("\n"), ""
    except Exception as error:  # noqa: BLE001 - templates and filters raise what they like
        python, reason = None, f"{type(error).__name__}: {error}"
    return Comparison(case, python, naas.get("output"), (reason, naas.get("error", "")))


def _run(folder: Path) -> str:
    program = Path(os.environ["NAAS_PROGRAMS"]) / "examples" / "render_folder"
    return subprocess.run([program, folder], check=True, capture_output=True, text=True).stdout


def _template(folder: Path, case: str) -> Path:
    stem = Path(case).name.split(".")[0]
    found = [(folder / case).with_name(f"{stem}.{ending}") for ending in ("j2", "tera", "cfg")]
    return next(template for template in found if template.exists())


def _rendered(folder: Path, case: str) -> str:
    template = _template(folder, case).relative_to(folder)
    data = yaml.safe_load((folder / case).read_text(encoding="utf-8")) or {}
    host = data.pop("host", {})
    described = {key: value for key, value in host.items() if key not in ("name", "hostname", "groups")}
    named = {
        "name": host.get("name", "leaf1"),
        "hostname": host.get("hostname", "192.0.2.1"),
        "groups": [*host.get("groups", []), "global"],
        "data": described,
    }
    context = {**data, "host": Host({**described, **named}), "model": data, "inventory_hostname": named["name"]}
    return str(_environment(folder).get_template(str(template)).render(context))


def _environment(folder: Path) -> jinja2.Environment:
    avd = any("arista.avd." in path.read_text(encoding="utf-8", errors="replace") for path in folder.rglob("*.j2"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=Chained if avd else jinja2.StrictUndefined,
        trim_blocks=True,
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    for name, function in _ansible():
        environment.filters[name] = function
        environment.filters[f"ansible.builtin.{name}"] = function
        environment.filters[f"ansible.utils.{name}"] = function
    environment.filters.update({f"arista.avd.{name}": function for name, function in AVD_FILTERS.items()})
    environment.tests["arista.avd.defined"] = _defined
    environment.tests["arista.avd.contains"] = _contains
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


def _natural(text: str) -> list[Any]:
    return [int(part) if part.isdigit() else part.lower() for part in re.split(r"(\d+)", text)]


def _natural_sort(value: Any, sort_key: str | None = None) -> list[Any]:
    if value is None or isinstance(value, jinja2.Undefined):
        return []
    return sorted(value, key=lambda item: _natural(str(item[sort_key] if sort_key and isinstance(item, dict) else item)))


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None and not isinstance(value, jinja2.Undefined)), None)


def _hide(value: Any, hide_passwords: bool = False) -> Any:
    return "<removed>" if hide_passwords else value


def _defined(value: Any, test_value: Any = None) -> bool:
    given = not isinstance(value, jinja2.Undefined) and value is not None
    return given and (test_value is None or value == test_value)


def _contains(value: Any, test_value: Any) -> bool:
    if not isinstance(value, list):
        return False
    return any(item in value for item in test_value) if isinstance(test_value, list) else test_value in value


AVD_FILTERS: dict[str, Callable[..., Any]] = {"natural_sort": _natural_sort, "default": _first, "hide_passwords": _hide}
