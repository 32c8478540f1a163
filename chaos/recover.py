"""What an operator does when it is over: sends again what was parked, and lets everything be configured once more."""

import time
from dataclasses import dataclass

from demo.processes import Failed

from .backend import Backend
from .caller import Caller
from .lab import Lab

GIVE_UP_SECONDS = 420.0


@dataclass
class Recovered:
    """What that came to."""

    statuses: dict[str, int]
    """How many outcomes of each kind there are, over all accepted runs."""
    recorded: int
    """Outcomes on record."""
    sent_again: int
    """Devices of parked slices that were sent again."""
    final: dict[str, str]
    """What became of each device in the last run that configures all."""
    checked: dict[str, str]
    """What the check after it said."""


def recover(backend: Backend, lab: Lab, caller: Caller, serial: int) -> Recovered:
    """Waits for every accepted run, sends parked slices again as often as there are any, then configures and checks all devices."""
    time.sleep(backend.settled_after)
    sent_again = _finish(caller)
    statuses: dict[str, int] = {}
    for run in caller.ledger.runs:
        for status in caller.persist("GET", f"runs/{run}")["devices"].values():
            statuses[status] = statuses.get(status, 0) + 1
    backend.edit(serial)
    final = _run_of_all(caller, "apply", serial)
    checked = _run_of_all(caller, "check", serial)
    return Recovered(statuses, sum(statuses.values()) - statuses.get("pending", 0), sent_again, final, checked)


def _finish(caller: Caller) -> int:
    """Until every run is finished and nothing is parked; how many devices were sent again."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    sent_again = 0
    unfinished = list(caller.ledger.runs)
    while True:
        redriven = caller.persist("POST", "redrive")
        for receipt in redriven["started"]:
            caller.ledger.runs[receipt["run"]] = receipt["devices"]
            unfinished.append(receipt["run"])
            sent_again += receipt["devices"]
        sent_again += len(redriven["resumed"])
        unfinished = [run for run in unfinished if caller.persist("GET", f"runs/{run}")["status"] != "finished"]
        if not unfinished and not redriven["started"] and not redriven["resumed"]:
            return sent_again
        if time.monotonic() > deadline:
            raise Failed(f"{len(unfinished)} accepted runs have devices without an outcome, the first is {unfinished[:1]}")
        time.sleep(1)


def _run_of_all(caller: Caller, mode: str, serial: int) -> dict[str, str]:
    receipt = caller.persist("POST", "configure", {"devices": ["all"], "mode": mode}, f"final-{mode}-{serial}")
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while True:
        report = caller.persist("GET", f"runs/{receipt['run']}")
        if report["status"] == "finished":
            devices: dict[str, str] = report["devices"]
            return devices
        if time.monotonic() > deadline:
            raise Failed(f"the last {mode} of all devices did not end: {report['counts']}")
        time.sleep(0.5)
