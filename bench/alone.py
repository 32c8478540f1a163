"""What is measured without switches: rendering, scheduling, and a function's first answer."""

import io
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import jinja2

from demo.processes import Failed

from .fleet import TEMPLATE
from .measure import Spread, repeated, run

REPEATS = 200
"""Renderings in one measurement."""

FIRST_ANSWER_S = 20


@dataclass(frozen=True)
class Against:
    """The same by naas and by Python."""

    ours: Spread
    theirs: Spread

    @property
    def ratio(self) -> float:
        """Ours in terms of theirs, by the medians."""
        return self.ours.median / self.theirs.median


def rendering(programs: Path, folder: Path, lines: int, rounds: int) -> Against:
    """Microseconds for one switch of about so many lines, with everything parsed before."""
    model = folder / "render.json"
    model.write_text(json.dumps({"data": {"serial": 1, "ports": lines // 5}}))
    program = [programs / "examples" / "render_many", TEMPLATE, model, str(REPEATS)]
    ours = repeated(rounds, lambda: float(subprocess.run(program, check=True, capture_output=True, text=True).stdout))
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, autoescape=False)
    template, data = environment.from_string(TEMPLATE.read_text()), json.loads(model.read_text())["data"]

    def python() -> float:
        began = time.perf_counter()
        for _ in range(REPEATS):
            template.render(host="leaf1", model=data)
        return (time.perf_counter() - began) * 1e6 / REPEATS

    return Against(ours, repeated(rounds, python))


def scheduling(programs: Path, folder: Path, devices: int, rounds: int) -> tuple[Spread, Spread]:
    """Milliseconds of CPU from an inventory of so many devices to queued slices, and the peak of memory in MiB."""
    program = [programs / "examples" / "schedule_devices", str(devices)]
    costs = [run(program, log=folder / "schedule.log") for _ in range(rounds)]
    return Spread.of([cost.cpu_s * 1000 for cost in costs]), Spread.of([cost.peak_mib for cost in costs])


def cold_start(archive: Path, folder: Path, rounds: int) -> Against:
    """Milliseconds from the start of the process to its first answer: the enforcer's zip, and a function in Python."""
    bootstrap = folder / "bootstrap"
    with zipfile.ZipFile(archive) as packed:
        bootstrap.write_bytes(packed.read("bootstrap"))
    bootstrap.chmod(0o755)
    python = [sys.executable, "-m", "bench.peers.function"]
    return Against(repeated(rounds, lambda: _first_answer([bootstrap])), repeated(rounds, lambda: _first_answer(python)))


def size(archive: Path) -> float:
    """The size of a zip in MB."""
    return archive.stat().st_size / 1e6


class _Runtime(ThreadingHTTPServer):
    """Lambda's runtime API: one event without records, and then none."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Face)
        self.handed_out = False
        self.answered = Event()


class _Face(BaseHTTPRequestHandler):
    server: _Runtime

    def do_GET(self) -> None:  # noqa: N802
        """Hands out the event."""
        if self.server.handed_out:
            self.server.answered.wait(FIRST_ANSWER_S)
            time.sleep(FIRST_ANSWER_S)
            return
        self.server.handed_out = True
        body = b'{"Records": []}'
        self.send_response(200)
        for name, value in (
            ("Lambda-Runtime-Aws-Request-Id", "1"),
            ("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 60_000)),
            ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:bench"),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:  # noqa: N802
        """Takes the answer."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.answered.set()
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


@contextmanager
def _runtime() -> Iterator[_Runtime]:
    server = _Runtime()
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()


def _first_answer(command: list[str | Path]) -> float:
    with _runtime() as server:
        env = _environment(f"127.0.0.1:{server.server_address[1]}")
        began = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        answered = server.answered.wait(FIRST_ANSWER_S)
        took = (time.monotonic() - began) * 1000
        process.kill()
        errors = io.BytesIO(process.communicate()[1]).read()
    if not answered:
        raise Failed(f"{command!r} gave no answer within {FIRST_ANSWER_S} s:\n{errors.decode(errors='replace')[-2000:]}")
    return took


def _environment(runtime: str) -> dict[str, str]:
    """What Lambda and template.yaml set."""
    return {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(Path(__file__).parent.parent),
        "AWS_LAMBDA_RUNTIME_API": runtime,
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
        "AWS_LAMBDA_LOG_GROUP_NAME": "bench",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "INVENTORY_PREFIX": "naas/inventory",
        "ALLOW_LOCAL_ADDRESSES": "false",
        "MODELS_BUCKET": "models",
        "STATE_BUCKET": "state",
        "SLICE_QUEUE_URL": "https://queue.invalid",
        "DEAD_LETTER_QUEUE_URL": "https://queue.invalid",
        "DEVICE_CONCURRENCY": "32",
        "CONFIRM_SECONDS": "120",
        "MAX_CLOCK_SKEW_SECONDS": "300",
        "RETRY_ATTEMPTS": "8",
        "RETRY_PAUSE_SECONDS": "15",
    }


