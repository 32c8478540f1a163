"""naas in one process on a site folder: `naas serve`, with its queue and records in that folder."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import terminal
from .fleet import inventory
from .naas_api import Naas, authorization_of
from .processes import running
from .story import Stage
from .switch import Switch

ON_FLASH = Path("/mnt/flash/naas-authorization")
"""Where `naas token place` puts the header that a switch shows when it calls."""

MODELS = Path(__file__).parent.parent / "models"


@contextmanager
def deployed(programs: Path, folder: Path, switches: dict[str, Switch]) -> Iterator[Stage]:
    """Serves a site made of the worked example's models and the simulated switches."""
    site = folder / "site"
    shutil.copytree(MODELS, site / "models")
    serve = [programs / "naas", "serve", "--site", site, "--listen", "127.0.0.1:0"]
    with running(serve, folder / "naas.log") as naas:
        with terminal.waiting("naas serves the site folder: inventory, models, state"):
            ready = naas.first_line(containing="naas is serving")
            url = re.search(r"http://[0-9.:]+", ready).group()
            # The switches call back to a port that only the running naas knows, so the inventory is written now; it is
            # read anew for every request.
            (site / "inventory.json").write_text(json.dumps(inventory(switches, url, ON_FLASH), indent=2))
            subprocess.run([programs / "naas", "token", "place", "--site", site], check=True, stdout=subprocess.DEVNULL)
        yield Stage(
            naas=Naas(url, authorization_of(site)),
            authorization=".naas/authorization",
            switches=switches,
            new_log_lines=lambda: [_who_and_what(line) for line in naas.new_lines()],
            quiet_seconds=6,
        )


_PARTS = {"naas::schedule": "scheduler", "naas::enforce": "enforcer"}


def _who_and_what(line: str) -> tuple[str, str]:
    """One process logs for both: the module tells the parts apart. The time is left out."""
    parts = re.fullmatch(r"(?:\S+Z\s+)?(\w+) ([\w:]+?): (.*)", line)
    if parts is None:
        return "naas", line
    level, module, text = parts.groups()
    part = next((part for path, part in _PARTS.items() if module.startswith(path)), "naas")
    return part, f"{level:>5} {text}"
