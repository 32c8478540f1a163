"""LocalStack as a process: started on a loopback port, waited for, and ended with everything it started."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from enum import Enum
from pathlib import Path

import psutil

from .plugin_path import plugin_path

START_SECONDS = 90.0
"""The first start after an installation compiles LocalStack; later ones take about a second."""

END_SECONDS = 10.0
"""How long the system may take to clear a killed LocalStack away."""


class Failed(Exception):
    """Something is not as it should be; the message says what was expected, what was found and where to look."""


class Life(Enum):
    """When LocalStack ends if nobody ends it."""

    WITH_STARTER = "with its starter"
    OWN = "its own"


class Emulator:
    """A LocalStack that this process started."""

    def __init__(self, process: "subprocess.Popen[bytes]", endpoint: str, log: Path) -> None:
        self._process = process
        self.endpoint = endpoint
        self.log = log

    @property
    def pid(self) -> int:
        """LocalStack's process, and the process group of all that it starts."""
        return self._process.pid

    @classmethod
    def start(cls, folder: Path, port: int | None, life: Life) -> "Emulator":
        """Starts LocalStack, all its files below `folder`, on this port or a free one, and waits until it answers."""
        attempts = 1 if port is not None else 3
        for attempt in range(1, attempts + 1):
            try:
                return cls._start(folder, port or _free_port(), life)
            except _PortTaken:
                # Somebody took the free port before LocalStack did.
                if attempt == attempts:
                    raise
        raise AssertionError("the last attempt returns or raises")

    @classmethod
    def _start(cls, folder: Path, port: int, life: Life) -> "Emulator":
        for name in ("tmp", "cache"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        log = folder / "localstack.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                # -P: a folder `localstack` that it is started beside must not be taken for the package.
                [sys.executable, "-P", "-m", "localstack.runtime.main"],
                cwd=folder,
                env=_environment(folder, port, life),
                stdin=subprocess.PIPE if life is Life.WITH_STARTER else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A process group that its functions join: Ctrl-C does not reach it, and one signal ends them all.
                start_new_session=True,
            )
        emulator = cls(process, f"http://127.0.0.1:{port}", log)
        try:
            emulator._wait_until_healthy()
        except BaseException:
            emulator.end()
            raise
        return emulator

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                text = self.log.read_text(errors="replace")
                kind = _PortTaken if "CannotListenError" in text else Failed
                raise kind(f"LocalStack ended with status {self._process.returncode} at its start:\n{text[-4000:]}")
            if is_healthy(self.endpoint):
                return
            time.sleep(0.05)
        raise Failed(f"LocalStack did not answer within {START_SECONDS:.0f} s; its log is {self.log}")

    def end(self) -> None:
        """Ends LocalStack and its functions."""
        if self._process.poll() is None:
            end(psutil.Process(self._process.pid))
        self._process.communicate()


class _PortTaken(Failed):
    """Another program listens there."""


def is_healthy(endpoint: str) -> bool:
    """Whether a LocalStack answers there."""
    # Without the proxy that the environment may name.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{endpoint}/_localstack/health", timeout=5) as response:
            return "version" in json.load(response)
    except (OSError, ValueError):
        return False


def end(localstack: psutil.Process) -> None:
    """Kills LocalStack and its functions. There is nothing to save, and its own end may wait for a thread it lost."""
    # Compares the time of its start too: the number alone may by now be another program's.
    if localstack.is_running():
        with suppress(ProcessLookupError):
            os.killpg(localstack.pid, signal.SIGKILL)
        with suppress(psutil.TimeoutExpired):
            localstack.wait(END_SECONDS)


def aws_settings(endpoint: str) -> dict[str, str]:
    """What points AWS's SDKs at LocalStack, with credentials that are good for nothing else."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def client_environment(endpoint: str) -> dict[str, str]:
    """Our environment for a program that uses LocalStack, and no way to a real account."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**ours, **aws_settings(endpoint), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def _environment(folder: Path, port: int, life: Life) -> dict[str, str]:
    """LocalStack's settings, made from nothing: what a user has set for another LocalStack must not matter here."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LS_LOG") if name in os.environ}
    return {
        **inherited,
        "PYTHONPATH": plugin_path(folder / "plugins"),
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "GATEWAY_SERVER": "loopback",
        "LOCALSTACK_HOST": f"127.0.0.1:{port}",
        "LAMBDA_RUNTIME_EXECUTOR": "process",
        "NAAS_ENDS_WITH_STDIN": "1" if life is Life.WITH_STARTER else "0",
        # All files below one folder. The index of plugins is cached by modification times two minutes apart, so its
        # cache must not outlive the folder.
        "OVERRIDE_IN_DOCKER": "0",
        "FILESYSTEM_ROOT": str(folder / "root"),
        "LOCALSTACK_VOLUME_DIR": str(folder / "volume"),
        "TMPDIR": str(folder / "tmp"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        # Nothing of the outside is needed.
        "DNS_ADDRESS": "0",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "SKIP_INFRA_DOWNLOADS": "1",
        # Queue URLs with the host that everything else has.
        "SQS_ENDPOINT_STRATEGY": "path",
        # From message to function in a tenth of a second; the defaults, kind to a shared machine, take up to ten.
        "LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC": "0.05",
        "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC": "0.1",
        # Alarms look once a minute at what queues report; by default these report once a minute too.
        "SQS_CLOUDWATCH_METRICS_REPORT_INTERVAL": "10",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
