"""What frames of running code say: whose they are, and which request they work for. Nothing is changed in them."""

from __future__ import annotations

import functools
import linecache
import os
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any, Final

from areion_http import HttpRequest
from areion_http._sender import Sender

_OWN: Final = frozenset(
    {"areion", "areion_engine", "areion_http", "areion_logger", "areion_orchestrator", "areion_router"}
)


@dataclass(frozen=True, slots=True)
class Place:
    """A line of code.

    Attributes:
        file: Path of the file.
        line: Number of the line, from 1.
        function: Name of the function, with its class.
        code: The line, without the blanks around it; empty where the source is not to be had.
    """

    file: str
    line: int
    function: str
    code: str

    def __str__(self) -> str:
        return f"{self.function} ({self.file}:{self.line})"


def place_of(frame: FrameType, line: int | None = None) -> Place:
    """Return where a frame is; ``line`` for where it was."""
    number = line or frame.f_lineno or frame.f_code.co_firstlineno
    text = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
    return Place(frame.f_code.co_filename, number, frame.f_code.co_qualname, text)


def outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """Go through a stack, innermost frame first."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def is_library(frame: FrameType) -> bool:
    """Whether a frame is of Areion, of the standard library, or of another installed package."""
    module = frame.f_globals.get("__name__")
    if isinstance(module, str) and module.partition(".")[0] in _OWN:
        return not module.startswith("areion.demo")
    return _is_installed(frame.f_code.co_filename)


@functools.lru_cache(maxsize=4096)
def _is_installed(file: str) -> bool:
    if file.startswith("<") or not file:
        return True  # frozen modules, and code that was made at run time
    return os.path.realpath(file).startswith(_installed_folders())


@functools.cache
def _installed_folders() -> tuple[str, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    return tuple({os.path.realpath(sysconfig.get_path(name)) + os.sep for name in names})


def innermost_own(frames: list[FrameType]) -> FrameType | None:
    """Return the innermost frame of the application's own code; the innermost of all if there is none.

    Args:
        frames: A stack, innermost frame first.
    """
    return next((frame for frame in frames if not is_library(frame)), frames[0] if frames else None)


def request_of(frames: Iterable[FrameType]) -> HttpRequest | None:
    """Return the request that code works for, or whose response it sends: the first found in the frames.

    Args:
        frames: A stack, innermost frame first.
    """
    for frame in frames:
        names = _arguments(frame.f_code)
        values: Mapping[str, Any] = frame.f_locals if names else {}
        for name in names:
            value = values.get(name)
            if isinstance(value, Sender):
                value = value._request
            if isinstance(value, HttpRequest):
                return value
    return None


def _arguments(code: CodeType) -> tuple[str, ...]:
    """Return the names under which a function may have been given a request, or hold the one it has made."""
    arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return (*arguments, "request") if "request" in code.co_varnames else arguments
