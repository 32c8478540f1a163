"""Plays the main job: `python3 -m demo embedded` or `python3 -m demo localstack`. Exit status 0 only if all of it happened."""

import argparse
import sys
import tempfile
from pathlib import Path

from . import story, terminal
from .fleet import started
from .processes import Failed


def main() -> int:
    """Plays the story where the arguments say."""
    parser = argparse.ArgumentParser(prog="demo", description="The main job of naas, shown and checked.")
    parser.add_argument("where", choices=["embedded", "localstack"])
    parser.add_argument("--programs", type=Path, required=True, help="the folder of the built naas and eos-sim programs")
    arguments = parser.parse_args()
    if arguments.where == "embedded":
        from .embedded import deployed
    else:
        from .cloud import deployed
    with tempfile.TemporaryDirectory(prefix="naas-demo-") as temporary:
        folder = Path(temporary)
        try:
            terminal.title(f"naas, the main job ({arguments.where})")
            steps = terminal.Steps()
            steps.begin("The lab")
            with started(arguments.programs, folder) as switches:
                with deployed(arguments.programs, folder, switches) as stage:
                    story.tell(stage, steps)
        except Failed as failure:
            terminal.bad(str(failure))
            for log in sorted(folder.glob("*.log")):
                terminal.say(f"\n{log.name}:")
                terminal.answer("\n".join(log.read_text(errors="replace").splitlines()[-40:]))
            return 1
    terminal.say()
    terminal.good("all of it happened; nothing is left running")
    return 0


if __name__ == "__main__":
    sys.exit(main())
