"""naas as its callers see it: one POST, and GETs until a run is finished."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .processes import DIRECT, Failed, wait_for


def authorization_of(site: Path) -> str:
    """What somebody who may ask a `naas serve` for everything shows: the file holds a whole header line."""
    _, value = (site / ".naas" / "authorization").read_text().strip().split(": ", 1)
    return value


@dataclass(frozen=True)
class Naas:
    """A running naas at `url`, without a slash at the end."""

    url: str
    authorization: str | None = None
    """The value of the header of that name, where callers must show one."""

    def configure(self, body: dict[str, Any]) -> dict[str, Any]:
        """`POST /configure`; raises `Failed` unless it is accepted."""
        return self._call("POST", "configure", body)

    def refusal(self, body: dict[str, Any]) -> dict[str, Any]:
        """What `POST /configure` answers to somebody who shows no token; raises `Failed` if it is not refused."""
        try:
            with DIRECT.open(self._request("POST", "configure", body, {"content-type": "application/json"}), timeout=30):
                raise Failed("POST /configure was accepted without a token")
        except urllib.error.HTTPError as error:
            return json.load(error)

    def run(self, run: str) -> dict[str, Any]:
        """`GET /runs/{run}`."""
        return self._call("GET", f"runs/{run}")

    def outcome(self, run: str, device: str) -> dict[str, Any]:
        """`GET /runs/{run}/devices/{device}`."""
        return self._call("GET", f"runs/{run}/devices/{device}")

    def device(self, device: str) -> dict[str, Any]:
        """`GET /devices/{device}`."""
        return self._call("GET", f"devices/{device}")

    def finished(self, run: str) -> dict[str, Any]:
        """The report of a run, once every device has an outcome."""

        def look() -> dict[str, Any] | None:
            report = self.run(run)
            return report if report["status"] == "finished" else None

        return wait_for(f"run {run} to finish", look)

    def _headers(self) -> dict[str, str]:
        headers = {"content-type": "application/json"}
        return headers if self.authorization is None else {**headers, "authorization": self.authorization}

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            with DIRECT.open(self._request(method, path, body, self._headers()), timeout=30) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise Failed(f"{method} {self.url}/{path}: {error.code} {error.read().decode(errors='replace')}") from error

    def _request(self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]) -> urllib.request.Request:
        data = None if body is None else json.dumps(body).encode()
        return urllib.request.Request(f"{self.url}/{path}", method=method, data=data, headers=headers)
