"""`python3 -m chaos embedded`, `tools/localstack-python -m chaos localstack`; exit status 0 only if every promise was kept."""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from demo import terminal
from demo.processes import Failed

from . import backend, lab, play, recover, verdict
from .backend import Backend
from .caller import Caller, Ledger
from .plan import Plan, Size

REPOSITORY = Path(__file__).parent.parent


def main() -> int:
    """Plays chaos where the arguments say."""
    parser = argparse.ArgumentParser(prog="chaos", description="Kills naas and breaks switches, and counts what that does.")
    parser.add_argument("where", choices=["embedded", "localstack"])
    parser.add_argument("--short", action="store_true", help="a minute, for every change")
    parser.add_argument("--seed", type=int, help="the schedule of events; a new one if left out")
    parser.add_argument("--programs", type=Path, default=REPOSITORY / "target" / "debug", help="the folder of naas and eos-sim")
    parser.add_argument("--keep", type=Path, help="a folder for logs and the site, kept")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1_000_000)
    python = "python3" if arguments.where == "embedded" else "tools/localstack-python"
    again = f"{python} -m chaos {arguments.where}{' --short' if arguments.short else ''} --seed {seed}"
    terminal.title(f"naas under chaos ({arguments.where}); the same schedule again: {again}")
    deployed, size = _place(arguments.where, arguments.short)
    folder = Path(tempfile.mkdtemp(prefix="naas-chaos-")) if arguments.keep is None else arguments.keep
    folder.mkdir(parents=True, exist_ok=True)
    try:
        found = _chaos(arguments.where, Plan.drawn(seed, size), deployed, arguments.programs, folder)
    except Failed as failure:
        terminal.bad(str(failure))
        terminal.say(f"   the logs are in {folder}")
        return 1
    for sentence in found.broken:
        terminal.bad(sentence)
    if found.broken:
        terminal.say(f"   the logs are in {folder}")
        return 1
    if arguments.keep is None:
        shutil.rmtree(folder, ignore_errors=True)
    terminal.good("nothing lost, nothing doubled, nothing left behind")
    return 0


Deployed = Callable[[Path, Path, lab.Lab], AbstractContextManager[Backend]]


def _place(where: str, short: bool) -> tuple[Deployed, Size]:
    if where == "embedded":
        from . import embedded

        return embedded.deployed, backend.SHORT_EMBEDDED if short else backend.LONG_EMBEDDED
    from . import cloud

    return cloud.deployed, backend.SHORT_LOCALSTACK if short else backend.LONG_LOCALSTACK


def _chaos(where: str, plan: Plan, deployed: Deployed, programs: Path, folder: Path) -> verdict.Verdict:
    began = time.monotonic()

    def say(text: str) -> None:
        terminal.say(f"   {time.monotonic() - began:4.0f} s  {text}")

    with lab.started(programs, folder, plan.size.devices) as switches, deployed(programs, folder, switches) as site:
        ledger = Ledger()
        caller = Caller(site.url, ledger, site.authorization)
        say(f"{plan.size.devices} switches and naas are up")
        happened = play.play(plan, site, switches, caller, say)
        for device in switches.devices:
            switches.control.end(device)
        # A last death after the last fault: what it leaves must be found by those that come after.
        happened.kills += site.kill(0.0)
        say(f"all faults are ended after {happened.kills} kills; what is under way or parked is brought to its end")
        serial = plan.last_serial + 1
        recovered = recover.recover(site, switches, caller, serial)
        say(f"outcomes: {', '.join(f'{count} {status}' for status, count in sorted(recovered.statuses.items()))}")
        found = verdict.judge(switches, ledger, happened, recovered, serial)
    terminal.say()
    terminal.say(verdict.markdown(where, found))
    terminal.say()
    return found


if __name__ == "__main__":
    sys.exit(main())
