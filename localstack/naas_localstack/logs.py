"""The functions' log lines, read from CloudWatch Logs as they come."""

from collections.abc import Mapping
from typing import Any

PLATFORM = ("START RequestId:", "END RequestId:", "REPORT RequestId:", '{"time"')
"""How the lines begin that Lambda adds to a function's own, as text and as JSON."""


class FunctionLogs:
    """Reads the log groups of some functions, each line once."""

    def __init__(self, logs: Any, functions: Mapping[str, str]) -> None:
        """`functions` has the names of the functions by what they are to be called in the result."""
        self._logs = logs
        self._functions = functions
        self._read: dict[tuple[str, str], int] = {}

    def new_lines(self) -> list[tuple[str, str]]:
        """Lines written since the last call, oldest first, without those that Lambda itself writes."""
        found: list[tuple[int, str, str]] = []
        for name, function in self._functions.items():
            group = f"/aws/lambda/{function}"
            for stream in self._streams(group):
                events = self._events(group, stream)
                new = events[self._read.get((group, stream), 0) :]
                self._read[group, stream] = len(events)
                found += [(event["timestamp"], name, event["message"].rstrip("\n")) for event in new]
        # One invocation's lines have one time; the sort is stable and leaves them in order.
        found.sort(key=lambda line: line[0])
        return [(name, text) for _, name, text in found if not text.startswith(PLATFORM)]

    def _streams(self, group: str) -> list[str]:
        try:
            pages = self._logs.get_paginator("describe_log_streams").paginate(logGroupName=group)
            return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
        except self._logs.exceptions.ResourceNotFoundException:
            return []

    def _events(self, group: str, stream: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            page = self._logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **token)
            events += page["events"]
            if not page["events"] or page["nextForwardToken"] == token.get("nextToken"):
                return events
            token = {"nextToken": page["nextForwardToken"]}
