"""LocalStack's Lambda executor that runs functions as processes, for machines without Docker.

Fits a `Sandbox` to LocalStack 4.14's `RuntimeExecutor`. Layers, extensions and the architecture are ignored.
"""

import json
import logging
import tempfile
from datetime import UTC, datetime
from typing import Any

from localstack.services.lambda_.invocation.executor_endpoint import ShutdownDuringStartup
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import LambdaRuntimeException, RuntimeExecutor

from .sandbox import Answer, Call, Sandbox, SandboxStopped

LOG = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"


class ProcessExecutor(RuntimeExecutor):
    """One execution environment of one version of a function."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:
        super().__init__(id=id, function_version=function_version)
        self._sandbox: Sandbox | None = None
        self._stopped = False

    def start(self, env_vars: dict[str, Any]) -> None:
        """Starts the function's process.

        A function that fails to start is no exception here, for LocalStack would drop its logs: the first call fails.
        """
        config = self.function_version.config
        folder = config.code.get_unzipped_code_location()
        self._sandbox = sandbox = Sandbox(folder, _environment(env_vars, str(folder)), config.timeout)
        if self._stopped:
            sandbox.stop()
        try:
            sandbox.start()
        except SandboxStopped as error:
            LOG.warning("stopped during its start:\n%s", sandbox.logs())
            raise ShutdownDuringStartup("the environment was stopped during its start") from error

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Calls the function. LocalStack keeps an environment after a crash or timeout, so the sandbox starts anew."""
        if self._sandbox is None:
            raise LambdaRuntimeException("the environment was not started")
        call = Call(
            payload["invoke-id"], payload["payload"].encode(), payload["invoked-function-arn"], payload["trace-id"]
        )
        try:
            answer = self._sandbox.invoke(call)
        except SandboxStopped as error:
            raise LambdaRuntimeException("the environment was stopped during an invocation") from error
        return InvocationResult(call.id, answer.payload, answer.is_error, self._with_platform_lines(call.id, answer))

    def stop(self) -> None:
        """Kills the process. LocalStack's start-up timer calls this from a thread of its own."""
        self._stopped = True
        if self._sandbox is not None:
            self._sandbox.stop()

    def get_logs(self) -> str:
        """What the present process has written."""
        return self._sandbox.logs() if self._sandbox else ""

    def get_address(self) -> str:
        """Where the function runs."""
        return LOOPBACK

    def get_endpoint_from_executor(self) -> str:
        """LocalStack as functions see it. An IP address makes AWS's SDKs address buckets by path."""
        return LOOPBACK

    def get_runtime_endpoint(self) -> str:
        """For LocalStack's own init program, which does not run here."""
        return ""

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unpacks the zip. Whether it holds a bootstrap shows at the first call, as on AWS.

        An exception here would leave a function that LocalStack can neither run nor delete.
        """
        try:
            function_version.config.code.prepare_for_execution()
        except Exception:
            LOG.exception("the code of %s cannot be unpacked", function_version.qualified_arn)

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Deletes what was unpacked."""
        function_version.config.code.destroy_cached()

    def _with_platform_lines(self, call: str, answer: Answer) -> str:
        """The function's log lines between those that Lambda itself writes."""
        config = self.function_version.config
        milliseconds = answer.seconds * 1000
        logs = answer.logs if not answer.logs or answer.logs.endswith("\n") else answer.logs + "\n"
        if (config.logging_config or {}).get("LogFormat") == "JSON":
            start = _platform("start", requestId=call, version=self.function_version.id.qualifier)
            status = "error" if answer.is_error else "success"
            metrics = {"durationMs": round(milliseconds, 3), "memorySizeMB": config.memory_size}
            return f"{start}\n{logs}{_platform('report', requestId=call, status=status, metrics=metrics)}\n"
        return (
            f"START RequestId: {call} Version: {self.function_version.id.qualifier}\n{logs}END RequestId: {call}\n"
            f"REPORT RequestId: {call}\tDuration: {milliseconds:.2f} ms\tMemory Size: {config.memory_size} MB\n"
        )


def _environment(variables: dict[str, Any], folder: str) -> dict[str, str]:
    """What the function sees: Lambda's variables and its own, nothing of LocalStack's."""
    host = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": tempfile.gettempdir()}
    lambdas = {name: str(value) for name, value in variables.items()}
    # /var/task, which LocalStack says, does not exist here.
    return {**host, **lambdas, "LAMBDA_TASK_ROOT": folder}


def _platform(kind: str, **record: Any) -> str:
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": time, "type": f"platform.{kind}", "record": record})
