"""What the demo writes: steps, log lines, diffs; in colour on a terminal, plain elsewhere and with NO_COLOR."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}
_IN_COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def paint(text: str, *styles: str) -> str:
    """`text` in these styles, if the output is a terminal."""
    if not _IN_COLOUR or not styles:
        return text
    codes = ";".join(_COLOURS[style] for style in styles)
    return f"\x1b[{codes}m{text}\x1b[0m"


def say(text: str = "") -> None:
    """One line, at once: the demo may be read through a pipe while it runs."""
    print(text, flush=True)


def title(text: str) -> None:
    """The demo's first line."""
    say(paint(text, "bold"))


class Steps:
    """Numbered headings."""

    def __init__(self) -> None:
        self._number = 0

    def begin(self, text: str) -> None:
        """The next step's heading."""
        self._number += 1
        say()
        say(paint(f"{self._number}  {text}", "bold", "blue"))


def command(text: str, prompt: str = "$") -> None:
    """Something a person could type."""
    say(f"   {paint(prompt, 'dim')} {paint(text, 'bold')}")


def answer(text: str) -> None:
    """What came back, indented."""
    for line in text.splitlines():
        say(f"     {line}")


def log(source: str, line: str) -> None:
    """A line of somebody's log."""
    say(f"     {paint(source.ljust(9), 'cyan')} {paint(line, 'dim')}")


def diff(text: str, limit: int = 24) -> None:
    """A unified diff; long ones are cut in the middle, and say so."""
    lines = text.splitlines()
    if len(lines) > limit:
        head, tail = limit * 2 // 3, limit // 3
        left_out = len(lines) - head - tail
        lines = [*lines[:head], f"… {left_out} more lines …", *lines[-tail:]]
    for line in lines:
        styles = {"+": ("green",), "-": ("red",), "@": ("cyan",), "…": ("dim",)}.get(line[:1], ())
        say(f"     {paint(line, *styles)}")


def good(text: str) -> None:
    """A claim that was checked and holds."""
    say(f"   {paint('✓', 'green', 'bold')} {text}")


def bad(text: str) -> None:
    """What did not happen."""
    say(f"   {paint('✗', 'red', 'bold')} {text}")


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Shows on a terminal that something takes time, and how long it took."""
    started = time.monotonic()
    if _IN_COLOUR:
        print(f"   {paint('…', 'yellow')} {text}", end="\r", flush=True)
    yield
    took = time.monotonic() - started
    if _IN_COLOUR:
        print("\x1b[2K", end="")
    say(f"   {paint('·', 'dim')} {text} {paint(f'({took:.1f} s)', 'dim')}")
