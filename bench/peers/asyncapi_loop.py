"""ANTA's asynceapi, as somebody would use it who writes a loop of their own: sessions, commit timer, confirmation.

`python -m bench.peers.asyncapi_loop INVENTORY MODEL TEMPLATE apply|check`
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import asynceapi
import jinja2

AT_ONCE = 32

SESSION = f"bench{os.getpid()}"
"""A switch takes a name once."""


async def main() -> int:
    """Works on every device; an exception ends the program."""
    inventory, model, template, what = sys.argv[1:]
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, autoescape=False)
    compiled = environment.from_string(Path(template).read_text())
    data = json.loads(Path(model).read_text())["data"]
    document = json.loads(Path(inventory).read_text())
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(name: str, host: dict[str, Any]) -> None:
        async with turns:
            await _work(host, document["defaults"], compiled.render(host=name, model=data), applies=what == "apply")

    await asyncio.gather(*(one(name, host) for name, host in document["hosts"].items()))
    return 0


async def _work(host: dict[str, Any], defaults: dict[str, Any], configuration: str, *, applies: bool) -> None:
    lines = [line.strip() for line in configuration.splitlines() if line.strip() and not line.startswith("!")]
    async with _opened(host, defaults) as device:
        await _cli(device, f"configure session {SESSION}", "rollback clean-config", *lines)
        if not await _cli(device, f"show session-config named {SESSION} diffs") or not applies:
            await _cli(device, f"configure session {SESSION} abort")
            return
        await _cli(device, f"configure session {SESSION} commit timer 00:02:00")
    async with _opened(host, defaults) as device:
        await _cli(device, f"configure session {SESSION} commit", "write memory")


async def _cli(device: asynceapi.Device, *commands: str) -> str:
    """The output of the last command. A request begins unprivileged, which the client's own sessions leave to its user."""
    outputs = await device.cli(commands=["enable", *commands], ofmt="text")
    return str(outputs[-1]).strip()


def _opened(host: dict[str, Any], defaults: dict[str, Any]) -> asynceapi.Device:
    return asynceapi.Device(
        host=host["hostname"], port=host["port"], username=defaults["username"], password=defaults["password"], verify=False
    )


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
