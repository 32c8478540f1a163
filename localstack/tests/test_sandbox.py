"""The sandbox has Lambda's manners: what comes of a function that answers, fails, crashes, hangs or cannot start."""

import json
import os
import signal
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import psutil

from naas_localstack.runtime_api import Answered, Invocation, Ready, RuntimeApi
from naas_localstack.sandbox import Answer, Call, Sandbox, SandboxStopped

from .example_function import write_bootstrap


class SandboxTest(unittest.TestCase):
    """A sandbox around the example function."""

    def setUp(self) -> None:
        """A folder with the function's bootstrap."""
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        write_bootstrap(self.folder)

    def sandbox(self, timeout: float = 20, start_timeout: float = 20, **environment: str) -> Sandbox:
        """A sandbox that is stopped when the test ends."""
        sandbox = Sandbox(self.folder, environment, timeout, start_timeout)
        self.addCleanup(sandbox.stop)
        return sandbox

    def started(self, timeout: float = 20, **environment: str) -> Sandbox:
        """A sandbox whose function waits for calls."""
        sandbox = self.sandbox(timeout, **environment)
        sandbox.start()
        return sandbox

    def test_an_answer_is_the_functions_own(self) -> None:
        answer = call(self.started(), do="echo", text="grüezi")

        self.assertEqual(json.loads(answer.payload), {"do": "echo", "text": "grüezi"})
        self.assertFalse(answer.is_error)

    def test_a_function_is_kept_between_calls(self) -> None:
        sandbox = self.started()

        self.assertEqual(call(sandbox, do="pid").payload, call(sandbox, do="pid").payload)

    def test_an_error_is_the_functions_own_and_it_lives_on(self) -> None:
        sandbox = self.started()
        before = call(sandbox, do="pid").payload

        answer = call(sandbox, do="fail")

        self.assertTrue(answer.is_error)
        self.assertEqual(json.loads(answer.payload), {"errorType": "Example", "errorMessage": "as asked"})
        self.assertEqual(call(sandbox, do="pid").payload, before)

    def test_a_crash_is_an_error_and_the_next_call_starts_anew(self) -> None:
        sandbox = self.started()

        answer = call(sandbox, do="exit", status=3)

        self.assertTrue(answer.is_error)
        self.assertEqual(
            json.loads(answer.payload),
            {
                "errorType": "Runtime.ExitError",
                "errorMessage": "RequestId: call Error: Runtime exited with error: exit status 3",
            },
        )
        self.assertFalse(call(sandbox, do="echo").is_error)

    def test_a_function_killed_between_calls_is_started_anew(self) -> None:
        sandbox = self.started()
        pid = json.loads(call(sandbox, do="pid").payload)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not psutil.pid_exists(pid))

        self.assertFalse(call(sandbox, do="echo").is_error)

    def test_a_function_over_its_time_is_killed_and_the_next_call_starts_anew(self) -> None:
        sandbox = self.started(timeout=2)
        pid = json.loads(call(sandbox, do="pid").payload)

        answer = call(sandbox, do="sleep", seconds=60)

        self.assertEqual(
            json.loads(answer.payload),
            {"errorType": "Sandbox.Timedout", "errorMessage": "RequestId: call Task timed out after 2.00 seconds"},
        )
        self.assertFalse(psutil.pid_exists(pid))
        self.assertFalse(call(sandbox, do="echo").is_error)

    def test_a_missing_bootstrap_is_the_first_calls_error(self) -> None:
        (self.folder / "bootstrap").unlink()

        answer = call(self.started(), do="echo")

        self.assertTrue(answer.is_error)
        self.assertEqual(json.loads(answer.payload)["errorType"], "Runtime.InvalidEntrypoint")

    def test_a_bootstrap_that_is_no_program_is_the_first_calls_error(self) -> None:
        (self.folder / "bootstrap").write_bytes(b"\x00garbage")

        answer = call(self.started(), do="echo")

        self.assertEqual(json.loads(answer.payload)["errorType"], "Runtime.InvalidEntrypoint")

    def test_an_end_before_the_first_call_is_that_calls_error_with_its_logs(self) -> None:
        answer = call(self.started(START="exit"), do="echo")

        self.assertTrue(answer.is_error)
        self.assertIn("exit status 7", json.loads(answer.payload)["errorMessage"])
        self.assertEqual(answer.logs, "cannot start\n")

    def test_an_init_error_is_the_first_calls_error(self) -> None:
        answer = call(self.started(START="error"), do="echo")

        self.assertTrue(answer.is_error)
        self.assertEqual(json.loads(answer.payload)["errorType"], "Settings")

    def test_a_function_that_never_asks_for_a_call_is_given_up(self) -> None:
        sandbox = self.sandbox(start_timeout=1, START="hang")
        sandbox.start()

        self.assertIn("Init timed out", json.loads(call(sandbox, do="echo").payload)["errorMessage"])

    def test_logs_belong_to_the_call_that_wrote_them(self) -> None:
        sandbox = self.started()

        first, second = call(sandbox, do="print", text="one"), call(sandbox, do="print", text="two")

        self.assertEqual((first.logs, second.logs), ("one\n", "two\n"))

    def test_what_is_logged_after_the_answer_is_still_its_calls(self) -> None:
        self.assertEqual(call(self.started(), do="echo", afterword="late").logs, "late\n")

    def test_the_function_sees_its_environment_and_nothing_of_ours(self) -> None:
        os.environ["NAAS_TEST_OURS"] = "1"
        self.addCleanup(os.environ.pop, "NAAS_TEST_OURS")

        environment = json.loads(call(self.started(MINE="2"), do="environment").payload)

        self.assertEqual(environment["MINE"], "2")
        self.assertNotIn("NAAS_TEST_OURS", environment)

    def test_a_stop_from_another_thread_ends_a_hanging_start(self) -> None:
        sandbox = self.sandbox(START="hang")
        threading.Timer(0.2, sandbox.stop).start()

        with self.assertRaises(SandboxStopped):
            sandbox.start()

    def test_a_stop_from_another_thread_ends_a_call_and_its_process(self) -> None:
        sandbox = self.started()
        pid = json.loads(call(sandbox, do="pid").payload)
        threading.Timer(0.2, sandbox.stop).start()

        with self.assertRaises(SandboxStopped):
            call(sandbox, do="sleep", seconds=60)
        wait_until(lambda: not psutil.pid_exists(pid))

    def test_a_stopped_sandbox_starts_nothing(self) -> None:
        sandbox = self.sandbox()
        sandbox.stop()

        with self.assertRaises(SandboxStopped):
            sandbox.start()


class RuntimeApiTest(unittest.TestCase):
    """The Runtime API refuses what no well-behaved runtime sends."""

    def setUp(self) -> None:
        """An API with one invocation under way."""
        self.api = RuntimeApi(SimpleQueue())
        self.addCleanup(self.api.close)
        self.api.invoke(Invocation("call", b"{}", "arn", "trace", deadline_ms=5))

    def request(self, path: str, body: bytes | None = None) -> tuple[int, Any]:
        """Sends a request as a runtime would; status and headers."""
        url = f"http://{self.api.address}/2018-06-01/runtime/{path}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(urllib.request.Request(url, data=body), timeout=10) as response:
                return response.status, response.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers

    def test_an_invocation_comes_with_its_headers(self) -> None:
        status, headers = self.request("invocation/next")

        self.assertEqual(status, 200)
        self.assertEqual(headers["Lambda-Runtime-Aws-Request-Id"], "call")
        self.assertEqual(headers["Lambda-Runtime-Deadline-Ms"], "5")
        self.assertEqual(headers["Lambda-Runtime-Invoked-Function-Arn"], "arn")

    def test_an_answer_is_taken_once(self) -> None:
        self.request("invocation/next")

        statuses = [self.request("invocation/call/response", b"1")[0] for _ in range(2)]

        self.assertEqual(statuses, [202, 400])
        self.assertEqual(self.api.events.get(), Ready())
        self.assertEqual(self.api.events.get(), Answered("call", b"1", is_error=False))

    def test_an_answer_to_an_unknown_call_is_refused(self) -> None:
        self.assertEqual(self.request("invocation/another/response", b"1")[0], 400)

    def test_an_unknown_path_is_refused(self) -> None:
        self.assertEqual(self.request("extension/register", b"{}")[0], 404)


def call(sandbox: Sandbox, **event: Any) -> Answer:
    """Calls the example function."""
    return sandbox.invoke(Call("call", json.dumps(event).encode()))


def wait_until(holds: Any, seconds: float = 10) -> None:
    """Waits for something, with a bound."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not so within {seconds} s")
        time.sleep(0.01)
