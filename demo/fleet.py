"""The demo's switches: `devicea` and `deviceb` of the simulator's example fleet, cabled back to back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import terminal
from .processes import running
from .switch import Switch

LAB = Path(__file__).parent.parent / "crates" / "eos-sim" / "examples" / "lab.yaml"

ADMIN_SECRET = "$6$naasdemo$R.mHSSbiNmCzCQLWjsxvyvTXWpb9FNBCoPxVSN9GkDLBMvZ0Ft6T9pHXrVvMVKwVfa1Wo0W1sVhNxTzYCDjC5/"
"""What the switches show for a user's password. Nobody logs in with it: the simulator has users of its own."""


@contextmanager
def started(programs: Path, folder: Path) -> Iterator[dict[str, Switch]]:
    """Runs the simulator for as long as the block lasts; the switches by name."""
    simulator = [programs / "eos-sim", "--fleet", LAB, "--control", "127.0.0.1:0"]
    with running(simulator, folder / "eos-sim.log") as process:
        with terminal.waiting("two simulated switches start, cabled back to back"):
            ready = json.loads(process.first_line(containing="{"))
        yield {device["name"]: _switch(device, ready["control"]) for device in ready["devices"]}


def inventory(switches: dict[str, Switch], naas_url: str, authorization: Path | None = None) -> dict[str, Any]:
    """The inventory, in Nornir's form, that makes naas manage the switches and the switches call back.

    Where naas asks for a token, `authorization` is the file from which a switch takes the header that it sends.
    """
    hosts = {
        name: {
            "hostname": switch.address,
            "port": switch.port,
            "username": switch.username,
            "password": switch.password,
            "groups": ["two-switches"],
        }
        for name, switch in switches.items()
    }
    defaults: dict[str, Any] = {
        "platform": "eos",
        "connection_options": {"eapi": {"extras": {"transport": "http"}}},
        "data": {"naas_url": naas_url, "api_protocol": "http", "admin_secret": ADMIN_SECRET},
    }
    if authorization is not None:
        defaults["data"]["naas_authorization"] = str(authorization)
    return {"hosts": hosts, "groups": {"two-switches": {}}, "defaults": defaults}


def _switch(device: dict[str, Any], control: str) -> Switch:
    fields = ("name", "address", "port", "username", "password")
    return Switch(**{field: device[field] for field in fields}, control=control)
