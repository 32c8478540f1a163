"""Links of Markdown files: between pages of the site `make docs` looks at them, here at all others."""

import re
import unittest
from pathlib import Path, PurePosixPath

from tools import docs_site

REPOSITORY = Path(__file__).resolve().parent.parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """Markdown files that are no pages of the site."""
    found = {*REPOSITORY.glob("*.md"), *REPOSITORY.glob("*/**/*.md"), *REPOSITORY.glob(".github/**/*.md")}
    skipped = {"docs", "target", "build", ".git"}
    return sorted(page for page in found if not skipped & set(page.relative_to(REPOSITORY).parts))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path, markdown: str) -> list[str]:
    """Links of a page, with this text, that lead to no file, or to no heading of a Markdown file."""
    found = []
    for link in LINK.findall(BLOCK.sub("", markdown)):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if "://" in link or link.startswith("mailto:"):
            continue
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            found.append(f"{page.relative_to(REPOSITORY)}: {link}")
    return found


class Links(unittest.TestCase):
    """Of the repository's own files."""

    def test_links_outside_of_the_site_lead_somewhere(self) -> None:
        self.assertGreater(len(pages()), 5)
        self.assertEqual([link for page in pages() for link in broken(page, page.read_text())], [])

    def test_a_link_to_nothing_is_found(self) -> None:
        markdown = "[a](docs/limits.md#secrets) [b](docs/limits.md#nothing) [c](nothing.md)\n```\n[d](code)\n```\n"
        expected = ["README.md: docs/limits.md#nothing", "README.md: nothing.md"]
        self.assertEqual(broken(REPOSITORY / "README.md", markdown), expected)


class Site(unittest.TestCase):
    """What the site makes of its pages."""

    PAGE = PurePosixPath("docs/page.md")

    def test_a_file_of_the_repository_gets_its_address(self) -> None:
        made = docs_site.absolute("[a](../Cargo.toml#b) [c](page.md) [d](../crates)", self.PAGE)
        self.assertRegex(made, r"^\[a\]\(https://\S+/blob/main/Cargo\.toml#b\) \[c\]\(page\.md\) ")
        self.assertRegex(made, r"\[d\]\(https://\S+/tree/main/crates\)$")

    def test_a_bar_in_the_code_of_a_table_loses_its_backslash(self) -> None:
        self.assertEqual(docs_site.with_bars("| `a \\| b` | c \\| d |\n`e \\| f`"), "| `a | b` | c \\| d |\n`e \\| f`")

    def test_a_file_that_is_not_there_is_a_warning(self) -> None:
        with self.assertLogs("mkdocs", "WARNING"):
            docs_site.absolute("[a](../nothing)", self.PAGE)
        with self.assertLogs("mkdocs", "WARNING"):
            docs_site.absolute("[a](../../outside)", self.PAGE)


if __name__ == "__main__":
    unittest.main()
