"""What chaos needs of the place where naas runs."""

from typing import Protocol

from .plan import Size


class Backend(Protocol):
    """A naas that can be killed."""

    url: str
    """Where it answers, without a slash at the end; the same after it was killed."""

    authorization: str | None
    """What callers show, if they must show something."""

    settled_after: float
    """Seconds after the last kill by which whatever a dead process held has ended."""

    def kill(self, which: float) -> bool:
        """SIGKILL for a process at a place from 0 to 1 among those of naas; false if there is none just now."""

    def edit(self, serial: int) -> None:
        """Gives the models another serial."""


LONG_EMBEDDED = Size(devices=200, seconds=210, kills=60, faults=90, requests=240, edits=12)
SHORT_EMBEDDED = Size(devices=40, seconds=15, kills=6, faults=15, requests=40, edits=3)
LONG_LOCALSTACK = Size(devices=200, seconds=210, kills=60, faults=75, requests=70, edits=6)
SHORT_LOCALSTACK = Size(devices=12, seconds=15, kills=6, faults=15, requests=15, edits=2)
