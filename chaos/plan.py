"""What will happen, drawn from a seed: the same seed and size give the same events at the same moments.

What comes of them is not the same each time: it depends on which instruction a process is killed at.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .faults import FAULTS, Fault


@dataclass(frozen=True)
class Size:
    """How much happens."""

    devices: int
    seconds: float
    """For how long things go wrong."""
    kills: int
    faults: int
    requests: int
    """Requests that are told apart; a burst of identical ones counts as one."""
    edits: int
    """Changes of the models."""


@dataclass(frozen=True)
class Ask:
    """A request, or a burst of identical ones."""

    at: float
    key: str
    """Its Idempotency-Key; a burst has none, as the webhooks of switches have none."""
    body: dict[str, Any]
    times: int = 1


@dataclass(frozen=True)
class Break:
    """A device begins to fail, and ceases after `seconds`."""

    at: float
    device: str
    fault: Fault
    seconds: float


@dataclass(frozen=True)
class Lift:
    """The device is sound again."""

    at: float
    device: str


@dataclass(frozen=True)
class Kill:
    """A process of naas gets SIGKILL."""

    at: float
    which: float
    """Where there are several: a place among them, from 0 to 1."""


@dataclass(frozen=True)
class Edit:
    """The models get a new serial, which every device is to have."""

    at: float
    serial: int


Event = Ask | Break | Lift | Kill | Edit


@dataclass(frozen=True)
class Plan:
    """All that will happen, in order."""

    seed: int
    size: Size
    events: list[Event] = field(repr=False)

    @classmethod
    def drawn(cls, seed: int, size: Size) -> "Plan":
        """The plan of this seed."""
        dice = random.Random(seed)
        events: list[Event] = [*_asked(dice, size), *_broken(dice, size)]
        events += [Kill(at, dice.random()) for at in _moments(dice, size.kills, size.seconds)]
        events += [Edit(at, serial) for serial, at in enumerate(_moments(dice, size.edits, size.seconds), start=1)]
        return cls(seed, size, sorted(events, key=lambda event: event.at))

    @property
    def last_serial(self) -> int:
        """The serial that the models have in the end."""
        return self.size.edits


def device_names(count: int) -> list[str]:
    """As `eos-sim --devices` names them."""
    return [f"device{number}" for number in range(1, count + 1)]


GROUPS = ("leaf", "spine", "border")
"""The devices' groups; the first has most of them."""


def group_of(number: int) -> str:
    """The group of the device of this number."""
    return GROUPS[2] if number % 20 == 0 else GROUPS[1] if number % 10 == 0 else GROUPS[0]


def _moments(dice: random.Random, count: int, seconds: float) -> list[float]:
    return sorted(dice.uniform(0.5, seconds) for _ in range(count))


def _asked(dice: random.Random, size: Size) -> Iterator[Ask]:
    # The first one is for all, so that there is something to lose from the beginning.
    yield Ask(0.0, "first", {"devices": ["all"]})
    for number, at in enumerate(_moments(dice, size.requests - 1, size.seconds), start=2):
        body, times = _request(dice, size)
        yield Ask(at, f"request-{number}", body, times)


def _request(dice: random.Random, size: Size) -> tuple[dict[str, Any], int]:
    names = device_names(size.devices)
    kind = dice.random()
    if kind < 0.05:
        return {"devices": ["all"], "step": dice.choice([5, 10, 25])}, 1
    if kind < 0.15:
        return {"groups": [dice.choice(GROUPS[1:])], "mode": dice.choice(["apply", "apply", "plan"])}, 1
    if kind < 0.30:
        return {"devices": [dice.choice(names)]}, dice.randint(5, 25)
    if kind < 0.45:
        return {"devices": dice.sample(names, 5), "mode": dice.choice(["plan", "check"])}, 1
    return {"devices": dice.sample(names, dice.randint(1, 8)), "step": 2}, 1


def _broken(dice: random.Random, size: Size) -> Iterator[Break | Lift]:
    """One fault a device at a time: setting a second one would end the first."""
    sound_from = dict.fromkeys(device_names(size.devices), 0.0)
    for number, at in enumerate(_moments(dice, size.faults, size.seconds)):
        sound = [name for name, free in sound_from.items() if free <= at]
        # In a small fleet every device may be broken; then the first one to be sound again is next.
        device = dice.choice(sound or [min(sound_from, key=lambda name: sound_from[name])])
        at = max(at, sound_from[device])
        seconds = dice.uniform(2, 12)
        # In turn, so that each kind is there in the shortest run too.
        fault = FAULTS[number % len(FAULTS)]
        sound_from[device] = at + seconds + 1
        yield Break(at, device, fault, seconds)
        yield Lift(at + seconds, device)
