"""One function in Lambda's own Runtime Interface Emulator, which the SAM CLI's package brings; no Docker.

It is here, beside the stack, because a function needs AWS behind it: the zip that was deployed runs with the
environment that `template.yaml` gave it, against the same LocalStack, but under AWS's runtime instead of our executor.
"""

import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .emulator import Failed, aws_settings
from .stack import REPOSITORY, Stack, tool

START_SECONDS = 20.0

END_SECONDS = 10.0
"""How long the system may take to clear killed processes away."""

LEASH = Path(__file__).with_name("leash.py")


@dataclass(frozen=True)
class Function:
    """A function that waits for events."""

    url: str
    _output: Path

    def invoke(self, event: bytes) -> bytes:
        """What the function answers, or Lambda in its place."""
        # Without the proxy that the environment may name.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(urllib.request.Request(self.url, data=event), timeout=330) as response:
                answer: bytes = response.read()
                return answer
        except OSError as error:
            raise Failed(f"the emulator gave no answer ({error}); it said:\n{self.logs()}") from error

    def logs(self) -> str:
        """What the function and the emulator have written."""
        return self._output.read_text(errors="replace")


@contextmanager
def emulated(stack: Stack, name: str) -> Iterator[Function]:
    """Runs `scheduler` or `enforcer` for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="naas-rie-") as temporary:
        folder = Path(temporary)
        with zipfile.ZipFile(REPOSITORY / "build" / "lambda" / name / "bootstrap.zip") as archive:
            archive.extract("bootstrap", folder)
        (folder / "bootstrap").chmod(0o755)
        output = folder / "output.log"
        process, port = _start(folder / "bootstrap", _environment(stack, name, folder), output)
        try:
            yield Function(f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations", output)
        finally:
            _end(process)


def _start(bootstrap: Path, environment: dict[str, str], output: Path) -> tuple["subprocess.Popen[bytes]", int]:
    """Starts the emulator on a leash; the leash and the port.

    Three times at most: somebody may take a free port before it does.
    """
    for _ in range(3):
        port, api_port = _free_ports()
        # Without addresses it would listen on every interface.
        addresses = [
            *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
            *("--runtime-api-address", f"127.0.0.1:{api_port}"),
        ]
        with output.open("wb") as file:
            process = subprocess.Popen(
                # -P: the leash is run by its path, and the files beside it must not be taken for packages.
                [sys.executable, "-P", LEASH, _program(), *addresses, bootstrap, "bootstrap"],
                cwd=bootstrap.parent,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for us alone: the leash has to be there to end the others.
                start_new_session=True,
            )
        try:
            if _listens(process, port):
                return process, port
        except BaseException:
            _end(process)
            raise
        _end(process)
    raise Failed(f"the emulator did not start; it said:\n{output.read_text(errors='replace')}")


def _environment(stack: Stack, name: str, folder: Path) -> dict[str, str]:
    """The environment that the deployment gave the function, and what Lambda adds."""
    function = stack.outputs[f"{name.capitalize()}Function"]
    settings = stack.client("lambda").get_function_configuration(FunctionName=function)
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TMPDIR": str(folder),
        "AWS_LAMBDA_FUNCTION_NAME": settings["FunctionName"],
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(settings["Timeout"]),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings["MemorySize"]),
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        **aws_settings(stack.endpoint),
        **settings["Environment"]["Variables"],
    }


def _program() -> Path:
    architecture = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
    venv = tool("python").parent.parent
    found = sorted(venv.glob(f"lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-{architecture}"))
    if not found:
        raise Failed(f"the SAM CLI in {venv} has no Runtime Interface Emulator for {architecture}")
    if not os.access(found[0], os.X_OK):
        found[0].chmod(0o755)
    return found[0]


def _listens(process: "subprocess.Popen[bytes]", port: int) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.02)
    return False


def _end(leash: "subprocess.Popen[bytes]") -> None:
    """Kills the emulator and the function, which it has put in a process group of its own."""
    leash.communicate(timeout=END_SECONDS)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
