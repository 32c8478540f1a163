"""One execution environment: a function's `bootstrap` as a process, kept for many calls and replaced when it dies.

It has Lambda's manners (timeout, crash, failed start, the error payloads of each) without Lambda's walls: no memory
limit, no file system and no user of its own. Nothing here knows LocalStack.
"""

import json
import os
import subprocess
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

import psutil

from .runtime_api import Answered, Ended, Event, InitFailed, Invocation, Ready, RuntimeApi, Stopped

AFTERWORD_SECONDS = 0.05
"""How long a process may write its last log lines after it has answered."""

START_SECONDS = 10.0
"""How long a process may take until it asks for its first invocation; Lambda's own limit."""


@dataclass(frozen=True)
class Call:
    """What the function is called with."""

    id: str
    payload: bytes
    function_arn: str = ""
    trace_id: str = ""


@dataclass(frozen=True)
class Answer:
    """What came of a call."""

    payload: bytes
    is_error: bool
    logs: str
    """What the process has written since the last answer."""
    seconds: float


class SandboxStopped(Exception):
    """The sandbox was stopped while somebody waited for it."""


class Sandbox:
    """Runs the `bootstrap` in a folder, with this environment and nothing of ours.

    One thread at a time starts and invokes; any thread may stop.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        timeout_seconds: float,
        start_timeout_seconds: float = START_SECONDS,
    ) -> None:
        self._folder = folder
        self._environment = environment
        self._timeout = timeout_seconds
        self._start_timeout = start_timeout_seconds
        self._lock = threading.Lock()
        self._stopped = False
        self._process: _Process | None = None
        self._failed_start: bytes | None = None

    def start(self) -> None:
        """Starts the process and waits until it asks for an invocation. If it fails, the first call is told why."""
        try:
            self._failed_start = self._spawn()
        except _CannotRun as failure:
            self._failed_start = failure.payload

    def invoke(self, call: Call) -> Answer:
        """Calls the function; a process that has died since is replaced first."""
        began = time.monotonic()
        failed, self._failed_start = self._failed_start, None
        if failed is None and not self._is_alive():
            try:
                failed = self._spawn()
            except _CannotRun as failure:
                failed = failure.payload
        if failed is not None:
            payload, is_error = failed, True
        else:
            payload, is_error = self._call(call)
        return Answer(payload, is_error, self._new_logs(), time.monotonic() - began)

    def stop(self) -> None:
        """Kills the process. Whoever waits for it gets `SandboxStopped`; the sandbox cannot be used again."""
        with self._lock:
            self._stopped = True
            process = self._process
        if process is not None:
            process.events.put(Stopped())
            process.kill()

    def logs(self) -> str:
        """Everything the present process has written, for a person who looks for a fault."""
        return self._process.output(since=0)[0] if self._process else ""

    def _is_alive(self) -> bool:
        return self._process is not None and self._process.is_alive()

    def _spawn(self) -> bytes | None:
        """Starts a process; the error's payload if it does not come up."""
        with self._lock:
            if self._stopped:
                raise SandboxStopped
            if self._process is not None:
                self._process.kill()
            self._process = None
            self._process = process = _Process(self._folder, self._environment)
        match process.wait((Ready, InitFailed, Ended), self._start_timeout):
            case Ready():
                return None
            case InitFailed(error):
                process.kill()
                return error
            case Ended(returncode):
                return _exit_error(None, returncode)
            case _:
                process.kill()
                return _error(None, "Sandbox.Timedout", f"Init timed out after {self._start_timeout:.2f} seconds")

    def _call(self, call: Call) -> tuple[bytes, bool]:
        process = self._process
        assert process is not None
        deadline_ms = int((time.time() + self._timeout) * 1000)
        process.api.invoke(Invocation(call.id, call.payload, call.function_arn, call.trace_id, deadline_ms))
        match process.wait((Answered, Ended), self._timeout):
            case Answered(_, payload, is_error):
                process.wait((Ready, Ended), AFTERWORD_SECONDS)
                return payload, is_error
            case Ended(returncode):
                return _exit_error(call.id, returncode), True
            case _:
                process.kill()
                return _error(call.id, "Sandbox.Timedout", f"Task timed out after {self._timeout:.2f} seconds"), True

    def _new_logs(self) -> str:
        return self._process.new_output() if self._process else ""


class _CannotRun(Exception):
    """There is no bootstrap, or it cannot be executed."""

    def __init__(self, payload: bytes) -> None:
        super().__init__(payload.decode())
        self.payload = payload


class _Process:
    """A running bootstrap, its Runtime API and its output."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.events: SimpleQueue[Event] = SimpleQueue()
        # A file, not a pipe: what was written before the next event is there to read, and nobody has to drain it.
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this object
        weakref.finalize(self, self._output.close)
        self._read_to = 0
        self.api = RuntimeApi(self.events)
        try:
            # In LocalStack's process group, so that whoever has to kill that group leaves no function behind.
            self._process = subprocess.Popen(
                [folder / "bootstrap"],
                cwd=folder,
                env={**environment, "AWS_LAMBDA_RUNTIME_API": self.api.address},
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            self.api.close()
            raise _CannotRun(_error(None, "Runtime.InvalidEntrypoint", f"{error.strerror}: bootstrap")) from error
        threading.Thread(target=self._report_end, name="bootstrap-end", daemon=True).start()

    def _report_end(self) -> None:
        self.events.put(Ended(self._process.wait()))
        self.api.close()

    def wait(self, kinds: tuple[type[Event], ...], seconds: float | None = None) -> Event | None:
        """The next event of these kinds; none when the time is up. `SandboxStopped` if that comes first."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            try:
                event = self.events.get(timeout=None if deadline is None else max(0.0, deadline - time.monotonic()))
            except Empty:
                return None
            if isinstance(event, Stopped):
                raise SandboxStopped
            if isinstance(event, kinds):
                return event

    def is_alive(self) -> bool:
        # poll() alone says "alive" while the thread that waits for the process is just about to note its end.
        return self._process.poll() is None and psutil.pid_exists(self._process.pid)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def new_output(self) -> str:
        text, self._read_to = self.output(self._read_to)
        return text

    def output(self, since: int) -> tuple[str, int]:
        """The output from an offset, and the offset after it."""
        # The process writes through the same file description, so reading must not move its position.
        end = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), end - since, since).decode(errors="replace"), end


def _exit_error(call: str | None, returncode: int) -> bytes:
    how = f"signal {-returncode}" if returncode < 0 else f"exit status {returncode}"
    return _error(call, "Runtime.ExitError", f"Error: Runtime exited with error: {how}")


def _error(call: str | None, kind: str, message: str) -> bytes:
    """An error as Lambda itself words it when the function could not."""
    prefix = f"RequestId: {call} " if call else ""
    return json.dumps({"errorType": kind, "errorMessage": prefix + message}).encode()
