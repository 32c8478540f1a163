"""The main job from end to end in LocalStack: the demo's story, whose every claim is checked as it is told."""

import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path

from demo import story, terminal
from demo.cloud import played_on, stack_started
from demo.fleet import started
from naas_localstack.stack import REPOSITORY

PROGRAMS = Path(os.environ.get("NAAS_PROGRAMS", REPOSITORY / "target" / "debug"))
"""Where the simulator's program is; `make localstack` builds it."""


class MainJobTest(unittest.TestCase):
    """API Gateway, scheduler, queue, enforcer, eAPI, and the switch's own event-handler back to the API."""

    def test_a_hand_change_is_put_right_and_the_chain_ends(self) -> None:
        told = io.StringIO()
        try:
            with (
                contextlib.redirect_stdout(told),
                tempfile.TemporaryDirectory() as folder,
                started(PROGRAMS, Path(folder)) as switches,
                stack_started() as stack,
                played_on(stack, switches) as stage,
            ):
                story.tell(stage, terminal.Steps())
        except Exception as error:
            self.fail(f"{error}\n\nWhat was told until then:\n{told.getvalue()}")

        self.assertIn("exactly one push, then a check that found it in sync", told.getvalue())
