"""What `docs/architecture.md` names in code is there."""

import re
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
# A type such as `OnePush`, or a path such as `naas::lease`.
NAME = re.compile(r"`((?:[a-z_]+::)+\w+|(?:[A-Z][a-z]+){2,})(?:::\w+)*`")


class Architecture(unittest.TestCase):
    """The page is held against the sources."""

    def test_each_name_is_a_module_or_an_item(self) -> None:
        files = list((REPOSITORY / "crates").rglob("*.rs"))
        source = "\n".join(file.read_text() for file in files)
        names = set(NAME.findall((REPOSITORY / "docs/architecture.md").read_text()))
        self.assertGreater(len(names), 15)
        words = {name.rsplit("::", 1)[-1] for name in names}
        item = r"\b(?:mod|struct|enum|trait|fn|type|const) {0}\b|^    {0},$"
        missing = {word for word in words if not re.search(item.format(word), source, re.MULTILINE)}
        self.assertEqual(missing, set())


if __name__ == "__main__":
    unittest.main()
