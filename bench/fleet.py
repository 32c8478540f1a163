"""The switches that everybody is measured on, and the same site in naas's form and in Nornir's."""

import json
import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.processes import DIRECT, running

TEMPLATE = Path(__file__).parent / "templates" / "switch.j2"
"""What every switch runs, as naas and Nornir render it."""

BESIDES_PORTS = 11
"""Lines of the template that are not a port's."""

PER_PORT = 5
"""Lines of the template for each port."""


@dataclass(frozen=True)
class Traffic:
    """What came over the wire of all switches."""

    requests: int
    handshakes: int

    def since(self, before: "Traffic") -> "Traffic":
        """What came after `before`."""
        return Traffic(self.requests - before.requests, self.handshakes - before.handshakes)


@dataclass(frozen=True)
class Latency:
    """How long a switch takes, in milliseconds: for each request, and for a commit besides."""

    request_ms: int = 0
    commit_ms: int = 0


class Fleet:
    """Simulated switches that speak HTTPS, and the site that naas and its peers read."""

    def __init__(self, site: Path, devices: list[dict[str, Any]], control: str, lines: int) -> None:
        self.site = site
        self.names = [str(device["name"]) for device in devices]
        self._control = control
        self._ports = max(1, (lines - BESIDES_PORTS) // PER_PORT)
        (site / "models" / "templates").mkdir(parents=True)
        shutil.copy(TEMPLATE, site / "models" / "templates")
        (site / "inventory.yaml").write_text(json.dumps(_inventory(devices)))
        self.ask_for(0)

    @property
    def inventory(self) -> Path:
        """The inventory in Nornir's form."""
        return self.site / "inventory.yaml"

    @property
    def model(self) -> Path:
        """The one model."""
        return self.site / "models" / "base.yaml"

    def ask_for(self, serial: int) -> None:
        """Makes the intent of every switch another one, by one line."""
        data = {"serial": serial, "ports": self._ports}
        self.model.write_text(json.dumps({"name": "base", "group": "global", "template": "templates/switch.j2", "data": data}))

    def traffic(self) -> Traffic:
        """What came over the wire of all switches since they started."""
        with DIRECT.open(f"{self._control}/traffic", timeout=30) as answer:
            found = json.load(answer)
        return Traffic(found["requests"], found["handshakes"])

    def serials(self) -> set[str]:
        """The lines of the switches that tell whose intent they run, and have saved."""
        return {self._serial(name) for name in self.names}

    def slow_down(self, latency: Latency) -> None:
        """Makes every switch take its time."""
        body = json.dumps({"latency_ms": latency.request_ms, "commit_latency_ms": latency.commit_ms}).encode()
        for name in self.names:
            with DIRECT.open(urllib.request.Request(f"{self._control}/devices/{name}/faults", data=body), timeout=30):
                pass

    def _serial(self, name: str) -> str:
        with DIRECT.open(f"{self._control}/devices/{name}/startup-config", timeout=30) as answer:
            lines: list[str] = answer.read().decode().splitlines()
        return next((line for line in lines if line.startswith("alias SERIAL ")), "none")


@contextmanager
def started(programs: Path, folder: Path, count: int, lines: int) -> Iterator[Fleet]:
    """Runs so many switches for as long as the block lasts, each with a configuration of about so many lines."""
    folder.mkdir(parents=True, exist_ok=True)
    simulator = [programs / "eos-sim", "--devices", str(count), "--tls", "modern", "--control", "127.0.0.1:0"]
    with running(simulator, folder / "eos-sim.log", {"RUST_LOG": "warn"}) as process:
        ready = json.loads(process.first_line(containing='"control"'))
        yield Fleet(folder / "site", ready["devices"], ready["control"], lines)


def _inventory(devices: list[dict[str, Any]]) -> dict[str, Any]:
    hosts = {device["name"]: {"hostname": device["address"], "port": device["port"]} for device in devices}
    # The certificates of the switches are their own: nobody checks them, as is usual where they are.
    eapi = {"extras": {"transport": "https", "verify": "insecure"}}
    napalm = {"extras": {"optional_args": {"transport": "https", "enforce_verification": False}}}
    defaults = {
        "username": devices[0]["username"],
        "password": devices[0]["password"],
        "platform": "eos",
        "connection_options": {"eapi": eapi, "napalm": napalm},
    }
    return {"hosts": hosts, "groups": {}, "defaults": defaults}
