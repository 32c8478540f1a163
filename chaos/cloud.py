"""naas as on AWS, in LocalStack: the functions' processes are killed, and Lambda and SQS make it good."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from naas_localstack.stack import Stack

from .lab import Lab, base_model, write_models

PARAMETERS = {
    "ConfirmSeconds": "10",
    "RetryAttempts": "4",
    "RetryPauseSeconds": "1",
    "EnforcerTimeout": "40",
    "SliceVisibility": "45",
    "MaxClockSkewSeconds": "0",
}
"""Short times, so that what dies is made good within the test; one machine has one clock."""

LEASE_SECONDS = 40 + 60
"""A dead enforcer's lease ends so long after its slice was taken: the function's timeout, and what naas calls the aftermath."""


class Cloud:
    """A deployed stack."""

    settled_after = float(LEASE_SECONDS)

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._bucket = stack.outputs["ModelsBucket"]
        self._s3 = stack.client("s3")
        self.url = stack.url
        self.authorization: str | None = None

    def kill(self, which: float) -> bool:
        """Kills a function's process; the scheduler's and the enforcers' alike."""
        processes = self._stack.function_processes()
        if not processes:
            return False
        try:
            processes[int(which * len(processes))].kill()
        except psutil.NoSuchProcess:
            return False
        return True

    def edit(self, serial: int) -> None:
        """Stores a new version of the model."""
        self._s3.put_object(Bucket=self._bucket, Key="base.yaml", Body=base_model(serial).encode())


@contextmanager
def deployed(programs: Path, folder: Path, lab: Lab) -> Iterator[Cloud]:
    """LocalStack with naas in it, and in naas the lab."""
    models = folder / "models"
    write_models(models, serial=0)
    with Stack.started(folder / "localstack") as stack:
        stack.deploy(PARAMETERS)
        stack.put_inventory(lab.inventory)
        stack.put_models(models)
        yield Cloud(stack)
