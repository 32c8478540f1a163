"""`tools/localstack-python -m naas_localstack VERB`: a LocalStack with naas in it, for as long as one likes."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import psutil

from .emulator import Emulator, Failed, Life, end, is_healthy
from .stack import REPOSITORY, Stack

FOLDER = REPOSITORY / "build" / "localstack"
STATE = FOLDER / "running.json"
"""Which process was started, and where it answers."""


def main() -> int:
    """Runs one verb."""
    arguments = _parser().parse_args()
    try:
        arguments.run(arguments)
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="naas_localstack", description="naas in LocalStack, without Docker.")
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    def verb(run: Any, help: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(run.__name__, help=help)
        added.set_defaults(run=run)
        return added

    parser.add_argument("--endpoint", help="of a LocalStack that `up` did not start, such as compose.yaml's")
    verb(up, "start LocalStack on the loopback").add_argument("--port", type=int, help="instead of a free one")
    verb(deploy, "deploy template.yaml with the zips in build/lambda")
    fill = verb(seed, "store an inventory, and models")
    fill.add_argument("--inventory", type=Path, required=True, help="a YAML or JSON file")
    fill.add_argument("--name", default="naas/inventory/lab", help="the secret's name (default: %(default)s)")
    fill.add_argument("--models", type=Path, default=REPOSITORY / "models", help="a folder (default: models)")
    verb(outputs, "print what template.yaml gives out, and the URL that answers here")
    verb(logs, "print the functions' log lines")
    verb(down, "end LocalStack")
    return parser


def up(arguments: argparse.Namespace) -> None:
    """Starts LocalStack, unless it runs."""
    if (running := _running()) is not None:
        print(f"already running: {running[1]}")
        return
    emulator = Emulator.start(FOLDER, arguments.port, Life.OWN)
    started = psutil.Process(emulator.pid).create_time()
    STATE.write_text(json.dumps({"pid": emulator.pid, "started": started, "endpoint": emulator.endpoint}))
    print(f"LocalStack answers on {emulator.endpoint}; its log is {emulator.log}")


def deploy(arguments: argparse.Namespace) -> None:
    """Deploys, and prints what SAM says."""
    print(_stack(arguments.endpoint).deploy())


def seed(arguments: argparse.Namespace) -> None:
    """Stores an inventory document and the models."""
    stack = _stack(arguments.endpoint)
    stack.put_inventory(arguments.inventory.read_text(), arguments.name)
    stack.put_models(arguments.models)


def outputs(arguments: argparse.Namespace) -> None:
    """Prints the deployment's outputs."""
    stack = _stack(arguments.endpoint)
    for name, value in {**stack.outputs, "Url": stack.url}.items():
        print(f"{name:24} {value}")


def logs(arguments: argparse.Namespace) -> None:
    """Prints all log lines."""
    for function, line in _stack(arguments.endpoint).new_log_lines():
        print(f"{function:10} {line}")


def down(_arguments: argparse.Namespace) -> None:
    """Ends LocalStack and its functions."""
    running = _running()
    if running is not None:
        end(running[0])
    STATE.unlink(missing_ok=True)


def _stack(endpoint: str | None) -> Stack:
    if endpoint is not None:
        return Stack(endpoint)
    running = _running()
    if running is None or not is_healthy(running[1]):
        raise Failed("LocalStack does not run; `up` starts it")
    return Stack(running[1])


def _running() -> tuple[psutil.Process, str] | None:
    """The process that `up` started, if it still runs: the same number alone may by now be anybody's."""
    try:
        state = json.loads(STATE.read_text())
        process = psutil.Process(state["pid"])
        same = abs(process.create_time() - state["started"]) < 1 and process.status() != psutil.STATUS_ZOMBIE
        return (process, state["endpoint"]) if same else None
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None


if __name__ == "__main__":
    sys.exit(main())
