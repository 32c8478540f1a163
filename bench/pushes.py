"""Pushes and checks: everybody in turn on the same switches, several rounds, so that what else runs meanwhile hits all alike."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from demo import terminal
from demo.processes import Failed

from .contenders import Contender
from .fleet import Fleet, Traffic
from .measure import Cost, Spread, run


@dataclass
class Scores:
    """What one contender took in each round, on so many devices."""

    devices: int
    costs: list[Cost] = field(default_factory=list)
    traffic: list[Traffic] = field(default_factory=list)

    @property
    def cpu_ms(self) -> Spread:
        """CPU of the client for each device."""
        return Spread.of([cost.cpu_s * 1000 / self.devices for cost in self.costs])

    @property
    def devices_a_second(self) -> Spread:
        """By the wall clock, on a machine that it shares with the simulated switches."""
        return Spread.of([self.devices / cost.wall_s for cost in self.costs])

    @property
    def peak_mib(self) -> Spread:
        """Memory."""
        return Spread.of([cost.peak_mib for cost in self.costs])

    @property
    def requests(self) -> Spread:
        """For each device."""
        return Spread.of([traffic.requests / self.devices for traffic in self.traffic])

    @property
    def handshakes(self) -> Spread:
        """For each device."""
        return Spread.of([traffic.handshakes / self.devices for traffic in self.traffic])


@dataclass(frozen=True)
class Match:
    """A comparison: what was done with how many switches of how many lines, and what it took whom."""

    what: str
    devices: int
    lines: int
    scores: dict[str, Scores]

    def ratio(self, ours: str, theirs: str) -> Spread:
        """CPU of one contender in terms of another's, round by round."""
        pairs = zip(self.scores[ours].costs, self.scores[theirs].costs, strict=True)
        return Spread.of([one.cpu_s / other.cpu_s for one, other in pairs])


class Pushes:
    """Rounds on one fleet. Each push of a round asks for something new."""

    def __init__(self, fleet: Fleet, lines: int, folder: Path) -> None:
        self._fleet = fleet
        self._lines = lines
        self._log = folder / "client.log"
        self._serial = 0

    def apply(self, contenders: Iterable[Contender], rounds: int) -> Match:
        """Everybody replaces the configuration of every switch, in turn."""
        contenders = list(contenders)
        match = self._match("apply", contenders)
        self._push(contenders[0], None)
        for number in range(rounds):
            terminal.say(f"   apply, round {number + 1} of {rounds}: {len(self._fleet.names)} switches of {self._lines} lines")
            for contender in contenders:
                self._push(contender, match.scores[contender.name])
        return match

    def check(self, contenders: Iterable[Contender], rounds: int) -> Match:
        """Everybody finds out that every switch runs what it should."""
        contenders = list(contenders)
        match = self._match("check", contenders)
        self._push(contenders[0], None)
        for number in range(rounds):
            terminal.say(f"   check, round {number + 1} of {rounds}: {len(self._fleet.names)} switches of {self._lines} lines")
            for contender in contenders:
                self._measure(contender, "check", match.scores[contender.name])
        return match

    def _match(self, what: str, contenders: list[Contender]) -> Match:
        devices = len(self._fleet.names)
        return Match(what, devices, self._lines, {contender.name: Scores(devices) for contender in contenders})

    def _push(self, contender: Contender, scores: Scores | None) -> None:
        self._serial += 1
        self._fleet.ask_for(self._serial)
        self._measure(contender, "apply", scores)
        saved = self._fleet.serials()
        if saved != {f"alias SERIAL show version {self._serial}"}:
            raise Failed(f"{contender.name} was to bring serial {self._serial} to every switch, and they have saved {saved}")

    def _measure(self, contender: Contender, what: str, scores: Scores | None) -> None:
        before = self._fleet.traffic()
        # `naas apply` ends with 0 where it changed what was to be changed; see docs/cli.md.
        cost = run(contender.command(self._fleet, what), log=self._log, env={"RUST_LOG": "warn"})
        if scores is not None:
            scores.costs.append(cost)
            scores.traffic.append(self._fleet.traffic().since(before))
