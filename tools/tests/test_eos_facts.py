"""The numbered facts of `docs/eos.md`, and the code that cites them."""

import re
import unittest
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
CODE = ("chaos", "crates", "demo", "functions", "fuzz", "judges", "localstack", "models", "sites", "tools")
KINDS = {".rs", ".py", ".yaml", ".toml", ".txt", ".tera", ".j2", ".md"}

# Not the release in `EOS-4.32.0F`.
CITATION = re.compile(r"\bEOS-([1-9]\d*)\b(?!\.\d)")
FACT = re.compile(r"^### EOS-(\d+)\n\n(.+?)\n\n(Certainty: .+?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
FOOTER = re.compile(r"Certainty: ([a-z ]+)\. Relied on: (yes|no)\. Sources: \S.*\.")
CERTAINTIES = {"read in source", "reported", "reproduced", "inferred", "not known"}


@dataclass(frozen=True)
class Fact:
    """What the footer of a fact says; `certainty` is empty if it cannot be read."""

    number: int
    certainty: str
    is_relied_on: bool


def facts() -> list[Fact]:
    """The facts of the page, in its order."""
    found = []
    for number, _, footer in FACT.findall((REPOSITORY / "docs/eos.md").read_text().rstrip()):
        read = FOOTER.fullmatch(footer.replace("\n", " "))
        found.append(Fact(int(number), read[1] if read else "", bool(read and read[2] == "yes")))
    return found


def citations() -> Iterator[tuple[int, Path]]:
    """Each number that the code cites, with a file that does."""
    files = (file for folder in CODE for file in (REPOSITORY / folder).rglob("*"))
    for file in files:
        if file.suffix in KINDS and file != Path(__file__).resolve() and "target" not in file.parts:
            yield from ((int(number), file) for number in CITATION.findall(file.read_text(errors="replace")))


class Facts(unittest.TestCase):
    """Numbers resolve in both directions."""

    def test_facts_are_numbered_without_a_gap(self) -> None:
        headings = re.findall(r"^### EOS-(\d+)$", (REPOSITORY / "docs/eos.md").read_text(), re.MULTILINE)
        self.assertEqual([int(number) for number in headings], list(range(1, len(headings) + 1)))
        self.assertEqual([fact.number for fact in facts()], list(range(1, len(headings) + 1)))

    def test_each_fact_has_a_certainty_and_sources(self) -> None:
        for fact in facts():
            self.assertIn(fact.certainty, CERTAINTIES, f"EOS-{fact.number}")

    def test_nothing_relies_on_what_is_not_known(self) -> None:
        unknown = [fact.number for fact in facts() if fact.is_relied_on and fact.certainty == "not known"]
        self.assertEqual(unknown, [])

    def test_each_cited_number_is_a_fact(self) -> None:
        numbers = {fact.number for fact in facts()}
        stray = {f"EOS-{number} in {file}" for number, file in citations() if number not in numbers}
        self.assertEqual(stray, set())

    def test_each_fact_that_is_relied_on_is_cited(self) -> None:
        cited = {number for number, _ in citations()}
        uncited = [f"EOS-{fact.number}" for fact in facts() if fact.is_relied_on and fact.number not in cited]
        self.assertEqual(uncited, [], "mark each of these as not relied on, or cite it where the code relies on it")

    def test_a_release_is_no_citation(self) -> None:
        text = "EOS-4.32.0F differs, see EOS-12 and EOS-7."
        self.assertEqual(CITATION.findall(text), ["12", "7"])


if __name__ == "__main__":
    unittest.main()
