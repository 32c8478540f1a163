"""What a switch's journal says about how careful naas was with it.

A *double push* is when two of ours were at work on one switch. A session of ours that is committed proves that its push was alive
from its opening to its commit, for nobody else commits it. So if the journal has another session of ours opened between these two
entries, two pushes were under way, whatever run they belong to and whether or not the other one was committed too. The order of
the journal counts and not its times. A session that is never committed proves nothing of the kind: its push may have died the
moment after, and the next one has to open a session while it is pending. Nor is it a double push if a later one confirms or
undoes what a dead one committed with a timer: that is how trials are ended.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .faults import MAINTENANCE, PLANTED

OURS = "naas-"


@dataclass(frozen=True)
class Seen:
    """What one switch saw, or several together."""

    sessions: int = 0
    """Sessions that naas opened."""
    commits: int = 0
    confirmed: int = 0
    reverted: int = 0
    saves: int = 0
    double_pushes: int = 0
    left_behind: int = 0
    """Sessions of ours that are neither committed nor discarded, or on trial still."""
    others_touched: int = 0
    """Sessions of other people that were committed, confirmed or discarded."""

    def __add__(self, other: "Seen") -> "Seen":
        return Seen(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


def read(journal: list[dict[str, Any]]) -> Seen:
    """What a whole journal says."""
    ours = [entry for entry in journal if entry.get("session", "").startswith(OURS)]
    of_this_naas = [entry for entry in ours if not PLANTED.match(entry["session"])]

    def count(event: str) -> int:
        return sum(entry["event"] == event for entry in of_this_naas)

    return Seen(
        sessions=count("session_opened"),
        commits=count("session_committed"),
        confirmed=count("session_confirmed"),
        reverted=count("session_reverted"),
        saves=sum(entry["event"] == "saved" for entry in journal),
        double_pushes=_double_pushes(of_this_naas),
        left_behind=len(_left_behind(journal)),
        others_touched=_others_touched(journal),
    )


def _double_pushes(ours: list[dict[str, Any]]) -> int:
    opened: dict[str, int] = {}
    doubles = 0
    for index, entry in enumerate(ours):
        if entry["event"] == "session_opened":
            opened[entry["session"]] = index
        elif entry["event"] == "session_committed" and entry["session"] in opened:
            since = opened[entry["session"]]
            doubles += sum(other > since for other in opened.values())
    return doubles


_ENDS = {"session_confirmed", "session_reverted", "session_aborted", "session_timed_out"}


def _left_behind(journal: list[dict[str, Any]]) -> set[str]:
    left: set[str] = set()
    for entry in journal:
        session, event = entry.get("session", ""), entry["event"]
        if event == "rebooted":
            left.clear()
        elif event == "session_opened" and session.startswith(OURS):
            left.add(session)
        elif event in _ENDS or (event == "session_committed" and "timer_s" not in entry):
            left.discard(session)
    return left


def _others_touched(journal: list[dict[str, Any]]) -> int:
    """The person whose timer it is confirms nothing and aborts nothing: all that may become of it is that it runs out."""
    touched = 0
    due: dict[str, datetime] = {}
    for entry in journal:
        session, event = entry.get("session", ""), entry["event"]
        if not session or session.startswith(OURS) or event == "session_opened":
            continue
        if session.startswith(MAINTENANCE) and event == "session_committed":
            due[session] = _time(entry) + timedelta(seconds=entry["timer_s"])
        elif event == "session_reverted" and session in due and _time(entry) >= due[session]:
            continue
        else:
            touched += 1
    return touched


def _time(entry: dict[str, Any]) -> datetime:
    # Python reads six digits of a second; the simulator writes up to nine.
    at = entry["at"].removesuffix("Z")
    whole, _, fraction = at.partition(".")
    return datetime.fromisoformat(f"{whole}.{(fraction + '000000')[:6]}+00:00")
