"""Writes a project from the files beside this module.

Each file ends in ``.in``; in names and contents ``PROJECT_NAME`` and ``PACKAGE_NAME`` are replaced, and a name that
begins with ``dot-`` begins with a dot.
"""

from __future__ import annotations

import importlib.util
import keyword
import re
import sys
from pathlib import Path
from typing import Final

_FILES: Final = Path(__file__).with_name("files")


class NameRefusedError(ValueError):
    """A project cannot have this name; the text says why."""


def write_project(folder: Path) -> list[Path]:
    """Write a new project.

    Args:
        folder: Where; its last part is the project's name. It must not be there yet, or be empty.

    Returns:
        The files, relative to the folder.

    Raises:
        NameRefusedError: If the name is not fit for a package.
        FileExistsError: If something is there.
    """
    project = folder.resolve().name
    package = package_name(project)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} is there already, and nothing is overwritten")
    written = []
    for source in sorted(_FILES.rglob("*.in")):
        name = str(source.relative_to(_FILES).with_suffix("")).replace("dot-", ".")
        path = Path(_fill(name, project, package))
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(_fill(source.read_text(encoding="utf-8"), project, package))
        written.append(path)
    return written


def package_name(project: str) -> str:
    """Return the name of the package of a project.

    Raises:
        NameRefusedError: If there is none.
    """
    if not re.fullmatch(r"[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?", project):
        raise NameRefusedError(
            f"{project!r} is no name of a project: it begins with a letter, ends with a letter or digit, and has "
            "letters, digits, '-' and '_'"
        )
    package = project.replace("-", "_").lower()
    if keyword.iskeyword(package) or package in ("tests", "test"):
        raise NameRefusedError(f"{package!r} cannot be a package: the name has a meaning of its own")
    if package in sys.stdlib_module_names or _is_installed(package):
        raise NameRefusedError(f"{package!r} is a module that is there already; the project would hide it")
    return package


def _is_installed(package: str) -> bool:
    found = importlib.util.find_spec(package)
    # A folder that happens to be on the path is no module that anybody imports.
    return found is not None and found.origin is not None


def _fill(text: str, project: str, package: str) -> str:
    return text.replace("PROJECT_NAME", project).replace("PACKAGE_NAME", package)
