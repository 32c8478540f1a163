"""Runs a program and measures what it took."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.processes import Failed


@dataclass(frozen=True)
class Cost:
    """What one process took, its threads included."""

    cpu_s: float
    """User and system time."""
    wall_s: float
    peak_mib: float
    """The largest resident memory."""


def run(command: Sequence[str | Path], *, log: Path, expected: Sequence[int] = (0,), env: dict[str, str] | None = None) -> Cost:
    """Runs a program to its end. Raises `Failed`, with the end of its log, if its exit status is none of the expected ones."""
    with log.open("wb") as output:
        began = time.monotonic()
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in expected:
        raise Failed(f"{process.args!r} ended with status {process.returncode}:\n{log.read_text(errors='replace')[-2000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, wall_s, usage.ru_maxrss / 1024)


@dataclass(frozen=True)
class Spread:
    """Several measurements of the same."""

    median: float
    least: float
    most: float

    @staticmethod
    def of(values: Sequence[float]) -> "Spread":
        """The spread of at least one value."""
        return Spread(statistics.median(values), min(values), max(values))

    def text(self, digits: int = 1) -> str:
        """Median with least and most, such as `4.8 (4.4–5.5)`."""
        if self.least == self.most:
            return f"{self.median:.{digits}f}"
        return f"{self.median:.{digits}f} ({self.least:.{digits}f}–{self.most:.{digits}f})"


def repeated(rounds: int, once: Callable[[], float]) -> Spread:
    """The spread of so many measurements."""
    return Spread.of([once() for _ in range(rounds)])
