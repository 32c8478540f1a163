"""`python3 -m bench`: measures naas beside its peers and writes docs/performance.md with its plots."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from demo import terminal
from demo.processes import Failed

from . import alone, fleet, page
from .contenders import all_of
from .fleet import Latency
from .page import Measured
from .pushes import Match, Pushes

REPOSITORY = Path(__file__).parent.parent


def main() -> int:
    """Measures everything."""
    parser = argparse.ArgumentParser(prog="bench", description="Measures naas beside its peers on simulated switches.")
    parser.add_argument("--programs", type=Path, required=True, help="the folder of naas, eos-sim and examples/")
    parser.add_argument("--zips", type=Path, default=REPOSITORY / "build" / "lambda", help="what tools/package made")
    parser.add_argument("--short", action="store_true", help="few switches and rounds: whether it works, not how fast it is")
    parser.add_argument("--into", type=Path, default=REPOSITORY / "docs", help="the folder of the page and its plots")
    arguments = parser.parse_args()
    began = time.monotonic()
    terminal.title("naas beside its peers")
    try:
        with tempfile.TemporaryDirectory(prefix="naas-bench-") as folder:
            measured = _measure(arguments.programs, arguments.zips, Path(folder), short=arguments.short)
    except Failed as failure:
        terminal.bad(str(failure))
        return 1
    for line in page.write(measured, arguments.into, arguments.programs.name, short=arguments.short):
        terminal.say(f"   {line}")
    terminal.good(f"measured in {time.monotonic() - began:.0f} s; {arguments.into / 'performance.md'} has the tables and plots")
    return 0


def _measure(programs: Path, zips: Path, folder: Path, *, short: bool) -> Measured:
    rounds = 2 if short else 5
    count = 10 if short else 200
    measured = Measured()
    for lines in (500, 3000):
        measured.matches += _beside_peers(programs, folder / str(lines), count if lines == 500 else count // 4, lines, rounds)
    for devices in (10, 20) if short else (10, 100, 1000, 2000):
        measured.growth.append(_growth(programs, folder / f"growth{devices}", devices, 1 if short else 2))
    measured.slow = _slow(programs, folder / "slow", 20 if short else 1000)
    terminal.say("   rendering, scheduling and cold start")
    measured.rendering = {lines: alone.rendering(programs, folder, lines, rounds) for lines in (500, 3000)}
    sizes = (100, 1_000) if short else (100, 10_000, 100_000)
    measured.scheduling = {devices: alone.scheduling(programs, folder, devices, rounds) for devices in sizes}
    archives = {path.parent.name: path for path in sorted(zips.glob("*/bootstrap.zip"))}
    measured.zips = {name: alone.size(path) for name, path in archives.items()}
    if "enforcer" in archives:
        measured.cold_start = alone.cold_start(archives["enforcer"], folder, 3 if short else 11)
    return measured


def _beside_peers(programs: Path, folder: Path, count: int, lines: int, rounds: int) -> list[Match]:
    with fleet.started(programs, folder, count, lines) as switches:
        pushes = Pushes(switches, lines, folder)
        return [pushes.apply(all_of(programs), rounds), pushes.check(all_of(programs), rounds)]


def _growth(programs: Path, folder: Path, devices: int, rounds: int) -> Match:
    """naas and the floor alone, on ever more switches."""
    contenders = [contender for contender in all_of(programs) if contender.name in ("naas", "bare loop")]
    with fleet.started(programs, folder, devices, 100) as switches:
        return Pushes(switches, 100, folder).apply(contenders, rounds)


def _slow(programs: Path, folder: Path, devices: int) -> tuple[Match, Latency]:
    """Switches that take their time, as real ones do: there the wall clock counts."""
    latency = Latency(request_ms=20, commit_ms=1000)
    contenders = [contender for contender in all_of(programs) if contender.name in ("naas", "bare loop")]
    with fleet.started(programs, folder, devices, 100) as switches:
        pushes = Pushes(switches, 100, folder)
        switches.slow_down(latency)
        return pushes.apply(contenders, 1), latency


if __name__ == "__main__":
    sys.exit(main())
