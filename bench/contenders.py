"""Who pushes: naas and its peers, each as a command that works on every switch of a fleet."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jinja2

from .fleet import TEMPLATE, Fleet


@dataclass(frozen=True)
class Contender:
    """A program that pushes or checks."""

    name: str
    command: Callable[[Fleet, str], list[str | Path]]
    """The program's arguments, to `apply` or to `check`."""
    looks_lightly: bool = True
    """Whether a check of switches in sync may be compared with naas's: it has to find out as much."""


def all_of(programs: Path) -> list[Contender]:
    """Everybody, naas first."""
    return [
        Contender("naas", lambda fleet, what: _naas(programs, fleet, what)),
        Contender("Nornir + NAPALM", lambda fleet, what: _python("nornir_napalm", fleet, what)),
        Contender("asynceapi", lambda fleet, what: _python("asyncapi_loop", fleet, what)),
        Contender("bare loop", lambda fleet, what: _bare(programs, fleet, what)),
    ]


def _naas(programs: Path, fleet: Fleet, what: str) -> list[str | Path]:
    verb = ["apply", "--yes", "--all"] if what == "apply" else ["check"]
    return [programs / "naas", *verb, "--site", fleet.site, "--output", "json"]


def _python(peer: str, fleet: Fleet, what: str) -> list[str | Path]:
    return [sys.executable, "-m", f"bench.peers.{peer}", fleet.inventory, fleet.model, TEMPLATE, what]


def _bare(programs: Path, fleet: Fleet, what: str) -> list[str | Path]:
    model = json.loads(fleet.model.read_text())["data"]
    rendered = fleet.site / "bare.cfg"
    template = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, autoescape=False)
    rendered.write_text(template.from_string(TEMPLATE.read_text()).render(host="{name}", model=model))
    return [programs / "examples" / "bare_loop", fleet.inventory, rendered, what]
