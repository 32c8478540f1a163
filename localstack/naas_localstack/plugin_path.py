"""Makes this project's plugins visible to LocalStack without installing the project.

The Python environment is shared between checkouts, so nothing of a checkout may be installed in it. LocalStack looks
for entry points in what lies on the Python path; a folder there with `pyproject.toml`'s entry points does.
"""

import os
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def plugin_path(folder: Path) -> str:
    """Writes the entry points below `folder`; the value of PYTHONPATH under which LocalStack finds the plugins."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    metadata = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    metadata.mkdir(parents=True, exist_ok=True)
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {target}" for name, target in entries.items()), ""]
    (metadata / "entry_points.txt").write_text("\n".join(lines))
    return os.pathsep.join([str(folder), str(PROJECT)])
