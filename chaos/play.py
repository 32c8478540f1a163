"""Makes a plan happen: requests from many threads, kills and faults at their moments."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from .backend import Backend
from .caller import Caller
from .lab import Lab
from .plan import Ask, Break, Edit, Event, Kill, Lift, Plan


@dataclass
class Happened:
    """What really took place: a fault can be refused, and there may be nobody to kill."""

    kills: int = 0
    faults: int = 0
    edits: int = 0


def play(plan: Plan, backend: Backend, lab: Lab, caller: Caller, say: Callable[[str], None]) -> Happened:
    """Plays the plan to its end, and waits until every request has its answer."""
    happened = Happened()
    asked: list[Future[Any]] = []
    began = time.monotonic()
    with ThreadPoolExecutor(max_workers=48) as callers:
        for number, event in enumerate(plan.events):
            time.sleep(max(0.0, began + event.at - time.monotonic()))
            if isinstance(event, Ask):
                asked += _ask(event, caller, callers)
            else:
                _do(event, number, backend, lab, happened)
            if number % 100 == 99:
                say(f"{happened.kills} kills, {happened.faults} device faults, {caller.ledger.accepted} requests accepted")
        for request in asked:
            request.result()
    return happened


def _ask(ask: Ask, caller: Caller, callers: ThreadPoolExecutor) -> list[Future[Any]]:
    if ask.times == 1:
        return [callers.submit(caller.ask, ask.body, ask.key)]
    return [callers.submit(caller.call_once, ask.body) for _ in range(ask.times)]


def _do(event: Event, number: int, backend: Backend, lab: Lab, happened: Happened) -> None:
    match event:
        case Kill(which=which):
            happened.kills += backend.kill(which)
        case Break(device=device, fault=fault):
            happened.faults += lab.control.begin(device, fault, number)
        case Lift(device=device):
            lab.control.end(device)
        case Edit(serial=serial):
            backend.edit(serial)
            happened.edits += 1
