"""What is concluded from a journal."""

import unittest
from typing import Any

from chaos.journal import read

A = "naas-20261124-120000-00000a-20261124T120001Z-0001"
B = "naas-20261124-120000-00000b-20261124T120002Z-0002"
PLANTED = "naas-7f3a9c21-20260101-000000-0000000000000000-6955b900-0001"


def journal(*events: tuple[str, str] | tuple[str, str, int]) -> list[dict[str, Any]]:
    """Entries a second apart: event, session, and the commit timer if there is one."""
    entries = []
    for second, (event, session, *timer) in enumerate(events):
        entry: dict[str, Any] = {"at": f"2026-11-24T12:00:{second:02}.123456789Z", "event": event, "session": session}
        entries.append({**entry, "timer_s": timer[0]} if timer else entry)
    return entries


class DoublePushes(unittest.TestCase):
    """Two of ours at work at once."""

    def test_one_that_opens_between_anothers_opening_and_commit_is_a_double_push(self) -> None:
        seen = read(journal(("session_opened", A), ("session_opened", B), ("session_committed", A, 10)))

        self.assertEqual(seen.double_pushes, 1)

    def test_it_is_one_even_if_the_other_was_done_with_by_then(self) -> None:
        seen = read(journal(("session_opened", A), ("session_opened", B), ("session_aborted", B), ("session_committed", A, 10)))

        self.assertEqual(seen.double_pushes, 1)

    def test_one_after_the_other_is_none(self) -> None:
        seen = read(journal(("session_opened", A), ("session_committed", A, 10), ("session_opened", B), ("session_committed", B, 10)))

        self.assertEqual(seen.double_pushes, 0)

    def test_a_dead_ones_session_and_trial_are_no_double_push(self) -> None:
        seen = read(
            journal(
                ("session_opened", A),
                ("session_opened", B),
                ("session_aborted", A),
                ("session_committed", B, 10),
                ("session_opened", PLANTED),
                ("session_reverted", B),
            )
        )

        self.assertEqual(seen.double_pushes, 0)


class LeftBehind(unittest.TestCase):
    """What nobody has ended."""

    def test_pending_sessions_and_trials_of_ours_are_left_behind(self) -> None:
        seen = read(journal(("session_opened", A), ("session_opened", B), ("session_committed", B, 10), ("session_opened", PLANTED)))

        self.assertEqual(seen.left_behind, 3)

    def test_what_is_ended_or_gone_with_a_reload_is_not(self) -> None:
        ended = read(journal(("session_opened", A), ("session_committed", A, 10), ("session_confirmed", A)))
        reloaded = read([*journal(("session_opened", A)), {"at": "2026-11-24T12:01:00Z", "event": "rebooted"}])

        self.assertEqual((ended.left_behind, reloaded.left_behind), (0, 0))


class OthersTouched(unittest.TestCase):
    """Sessions that are not ours."""

    def test_a_persons_session_that_ends_was_touched(self) -> None:
        for event in ("session_aborted", "session_committed", "session_confirmed"):
            with self.subTest(event):
                self.assertEqual(read(journal(("session_opened", "ansible_1"), (event, "ansible_1"))).others_touched, 1)

    def test_a_persons_timer_may_run_out_and_not_be_cut_short(self) -> None:
        timer = ("session_committed", "maintenance-7", 2)
        ran_out = read(journal(timer, ("session_opened", A), ("session_reverted", "maintenance-7")))
        cut_short = read(journal(timer, ("session_reverted", "maintenance-7")))

        self.assertEqual((ran_out.others_touched, cut_short.others_touched), (0, 1))
