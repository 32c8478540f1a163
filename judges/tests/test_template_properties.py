"""Any template of the supported subset renders as Python renders it, or both refuse it.

Python refuses some operations on values of the wrong type that naas allows, such as `1 in 'text'`: these are counted and
printed. So are the few templates in which naas refuses something undefined that comes to nothing in Python, as in
`typo in []`. An undefined that only Python refuses is a failure; what only naas refuses is one too, but for REFUSED_HERE.
"""

import os
import random
import unittest

from judges.random_templates import Case, case, shrunk
from judges.templates import Comparison, Naas

# What naas refuses and says so, where Python writes the word Undefined, an ellipsis or a value's own line break into the
# configuration.
REFUSED_HERE = ["holds something undefined", "put a list or map into itself", "prints a value with a line break", "prints what a filter such as map"]
CASES = int(os.environ.get("NAAS_TEMPLATE_CASES", "10000"))


class TemplatePropertiesTest(unittest.TestCase):
    """Random templates with random data. They are the same in each run, so that nobody's change fails for somebody else's
    difference. NAAS_TEMPLATE_SEED=random looks for new ones; a number repeats a run or a case."""

    maxDiff = None

    def test_random_templates_render_as_in_python(self) -> None:
        wanted = os.environ.get("NAAS_TEMPLATE_SEED", "1")
        first = random.SystemRandom().randrange(2**40) if wanted == "random" else int(wanted)
        print(f"{CASES} templates from seed {first}", flush=True)
        rendered, lenient, strict, differing = 0, 0, 0, []
        with Naas() as naas:
            for seed in range(first, first + CASES):
                comparison = compared(naas, case(seed))
                rendered += comparison.python is not None
                lenient += is_lenient(comparison)
                strict += is_strict(comparison)
                if differs(comparison):
                    small = shrunk(case(seed), lambda made: differs(compared(naas, made)))
                    differing.append(f"seed {seed}\n{small.texts()}\n{small.data}\n{compared(naas, small)}")
                    if len(differing) == 10:
                        break
        alone = f"{lenient} refused by Python alone for a type, {strict} by naas alone for an undefined"
        print(f"{rendered} rendered by Python, {alone}", flush=True)
        self.assertLessEqual(strict, CASES // 1000 + 1, "too many are refused for something undefined")
        self.assertEqual(len(differing), 0, "\n\n".join(differing))
        self.assertGreater(rendered, CASES // 10, "too few of the templates render at all")


def is_lenient(comparison: Comparison) -> bool:
    """Whether only Python refuses it, and for the type of a value."""
    return comparison.python is None and comparison.naas is not None and comparison.reasons[0].startswith("TypeError")


def is_strict(comparison: Comparison) -> bool:
    """Whether only naas refuses it, and for something undefined."""
    return comparison.naas is None and comparison.python is not None and "is undefined" in comparison.reasons[1]


def differs(comparison: Comparison) -> bool:
    """Whether a person should know."""
    refused = comparison.naas is None and any(reason in comparison.reasons[1] for reason in REFUSED_HERE)
    return not comparison.same and not refused and not is_lenient(comparison) and not is_strict(comparison)


def compared(naas: Naas, made: Case) -> Comparison:
    """What both make of a case."""
    return naas.compared("t.j2", made.texts(), "t.j2", made.data)
