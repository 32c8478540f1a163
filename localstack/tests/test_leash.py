"""A program on the leash ends with its starter, with everything it started, and by itself."""

import json
import signal
import subprocess
import sys
import unittest
from pathlib import Path

from naas_localstack.rie import LEASH

from .test_emulator import is_alive
from .test_sandbox import wait_until


class LeashTest(unittest.TestCase):
    """The leash around a program with a child in a process group of its own, as the emulator's function is."""

    def test_nothing_is_left_when_the_starter_is_terminated_or_killed(self) -> None:
        for how in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(how=how.name):
                starter, pids = started()
                alive = [pid for pid in pids if is_alive(pid)]

                starter.send_signal(how)
                starter.communicate()

                self.assertEqual(alive, pids)
                wait_until(lambda pids=pids: not any(is_alive(pid) for pid in pids))

    def test_it_ends_with_the_program(self) -> None:
        good, bad = (run("raise SystemExit(0)"), run("raise SystemExit(3)"))

        self.assertEqual((good, bad), (0, 1))

    def test_the_program_has_the_environment_that_the_leash_was_given(self) -> None:
        checks = "import os, sys; sys.exit(dict(os.environ).get('MINE') != '1' or 'PYTHONPATH' in os.environ)"

        self.assertEqual(run(checks, MINE="1"), 0)


STARTER = """
import subprocess, sys, time
leash = subprocess.Popen([sys.executable, "-P", *sys.argv[1:]], stdin=subprocess.PIPE, start_new_session=True)
time.sleep(300)
"""

PROGRAM = """
import json, os, subprocess, time
child = subprocess.Popen(["sleep", "300"], process_group=0)
print(json.dumps([os.getppid(), os.getpid(), child.pid]), flush=True)
time.sleep(300)
"""


def started() -> tuple["subprocess.Popen[str]", list[int]]:
    """A starter, and the processes of the leash, of its program and of that one's child."""
    command: list[str | Path] = [sys.executable, "-c", STARTER, LEASH, sys.executable, "-c", PROGRAM]
    starter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    return starter, json.loads(starter.stdout.readline())


def run(program: str, **environment: str) -> int:
    """Runs a program on a leash that nobody lets go; the leash's status."""
    command: list[str | Path] = [sys.executable, "-P", LEASH, sys.executable, "-c", program]
    leash = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)
    try:
        return leash.wait(timeout=30)
    finally:
        leash.communicate()
