"""A hook of MkDocs: pages link to files of the repository, which are not part of the site.

Such a link leads to the file in the repository that `Cargo.toml` names. A file that is not there is an error.
"""

import re
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.exceptions import PluginError

REPOSITORY = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\((\.\./[^)#\s]+)(#[^)\s]*)?\)")


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """The page with links that lead out of `docs/` made absolute."""
    return absolute(markdown, PurePosixPath("docs", page.file.src_uri).parent)


def absolute(markdown: str, folder: PurePosixPath) -> str:
    """Markdown of a page in this folder of the repository, with links out of `docs/` made absolute."""
    return LINK.sub(lambda link: f"]({address(folder / link[1])}{link[2] or ''})", markdown)


def address(path: PurePosixPath) -> str:
    """Where a file or folder of the repository can be read on the web."""
    file = (REPOSITORY / path).resolve()
    if not file.exists() or not file.is_relative_to(REPOSITORY):
        raise PluginError(f"{path} is linked to and not in the repository")
    kind = "tree" if file.is_dir() else "blob"
    return f"{_repository()}/{kind}/main/{file.relative_to(REPOSITORY).as_posix()}"


def _repository() -> str:
    with (REPOSITORY / "Cargo.toml").open("rb") as manifest:
        return tomllib.load(manifest)["workspace"]["package"]["repository"]
