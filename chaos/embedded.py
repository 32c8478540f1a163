"""`naas serve` on a site folder, killed and started again on the same port."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from demo.naas_api import authorization_of
from demo.processes import Child, running

from .lab import Lab, base_model, write_models

OPTIONS = ("--confirm", "10", "--attempts", "4", "--retry-pause", "1")
"""Short times, so that what is undone by a timer or tried again is so within the test."""


class Embedded:
    """One process, on a port that stays."""

    settled_after = 0.0

    def __init__(self, programs: Path, site: Path) -> None:
        self._site = site
        self._log = site.parent / "naas.log"
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._serve = [programs / "naas", "serve", "--site", site, "--listen", f"127.0.0.1:{port}", *OPTIONS]
        self._life = ExitStack()
        self._start()
        self.authorization: str | None = authorization_of(site)

    def _start(self) -> None:
        self._process: Child = self._life.enter_context(running(self._serve, self._log))
        self._process.first_line(containing="naas is serving")

    def kill(self, which: float) -> bool:
        """Kills the process and starts another."""
        self._process.kill()
        self._life.close()
        self._start()
        return True

    def edit(self, serial: int) -> None:
        """Replaces the model in one step, so that no reader sees half of it."""
        model = self._site / "models" / "base.yaml"
        draft = self._site / "base.yaml.draft"
        draft.write_text(base_model(serial))
        os.replace(draft, model)

    def end(self) -> None:
        """Ends the process."""
        self._life.close()


@contextmanager
def deployed(programs: Path, folder: Path, lab: Lab) -> Iterator[Embedded]:
    """A site folder of the lab, served."""
    site = folder / "site"
    write_models(site / "models", serial=0)
    (site / "inventory.json").write_text(json.dumps(lab.inventory))
    embedded = Embedded(programs, site)
    try:
        yield embedded
    finally:
        embedded.end()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
