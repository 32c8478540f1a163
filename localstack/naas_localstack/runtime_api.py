"""The Lambda Runtime API for one process, as the custom runtime guide describes it (version 2018-06-01).

A server of its own on a port of its own, since `AWS_LAMBDA_RUNTIME_API` has no room for a path. What the process says
becomes an event; what it does not say (that it ended) is for `sandbox` to find out.
"""

import json
import re
import socketserver
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue


@dataclass(frozen=True)
class Invocation:
    """One call of the function."""

    id: str
    payload: bytes
    function_arn: str
    trace_id: str
    deadline_ms: int
    """When the function must have answered, in milliseconds since 1970."""


@dataclass(frozen=True)
class Ready:
    """The process asks for its next invocation."""


@dataclass(frozen=True)
class InitFailed:
    """The process gave up before its first invocation."""

    error: bytes


@dataclass(frozen=True)
class Answered:
    """The process answered an invocation."""

    id: str
    payload: bytes
    is_error: bool


@dataclass(frozen=True)
class Ended:
    """The process is no more."""

    returncode: int
    """As `subprocess` has it: negative for a signal."""


@dataclass(frozen=True)
class Stopped:
    """Somebody wants the sandbox to stop."""


Event = Ready | InitFailed | Answered | Ended | Stopped


class RuntimeApi:
    """Serves one process until it is closed."""

    def __init__(self, events: "SimpleQueue[Event]") -> None:
        self.events = events
        self._invocations: SimpleQueue[Invocation | None] = SimpleQueue()
        self._current: str | None = None
        self._server = _Server(self)
        # The default is to look every half second whether to stop, and each stop would wait for it.
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="runtime-api", daemon=True)
        thread.start()

    @property
    def address(self) -> str:
        """Host and port, for `AWS_LAMBDA_RUNTIME_API`."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def invoke(self, invocation: Invocation) -> None:
        """Hands the process an invocation, now or as soon as it asks for one."""
        self._current = invocation.id
        self._invocations.put(invocation)

    def next(self) -> Invocation | None:
        """Waits for an invocation; none when the API closes."""
        self.events.put(Ready())
        return self._invocations.get()

    def answer(self, answered: Answered) -> bool:
        """Takes an answer, unless nobody waits for it."""
        if answered.id != self._current:
            return False
        self._current = None
        self.events.put(answered)
        return True

    def close(self) -> None:
        """Ends the server and lets go whoever waits for an invocation."""
        self._invocations.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        """Binds without the look-up of this machine's name that HTTPServer makes."""
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request: object, client_address: object) -> None:
        """A process that ends mid-request is no error of the server."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        if self.path != "/2018-06-01/runtime/invocation/next":
            return self._refuse(HTTPStatus.NOT_FOUND, "UnknownPath", self.path)
        invocation = self.server.api.next()
        if invocation is None:
            self.close_connection = True
            return None
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
            "Lambda-Runtime-Trace-Id": invocation.trace_id,
        }
        return self._reply(HTTPStatus.OK, invocation.payload, headers)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self.close_connection = True
            return self._refuse(HTTPStatus.LENGTH_REQUIRED, "LengthRequired", "a streamed response is not supported")
        body = self.rfile.read(int(length))
        if self.path == "/2018-06-01/runtime/init/error":
            self.server.api.events.put(InitFailed(body))
            return self._accept()
        match = re.fullmatch(r"/2018-06-01/runtime/invocation/([^/]+)/(response|error)", self.path)
        if match is None:
            return self._refuse(HTTPStatus.NOT_FOUND, "UnknownPath", self.path)
        if not self.server.api.answer(Answered(match[1], body, is_error=match[2] == "error")):
            return self._refuse(HTTPStatus.BAD_REQUEST, "InvalidRequestID", f"nobody waits for {match[1]}")
        return self._accept()

    def _accept(self) -> None:
        self._reply(HTTPStatus.ACCEPTED, b'{"status":"OK"}\n', {})

    def _refuse(self, status: HTTPStatus, kind: str, message: str) -> None:
        self._reply(status, json.dumps({"errorType": kind, "errorMessage": message}).encode(), {})

    def _reply(self, status: HTTPStatus, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged."""
