"""Starts `eos-sim` for a test, and works its control face."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

REPOSITORY = Path(__file__).resolve().parent.parent
PROGRAMS = Path(os.environ.get("NAAS_PROGRAMS", REPOSITORY / "target" / "debug"))
"""Where the simulator's program is; `make judges` builds it."""

STARTUP = """\
username admin privilege 15 role network-admin nopassword
!
hostname leaf1
!
vlan 10
   name users
!
interface Ethernet1
   description up
!
interface Ethernet2
!
management api http-commands
   protocol http
   no shutdown
!
end
"""
"""What the device starts with."""


@dataclass(frozen=True)
class Face:
    """How a device is reached, and which release it says it runs."""

    transport: str
    eos: str


FACES = [Face(transport, eos) for transport in ("http", "https") for eos in ("4.31.2F", "4.32.0F")]


class Simulator:
    """One simulated switch in a process of its own."""

    def __init__(
        self, *, tls: str = "none", eos: str = "4.32.0F", enable_password: str | None = None, startup: str = STARTUP
    ) -> None:
        """Starts it and waits for its ready line."""
        device = {
            "name": "leaf1", "username": "admin", "password": "admin", "tls": tls, "eos": eos,
            "startup_config": startup, "enable_password": enable_password,
        }  # fmt: skip
        self._folder = tempfile.TemporaryDirectory()
        fleet = Path(self._folder.name, "fleet.yaml")
        fleet.write_text(json.dumps({"devices": [device]}))
        command = [str(PROGRAMS / "eos-sim"), "--fleet", str(fleet)]
        # The log goes to the test's own, where it explains a failure.
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "RUST_LOG": "warn"})
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{command[0]} ended with status {self._process.wait()} before it was ready")
        ready = json.loads(line)
        (self.device,) = ready["devices"]
        self.host: str = self.device["address"]
        self.port: int = self.device["port"]
        self.transport: str = self.device["transport"]
        self._control: str = ready["control"]

    def __enter__(self) -> "Simulator":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Ends the process."""
        self._process.terminate()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._folder.cleanup()

    def running_config(self) -> str:
        """As `show running-config` prints it."""
        return self._ask("running-config").decode()

    def startup_config(self) -> str:
        """As `show startup-config` prints it."""
        return self._ask("startup-config").decode()

    def events(self) -> list[str]:
        """The names of what happened, oldest first."""
        return [entry["event"] for entry in json.loads(self._ask("journal"))]

    def advance(self, seconds: int) -> None:
        """Moves the device's clock ahead."""
        self._ask("clock", {"advance_s": seconds})

    def leave_sessions(self, prefix: str, count: int) -> None:
        """Leaves sessions behind that nobody works in."""
        self._ask("sessions", {"prefix": prefix, "count": count})

    def expire_logins(self) -> None:
        """Ends all logins by cookie."""
        self._ask("expire-logins", {})

    def _ask(self, what: str, body: dict[str, Any] | None = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self._control}/devices/leaf1/{what}", data=data, timeout=30) as answer:
            return bytes(answer.read())


class FacedTest(unittest.TestCase):
    """A test case that runs once for each of `FACES`, on a fresh switch for each test."""

    face: ClassVar[Face]
    switch: Simulator

    def setUp(self) -> None:
        """Starts the switch."""
        self.switch = Simulator(tls="modern" if self.face.transport == "https" else "none", eos=self.face.eos)
        self.addCleanup(self.switch.end)


def on_every_face(case: type[FacedTest]) -> None:
    """Puts one class of tests for each face in the place of `case`, which has none itself."""
    module = sys.modules[case.__module__]
    for face in FACES:
        name = f"{case.__name__}_{face.transport}_{face.eos.replace('.', '_')}"
        setattr(module, name, type(name, (case,), {"face": face, "__module__": case.__module__}))
