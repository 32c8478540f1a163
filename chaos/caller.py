"""Somebody who asks naas for things, and asks again with the same key when no answer comes."""

import http.client
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from demo.processes import DIRECT, Failed

PATIENCE_SECONDS = 180.0
"""For how long a request is repeated: longer than naas holds the key of a request whose process died, which is a minute."""

PAUSE_SECONDS = 0.25


@dataclass
class Ledger:
    """What naas has promised; any thread may write."""

    runs: dict[str, int] = field(default_factory=dict)
    """Accepted runs, and how many devices each has."""
    accepted: int = 0
    """Answers with status 202."""
    asked_again: int = 0
    """How often a request was sent once more because its answer was lost or said to come again."""
    _lock: Lock = field(default_factory=Lock, repr=False)

    def accept(self, receipt: dict[str, Any]) -> None:
        """Notes a receipt."""
        with self._lock:
            self.accepted += 1
            self.runs[receipt["run"]] = receipt["devices"]

    def again(self) -> None:
        """Notes a repetition."""
        with self._lock:
            self.asked_again += 1


class NoAnswer(Exception):
    """The connection ended before an answer, or the answer was to come again."""


@dataclass(frozen=True)
class Caller:
    """Calls the naas at `url`, and keeps the ledger."""

    url: str
    ledger: Ledger
    authorization: str | None = None
    """The value of the header of that name, where callers must show one."""

    def ask(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        """`POST /configure` until it is accepted."""
        receipt = self.persist("POST", "configure", body, key)
        self.ledger.accept(receipt)
        return receipt

    def call_once(self, body: dict[str, Any]) -> None:
        """`POST /configure` as a switch's event-handler does: once, and whatever comes."""
        try:
            self.ledger.accept(self._call("POST", "configure", body, None))
        except NoAnswer:
            pass

    def persist(self, method: str, path: str, body: dict[str, Any] | None = None, key: str | None = None) -> dict[str, Any]:
        """Calls until an answer comes."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._call(method, path, body, key)
            except NoAnswer as failure:
                if time.monotonic() > deadline:
                    raise Failed(f"{method} {path} had no answer in {PATIENCE_SECONDS:.0f} s, last: {failure}") from failure
                if key is not None:
                    self.ledger.again()
                time.sleep(PAUSE_SECONDS)

    def _call(self, method: str, path: str, body: dict[str, Any] | None, key: str | None) -> dict[str, Any]:
        headers = {"content-type": "application/json"}
        if self.authorization is not None:
            headers["authorization"] = self.authorization
        if key is not None:
            headers["idempotency-key"] = key
        data = None if body is None else json.dumps(body).encode()
        call = urllib.request.Request(f"{self.url}/{path}", method=method, data=data, headers=headers)
        try:
            with DIRECT.open(call, timeout=30) as response:
                answer: dict[str, Any] = json.load(response)
                return answer
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            # 409: its key is at work, perhaps with a process that died.
            if error.code in (409, 429) or error.code >= 500:
                raise NoAnswer(f"{error.code} {text[:300]}") from error
            raise Failed(f"{method} {path}: {error.code} {text[:2000]}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NoAnswer(str(error)) from error
