"""A switch as its operator sees it over eAPI, and as the simulator's control face remembers it."""

import base64
import json
import re
import urllib.request
from dataclasses import dataclass, fields
from typing import Any

from .processes import DIRECT, Failed


@dataclass(frozen=True)
class Counts:
    """What a switch has seen so far."""

    sessions: int
    """Sessions that naas opened."""
    pushes: int
    """Those of them that were committed."""
    saves: int
    """Times the running-config was saved, by anyone."""

    def __sub__(self, before: "Counts") -> "Counts":
        return Counts(*(getattr(self, field.name) - getattr(before, field.name) for field in fields(self)))


@dataclass(frozen=True)
class Switch:
    """One simulated switch."""

    name: str
    address: str
    port: int
    username: str
    password: str
    control: str
    """The URL of the simulator's control face."""

    def show(self, command: str) -> str:
        """The text a show command prints."""
        return self._run(["enable", command])[-1]["output"]

    def type(self, commands: list[str]) -> None:
        """Runs commands in one request, as somebody at the prompt would type them."""
        self._run(["enable", *commands])

    def neighbours(self) -> list[str]:
        """The ports on which LLDP sees a neighbour."""
        return re.findall(r"^(Et\S+)\s", self.show("show lldp neighbors"), flags=re.MULTILINE)

    def events(self) -> int:
        """How much has happened to the switch."""
        return len(self._journal())

    def counts(self) -> Counts:
        """What naas and others did to the switch so far."""
        journal = self._journal()

        def ours(event: str) -> int:
            return sum(entry["event"] == event and entry["session"].startswith("naas-") for entry in journal)

        return Counts(
            sessions=ours("session_opened"),
            pushes=ours("session_committed"),
            saves=sum(entry["event"] == "saved" for entry in journal),
        )

    def first_action_after_save(self, number: int) -> dict[str, Any]:
        """The event-handler's run that the save of this number, from 1, started."""
        actions = [entry for entry in self._journal() if entry["event"] == "action_ended"]
        if len(actions) < number:
            raise Failed(f"{self.name}: expected {number} runs of an event-handler, found {len(actions)}")
        return actions[number - 1]

    def last_pushed_run(self) -> str:
        """The run whose push was committed last; the session is named after it: `naas-<installation>-<run>-<when>-<4 digits>`."""
        committed = [entry["session"] for entry in self._journal() if entry["event"] == "session_committed"]
        return committed[-1].removeprefix("naas-").split("-", 1)[1].rsplit("-", 2)[0]

    def _journal(self) -> list[dict[str, Any]]:
        with DIRECT.open(f"{self.control}/devices/{self.name}/journal", timeout=10) as response:
            return json.load(response)

    def _run(self, commands: list[str]) -> list[dict[str, Any]]:
        call = {"jsonrpc": "2.0", "method": "runCmds", "params": {"version": 1, "cmds": commands, "format": "text"}, "id": "demo"}
        credentials = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        request = urllib.request.Request(
            f"http://{self.address}:{self.port}/command-api",
            data=json.dumps(call).encode(),
            headers={"content-type": "application/json-rpc", "authorization": f"Basic {credentials}"},
        )
        with DIRECT.open(request, timeout=30) as response:
            answer = json.load(response)
        # eAPI reports errors with HTTP status 200.
        if "error" in answer:
            raise Failed(f"{self.name}: {answer['error']['message']}")
        return answer["result"]
