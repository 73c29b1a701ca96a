"""Whose a source file is: the user's, or the standard library's, an installed package's, Areion's."""

from __future__ import annotations

import functools
import os
import site
import sys
import sysconfig
from pathlib import Path
from typing import Final

_OWN_PACKAGES: Final = (
    "areion",
    "areion_http",
    "areion_router",
    "areion_orchestrator",
    "areion_logger",
    "areion_engine",
)


def is_users(filename: str) -> bool:
    """Tell whether the author of the running program can change a file."""
    return not filename.startswith(("<", *_foreign_folders()))


@functools.cache
def _foreign_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    folders = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders.update(site.getsitepackages())
    folders.update(str(Path(os.path.realpath(folder))) for folder in tuple(folders))
    # Installed for development, Areion's own packages are elsewhere, and no less foreign to the program.
    for name in _OWN_PACKAGES:
        file = getattr(sys.modules.get(name), "__file__", None)
        if file is not None:
            folders.add(str(Path(file).parent))
    return tuple(os.path.join(folder, "") for folder in folders)  # noqa: PTH118 - the separator at the end
