"""The switches and what naas is told about them: an inventory of all, and models whose serial says which version is in force."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.processes import running

from .faults import Control
from .plan import GROUPS, group_of

SITE_MODELS = Path(__file__).parent / "models"
"""Models and templates; `base.yaml` is written anew with each serial."""


@dataclass(frozen=True)
class Lab:
    """Simulated switches, and the inventory that makes naas manage them."""

    control: Control
    inventory: dict[str, Any]

    @property
    def devices(self) -> list[str]:
        """Their names."""
        return list(self.inventory["hosts"])


@contextmanager
def started(programs: Path, folder: Path, count: int) -> Iterator[Lab]:
    """Runs so many switches for as long as the block lasts."""
    simulator = [programs / "eos-sim", "--devices", str(count), "--control", "127.0.0.1:0"]
    with running(simulator, folder / "eos-sim.log") as process:
        ready = json.loads(process.first_line(containing='"control"'))
        yield Lab(Control(ready["control"]), _inventory(ready["devices"]))


def _inventory(devices: list[dict[str, Any]]) -> dict[str, Any]:
    hosts = {
        device["name"]: {"hostname": device["address"], "port": device["port"], "groups": [group_of(number)]}
        for number, device in enumerate(devices, start=1)
    }
    defaults = {
        "username": devices[0]["username"],
        "password": devices[0]["password"],
        "platform": "eos",
        "connection_options": {"eapi": {"extras": {"transport": "http"}}},
    }
    return {"hosts": hosts, "groups": {group: {} for group in GROUPS}, "defaults": defaults}


def write_models(folder: Path, serial: int) -> None:
    """Makes a folder of models with this serial."""
    shutil.copytree(SITE_MODELS, folder, dirs_exist_ok=True)
    (folder / "base.yaml").write_text(base_model(serial))


def base_model(serial: int) -> str:
    """`base.yaml`: what every device has."""
    return f"name: base\ngroup: global\norder: 0\ntemplate: templates/base.tera\ndata: {{ serial: {serial} }}\n"


def line_of(serial: int) -> str:
    """The configuration line that tells the serial of a device's models."""
    return f"alias SERIAL show version {serial}"
