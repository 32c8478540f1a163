"""Runs a program for as long as standard input stays open: a starter that was killed leaves nothing behind.

A program of its own, run by its path and with no need of this package, so that the environment it is given is the one
that it passes on.
"""

import os
import subprocess
import sys
import threading
from contextlib import suppress

import psutil


def main() -> int:
    """Runs the program in the arguments until it ends, or until standard input does; 1 if it did not end well."""
    program = psutil.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with_stdin, args=(program,), name="end-with-stdin", daemon=True).start()
    return 0 if program.wait() == 0 else 1


def _end_with_stdin(program: psutil.Popen) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    with suppress(psutil.NoSuchProcess):
        # Stopped first: what it started between the look and the kill would be nobody's.
        program.suspend()
        for child in program.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
        program.kill()


if __name__ == "__main__":
    sys.exit(main())
