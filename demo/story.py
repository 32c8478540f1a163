"""The main job, step by step: configure two switches with one call, change one by hand, watch it being put right.

Every sentence that the demo prints with a tick was checked a moment before; anything else raises `Failed`.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from . import terminal
from .naas_api import Naas
from .processes import Failed, wait_for
from .switch import Counts, Switch

ALIAS = "alias FOO BAR"
CABLES = 20
EVERY_SWITCH = {"devices": ["all"]}
HAND_CHANGE = ["configure", "no alias FOO", "end", "write memory"]


@dataclass(frozen=True)
class Stage:
    """What the story is played on."""

    naas: Naas
    switches: dict[str, Switch]
    new_log_lines: Callable[[], list[tuple[str, str]]]
    """Who wrote it, and the line."""
    quiet_seconds: float
    """How long nothing must have happened before the story goes on: longer than a callback takes from end to end."""
    authorization: str | None = None
    """The file with the header that callers must show, as somebody in the site folder would name it."""


def tell(stage: Stage, steps: terminal.Steps) -> None:
    """Plays the whole story."""
    if stage.authorization is not None:
        steps.begin("Nobody commands switches without a token")
        _show_refused(stage)

    steps.begin("One call configures every switch")
    run = _configure_all(stage)
    for name, switch in stage.switches.items():
        _show_configured(stage, run, name, switch)

    steps.begin("The save made each switch call back, and the call found nothing to do")
    _settle(stage)
    _show_log(stage)
    for name, switch in stage.switches.items():
        _expect_one_push(name, switch.counts(), saves=1)
        _expect_in_sync(stage, name)
        terminal.good(f"{name} was pushed to once, saved once, and then found in sync, without a session")

    name, switch = next(iter(stage.switches.items()))
    steps.begin(f"Somebody changes {name} by hand, and saves it")
    before = switch.counts()
    _change_by_hand(switch)

    steps.begin(f"{name}'s own event-handler calls naas, and the change is put right")
    with terminal.waiting(f"{name} runs its bash action, which calls POST /configure"):
        wait_for(f"a push to {name}", lambda: True if switch.counts().pushes > before.pushes else None)
    _settle(stage)
    _show_put_right(stage, name, switch, before)

    steps.begin("The chain ends")
    # The operator's save and ours.
    _expect_one_push(name, switch.counts() - before, saves=2)
    _expect_in_sync(stage, name)
    terminal.good("after the hand change: exactly one push, then a check that found it in sync without a session, then silence")


def _show_refused(stage: Stage) -> None:
    terminal.command(_curl(stage, None))
    problem = stage.naas.refusal(EVERY_SWITCH)
    terminal.answer(json.dumps(problem))
    _expect("the status of a call without a token", problem["status"], 401)
    _expect("what switches saw of it", [switch.counts().sessions for switch in stage.switches.values()], [0] * len(stage.switches))
    terminal.good("the call was refused, and no switch has seen a session")


def _curl(stage: Stage, authorization: str | None) -> str:
    token = "" if authorization is None else f"-H @{authorization} "
    return f"curl {stage.naas.url}/configure {token}-H 'Content-Type: application/json' -d '{json.dumps(EVERY_SWITCH)}'"


def _configure_all(stage: Stage) -> str:
    terminal.command(_curl(stage, stage.authorization))
    receipt = stage.naas.configure(EVERY_SWITCH)
    terminal.answer(json.dumps(receipt))
    with terminal.waiting(f"run {receipt['run']} configures {receipt['devices']} devices; slices: {receipt['slices']}"):
        report = stage.naas.finished(receipt["run"])
    _show_log(stage)
    _expect("every device of the first run", sorted(set(report["devices"].values())), ["changed"])
    return receipt["run"]


def _show_configured(stage: Stage, run: str, name: str, switch: Switch) -> None:
    outcome = stage.naas.outcome(run, name)
    terminal.say()
    terminal.say(f"   {terminal.paint(name, 'bold')}: the diff that the switch itself computed before the commit")
    terminal.diff(outcome["diff"])
    _show_alias(switch, name, ALIAS)
    _expect(f"{name}: ports with an LLDP neighbour", len(switch.neighbours()), CABLES)
    terminal.good(f"{name} sees its neighbour on all {CABLES} cables")


def _change_by_hand(switch: Switch) -> None:
    for line in HAND_CHANGE:
        terminal.command(line, prompt=f"{switch.name}#")
    switch.type(HAND_CHANGE)
    _show_alias(switch, switch.name, "")


def _show_put_right(stage: Stage, name: str, switch: Switch, before: Counts) -> None:
    action = switch.first_action_after_save(before.saves + 1)
    terminal.answer(f"event-handler naas: $HOSTNAME={name}, bash ended with status {action['exit_status']}")
    _expect("the exit status of the event-handler's action", action["exit_status"], 0)
    _show_log(stage)
    run = switch.last_pushed_run()
    outcome = stage.naas.outcome(run, name)
    _expect(f"the outcome of run {run}", outcome["status"], "changed")
    terminal.say(f"   {terminal.paint(name, 'bold')}: what run {run} changed")
    terminal.diff(outcome["diff"])
    _show_alias(switch, name, ALIAS)


def _show_alias(switch: Switch, name: str, expected: str) -> None:
    show = "show running-config | include alias"
    found = switch.show(show).strip()
    terminal.command(show, prompt=f"{name}#")
    terminal.answer(found or "(nothing)")
    _expect(f"{name}: {show}", found, expected)
    terminal.good(f"{name} runs {expected!r}" if expected else f"{name} has no alias any more")


def _settle(stage: Stage) -> None:
    """Waits until nothing has happened on any switch for a while."""
    with terminal.waiting(f"no switch has seen anything for {stage.quiet_seconds:.0f} seconds"):
        seen: list[int] = []
        since = time.monotonic()

        def look() -> bool | None:
            nonlocal seen, since
            now = [switch.events() for switch in stage.switches.values()]
            if now != seen:
                seen, since = now, time.monotonic()
            return True if time.monotonic() - since > stage.quiet_seconds else None

        wait_for("the switches to be left alone", look, seconds=120)


def _show_log(stage: Stage) -> None:
    for source, line in stage.new_log_lines():
        terminal.log(source, line)


def _expect_one_push(name: str, counts: Counts, saves: int) -> None:
    _expect(f"{name}: sessions opened, pushes and saves", counts, Counts(sessions=1, pushes=1, saves=saves))


def _expect_in_sync(stage: Stage, name: str) -> None:
    last = stage.naas.device(name)["last"]
    _expect(f"{name}: how run {last['run']}, the last, ended", last["status"], "in_sync")


def _expect(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise Failed(f"{what}: expected {expected!r}, found {found!r}")
