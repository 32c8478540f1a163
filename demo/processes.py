"""What runs on this machine for the demo: child processes, ended by process id whatever happens, and the way to them."""

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Opens URLs on this machine without asking a proxy for them, whatever the environment says."""


class Failed(Exception):
    """The demo did not show what it promises; the message says what was expected and what was found."""


def wait_for(what: str, look: Callable[[], Found | None], seconds: float = 60) -> Found:
    """Looks until something is there. Raises `Failed` after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.1)
    raise Failed(f"waited {seconds:.0f} s for {what}")


class Child:
    """A running program and the file its output goes to."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path, written_before: int) -> None:
        self._process = process
        self.output = output
        self._written_before = written_before
        self._read_to = written_before

    def first_line(self, containing: str) -> str:
        """The first line of output that has this in it; raises `Failed` with the output if the program ends before."""

        def look() -> str | None:
            text = self.output.read_bytes()[self._written_before :].decode(errors="replace")
            for line in text.splitlines(keepends=True):
                if containing in line and line.endswith("\n"):
                    return line.rstrip("\n")
            if self._process.poll() is not None:
                raise Failed(f"{self._process.args!r} ended with status {self._process.returncode}:\n{text}")
            return None

        return wait_for(f"{containing!r} from {self._process.args!r}", look)

    def new_lines(self) -> list[str]:
        """Whole lines written since the last call."""
        with self.output.open("rb") as output:
            output.seek(self._read_to)
            text = output.read()
        whole = text.rfind(b"\n") + 1
        self._read_to += whole
        return text[:whole].decode(errors="replace").splitlines()

    def kill(self) -> None:
        """Ends the program with SIGKILL: it cannot tidy up."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Asks the program to end, and ends it after ten seconds."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


@contextmanager
def running(arguments: list[str | Path], output: Path, env: dict[str, str] | None = None) -> Iterator[Child]:
    """Runs a program for as long as the block lasts. An output that is there already is added to, and not read again."""
    with output.open("ab") as file:
        written_before = file.tell()
        process = subprocess.Popen(
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
        )
    child = Child(process, output, written_before)
    try:
        yield child
    finally:
        child.end()
