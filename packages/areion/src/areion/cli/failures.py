"""Tracebacks of the user's program, shortened to what its author can change."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from typing import Final

from areion._origins import is_users
from areion._terminal import paint, tell
from areion.cli.errors import ProgramError

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
    kept = [frame for frame in told.stack if is_users(frame.filename)]
    told.stack = traceback.StackSummary.from_list(kept or _without_loading(told.stack))
    for other in (told.__cause__, told.__context__):
        if other is not None:
            _shorten(other, seen)


def _without_loading(frames: traceback.StackSummary) -> list[traceback.FrameSummary]:
    return [frame for frame in frames if not frame.filename.startswith(("<frozen", *_LOADERS))]
