"""Compiled templates in a folder: one file for each way of compiling, out of strangers' reach.

Jinja names its files by template alone. But code for the sandbox, for awaiting and for escaping differs, and
to take one for another would, for one, let a template out of the sandbox; so what shapes the code is part of
the name here.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from pathlib import Path

import jinja2
from jinja2.bccache import FileSystemBytecodeCache


def bytecode_cache_in(
    folder: str | os.PathLike[str] | None, environment: jinja2.Environment
) -> FileSystemBytecodeCache | None:
    """Return the cache for an environment's code in a folder, which is made, for this user alone, if need be.

    Raises:
        TypeError: `folder` is not a path.
        ValueError: It is not a folder, or everybody may write to it.
        OSError: It cannot be made.
    """
    if folder is None:
        return None
    if not isinstance(folder, (str, os.PathLike)):
        raise TypeError(f"bytecode_cache: expected a path, got {folder!r} of type {type(folder).__name__}")
    path = Path(folder).absolute()
    if path.exists() and not path.is_dir():
        raise ValueError(f"bytecode_cache: {str(path)!r} is not a folder")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform != "win32" and path.stat().st_mode & stat.S_IWOTH:
        raise ValueError(
            f"bytecode_cache: everybody may write to {str(path)!r}, and what is in it is run; "
            "use a folder of your own"
        )
    return FileSystemBytecodeCache(str(path), f"areion-{_digest(environment)}-%s.cache")


def _digest(environment: jinja2.Environment) -> str:
    """Return a name for everything that shapes the code compiled from a template's text."""
    shape = (
        jinja2.__version__,
        environment.sandboxed,
        sorted(getattr(environment, "intercepted_binops", ())),
        environment.is_async,
        environment.autoescape
        if isinstance(environment.autoescape, bool)
        else environment.autoescape.__qualname__,
        environment.undefined.__name__,
        environment.trim_blocks,
        environment.lstrip_blocks,
        environment.keep_trailing_newline,
        sorted(environment.extensions),
    )
    return hashlib.sha256(repr(shape).encode()).hexdigest()[:16]
