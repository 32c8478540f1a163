"""docs/performance.md and its plots, from what was measured."""

import os
import platform
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from . import plots
from .alone import Against
from .fleet import Latency
from .measure import Spread
from .pushes import Match

NAAS, NAPALM, BARE = "naas", "Nornir + NAPALM", "bare loop"

HEAD = """\
# Performance

`make bench` measures naas beside its peers and writes this page and its plots; nothing on it is typed by hand. Everybody works on
the same [simulated switches](../crates/eos-sim/README.md) in turn, several rounds, so that whatever else the machine does
hits all alike. Figures are medians, with the least and the most in brackets. **CPU is that of the client's process**, from the
operating system; the simulator's own is not in it. Rates by the wall clock are of a machine that the simulator shares, so
ratios say more than rates.

- **naas**: `naas apply --yes --all` and `naas check` on a site folder: inventory and models read, templates rendered, every switch
  replaced with a commit timer, confirmed over another connection and saved, the configuration kept in the history and the outcome
  on record, synced to disk.
- **Nornir + NAPALM** (3.6, 5.2.0): the same template by Jinja2, `load_replace_candidate`, `compare_config`, `commit_config` with
  `revert_in`, `confirm_commit` over another connection, `write memory`. A check loads, compares and discards.
- **asynceapi** (ANTA's): the same steps in a loop of its own.
- **bare loop**: `reqwest` alone, with the three requests that a push cannot do without, and nothing rendered, compared or kept
  ([`bare_loop.rs`](../crates/eapi/examples/bare_loop.rs)). It is the floor.

A check by naas of a switch that is known to run its intent asks for its digest. NAPALM has no such memory, so it loads and compares;
the bare loop asks for the digest as naas does.
"""


@dataclass
class Measured:
    """Everything that was measured."""

    matches: list[Match] = field(default_factory=list)
    growth: list[Match] = field(default_factory=list)
    slow: tuple[Match, Latency] | None = None
    rendering: dict[int, Against] = field(default_factory=dict)
    scheduling: dict[int, tuple[Spread, Spread]] = field(default_factory=dict)
    cold_start: Against | None = None
    zips: dict[str, float] = field(default_factory=dict)


def write(measured: Measured, folder: Path, profile: str, *, short: bool) -> Iterable[str]:
    """Writes the page and its plots, and tells the ratios. `profile` is the one of the measured programs."""
    folder.mkdir(parents=True, exist_ok=True)
    sections = [HEAD, _machine(profile, short=short)]
    for match in measured.matches:
        sections.append(_match(match))
    (folder / "performance-peers.svg").write_text(_peers_plot(measured.matches))
    sections.append("![CPU of the client for each switch, by contender](performance-peers.svg)\n")
    sections.append(_growth(measured.growth, folder))
    if measured.slow is not None:
        sections.append(_slow(*measured.slow))
    sections.append(_alone(measured))
    (folder / "performance.md").write_text("\n".join(sections))
    return [_ratios(match) for match in measured.matches]


def _machine(profile: str, *, short: bool) -> str:
    cpu = next((line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    run = "**A short run of few switches, which shows that it works and not how fast it is.** " if short else ""
    shipped = "the profile that is shipped" if profile == "release" else f"{profile} builds"
    day = time.strftime("%Y-%m-%d", time.gmtime())
    return (
        f"{run}Measured on {day} with `make bench`: {os.cpu_count()} cores of {cpu}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {shipped}.\n"
    )


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []


def _match(match: Match) -> str:
    title = "A push" if match.what == "apply" else "A check of switches in sync"
    rows = [
        "| | CPU ms a switch | switches a second | peak MiB | requests | TLS handshakes | CPU in terms of the bare loop |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, scores in match.scores.items():
        cells = [scores.cpu_ms.text(2), scores.devices_a_second.text(0), scores.peak_mib.text(0), scores.requests.text(2)]
        cells += [scores.handshakes.text(2), match.ratio(name, BARE).text(1)]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    table = "\n".join(rows)
    return f"## {title}: {match.devices} switches of {match.lines} lines\n\n{table}\n\n{_ratios(match)}\n"


def _ratios(match: Match) -> str:
    against = match.ratio(NAPALM, NAAS)
    floor = match.ratio(NAAS, BARE)
    return (
        f"{match.what}, {match.lines} lines: Nornir + NAPALM takes {against.text()} times the CPU of naas; "
        f"naas takes {floor.text()} times that of the bare loop."
    )


def _peers_plot(matches: list[Match]) -> str:
    groups = {
        f"{match.what}, {match.lines} lines": {name: scores.cpu_ms.median for name, scores in match.scores.items()}
        for match in matches
    }
    return plots.bars("CPU of the client for each switch", "ms", groups)


def _growth(growth: list[Match], folder: Path) -> str:
    rows = ["| switches of 100 lines | CPU ms a switch | peak MiB | the bare loop's CPU ms |", "| --- | --- | --- | --- |"]
    for match in growth:
        naas, bare = match.scores[NAAS], match.scores[BARE]
        rows.append(f"| {match.devices} | {naas.cpu_ms.text(2)} | {naas.peak_mib.text(0)} | {bare.cpu_ms.text(2)} |")
    series = {
        name: [(float(match.devices), match.scores[name].cpu_ms.median) for match in growth] for name in (NAAS, BARE)
    }
    plot = plots.lines("CPU for each switch, as there are more of them", "ms", "switches", series)
    (folder / "performance-growth.svg").write_text(plot)
    table = "\n".join(rows)
    return f"## More switches\n\n{table}\n\n![CPU for each switch by their number](performance-growth.svg)\n"


def _slow(match: Match, latency: Latency) -> str:
    # The bare loop does 32 at once what naas does, so it shows what the latency allows.
    walls = {name: scores.costs[0].wall_s for name, scores in match.scores.items()}
    return (
        f"## Switches that take their time\n\n{match.devices} switches, {latency.request_ms} ms for each request and "
        f"{latency.commit_ms} ms for each commit or confirmation. naas took {walls[NAAS]:.1f} s, and the bare loop with 32 at once "
        f"{walls[BARE]:.1f} s: {walls[NAAS] / walls[BARE]:.2f} times as long. naas's peak of memory was "
        f"{match.scores[NAAS].peak_mib.median:.0f} MiB.\n"
    )


def _alone(measured: Measured) -> str:
    parts = ["## Without switches\n", "| | naas | Python | ratio |", "| --- | --- | --- | --- |"]
    for lines, against in measured.rendering.items():
        parts.append(
            f"| one switch of {lines} lines rendered, µs (Python: Jinja2) | {against.ours.text(0)} | {against.theirs.text(0)} | "
            f"{against.ratio:.2f} |"
        )
    if measured.cold_start is not None:
        cold = measured.cold_start
        parts.append(
            f"| spawn of the enforcer to its first answer, ms (Python: a function with boto3, Jinja2, pyeapi) | "
            f"{cold.ours.text(1)} | {cold.theirs.text(0)} | {cold.ratio:.3f} |"
        )
    parts += ["", "| devices in the inventory | CPU ms to queued slices | peak MiB |", "| --- | --- | --- |"]
    parts += [f"| {devices:,} | {cpu.text(1)} | {peak.text(0)} |" for devices, (cpu, peak) in measured.scheduling.items()]
    if measured.zips:
        sizes = ", ".join(f"{name} {size:.2f} MB" for name, size in measured.zips.items())
        parts += ["", f"The zips of the functions: {sizes}."]
    return "\n".join([*parts, ""])
