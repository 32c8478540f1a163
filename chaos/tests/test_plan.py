"""What is drawn from a seed."""

import itertools
import unittest

from chaos.backend import LONG_EMBEDDED, LONG_LOCALSTACK, SHORT_EMBEDDED, SHORT_LOCALSTACK
from chaos.faults import FAULTS
from chaos.plan import Break, Kill, Lift, Plan

SIZES = (LONG_EMBEDDED, SHORT_EMBEDDED, LONG_LOCALSTACK, SHORT_LOCALSTACK)


class PlanTest(unittest.TestCase):
    """Plans of all sizes."""

    def test_a_seed_always_gives_the_same_and_another_one_another(self) -> None:
        for size in SIZES:
            self.assertEqual(Plan.drawn(7, size).events, Plan.drawn(7, size).events)
            self.assertNotEqual(Plan.drawn(7, size).events, Plan.drawn(8, size).events)

    def test_there_is_as_much_of_everything_as_the_size_says(self) -> None:
        for size in SIZES:
            events = Plan.drawn(7, size).events
            faults = [event for event in events if isinstance(event, Break)]

            self.assertEqual(sum(isinstance(event, Kill) for event in events), size.kills)
            self.assertEqual(len(faults), size.faults)
            self.assertEqual({broken.fault.name for broken in faults}, {fault.name for fault in FAULTS})

    def test_a_device_has_one_fault_at_a_time(self) -> None:
        # With the last seed every device of the smallest fleet is broken for a moment.
        for size, seed in itertools.product(SIZES, (*range(20), 458467)):
            broken: set[str] = set()
            for event in Plan.drawn(seed, size).events:
                if isinstance(event, Break):
                    self.assertNotIn(event.device, broken)
                    broken.add(event.device)
                elif isinstance(event, Lift):
                    broken.remove(event.device)
