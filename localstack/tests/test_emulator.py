"""LocalStack with our plugins: on the loopback only, functions as processes, and nothing left when it has ended."""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from typing import Any

import psutil

from naas_localstack.stack import Stack

from .example_function import write_bootstrap
from .test_sandbox import wait_until

ROLE = "arn:aws:iam::000000000000:role/function"


class EmulatorTest(unittest.TestCase):
    """One LocalStack for all of these."""

    stack: Stack

    @classmethod
    def setUpClass(cls) -> None:
        """Starts LocalStack with the example function in it."""
        cls.stack = cls.enterClassContext(Stack.started())
        cls.functions = cls.stack.client("lambda")
        create_function(cls.stack, "example", Timeout=2)

    def invoke(self, **event: Any) -> dict[str, Any]:
        """Calls the example function; boto3's answer with the payload parsed."""
        answer = self.functions.invoke(FunctionName="example", Payload=json.dumps(event))
        return {**answer, "Payload": json.load(answer["Payload"])}

    def test_it_listens_on_the_loopback_only(self) -> None:
        self.invoke(do="echo")

        hosts = {listening.laddr.ip for process in ours() for listening in listening_sockets(process)}

        self.assertEqual(hosts, {"127.0.0.1"})

    def test_a_function_answers(self) -> None:
        self.assertEqual(self.invoke(do="echo", text="x")["Payload"], {"do": "echo", "text": "x"})

    def test_a_function_is_told_where_localstack_is(self) -> None:
        environment = self.invoke(do="environment")["Payload"]

        self.assertEqual(environment["AWS_ENDPOINT_URL"], self.stack.endpoint)
        self.assertTrue((Path(environment["LAMBDA_TASK_ROOT"]) / "bootstrap").is_file())

    def test_a_crash_a_timeout_and_then_an_answer(self) -> None:
        crash = self.invoke(do="exit", status=1)
        late = self.invoke(do="sleep", seconds=60)
        good = self.invoke(do="echo")

        self.assertEqual(crash["Payload"]["errorType"], "Runtime.ExitError")
        self.assertEqual(late["Payload"]["errorType"], "Sandbox.Timedout")
        self.assertNotIn("FunctionError", good)

    def test_a_function_that_cannot_start_says_why_in_its_log(self) -> None:
        create_function(self.stack, "broken", Environment={"Variables": {"START": "exit"}})

        answer = self.functions.invoke(FunctionName="broken", Payload=b"{}")

        self.assertEqual(answer["FunctionError"], "Unhandled")
        wait_until(lambda: "cannot start" in log_text(self.stack, "broken"))

    def test_logs_reach_cloudwatch(self) -> None:
        self.invoke(do="print", text="a line of its own")

        wait_until(lambda: "a line of its own\n" in log_text(self.stack, "example"))

    def test_a_deleted_function_leaves_no_process(self) -> None:
        create_function(self.stack, "deleted")
        pid = json.load(self.functions.invoke(FunctionName="deleted", Payload=b'{"do": "pid"}')["Payload"])

        self.functions.delete_function(FunctionName="deleted")

        wait_until(lambda: not is_alive(pid))


class EndTest(unittest.TestCase):
    """What is left of a LocalStack."""

    def test_nothing_is_left_of_it_at_its_end(self) -> None:
        with Stack.started() as stack:
            pids = localstack_and_function(stack)

        wait_until(lambda: not any(is_alive(pid) for pid in pids))

    def test_nothing_is_left_of_it_when_its_starter_is_killed(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        starter = subprocess.Popen(
            [sys.executable, "-c", STARTER, folder], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent
        )
        self.addCleanup(starter.stdout.close)
        pids = json.loads(starter.stdout.readline())
        alive = [pid for pid in pids if is_alive(pid)]

        starter.send_signal(signal.SIGKILL)
        starter.wait()

        self.assertEqual(alive, pids)
        wait_until(lambda: not any(is_alive(pid) for pid in pids))


STARTER = """
import json, pathlib, sys, time
from naas_localstack.stack import Stack
from tests.test_emulator import localstack_and_function
with Stack.started(pathlib.Path(sys.argv[1])) as stack:
    print(json.dumps(localstack_and_function(stack)), flush=True)
    time.sleep(300)
"""


def localstack_and_function(stack: Stack) -> list[int]:
    """The processes of this process's LocalStack and of a function in it."""
    create_function(stack, "example")
    function = stack.client("lambda").invoke(FunctionName="example", Payload=b'{"do": "pid"}')
    return [process.pid for process in ours()] + [json.load(function["Payload"])]


def create_function(stack: Stack, name: str, **settings: Any) -> None:
    """Makes a function of the example and waits until it can be called."""
    with tempfile.TemporaryDirectory() as folder:
        bootstrap = write_bootstrap(Path(folder)).read_bytes()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("bootstrap", bootstrap)
    functions = stack.client("lambda")
    functions.create_function(
        FunctionName=name,
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role=ROLE,
        Code={"ZipFile": content.getvalue()},
        **settings,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def log_text(stack: Stack, function: str) -> str:
    """All that a function has logged."""
    logs = stack.client("logs")
    try:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    except logs.exceptions.ResourceNotFoundException:
        return ""
    return "".join(event["message"] for event in events)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie, whom nobody has asked about yet, does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ours() -> list[psutil.Process]:
    """The LocalStacks that this process has started."""
    children = psutil.Process(os.getpid()).children()
    return [process for process in children if "localstack.runtime.main" in process.cmdline()]


def listening_sockets(process: psutil.Process) -> list[Any]:
    """The sockets on which a process waits for connections."""
    return [socket for socket in process.net_connections("inet") if socket.status == psutil.CONN_LISTEN]
