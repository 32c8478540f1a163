"""Counts, and says which of the promises were not kept."""

import re
from dataclasses import dataclass

from .caller import Ledger
from .journal import Seen, read
from .lab import Lab, line_of
from .play import Happened
from .recover import Recovered


@dataclass(frozen=True)
class Verdict:
    """The table's numbers, and what is wrong with them."""

    rows: list[tuple[str, str]]
    broken: list[str]
    """A sentence for each promise that was not kept."""


def judge(lab: Lab, ledger: Ledger, happened: Happened, recovered: Recovered, serial: int) -> Verdict:
    """Looks at the switches, and at what naas has on record."""
    seen = sum((read(lab.control.journal(device)) for device in lab.devices), Seen())
    in_intent = [device for device in lab.devices if recovered.checked.get(device) == "in_sync" and _runs(lab, device, serial)]
    owed = sum(ledger.runs.values())
    rows = [
        ("devices", f"{len(lab.devices)}"),
        ("processes killed with SIGKILL", f"{happened.kills}"),
        ("device faults", f"{happened.faults}"),
        ("requests accepted", f"{ledger.accepted}"),
        ("requests repeated, since their answer was lost", f"{ledger.asked_again}"),
        ("outcomes recorded, of those owed", f"{recovered.recorded} of {owed}"),
        ("pushes committed, confirmed, undone", f"{seen.commits}, {seen.confirmed}, {seen.reverted}"),
        ("devices parked and sent again by `POST /redrive`", f"{recovered.sent_again}"),
        ("devices in intent at the end", f"{len(in_intent)} of {len(lab.devices)}"),
        ("double pushes", f"{seen.double_pushes}"),
        ("sessions of naas left behind", f"{seen.left_behind}"),
        ("sessions of other people touched", f"{seen.others_touched}"),
    ]
    broken = []
    if recovered.recorded != owed:
        broken.append(f"{owed - recovered.recorded} devices of accepted requests have no outcome")
    if len(in_intent) != len(lab.devices):
        lost = sorted(set(lab.devices) - set(in_intent))
        broken.append(f"{len(lost)} devices do not run what the models say, such as {lost[0]}: {_told(lost[0], recovered)}")
    if seen.double_pushes:
        broken.append(f"{seen.double_pushes} times two pushes were at work on one device")
    if seen.left_behind:
        broken.append(f"{seen.left_behind} sessions of naas are pending or on trial still")
    if seen.others_touched:
        broken.append(f"{seen.others_touched} sessions of other people were touched")
    return Verdict(rows, broken)


def _runs(lab: Lab, device: str, serial: int) -> bool:
    """Whether the switch runs, and has saved, what models of this serial say; by its own word, not naas's."""
    running, startup = (_without_header(lab.control.config(device, which)) for which in ("running-config", "startup-config"))
    serials = re.findall(r"^alias SERIAL .*$", running, flags=re.MULTILINE)
    return serials == [line_of(serial)] and running == startup


def _without_header(config: str) -> str:
    return "\n".join(line for line in config.splitlines() if not line.startswith("!"))


def _told(device: str, recovered: Recovered) -> str:
    return f"the last run said {recovered.final.get(device)}, the check after it {recovered.checked.get(device)}"


def markdown(title: str, verdict: Verdict) -> str:
    """The table."""
    return "\n".join([f"| | {title} |", "| --- | --- |", *(f"| {what} | {found} |" for what, found in verdict.rows)])
