"""Which files count as sources, and what state they are in: looking at folders, never waiting.

Python, template and env files count. Folders of tools do not: hidden ones, caches, virtual environments,
``node_modules``, ``site-packages``.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

State = Mapping[str, tuple[int, int, int]]
"""By path: time of the last change in nanoseconds, size, inode."""

SUFFIXES: Final = frozenset({".py", ".pyi", ".html", ".htm", ".xml", ".txt", ".jinja", ".jinja2", ".j2"})
_SKIPPED: Final = frozenset({"__pycache__", "node_modules", "site-packages"})

# Looked at each time, so that a home folder taken for a project does not take a processor; a large project
# has a tenth of it.
MOST_FILES: Final = 20_000


def is_source(name: str) -> bool:
    """Tell whether a file of this name is worth a restart."""
    if name == ".env" or name.startswith(".env.") or name.endswith(".env"):
        return True
    # Editors' lock and swap files begin with a dot.
    return not name.startswith(".") and os.path.splitext(name)[1] in SUFFIXES  # noqa: PTH122 - on each file


def is_skipped(name: str) -> bool:
    """Tell whether a folder of this name is a tool's own."""
    return name.startswith(".") or name in _SKIPPED


def look(folders: Iterable[Path]) -> State:
    """Return the state of all sources below the folders, of at most `MOST_FILES`."""
    state: dict[str, tuple[int, int, int]] = {}
    for entry in _entries(folders):
        try:
            found = entry.stat()
        except OSError:
            continue  # gone since it was listed
        state[entry.path] = (found.st_mtime_ns, found.st_size, found.st_ino)
        if len(state) >= MOST_FILES:
            break
    return state


def changed(before: State, after: State) -> list[str]:
    """Return the paths that are new, gone or different, in order."""
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))


def forget_bytecode(paths: Iterable[str]) -> None:
    """Remove the compiled form of changed sources.

    Python takes it for current if the source's size and *second* of change are the same, which two quick edits
    may leave so.
    """
    for path in paths:
        if path.endswith(".py"):
            try:
                Path(importlib.util.cache_from_source(path)).unlink(missing_ok=True)
            except OSError:
                continue  # not ours to remove: then Python could not have written it either


def _entries(folders: Iterable[Path]) -> Iterator[os.DirEntry[str]]:
    left = [str(folder) for folder in folders]
    seen: set[str] = set()
    while left:
        folder = left.pop()
        if folder in seen:
            continue
        seen.add(folder)
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue  # gone, or not ours to read
        if any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if not is_skipped(entry.name):
                    left.append(entry.path)
            elif is_source(entry.name):
                yield entry
