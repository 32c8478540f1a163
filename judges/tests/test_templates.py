"""Jinja2 itself: naas makes of templates what Python makes of them."""

import unittest
from pathlib import Path

from judges.templates import compare

FOLDERS = sorted(folder for folder in (Path(__file__).parent.parent / "templates").iterdir() if folder.is_dir())


class TemplatesTest(unittest.TestCase):
    """The folders beside this one, each a site's templates."""

    maxDiff = None

    def test_templates_render_line_for_line_as_in_python(self) -> None:
        compared = 0
        for folder in FOLDERS:
            for comparison in compare(folder):
                compared += 1
                with self.subTest(f"{folder.name}/{comparison.case}"):
                    self.assertTrue(comparison.same, str(comparison))
                    refused = comparison.python is None
                    self.assertEqual(refused, folder.name == "refused", comparison.reasons)
        self.assertGreaterEqual(compared, 30)
