"""What goes wrong with a device, in the words of the simulator's control face."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib import error, request

from demo.processes import DIRECT, Failed

PERSON = "ansible_"
"""How the names of sessions begin that a person has left pending."""

MAINTENANCE = "maintenance-"
"""How the names of sessions begin that a person has committed with a timer."""

PLANTED = re.compile("naas-[0-9a-f]{8}-20260101-000000-")
"""How the names of sessions begin that this naas left behind when it died long ago."""


@dataclass(frozen=True)
class Fault:
    """One kind of fault."""

    name: str
    path: str
    """Below the device, on the control face."""
    body: dict[str, Any]


def _broken(name: str, **faults: Any) -> Fault:
    return Fault(name, "faults", faults)


FAULTS = (
    _broken("down", down=True),
    _broken("reply of the commit lost", drop_reply_of="commit timer"),
    Fault("rebooted", "reboot", {"down_s": 3}),
    _broken("a line refused", refuse_lines=["vlan"]),
    _broken("cut off by its commit", lose_management_on_commit=True),
    Fault("sessions of a dead naas", "sessions", {"prefix": "naas-{installation}-20260101-000000-0000000000000000-6955b900-000", "count": 3}),
    _broken("disk full", disk_full=True),
    Fault("a person's commit timer", "commit-timer", {"session": MAINTENANCE, "seconds": 12}),
    _broken("slow", latency_ms=700),
    _broken("request of the commit lost", drop_request_of="commit"),
    Fault("sessions of a person", "sessions", {"prefix": PERSON, "count": 2}),
    _broken("password changed", refuse_login=True),
    _broken("reply of the save lost", drop_reply_of="write memory"),
    _broken("commands denied", deny_commands=["configure session"]),
    _broken("reply of the load lost", drop_reply_of="rollback clean-config"),
)
"""Every kind."""


@dataclass(frozen=True)
class Control:
    """The simulator's control face at `url`."""

    url: str

    def begin(self, device: str, fault: Fault, number: int) -> bool:
        """Sets a fault; false where the device refuses it, such as a second commit timer. `number` makes names unique."""
        body = dict(fault.body)
        if fault.path == "commit-timer":
            body["session"] += str(number)
        if "{installation}" in body.get("prefix", ""):
            installation = self._installation(device)
            if installation is None:
                return False
            body["prefix"] = body["prefix"].format(installation=installation)
        try:
            self._call("POST", f"devices/{device}/{fault.path}", body)
        except error.HTTPError as refused:
            if refused.code == 400:
                return False
            raise
        return True

    def _installation(self, device: str) -> str | None:
        """The id of the naas that is at work, as the names of its sessions have it; none before its first push here."""
        names = (entry.get("session", "") for entry in self.journal(device))
        found = (re.match("naas-([0-9a-f]{8})-", name) for name in names)
        return next((match[1] for match in found if match), None)

    def end(self, device: str) -> None:
        """Ends what can be ended: a reboot and a person's doings end by themselves."""
        self._call("DELETE", f"devices/{device}/faults")

    def journal(self, device: str) -> list[dict[str, Any]]:
        """What happened on a device, oldest first."""
        journal: list[dict[str, Any]] = json.loads(self._call("GET", f"devices/{device}/journal"))
        return journal

    def config(self, device: str, which: str) -> str:
        """Its `running-config` or `startup-config`."""
        return self._call("GET", f"devices/{device}/{which}").decode()

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        call = request.Request(f"{self.url}/{path}", method=method, data=data)
        try:
            with DIRECT.open(call, timeout=30) as response:
                answer: bytes = response.read()
                return answer
        except error.HTTPError:
            raise
        except OSError as failure:
            raise Failed(f"the simulator does not answer {method} {path}: {failure}") from failure
