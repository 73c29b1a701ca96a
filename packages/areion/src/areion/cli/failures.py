"""Tracebacks of the user's program, shortened to what its author can change."""

from __future__ import annotations

import importlib
import site
import sys
import sysconfig
import traceback
from pathlib import Path
from typing import Final

from areion.cli.errors import ProgramError
from areion.cli.terminal import paint, tell

_OWN: Final = str(Path(__file__).resolve().parents[1])
_LOADERS: Final = (_OWN, str(Path(importlib.__file__).parent))
_MOST_FRAMES: Final = 20


def describe_failure(error: BaseException) -> str:
    """Return the traceback of an exception with the program's own frames only.

    Frames of the standard library, of installed packages and of Areion are left out; if no other is there,
    all are kept.
    """
    told = traceback.TracebackException.from_exception(error, limit=-_MOST_FRAMES, compact=True)
    _shorten(told, set())
    return "".join(told.format()).rstrip()


def show_failure(error: ProgramError) -> None:
    """Write a program's failure to standard error."""
    sys.stderr.write(f"{error.details}\n")
    tell(paint(str(error), "red", stream=sys.stderr))


def _shorten(told: traceback.TracebackException, seen: set[int]) -> None:
    if id(told) in seen:
        return
    seen.add(id(told))
    kept = [frame for frame in told.stack if _is_users(frame.filename)]
    told.stack = traceback.StackSummary.from_list(kept or _without_loading(told.stack))
    for other in (told.__cause__, told.__context__):
        if other is not None:
            _shorten(other, seen)


def _without_loading(frames: traceback.StackSummary) -> list[traceback.FrameSummary]:
    return [frame for frame in frames if not frame.filename.startswith(("<frozen", *_LOADERS))]


def _is_users(filename: str) -> bool:
    if filename.startswith("<"):
        return False
    return not filename.startswith(_NOT_USERS)


def _foreign_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    folders = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders.update(site.getsitepackages() if hasattr(site, "getsitepackages") else ())
    folders.add(_OWN)
    # Installed for development, the packages of this house are no less foreign to the program.
    for name in ("areion_http", "areion_router", "areion_orchestrator", "areion_logger", "areion_engine"):
        module = sys.modules.get(name)
        if module is not None and module.__file__ is not None:
            folders.add(str(Path(module.__file__).parent))
    return tuple(f"{folder}/" if not folder.endswith("/") else folder for folder in folders)


_NOT_USERS: Final = _foreign_folders()
