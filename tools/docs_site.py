"""A hook of MkDocs: what pages that are written for the repository need on the site.

They link to files of the repository, which are not part of the site. Such a link leads to the file in the repository
that `Cargo.toml` names; a file that is not there is a warning, which `mkdocs build --strict` takes for an error. And a
bar in the code of a table has a backslash before it, which the site would show.
"""

import logging
import re
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\((\.\./[^)#\s]+)(#[^)\s]*)?\)")
CODE = re.compile(r"`[^`\n]+`")
# Below this name MkDocs counts warnings.
LOG = logging.getLogger("mkdocs.hooks.docs_site")


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """The page as the site wants it."""
    return absolute(with_bars(markdown), PurePosixPath("docs", page.file.src_uri))


def with_bars(markdown: str) -> str:
    """Markdown with the bars in the code of its tables as they are meant."""
    lines = markdown.split("\n")
    bare = (
        CODE.sub(lambda code: code[0].replace("\\|", "|"), line) if line.startswith("|") else line for line in lines
    )
    return "\n".join(bare)


def absolute(markdown: str, page: PurePosixPath) -> str:
    """Markdown of a page, by its path in the repository, with links out of `docs/` made absolute."""
    return LINK.sub(lambda link: f"]({_address(page, link[1])}{link[2] or ''})", markdown)


def _address(page: PurePosixPath, target: str) -> str:
    """Where the file or folder that a page links to can be read on the web."""
    file = (REPOSITORY / page.parent / target).resolve()
    if not file.exists() or not file.is_relative_to(REPOSITORY):
        LOG.warning("%s links to %s, which is not in the repository", page, target)
        return target
    kind = "tree" if file.is_dir() else "blob"
    return f"{_repository()}/{kind}/main/{file.relative_to(REPOSITORY).as_posix()}"


def _repository() -> str:
    with (REPOSITORY / "Cargo.toml").open("rb") as manifest:
        return tomllib.load(manifest)["workspace"]["package"]["repository"]
