"""naas as on AWS, in LocalStack: API Gateway, Secrets Manager, SQS, S3 and both functions, deployed from `template.yaml`."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from naas_localstack.stack import Stack

from . import terminal
from .embedded import MODELS
from .fleet import inventory
from .naas_api import Naas
from .story import Stage
from .switch import Switch


@contextmanager
def deployed(programs: Path, folder: Path, switches: dict[str, Switch]) -> Iterator[Stage]:
    """Starts LocalStack, deploys naas into it, and tells it of the simulated switches."""
    with stack_started() as stack:
        with played_on(stack, switches) as stage:
            yield stage


@contextmanager
def stack_started() -> Iterator[Stack]:
    """A LocalStack with naas deployed in it."""
    with ExitStack() as until_the_end:
        with terminal.waiting("LocalStack starts on the loopback"):
            stack = until_the_end.enter_context(Stack.started())
        with terminal.waiting("sam deploy brings template.yaml and the functions' zips"):
            stack.deploy()
        yield stack


@contextmanager
def played_on(stack: Stack, switches: dict[str, Switch]) -> Iterator[Stage]:
    """The worked example's models and the simulated switches in a deployed stack."""
    with terminal.waiting("the inventory goes to Secrets Manager, models/ to S3"):
        stack.put_inventory(inventory(switches, stack.url))
        stack.put_models(MODELS)
    yield Stage(
        naas=Naas(stack.url),
        switches=switches,
        new_log_lines=lambda: [(function, _readable(line)) for function, line in stack.new_log_lines()],
        quiet_seconds=10,
    )


def _readable(line: str) -> str:
    """The functions log JSON; a person reads level, message and fields."""
    try:
        entry = json.loads(line)
        fields = entry.get("fields", {})
        message = fields.pop("message", "")
        rest = " ".join(f"{key}={value}" for key, value in fields.items())
        return f"{entry['level']:>5} {message} {rest}"
    except (ValueError, KeyError, AttributeError):
        return line
