"""What `tools/tally` makes of the output of test runners."""

import subprocess
import sys
import unittest
from pathlib import Path

TALLY = Path(__file__).resolve().parent.parent / "tally"


def tally(output: str, status: int = 0) -> tuple[list[str], int]:
    """The lines behind the output, and the exit status, for a command that prints this and ends with that."""
    program = f"print({output!r}); raise SystemExit({status})"
    done = subprocess.run(
        [sys.executable, TALLY, sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    return done.stdout.removeprefix(output + "\n").splitlines(), done.returncode


class Tallying(unittest.TestCase):
    """Each test gives the lines of a runner and expects the closing lines."""

    def test_runners_are_added_up(self) -> None:
        output = "test result: ok. 12 passed; 0 failed; 0 ignored\nRan 7 tests in 3.2s\n\nOK"
        self.assertEqual(tally(output), (["19 passed, 0 failed"], 0))

    def test_skipped_tests_are_named_and_not_passed(self) -> None:
        output = "skipped: a_test: there is no corpus\nskipped: a_test: nor this\ntest result: ok. 2 passed; 0 failed;"
        self.assertEqual(
            tally(output), (["Skipped:", "  a_test: there is no corpus", "1 passed, 0 failed, 1 skipped"], 0)
        )

    def test_a_skip_on_the_line_of_its_test_is_seen(self) -> None:
        output = "test it::a_test ... skipped: a_test: there is no corpus\ntest result: ok. 1 passed; 0 failed;"
        self.assertEqual(tally(output)[0][-1], "0 passed, 0 failed, 1 skipped")

    def test_failures_are_counted_and_keep_the_status(self) -> None:
        output = (
            "test result: FAILED. 3 passed; 1 failed; 0 ignored\nRan 4 tests in 1s\n\nFAILED (failures=1, errors=1)"
        )
        self.assertEqual(tally(output, 2), (["5 passed, 3 failed"], 2))

    def test_a_failed_lint_has_no_closing_line(self) -> None:
        output = "test result: ok. 3 passed; 0 failed; 0 ignored"
        self.assertEqual(tally(output, 1), ([], 1))


if __name__ == "__main__":
    unittest.main()
